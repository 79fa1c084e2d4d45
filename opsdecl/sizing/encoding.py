"""Encoders of encoder-decoder models: tokens that a request's cross attention keeps, and the peak while encoding."""

from collections.abc import Iterator

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.encoders import ENCODER_APART, NOT_SERVED
from opsdecl.sizing.engines import COUNTED_BY_BATCH_SINCE, EngineRules, encoder_releases, parse_version, rules_for
from opsdecl.sizing.formats import WIDTH
from opsdecl.sizing.types import GIB, Effective, Range, Request

ROWS = 4
"""Rows of the encoder's width that live in one of its layers: input, residual, two of queries, keys and values."""
BLOCK_ROWS = {"audio": 2, "text": 2, "images": 3}
"""Rows of the block's width: before and after the activation, and what its own product takes in CLIP's."""
STACKED = 2
"""Hidden states that are read as well are held one by one and stacked."""
DOUBT = (0.7, 1.35)


def tokens_of(request: Request) -> int:
    """Encoder tokens of the largest request; none where images are switched off."""
    encoder = request.architecture.encoder
    if encoder is None or (encoder.reads == "images" and not request.settings.images):
        return 0
    return encoder.tokens


def counted_tokens(request: Request, rules: EngineRules, effective: Effective) -> int:
    """Encoder tokens with which the check at start-up and the printed concurrency reckon.

    Since 0.13 they are the tokens of a batch, whatever the model's encoder takes; a request is then given fewer blocks.
    """
    tokens = tokens_of(request)
    if tokens and rules.version >= COUNTED_BY_BATCH_SINCE:
        return effective.max_num_batched_tokens
    return tokens


def profiled_tokens(request: Request, rules: EngineRules, effective: Effective) -> int:
    """Tokens that are encoded at once while the engine profiles itself, padding included.

    V0 gives each sequence an input of its own; V1 fills a batch of tokens with whole inputs, and until 0.12 takes one.
    """
    encoder = request.architecture.encoder
    if encoder is None or not tokens_of(request):
        return 0
    if encoder.reads == "text":
        return effective.max_num_batched_tokens
    if rules.generation == "v0":
        return encoder.computed * effective.max_num_seqs
    most = effective.max_num_batched_tokens if rules.version >= COUNTED_BY_BATCH_SINCE else encoder.tokens
    return encoder.computed * max(1, min(most // max(1, encoder.tokens), effective.max_num_seqs))


def encoding_peak(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """GiB of one rank while inputs are encoded."""
    encoder = request.architecture.encoder
    if encoder is None:
        return Range(0, 0, 0)
    tokens, width = profiled_tokens(request, rules, effective), WIDTH.get(effective.dtype, 2)
    rows = (ROWS + STACKED * encoder.states) * encoder.hidden
    block = BLOCK_ROWS[encoder.reads] * encoder.inner / request.settings.tensor
    pairs = encoder.computed if encoder.masked else 0
    point = tokens * (rows + block + pairs) * width / GIB
    return Range(DOUBT[0] * point, point, DOUBT[1] * point)


def encoded_gib(request: Request, rules: EngineRules, effective: Effective) -> float:
    """GiB of what was encoded, while the decoder runs: a row of the decoder's width, and a layer's keys and values."""
    mixer = request.architecture.attention
    if request.architecture.encoder is None or mixer is None:
        return 0.0
    keys = mixer.kv_heads * (mixer.head_dim + mixer.value_dim) / request.settings.tensor
    tokens, width = profiled_tokens(request, rules, effective), WIDTH.get(effective.dtype, 2)
    return tokens * (request.architecture.hidden + keys) * width / GIB


def encoder_findings(request: Request) -> Iterator[Diagnostic]:
    """Releases that do not serve the family, and what the engine does not combine with an encoder."""
    architecture, version = request.architecture, parse_version(request.engine)
    releases = encoder_releases(architecture)
    if releases is None:
        return
    if version is not None and not releases.serves(version):
        message = f"`{request.engine}` does not serve `{releases.name}`, an encoder-decoder model: {releases.said} do"
        hint = f"take vllm=={releases.nearest(version)}" + ("" if releases.last else " or a later one")
        hint = f"{hint}; {releases.instead}" if releases.instead and version > releases.since else hint
        yield Diagnostic(NOT_SERVED, message, hint=hint)
    generation, batch = rules_for(request).generation, request.settings.max_num_batched_tokens
    whole = tokens_of(request)
    if generation == "v1" and batch is not None and batch < whole:
        message = f"a batch of {batch:,} tokens does not hold one input of `{releases.name}`, which is encoded whole"
        yield Diagnostic(ENCODER_APART, message, hint=f"set max-num-batched-tokens to {whole} or more")
    if request.settings.pipeline > 1:
        message = f"vLLM cannot spread `{releases.name}` over {request.settings.pipeline} pipeline stages"
        yield Diagnostic(ENCODER_APART, message, hint="set pipeline-parallel-size to 1, and raise tensor-parallel-size")
    if request.settings.drafting is not None and generation == "v0":
        message = f"vLLM's first engine, which serves `{releases.name}`, cannot guess ahead for it"
        yield Diagnostic(ENCODER_APART, message, hint="leave speculative-config out")
