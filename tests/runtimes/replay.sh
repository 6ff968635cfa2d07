#!/usr/bin/env bash
# replay.sh REAPMARK FOLDER NAME TEST: the runtime NAME, whose launcher is in
# FOLDER, replays traces: what is alive at the end is what the trace says, and if
# it is not, then that is found.
. "$(dirname "$0")/../expect.sh"
reapmark=$1 folder=$2 name=$3
program=$folder/$name
[ -x "$program" ] ||
  skip "$name is not built: $(grep "^$name " "$folder/not-built" || echo not asked for)"

# collects: whether the runtime reclaims anything.
collects() { [ "$name" != openjdk-epsilon ]; }

# What the runtime lacks, and a trace that needs it.
case $name in
node) lacks=threads needy='thread 1\nattach\ndetach' ;;
go) lacks='weak references' needy='enter 2 0\nnew 0 0 8\nweak-new 1 0' ;;
*) lacks=ephemerons needy='enter 3 0\nnew 0 0 8\nephemeron-new 1 0 0' ;;
esac

# limits: whether the runtime can limit its heap.
limits() { grep -q '"heap_limit":true' describe; }
"$program" --describe >describe

# Object 1 refers to objects 2 and 3, and has a weak reference, 4.  Object 5 refers
# to itself, and dies; object 6, which is finalizable, dies too.
cat >source <<'END'
reapmark-trace 3
enter 6 1
new 0 2 16
new 1 0 8
new 2 0 24
store 0 0 1
store 0 1 2
borrow 6 0 1
unborrow 6
payload 0
weak-new 4 0
weak-get 5 4
clear 5
global-store 3 2
tls-store 1 1
new 3 1 8
store 3 0 3
clear 3
new 3 3 0 f
clear 3
collect
finalizer-next 5
clear 5
copy 5 1
move 3 5
END
if [ "$lacks" = 'weak references' ]; then
  sed -i 's/^weak-new 4 0/new 4 0 16/; s/^weak-get 5 4/copy 5 4/' source
fi

prepared() { # FILE
  expect 0 trace prepare "$1" -o prepared
}

# replays TRACE VERDICT [OPTION...]
replays() {
  exits 0 "$program" --run "trace:file=$1" "${@:3}"
  printed "\"verdict\":{\"status\":\"$2\""
}

test_survivors() {
  prepared source
  if collects; then
    replays prepared ok
    printed '"by":"collections"'
    row '"full-collections":[1-9]' # the trace asks for one
  else
    replays prepared LEAK
    printed '"declared":true'
    printed '"by":"nothing"'
  fi
  printed "\"collector\":\"$name\""
  printed '"count":24,"unit":"operations"'
  printed '"live_objects":4'
  row '"warm-up-replays":[1-9]'
}

# What is alive at the end is not what the trace says: another object in a slot,
# which only the numbers in payloads tell; a reference too many; one too few; a
# root that should be null; a payload that is another one.
test_wrong_survivors() {
  prepared source
  sed 's/^store 0 1 2/store 0 1 1/' prepared >other
  replays other WRONG
  sed 's/^store 0 0 1/store 0 0 0/' prepared >other
  replays other WRONG
  sed 's/^store 0 1 2/safepoint/' prepared >other
  replays other WRONG
  printed 'an object has more or fewer references than it should'
  sed 's/^copy 5 1/safepoint/; s/^move 3 5/move 3 1/; s/^store 0 0 1/store 0 0 2/' \
    prepared >other
  replays other WRONG
  sed 's/^payload 0/payload 1/' prepared >other
  replays other WRONG
  printed 'payloads add up to 2, not 1'
}

# An object that should be dead is not, since a borrowing register has it, which is
# not compared: the weak references to the watched objects tell.
test_wrong_count() {
  prepared source
  sed 's/^store 3 0 3/&\nborrow 6 3 0/' prepared >other
  if collects; then
    replays other LEAK
    printed '"declared":false,"leaked":1'
  else
    replays other LEAK
    printed '"declared":true'
  fi
}

# Threads of the trace are threads.  They put objects into a list that the lock
# guards, and the order of the list is the one of the trace.
test_threads() {
  [ "$lacks" != threads ] || skip "$name has no threads"
  {
    printf 'reapmark-trace 3\nenter 1 0\nnew 0 1 8\nglobal-store 0 0\nclear 0\n'
    for n in 1 2 3; do printf 'thread %d\nattach\nenter 2 0\n' $n; done
    for ((i = 1; i <= 300; i++)); do
      printf 'thread %d\nnew 0 1 8\nlock\nglobal-load 1 0\n' $((i % 3 + 1))
      printf 'store 0 0 1\nglobal-store 0 0\nunlock\nclear 0\nclear 1\n'
    done
    for n in 1 2 3; do printf 'thread %d\nleave\ndetach\n' $n; done
  } >source
  prepared source
  verdict=$(collects && echo ok || echo LEAK)
  for order in free turns; do
    sed "s/order=[a-z]*/order=$order/" prepared >either
    replays either $verdict --option warm-up=3
  done
}

