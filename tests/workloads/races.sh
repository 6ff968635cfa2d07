#!/bin/sh
# The shapes of the workload `races` on a collector that has no races: as declared,
# with two threads and with more, and whether or not threads are stopped.
# Usage: races.sh COLLECTOR-PROGRAM
set -eu
for shape in races:shape=drops races:shape=handover races:shape=slots \
  races:shape=visitors races-weak:shape=weak; do
  for threads in 2 5; do
    for ambush in 0 5; do
      run="$shape,rounds=2,ambush=$ambush"
      record=$(timeout 60 "$1" --run "$run" --threads $threads --seed $threads)
      case $record in
      *'"declared":true'*) ;;
      *)
        echo "$1 --run $run --threads $threads: $record" >&2
        exit 1
        ;;
      esac
    done
  done
done
