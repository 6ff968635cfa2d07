#!/usr/bin/env bash
# runs.sh PROGRAM [NAME=VALUE]...: short runs of fuzz and replay on one collector
# program with these options.  The runs find no violation, a seed repeats a run
# to the operation, and so does a trace.
. "$(dirname "$0")/../expect.sh"
program=$1
shift
options=()
for option in "$@"; do options+=(--option "$option"); done
# What a conservative collector finds in registers and stacks depends on
# addresses, which setarch makes the same in each run.
fixed=()
! setarch -R true 2>/dev/null || fixed=(setarch -R)
small=ops=15000,every=1000,live=400,finalizable=40,weak=60

"$program" --describe >describe
is() { # CAPABILITY: the collector declares it
  grep -qE "\"$1\": ?(true|false)" describe || fail "describe lacks $1"
  grep -qE "\"$1\": ?true" describe
}

# run ARGUMENT...: the run says nothing, and its verdict is as declared.
run() {
  exits 0 "${fixed[@]}" "$program" --pin none --instrument off "${options[@]}" "$@"
  silent
  grep -q '"verdict":{[^}]*"declared":true' out || fail "run $*"
}

# counts: prints the deterministic counts of the run.  Not among them are the
# number of operations that were left out and the actions that chose them, because a
# trace does not have these, and how often the heap was inspected, which a replay does
# after each operation, and what the shadow heap looked at for that.
counts() {
  grep -o '"counts":{[^}]*}' out |
    sed -E 's/,?"(skipped|inspections|shadow-steps|action-[a-z_]*)":[0-9]*//g'
}

# repeats ARGUMENT...: the same run does the same operations again, and the
# replay of its trace has the same counts.
repeats() {
  run "$@" --trace first
  counts >counts
  grep -q '"op-check":[1-9]' counts || fail "run $*: no check"
  # What a conservative collector keeps, and so what happens to it, is chance.
  ! is conservative || return 0
  run "$@" --trace second
  same first second
  run --run replay --input first
  # libgc hands dead finalizable objects out in an order that follows from their
  # addresses, and a replay, another program run, may place them elsewhere.
  [ "$(basename "$program")" != bdwgc-exact ] || return 0
  counts >counts_of_replay
  same counts counts_of_replay
}

# refuses WORDS ARGUMENT...: the program complains in one line with these words.
refuses() {
  exits 2 "$program" "${@:2}"
  complained "$1"
}

repeats --run "fuzz:$small" --seed 1
for seed in 2 3 4; do
  run --run "fuzz:$small" --seed $seed
done
head -c 3000 "$program" >bytes
repeats --run "fuzz:$small" --input bytes
if is heap_limit; then
  run --run "fuzz:$small,scarce=1" --heap 512k
fi
if is threads; then
  repeats --run "fuzz:$small" --threads 4 --seed 5
  for seed in 6 7; do
    run --run "fuzz:$small,schedule=free" --threads 4 --seed $seed
  done
  refuses turns --run fuzz:schedule=free --threads 2 --input bytes
else
  refuses threads --run fuzz --threads 2
fi
# The settings under which everything happens often, in the middle of what the
# collector is doing.
threads=1
! is threads || threads=4
for setting in $(grep -oE '"tight": ?\[[^]]*' describe | grep -oE '[a-z0-9,=-]+=[0-9]+'); do
  run --option "$setting" --run "fuzz:$small" --threads $threads --seed 8
done
# Where most allocations fail, a replay has not performed the trace, unless that was
# asked for.
printf '%s\n' 'reapmark-trace 1' 'enter 1 0' 'new 0 0 8' 'new 0 0 1073741824' >huge
if is heap_limit; then
  exits 0 "$program" --pin none --run replay --input huge --heap 8M
  grep -q '"status":"OOM".*"1 of 2 allocations failed' out || fail "replay: no OOM"
  run --run replay:scarce=1 --input huge --heap 8M
fi
# The trace is read while it is performed.
echo 'new 0 0 x' >>huge
refuses huge:5 --run replay --input huge
refuses --input --run replay
refuses no-such-file --run replay --input no-such-file
