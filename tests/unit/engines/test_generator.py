"""The generator on a small package of the same shape: what it reads, and that its bytes follow from what it read."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.engines import tables, vllm
from tools.engines.__main__ import ENGINES, Engine, generate
from tools.engines.archives import Archive, fetch, read_archive
from tools.engines.modules import Package
from tools.engines.sglang import read_flags as read_sglang_flags
from tools.engines.values import Values

OLD = {
    "vllm/__init__.py": "",
    "vllm/methods.py": 'METHODS = {"fp8": object, "awq": object}\n',
    "vllm/config.py": 'import enum\n\n\nclass Format(str, enum.Enum):\n    AUTO = "auto"\n    PT = "pt"\n',
    "vllm/engine/arg_utils.py": """
from vllm.config import Format
from vllm.methods import METHODS


class EngineArgs:
    model: str = "tiny"
    spare: float = 4
    seqs: int | None = None

    @staticmethod
    def add_cli_args(parser):
        parser.add_argument("--model", type=str, default=EngineArgs.model)
        parser.add_argument("--spare-space", type=float, default=EngineArgs.spare)
        parser.add_argument("--quantization", "-q", type=nullable, choices=[*METHODS, None], default=None)
        parser.add_argument("--format", choices=[each.value for each in Format], default=Format.AUTO.value)
        parser.add_argument("--caching", "--no-caching", action=argparse.BooleanOptionalAction, default=True)
        parser.add_argument("--chunked", action=StoreBoolean, nargs="?", const="True")
        parser.add_argument("--seqs", type=int, default=None)
        parser.add_argument("--quiet", action="store_true", help="Deprecated: says nothing.")
        return parser

    def create_config(self):
        if self.seqs is None:
            self.seqs = 256
""",
    "vllm/entrypoints/openai/cli_args.py": """
from vllm.engine.arg_utils import EngineArgs


def make_arg_parser(parser):
    parser.add_argument("tag", nargs="?")
    parser.add_argument("--port", type=int, default=8000)
    parser = EngineArgs.add_cli_args(parser)
    return parser
""",
    "vllm/entrypoints/openai/tool_parsers/plain.py": """
@ToolParserManager.register_module(["plain", "fancy"])
class PlainParser:
    pass
""",
    "vllm/engine/metrics.py": """
def make(self, labels):
    self.running = self._gauge_cls(name="vllm:running", documentation="…", labelnames=labels)
    self.tokens = self._counter_cls(name="vllm:tokens", documentation="…", labelnames=["model_name"])
""",
}
NEW = {
    "vllm/__init__.py": "",
    "vllm/methods.py": 'from typing import Literal\n\nMethods = Literal["fp8", "mx"]\n',
    "vllm/config/__init__.py": "from vllm.config.model import ModelConfig, SpareConfig\n",
    "vllm/config/model.py": '''
from typing import TYPE_CHECKING, Literal

from pydantic import Field

if TYPE_CHECKING:
    from vllm.methods import Methods
else:
    Methods = str

Kind = Literal["a", "b"]
KindOption = Literal["auto", Kind]


@config
class SpareConfig:
    size: int = 3


@config
class ModelConfig:
    model: str = "tiny-2"
    quantization: Methods | str | None = None
    kind: KindOption = "auto"
    """Which kind; replaces deprecated ones."""
    trust: bool = False
    """This field is deprecated."""
    seqs: int = Field(default=64, gt=0)
    length: int | None = None
    names: list[str] = Field(default_factory=list)
    spare: SpareConfig = Field(default_factory=SpareConfig)
    extra: dict[str, int] | None = None
    level: Literal[1, 2, 10] = 2
''',
    "vllm/engine/arg_utils.py": """
from vllm.config import ModelConfig


def get_kwargs(cls):
    for field in fields(cls):
        if name == "length":
            kwargs[name]["type"] = human_readable_int


