"""Renders conversations with a chat template: how many it can render, and in how many the system's words survive."""

import hashlib
import json
import os
import sys
from datetime import UTC, datetime

import jinja2


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


started, asked = now(), os.environ["EVALUATION"]
with open(sys.argv[1]) as file:
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(file.read())
with open(sys.argv[2]) as file:
    conversations = [json.loads(line) for line in file]
rendered = kept = 0
for messages in conversations:
    try:
        prompt = template.render(messages=messages)
    except jinja2.TemplateError:
        continue
    rendered += 1
    kept += all(m["content"] in prompt for m in messages if m["role"] == "system")
result = {
    "formatVersion": 1,
    "asked": "sha256:" + hashlib.sha256(asked.encode()).hexdigest(),
    "metrics": {"rendered": rendered / len(conversations), "system_kept": kept / len(conversations)},
    "samples": len(conversations),
    "engine": f"jinja2 {jinja2.__version__}",
    "trust": "real",
    "startedAt": started,
    "finishedAt": now(),
}
with open(os.environ["EVALUATION_RESULT"], "w") as file:
    json.dump(result, file)
