"""What a stack holds -> the files of a stand-alone Pulumi program that changes nothing of it."""

from collections.abc import Mapping
from importlib.metadata import version

from opsdecl.render.canonical import to_yaml
from opsdecl.targets.pulumi.ejecting.held import Held
from opsdecl.targets.pulumi.ejecting.modules import group, import_lines, module_files
from opsdecl.targets.pulumi.ejecting.secrets import configured
from opsdecl.targets.pulumi.settings import PulumiSettings

_REMARK = "  # noqa: F401 - importing a document declares its objects"


def program_files(held: Held, project: str, settings: PulumiSettings) -> Mapping[str, bytes]:
    """Path -> content. The backend is named where the target names it; else it is whatever Pulumi is logged in to."""
    stack = settings.stack.rpartition("/")[2]
    files = {
        "Pulumi.yaml": to_yaml(_project(project, stack, settings.backend)),
        f"Pulumi.{stack}.yaml": to_yaml(_settings(held, project)),
        "requirements.txt": "\n".join(_requirements(held)) + "\n",
        ".gitignore": "__pycache__/\nvenv/\n",
        "__main__.py": _main(held, project, settings.stack),
        **module_files(held),
    }
    return {path: text.encode() for path, text in files.items()}


def _project(project: str, stack: str, backend: str) -> dict[str, object]:
    return {
        "name": project,
        "description": f"Stack {stack}, as opsdecl held it",
        "runtime": {"name": "python", "options": {"virtualenv": "venv"}},
        **({"backend": {"url": backend}} if backend else {}),
    }


def _settings(held: Held, project: str) -> dict[str, object]:
    """How secrets are kept, and those that the program reads, encrypted as the state has them."""
    secrets = {
        f"{project}:{name}": {"secure": sealed}
        for document in held.documents
        for one in document.objects
        for name, sealed in configured(one.address, one.inputs).secrets.items()
    }
    return {**held.sealed, **({"config": secrets} if secrets else {})}


def _requirements(held: Held) -> tuple[str, ...]:
    """The provider's package has the version of the plugin that made the stack, so that the provider stays the same."""
    plugin = held.provider.version if held.provider is not None else version("pulumi-kubernetes")
    return ("pulumi>=3.200.0,<4", f"pulumi-kubernetes=={plugin}")


def _main(held: Held, project: str, stack: str) -> str:
    modules = tuple(group(held.documents))
    return "\n".join(
        [
            f'"""Stack `{stack}` of project `{project}`, as opsdecl held it.',
            "",
            "Each module below declares one document and its objects. `pulumi preview` of this",
            "program shows no changes until you make one.",
            '"""',
            *(("", *import_lines(modules, _REMARK)) if modules else ()),
            "",
        ]
    )