class EngineArgs:
    seqs: int | None = None

    @staticmethod
    def add_cli_args(parser):
        model_kwargs = get_kwargs(ModelConfig)
        group = parser.add_argument_group(title="Model")
        group.add_argument("--model", **model_kwargs["model"])
        group.add_argument("--quantization", "-q", **model_kwargs["quantization"])
        group.add_argument("--kind", **model_kwargs["kind"])
        group.add_argument("--trust", **model_kwargs["trust"])
        group.add_argument("--seqs", **{**model_kwargs["seqs"], "default": None})
        group.add_argument("--length", "--longest", **model_kwargs["length"])
        group.add_argument("--names", **model_kwargs["names"])
        group.add_argument("--spare-config", **model_kwargs["spare"])
        model_kwargs["level"]["choices"] += [20]
        group.add_argument("--level", **model_kwargs["level"])
        group.add_argument("--extra", **model_kwargs["extra"])
        return parser

    def get_defaults(self):
        device_memory = current_platform.get_device_total_memory()
        if device_memory >= 70 * GiB_bytes and "slow" not in device_name:
            default_seqs = {UsageContext.LLM_CLASS: 9, UsageContext.OPENAI_API_SERVER: 8}
        elif device_memory >= 30 * GiB_bytes:
            default_seqs = {UsageContext.LLM_CLASS: 5, UsageContext.OPENAI_API_SERVER: 4}
        else:
            default_seqs = 2
        if current_platform.is_cpu():
            default_seqs = 1
        return default_seqs

    def fill(self):
        default_seqs = self.get_defaults()
        if self.seqs is None:
            self.seqs = default_seqs


class AsyncEngineArgs(EngineArgs):
    @staticmethod
    def add_cli_args(parser):
        parser = EngineArgs.add_cli_args(parser)
        parser.add_argument("--log", action="store_true", default=False)
        return parser
""",
    "vllm/entrypoints/common/cli_args.py": """
from vllm.engine.arg_utils import AsyncEngineArgs


@config
class BaseArgs:
    tool_call_parser: str | None = None
    origins: list[str] = field(default_factory=lambda: ["*"])
    stack: bool = envs.STACK

    @classmethod
    def _customize(cls, frontend_kwargs):
        frontend_kwargs["origins"]["type"] = json.loads
        del frontend_kwargs["origins"]["nargs"]
        return frontend_kwargs

    @classmethod
    def add_cli_args(cls, parser):
        frontend_kwargs = get_kwargs(cls)
        frontend_kwargs = cls._customize(frontend_kwargs)
        for key, value in frontend_kwargs.items():
            parser.add_argument(f"--{key}", **value)
        return parser


@config
class FrontendArgs(BaseArgs):
    port: int = 8000


def make_arg_parser(parser):
    parser = FrontendArgs.add_cli_args(parser)
    parser = AsyncEngineArgs.add_cli_args(parser)
    return parser
""",
    "vllm/tool_parsers/__init__.py": '_TOOL_PARSERS_TO_REGISTER = {"plain": ("a", "Plain"), "new": ("b", "New")}\n',
    "vllm/v1/metrics/loggers.py": """
def make(self):
    labelnames = ["model_name", "engine"]
    self.running = self._gauge_cls(name="vllm:running", documentation="…", labelnames=labelnames)
    rows = [("vllm:drafts", "…"), ("vllm:accepted", "…")]
    more = [self._counter_cls(name=name, documentation=text, labelnames=labelnames + ["why"]) for name, text in rows]
