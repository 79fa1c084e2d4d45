"""Shell sessions, byte for byte what people see."""

from pathlib import Path

import pytest

from tests.support.golden import expect_file
from tests.support.transcript import Transcript, all_transcripts, play


def _parameters() -> list[object]:
    return [
        pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.slow else []) for each in all_transcripts()
    ]


@pytest.mark.parametrize("transcript", _parameters())
def test_transcript(transcript: Transcript, tmp_path: Path) -> None:
    expect_file(play(transcript, tmp_path), transcript.output)
