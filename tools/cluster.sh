#!/usr/bin/env bash
# A local Kubernetes control plane with simulated GPU nodes: no containers, no root, loopback only.
#
#   cluster.sh up NAME      start it unless it runs; prints the kubeconfig's path
#   cluster.sh down NAME    stop it and remove its data
#   cluster.sh stop NAME    stop its processes, keep its data
#   cluster.sh start NAME   start it again, unless another cluster took its ports meanwhile
#   cluster.sh sweep        remove the clusters whose owner is gone
#   cluster.sh list         the clusters there are
#   cluster.sh env NAME     what a shell needs to use it
#
# Environment:
#   OPSDECL_TOOLS     where the binaries are      (default: ${XDG_CACHE_HOME:-~/.cache}/opsdecl/tools)
#   OPSDECL_CLUSTERS  where clusters keep data    (default: ${TMPDIR:-/tmp}/opsdecl-clusters-UID)
#   NODES             POOL:COUNT:GPUS:PRODUCT ... (default: enough for every environment of the example)
#   VOLUMES           number of volumes           (default: 12)
#   OWNER             process without which the cluster is taken down
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/folders.sh
. "$here/folders.sh"
NODES=${NODES-h100:4:8:NVIDIA-H100-80GB-HBM3 inference:4:4:NVIDIA-L40S small:4:4:NVIDIA-L4}
VOLUMES=${VOLUMES:-12}
OWNER=${OWNER:-}
bin=$TOOLS/k8s

# kwokctl binds to 0.0.0.0 by default, and downloads any binary that is not named here.
configuration() {
  cat <<YAML
apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokctlConfiguration
options:
  runtime: binary
  bindAddress: 127.0.0.1
  kubeVersion: $("$bin/kube-apiserver" --version | awk '{print $2}')
  etcdBinary: $bin/etcd
  kubeApiserverBinary: $bin/kube-apiserver
  kubeControllerManagerBinary: $bin/kube-controller-manager
  kubeSchedulerBinary: $bin/kube-scheduler
  kwokControllerBinary: $bin/kwok
  kubectlBinary: $bin/kubectl
componentsPatches:
- name: etcd
  extraArgs:
  - {key: unsafe-no-fsync, value: "true"}
- name: kube-apiserver
  extraArgs:
  - {key: service-cluster-ip-range, value: 10.96.0.0/12}  # the default has room for 250 Services
YAML
}

# The processes that kwokctl leaves behind must not hold the locks (8, 9). It prefers a kubectl on PATH, of any age.
kwokctl() { PATH=$bin:$PATH "$bin/kwokctl" --config "$dir/kwokctl.yaml" --name "$name" -v WARN "$@" >&2 8>&- 9>&-; }
kubectl() { "$bin/kubectl" --kubeconfig "$kubeconfig" "$@" >/dev/null; }

# filled TEMPLATE WORD=VALUE...: one document with the words replaced
filled() {
  local template=$1 pair replace=(-e '')
  shift
  for pair in "$@"; do replace+=(-e "s|@${pair%%=*}@|${pair#*=}|g"); done
  echo "---"
  sed "${replace[@]}" "$here/cluster/$template"
}

equipment() {
  local pool count gpus product i group
  for group in $NODES; do
    IFS=: read -r pool count gpus product <<<"$group"
    for ((i = 0; i < count; i++)); do
      filled node.yaml "NAME=$pool-$i" "POOL=$pool" "GPUS=$gpus" "PRODUCT=$product"
    done
  done
  filled storage-class.yaml
  for ((i = 0; i < VOLUMES; i++)); do filled volume.yaml "NAME=volume-$i"; done
}

answers() { [ -f "$kubeconfig" ] && "$bin/kubectl" --kubeconfig "$kubeconfig" get --raw /readyz >/dev/null 2>&1; }

create() {
  local b
  for b in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok kwokctl; do
    [ -x "$bin/$b" ] || die "no $b in $bin: run 'make tools'"
  done
  mkdir -p "$dir"
  trap failed EXIT
  configuration >"$dir/kwokctl.yaml"
  guarded
  kwokctl create cluster --kubeconfig "$kubeconfig" --timeout 90s --wait 60s
  equipment | kubectl create -f -
  [ -z "$NODES" ] || kubectl wait --for=condition=Ready node --all --timeout=60s
  # Pods are refused until the namespace has its service account.
  kubectl wait --for=create serviceaccount/default --namespace default --timeout=60s
  trap - EXIT
}

