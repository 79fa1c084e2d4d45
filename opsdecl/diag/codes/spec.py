"""OD2xx: the shape of one document."""

from opsdecl.diag.types import Code

UNKNOWN_KIND = Code("OD201", "Unknown kind", "")
UNKNOWN_API_VERSION = Code("OD202", "Unknown apiVersion", "")
UNKNOWN_FIELD = Code("OD203", "Unknown field", "")
MISSING_FIELD = Code("OD204", "Missing field", "")
WRONG_TYPE = Code("OD205", "Wrong type of value", "")
NOT_A_CHOICE = Code("OD206", "Not one of the choices", "")
OUT_OF_RANGE = Code("OD207", "Value out of range", "")
UNKNOWN_BRANCH = Code("OD208", "Unknown type", "")
FIELD_OF_OTHER_BRANCH = Code("OD209", "Field of another type", "")
BAD_DURATION = Code("OD210", "Not a duration", "")
BAD_QUANTITY = Code("OD211", "Not a size", "")
BAD_CPU = Code("OD212", "Not an amount of CPU", "")
BAD_PERCENTAGE = Code("OD213", "Not a percentage", "")
NO_EFFECT = Code("OD214", "Field without effect", "")
BAD_NAME = Code("OD215", "Not a valid name", "")
BAD_IMAGE = Code("OD216", "Not an image reference", "")
BAD_DIGEST = Code("OD217", "Not a digest", "")
BAD_URI = Code("OD218", "Not a usable address", "")
BAD_LABEL = Code("OD219", "Not a valid label", "")
BAD_ENV_NAME = Code("OD220", "Not a valid environment variable name", "")
BAD_VERSION = Code("OD221", "Not a version", "")
EXCLUSIVE_FIELDS = Code("OD222", "Fields that exclude each other", "")
ONE_OF_FIELDS = Code("OD223", "One of several fields is needed", "")
BOUNDS_REVERSED = Code("OD224", "Lower bound above the upper bound", "")
PARALLELISM_MISMATCH = Code("OD225", "Parallelism does not use the GPUs there are", "")
PARALLELISM_WITHOUT_GPU = Code("OD226", "Parallelism without an accelerator", "")
WEIGHTS_CANNOT_COME = Code("OD227", "Offline without weights", "")
CACHE_NOT_SHARED = Code("OD228", "Cache volume that only one node can mount", "")
MUTABLE_TAG = Code("OD229", "Image tag that moves", "")
CARD_INCOMPLETE = Code("OD230", "High risk without a complete card", "")
NO_ROOM_TO_SCALE = Code("OD231", "Scaling target without room to scale", "")
DRAIN_TOO_LONG = Code("OD232", "Drain that nothing waits for", "")
DUPLICATE_ENTRY = Code("OD233", "The same entry twice", "")
RESERVED_VARIABLE = Code("OD234", "Environment variable that opsdecl sets", "")
FLAG_REPEATS_FIELD = Code("OD235", "Engine flag that repeats a field", "")
IMAGE_AND_FORMAT = Code("OD236", "Image and format do not go together", "")
BAD_PATH = Code("OD237", "Not a field path", "")
EMPTY_VALUE = Code("OD238", "Empty value", "")

CODES: tuple[Code, ...] = (
    UNKNOWN_KIND,
    UNKNOWN_API_VERSION,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    WRONG_TYPE,
    NOT_A_CHOICE,
    OUT_OF_RANGE,
    UNKNOWN_BRANCH,
    FIELD_OF_OTHER_BRANCH,
    BAD_DURATION,
    BAD_QUANTITY,
    BAD_CPU,
    BAD_PERCENTAGE,
    NO_EFFECT,
    BAD_NAME,
    BAD_IMAGE,
    BAD_DIGEST,
    BAD_URI,
    BAD_LABEL,
    BAD_ENV_NAME,
    BAD_VERSION,
    EXCLUSIVE_FIELDS,
    ONE_OF_FIELDS,
    BOUNDS_REVERSED,
    PARALLELISM_MISMATCH,
    PARALLELISM_WITHOUT_GPU,
    WEIGHTS_CANNOT_COME,
    CACHE_NOT_SHARED,
    MUTABLE_TAG,
    CARD_INCOMPLETE,
    NO_ROOM_TO_SCALE,
    DRAIN_TOO_LONG,
    DUPLICATE_ENTRY,
    RESERVED_VARIABLE,
    FLAG_REPEATS_FIELD,
    IMAGE_AND_FORMAT,
    BAD_PATH,
    EMPTY_VALUE,
)
