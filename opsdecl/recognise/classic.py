"""Servers of classic models: which one a container runs, and what it serves."""

import re
from collections.abc import Mapping
from typing import Any

from opsdecl.recognise.container import image_name

_ENGINES = (
    ("mlserver", "mlserver"),
    ("tritonserver", "triton"),
    ("sklearnserver", "kserve-sklearn"),
    ("xgbserver", "kserve-xgboost"),
    ("lgbserver", "kserve-lightgbm"),
    ("tensorflow/serving", "tensorflow-serving"),
    ("torchserve", "torchserve"),
)
_FORMATS = {
    "triton": "triton",
    "kserve-sklearn": "sklearn",
    "kserve-xgboost": "xgboost",
    "kserve-lightgbm": "lightgbm",
    "tensorflow-serving": "tensorflow",
    "torchserve": "pytorch",
}
_IMPLEMENTATIONS = {"sklearn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "mlflow": "mlflow"}
_URI = re.compile(r"(?:s3|gs|oci|https|hf)://\S+")


def classic_engine(container: Mapping[str, Any]) -> str:
    """Empty where the image is no server that is known."""
    name = image_name(container)
    return next((engine for part, engine in _ENGINES if part in name), "")


def model_format(engine: str, variables: Mapping[str, Any]) -> str:
    """Empty where nothing says it."""
    if engine != "mlserver":
        return _FORMATS[engine]
    said = str(variables.get("MLSERVER_MODEL_IMPLEMENTATION", "")).lower()
    return next((name for part, name in _IMPLEMENTATIONS.items() if part in said), "")


def source_of(pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the model's files come from: an address that a container before it, or the server itself, is given."""
    for one in (*(pod.get("initContainers") or ()), container):
        texts = [*(one.get("command") or ()), *(one.get("args") or ())]
        texts += [entry["value"] for entry in one.get("env") or () if isinstance(entry.get("value"), str)]
        for text in texts:
            uri = _URI.search(str(text))
            if uri is not None:
                return {"uri": uri[0], **_credentials(one)}
    return _claim(pod, container)


def _credentials(container: Mapping[str, Any]) -> dict[str, Any]:
    names = [source["secretRef"]["name"] for source in container.get("envFrom") or () if "secretRef" in source]
    return {"credentials": {"secret": names[0]}} if names else {}


def _claim(pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any] | None:
    claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in pod.get("volumes") or () if _is_claim(v)}
    for mount in container.get("volumeMounts") or ():
        if mount["name"] in claims and "model" in mount["mountPath"]:
            folder = str(mount.get("subPath") or "").strip("/")
            return {"uri": f"pvc://{claims[mount['name']]}" + (f"/{folder}" if folder else "")}
    return None


def _is_claim(volume: Mapping[str, Any]) -> bool:
    return "persistentVolumeClaim" in volume
