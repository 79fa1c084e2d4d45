"""How a copy of a folder comes to the disk of a node: whole or not at all, and with the oldest of earlier ones gone."""

from collections.abc import Sequence
from typing import Any

from opsdecl.compile.lower.native.guard import RUNS

COPY = """\
from=$1; root=$2; version=$3; marker=$4; limit=$5; keep=$6
mkdir -p "$root/RUNS" && cd "$root" || exit 1
rm -rf .part
number=0
for old in $(ls -1t); do
  case $old in "$version") continue ;; data-*) number=$((number + 1)) ;; *) continue ;; esac
  [ "$number" -gt "$keep" ] || continue
  echo "removing $old"; rm -rf "RUNS/$old"-* "$old"
done
if [ ! -d "$version" ]; then
  needed=$(du -sk "$from" | cut -f1) || exit 1
  if [ "$needed" -gt "$limit" ]; then echo "the data takes $needed KiB, and cache.size is $limit KiB"; exit 1; fi
  free=$(df -Pk . | tail -n 1 | awk '{print $4}')
  if [ "$needed" -gt "$free" ]; then echo "the data takes $needed KiB, and the disk has room for $free KiB"; exit 1; fi
  cp -R "$from" .part && mv .part "$version" || exit 1
fi
touch "$version" && : > "RUNS/$marker" && echo "$version is there"
""".replace("RUNS", RUNS)
"""Names below `root` are ours and hold no space. `ls -t` has the newest first: what was the current one last."""

STAY = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"


def copying(*, source: str, root: str, version: str, marker: str, limit_kib: int, keep: Any) -> Sequence[Any]:
    """A command that copies the folder `source` to `<root>/<version>`, of at most `limit_kib`."""
    return ["/bin/sh", "-c", COPY, "copy", source, root, version, marker, str(limit_kib), keep]


def staying() -> Sequence[str]:
    """A command that does nothing until it is told to stop."""
    return ["/bin/sh", "-c", STAY]
