#!/usr/bin/env bash
# bench.sh [--all-collectors] [choose] [ARGUMENT...]: installs what is missing, builds
# the driver and the collectors that the run needs, and runs `reapmark run`, or
# `reapmark choose`, with the arguments given; by default the suite `quick`.
#   --all-collectors  also the optional ones, adapters to production runtimes, with
#                     the packages that they need; those that cannot be had here are
#                     named, and the others run
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
all=
if [ "${1-}" = --all-collectors ]; then
  all=collector
  shift
fi
command=run
if [ "${1-}" = choose ]; then
  command=choose
  shift
fi
[ $# -gt 0 ] || [ $command = choose ] || set -- quick
# Which of them run may be said as well.
if [ -n "$all" ] && [[ " $*" != *\ -c* && " $*" != *\ --collectors* ]]; then
  set -- "$@" -c all
fi

build() { cmake --build --preset release --target "$@" >&2; }
packages_install scripts/packages.txt $all
cmake --preset release >&2
build reapmark
# Names that are not in the list of those that can be built are of collectors in
# REAPMARK_PATH, or mistakes, and those the run itself reports.
needed=$(build/reapmark $command "$@" --needs)
names=$(grep -Fxf <(echo "$needed") build/collectors/names || true)
# shellcheck disable=SC2086
[ -z "$names" ] || build $(printf 'reapmark-collector-%s ' $names)
exec build/reapmark $command "$@"
