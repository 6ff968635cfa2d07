#!/usr/bin/env bash
# Tests of `reapmark trace`, as a user runs it.
# Usage: end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1

# Object 2 dies when the global root is cleared.  Objects 1 and 3 die when their
# frame is left; object 3 refers to itself.
cat >good <<'END'
reapmark-trace 1
# a comment that stays
enter 3 1
new 0 1 8
new 1 0 20 f
global-store 5 1
clear 1
collect
global-clear 5
new 2 1 0
store 2 0 2
leave
END

# A program that stands for a collector and replays nothing.  If the trace has a
# line `global-store` and, later, a line `collect`, then the program fails in the way
# that the file `failure` says.
cat >scripted <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --input) input=$2 ;;
    --record-fd) fd=$2 ;;
    --odd) echo "scripted: unknown option '--odd'" >&2; exit 2 ;;
  esac
  shift
done
verdict='{"verdict":{"status":"ok","declared":true}}'
if awk '/^global-store/ { s = 1 } /^collect/ && s { f = 1 } END { exit !f }' \
  "$input"; then
  case $(cat failure) in
    crash) kill -SEGV $$ ;;
    exit) exit 3 ;;
    hang) sleep 100 ;;
    slow) sleep 0.2
      verdict='{"verdict":{"status":"OOM","declared":false}}' ;;
    graph) verdict='{"verdict":{"status":"WRONG","declared":false},
      "violation":{"oracle":"graph"}}' ;;
    sometimes)
      echo x >>runs
      [ $(($(wc -l <runs) % 3)) != 0 ] ||
        verdict='{"verdict":{"status":"LEAK","declared":false}}' ;;
    declared) verdict='{"verdict":{"status":"LEAK","declared":true}}' ;;
  esac
fi
eval "echo '$verdict' >&$fd"
END
chmod +x scripted

shortest='enter 1 0
global-store 0 0
collect'

operations() { grep -v '^#' "$1" | tail -n +2; }

test_verify() {
  expect 0 trace verify good
  printed '10 operations, 0 of them refused; 3 objects, 3 of them dead at the end; 0 lines '
  sed 's/^leave/leave\nleave/' good >bad
  expect 1 trace verify bad
  said "bad:13: 'leave' cannot be performed: no frame to leave"
  expect 0 trace verify --lenient bad
  printed '11 operations, 1 of them refused'
  { cat good; printf 'leave\n%.0s' {1..30}; } >worse
  expect 1 trace verify worse
  said 'worse: and 10 more'
  expect 2 trace verify nowhere
  said 'nowhere: No such file or directory'
  echo 'nwe 0 0 0' >>bad
  expect 2 trace verify bad
  said "bad:14: unknown operation 'nwe' (did you mean 'new'?)"
}

# Threads one after the other, each with a number of its own.
threads() { # N
  echo 'reapmark-trace 1'
  for ((i = 1; i <= $1; i++)); do
    printf 'thread %d\nattach\nenter 1 0\nnew 0 1 8\nleave\ndetach\n' "$i"
  done
}

test_threads() {
  for n in 1025 5000 32767; do
    threads $n >many
    expect 0 trace verify many
    printed "$((5 * n)) operations, 0 of them refused; $n objects, $n of them dead"
  done
  expect 0 trace stat many -f csv
  printed 'threads,32767'
  threads 32768 >more
  expect 2 trace verify more
  said "more:196604: operand 1 of 'thread' is 32768; it can be 0 to 32767"
}

# A replay makes real threads of them.
test_replayed_threads() {
  threads 5000 >many
  expect 1 trace shrink many --tries 1 -- mark-sweep
  said 'does not fail on many'
}

# Little address space is enough for a small trace.  (Not for a sanitizer, which
# reserves terabytes.)
within() { # KILOBYTES CODE ARGUMENT...: with so much address space.
  local kilobytes=$1 code=$2
  shift 2
  exits "$code" bash -c 'ulimit -v "$0" && exec "$@"' "$kilobytes" "$reapmark" "$@"
}

test_address_space() {
  needs_unsanitized "$reapmark" 'little address space'
  for kilobytes in 8000000 1000000 300000; do
    within $kilobytes 0 trace verify good
    printed '10 operations, 0 of them refused'
    within $kilobytes 2 trace stat nowhere
    said 'nowhere: No such file or directory'
  done
  # More is alive than there is room for: one line, and no signal.
  {
    echo 'reapmark-trace 1'
    echo 'enter 1 0'
    for g in {0..63}; do
      printf 'new 0 1000000 0\nglobal-store %d 0\n' "$g"
    done
  } >large
  within 300000 1 trace verify large
  [ "$(cat err)" = 'trace: no memory for slots in the shadow heap' ] ||
    fail 'it says something else'
}

