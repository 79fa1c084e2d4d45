"""`opsdecl size`: does a model fit a GPU, and what would make it fit."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option

if TYPE_CHECKING:
    from opsdecl.flows.size import Question

MAX_CONFIG_BYTES = 4 << 20
COUNT = click.IntRange(1, 4096)
AUTO = 0
SHARE = click.FloatRange(0, 1, min_open=True)


class Tokens(click.ParamType):  # type: ignore[type-arg]
    """A number of tokens: `32768`, `32k` (32,000) or `32K` (32,768); `auto` is `AUTO`."""

    name = "tokens"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int) or value in ("auto", "-1"):
            return AUTO if isinstance(value, str) else value
        text = str(value).replace(",", "").replace("_", "")
        factor = {"k": 1000, "K": 1024, "m": 10**6, "M": 1 << 20}.get(text[-1:], 1)
        digits = text[:-1] if factor > 1 else text
        try:
            number = int(float(digits) * factor)
        except (ValueError, OverflowError):
            self.fail(f"{value} is not a number of tokens such as 32768 or 32k", param, ctx)
        if not 1 <= number <= 1 << 30:
            self.fail(f"{value} is not between 1 and {1 << 30}", param, ctx)
        return number


@click.command()
@click.option("--model", metavar="NAME", help="A model of the catalogue, or its repository (org/name).")
@click.option("--config", type=click.Path(path_type=Path), help="A published config.json, or the folder that holds it.")
@click.option("--gpu", metavar="NAME", help="GPU, such as h100-80gb, or a slice: a100-80gb:3g.40gb.")
@click.option("--gpu-count", type=COUNT, help="GPUs there are; as many as the parallel sizes take where left out.")
@click.option("--gpu-total-gib", type=click.FloatRange(0.5, 10000), help="Memory of one GPU as the driver reports it.")
@click.option("--engine", default=None, metavar="vllm==X", help="Engine and release.")
@click.option("--tensor-parallel", "-tp", type=COUNT, default=1, help="GPUs that share each layer.")
@click.option("--pipeline-parallel", "-pp", type=COUNT, default=1, help="Groups of GPUs that hold some layers each.")
@click.option("--data-parallel", type=COUNT, default=1, help="Copies of the model.")
@click.option("--expert-parallel", is_flag=True, help="Spread whole experts over the GPUs.")
@click.option(
    "--max-model-len", type=Tokens(), help="Longest context in tokens, or auto; the model's own where left out."
)
@click.option("--gpu-memory-utilization", type=SHARE, help="Share of the memory that the engine takes.")
@click.option("--dtype", default="auto", help="Number format of weights and activations.")
@click.option("--quantization", default="", help="Quantisation of the weights where the checkpoint does not say.")
@click.option("--kv-cache-dtype", default="auto", help="Number format of the KV cache.")
@click.option("--max-num-seqs", type=COUNT, help="Most requests at the same time.")
@click.option("--max-num-batched-tokens", type=Tokens(), help="Most tokens in one step.")
@click.option("--block-size", type=COUNT, help="Tokens in one block of the KV cache.")
@click.option("--enforce-eager", is_flag=True, help="No CUDA graphs.")
@click.option("--prefix-caching/--no-prefix-caching", default=None, help="Whether prompts that begin alike share work.")
@click.option("--text-only", is_flag=True, help="Take no images, for models that could.")
@click.option("--max-loras", type=click.IntRange(0, 1024), default=0, help="Slots for adapters; 0 is none.")
@click.option("--max-lora-rank", type=COUNT, default=16, help="Rank of each slot.")
@click.option("--speculative-config", metavar="JSON", help='Drafting, as the engine takes it: {"method": "mtp"}.')
@environment_option
@format_option("text", "json")
@click.pass_context
def command(ctx: click.Context, /, environment: str | None, format_: str, **asked: Any) -> int:
    """Reckon the memory of a model as the engine does: what fits, and what would make it fit."""
    at = session(ctx)
    if asked["model"] or asked["config"]:
        return _one(at, asked, format_)
    if asked["gpu"]:
        raise click.UsageError("name the model with --model or --config")
    return _environment(at, environment, format_)


def _one(at: Session, asked: Mapping[str, Any], format_: str) -> int:
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.size import answer, table_of
    from opsdecl.view.size import render_json, render_sizing

    if not asked["gpu"] and not asked["gpu_total_gib"]:
        raise click.UsageError("name the GPU with --gpu, or its memory with --gpu-total-gib")
    table = table_of(open_work_tree(at)[0])
    found = answer(_question(at, asked), table.value)
    report(at.process, (*table.diagnostics, *found.diagnostics), no_lines)
    if found.value is None:
        return Exit.FAILED
    at.process.out(
        render_json(found.value) if format_ == "json" else render_sizing(found.value, color=at.process.color)
    )
    return Exit.DONE


def _question(at: Session, asked: Mapping[str, Any]) -> "Question":
    from opsdecl.flows.size import Question
    from opsdecl.sizing.types import Settings

    names = ("max_model_len", "dtype", "kv_cache_dtype", "max_num_seqs", "max_num_batched_tokens", "block_size")
    more = ("enforce_eager", "prefix_caching", "max_loras", "max_lora_rank")
    longest = asked["max_model_len"] == AUTO
    asked = {**asked, "max_model_len": asked["max_model_len"] or None}
    settings = Settings(
        tensor=asked["tensor_parallel"],
        pipeline=asked["pipeline_parallel"],
        data=asked["data_parallel"],
        expert=asked["expert_parallel"],
        utilization=asked["gpu_memory_utilization"],
        images=not asked["text_only"],
        **{name: asked[name] for name in (*names, *more)},
    )
    question = Question(
        model=asked["model"] or "",
        config=_read_config(at.start / asked["config"]) if asked["config"] else None,
        gpu=asked["gpu"] or "",
        gpu_count=asked["gpu_count"],
        gpu_total_gib=asked["gpu_total_gib"],
        quantization=asked["quantization"],
        speculative=_read_object("--speculative-config", asked["speculative_config"] or "{}"),
        settings=settings,
        longest=longest,
    )
    return replace(question, engine=asked["engine"]) if asked["engine"] else question


def _read_object(option: str, text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise click.UsageError(f"{option}: not JSON") from None
    if not isinstance(read, dict):
        raise click.UsageError(f"{option}: holds one object")
    return read


def _read_config(path: Path) -> Mapping[str, Any]:
    """The configuration, and the quantisation that some publishers keep in a file of its own beside it."""
    folder = path if path.is_dir() else path.parent
    config = _read_json(path / "config.json" if path.is_dir() else path)
    beside = folder / "hf_quant_config.json"
    if "quantization_config" not in config and beside.is_file():
        return {**config, "quantization_config": _read_json(beside)}
    return config


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise click.UsageError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes, so no config.json")
        read = json.loads(path.read_bytes())
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise click.UsageError(f"{path}: not JSON") from None
    if not isinstance(read, dict):
        raise click.UsageError(f"{path}: a config.json holds one object")
    return read


def _environment(at: Session, environment: str | None, format_: str) -> int:
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.models import Models
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.project import located
    from opsdecl.flows.rightsizing import cheaper_shapes
    from opsdecl.flows.size import size_environment
    from opsdecl.view.size import render_environment, render_environment_json

    tree, cache = open_work_tree(at)
    opened = open_built(tree, Wanted(environment), cache)
    code = report(at.process, opened.diagnostics, opened.lines)
    if opened.built is None:
        return code or Exit.FAILED
    sized = [(each.address, each.role, each.sizing, each.reason) for each in size_environment(opened.built, cache)]
    models = Models(opened.built.project.catalog, cache.memo).within(opened.built.environment)
    addresses = [document.address for document in opened.built.graph.documents]
    notes = tuple(cheaper_shapes(opened.built, models, addresses))
    report(at.process, located(opened.built.project, tree, notes), opened.lines)
    if format_ == "json":
        at.process.out(render_environment_json(sized, opened.environment))
    else:
        at.process.out(render_environment(sized, color=at.process.color))
    return code
