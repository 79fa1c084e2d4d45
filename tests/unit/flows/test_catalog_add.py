"""`catalog add` through the real client of the hub, against a server that speaks its protocol; and offline."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.catalog.checkpoint import read_header
from opsdecl.catalog.load import load_catalog
from opsdecl.cli.main import run
from tests.support.hub import COMMIT, Hub, HubRepository, safetensors, serving

HIDDEN, FEED, WORDS = 64, 128, 256
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": FEED,
    "vocab_size": WORDS,
    "max_position_embeddings": 2048,
    "bos_token_id": 1,
    "torch_dtype": "bfloat16",
}
PARAMETERS = 2 * (HIDDEN * HIDDEN * 2 + HIDDEN * 32 * 2 + 3 * HIDDEN * FEED + 2 * HIDDEN) + 2 * WORDS * HIDDEN + HIDDEN


def layer(number: int) -> dict[str, tuple[int, ...]]:
    return {
        f"model.layers.{number}.self_attn.q_proj.weight": (HIDDEN, HIDDEN),
        f"model.layers.{number}.self_attn.k_proj.weight": (32, HIDDEN),
        f"model.layers.{number}.self_attn.v_proj.weight": (32, HIDDEN),
        f"model.layers.{number}.self_attn.o_proj.weight": (HIDDEN, HIDDEN),
        f"model.layers.{number}.mlp.gate_proj.weight": (FEED, HIDDEN),
        f"model.layers.{number}.mlp.up_proj.weight": (FEED, HIDDEN),
        f"model.layers.{number}.mlp.down_proj.weight": (HIDDEN, FEED),
        f"model.layers.{number}.input_layernorm.weight": (HIDDEN,),
        f"model.layers.{number}.post_attention_layernorm.weight": (HIDDEN,),
    }


FIRST = safetensors({"model.embed_tokens.weight": (WORDS, HIDDEN), **layer(0)})
SECOND = safetensors({**layer(1), "model.norm.weight": (HIDDEN,), "lm_head.weight": (WORDS, HIDDEN)})
INDEX = {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}


def files(config: Mapping[str, object] = CONFIG, **more: bytes) -> dict[str, bytes]:
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors.index.json": json.dumps(INDEX).encode(),
        "model-1.safetensors": FIRST,
        "model-2.safetensors": SECOND,
        "consolidated.safetensors": FIRST,
        "original/params.bin": b"pickled",
        **more,
    }


def single(weights: bytes, config: Mapping[str, object] = CONFIG) -> dict[str, bytes]:
    return {"config.json": json.dumps(config).encode(), "model.safetensors": weights}


HUGE = struct.pack("<Q", 1 << 60) + b"{}"
LIAR = b'{"x":{"dtype":"BF16","shape":[1099511627776,9],"data_offsets":[0,2]}}'
REPOSITORIES = {
    "acme/Chat-7B": HubRepository(files()),
    "acme/gated": HubRepository(files(), token="hf_secret", card={"license": "other", "license_name": "acme-1"}),
    "acme/pickled": HubRepository({"config.json": b'{"model_type": "llama"}', "pytorch_model.bin": b"x" * 99}),
    "acme/empty": HubRepository({"config.json": b'{"model_type": "llama"}'}),
    "acme/no-config": HubRepository({"README.md": b"hello"}),
    "acme/no-type": HubRepository(files({"hidden_size": 64})),
    "acme/not-json": HubRepository({**files(), "config.json": b"[" * 100_000}),
    "acme/huge-header": HubRepository(single(HUGE)),
    "acme/cut": HubRepository(single(FIRST[:90])),
    "acme/liar": HubRepository(single(struct.pack("<Q", len(LIAR)) + LIAR)),
    "acme/no-ranges": HubRepository(single(safetensors({"x": (3000, 3000)}, "F32")), ranges=False),
    "acme/lost": HubRepository({**files(), "model.safetensors.index.json": b'{"weight_map": {"a": "no.safetensors"}}'}),
    "acme/more": HubRepository(single(safetensors({"x": (1000, 100)}))),
    "acme/faulty": HubRepository(files(), broken=True),
    "acme/strange": HubRepository(files({**CONFIG, "model_type": "acme_moe_3"})),
}


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(REPOSITORIES) as started:
        yield started


@pytest.fixture(autouse=True)
def at_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads `HF_ENDPOINT` when it is imported; one test below starts a process of its own."""
    point_at(monkeypatch, hub.url)
    hub.requests.clear()
    hub.sent = 0


def point_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.delenv("HF_TOKEN", raising=False)


