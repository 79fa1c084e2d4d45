# Sourced: where the tools are, and where clusters keep their data.
TOOLS=${OPSDECL_TOOLS:-${TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/opsdecl/tools}}
CLUSTERS=${OPSDECL_CLUSTERS:-${TMPDIR:-/tmp}/opsdecl-clusters-$(id -u)}
TOOLS=$(realpath -m "$TOOLS")
CLUSTERS=$(realpath -m "$CLUSTERS")
program=$(basename "$0")

die() { echo "$program: $*" >&2; exit 1; }
# The comment at the top of the script is its help.
usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 64; }
