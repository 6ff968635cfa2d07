#!/usr/bin/env bash
# runs.sh PROGRAM [NAME=VALUE]...: short runs of fuzz and replay on one collector: they find
# nothing, a seed repeats a run to the operation, and a trace repeats it too.
set -euo pipefail
program=$1
shift
options=()
for option in "$@"; do options+=(--option "$option"); done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What libgc still finds depends on addresses too, exact roots or not.
fixed=()
! setarch -R true 2>/dev/null || fixed=(setarch -R)
small=ops=15000,every=1000,live=400,finalizable=40,weak=60

fail() {
  echo "$program: $*"
  exit 1
}

# run ARGUMENTS...: a run whose verdict is as declared; its record is in
# $work/record.
run() {
  "${fixed[@]}" "$program" --pin none --instrument off "${options[@]}" "$@" \
    >"$work/record" 2>"$work/talk" ||
    fail "run $*: exit status $?, $(cat "$work/talk")"
  [ ! -s "$work/talk" ] || fail "run $*: $(cat "$work/talk")"
  grep -q '"verdict":{[^}]*"declared":true' "$work/record" ||
    fail "run $*: $(grep -o '"verdict":{[^}]*}' "$work/record")" \
      "$(grep -o '"violation":{[^}]*}' "$work/record")"
}

# The deterministic counts, but for operations that were left out: a trace does
# not have them.
counts() {
  grep -o '"counts":{[^}]*}' "$work/record" | sed 's/"skipped":[0-9]*//'
}

# repeats ARGUMENTS...: the same run again does the same operations, and the
# replay of its trace comes to the same.
repeats() {
  run "$@" --trace "$work/first"
  counts >"$work/counts"
  grep -q '"op-check":[1-9]' "$work/counts" || fail "run $*: no check"
  # What a conservative collector keeps is chance, and what is done with it too.
  ! "$program" --describe | grep -q '"conservative":true' || return 0
  run "$@" --trace "$work/second"
  cmp "$work/first" "$work/second" || fail "run $*: other operations"
  run --run replay --input "$work/first"
  counts | cmp - "$work/counts" || fail "replay of $*: $(counts)"
}

# refuses WORDS ARGUMENTS...: exits with 2 and one line that has these words.
refuses() {
  local words=$1 status=0
  shift
  "$program" "$@" >"$work/record" 2>"$work/talk" || status=$?
  [ "$status" = 2 ] || fail "$*: exit status $status"
  [ "$(wc -l <"$work/talk")" = 1 ] || fail "$*: $(cat "$work/talk")"
  grep -q -e "$words" "$work/talk" || fail "$*: $(cat "$work/talk")"
}

repeats --run "fuzz:$small" --seed 1
for seed in 2 3 4; do
  run --run "fuzz:$small" --seed $seed
done
head -c 3000 "$program" >"$work/bytes"
repeats --run "fuzz:$small" --input "$work/bytes"
if "$program" --describe | grep -q '"heap_limit":true'; then
  run --run "fuzz:$small" --heap 512k
fi
if "$program" --describe | grep -q '"threads":true'; then
  repeats --run "fuzz:$small" --threads 4 --seed 5
  for seed in 6 7; do
    run --run "fuzz:$small,schedule=free" --threads 4 --seed $seed
  done
  refuses turns --run fuzz:schedule=free --threads 2 --input "$work/bytes"
else
  refuses threads --run fuzz --threads 2
fi
refuses --input --run replay
refuses "no-such-file" --run replay --input no-such-file
