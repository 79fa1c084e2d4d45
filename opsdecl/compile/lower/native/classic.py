"""Servers of classic models: how each is started, where it listens, and how it says that it is ready."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from opsdecl.compile.lower.native.storage import MODEL_PATH

OPEN_INFERENCE = ("/v2/health/ready", "/v2/health/live")
"""Readiness and liveness of the open inference protocol."""


class ClassicServer(Struct, frozen=True):
    """`port` is where HTTP is served. `readiness` is empty where nothing is known but the port."""

    formats: frozenset[str]
    port: int
    readiness: str
    liveness: str
    ports: Mapping[str, int] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    shared_memory: bool = False
    read_only_root: bool = True
    own_user: bool = False


MLSERVER_IMPLEMENTATIONS: Mapping[str, str] = {
    "sklearn": "mlserver_sklearn.SKLearnModel",
    "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel",
    "mlflow": "mlserver_mlflow.MLflowRuntime",
}


def classic_server(engine: str, name: str, model_format: str, port: int | None) -> ClassicServer:
    """The server of an engine for one model; `port` where somebody chose one."""
    return SERVERS[engine](name, model_format, port)


def _mlserver(name: str, model_format: str, port: int | None) -> ClassicServer:
    port = port or 8080
    env = {
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": "8081",
        "MLSERVER_METRICS_PORT": "8082",
        "MLSERVER_MODELS_DIR": MODEL_PATH,
        "MLSERVER_LOAD_MODELS_AT_STARTUP": "true",
        "MLSERVER_MODEL_NAME": name,
        "MLSERVER_MODEL_URI": MODEL_PATH,
        "MLSERVER_MODEL_IMPLEMENTATION": MLSERVER_IMPLEMENTATIONS.get(model_format, ""),
        # By default both lie in the working directory, which is read-only.
        "MLSERVER_METRICS_DIR": "/tmp/metrics",
        "MLSERVER_ENVIRONMENTS_DIR": "/tmp/environments",
    }
    ports = {"grpc": 8081, "metrics": 8082}
    return ClassicServer(frozenset(MLSERVER_IMPLEMENTATIONS), port, *OPEN_INFERENCE, ports=ports, env=env)


def _triton(name: str, model_format: str, port: int | None) -> ClassicServer:
    """The source is a model repository, as Triton wants it for every format."""
    port = port or 8000
    args = (f"--model-repository={MODEL_PATH}", f"--http-port={port}", "--grpc-port=8001", "--metrics-port=8002")
    return ClassicServer(
        frozenset(("triton", "onnx", "tensorflow", "pytorch")),
        port,
        *OPEN_INFERENCE,
        ports={"grpc": 8001, "metrics": 8002},
        command=("tritonserver",),
        args=args,
        shared_memory=True,
    )


def _kserve(name: str, model_format: str, port: int | None) -> ClassicServer:
    port = port or 8080
    args = (f"--model_name={name}", f"--model_dir={MODEL_PATH}", f"--http_port={port}")
    return ClassicServer(frozenset((model_format,)), port, *OPEN_INFERENCE, ports={"grpc": 8081}, args=args)


def _tensorflow_serving(name: str, model_format: str, port: int | None) -> ClassicServer:
    """TensorFlow Serving has no health path; the model's own status is the nearest."""
    port = port or 8501
    status = f"/v1/models/{name}"
    args = ("--port=8500", f"--rest_api_port={port}", f"--model_name={name}", f"--model_base_path={MODEL_PATH}")
    return ClassicServer(
        frozenset(("tensorflow",)),
        port,
        status,
        status,
        ports={"grpc": 8500},
        command=("tensorflow_model_server",),
        args=args,
    )


def _torchserve(name: str, model_format: str, port: int | None) -> ClassicServer:
    """The source holds `model-store/` and `config/config.properties`, as TorchServe's own tools lay them out."""
    store = f"--model-store={MODEL_PATH}/model-store"
    config = f"--ts-config={MODEL_PATH}/config/config.properties"
    return ClassicServer(
        frozenset(("pytorch",)),
        port or 8080,
        "/ping",
        "/ping",
        command=("torchserve",),
        args=("--start", "--foreground", "--ncs", store, config),
        env={"LOG_LOCATION": "/tmp/logs", "METRICS_LOCATION": "/tmp/logs", "TEMP": "/tmp"},
        shared_memory=True,
    )


def _custom(name: str, model_format: str, port: int | None) -> ClassicServer:
    """Nothing is known of the image but its port, and its user and file system stay its own."""
    return ClassicServer(frozenset((model_format,)), port or 8080, "", "", read_only_root=False, own_user=True)


def _only(model_format: str) -> Callable[[str, str, int | None], ClassicServer]:
    """KServe's Python servers serve one format each."""
    return lambda name, _, port: _kserve(name, model_format, port)


SERVERS: Mapping[str, Callable[[str, str, int | None], ClassicServer]] = {
    "mlserver": _mlserver,
    "triton": _triton,
    "kserve-sklearn": _only("sklearn"),
    "kserve-xgboost": _only("xgboost"),
    "kserve-lightgbm": _only("lightgbm"),
    "tensorflow-serving": _tensorflow_serving,
    "torchserve": _torchserve,
    "custom": _custom,
}
"""Engines that serve classic models. What serves language models alone (vllm, sglang) is not among them."""