def add(folder: Path, *argv: str) -> int:
    return run(["-C", str(folder), "catalog", "add", *argv])


def entry(folder: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((folder / f"catalog/{name}.yaml").read_text("utf-8"))["models"][name]
    return found


def test_a_repository_becomes_a_pinned_entry_of_what_its_headers_say(tmp_path: Path, hub: Hub) -> None:
    assert add(tmp_path, "hf://acme/Chat-7B") == 0
    found = entry(tmp_path, "chat-7b")
    assert (found["uri"], found["revision"], found["license"]) == ("hf://acme/Chat-7B", COMMIT, "apache-2.0")
    assert found["parameters"] == PARAMETERS
    assert found["maxPosition"] == 2048
    assert found["asOf"] == "2026-05-04"
    assert sorted(found["files"]) == ["config.json", "model-1.safetensors", "model-2.safetensors"]  # type: ignore[call-overload]
    assert "architectures" not in found["config"]  # type: ignore[operator]
    catalog = load_catalog({"catalog/chat-7b.yaml": (tmp_path / "catalog/chat-7b.yaml").read_bytes()})
    assert catalog.diagnostics == ()
    assert catalog.value is not None
    assert catalog.value.models["chat-7b"].revision == COMMIT
    assert "chat-7b" in catalog.value.configs


def test_the_same_revision_gives_the_same_bytes_and_may_be_added_again(tmp_path: Path) -> None:
    assert add(tmp_path, "hf://acme/Chat-7B@v1") == 0
    before = (tmp_path / "catalog/chat-7b.yaml").read_bytes()
    assert add(tmp_path, f"hf://acme/Chat-7B@{COMMIT}") == 0
    assert (tmp_path / "catalog/chat-7b.yaml").read_bytes() == before


def test_only_headers_are_asked_for_and_files_of_others_are_left_alone(tmp_path: Path, hub: Hub) -> None:
    assert add(tmp_path, "hf://acme/Chat-7B") == 0
    asked = [path for path, _ in hub.requests if "/resolve/" in path]
    assert not [path for path in asked if "consolidated" in path or path.endswith(".bin")]
    assert all(f"/resolve/{COMMIT}/" in path for path in asked), "files of the commit that is written down"
    assert all(span.startswith("bytes=0-") for path, span in hub.requests if path.startswith("/cdn/"))


def test_a_server_without_ranges_is_not_heard_out(tmp_path: Path, hub: Hub) -> None:
    assert add(tmp_path, "hf://acme/no-ranges") == 0
    assert hub.sent < len(REPOSITORIES["acme/no-ranges"].files["model.safetensors"]) / 2


def test_a_gated_repository_takes_the_token_that_is_named_and_shows_it_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "hf_secret")
    assert add(tmp_path, "hf://acme/gated", "--token-env", "ACME_TOKEN") == 0
    found = entry(tmp_path, "gated")
    assert (found["gated"], found["license"]) == (True, "acme-1")
    printed = capsys.readouterr()
    assert "hf_secret" not in printed.out + printed.err + (tmp_path / "catalog/gated.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("hf://acme/gated", "OD744", "answered 401"),
        ("hf://acme/nobody", "OD742", "no repository `acme/nobody`"),
        ("hf://acme/Chat-7B@v9", "OD743", "no revision `v9`"),
        ("hf://a/b/c", "OD741", "not the name of a repository"),
        ("s3://acme/chat", "OD741", "neither on the hub nor a path"),
        ("hf://acme/pickled", "OD746", "only pickled weights"),
        ("hf://acme/empty", "OD746", "no weights"),
        ("hf://acme/no-config", "OD741", "has no config.json"),
        ("hf://acme/no-type", "OD741", "has no `model_type`"),
        ("hf://acme/not-json", "OD741", "it is no JSON"),
        ("hf://acme/huge-header", "OD747", "its header has 1,152,921,504,606,846,976 bytes"),
        ("hf://acme/cut", "OD747", "it ends within its header"),
        ("hf://acme/liar", "OD747", "its shape"),
        ("hf://acme/lost", "OD747", "the index names `no.safetensors`"),
    ],
)
def test_what_cannot_be_added_says_why_and_writes_nothing(
    source: str, code: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, source) == 1
    printed = capsys.readouterr().err
    assert f"error[{code}]" in printed
    assert said in printed
    assert "help:" in printed
    assert not (tmp_path / "catalog").exists()