""",
}


def source_distribution(folder: Path, version: str, files: dict[str, str]) -> Path:
    """As a package index has it, but not compressed: its bytes are the same with every zlib."""
    path = folder / f"vllm-{version}.tar.gz"
    with tarfile.open(path, "w") as archive:
        for name, text in {"PKG-INFO": "Name: vllm\n", **files, "vllm/kernel.cu": "no Python"}.items():
            member = tarfile.TarInfo(f"vllm-{version}/{name}")
            member.size, member.mtime = len(text.encode()), 1_750_000_000
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    source_distribution(tmp_path, "1.0", OLD)
    source_distribution(tmp_path, "2.0", NEW)
    return tmp_path


SMALL = Engine("vllm", ("1.0", "2.0"), ("vllm/engine/arg_utils.py",), vllm.read_release)


@pytest.fixture
def table(archives: Path) -> Any:
    return json.loads(generate(SMALL, archives))


def test_the_same_packages_give_the_same_bytes(archives: Path) -> None:
    assert generate(SMALL, archives) == generate(SMALL, archives)
    assert generate(SMALL, archives) == (Path(__file__).parent / "small.json").read_text("utf-8")


def test_where_the_facts_are_from_is_said(table: Any, archives: Path) -> None:
    read = read_archive(archives / "vllm-2.0.tar.gz", "vllm", "2.0")
    assert table["asOf"] == "2025-06-15"
    expected = {"version": "2.0", "archive": "vllm-2.0.tar.gz", "sha256": read.sha256, "released": "2025-06-15"}
    assert table["releases"][1] == expected


def test_what_is_there_already_is_not_fetched(archives: Path) -> None:
    assert fetch("vllm", ("1.0", "2.0"), archives)["1.0"] == archives / "vllm-1.0.tar.gz"


def test_only_python_files_are_kept(archives: Path) -> None:
    assert "vllm/kernel.cu" not in read_archive(archives / "vllm-1.0.tar.gz", "vllm", "1.0").paths


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("model", [("1.0", "1.0", "str", "tiny"), ("2.0", None, "str", "tiny-2")]),
        ("port", [("1.0", None, "int", 8000)]),
        ("spare-space", [("1.0", "1.0", "float", 4)]),
        ("chunked", [("1.0", "1.0", "bool", None)]),
        ("caching", [("1.0", "1.0", "pair", True)]),
        ("trust", [("2.0", None, "pair", False)]),
        ("log", [("2.0", None, "switch", False)]),
        ("length", [("2.0", None, "size", None)]),
        ("spare-config", [("2.0", None, "json", {})]),
        ("extra", [("2.0", None, "json", None)]),
        ("origins", [("2.0", None, "json", ["*"])]),
    ],
)
def test_type_and_default_by_range(table: Any, name: str, rows: list[tuple[str, str | None, str, Any]]) -> None:
    found = [(row["from"], row.get("to"), row["type"], row["default"]) for row in table["flags"][name]]
    assert found == rows


def test_choices_are_resolved_through_constants_enumerations_and_literals(table: Any) -> None:
    flags = table["flags"]
    assert [row.get("choices") for row in flags["quantization"]] == [["awq", "fp8"], ["fp8", "mx"]]
    assert [row.get("open", False) for row in flags["quantization"]] == [False, True]
    assert flags["format"][0]["choices"] == ["auto", "pt"]
    assert flags["kind"][0]["choices"] == ["a", "auto", "b"]
    assert flags["level"][0]["choices"] == [1, 2, 10, 20]
    assert flags["names"][0]["many"]
    assert "many" not in flags["origins"][0]
    assert flags["tool-call-parser"][0]["choices"] == ["new", "plain"]


def test_who_decides_on_a_default_is_said(table: Any) -> None:
    assert [row["defaultFrom"] for row in table["flags"]["seqs"]] == ["engine", "device"]
    assert table["flags"]["stack"][0]["defaultFrom"] == "environment"


def test_defaults_by_device_are_the_branches_over_memory_and_name(table: Any) -> None:
    cases = [{"minMemoryGiB": 70, "except": ["slow"], "value": 8}, {"minMemoryGiB": 30, "value": 4}, {"value": 2}]
    assert table["devices"]["seqs"] == [{"from": "2.0", "cases": cases}]


def test_other_names_and_deprecation(table: Any) -> None:
    assert table["flags"]["length"][0]["aliases"] == ["longest"]
    assert table["flags"]["quantization"][0]["short"] == ["q"]
    assert table["flags"]["quiet"][0]["deprecated"]
    assert table["flags"]["trust"][0]["deprecated"]
    assert "deprecated" not in table["flags"]["kind"][0]
    assert "tag" not in table["flags"]


def test_metrics_are_as_scrapers_see_them(table: Any) -> None:
    metrics = table["metrics"]
    assert metrics["vllm:tokens_total"] == [
        {"from": "1.0", "to": "1.0", "type": "counter", "labels": ["model_name"], "generations": ["v0"]}
    ]
    assert [row.get("labels") for row in metrics["vllm:running"]] == [None, ["model_name", "engine"]]
    assert metrics["vllm:drafts_total"][0]["labels"] == ["model_name", "engine", "why"]
    assert "vllm:accepted_total" in metrics


def test_a_parser_that_has_moved_is_no_empty_table() -> None:
    package = Package({"vllm/__init__.py": ""})
    with pytest.raises(LookupError, match="it has moved"):
        vllm.read_flags(package, Values(package))


def test_nothing_of_a_package_is_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    files = {**OLD, "vllm/config.py": f"open({str(trap)!r}, 'w')\n" + OLD["vllm/config.py"]}
    archive = Archive(
        "vllm", "1.0", "x.tar.gz", "0", "2025-01-01", {path: text.encode() for path, text in files.items()}
    )
    assert vllm.read_release(archive).flags["format"]["choices"] == ["auto", "pt"]
    assert not trap.exists()


def test_names_that_go_round_in_a_circle_end() -> None:
    package = Package({"vllm/a.py": "from vllm.b import X\nY = [*Y]\n", "vllm/b.py": "from vllm.a import X\n"})
    module = package.module("vllm.a")
    assert module is not None
    assert package.find(module, "X") is None
    assert not isinstance(Values(package).read(module.definitions["Y"], module), list)


SGLANG = {
    "sglang/srt/server_args.py": """
