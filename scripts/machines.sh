#!/usr/bin/env bash
# machines.sh [DIR]: what rounds and machines buy (docs/machines.md), as
# Markdown: simulated with the noise of the results in DIR, of which the page
# says how they were made, or with the noise that is kept in results/reference.
# The build directory is build, or what REAPMARK_BUILD says; EXPERIMENTS of each
# workload and row, 400 unless set, take minutes.
set -euo pipefail
if [ $# -gt 1 ]; then
  echo "usage: machines.sh [DIR]" >&2
  exit 2
fi
dir=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
build=${REAPMARK_BUILD:-build}
noise=results/reference/2026-11-30/noise.csv
if [ -n "$dir" ]; then
  noise=$(mktemp)
  trap 'rm -f "$noise"' EXIT
  command -v python3 >/dev/null || { echo "machines.sh: python3 is missing" >&2; exit 2; }
  "$build/reapmark" report "$dir" -f json | python3 scripts/noise.py >"$noise"
fi
cmake --build "$build" --target machines >&2
"$build/tests/machines" "$noise" "${EXPERIMENTS:-400}"
