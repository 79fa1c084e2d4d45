"""Runs the program for PyTorch on models whose attributions are known. Needs PyTorch and Captum, so it is started as a
program: the texts of the programs come in as JSON, what was said of each model goes out."""

import contextlib
import importlib
import io
import json
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PLANS = ("basic", "gold", "gold")
ROWS = "late,calls,plan\n" + "".join(f"{n % 5},{n % 7},{PLANS[n % 3]}\n" for n in range(105))
NAMES = {"features.json": json.dumps(["late", "calls"])}
READ: tuple[tuple[str, dict[str, Any]], ...] = (
    *((file, {"method": name}) for file in ("line.pt2", "line.pt") for name in ("*",)),
    ("classes.pt2", {"method": "IntegratedGradients", "positive": 1}),
    ("deep.pt2", {"method": "IntegratedGradients"}),
    ("deep.pt", {"method": "IntegratedGradients"}),
    ("deep.pt2", {"method": "KernelShap", "samples": 200}),
)
"""A file and how it is explained; `*` is each method."""
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    **{file: (file, {}) for file in ("weights.pt", "module.pt", "old.pt2", "pickled.pt2", "fixed.pt2")},
    "steps 1": ("deep.pt2", {"steps": 1}),
    "features late, plan": ("line.pt2", {"features": "late, plan"}),
    "positive 7": ("classes.pt2", {"positive": 7}),
    "method DeepLift": ("line.pt2", {"method": "DeepLift"}),
}


def write_models(folder: Path) -> None:
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(0)
    for name, model in _models(torch).items():
        rows = torch.randn(4, 2)
        program = torch.export.export(model.eval(), (rows,), dynamic_shapes=({0: torch.export.Dim("rows")},))
        torch.export.save(program, folder / f"{name}.pt2", extra_files=NAMES)
        torch.jit.save(torch.jit.trace(model, rows), folder / f"{name}.pt", _extra_files=NAMES)
    line = _models(torch)["line"]
    torch.export.save(torch.export.export(line, (torch.randn(4, 2),)), folder / "fixed.pt2", extra_files=NAMES)
    torch.save(line.state_dict(), folder / "weights.pt")
    torch.save(line, folder / "module.pt")
    with zipfile.ZipFile(folder / "old.pt2", "w") as old:
        old.writestr("serialized_state_dict.pt", b"")
    with zipfile.ZipFile(folder / "line.pt2") as line_file, zipfile.ZipFile(folder / "pickled.pt2", "w") as made:
        for part in line_file.namelist():
            made.writestr(part, line_file.read(part).replace(b'"use_pickle": false', b'"use_pickle": true'))


def _models(torch: Any) -> dict[str, Any]:
    """0.5 late - 0.25 calls + 3; three classes, of which the second is 0.5 late; and one with a few layers."""
    nn = torch.nn
    line, classes = nn.Sequential(nn.Linear(2, 1)), nn.Sequential(nn.Linear(2, 3))
    line.load_state_dict({"0.weight": torch.tensor([[0.5, -0.25]]), "0.bias": torch.tensor([3.0])})
    classes.load_state_dict({"0.weight": torch.tensor([[9.0, 9], [0.5, 0], [9, 9]]), "0.bias": torch.zeros(3)})
    deep = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 1), nn.Sigmoid())
    return {"line": line, "classes": classes, "deep": deep}


class Pod:
    """A root as a pod has it, and the program in this process."""

    def __init__(self, folder: Path, models: Path, program: Any) -> None:
        self.models, self.program, self.result = models, program, folder / "result.json"
        self.mounted, rows = folder / "root/mnt/models", folder / "root/datasets/customers"
        self.mounted.mkdir(parents=True)
        rows.mkdir(parents=True)
        (rows / "rows.csv").write_text(ROWS)
        os.environ.update(EVALUATION_ROOT=str(folder / "root"), EVALUATION_RESULT=str(self.result))

    def explain(self, file: str, parameters: dict[str, Any]) -> Any:
        """The result, or why there is none."""
        for old in self.mounted.iterdir():
            old.unlink()
        shutil.copy(self.models / file, self.mounted)
        told = {
            "candidate": {"path": "/mnt/models"},
            "data": {"path": "/datasets/customers", "files": "**/*", "format": "csv"},
            "metrics": ["late", "calls"] if "features" not in parameters else ["late"],
            "parameters": {"background": 105, **parameters},
        }
        os.environ["EVALUATION"] = json.dumps(told)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                self.program.main()
        except SystemExit as stop:
            return str(stop)
        return json.loads(self.result.read_text())


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in json.load(sys.stdin).items():
            (folder / f"{name}.py").write_text(text)
        sys.path.insert(0, str(folder))
        program = importlib.import_module("explain_torch")
        models = folder / "models"
        models.mkdir()
        write_models(models)
        pod, read, engine = Pod(folder, models, program), {}, ""
        for file, parameters in READ:
            for name in program.METHODS if parameters["method"] == "*" else (parameters["method"],):
                result = pod.explain(file, {**parameters, "method": name})
                read[f"{file} {name}"] = result["metrics"] if isinstance(result, dict) else result
                engine = engine or result["engine"]
        refused = {case: pod.explain(file, parameters) for case, (file, parameters) in REFUSED.items()}
        said = {case: text.replace(f"{pod.mounted}/", "") for case, text in refused.items()}
    json.dump({"engine": engine, "read": read, "refused": said}, sys.stdout)


if __name__ == "__main__":
    main()
