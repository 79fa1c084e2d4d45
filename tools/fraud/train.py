"""The training of the worked example, `python3 -m fraud.train`: it reads $TRAINING and writes below $TRAINING_OUTPUT.

Outside of a pod, $TRAINING_ROOT stands for its root. The server opens `model.joblib`, and
evaluations `model.skops`, which holds data and no program.
"""

import json
import os
from pathlib import Path

import joblib
import pandas
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from skops import io


def main() -> None:
    told, root = json.loads(os.environ["TRAINING"]), os.environ.get("TRAINING_ROOT", "")
    wanted, (data,) = told["parameters"], told["datasets"].values()
    rows = pandas.concat(pandas.read_csv(file) for file in sorted(Path(root + data).glob("train/*.csv")))
    truth = rows.pop(wanted["target"])
    shapes = PolynomialFeatures(degree=wanted["degree"], include_bias=False)
    model = make_pipeline(StandardScaler(), shapes, StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(rows, truth)
    folder = Path(root + os.environ["TRAINING_OUTPUT"])
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    io.dump(model, folder / "model.skops")
    print(f"fitted to {len(rows)} rows, of which it tells {model.score(rows, truth):.1%} right")


if __name__ == "__main__":
    main()