# What cannot be replayed is told in one line, before anything runs.
refused() { # FILE WORDS
  exits 2 "$program" --run "trace:file=$1"
  complained "$2"
  exits 2 "$program" --volume "trace:file=$1"
  complained "$2"
}

test_refused() {
  refused nowhere 'nowhere: No such file or directory'
  refused source 'source is no prepared trace (reapmark trace prepare source'
  prepared source
  expect 0 trace convert prepared p.btrace
  collects && replays p.btrace ok
  head -c 100 p.btrace >short.btrace
  refused short.btrace 'short.btrace: byte 100: the trace is cut short'
  sed '$d' prepared >fewer
  refused fewer 'do not have as many objects as the head says'
  sed 's/^payload 0/payload 9/' prepared >other
  refused other 'register 9 is in no frame'
  sed 's/0=2/0=3/' prepared >other
  refused other 'another checksum'
  exits 2 "$program" --run trace
  complained 'which trace is to be replayed? (trace:file=FILE)'
}

# A list, whose objects are alive for a while.
list() { # LENGTH
  printf 'reapmark-trace 3\nenter 2 0\n'
  awk -v n="$1" 'BEGIN { for (; n > 0; n--)
    print "new 1 1 200\nstore 1 0 0\nmove 0 1" }'
}

# A runtime without room, one that dies, and one that hangs cost their cell.
test_failures() {
  list 60000 >source
  prepared source
  ! limits || replays prepared OOM --heap 4M
  "$program" --run trace:file=prepared --option warm-up=10000 >out 2>err &
  local launcher=$! status=0
  wait_for pgrep -P "$launcher" >/dev/null
  kill -9 "$(pgrep -P "$launcher")"
  wait "$launcher" || status=$?
  [ "$status" = 137 ] || fail "a launcher whose runtime was killed: $status"
  alone
  mkdir found
  cat >found/$name <<END
#!/bin/sh
case \$* in *--run*) ;; *) exec "$program" "\$@" ;; esac
"$program" "\$@" &
until runtime=\$(pgrep -P \$!); do sleep 0.01; done
kill -STOP \$runtime
wait
END
  chmod +x found/$name
  export REAPMARK_PATH=$work/found
  expect 1 run -w trace:file=prepared -c $name -n 1 --timeout 3 -o dir
  printed TIMEOUT
}

# Nothing is in the tables of the models, and what the runtime lacks is told.
test_driver() {
  prepared source
  expect 0 list collectors
  row "^$name .*reference"
  expect 0 run -w trace:file=prepared -c "mark-sweep,$name" -n 1 --heap none -o dir
  printed 'reference runtimes'
  printf "reapmark-trace 3\n$needy\n" >source
  prepared source
  expect 0 run -w trace:file=prepared -c "mark-sweep,$name" -n 1 --heap none -o other
  printed "n/a: needs $lacks"
  # Workloads that are no traces are for programs that embed their collector.
  expect 0 run -w list-drop:length=500 -c "mark-sweep,$name" -n 1 --heap none -o third
  printed 'n/a: was built without this workload'
  expect 0 run -w list-drop:length=500 -c mark-sweep,references --heap none --dry-run
  unprinted "/$name/" # which a group leaves out there
}

# What its pauses consist of, by what the runtime tells; nothing without instruments.
test_phases() {
  command -v python3 >/dev/null || skip 'python3 is not installed'
  prepared source
  replays prepared "$(collects && echo ok || echo LEAK)" --instrument off
  unprinted '"phases"'
  replays prepared "$(collects && echo ok || echo LEAK)"
  cp out record
  case $name in
  openjdk-epsilon)
    unprinted '"phases"'
    return ;;
  openjdk-z) set -- stopping 'mark start' 'mark end' ;;
  openjdk-shenandoah) set -- stopping 'init mark' 'final mark' ;;
  openjdk-*) set -- stopping full ;;
  node) set -- major ;;
  go) set -- 'sweep termination' 'mark termination' ;;
  esac
  exits 0 python3 "$tests/timeline/phases.py" record stop "$@"
}

run_test "$4"
