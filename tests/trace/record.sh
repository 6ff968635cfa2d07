#!/usr/bin/env bash
# record.sh REAPMARK RECORD WORKLOAD [THREADS]: records a run of the workload;
# the trace keeps to every rule, and says of it what `describe` says.
set -euo pipefail
reapmark=$1 record=$2 workload=$3 threads=${4:-1}
. "$(dirname "$0")/../expect.sh"

"$record" --run "$workload" --threads "$threads" --seed 42 --pin none \
  --trace trace >record.json || fail "record: exit $?"
expect 0 trace verify trace
case $workload in fuzz*) exit ;; esac # which cannot be described
expect 0 trace stat trace --format json
mv out stat.json
expect 0 describe "$workload" --threads "$threads" --seed 42 --format json

# Prints KEY of a file; nothing if it has none, as `stat` of what never happened.
figure() {
  sed -nE "s/.*\"$2\": ?([0-9]+(\.[0-9]+)?),?.*/\1/p" "$1" | head -n 1
}
same() { # NAME IN DESCRIBE, NAMES IN STAT...
  local sum=0 name
  for name in "${@:2}"; do
    sum=$((sum + $(figure stat.json "$name" | grep . || echo 0)))
  done
  [ "$(figure out "$1")" = "$sum" ] ||
    fail "$1 is $(figure out "$1"), but by the trace $sum"
}

same objects op-new op-weak-new
same stores op-store op-store-take op-store-null
same loads op-load
same borrows op-borrow
same copies op-copy
same moves op-move
same clears op-clear
same unborrows op-unborrow
same frames op-enter
same payload-accesses op-payload
same collections-asked op-collect
same global-stores op-global-store op-global-clear
same global-reads op-global-load op-global-borrow
same thread-local-stores op-tls-store op-tls-clear
same thread-local-reads op-tls-load op-tls-borrow
same weak-references op-weak-new
same weak-reads op-weak-get
same finalizable finalizable
same mutators op-attach
# How far threads get while others do something depends on the scheduler.
if [ "$threads" = 1 ]; then
  for name in bytes peak-objects peak-bytes lifetime-p50 lifetime-p99 \
    lifetime-max cyclic-objects weak-reads-cleared finalized; do
    same $name $name
  done
fi

# With the deaths annotated, explicit freeing runs it, and frees all of it; not
# without them, and not with a death that comes too early.
malloc=$(dirname "$record")/malloc
replay() { # EXIT FILE
  code=0
  "$malloc" --run replay --input "$2" --pin none >record.json 2>err || code=$?
  [ "$code" = "$1" ] || fail "malloc on $2: exit $code, not $1"
}
expect 0 trace annotate trace -o annotated
if [ ! -e "$malloc" ]; then
  echo "not replayed: malloc is not built (REAPMARK_OPTIONAL)"
elif grep -qE '^(weak-new|finalizer-next)' trace; then
  replay 2 annotated
  said 'has weak references or finalizers, and collector malloc none'
else
  replay 0 annotated
  grep -q '"verdict":{"status":"ok"' record.json || fail 'malloc: not ok'
  replay 2 trace
  said 'states 0 deaths of '
  sed '0,/^new/s/^new.*/&\ndead 1/' trace >early
  replay 2 early
  said 'object 1 is still used until line '
fi

# Where there is no file to write to, that is said.
code=0
"$record" --run "$workload" >/dev/null 2>err || code=$?
[ "$code" = 2 ] || fail "without --trace: exit $code"
said "--trace FILE is missing"
code=0
"$record" --run "$workload" --trace no/such/folder >/dev/null 2>err || code=$?
[ "$code" = 2 ] || fail "a trace that cannot be made: exit $code"
said "no/such/folder: No such file or directory"
