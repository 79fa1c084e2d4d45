"""A command as a file in the pod, for operators that put a container's command together anew."""

import shlex
from collections.abc import Sequence
from typing import Any

from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.types import Traced

FOLDER = "/opsdecl"
FILE = f"{FOLDER}/run.sh"
_WRITE = f'printf %s "$1" > {FILE}'


def written(command: Sequence[Any], image: Any) -> tuple[PodParts, list[str]]:
    """What writes the file and shows it to the container, and the plain command that runs it."""
    init = {
        "name": "program",
        "image": image,
        "command": ["/bin/sh", "-c", _WRITE, "write", _as_text(command)],
        "volumeMounts": [{"name": "program", "mountPath": FOLDER}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(read_only_root=True),
    }
    volume, mount = {"name": "program", "emptyDir": {}}, {"name": "program", "mountPath": FOLDER, "readOnly": True}
    return PodParts(volumes=(volume,), mounts=(mount,), init_containers=(init,)), ["/bin/sh", FILE]


def _as_text(command: Sequence[Any]) -> Any:
    """One line of shell; it comes from where its first traced word comes from."""
    words = [str(word.value if isinstance(word, Traced) else word) for word in command]
    origin = next((word.path for word in command if isinstance(word, Traced)), None)
    return Traced(shlex.join(words), origin) if origin is not None else shlex.join(words)
