"""What changed between vLLM's releases, as far as memory goes. Read in the published sources of the releases named."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from opsdecl.catalog.architectures import Architecture, Quantization, distinct
from opsdecl.catalog.encoder_families import SERVED, Releases
from opsdecl.sizing.types import Gpu, Request

Version = tuple[int, int, int]
GROUPS_SINCE: Version = (0, 9, 2)
STATES_SINCE: Version = (0, 10, 2)
ONLY_V1_SINCE: Version = (0, 11, 0)
V1_SINCE: Version = (0, 8, 0)
TIERED_SEQUENCES_SINCE: Version = (0, 8, 5)
FREE_CHECKED_SINCE: Version = (0, 9, 1)
"""Later releases refuse to start where their share is more than what is free."""
BASELINE_SINCE: Version = (0, 8, 6)
"""Earlier V1 releases count what else is on the GPU, the CUDA context included."""
SAMPLER_BYTES: tuple[tuple[Version, float], ...] = (((0, 18, 0), 17.0), ((0, 0, 0), 39.0))
"""Bytes per sequence and vocabulary entry of a sampling step, newest release first: logits in 16 and 32 bits, then
either a kernel that filters in place (17), or a sort with its indices (39).
"""
SECOND_SAMPLER_BYTES: tuple[tuple[Version, float], ...] = (((0, 33, 0), 10.0), ((0, 27, 0), 2.0), ((0, 0, 0), 6.0))
"""The same for the second model runner: it profiles without filters; until 0.26 it copied logits to 32 bits first, 0.33
profiles a second step with every filter.
"""
SAMPLER_STATE_BYTES = 4.125
"""Per sequence and vocabulary entry, of the second model runner's penalties: a count and a bit, kept for good. Counted
where consumption is measured at the driver; earlier releases left it out of the sum.
"""
SECOND_RUNNER_SINCE: Version = (0, 29, 0)
"""The second model runner for every model; it estimates graphs since then."""
SECOND_RUNNER_IMAGES_SINCE: Version = (0, 27, 0)
"""Before, it did not profile towers; the log of a model with one (Gemma 4, 0.26) counts graphs as the first does."""
SECOND_RUNNER_FAMILIES: tuple[tuple[Version, frozenset[str]], ...] = (
    ((0, 24, 0), frozenset({"qwen3", "llama", "mistral", "deepseek_v2", "qwen2_moe", "granitemoe"})),
    ((0, 23, 0), frozenset({"qwen3", "llama", "mistral"})),
    ((0, 22, 0), frozenset({"qwen3"})),
)
"""Families that the second model runner took over first; until 0.23 only where they are not quantised."""
SECOND_RUNNER_DENSE_SINCE: Version = (0, 25, 0)
"""Every model without experts and without states, and these families of the others."""
SECOND_RUNNER_EXPERTS = frozenset({"deepseek_v2", "qwen2_moe", "granitemoe"})
CONSUMPTION_SINCE: Version = (0, 27, 0)
"""Later releases measure at the driver what loading and profiling consumed, leftovers of the allocator included."""
TRANSIENT_GRAPHS_SINCE: Version = (0, 26, 0)
GRAPHS_BUDGETED_SINCE: Version = (0, 20, 0)
REQUESTS_PRINTED_SINCE: Version = (0, 20, 1)
IN_FLIGHT_SINCE: Version = (0, 25, 0)
NULL_BLOCK_SINCE: Version = (0, 29, 0)
LARGE_DEVICES_SINCE: Version = (0, 28, 0)
SMALL_GB10_SINCE: Version = (0, 33, 0)
STATES_CHECKED_SINCE: Version = (0, 20, 0)
STATES_BY_BLOCK_SINCE: Version = (0, 12, 0)
"""Until `ALIGNED_STATES_ONLY_SINCE`, Mamba kept a state in every block where prefixes were cached."""
ALIGNED_STATES_SINCE: Version = (0, 15, 0)
"""Later releases also count a state per token that is guessed ahead."""
ALIGNED_STATES_ONLY_SINCE: Version = (0, 28, 0)
"""These cache prefixes of models with states unless they are told not to, with two states for a request."""
CHECKPOINTS_SINCE: Mapping[str, Version] = {"mamba2": (0, 32, 0), "gdn": (0, 33, 0)}
"""Kinds of states of which one more is kept where prefixes are cached; of delta nets where FlashInfer's kernels run."""
WIDE_STATE_BLOCKS: tuple[Version, Version] = ((0, 12, 0), (0, 18, 0))
"""Releases from the first to before the second align blocks beside states to 32 on Blackwell with wide heads."""
LATENT_STATE_BLOCKS_SINCE: Version = (0, 27, 0)
"""Blocks of latent attention beside states are multiples of 128, before of 64."""
CHUNKS_FLAT: tuple[Version, Version] = ((0, 10, 1), (0, 14, 0))
"""Releases from the first to before the second keep no groups for models with chunks, which made them slower."""
PADDED_LATENT: tuple[Version, Version] = ((0, 7, 2), (0, 8, 2))
"""Releases from the first to before the second pad rows of latent attention."""
SAMPLES_IN_CHUNKS_SINCE: Version = (0, 8, 0)
TRITON_EXPERTS_SINCE: Version = (0, 10, 2)
"""Releases before load MXFP4 experts for Marlin on Hopper, in larger tiles."""
CACHE_FORMAT_SINCE: Mapping[str, Version] = {"modelopt": (0, 14, 0), "modelopt_fp4": (0, 14, 0)}
CACHE_FORMAT_OF_OTHERS_SINCE: Version = (0, 15, 0)
"""Whose checkpoints decide the format of the cache where nobody says; earlier releases took the model's own format."""
SPARSE_8_BIT_CACHE: tuple[Version, Version] = ((0, 11, 0), (0, 12, 0))
"""Releases from the first to before the second keep sparse latent attention in 8 bits where nobody says otherwise."""
ENCODERS_SINCE: Mapping[str, Version] = {"whisper": (0, 10, 2)}
"""Encoder-decoder families that V1 serves; all others stayed on V0 as long as there was one."""
COUNTED_BY_BATCH_SINCE: Version = (0, 13, 0)
"""Later releases reckon with as many encoder tokens of a request as a batch may have."""
EAGER_TILES: tuple[Version, Version] = ((0, 7, 0), (0, 8, 0))
"""Releases from the first to before the second capture no graphs of Llama-3.2-Vision."""
NEWEST: Version = (0, 33, 0)
OLDEST: Version = (0, 6, 0)


