#!/usr/bin/env bash
# The custom resource definitions of other projects, out of the Go modules that crds.tsv pins with their sums.
#
#   crds.sh fetch [NAME]...               copy them to $OPSDECL_TOOLS/crds/NAME/
#   crds.sh apply KUBECONFIG [NAME]...    apply them and wait until they are established
#
# Default: every NAME in crds.tsv. OPSDECL_TOOLS is as in build.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin

# field NAME: the value of a string in Go's indented JSON
field() { sed -n "s/.*\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"; }

fetch() {
  local name=$1 module sum globs said got target=$TOOLS/crds/$1 glob f
  IFS=$'\t' read -r _ module sum globs < <(awk -F'\t' -v n="$name" '$1 == n' "$here/crds.tsv") || die "no $name in crds.tsv"
  if [ "$(cat "$target/.module" 2>/dev/null)" = "$module $sum" ]; then return; fi
  command -v go >/dev/null || die "no go command found: install Go (https://go.dev/dl), then run 'make tools' again"
  # The sum is pinned here, so the checksum database (which lacks some of these) need not be asked.
  said=$(cd / && GOFLAGS='' GOWORK=off GONOSUMDB='*' go mod download -json "$module") || die "$module: $(field Error <<<"$said")"
  got=$(field Sum <<<"$said")
  [ "$got" = "$sum" ] || die "$module: its sum is $got, $sum was expected"
  rm -rf "${TOOLS:?}/crds/${name:?}"
  mkdir -p "$target"
  for glob in $globs; do
    # The pattern is expanded on purpose.
    # shellcheck disable=SC2231
    for f in "$(field Dir <<<"$said")"/$glob; do
      if grep -q '^kind: CustomResourceDefinition' "$f"; then install -m 644 "$f" "$target/"; fi
    done
  done
  ls "$target"/*.yaml >/dev/null || die "$module: nothing matches $globs"
  echo "$module $sum" >"$target/.module"
  echo "crds $name: $(find "$target" -name '*.yaml' | wc -l) files of $module"
}

# kubectl wait gives up on an object that has no conditions yet.
established() {
  local i
  for ((i = 0; i < 100; i++)); do
    "${kubectl[@]}" get "${from[@]}" -o 'jsonpath={range .items[*]}{.status.conditions[0].type}{"\n"}{end}' |
      grep -qx '' || break
    sleep 0.2
  done
  "${kubectl[@]}" wait --for=condition=Established --timeout=120s "${from[@]}" >/dev/null
}

apply() {
  # kubectl caches discovery per port, and local clusters get the ports of earlier ones: one cache per kubeconfig.
  local kubectl=("$TOOLS/k8s/kubectl" --kubeconfig "$1" --cache-dir "$(dirname "$1")/cache") name from=()
  shift
  for name in "$@"; do
    [ -f "$TOOLS/crds/$name/.module" ] || die "$name is not there: run 'tools/crds.sh fetch $name'"
    from+=(-f "$TOOLS/crds/$name")
  done
  # Server-side: several are larger than the annotation that client-side apply writes.
  "${kubectl[@]}" apply --server-side "${from[@]}"
  established
}

verb=${1:-}
kubeconfig=
case $verb in
  fetch) shift ;;
  apply) kubeconfig=${2:-}; shift 2 || usage ;;
  *) usage ;;
esac
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(awk -F'\t' '!/^#/ { print $1 }' "$here/crds.tsv")
case $verb in
  fetch)
    mkdir -p "$TOOLS/crds"
    exec 9>"$TOOLS/crds/.lock"
    flock 9
    for n in "${names[@]}"; do fetch "$n"; done
    ;;
  apply) apply "$kubeconfig" "${names[@]}" ;;
esac