def test_a_token_without_access_is_told_from_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "hf_wrong")
    assert add(tmp_path, "hf://acme/gated", "--token-env", "ACME_TOKEN") == 1
    printed = capsys.readouterr().err
    assert "error[OD744]: the hub answered 403 for the files of `acme/gated`, with the token that was given" in printed
    assert "hf_wrong" not in printed
    assert add(tmp_path, "hf://acme/gated", "--token-env", "NO_SUCH_VARIABLE") == 64


def test_a_hub_that_must_not_be_asked_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert add(tmp_path, "hf://acme/Chat-7B") == 1
    assert "error[OD745]" in capsys.readouterr().err


def test_a_fault_of_the_hub_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "hf://acme/faulty") == 1
    assert "it answered 500" in capsys.readouterr().err


def test_what_was_written_is_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "hf://acme/Chat-7B", "--format", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["path"], printed["revision"], printed["files"]) == ("catalog/chat-7b.yaml", COMMIT, 2)
    assert printed["parameters"] == printed["computed"]["parameters"] == PARAMETERS


def test_a_folder_that_leads_out_of_the_project_is_not_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project/catalog").symlink_to(tmp_path / "elsewhere")
    assert add(tmp_path / "project", "hf://acme/Chat-7B") == 1
    assert "OD741" in capsys.readouterr().err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_hub_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point_at(monkeypatch, "http://127.0.0.1:9")
    assert add(tmp_path, "hf://acme/Chat-7B") == 1
    assert "error[OD745]: http://127.0.0.1:9 gave no answer" in capsys.readouterr().err


def test_weights_that_differ_from_the_configuration_are_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, "hf://acme/more") == 0
    assert "warning[OD748]" in capsys.readouterr().err
    assert add(tmp_path, "hf://acme/Chat-7B") == 0
    assert "OD748" not in capsys.readouterr().err


def test_an_unknown_family_is_added_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "hf://acme/strange") == 0
    assert "warning[OD751]: the family `acme_moe_3`" in capsys.readouterr().err


def test_another_entry_is_never_overwritten_silently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "hf://acme/Chat-7B") == 0
    assert add(tmp_path, "hf://acme/more", "--name", "chat-7b") == 1
    assert "error[OD749]: `catalog/chat-7b.yaml` is there already" in capsys.readouterr().err
    assert entry(tmp_path, "chat-7b")["uri"] == "hf://acme/Chat-7B"
    assert add(tmp_path, "hf://acme/more", "--name", "chat-7b", "--replace") == 0
    assert entry(tmp_path, "chat-7b")["uri"] == "hf://acme/more"


def test_an_entry_of_another_file_is_not_hidden(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "environments").mkdir()
    assert add(tmp_path, "hf://acme/Chat-7B") == 0
    (tmp_path / "catalog/chat-7b.yaml").rename(tmp_path / "catalog/all.yaml")
    assert add(tmp_path, "hf://acme/Chat-7B") == 1
    assert "`catalog/all.yaml` has an entry `chat-7b` already" in capsys.readouterr().err


def test_a_folder_and_a_bare_configuration_work_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point_at(monkeypatch, "http://127.0.0.1:9")
    folder = tmp_path / "weights"
    (folder / "original").mkdir(parents=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
    assert add(tmp_path, "weights") == 1
    assert "--uri" in capsys.readouterr().err
    assert add(tmp_path, "weights", "--uri", "s3://acme/chat", "--license", "proprietary") == 0
    assert entry(tmp_path, "chat")["parameters"] == PARAMETERS
    assert entry(tmp_path, "chat")["license"] == "proprietary"
    argv = ("weights/config.json", "--uri", "s3://acme/chat", "--name", "bare")
    assert add(tmp_path, *argv) == 0
    assert entry(tmp_path, "bare")["parameters"] == PARAMETERS
    assert sorted(entry(tmp_path, "bare")["files"]) == ["config.json"]  # type: ignore[call-overload]


@pytest.mark.slow
def test_the_endpoint_of_the_environment_is_used(tmp_path: Path, hub: Hub) -> None:
    command = [sys.executable, "-m", "opsdecl", "-C", str(tmp_path), "catalog", "add", "hf://acme/Chat-7B"]
    done = subprocess.run(
        command, env={**os.environ, "HF_ENDPOINT": hub.url}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "wrote catalog/chat-7b.yaml" in done.stdout


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8)


@given(st.binary(max_size=300) | st.dictionaries(st.text(max_size=5), VALUES).map(json.dumps).map(str.encode))
def test_no_header_does_worse_than_a_refusal(data: bytes) -> None:
    with suppress(ValueError):
        assert read_header("x", "", data).weights >= 0
