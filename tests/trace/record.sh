#!/usr/bin/env bash
# record.sh REAPMARK RECORD WORKLOAD [THREADS]: records a run of the workload.
# The trace is valid, it has the figures that `describe` has, and it replays.
. "$(dirname "$0")/../expect.sh"
reapmark=$1 record=$2 workload=$3 threads=${4:-1}

exits 0 "$record" --run "$workload" --threads "$threads" --seed 42 --pin none \
  --trace trace
expect 0 trace verify trace

# figure FILE KEY: prints the number that the JSON file has for KEY, or nothing.
figure() { sed -nE "/\"$2\": /{s/.*: ([0-9.]+),?\$/\1/p;q}" "$1"; }

# agree NAME KEY...: the figure NAME of `describe` is the sum of these figures
# of the trace, which has none for an operation that it does not have.
agree() {
  local sum=0 key part described
  for key in "${@:2}"; do
    part=$(figure stat.json "$key")
    sum=$((sum + ${part:-0}))
  done
  described=$(figure described.json "$1")
  [ "$described" = "$sum" ] || fail "$1 is $described, but by the trace $sum"
}

compare_figures() {
  expect 0 trace stat trace --format json
  mv out stat.json
  expect 0 describe "$workload" --threads "$threads" --seed 42 --format json
  mv out described.json
  agree objects op-new op-weak-new op-ephemeron-new
  agree stores op-store op-store-take op-store-null
  agree loads op-load
  agree borrows op-borrow
  agree copies op-copy
  agree moves op-move
  agree clears op-clear
  agree unborrows op-unborrow
  agree frames op-enter
  agree payload-accesses op-payload
  agree collections-asked op-collect
  agree global-stores op-global-store op-global-clear
  agree global-reads op-global-load op-global-borrow
  agree thread-local-stores op-tls-store op-tls-clear
  agree thread-local-reads op-tls-load op-tls-borrow
  agree weak-references op-weak-new
  agree weak-reads op-weak-get
  agree finalizable finalizable
  agree mutators op-attach
  # With several threads the scheduler decides how long objects live.
  if [ "$threads" = 1 ]; then
    for name in bytes peak-objects peak-bytes lifetime-p50 lifetime-p99 \
      lifetime-max cyclic-objects weak-reads-cleared finalized; do
      agree $name $name
    done
  fi
}

# With the deaths annotated, explicit freeing runs the trace and frees all of
# its objects.  A trace without deaths is refused, and so is one with a death
# that comes too early.
replay_on_malloc() {
  malloc=$(dirname "$record")/malloc
  expect 0 trace annotate trace -o annotated
  if [ ! -e "$malloc" ]; then
    echo 'NOT REPLAYED: malloc is not built (REAPMARK_OPTIONAL)'
  elif grep -qE '^(weak-new|finalizer-next)' trace; then
    exits 2 "$malloc" --run replay --input annotated --pin none
    said 'has weak references or finalizers, and collector malloc none'
  else
    exits 0 "$malloc" --run replay --input annotated --pin none
    printed '"verdict":{"status":"ok"'
    exits 2 "$malloc" --run replay --input trace --pin none
    said 'states 0 deaths of '
    sed '0,/^new/s/^new.*/&\ndead 1/' trace >early
    exits 2 "$malloc" --run replay --input early --pin none
    said 'object 1 is still used until line '
  fi
}

case $workload in
fuzz*) ;; # `describe` cannot run it, and the mutator does not know of deaths
*)
  compare_figures
  replay_on_malloc
  ;;
esac

# Without a file to write to, the program says so.
exits 2 "$record" --run "$workload"
said '--trace FILE is missing'
exits 2 "$record" --run "$workload" --trace no/such/folder
said 'no/such/folder: No such file or directory'
