"""Source text of plain data: it says the same data, and `ruff format` leaves it as it is."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdecl.targets.pulumi.ejecting.literals import literal

TEXTS = st.one_of(
    st.text(max_size=30), st.text(alphabet="ab \n\"'\\{}\t", max_size=60), st.text(alphabet="abc ", min_size=80)
)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(0.001, 0.999))
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda each: st.one_of(st.lists(each, max_size=5), st.dictionaries(TEXTS, each, max_size=5)),
    max_leaves=12,
)


@given(rows=st.lists(DATA, min_size=1, max_size=8))
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_it_is_the_same_data_in_the_usual_format(tmp_path_factory: Any, rows: list[Any]) -> None:
    texts = [f"value = {literal(row, 0, len('value = '))}\n" for row in rows]
    assert [ast.literal_eval(text.removeprefix("value = ")) for text in texts] == rows
    file: Path = tmp_path_factory.mktemp("source") / "source.py"
    file.write_text("\n".join(texts), "utf-8", newline="")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
