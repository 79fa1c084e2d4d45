#!/usr/bin/env bash
# What jobs run, each in an environment of its own below the tools: the validation library of datasets' checks
# (checks.txt), the optimiser of searches (tuning.txt), what tables are trained on (tables.txt), the library of
# attributions (shap.txt). `checks.sh torch` installs what PyTorch models are explained with (torch.txt), which is
# large and so no part of the tools. Nothing to do where they are there as these files pin them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
mkdir -p "$TOOLS"
exec 9>"$TOOLS/.lock"
flock 9
for name in ${*:-checks tuning tables shap}; do
  wanted=$(sha256sum <"$here/$name.txt")
  [ "$(cat "$TOOLS/$name/.built" 2>/dev/null)" != "$wanted" ] || continue
  echo "$name: installing"
  rm -rf "${TOOLS:?}/${name:?}"
  "${PYTHON:-python3}" -m venv "$TOOLS/$name"
  "$TOOLS/$name/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/$name.txt"
  echo "$wanted" >"$TOOLS/$name/.built"
done

[ $# = 0 ] || exit 0
# Where measures of Monitors push to. Its Go module is not offered by every proxy, the distribution's package is.
if [ ! -x "$TOOLS/bin/pushgateway" ]; then
  if found=$(command -v pushgateway || command -v prometheus-pushgateway); then
    mkdir -p "$TOOLS/bin"
    ln -sfn "$found" "$TOOLS/bin/pushgateway"
  elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    echo "pushgateway: unpacking the distribution's package"
    work=$(mktemp -d)
    if (
      cd "$work"
      apt-get -qq download prometheus-pushgateway || { apt-get -qq update && apt-get -qq download prometheus-pushgateway; }
      dpkg-deb -x prometheus-pushgateway_*.deb .
    ); then
      install -D -m 755 "$work/usr/bin/prometheus-pushgateway" "$TOOLS/bin/pushgateway"
    else
      echo "pushgateway: not to be had here; its tests are skipped" >&2
    fi
    rm -rf "${work:?}"
  fi
fi
