"""OD870 and following: what is looked after, and proposed."""

from opsdecl.diag.types import Code, Severity

CANNOT_FOLLOW = Code(
    "OD870",
    "Nothing tells whether this has moved",
    "A Maintenance lets a pin follow its source, and of this one nobody can ask for the newest version: only model "
    "hubs and git repositories name a commit for a branch, and only engines whose releases are known have a next "
    "one.\n\n"
    "Follow something that can be asked, or let whoever writes the data propose its new digest.",
    "kind: Maintenance\nspec: {data: [{dataset: claims}]}   # whose source is s3",
)
UNKNOWN_ALERT = Code(
    "OD871",
    "Alert that nobody raises",
    "A training is to be run once more when an alert is raised, and the Monitor has no such alert, or nothing says "
    "which Alertmanager or Monitor to ask. It would never happen, and nobody would notice.\n\n"
    "Name an alert of the Monitor, the Monitor, and the Alertmanager that it reports to.",
    "retrain: [{training: tune, monitor: chat, alerts: [InputsDrfit]}]",
)
LIFE_ENDS = Code(
    "OD872",
    "End of life",
    "A Maintenance says until when a model should serve, and that day is near or over. A plan warns; after the day it "
    "has an error where `endOfLife.then` is `refuse`.\n\n"
    "Replace the model, or move the date with a reason that reviewers can read.",
    "endOfLife: {date: '2026-11-30', llms: [chat], then: refuse}",
    Severity.WARNING,
)
NOT_ASKED = Code(
    "OD873",
    "Whether it moved could not be asked",
    "A source, a hub or an Alertmanager gave no answer. What depends on it was left out; everything else was looked "
    "at.\n\n"
    "Try again; then check the address, the network, and who may read there.",
    "opsdecl propose Maintenance.claims --env prod   # while the git server is away",
)
NO_MAINTENANCE = Code(
    "OD874",
    "No Maintenance of this name",
    "`opsdecl propose` looks after what a Maintenance names, and the environment has no such document.\n\n"
    "Name it with its kind, such as `Maintenance.claims`; `opsdecl graph` lists what an environment has.",
    "opsdecl propose Maintenance.clames --env prod",
)
IMAGE_WITHOUT_VERSION = Code(
    "OD875",
    "Image that does not tell its version",
    "A newer release of the engine is known, and the tag of the Runtime's image does not hold the version, so nobody "
    "can tell which image has it.\n\n"
    "Move version and image by hand, or name images by the engine's version.",
    "kind: Runtime\nspec: {engine: vllm, version: '0.33.0', image: 'registry.test/vllm:stable'}",
    Severity.WARNING,
)
BAD_TIME = Code(
    "OD876",
    "Not a time",
    "A schedule, a time of day or a day of the calendar is not written as one.\n\n"
    "Schedules are those of cron with five numbers or `*`, times are `08:00`, days are `'2027-03-31'` in quotes.",
    'schedule: "every monday"',
)

CODES: tuple[Code, ...] = (
    CANNOT_FOLLOW,
    UNKNOWN_ALERT,
    LIFE_ENDS,
    NOT_ASKED,
    NO_MAINTENANCE,
    IMAGE_WITHOUT_VERSION,
    BAD_TIME,
)
