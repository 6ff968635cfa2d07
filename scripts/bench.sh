#!/usr/bin/env bash
# bench.sh [--all-collectors] [ARGUMENT...]: installs what is missing, builds,
# and runs `reapmark run` with the arguments given, by default the suite `quick`.
#   --all-collectors  also the optional ones, adapters to memory managers that
#                     are in use, with the packages that they need
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
all=
if [ "${1-}" = --all-collectors ]; then
  all=all
  shift
fi
packages_install scripts/packages.txt $all
cmake --preset release >&2
cmake --build --preset release >&2
[ $# -gt 0 ] || set -- quick
[ -z "$all" ] || set -- "$@" -c all
exec build/reapmark run "$@"