class EngineRules(Struct, frozen=True):
    """The rules of one release for one model on one GPU."""

    version: Version
    generation: Literal["v0", "v1"]
    second_runner: bool
    utilization: float
    batched_tokens: int
    sequences: int
    sampler_bytes: float
    """Bytes per sequence and vocabulary entry that a sampling step takes."""
    sampler_state_bytes: float
    """The same, of what the sampler keeps and the budget counts."""
    graphs_in_budget: bool
    transient_graphs: bool
    """Whether the estimate of graphs counts a batch's working memory besides, for models with states."""
    context_in_budget: bool
    grouped: bool
    """Whether layers of different kinds of attention have caches of their own; all full attention where not."""
    group_slack: float
    printed: Literal["blocks", "pool", "requests"]
    in_flight: int
    null_block: bool
    aligned_states: bool
    states_by_block: bool
    """Whether Mamba keeps a state in every block where prefixes are cached."""
    prefixes_of_states: bool
    """Whether prefixes of models with states are cached where nobody says."""
    states_checked: bool
    """Whether the engine refuses to start with fewer blocks than sequences, for models with states."""


def engine_and_version(engine: str) -> tuple[str, str]:
    """`vllm==0.15.1` -> (`vllm`, `0.15.1`); a version alone is vLLM's. Images and words are read as well.

    >>> engine_and_version("v0.15.1"), engine_and_version("SGLang == 0.5.23")
    (('vllm', 'v0.15.1'), ('sglang', '0.5.23'))
    >>> engine_and_version("vllm/vllm-openai:v0.10.1.1"), engine_and_version("vLLM 0.9.2")
    (('vllm', 'v0.10.1.1'), ('vllm', '0.9.2'))
    """
    text = re.sub(r"^(?:\S*/)?vllm-openai\b", "vllm", engine.strip().lower())
    joined = re.sub(r"\s*[=:@]+\s*|\s+(?=v?\d)", "=", text, count=1)
    name, equals, version = (part.strip() for part in joined.partition("="))
    if equals:
        return name, version
    return ("vllm", name) if re.match(r"v?\d", name) else (name, "")


