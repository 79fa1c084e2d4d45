"""The verbs, and where each one and the project are found. Nothing is imported before it is named."""

from importlib import import_module
from pathlib import Path

COMMANDS = {
    "init": "write a project that plans at once",
    "validate": "check every spec, policy and environment",
    "render": "write the objects of an environment",
    "plan": "show what would change and what it means",
    "apply": "carry out a plan",
    "diff": "field by field, what the target holds against what the specs say",
    "drift": "what somebody changed behind git's back",
    "status": "what runs of a release, and what does not",
    "history": "the revisions of a release",
    "blame": "the revision that last changed an object",
    "evidence": "what evaluations found: collect it into git, list it, name the best",
    "promote": "carry what answers in one environment to the next, as a commit",
    "propose": "what a Maintenance follows and what has moved, as a commit",
    "rollback": "go back to an earlier revision",
    "adopt": "take over objects and fields that others hold",
    "import": "propose specs for the models in a Pulumi stack",
    "eject": "write a stack as a Pulumi program of its own",
    "destroy": "remove everything a release owns",
    "unlock": "let others in where an apply left its lock",
    "size": "does a model fit a GPU, and what would make it fit",
    "catalog": "models, GPUs, nodes and engines that are known; add a model",
    "card": "a model card of what is declared and known",
    "trace": "what answered then, and by whose apply",
    "bom": "a CycloneDX bill of materials",
    "explain": "a code, a field of a kind, or a value with all its layers",
    "graph": "documents, resources and what depends on what",
    "schema": "JSON Schemas of the kinds, and the editor's settings",
    "doctor": "check the tools, the project and the targets",
    "completion": "shell completion",
}


def load_command(name: str) -> object:
    """The click command of a verb: `opsdecl.cli.commands.<verb>.command`."""
    return import_module(f"opsdecl.cli.commands.{name}").command


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `environments/`; `start` itself where there is none."""
    return next((folder for folder in (start, *start.parents) if (folder / "environments").is_dir()), start)
