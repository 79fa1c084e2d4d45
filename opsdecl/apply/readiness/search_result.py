"""What a search found, as its pods write it: the last message of each pod, and `result.json` on its volume."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SearchTrials(_Part):
    """How trials ended: `stopped` are those that early stopping ended."""

    complete: int = Field(ge=0)
    stopped: int = Field(ge=0)
    failed: int = Field(ge=0)

    @property
    def total(self) -> int:
        return self.complete + self.stopped + self.failed


class BestTrial(_Part):
    """The trial with the best value of the metric; its model lies in `<trial>/model` below the search's folder."""

    trial: int = Field(ge=0)
    value: float
    parameters: Mapping[str, str | int | float | bool | None]


class SearchResult(_Part):
    """What a search came to so far. `best` is absent where no trial is complete."""

    api_version: Literal["opsdecl.dev/v1"] = Field(alias="apiVersion")
    kind: Literal["TuningResult"]
    tuning: str = Field(description="Name of the Tuning.")
    run: str = Field(description="Key of the run.")
    metric: str
    direction: Literal["maximize", "minimize"]
    trials: SearchTrials
    best: BestTrial | None = None

    @property
    def words(self) -> str:
        """`best auc 0.91 of 10 trials with depth 4, rate 0.05`."""
        if self.best is None:
            return "no trial is complete"
        chosen = ", ".join(f"{name} {value}" for name, value in sorted(self.best.parameters.items()))
        return f"best {self.metric} {self.best.value:g} of {self.trials.total} trials with {chosen}"


def search_result_schema() -> dict[str, Any]:
    written = SearchResult.model_json_schema(by_alias=True)
    where = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        **where,
        "$id": "https://opsdecl.dev/schemas/tuning-result.schema.json",
        **written,
        "title": "Result of a search",
    }


def latest_result(messages: Sequence[str]) -> SearchResult | None:
    """Of all messages that pods ended with, the one that knows of most trials; what is no result is passed over."""
    found = [result for text in messages if (result := _read(text)) is not None]
    return max(found, key=lambda result: result.trials.total, default=None)


def _read(text: str) -> SearchResult | None:
    try:
        return SearchResult.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        return None