class ServerArgs:
    @staticmethod
    def add_cli_args(parser):
        add_cli_args_from_dataclass(parser, ServerArgs)
        parser.add_argument("--parser", type=str, choices=["auto"] + _names(), default=_declared_default("parser"))
        parser.add_argument("--old-switch", action=DeprecatedStoreTrueAction, new_flag="--x")


def _names():
    from sglang.srt.names import NAMES

    return list(NAMES)
""",
    "sglang/srt/names.py": 'NAMES = ["one", "two"]\n',
    "sglang/srt/arg_groups/fields/model.py": """
class Model(Struct):
    path: A[str, Arg(help="…", aliases=["--model"])]
    context_length: A[Optional[int], Arg(help="…", type_parser=human_readable_int)] = None
    trust: A[bool, "…"] = False
    mode: A[Literal["fast", "exact"], "…"] = "fast"
    hidden: A[bool, Arg(help="…", no_cli=True)] = False
    parser: A[Optional[str], Arg(help="…", no_cli=True)] = None
    inner: int = 3
""",
}


def test_sglang_fields_and_the_flags_beside_them() -> None:
    package = Package(SGLANG)
    flags = read_sglang_flags(package, Values(package), ["sglang.srt.arg_groups.fields.model"])
    assert sorted(flags) == ["context-length", "mode", "old-switch", "parser", "path", "trust"]
    assert flags["path"].aliases == ("model",)
    assert flags["path"].required
    assert flags["context-length"].taken.type == "size"
    assert flags["trust"].taken.type == "switch"
    assert flags["mode"].taken.choices == ("fast", "exact")
    assert flags["parser"].taken.choices == ("auto", "one", "two")
    assert flags["parser"].default is None
    assert flags["old-switch"].deprecated


def test_releases_are_read_from_oldest_to_newest() -> None:
    for engine in ENGINES:
        order = [tuple(map(int, version.split("."))) for version in engine.versions]
        assert order == sorted(order)


def test_a_table_is_written_with_one_row_on_each_line() -> None:
    text = tables.write({"about": "x", "releases": [{"version": "1"}], "flags": {"a": [], "b": []}})
    assert text.splitlines() == [
        "{",
        '"about":"x",',
        '"releases":[',
        '{"version":"1"}',
        "],",
        '"flags":{',
        '"a":[],',
        '"b":[]',
        "}",
        "}",
    ]
    assert json.loads(text)["flags"] == {"a": [], "b": []}
