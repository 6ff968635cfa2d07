#!/usr/bin/env bash
# Tests of scripts/record-python and `reapmark trace infer`, as a user runs them.
# Usage: record-python.sh SOURCE REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
record=$1/scripts/record-python
export REAPMARK=$2
reapmark=$2

# A newer Python than most systems have, by $PYTHON or any name.
needs_python() {
  for PYTHON in ${PYTHON-} python3 python3.13 python3.14; do
    command -v "$PYTHON" >/dev/null || continue
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 13, 3))' 2>err ||
      continue
    export PYTHON
    return
  done
  skip "it takes Python 3.13.3 or later, with its headers (set PYTHON)"
}

cat >made <<'END'
python-recording 1
b
b
e 1 1 2
x 1 1
s
b
d 3 48 1 1
d 2 32 0
b
l 1 64
l 4 16
end 0
END

test_an_older_python_is_refused() {
  cat >old <<'END'
#!/bin/sh
case $2 in
  *platform*) echo 3.11.2 ;;
  *) exit 1 ;;
esac
END
  chmod +x old
  echo 'print(1)' >program.py
  exits 2 env PYTHON="$work/old" "$record" program.py
  said "it takes Python 3.13.3 or later"
  said "old is 3.11.2"
  [ ! -e recorded.trace ] || fail "a trace was made"
}

test_wrong_usage() {
  exits 2 "$record"
  said 'no PROGRAM'
  exits 2 "$record" nothing.py
  said 'nothing.py: no such program'
  exits 2 "$record" --evry 3 made
  said "unknown option '--evry' (-o, --every, --keep)"
  exits 2 "$record" --every none made
  said '--every none: not a number from 1 on'
  exits 2 "$record" -o
  said '-o needs a value'
  exits 2 env PYTHON=python-of-nobody "$record" made
  said 'there is no python-of-nobody'
}

# What is alive over time: the head of a trace says what `trace stat` finds in it,
# and that of the program, in which no less is alive.
live_agrees() { # TRACE
  exits 0 "$reapmark" trace stat "$1" --format csv
  sed -n 's/^live-[0-9]*,\([0-9]*\).*/\1/p' out >found
  sed -n 's/^# live bytes in the trace: //p' "$1" | tr ' ' '\n' >told
  sed -n 's/^# live bytes recorded: //p' "$1" | tr ' ' '\n' >recorded
  [ "$(lines found)" = 20 ] || fail "$1: $(lines found) moments"
  same found told
  paste found recorded | awk '$2 < $1 { less = 1 } END { exit less }' || fail "$1: more is alive"
}

# What a recording by hand becomes: annotate finds the deaths that it tells.
test_a_trace_is_inferred() {
  exits 0 "$reapmark" trace infer made --most-held 60 -o trace
  said 'proof: 2 of 2 objects that counting freed'
  said 'proof: 2 of 2 objects that lived on'
  exits 0 "$reapmark" trace verify trace
  live_agrees trace
  exits 0 "$reapmark" trace annotate trace
  grep -v '^#' out | sed 1d >annotated
  diff annotated - <<'END' || fail "another trace"
enter 2 0
new 0 1 56
new 1 0 32
store 0 0 1
clear 1
new 1 1 40
store 1 0 0
store-null 0 0
dead 2
clear 1
dead 3
new 1 0 16
leave
dead 1
dead 4
END
}

# A ring of two objects is lost at the second snapshot, and the detector finds it one
# birth later: meanwhile only the program has it.
test_live_objects_over_time() {
  printf '%s\n' 'python-recording 1' b b 'e 1 1 2' 'e 2 1 1' 'x 1 1' s b 'x 1 0' 'x 3 1' s b \
    '(' 'd 1 24 0' 'd 2 24 0' ')' b 'l 3 24' 'l 4 24' 'l 5 24' 'end 0' >ring
  exits 0 "$reapmark" trace infer ring --most-held 100 -o trace
  live_agrees trace
  # Five objects of 32 bytes are made; moments are at 5, 10, ... % of the bytes.
  has_line trace \
    '# live bytes recorded: 32 32 32 32 64 64 64 64 96 96 96 96 128 128 128 128 96 96 96 96'
  has_line trace \
    '# live bytes in the trace: 32 32 32 32 64 64 64 64 96 96 96 96 64 64 64 64 96 96 96 96'
}

test_too_many_holders_are_refused() {
  exits 1 "$reapmark" trace infer made --most-held 10 -o trace
  said 'registers alone hold more than 10 %'
  [ ! -e trace ] || fail "the trace was written"
}

test_a_recording_that_is_cut_is_refused() {
  head -n 8 made >cut
  exits 2 "$reapmark" trace infer cut -o trace
  said 'cut:9: the recording is cut'
  exits 2 "$reapmark" trace infer nothing -o trace
  said 'nothing: No such file'
}

# Cycles, temporary objects, containers that change, weak references, a secret.
cat >program.py <<'END'
import sys, weakref
class Node:
    pass
secret = "hunter" + str(2)
table = {}
for i in range(3000):
    a, b = Node(), Node()
    a.other, b.other = b, a
    a.text = [secret, str(i)] * 3
    a.seen = weakref.ref(b)
    table[i % 100] = (i, [secret + str(i)])
    if i % 7 == 0:
        table.pop(i % 50, None)
assert sys.argv[1:] == ["one", "two words"]
END

test_a_program_is_recorded_and_proved() {
  needs_python
  exits 0 "$record" --every 1000 --keep kept -o trace program.py one 'two words'
  exits 0 "$reapmark" trace verify trace
  # The detector has found some of 3000 pairs, and has not come to the others.
  cyclic=$(sed -n 's/^# proof: \([0-9]*\) of \1 objects of dead cycles.*/\1/p' trace)
  live_agrees trace
  [ "${cyclic:-0}" -ge 6000 ] || fail "only ${cyclic:-no} objects of dead cycles"
  grep -qE '^# proof: ([0-9]+) of \1 objects that counting freed' trace ||
    fail "not proved"
  ! grep -q hunter kept trace || fail "a string was written"
}

test_a_program_that_fails_makes_no_trace() {
  needs_python
  exits 1 "$record" -o trace program.py
  said 'the program ended with status 1'
  [ ! -e trace ] || fail "a trace was made"
}

# The traces that are kept: their heads say that all was proved.
test_kept_traces() {
  command -v zstd >/dev/null || skip "it takes the package zstd"
  for trace in "$(dirname "$record")"/../results/traces/*.trace.zst; do
    zstd -dcq "$trace" >kept
    [ "$(grep -cE '^# proof: ([0-9]+) of \1 objects' kept)" = 3 ] ||
      fail "$trace is not proved"
    exits 0 "$reapmark" trace verify kept
    live_agrees kept
  done
}

run_test "$3"
