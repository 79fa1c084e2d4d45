#!/usr/bin/env bash
# What jobs run, each in an environment of its own below the tools: the validation library of datasets' checks
# (checks.txt), the optimiser of searches (tuning.txt). Nothing to do where they are there as these files pin them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
mkdir -p "$TOOLS"
exec 9>"$TOOLS/.lock"
flock 9
for name in checks tuning; do
  wanted=$(sha256sum <"$here/$name.txt")
  [ "$(cat "$TOOLS/$name/.built" 2>/dev/null)" != "$wanted" ] || continue
  echo "$name: installing"
  rm -rf "${TOOLS:?}/${name:?}"
  "${PYTHON:-python3}" -m venv "$TOOLS/$name"
  "$TOOLS/$name/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/$name.txt"
  echo "$wanted" >"$TOOLS/$name/.built"
done
