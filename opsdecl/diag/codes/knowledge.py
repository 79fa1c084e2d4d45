"""OD7xx: catalogue, engines, sizing."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_MODEL = Code(
    "OD701",
    "Model is not in the catalogue",
    "`model` as plain text names an entry of the catalogue, which knows where the weights are, how large they are "
    "and under which licence. There is no such entry.\n\n"
    "Correct the name (`opsdecl catalog list models`), add an entry to the project (`opsdecl catalog add "
    "hf://org/name`), or say where the weights are: `model: {uri: 'hf://org/name', revision: <commit>, weights: "
    "15Gi}`.",
    "spec:\n  model: lama-3.1-8b-instruct",
)
UNKNOWN_GPU = Code(
    "OD702",
    "GPU is not in the catalogue",
    "`accelerator.gpu` and `capacity.pools.*.gpu` name an entry of the catalogue, which knows memory, bandwidth and "
    "the resource that Kubernetes schedules by.\n\n"
    "Correct the name, or add the GPU to `catalog/gpus.yaml` of the project.",
    "accelerator: {gpu: h100, count: 1}   # h100-80gb",
)
INVALID_CATALOG = Code(
    "OD703",
    "Catalogue file cannot be used",
    "A file in `catalog/` of the project adds entries to the built-in tables or replaces them. It must be a mapping "
    "with `models`, `gpus` or `nodes`, and each entry needs the facts that the tool reckons with, of the right kind, "
    "and names only entries that there are.\n\n"
    "Correct the entry that the message names; `asOf` and `source` say when and from where a number is.",
    "models:\n  acme-chat: {uri: 'hf://acme/chat', weightsGiB: fifteen}",
)
LICENSE_DIFFERS = Code(
    "OD704",
    "Licence in the card differs from the catalogue",
    "`card.license` tells readers under which terms the model is used. The catalogue knows another licence for these "
    "weights, so one of the two is wrong.\n\n"
    "Correct the card, or override the catalogue entry with the licence that you have agreed.",
    "card: {license: apache-2.0}   # llama3.1 in the catalogue",
    Severity.WARNING,
)
GATED_WITHOUT_TOKEN = Code(
    "OD705",
    "Gated model without a token",
    "The hub hands out these weights only to accounts that accepted the licence, so a download without a token "
    "fails at start-up.\n\n"
    "Name the secret that holds a token: `weights: {source: {type: hub, token: {secret: hf-token, key: token}}}`, or "
    "take the weights from a claim, an image or a bucket.",
    "spec:\n  model: llama-3.1-8b-instruct",
    Severity.WARNING,
)

ENGINE_VERSION_NOT_READ = Code(
    "OD710",
    "Release of the engine is outside of the tables",
    "Flags are checked against tables that were read from the engine's own releases. This version is newer or older "
    "than all of them, so flags are compared with the nearest release, and what does not match is only a warning.\n\n"
    "Check the engine's release notes for what the tables cannot know, or use a release that they cover.",
    'kind: Runtime\nspec: {engine: vllm, version: "1.4.0"}',
    Severity.NOTE,
)
UNKNOWN_FLAG = Code(
    "OD711",
    "Engine has no such flag",
    "The engine refuses to start with a flag that it does not know, so every replica would end in a crash loop.\n\n"
    "Correct the name. Flags are written as the engine writes them in full, without the dashes in front.",
    "args: {max-lora-rnak: 64}",
)
FLAG_REMOVED = Code(
    "OD712",
    "Flag was removed from the engine",
    "Earlier releases of the engine had this flag; the one that the Runtime names refuses to start with it.\n\n"
    "Do what the hint says: remove the flag, or write what took its place. It came up because the Runtime's version "
    "was raised? Then every model on that Runtime is checked, and each flag is reported where it is written.",
    "args: {swap-space: 8}   # gone from vLLM 0.18",
)
FLAG_NOT_YET = Code(
    "OD713",
    "Flag comes with a later release of the engine",
    "A later release of the engine has this flag; the one that the Runtime names refuses to start with it.\n\n"
    "Raise the version and the image of the Runtime, or remove the flag.",
    "args: {eplb-config: {window_size: 1000}}   # not before vLLM 0.10.2",
)
FLAG_CONFLICT = Code(
    "OD714",
    "Flag is given twice",
    "A flag and its opposite (`enable-x` and `no-enable-x`), or two names of one flag, would both reach the engine, "
    "and the last one wins, in an order that nobody chose.\n\n"
    "Keep one of the two. A document overrides the flag of its Runtime by writing the same name.",
    "args: {enable-lora: true, no-enable-lora: true}",
)
FLAG_VALUE = Code(
    "OD715",
    "Flag takes another kind of value",
    "The engine's parser refuses this value, so the engine would not start.\n\n"
    "Write the value as the hint says. Mappings are passed as JSON, lists as several values; true and false stand for "
    "the flag alone and its opposite.",
    "args: {max-loras: many}",
)
FLAG_CHOICE = Code(
    "OD716",
    "Engine does not offer this choice",
    "The flag takes one of a fixed set of values in this release of the engine, and the set changes between releases."
    "\n\n"
    "Use one of the values that the hint lists, or a Runtime whose version has the one that you need.",
    "parsers: {tool: lama3_json}",
)
FLAG_DEPRECATED = Code(
    "OD717",
    "Flag is deprecated",
    "The engine still takes this flag and says that a later release will not.\n\n"
    "Write what took its place while both work, so that raising the version is not what breaks it.",
    "args: {disable-cascade-attn: true}   # vLLM 0.33",
    Severity.WARNING,
)

ADAPTER_OTHER_BASE = Code(
    "OD720",
    "Adapter belongs to another model",
    "An adapter changes the matrices of the model that it was trained on. On a model of another shape the engine "
    "refuses to load it, and with it to start; on another model of the same shape it loads and answers badly.\n\n"
    "Serve the adapter's base, or name an adapter of the model that is served. Where both models have one shape, or a "
    "shape is not known, this is a warning.",
    "kind: Adapter\nspec: {base: llama-3.1-8b-instruct}   # loaded by an LLM of qwen3-8b",
)
ADAPTER_RANK = Code(
    "OD721",
    "Rank of the adapter is beyond what the engine takes",
    "An engine reserves memory for adapters when it starts, up to a rank. One that is larger is refused, and a static "
    "adapter that is refused keeps the whole engine from starting.\n\n"
    "Raise `max-lora-rank` or leave it out, so that it follows the adapters; beyond the engine's own limit, train the "
    "adapter with a lower rank.",
    "kind: Adapter\nspec: {rank: 64}   # engine: {args: {max-lora-rank: 16}}",
)
ADAPTER_TARGET = Code(
    "OD722",
    "Adapter changes a module that its base does not have",
    "`targets` lists the modules that the adapter changes, as its adapter_config.json has them. The base has no module "
    "of that name, so the list or the base is wrong.\n\n"
    "Copy `target_modules` of the adapter.",
    "targets: [qproj]",
)
ADAPTER_NOT_LOADED = Code(
    "OD723",
    "Adapter cannot be loaded here",
    "The model names an adapter, and nothing in this place could load it: the engine knows no adapters, or the adapter "
    "would have to come from a hub that must not be asked.\n\n"
    "Use an engine that loads adapters, or put the adapter on a volume or into an image.",
    "spec:\n  runtime: custom\n  adapters: [legal]",
)

SHARED_GPU = Code(
    "OD724",
    "Model does not go with a GPU that pods share",
    "In a pool with `sharing`, several pods take turns on each GPU. Turns have no path to each other's memory, so that "
    "a model cannot be split over them; and nothing keeps the memory of the pods apart, so that the first engine takes "
    "what it was told and the next finds too little.\n\n"
    "Take whole GPUs or slices (MIG), or give each engine its part with `engine.gpuMemoryUtilization`.",
    "pools: {small: {gpu: l4, nodes: 1, gpusPerNode: 4, sharing: 4}}   # engine: {gpuMemoryUtilization: 0.9}",
)
SHARED_MEMORY = Code(
    "OD725",
    "Shared memory of the pod is of the wrong size",
    "`resources.sharedMemory` is the size of /dev/shm. GPUs of one model talk through it, and fail at start-up or "
    "later where it is too small; what is in it counts against the pod's memory.\n\n"
    "Leave the field out, so that the size follows the number of GPUs, or correct one of the two.",
    "resources: {memory: 64Gi, sharedMemory: 64Mi}   # accelerator: {count: 4}",
)

INCOMPLETE_CONFIG = Code(
    "OD750",
    "Configuration does not describe a model",
    "Sizing reads the `config.json` that is published with the weights: layers, widths, heads and vocabulary. "
    "Facts without which nothing can be reckoned are missing, or cannot be.\n\n"
    "Take the file that is published beside the weights, whole. For a vision-language model the language model's "
    "facts are in `text_config`.",
    "opsdecl size --config ./config.json --gpu h100-80gb",
)
UNKNOWN_FAMILY = Code(
    "OD751",
    "Family of models is not known to sizing",
    "The `model_type` of this configuration is not one whose layers sizing has been taught. It is reckoned as a "
    "decoder like Llama, which may be off by a lot, so every range is wider.\n\n"
    "Take the figures as rough. Where the engine has started this model before, compare with what it printed.",
    '{"model_type": "acme_moe_3"}',
    Severity.WARNING,
)
HEADS_NOT_DIVISIBLE = Code(
    "OD752",
    "Attention heads cannot be split over the GPUs",
    "Tensor parallelism gives each GPU the same number of attention heads, so their number must be a multiple of "
    "the tensor-parallel size. The engine refuses to start otherwise.\n\n"
    "Choose a tensor-parallel size that divides the heads; the message names those that do.",
    "parallelism: {tensor: 8}   # 28 heads",
)
KV_HEADS_NOT_DIVISIBLE = Code(
    "OD753",
    "Key and value heads cannot be split over the GPUs",
    "With at least as many key and value heads as GPUs, their number must be a multiple of the tensor-parallel "
    "size; with fewer, the size must be a multiple of their number, and each GPU holds a copy.\n\n"
    "Choose another tensor-parallel size; the message names those that work.",
    "parallelism: {tensor: 6}   # 8 key and value heads",
)
FEED_NOT_DIVISIBLE = Code(
    "OD754",
    "Feed-forward block cannot be split over the GPUs",
    "Each GPU takes an equal slice of the feed-forward block, or of every expert, so its width must be a multiple"
    " of the tensor-parallel size.\n\n"
    "Choose another tensor-parallel size, or expert parallelism for a mixture of experts.",
    "parallelism: {tensor: 16}   # width 4864",
)
BLOCKS_NOT_DIVISIBLE = Code(
    "OD755",
    "Quantised blocks do not fit the slices of the GPUs",
    "Weights are quantised in blocks or groups, and the kernels ask that the slice of each GPU is a whole number "
    "of them. It is not at this tensor-parallel size.\n\n"
    "Choose a smaller tensor-parallel size, expert parallelism for a mixture of experts, or a checkpoint with "
    "smaller groups.",
    "parallelism: {tensor: 8}   # experts of 1536 in blocks of 128",
)
CAPABILITY_TOO_LOW = Code(
    "OD756",
    "GPU cannot run this number format",
    "A quantisation method or number format needs a compute capability that this GPU does not have. The engine "
    "refuses to start, or the format is not supported there. The same is said of formats that the release no "
    "longer reads: GGUF since vLLM 0.24, bitsandbytes since 0.29.\n\n"
    "Choose another GPU, another quantisation, or `dtype: float16` on GPUs before Ampere.",
    "engine: {dtype: bfloat16}   # on a t4",
)
DOES_NOT_FIT = Code(
    "OD757",
    "Model does not fit the GPU",
    "Weights, activations and one request of the longest context need more memory than the engine may take, even "
    "at the optimistic end of the estimate. The engine would refuse to start, or run out of memory while it does.\n\n"
    "Take one of the remedies that the report lists, cheapest first; each was checked with the same arithmetic.",
    "opsdecl size --model llama-3.1-70b-instruct --gpu h100-80gb",
)
TIGHT_FIT = Code(
    "OD758",
    "Model may not fit the GPU",
    "One request of the longest context fits at the optimistic end of the estimate and not at the pessimistic "
    "one. Whether the engine starts depends on details that cannot be known offline.\n\n"
    "Leave more room: a shorter context, fewer sequences, or one of the remedies that the report lists.",
    "opsdecl size --model qwen3-32b --gpu h100-80gb --max-model-len 40960",
    Severity.WARNING,
)
TOO_FEW_GPUS = Code(
    "OD759",
    "More GPUs asked for than there are",
    "Tensor × pipeline parallel size is the number of GPUs that one copy of the model takes; it must not be more "
    "than the GPUs there are, nor may there be more pipeline stages than layers.\n\n"
    "Lower the parallel sizes, or raise the number of GPUs.",
    "opsdecl size --model qwen3-8b --gpu l4 --gpu-count 2 --tensor-parallel 4",
)
UTILIZATION_ABOVE_FREE = Code(
    "OD760",
    "Engine is told to take more memory than is free",
    "A part of the GPU's memory is taken before the engine starts: the driver, and the context of each process. "
    "The engine refuses to start where its share is more than what is free.\n\n"
    "Lower `gpuMemoryUtilization`; 0.95 is the highest that works in general.",
    "engine: {gpuMemoryUtilization: 0.99}",
    Severity.WARNING,
)
CONTEXT_TOO_LONG = Code(
    "OD761",
    "Context is longer than the model's",
    "The longest context that the model was made for is shorter than the one asked for. The engine refuses to "
    "start, unless it is told that this is meant.\n\n"
    "Lower `maxModelLen`, or configure the scaling of positions that the model's card describes.",
    "engine: {maxModelLen: 131072}   # 40960",
    Severity.WARNING,
)
PARALLEL_OVER_SLICES = Code(
    "OD762",
    "Tensor parallelism over slices of a GPU",
    "Slices of a GPU (MIG) have no path to each other's memory, so that a model cannot be split over them.\n\n"
    "Take one larger slice, or whole GPUs.",
    "accelerator: {gpu: 'a100-80gb:3g.40gb', count: 2}",
)
UNKNOWN_ENGINE = Code(
    "OD763",
    "Engine is not known to sizing",
    "Sizing reckons as vLLM does, per release. Of a release that it does not know, the rules of the nearest one are "
    "taken. Another engine has an arithmetic of its own and is refused.\n\n"
    "Name the engine as `vllm==0.15.1`. Take the figures of a release that is not known as rough.",
    "opsdecl size --engine vllm==latest",
    Severity.WARNING,
)
UNKNOWN_QUANTIZATION = Code(
    "OD764",
    "Quantisation is not known to sizing",
    "How many bytes a weight takes depends on the quantisation. This name or configuration does not tell, so the "
    "range is wide.\n\n"
    "Name a method with its width (`awq`, `gptq`, `fp8`, `w8a8`, `nvfp4`), or give the `config.json` of the "
    "quantised checkpoint.",
    "engine: {quantization: compressed-tensors}",
    Severity.WARNING,
)
GRAPHS_WITHOUT_ROOM = Code(
    "OD765",
    "CUDA graphs may not find room",
    "Releases before 0.20 capture CUDA graphs after the KV cache has been allocated, out of the memory that "
    "utilisation leaves over. There may not be enough of it.\n\n"
    "Lower `gpuMemoryUtilization`, or set `enforceEager`.",
    "engine: {gpuMemoryUtilization: 0.98}   # vllm 0.11.0",
    Severity.WARNING,
)
UNKNOWN_METRIC = Code(
    "OD790",
    "No such metric",
    "No release of the engine that was read has a metric of this name, nor has its server. An alert over a metric "
    "that is not there is never raised, and nobody notices.\n\n"
    "Correct the name; `opsdecl catalog` says which releases were read. Where another program offers the metric, name "
    "it in `exporter`.",
    "alerts:\n  - {name: RequestsWait, metric: vllm:num_request_waiting, above: 50}",
)
METRIC_REMOVED = Code(
    "OD791",
    "A metric that is gone",
    "Earlier releases of the engine had the metric, and the one that the watched model runs has it no longer. The "
    "alert would stay silent for ever.\n\n"
    "Use the metric that took its place.",
    "alerts:\n  - {name: CacheFull, metric: vllm:gpu_cache_usage_perc, above: 0.95}   # gone since vLLM 0.12",
)
METRIC_NOT_YET = Code(
    "OD792",
    "A metric of later releases",
    "The metric exists, and the release of the engine that the watched model runs does not have it yet.\n\n"
    "Raise the version of the Runtime, or use a metric that this release has.",
    "alerts:\n  - {name: Rejected, metric: vllm:admission_rejections_total, statistic: rate, over: 5m, above: 1}",
)
METRIC_STATISTIC = Code(
    "OD793",
    "The metric has no such statistic",
    "Percentiles are told from histograms, rates and increases from counters, and values, averages and extremes from "
    "gauges. The value of a counter only grows, so a bound on it says how old the process is.\n\n"
    "Use a statistic of the hint, or another metric.",
    "alerts:\n  - {name: Slow, metric: vllm:num_requests_waiting, statistic: p95, over: 5m, above: 1}",
)
METRIC_LABEL = Code(
    "OD794",
    "The metric has no such label",
    "No series of the metric has the label, so none would be looked at, and the alert would stay silent.\n\n"
    "Correct the name of the label, or remove it.",
    "labels: {reason: abort}   # it is finished_reason",
)

CODES: tuple[Code, ...] = (
    UNKNOWN_MODEL,
    UNKNOWN_GPU,
    INVALID_CATALOG,
    LICENSE_DIFFERS,
    GATED_WITHOUT_TOKEN,
    ENGINE_VERSION_NOT_READ,
    UNKNOWN_FLAG,
    FLAG_REMOVED,
    FLAG_NOT_YET,
    FLAG_CONFLICT,
    FLAG_VALUE,
    FLAG_CHOICE,
    FLAG_DEPRECATED,
    ADAPTER_OTHER_BASE,
    ADAPTER_RANK,
    ADAPTER_TARGET,
    ADAPTER_NOT_LOADED,
    SHARED_GPU,
    SHARED_MEMORY,
    INCOMPLETE_CONFIG,
    UNKNOWN_FAMILY,
    HEADS_NOT_DIVISIBLE,
    KV_HEADS_NOT_DIVISIBLE,
    FEED_NOT_DIVISIBLE,
    BLOCKS_NOT_DIVISIBLE,
    CAPABILITY_TOO_LOW,
    DOES_NOT_FIT,
    TIGHT_FIT,
    TOO_FEW_GPUS,
    UTILIZATION_ABOVE_FREE,
    CONTEXT_TOO_LONG,
    PARALLEL_OVER_SLICES,
    UNKNOWN_ENGINE,
    UNKNOWN_QUANTIZATION,
    GRAPHS_WITHOUT_ROOM,
    UNKNOWN_METRIC,
    METRIC_REMOVED,
    METRIC_NOT_YET,
    METRIC_STATISTIC,
    METRIC_LABEL,
)
