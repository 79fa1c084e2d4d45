#!/usr/bin/env bash
# The real engines that the integration tests run, built from pinned Go modules; nothing to do when they are there.
#
#   build.sh [etcd|kwok|k8s|pulumi|python|provider|prometheus]...    (default: all, in this order)
#   build.sh --check [COMPONENT]...                                   build nothing; say what is missing, exit 1 if anything is
#
# A program on PATH is taken instead when it has exactly the pinned version. The versions are in modules/*/go.mod and
# nowhere else. From nothing: about 35 minutes on two cores, 15 GB of disk while it builds, 0.9 GB afterwards.
#
# Environment:
#   OPSDECL_TOOLS  where the binaries go (default: ${XDG_CACHE_HOME:-~/.cache}/opsdecl/tools)
#   JOBS           compilers at once     (default: number of cores)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
modules=$here/modules
JOBS=${JOBS:-$(nproc)}
SPACE_NEEDED_MB=${SPACE_NEEDED_MB:-4000}
checking= missing_any= prepared=
export CGO_ENABLED=0 GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOWORK=off
export GOFLAGS='-trimpath -buildvcs=false -mod=readonly'
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin

# pinned FOLDER MODULE: the version that modules/FOLDER/go.mod asks for
pinned() {
  awk -v m="$2" '$1 == "require" && $2 == m { print $3; exit } $1 == m { print $2; exit }' "$modules/$1/go.mod"
}

