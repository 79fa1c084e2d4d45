"""Memory of trainings: against what papers say, and against itself."""

import pytest
from msgspec.structs import replace

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.sizing.assess import gpu_of
from opsdecl.sizing.parameters import parameter_count
from opsdecl.sizing.training import memory_of, size_training
from opsdecl.sizing.training_states import gradients, states, weights
from opsdecl.sizing.training_types import TrainingRequest
from opsdecl.sizing.types import GIB

TABLE = load_architectures()


def request(model: str = "llama-3.1-8b-instruct", gpu: str = "h100-80gb", **more: object) -> TrainingRequest:
    architecture, made = TABLE.find(model), gpu_of(TABLE.gpu(gpu))
    assert architecture is not None
    assert made is not None
    asked = TrainingRequest(architecture, made, 1, "full", 16, "mixed-bf16", "adamw", "ddp", 1, 2048, True)
    return replace(asked, **more)


def test_mixed_precision_with_adam_is_sixteen_bytes_for_each_parameter() -> None:
    """Rajbhandari et al., section 3.1: 2 for the weight, 2 for the gradient, 12 for the optimiser."""
    asked = request()
    least = sum(part(asked).low for part in (weights, gradients, states))
    assert least == pytest.approx(16 * parameter_count(asked.architecture) / GIB, rel=1e-6)


def test_stages_share_what_they_say() -> None:
    """The same paper, figure 1: state, then gradients, then weights become a share of the GPUs' number."""
    alone = request(gpu_count=64)
    one, two, three = (replace(alone, sharding=stage) for stage in ("zero1", "zero2", "zero3"))
    assert states(one).point == pytest.approx(states(alone).point / 64)
    assert gradients(one) == gradients(alone)
    assert gradients(two).low == pytest.approx(gradients(alone).low / 64)
    assert weights(two) == weights(alone)
    assert weights(three).low < weights(alone).low / 10
    needed = [memory_of(each).needed.point for each in (alone, one, two, three)]
    assert needed == sorted(needed, reverse=True)


def test_a_model_of_65_billion_is_tuned_in_four_bits_on_one_gpu_of_48_gb() -> None:
    """Dettmers et al., QLoRA, whose title example that is; a newer one of 70 billion needs a little more."""
    asked = request("llama-3.1-70b-instruct", "l40s", method="qlora", length=512)
    assert size_training(asked).verdict == "tight"
    assert size_training(replace(asked, method="lora")).verdict == "does-not-fit"


@pytest.mark.parametrize("change", [{"checkpointing": False}, {"per_device": 4}, {"length": 8192}])
def test_what_keeps_more_needs_more(change: dict[str, object]) -> None:
    asked = request()
    assert memory_of(replace(asked, **change)).activations.point > memory_of(asked).activations.point


MISFITS = {
    "full on one": request(),
    "long without checkpointing": request(gpu_count=8, sharding="fsdp", per_device=8, length=8192, checkpointing=False),
    "lora on a small one": request(gpu="l4", method="lora", per_device=8),
    "too large a batch": request(gpu="l4", method="qlora", per_device=64),
}


@pytest.mark.parametrize("name", MISFITS)
def test_the_remedy_is_a_change_that_was_reckoned(name: str) -> None:
    found = size_training(MISFITS[name])
    assert found.verdict != "fits"
    assert found.remedy.startswith(("set ", "take "))


@pytest.mark.parametrize("name", sorted(TABLE.names))
def test_bounds_are_in_order_for_every_model(name: str) -> None:
    for method in ("full", "lora", "qlora"):
        memory = memory_of(request(name, method=method))
        for part in (memory.weights, memory.gradients, memory.states, memory.activations, memory.overhead):
            assert 0 <= part.low <= part.point <= part.high
