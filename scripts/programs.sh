#!/usr/bin/env bash
# programs.sh FOLDER [REAPMARK]: makes the traces that the suite `programs` replays:
# FOLDER/NAME.btrace for each recorded program in results/traces, and for four workloads
# that are recorded here.  Then, in FOLDER: reapmark run programs -o DIR
#
# A program runs five times, one after the other, in its trace: a recording of what
# makes little garbage beside what stays would else end before a heap of three times
# its live data is full.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: programs.sh FOLDER [REAPMARK]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
reapmark=${2:-$here/../build/reapmark}
[ -x "$reapmark" ] || { echo "programs.sh: $reapmark is not built" >&2; exit 2; }
recorder=$(dirname "$reapmark")/collectors/record
[ -x "$recorder" ] || { echo "programs.sh: $recorder is not built" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

times=5

for trace in "$here"/../results/traces/*.trace.zst; do
  name=$(basename "$trace" .trace.zst)
  "$reapmark" trace convert "$trace" "$work/$name"
  # A text has numbers of registers only, so that one can stand behind another.
  {
    head -n 1 "$work/$name"
    for ((i = 0; i < times; i++)); do tail -n +2 "$work/$name"; done
  } >"$work/longer"
  "$reapmark" trace prepare "$work/longer" -o "$folder/$name.btrace"
done

workload() { # NAME PARAMETERS: what a run does to the collector, as a trace
  "$recorder" --run "$1:$2" --trace "$work/$1.btrace.zst" >"$work/record"
  "$reapmark" trace prepare "$work/$1.btrace.zst" -o "$folder/$1.btrace"
}

workload binary-trees depth=13,stretch=14,array=50000
workload cycles rounds=10
workload requests sessions=10000,requests=20000
workload graph-mutation nodes=10000,replace=50,ops=150000
