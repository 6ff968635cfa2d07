#!/usr/bin/env bash
# replay.sh REAPMARK FOLDER TEST: the workload `trace`, which replays prepared
# traces at speed, on the collectors in FOLDER.
. "$(dirname "$0")/../expect.sh"
reapmark=$1 collectors=$2

has() { [ -e "$collectors/$1" ]; } # whether the collector is built

# Object 1 refers to objects 2 and 3; object 4 refers to itself, and dies.
cat >source <<'END'
reapmark-trace 3
enter 4 1
new 0 2 16
new 1 0 8
new 2 0 24
store 0 0 1
store 0 1 2
payload 0
global-store 3 2
new 3 1 8
store 3 0 3
clear 3
collect
END

prepared() { # FILE
  expect 0 trace prepare "$1" -o prepared
}

# replays COLLECTOR TRACE VERDICT
replays() {
  exits 0 "$collectors/$1" --run "trace:file=$2" --pin none
  printed "\"verdict\":{\"status\":\"$3\""
}

test_survivors() {
  prepared source
  for c in mark-sweep refcount none semispace generational immix; do
    has $c || continue
    case $c in # object 4 refers to itself
    refcount | none) replays $c prepared LEAK ;;
    *) replays $c prepared ok ;;
    esac
    printed '"count":12,"unit":"operations"'
    printed '"replayer":'
  done
}

# What is alive at the end is not what the trace says: another object in a slot,
# which only the numbers in payloads tell; a reference too many; one too few.
test_wrong_survivors() {
  prepared source
  sed 's/^store 0 1 2/store 0 1 1/' prepared >other
  replays mark-sweep other WRONG
  printed 'where object 3 should be is what says that it is object 2'
  sed 's/^store 0 0 1/store 0 0 0/' prepared >other
  replays mark-sweep other WRONG
  sed 's/^store 0 1 2/safepoint/' prepared >other
  replays mark-sweep other WRONG
  printed 'object 3 is lost: its place is null'
  sed 's/^payload 0/payload 1/' prepared >other
  replays mark-sweep other WRONG
  printed 'the numbers in payloads come to 2, and not to 1'
}

# Fewer or more objects than the trace says.
test_wrong_count() {
  prepared source
  sed 's/^clear 3/safepoint/' prepared >other # so object 4 is not dead
  replays mark-sweep other LEAK
  printed '"declared":false'
}

# A long list takes no more registers than a short one.
test_long_list() {
  {
    echo 'reapmark-trace 3'
    echo 'enter 2 0'
    for ((i = 0; i < 20000; i++)); do
      printf 'new 1 1 8\nstore 1 0 0\nmove 0 1\n'
    done
  } >list
  prepared list
  replays mark-sweep prepared ok
  ! has refcount || replays refcount prepared ok
}

test_binary_and_compressed() {
  prepared source
  for form in p.btrace p.trace.zst p.btrace.zst; do
    expect 0 trace convert prepared $form
    replays mark-sweep $form ok
  done
}

# What cannot be replayed is told in one line, before anything runs.
refused() { # FILE WORDS
  exits 2 "$collectors/mark-sweep" --run "trace:file=$1"
  said "$2"
  [ "$(wc -l <err)" = 1 ] || fail 'more than one line'
  exits 2 "$collectors/mark-sweep" --volume "trace:file=$1"
  expect 2 run -w "trace:file=$1" -c mark-sweep -o dir
  said "$2"
  [ ! -e dir ] || fail 'something was run'
}

test_refused() {
  refused nowhere 'nowhere: No such file or directory'
  refused source 'source is no prepared trace (reapmark trace prepare source'
  prepared source
  expect 0 trace convert prepared p.btrace
  head -c 100 p.btrace >short.btrace
  refused short.btrace 'short.btrace: byte 100: the trace is cut short'
  sed '$d' prepared >fewer
  refused fewer 'do not have as many objects as the head says'
  sed 's/^payload 0/payload 9/' prepared >other
  refused other "not prepared: 'payload' of a register that is not there"
  sed 's/0=2/0=3/' prepared >other
  refused other 'another checksum'
  exits 2 "$collectors/mark-sweep" --run trace
  said 'which trace is to be replayed? (trace:file=FILE)'
}

# reader NAME EDIT...: a collector of this name that reads as mark-sweep does, whose
# answers are edited by sed, and that notes each file that it reads.
reader() {
  cat >"found/$1" <<END
#!/bin/sh
case \$* in *--volume*) echo $1 >>'$work/read' ;; esac
'$collectors/mark-sweep' "\$@" >'$work/answer' || exit
sed -e 's/"name":"mark-sweep"/"name":"$1"/' $(printf -- " -e '%s'" "${@:2}") '$work/answer'
END
  chmod +x "found/$1"
}

