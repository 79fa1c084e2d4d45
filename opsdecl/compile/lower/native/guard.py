"""How a run knows that its work is done: a marker of its key beside what it wrote, whoever started it again."""

from collections.abc import Sequence
from typing import Any

RUNS = ".runs"
"""Folder of the markers, at the root of the volume that the work goes to."""

GUARD = """\
marker=$1; shift
[ -z "$JOB_COMPLETION_INDEX" ] || marker=$marker.$JOB_COMPLETION_INDEX
if [ -e "$marker" ]; then echo "done before: $marker"; exit 0; fi
mkdir -p "$(dirname "$marker")" || exit 1
"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT
wait "$child"; code=$?
# A signal ends the wait before it ends the work, which may save what it has.
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
[ "$code" -ne 0 ] || : > "$marker" || exit 1
exit "$code"
"""

WAIT = """\
marker=$1; count=$2; number=0
while [ "$number" -lt "$count" ]; do
  file=$marker; [ "$count" -eq 1 ] || file=$marker.$number
  until [ -e "$file" ]; do echo "waiting for $file"; sleep 10; done
  number=$((number + 1))
done
"""

FIRST = """\
while [ "$1" != -- ]; do
  marker=$1; count=$2; number=0; shift 2
  while [ "$number" -lt "$count" ]; do
    file=$marker; [ "$count" -eq 1 ] || file=$marker.$number
    until [ -e "$file" ]; do echo "waiting for $file"; sleep 10; done
    number=$((number + 1))
  done
done
shift; exec "$@"
"""


def model_folder(key: str) -> str:
    """Of the model that a run of a training makes, below the root of its volume."""
    return f"{key}/model"


FOR_ALL = """\
marker=$1; count=$2; shift 2
JOB_COMPLETION_INDEX=0; export JOB_COMPLETION_INDEX
"$@" || exit $?
number=1
while [ "$number" -lt "$count" ]; do : > "$marker.$number" || exit 1; number=$((number + 1)); done
"""


def guarded(marker: str, command: Sequence[Any]) -> list[Any]:
    """The command, which does nothing where its marker is there, and leaves it where it ends well."""
    return ["/bin/sh", "-c", GUARD, "run", marker, *command]


def unguarded(command: Sequence[Any]) -> list[Any]:
    """What a guarded command does where its marker is not there."""
    return list(command[5:])


def waiting(marker: str, count: int) -> list[Any]:
    """A command that ends once the markers of all `count` pods are there."""
    return ["/bin/sh", "-c", WAIT, "wait", marker, str(count)]


def waiting_first(markers: Sequence[str], command: Sequence[Any]) -> list[Any]:
    """The command, once all markers are there: pairs of a path and a count. For pods that take no init container."""
    return ["/bin/sh", "-c", FIRST, "first", *markers, "--", *command] if markers else list(command)


def guarded_for_all(marker: str, count: int, command: Sequence[Any]) -> list[Any]:
    """A guarded command that one of `count` pods runs for all, and that leaves the markers of all."""
    once = guarded(marker, command)
    return ["/bin/sh", "-c", FOR_ALL, "all", marker, str(count), *once] if count > 1 else once
