#!/usr/bin/env bash
# bench.sh [ARGUMENT...]: installs what is missing, builds, and runs
# `reapmark run` with the arguments given, by default the suite `quick`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
packages_install scripts/packages.txt
cmake --preset release >&2
cmake --build --preset release >&2
[ $# -gt 0 ] || set -- quick
exec build/reapmark run "$@"