failed() {
  tail -n 5 "$KWOK_WORKDIR/clusters/$name"/logs/*.log >&2 || true
  echo "$program: $name failed to start" >&2
  down
}

# A detached process that ends the cluster once its owner is gone, however that ended.
guarded() {
  [ -n "$OWNER" ] || return 0
  echo "$OWNER" >"$dir/owner"
  setsid bash "$here/cluster.sh" guard "$name" </dev/null >/dev/null 2>&1 8>&- 9>&- &
}

guard() {
  while owned; do sleep 1; done
  reap
}

owned() { [ -f "$dir/owner" ] && alive "$(cat "$dir/owner")"; }

# Somebody else may have taken it down meanwhile, and started another one of that name.
reap() {
  locked
  [ ! -f "$dir/owner" ] || owned || down
}

# Whoever starts or ends a cluster of this name waits for whoever is at it.
locked() { exec 8>"$CLUSTERS/.lock-$name"; flock 8; }

alive() { kill -0 "$1" 2>/dev/null; }

up() {
  if [ -d "$dir" ]; then
    if answers; then echo "$kubeconfig"; return; fi
    echo "$program: $name does not answer, starting it anew" >&2
    down
  fi
  create
  echo "$kubeconfig"
}

existing() { [ -d "$dir" ] || die "no cluster $name in $CLUSTERS"; }

# kwokctl does not wait for the processes that it ends, and their ports are taken until then.
gone() {
  local pid i
  for pid in "$@"; do
    for ((i = 0; i < 150; i++)); do
      alive "$pid" || continue 2
      sleep 0.1
    done
    die "process $pid of $name is still running"
  done
}

halt() {
  local pids
  # Those files have no final newline.
  mapfile -t pids < <(awk 1 "$KWOK_WORKDIR/clusters/$name"/pids/*.pid 2>/dev/null)
  kwokctl "$@"
  gone "${pids[@]}"
}

# What a failed start began and did not write down.
end_strays() {
  local file
  for file in $(grep -sl -- "$KWOK_WORKDIR/clusters/$name/" /proc/[0-9]*/cmdline); do
    kill -KILL "$(basename "$(dirname "$file")")" 2>/dev/null || true
  done
}

# kwokctl exits 0 even when the cluster does not come up.
start() {
  existing
  kwokctl start cluster --timeout 90s --wait 60s
  answers || die "$name did not come up, see $KWOK_WORKDIR/clusters/$name/logs"
  echo "$kubeconfig"
}

env() {
  existing
  echo "export KUBECONFIG=$kubeconfig KUBECACHEDIR=$KUBECACHEDIR PATH=$bin:\$PATH"
}

down() {
  [ -d "$dir" ] || return 0
  halt delete cluster --kubeconfig "$kubeconfig"
  end_strays
  # Last goes what tells others that it is there.
  rm -rf "${KWOK_WORKDIR:?}/clusters/${name:?}"
  rm -rf "${dir:?}"
}

folders() { find "$CLUSTERS" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | sort; }

list() {
  local folder
  for folder in $(folders); do echo "$(basename "$folder") $folder/kubeconfig"; done
}

sweep() {
  local folder
  for folder in $(folders); do
    [ ! -f "$folder/owner" ] || alive "$(cat "$folder/owner")" || bash "$here/cluster.sh" reap "$(basename "$folder")" || true
  done
}

(umask 077 && mkdir -p "$CLUSTERS/.kwok")
verb=${1:-}
case $verb in
  sweep | list) [ $# -eq 1 ] || usage; "$verb"; exit ;;
  up | down | stop | start | env | guard | reap) [ $# -eq 2 ] || usage ;;
  *) usage ;;
esac
name=$2
[[ $name =~ ^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$ ]] || die "NAME must be a short DNS label: $name"
dir=$CLUSTERS/$name
kubeconfig=$dir/kubeconfig
# ~/.kwok and ~/.kube are never touched. kubectl caches discovery per port, and later clusters get the ports of earlier
# ones: one cache per cluster.
export KWOK_WORKDIR=$CLUSTERS/.kwok KUBECACHEDIR=$dir/cache

# kwokctl chooses free ports some time before they are bound: one start at a time.
case $verb in up | down | stop | start) locked ;; esac
case $verb in up | start) exec 9>"$CLUSTERS/.lock"; flock 9 ;; esac
case $verb in
  stop) existing; halt stop cluster ;;
  *) "$verb" ;;
esac