# One Go for all modules: their go.mod files say the least version.
prepare() {
  local have wanted free
  [ -z "$prepared" ] || return 0
  command -v go >/dev/null || die "no go command found: install Go (https://go.dev/dl), then run 'make tools' again"
  have=$(go env GOVERSION) wanted=$(awk '$1 == "go" { print $2 }' "$modules"/*/go.mod | sort -V | tail -n 1)
  [ "$(printf '%s\n' "$wanted" "${have#go}" | sort -V | head -n 1)" = "$wanted" ] ||
    die "Go is ${have#go}, the modules need $wanted or newer"
  free=$(df -Pm "$TOOLS" | awk 'NR == 2 { print $4 }')
  ((free >= SPACE_NEEDED_MB)) || die "$TOOLS has $free MB of free disk, $SPACE_NEEDED_MB MB are needed"
  prepared=yes
}

# begin NAME FOLDER FLAGS FILE...: fails (so: skip) when NAME was built from the same inputs and each FILE is there.
begin() {
  local name=$1 folder=$modules/$2 flags=$3 f missing=
  shift 3
  key=$({ echo "$flags"; cat "$folder"/go.mod "$folder"/go.sum; find "$folder" -name '*.go' -exec cat {} +; } | sha256sum)
  stamp=$TOOLS/.built/$name
  for f in "$@"; do [ -x "$TOOLS/$f" ] || missing=$f; done
  if [ -z "$missing" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
    echo "$name: up to date"
    return 1
  fi
  if [ -n "$checking" ]; then
    echo "$name: missing"
    missing_any=yes
    return 1
  fi
  rm -f "$stamp"
  if borrowed "$@"; then
    end "$name" "found, linked to"
    return 1
  fi
  prepare
  echo "$name: building"
  started=$SECONDS
}

# end NAME HOW: only now does the component count as there
end() {
  echo "$key" >"$stamp"
  echo "$1: $2 ${*:3}"
}

took() { echo "in $((SECONDS - started)) s"; }

# borrowed FILE...: all of them are on PATH in the pinned version; $TOOLS gets links to them
borrowed() {
  local f found=()
  for f in "$@"; do
    found+=("$(of_version "$(basename "$f")")") || return 1
  done
  for f in "$@"; do
    mkdir -p "$(dirname "$TOOLS/$f")"
    ln -sfn "${found[0]}" "$TOOLS/$f"
    found=("${found[@]:1}")
  done
}

# of_version PROGRAM: its path, if what PATH has is the version that is pinned
of_version() {
  local path wanted said
  # Not `command -v`: functions here have the same names.
  path=$(type -P "$1") || return 1
  case $1 in
    etcd) wanted=$(pinned etcd go.etcd.io/etcd/server/v3) said=$("$path" --version) ;;
    kwok | kwokctl) wanted=$(pinned kwok sigs.k8s.io/kwok) said=$("$path" --version) ;;
    kubectl) wanted=$(pinned k8s k8s.io/kubernetes) said=$("$path" version --client) ;;
    kube-*) wanted=$(pinned k8s k8s.io/kubernetes) said=$("$path" --version) ;;
    prometheus | promtool) wanted=$(prometheus_version) said=$("$path" --version 2>&1) ;;
    pulumi) wanted=$(pinned pulumi github.com/pulumi/pulumi/pkg/v3) said=$(PULUMI_SKIP_UPDATE_CHECK=true "$path" version) ;;
    *) return 1 ;;
  esac 2>/dev/null
  grep -qwF -- "${wanted#v}" <<<"${said//v/ }" || return 1
  realpath "$path"
}

# compile FOLDER LDFLAGS TARGET PACKAGE [FLAG...]: build PACKAGE there, then move it to its place at once
compile() {
  local folder=$1 ldflags=$2 target=$TOOLS/$3 package=$4
  shift 4
  mkdir -p "$(dirname "$target")"
  (cd "$folder" && go build -p "$JOBS" -ldflags "-s -w $ldflags" "$@" -o "$target.new" "$package") ||
    die "$package did not build; what is done is kept, 'make tools' goes on from here"
  mv "$target.new" "$target"
}

etcd() {
  begin etcd etcd "" k8s/etcd || return 0
  compile "$modules/etcd" "" k8s/etcd go.etcd.io/etcd/server/v3
  end etcd "built" "$(took)"
}

kwok() {
  local b
  begin kwok kwok "" k8s/kwok k8s/kwokctl || return 0
  for b in kwok kwokctl; do compile "$modules/kwok" "" "k8s/$b" "sigs.k8s.io/kwok/cmd/$b"; done
  end kwok "built" "$(took)"
}

k8s() {
  local v minor p b flags=
  v=$(pinned k8s k8s.io/kubernetes)
  minor=${v#v*.} minor=${minor%%.*}
  # Unstamped servers report v0.0.0-master, which clients refuse.
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $p.gitVersion=$v -X $p.gitMajor=1 -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
  done
  local names=(kube-apiserver kube-controller-manager kube-scheduler kubectl)
  begin k8s k8s "$flags" "${names[@]/#/k8s/}" || return 0
  for b in "${names[@]}"; do compile "$modules/k8s" "$flags" "k8s/$b" "k8s.io/kubernetes/cmd/$b"; done
  end k8s "built" "$(took)"
}

pulumi() {
  local flags
  flags="-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(pinned pulumi github.com/pulumi/pulumi/pkg/v3)"
  begin pulumi pulumi "$flags" bin/pulumi || return 0
  compile "$modules/pulumi" "$flags" bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi -tags osusergo,grpcnotrace
  end pulumi "built" "$(took)"
}

# Pulumi's host of Python programs, which only a program of its own needs, such as one that was ejected. Its own module
# is not to be had from module proxies; the last SDK that held it is, and the protocol has stayed the same.
python() {
  local sdk=github.com/pulumi/pulumi/sdk/v3 folder=$modules/pulumi-python exec=bin/pulumi-language-python-exec source
  begin python pulumi-python "" bin/pulumi-language-python "$exec" || return 0
  compile "$folder" "" bin/pulumi-language-python $sdk/python/cmd/pulumi-language-python
  source=$(cd "$folder" && go list -m -f '{{.Dir}}' $sdk)/python/cmd/pulumi-language-python-exec
  install -m 755 "$source" "$TOOLS/$exec"
  end python "built" "$(took)"
}

provider() {
  local v flags source work target module=github.com/pulumi/pulumi-kubernetes
  # The provider's module has no semantic versions; its SDK's has, and both are pinned to one release.
  v=$(pinned pulumi-kubernetes $module/sdk/v4)
  flags="-X $module/provider/v4/pkg/version.Version=${v#v}"
  target=plugins/resource-kubernetes-$v/pulumi-resource-kubernetes
  begin provider pulumi-kubernetes "$flags" "$target" || return 0
  # main.go embeds two files of the provider's module: build in a copy.
  work=$TOOLS/.work/provider
  rm -rf "${work:?}"
  mkdir -p "$work"
  cp "$modules"/pulumi-kubernetes/{go.mod,go.sum,main.go} "$work/"
  (cd "$work" && go mod download $module/provider/v4)
  source=$(cd "$work" && go list -m -f '{{.Dir}}' $module/provider/v4)/cmd/pulumi-resource-kubernetes
  install -m 644 "$source/schema.json" "$source/terraform-mapping.json" "$work/"
  compile "$work" "$flags" "$target" .
  rm -rf "${work:?}"
  end provider "built" "$(took)"
}

# The module counts differently from the program: v0.313.5 is Prometheus 3.13.5.
prometheus_version() {
  local v
  v=$(pinned prometheus github.com/prometheus/prometheus)
  v=${v#v0.}
  echo "$((${v%%.*} / 100)).$((${v%%.*} % 100)).${v#*.}"
}

prometheus() {
  local b flags tags=remove_all_sd,enable_kubernetes_sd
  flags="-X github.com/prometheus/common/version.Version=$(prometheus_version)"
  begin prometheus prometheus "$flags $tags" bin/promtool bin/prometheus || return 0
  # Pods are found in Kubernetes, and nothing in anybody's cloud: the build is a third of the size.
  for b in promtool prometheus; do
    compile "$modules/prometheus" "$flags" "bin/$b" "github.com/prometheus/prometheus/cmd/$b" -tags "$tags"
  done
  end prometheus "built" "$(took)"
}

if [ "${1:-}" = --check ]; then checking=yes; shift; fi
components=("$@")
[ $# -gt 0 ] || components=(etcd kwok k8s pulumi python provider prometheus)
for c in "${components[@]}"; do
  case $c in etcd | kwok | k8s | pulumi | python | provider | prometheus) ;; *) usage ;; esac
done
mkdir -p "$TOOLS/.built"
exec 9>"$TOOLS/.lock"
if [ -z "$checking" ]; then
  flock -n 9 || { echo "$program: waiting for another build in $TOOLS" >&2; flock 9; }
fi
for c in "${components[@]}"; do "$c"; done
[ -z "$missing_any" ]