@lru_cache(maxsize=256)
def parse_version(engine: str) -> Version | None:
    """`vllm==0.10.1.1` or `0.8.5.post1` -> (0, 10, 1); None where it names no release of vLLM."""
    name, version = engine_and_version(engine)
    found = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[.\-+a-z].*)?", version) if name == "vllm" else None
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def rules_for(request: Request) -> EngineRules:
    version = parse_version(request.engine) or NEWEST
    generation = generation_of(version, request)
    second = has_second_runner(version, request)
    return EngineRules(
        version=version,
        generation=generation,
        second_runner=second,
        utilization=0.92 if version >= GRAPHS_BUDGETED_SINCE else 0.9,
        batched_tokens=_batched_tokens(version, generation, request.gpu),
        sequences=_sequences(version, generation, request.gpu),
        sampler_bytes=sampler_bytes(version, second),
        sampler_state_bytes=SAMPLER_STATE_BYTES if second and version >= CONSUMPTION_SINCE else 0.0,
        graphs_in_budget=version >= SECOND_RUNNER_SINCE or (version >= GRAPHS_BUDGETED_SINCE and not second),
        context_in_budget=generation == "v1" and version < BASELINE_SINCE,
        grouped=version >= GROUPS_SINCE and generation == "v1" and not _has_flat_chunks(version, request),
        transient_graphs=version >= TRANSIENT_GRAPHS_SINCE,
        group_slack=1.5 if version >= (0, 18, 0) else 1.25 if version >= (0, 12, 0) else 1.0,
        printed="blocks" if generation == "v0" else "pool" if version < REQUESTS_PRINTED_SINCE else "requests",
        in_flight=2 if version >= IN_FLIGHT_SINCE else 1,
        null_block=version >= NULL_BLOCK_SINCE,
        aligned_states=version >= ALIGNED_STATES_SINCE,
        states_by_block=STATES_BY_BLOCK_SINCE <= version < ALIGNED_STATES_ONLY_SINCE,
        prefixes_of_states=version >= ALIGNED_STATES_ONLY_SINCE,
        states_checked=version >= STATES_CHECKED_SINCE,
    )


def cache_format(version: Version, architecture: Architecture, own: Quantization) -> str:
    """Of the KV cache where nobody says: `auto` is that of activations. `own` is how the weights are quantised."""
    latent = architecture.latent
    if latent is not None and latent.index_heads and SPARSE_8_BIT_CACHE[0] <= version < SPARSE_8_BIT_CACHE[1]:
        return "fp8_ds_mla"
    known = version >= CACHE_FORMAT_SINCE.get(own.name, CACHE_FORMAT_OF_OTHERS_SINCE)
    return own.kv_cache if own.kv_cache and known else "auto"


def _has_flat_chunks(version: Version, request: Request) -> bool:
    mixers = (mixer for layer, _ in distinct(request.architecture.layers) for mixer in layer.mixers)
    chunked = any(getattr(mixer, "chunk", None) for mixer in mixers)
    return chunked and CHUNKS_FLAT[0] <= version < CHUNKS_FLAT[1]


def sampler_bytes(version: Version, second_runner: bool) -> float:
    table = SECOND_SAMPLER_BYTES if second_runner else SAMPLER_BYTES
    return next(size for since, size in table if version >= since)


def has_second_runner(version: Version, request: Request) -> bool:
    """It took over family by family; where it is, releases before 0.29 do not count graphs before they exist."""
    if version >= SECOND_RUNNER_SINCE:
        return True
    architecture, asked = request.architecture, request.settings.quantization
    if (architecture.vision or architecture.encoder) and version < SECOND_RUNNER_IMAGES_SINCE:
        return False
    if version >= SECOND_RUNNER_DENSE_SINCE:
        plain = architecture.experts is None and architecture.state_space is None
        return plain or architecture.family in SECOND_RUNNER_EXPERTS
    families = next((found for since, found in SECOND_RUNNER_FAMILIES if version >= since), frozenset())
    quantised = architecture.quantization.method != "none" or asked is not None
    return architecture.family in families and (version >= (0, 24, 0) or not quantised)


