"""OD766, OD767: encoder-decoder models, and releases of the engine that serve them."""

from opsdecl.diag.types import Code

NOT_SERVED = Code(
    "OD766",
    "The release does not serve this kind of model",
    "Encoder-decoder models were served by vLLM's first engine until 0.10.2; since then it serves Whisper alone, and "
    "few that came later. Of some families there has never been a release that serves them. The message names the "
    "releases that do.\n\n"
    "Take one of these releases, another model, or another engine.",
    "runtime: {version: 0.33.0}   # model: meta-llama/Llama-3.2-11B-Vision-Instruct",
)
ENCODER_APART = Code(
    "OD767",
    "Not possible for encoder-decoder models",
    "vLLM splits encoder-decoder models over GPUs by tensors alone and refuses pipeline stages for them. Its first "
    "engine refuses speculative decoding as well, its second a batch of tokens that is smaller than one input of the "
    "encoder, which is always encoded whole.\n\n"
    "Take tensor parallelism and a batch that is large enough, and leave out what is refused.",
    "parallelism: {pipeline: 2}   # model: openai/whisper-large-v3",
)

CODES: tuple[Code, ...] = (NOT_SERVED, ENCODER_APART)
