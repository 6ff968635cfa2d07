#!/usr/bin/env bash
# full-heap.sh PROGRAM NONE: what the comparison costs when the heap is full of what a
# collector cannot reclaim, so that most allocations fail.  The shadow heap forgets
# what is dead once in 131,072 allocations at the most, failed ones included: each
# time it looks at everything that is alive.
. "$(dirname "$0")/../expect.sh"
program=$1 none=$2

number() { # NAME: this count of the run
  grep -o "\"$1\":[0-9]*" out | sed -n 1p | grep -o '[0-9]*$'
}

exits 0 "$program" --run fuzz:ops=900000,scarce=1 --heap 4M --seed 1
silent
made=$(number allocations) failed=$(number allocations-failed)
forgets=$(number forgets)
[ "$failed" -gt "$made" ] || fail "$made allocations succeeded, $failed failed"
[ "$forgets" -ge 1 ] || fail 'nothing was ever forgotten'
[ "$forgets" -le $(((made + failed) / 131072)) ] ||
  fail "forgotten $forgets times in $((made + failed)) allocations"

# The same of a collector that reclaims nothing, with threads: whether an allocation
# may fail is looked at as often as operations pay for, place by place and slot by slot.
exits 0 "$none" --run fuzz:ops=300000,every=60000,collections=0,scarce=1 --threads 4 \
  --heap 40960000 --seed 1 --pin none
steps=$(number shadow-steps) operations=$(number operations)
[ "$steps" -le $((1000 * operations)) ] ||
  fail "$steps steps in $operations operations"
