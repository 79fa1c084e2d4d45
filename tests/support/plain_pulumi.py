"""Pulumi's own command line on a program in a folder, as somebody would run it who has never heard of opsdecl."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opsdecl.targets.pulumi.installation import find_pulumi
from tests.support.project import Ran
from tests.support.toolchain import PULUMI, require

LANGUAGE_HOST = ("bin/pulumi-language-python", "bin/pulumi-language-python-exec")
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class PlainPulumi:
    """`folder` holds a `Pulumi.yaml`; programs run with this Python and the packages that it has."""

    folder: Path
    env: Mapping[str, str]

    def __call__(self, *arguments: str) -> Ran:
        tools = require(*PULUMI, *LANGUAGE_HOST)
        path = f"{Path(sys.executable).parent}:{tools / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [str(tools / "bin/pulumi"), *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**os.environ, "PATH": path, "PULUMI_HOME": str(find_pulumi().home), **self.env},
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
