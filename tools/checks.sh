#!/usr/bin/env bash
# The validation library that checks of datasets run, in an environment of its own below the tools; nothing to do when
# it is there as tools/checks.txt pins it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
wanted=$(sha256sum <"$here/checks.txt")
mkdir -p "$TOOLS"
exec 9>"$TOOLS/.lock"
flock 9
[ "$(cat "$TOOLS/checks/.built" 2>/dev/null)" != "$wanted" ] || exit 0
echo "checks: installing"
rm -rf "${TOOLS:?}/checks"
"${PYTHON:-python3}" -m venv "$TOOLS/checks"
"$TOOLS/checks/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/checks.txt"
echo "$wanted" >"$TOOLS/checks/.built"
