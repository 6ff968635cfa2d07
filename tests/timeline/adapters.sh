#!/usr/bin/env bash
# The phases that adapters report, by what their runtimes tell.  (Those that replay a
# trace inside the runtime: tests/runtimes/replay.sh.)
# Usage: adapters.sh FOLDER-OF-COLLECTORS PYTHON TEST.
. "$(dirname "$0")/../expect.sh"
collectors=$1
python=$2
cycles=cycles:live=1000,rounds=40
trees=binary-trees:depth=10,stretch=11,array=1000,rounds=5

# consists NAME WORKLOAD KIND PHASE...: in a run of this collector, pauses of this kind
# consist of phases, among them these.
consists() {
  exits 0 "$collectors/$1" --run "$2"
  printed '"verdict":{"status":"ok"'
  cp out record
  exits 0 "$python" "$here/phases.py" record "${@:3}"
}

test_bdwgc() { consists bdwgc $cycles stop stopping mark; }

test_cpython() {
  consists cpython $cycles stop 'generation 0' 'generation 2' clear
  consists cpython finalizers:live=500,rounds=20,cyclic=100 stop finalizers
  consists cpython $trees cascade free
}

test_gobject() { consists gobject $trees cascade free; }

# The slices and the nursery of OCaml 5 are not those of OCaml 4.
test_ocaml() {
  local phases=(roots copy mark sweep)
  exits 0 "$collectors/ocaml" --describe
  ! grep -q '"runtime": *"OCaml 5' out || phases=(copy sweep mark)
  consists ocaml binary-trees:depth=12,stretch=14,array=100000 stop "${phases[@]}"
}

test_php() {
  consists php $cycles stop search free
  consists php $trees cascade free
}

test_ruby() { consists ruby $cycles stop mark sweep; }

# Lua tells nothing of a collection, so its pauses have no phases.
test_lua() {
  exits 0 "$collectors/lua" --run $cycles
  printed '"verdict":{"status":"ok"'
  unprinted '"phases"'
}

# Without instruments nothing is told.
test_off() {
  exits 0 "$collectors/php" --run $cycles --instrument off
  printed '"verdict":{"status":"ok"'
  unprinted '"phases"'
}

run_test "$3"