def generation_of(version: Version, request: Request) -> Literal["v0", "v1"]:
    """V1 is the default since 0.8, except for what it could not do yet."""
    if version >= ONLY_V1_SINCE:
        return "v1"
    if version < V1_SINCE:
        return "v0"
    lacking = (
        (version < (0, 10, 2) and request.gpu.capability[0] < 8 and request.gpu.vendor == "nvidia")
        or (request.architecture.state_space is not None and version < STATES_SINCE)
        or (version < (0, 9, 2) and request.settings.dtype in ("float", "float32"))
        or (version < (0, 9, 0) and request.settings.pipeline > 1)
        or (version < (0, 9, 0) and request.architecture.quantization.method == "gguf")
        or _foreign_encoder(version, request)
        or _foreign_cache(version, request)
        or _foreign_drafting(version, request)
    )
    return "v0" if lacking else "v1"


def encoder_releases(architecture: Architecture) -> Releases | None:
    """Which releases serve an encoder-decoder model; None for all others."""
    return SERVED.get(architecture.family) if architecture.encoder is not None else None


def _foreign_encoder(version: Version, request: Request) -> bool:
    encoder = request.architecture.encoder
    return encoder is not None and version < ENCODERS_SINCE.get(request.architecture.family, ONLY_V1_SINCE)


def runs_eagerly(version: Version, request: Request) -> bool:
    """Whether the engine captures no graphs, told or not."""
    encoder = request.architecture.encoder
    tiles = encoder is not None and encoder.masked
    return request.settings.enforce_eager or (tiles and EAGER_TILES[0] <= version < EAGER_TILES[1])


def _foreign_cache(version: Version, request: Request) -> bool:
    """8-bit caches needed FlashAttention 3, so Hopper; later came the data centre's Blackwell and latent attention."""
    capability = request.gpu.capability
    latent = request.architecture.latent is not None and version >= (0, 10, 2)
    able = capability[0] == 9 or latent or (capability == (10, 0) and version >= (0, 10, 0))
    return request.settings.kv_cache_dtype.startswith("fp8") and not able


def _foreign_drafting(version: Version, request: Request) -> bool:
    """No speculative decoding unless it is told to in 0.8, none with a draft model in 0.9."""
    drafting = request.settings.drafting
    if drafting is None:
        return False
    return version < (0, 9, 0) or (version < (0, 10, 0) and bool(drafting.model))


def is_large(version: Version, gpu: Gpu) -> bool:
    """GPUs that get the large defaults of V1: two by name at first, then by memory."""
    if version < TIERED_SEQUENCES_SINCE:
        return gpu.name.startswith(("h100", "h200"))
    if gpu.total.point < 70:
        return False
    if "a100" in gpu.name and version >= (0, 8, 6):
        return False
    return not (gpu.name == "gb10" and version >= SMALL_GB10_SINCE)


def has_delta_kernels(gpu: Gpu) -> bool:
    """FlashInfer's kernels for delta nets exist for Hopper and the data centre's Blackwell; others run Triton's."""
    return gpu.vendor == "nvidia" and gpu.capability[0] in (9, 10)


def _batched_tokens(version: Version, generation: str, gpu: Gpu) -> int:
    if generation == "v0":
        return 2048 if version >= (0, 6, 4) else 512
    if version >= LARGE_DEVICES_SINCE and gpu.total.point >= 160:
        return 16384
    return 8192 if is_large(version, gpu) else 2048


def _sequences(version: Version, generation: str, gpu: Gpu) -> int:
    if generation == "v0":
        return 256
    return 1024 if is_large(version, gpu) or version < TIERED_SEQUENCES_SINCE else 256


def long_context_is_chunked(architecture: Architecture, length: int) -> bool:
    """V0 chunks prompts where the context is longer than 32k, for models that take text only."""
    windows = any(
        getattr(mixer, "window", None) for layer, _ in distinct(architecture.layers) for mixer in layer.mixers
    )
    plain = architecture.vision is None and architecture.encoder is None and architecture.latent is None
    return length > 32768 and plain and not windows