# One program reads a file for all, which are told apart by what it needs; but each
# that does not say what that is, or that may have another workload, for itself.
test_read_once() {
  printf 'reapmark-trace 3\nthread 1\nattach\ndetach\n' >many
  prepared many
  mkdir found
  export REAPMARK_PATH=$work/found
  alone
  reader one 's/^//'
  reader two 's/^//'
  reader three 's/"threads":true/"threads":false/'
  expect 0 run -w trace:file=prepared -c one,two,three --heap none,4x,64M -n 1 --dry-run
  [ "$(cat read)" = one ] || fail "read by: $(cat read)"
  counted 6 '/(one|two)/heap=.*#1$' out
  counted 3 '/three/heap=.* n/a: needs threads$' out
  rm read
  reader one 's/"needs":[^]]*],"missing"/"missing"/; s/,"needs":[^]]*]}/}/'
  expect 0 run -w trace:file=prepared -c one,two --heap none --dry-run
  [ "$(cat read)" = "$(printf 'one\ntwo')" ] || fail "read by: $(cat read)"
  rm read
  reader one 's/a recorded program/another one/'
  expect 0 run -w trace:file=prepared -c one,two --heap none --dry-run
  [ "$(cat read)" = "$(printf 'one\ntwo')" ] || fail "read by: $(cat read)"
}

# Volumes come from the trace, so heaps can be multiples.
test_heap() {
  prepared source
  exits 0 "$collectors/mark-sweep" --volume trace:file=prepared
  printed '"live":112,"cyclic":24,"allocated":112'
  exits 0 "$collectors/mark-sweep" --run trace:file=prepared --heap 8M
  expect 0 describe trace:file=prepared --format csv
  printed 'objects,4'
  # What is stated to be alive is what can be reached, at every step.
  exits 0 "$collectors/oracle" --run trace:file=prepared --check
  printed '"verdict":{"status":"ok"'
}

# Threads of the trace are threads, that take turns in the order of the file.
test_threads() {
  {
    echo 'reapmark-trace 3'
    for ((i = 1; i <= 300; i++)); do
      n=$((i % 3 + 1))
      printf 'thread %d\nattach\nenter 1 0\nnew 0 0 8\nlock\n' $n
      printf 'global-store %d 0\nunlock\n' $n
      printf 'thread 0\nsafepoint\nthread %d\nleave\ndetach\n' $n
    done
  } >many
  prepared many
  replays mark-sweep prepared ok
  has refcount || return 0 # which has no threads
  exits 2 "$collectors/refcount" --run trace:file=prepared
  said 'workload trace needs threads, which collector refcount does not have'
  expect 0 run -w trace:file=prepared -c mark-sweep,refcount --heap none -n 1 -o dir
  printed 'n/a'
  printed 'needs threads'
}

# A program that this project records: what it does is what it did.
test_recorded() {
  exits 0 "$collectors/record" --run binary-trees:depth=11,stretch=11,array=100 \
    --pin none --trace recorded.btrace.zst
  expect 0 trace prepare recorded.btrace.zst -o p.btrace.zst
  for c in mark-sweep refcount generational none; do
    ! has $c || replays $c p.btrace.zst "$([ $c = none ] && echo LEAK || echo ok)"
  done
  expect 0 run -w trace:file=p.btrace.zst -c mark-sweep --heap 3x -n 1 -o dir
  printed 'replayer'
}

# scripts/programs.sh makes what the suite `programs` replays, of workloads that there
# are.
test_programs() {
  local source=$tests/..
  mkdir -p build/collectors
  cat >build/reapmark <<'END'
#!/bin/sh
case "$1 $2 $4" in
'trace prepare -o') cp "$3" "$5" ;;
'trace convert '*) printf 'reapmark-trace 3\nenter 1 0\nleave\n' >"$4" ;;
*) exit 2 ;;
esac
END
  cat >build/collectors/record <<END
#!/bin/sh
[ "\$1 \$3" = '--run --trace' ] && '$collectors/mark-sweep' --volume "\$2" && echo >"\$4"
END
  chmod +x build/reapmark build/collectors/record
  exits 0 "$source/scripts/programs.sh" traces build/reapmark
  sed -n 's/.*workload: trace:file=//p' "$source/workloads/suites/programs.yml" |
    sort >replayed
  ls traces | sort >made
  same replayed made
  counted 1 reapmark-trace traces/json.btrace # five times the same, behind each other
  counted 5 leave traces/json.btrace
  exits 2 "$source/scripts/programs.sh" traces nowhere
  complained 'programs.sh: nowhere is not built'
}

run_test "$3"
