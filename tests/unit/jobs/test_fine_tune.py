"""What the recipe for fine-tuning tells its libraries, worked out of $TRAINING; no library is needed for that."""

import json
from typing import Any

import pytest
import yaml

from opsdecl._data import job_script
from opsdecl.spec.kinds.recipe import FINE_TUNE_METRICS, FINE_TUNE_PARAMETERS
from tests.unit.lower.builders import merged
from tests.unit.lower.test_training import env, key, pod

TUNE = """
spec:
  recipe: fine-tune
  command: []
  parameters: {learning_rate: 0.0002, num_train_epochs: 2, rate: null}
  activationCheckpointing: true
  sharding: fsdp
"""
PROGRAM: dict[str, Any] = {"__name__": "fine_tune"}
exec(compile(job_script("fine_tune"), "fine_tune.py", "exec"), PROGRAM)


def both(changes: str) -> str:
    return str(yaml.safe_dump(merged(yaml.safe_load(TUNE), yaml.safe_load(changes))))


def told(changes: str = "{}") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(env(both(changes))["TRAINING"])
    return found


def arguments(changes: str = "{}") -> dict[str, Any]:
    found: dict[str, Any] = PROGRAM["arguments"](told(changes))
    return found


def test_what_is_declared_is_what_is_trained() -> None:
    found = arguments()["training"]
    assert found["learning_rate"] == 0.0002
    assert (found["per_device_train_batch_size"], found["gradient_accumulation_steps"]) == (1, 1)
    assert (found["max_length"], found["optim"], found["bf16"], found["fp16"]) == (2048, "adamw_torch", True, False)
    assert (found["save_strategy"], found["save_total_limit"]) == ("no", 2)
    assert found["output_dir"].endswith("/checkpoints")
    assert arguments("{spec: {checkpoints: null}}")["training"]["save_total_limit"] is None


def test_an_adapter_is_as_it_is_declared() -> None:
    assert arguments()["adapter"] == {
        "task_type": "CAUSAL_LM",
        "r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "target_modules": "all-linear",
    }
    said = arguments("{spec: {base: {alpha: 8, targets: [q_proj]}, parameters: {lora_dropout: 0.1}}}")
    assert (said["adapter"]["lora_alpha"], said["adapter"]["target_modules"]) == (8, ["q_proj"])
    assert said["adapter"]["lora_dropout"] == 0.1
    assert "lora_dropout" not in said["training"], "TRL has no such setting"
    assert arguments("{spec: {base: {method: full, rank: null}}}")["adapter"] is None


@pytest.mark.parametrize(
    ("method", "precision", "held"),
    [
        ("full", "mixed-bf16", "float32"),
        ("full", "bf16", "bfloat16"),
        ("lora", "mixed-bf16", "bfloat16"),
        ("lora", "mixed-fp16", "float16"),
        ("qlora", "fp32", "float32"),
    ],
)
def test_weights_that_are_trained_in_mixed_numbers_are_held_in_32_bits(method: str, precision: str, held: str) -> None:
    rank = "null" if method == "full" else "8"
    found = arguments(f"{{spec: {{base: {{method: {method}, rank: {rank}}}, precision: {precision}}}}}")
    assert found["training"]["model_init_kwargs"] == {"dtype": held}
    assert (found["quantization"] is not None) is (method == "qlora")


def test_four_bits_are_stored_so_that_they_can_be_shared() -> None:
    shared = arguments("{spec: {base: {method: qlora}}}")["quantization"]
    assert (shared["bnb_4bit_quant_type"], shared["bnb_4bit_quant_storage"]) == ("nf4", "bfloat16")
    assert "bnb_4bit_quant_storage" not in arguments("{spec: {base: {method: qlora}, sharding: ddp}}")["quantization"]


def test_sharding_is_told_to_accelerate() -> None:
    fsdp, training = arguments()["variables"], arguments()["training"]
    assert (fsdp["ACCELERATE_USE_FSDP"], fsdp["FSDP_ACTIVATION_CHECKPOINTING"]) == ("true", "true")
    assert not training["gradient_checkpointing"], "once is enough"
    assert arguments("{spec: {sharding: ddp}}")["variables"] == {}
    assert arguments("{spec: {sharding: ddp}}")["training"]["gradient_checkpointing"]
    zero = arguments("{spec: {sharding: zero3, batch: {accumulate: 4}}}")["variables"]
    assert zero["ACCELERATE_DEEPSPEED_ZERO_STAGE"] == "3"
    assert zero["ACCELERATE_DEEPSPEED_ZERO3_SAVE_16BIT_MODEL"] == "true"
    assert zero["ACCELERATE_GRADIENT_ACCUMULATION_STEPS"] == "4"
    assert arguments("{spec: {sharding: zero2}}")["variables"]["ACCELERATE_DEEPSPEED_ZERO3_INIT"] == "false"


def test_every_parameter_of_the_recipe_reaches_a_library() -> None:
    values = {int: 3, float: 0.5, bool: True, str: "cosine"}
    every = {name: values[kind] for name, kind in FINE_TUNE_PARAMETERS.items()}
    found = PROGRAM["arguments"]({**told(), "parameters": every})
    assert every.items() <= {**found["training"], **found["adapter"]}.items()
    assert found["training"]["eval_strategy"] == "steps"


def test_a_process_is_started_for_each_gpu() -> None:
    assert pod(both("{}"))["containers"][0]["command"][-3:] == ["python3", "-m", "torch.distributed.run"]
    alone = pod(both("{spec: {accelerator: {nodes: null}}}"))["containers"][0]["command"]
    assert alone[-2:] == ["--standalone", "--nproc-per-node=4"]
    cpus = pod(both("{spec: {accelerator: null, sharding: ddp}}"))["containers"][0]["command"]
    assert cpus[-1] == "python3"


def test_machines_and_sharding_make_no_other_model() -> None:
    assert key(both("{}")) == key(both("{spec: {sharding: zero3, activationCheckpointing: false}}"))
    assert key(both("{}")) != key(both("{spec: {parameters: {learning_rate: 0.1}}}"))


def test_the_clock_reads_durations() -> None:
    assert [PROGRAM["seconds"](text) for text in ("20m", "1h30m", "45s", "0.5h")] == [1200, 5400, 45, 1800]
    assert "$(" not in job_script("fine_tune"), "Kubernetes would put in variables"


def test_what_it_reports_can_be_searched_for() -> None:
    assert all(f'"{name}"' in job_script("fine_tune") for name in FINE_TUNE_METRICS)