# The example in docs/trace-format.md is valid, and its objects die where the page
# says.
test_example() {
  sed -n '/^    reapmark-trace 3/,/^$/s/^    //p' \
    "$tests/../docs/trace-format.md" >example
  expect 0 trace verify example
  printed '22 operations, 0 of them refused; 3 objects'
  expect 0 trace annotate example
  [ "$(grep -B1 -A1 -n dead out)" = "20-clear 0
21:dead 1
22:dead 2
23-leave
--
28-leave
29:dead 3" ] || fail 'other deaths'
}

test_stat() {
  expect 0 trace stat good --format csv
  printed 'operations,10'
  printed 'objects,3'
  printed 'bytes,72' # 24 + 32 + 16
  printed 'peak-objects,2'
  printed 'peak-bytes,56'
  printed 'peak-line,5'
  printed 'end-objects,0'
  printed 'cyclic-objects,1'
  printed 'cyclic-bytes,16'
  printed 'finalizable,1'
  printed 'op-new,3'
  # After the three objects 48, 0 and 0 bytes are allocated in their lifetimes.
  printed 'lifetime-p50,0'
  printed 'lifetime-max,48'
  printed 'lifetime-mean,16'
  printed 'size-p50,24'
  printed 'size-max,32'
  printed 'size-mean,24'
  printed 'turnover,1.2857' # 72 / 56
  printed 'stores,1'
  printed 'overwrites,0'
  printed 'live-5,24'
  printed 'live-75,56'
  printed 'graph-objects,2'
  printed 'graph-depth,1'
  expect 0 trace stat good
  printed 'reachable at the peak'
  expect 0 trace stat good -f markdown
  printed '| peak-objects'
  expect 0 trace stat good -f json
  printed '"peak-objects": 2'
  expect 2 trace stat good -f jsno
  said "unknown format 'jsno' (did you mean 'json'?)"
  expect 2 trace stat good -f xml
  said "unknown format 'xml' (choose from table, markdown, latex, csv, csv-excel, json)"
}

# A ring of three that a list of two leads to, and an object that refers to itself.
test_stat_graph() {
  cat >graph <<'END'
reapmark-trace 3
enter 3 0
new 0 1 0
new 1 1 0
store 1 0 0
new 2 1 0
store 2 0 1
store 0 0 2
new 0 1 0
store 0 0 2
new 1 1 0
store 1 0 0
clear 0
new 2 1 0
store 2 0 2
store 2 0 2
new 0 0 0
END
  expect 0 trace stat graph -f csv
  printed 'graph-objects,7'
  printed 'graph-depth,5'
  printed 'graph-cyclic,4'
  printed 'graph-component,3'
  printed 'stores,7'
  printed 'overwrites,1'
}

test_annotate() {
  sed '1s/1$/3/; s/^global-clear 5/&\ndead 2/; s/^leave/&\ndead 1\ndead 3/' good >wanted
  expect 0 trace annotate good
  same out wanted
  expect 0 trace verify wanted
  printed "3 lines 'dead', 3 of them exact"
  # A trace that is annotated already stays the same.
  expect 0 trace annotate wanted -o again
  same again wanted
  expect 2 trace annotate good -o good
  said 'good is the trace itself'
  expect 2 trace annotate good -o no/where
  said 'no/where: No such file or directory'
  expect 1 trace annotate good -o /dev/full
  said '/dev/full: No space left on device'
}

# Either form, compressed or not, and back.
test_convert() {
  for form in f.btrace f.btrace.zst f.trace.zst; do
    expect 0 trace convert good $form
    expect 0 trace convert $form back
    same back good
    expect 0 trace verify $form
    printed '10 operations, 0 of them refused'
    expect 0 trace stat $form --format csv
    printed 'peak-line,5'
  done
  expect 0 trace convert f.btrace -
  same out good
  expect 0 trace convert - f2.btrace <good
  same f2.btrace f.btrace
  expect 2 trace convert good good
  said 'good is the trace itself'
  expect 2 trace convert nowhere f.btrace
  said 'nowhere: No such file or directory'
  expect 2 trace convert good no/where
  said 'no/where: No such file or directory'
  expect 1 trace convert good /dev/full
  said '/dev/full: No space left on device'
  # What is not whole becomes nothing that is.
  head -c 60 f.btrace >short.btrace
  expect 2 trace convert short.btrace f3.btrace
  said 'short.btrace: byte 60: the trace is cut short'
  expect 2 trace verify f3.btrace
  said 'the trace is cut short'
}

# The binary form of the traces of the corpus, of all versions.
test_convert_corpus() {
  local converted=0
  for trace in "$tests"/fuzz/corpus/trace-reader/*; do
    "$reapmark" trace convert "$trace" f.btrace 2>err || continue
    expect 0 trace convert f.btrace back
    cmp -s back "$trace" || cmp -s f.btrace "$trace" || fail "$trace changes"
    converted=$((converted + 1))
  done
  [ $converted -ge 3 ] || fail "only $converted traces were converted"
}

test_prepare() {
  expect 0 trace prepare good -o prepared
  grep -q '^# prepared: operations=10 objects=3 bytes=72 live=56 ' prepared ||
    fail "$(head -2 prepared)"
  expect 0 trace verify prepared
  printed "3 lines 'dead', 3 of them exact; 0 problems"
  expect 0 trace prepare prepared
  same out prepared
  { cat good; echo leave; echo payload 0; } >worse
  expect 0 trace prepare worse -o other
  said '2 of 12 operations cannot be performed'
  same other prepared
  expect 2 trace prepare good -o good
  said 'good is the trace itself'
  expect 2 trace prepare nowhere -o other
  said 'nowhere: No such file or directory'
  expect 2 trace prepare good -o no/where
  said 'no/where: No such file or directory'
}

# The commands read a trace twice, also where a pipe can be read only once.
test_pipes() {
  expect 0 trace annotate good
  mv out wanted
  expect 0 trace annotate - <good
  same out wanted
  mkfifo pipe
  cat good >pipe &
  expect 0 trace annotate pipe
  same out wanted
  expect 0 trace verify - <good
  echo nonsense >bad
  expect 2 trace stat - <bad
  said 'standard input:1: not a trace'
}

shrinks() { # FAILURE WORDS [ARGUMENT...]
  echo "$1" >failure
  words=$2
  shift 2
  expect 0 trace shrink good "$@" -o short -- ./scripted --some option
  operations short >got
  [ "$(cat got)" = "$shortest" ] || fail "shrunk to: $(cat got)"
  said "shrink: $words: from 10 to 3 operations"
  has_line short "# fails with $words"
  has_line short \
    '# replay: ./scripted --some option --run replay --input short'
  expect 0 trace verify short
}

test_shrink() {
  shrinks graph 'WRONG graph'
  shrinks crash 'CRASH SIGSEGV'
  shrinks exit 'CRASH exit status 3'
  shrinks hang TIMEOUT --timeout 0.2
  shrinks sometimes LEAK --invocations 3
  # To standard output.
  echo graph >failure
  expect 0 trace shrink good -- ./scripted
  operations out >got
  [ "$(cat got)" = "$shortest" ] || fail "shrunk to: $(cat got)"
}

test_shrink_mistakes() {
  echo none >failure
  expect 1 trace shrink good -- ./scripted
  said './scripted does not fail on good'
  echo declared >failure
  expect 1 trace shrink good -- ./scripted
  echo graph >failure
  expect 2 trace shrink good -- ./scripted --odd
  said "cannot replay the trace: it says: scripted: unknown option '--odd'"
  expect 2 trace shrink good -- ./nothing
  said './nothing cannot replay the trace: No such file or directory'
  expect 2 trace shrink good -- mark-swep
  said "unknown collector 'mark-swep'"
  expect 2 trace shrink nowhere -- ./scripted
  said 'nowhere: No such file or directory'
  expect 2 trace shrink good -- /bin/true
  said '/bin/true cannot replay the trace: it leaves no record'
  # If the output cannot be written, then nothing is run.
  echo sometimes >failure
  for output in no/where .; do
    expect 2 trace shrink good -o $output -- ./scripted
    said "shrink: $output: "
    [ ! -e runs ] || fail 'it was run'
  done
  # An existing output file is kept until a shorter trace is found.
  echo none >failure
  for output in kept new; do
    echo old >kept
    expect 1 trace shrink good -o $output -- ./scripted
    [ "$(cat kept)" = old ] && [ ! -e new ] || fail 'it was written'
  done
  expect 2 trace shrink good
  said 'trace shrink: a trace, or the collector after --, is missing'
  echo graph >failure
  expect 0 trace shrink good --tries 2 -- ./scripted
  said 'in 2 tries, which were all that it had'
}

test_shrink_interrupted() {
  echo slow >failure
  start trace shrink good -o short -- ./scripted
  wait_for grep -q 'operations after' err
  kill -TERM "$driver"
  ended 130
  said ', interrupted'
  [ "$(operations short | wc -l)" -lt 10 ] || fail 'nothing was kept'
}

test_usage() {
  expect 2 trace
  said 'no action'
  expect 2 trace verfiy good
  said "unknown action 'verfiy' (did you mean 'verify'?)"
  expect 0 trace --help
  printed 'annotate'
  expect 0 trace shrink --help
  printed 'Ctrl-C'
}

run_test "$2"
