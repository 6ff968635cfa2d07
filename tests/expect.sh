# expect.sh: the helpers that all test scripts share.
#
# A script sources this file first.  Sourcing it makes an empty folder $work,
# goes there, and removes it at the end.  $here is the folder of the script and
# $tests the folder of this file.  `out` and `err` in $work hold stdout and
# stderr of the program that was run last.
#
# A script that tests the driver sets $reapmark to the driver's program.
#
# The first check that fails ends the script with status 1.  So does any other
# command that fails, also within a pipeline or a command substitution.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap at_exit EXIT
cd "$work"
checks=0   # how many checks were made
behaviour= # the function that run_test is in

at_exit() {
  local status=$?
  rm -rf "$work"
  if [ $status = 0 ] && [ -n "$behaviour" ]; then
    echo "FAILED: $behaviour ended before its last line" >&2
    exit 1
  fi
}

fail() {
  echo "FAILED: $*" >&2
  [ ! -f out ] || { echo '--- stdout'; cat out; } >&2
  [ ! -f err ] || { echo '--- stderr'; cat err; } >&2
  exit 1
}

# skip REASON: ends the script; CTest then reports the test as skipped.
skip() {
  behaviour=
  echo "SKIPPED: $*"
  exit 77
}

# needs_unsanitized PROGRAM WHAT: the test needs a program without a sanitizer,
# since sanitizers do not work with WHAT.
needs_unsanitized() {
  ! grep -qE '__[at]san_init' "$1" || skip "a sanitizer does not work with $2"
}

# run_test NAME: runs the function test_NAME, which must make a check.
run_test() {
  behaviour=test_$1
  "$behaviour"
  [ "$checks" -gt 0 ] || fail "$behaviour checked nothing"
  behaviour=
}

# exits CODE COMMAND...: runs the command, which must exit with CODE.
exits() {
  local wanted=$1 code=0
  shift
  checks=$((checks + 1))
  "$@" >out 2>err || code=$?
  [ "$code" = "$wanted" ] || fail "$*: exit $code, not $wanted"
}

# expect CODE ARGUMENT...: runs the driver, which must exit with CODE.
expect() { exits "$1" "$reapmark" "${@:2}"; }

# list_models: writes the models that are built to the file models, a line each.
list_models() {
  expect 0 leaks models -w pair-cycle --format csv
  cut -d, -f3 out | sed 1d | sort -u >models
  [ -s models ] || fail 'there are no collectors'
}

# third N FILE: a third of the lines: number N = 0, 1, 2.
third() { awk "NR % 3 == $1" "$2"; }

# start ARGUMENT...: runs the driver in the background; its process is $driver.
start() {
  "$reapmark" "$@" >out 2>err &
  driver=$!
}

# ended CODE: the driver that `start` began ends, and exits with CODE.
ended() {
  local code=0
  checks=$((checks + 1))
  wait "$driver" || code=$?
  [ "$code" = "$1" ] || fail "the driver in the background: exit $code, not $1"
}

# kill_driver: kills the driver that `start` began, so that it cannot clean up.
kill_driver() {
  kill -9 "$driver"
  ended 137
}

# wait_for COMMAND...: runs the command again and again until it succeeds.
wait_for() {
  local tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 1000 ] || fail "waited in vain for: $*"
    sleep 0.02
  done
}

# printed TEXT, said TEXT: stdout, stderr has this text.
printed() { grep -qF -e "$1" out || fail "stdout lacks: $1"; }
said() { grep -qF -e "$1" err || fail "stderr lacks: $1"; }

# row REGEX: a line of stdout matches the extended regular expression.
row() { grep -qE -e "$1" out || fail "stdout has no line like: $1"; }

# complained TEXT: stderr is a single line, which has this text.
complained() {
  [ "$(lines err)" = 1 ] || fail 'stderr is not one line'
  said "$1"
}

# unprinted TEXT: stdout has something, but not this text.
unprinted() {
  [ -s out ] || fail 'nothing was printed'
  ! grep -qF -e "$1" out || fail "stdout has: $1"
}

# silent: stderr is empty.
silent() { [ ! -s err ] || fail 'stderr is not empty'; }

# has FILE TEXT: the file has this text.
has() { grep -qF -e "$2" "$1" || fail "$1 lacks: $2"; }

# has_line FILE LINE: one of the lines of the file is this one.
has_line() { grep -qxF -e "$2" "$1" || fail "$1 has no line: $2"; }

# same A B: the files have the same contents, and are not empty.
same() {
  [ -s "$1" ] || fail "$1 is empty"
  diff -u "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# counted NUMBER REGEX FILE: so many lines of the file match.
counted() {
  local found
  found=$(grep -cE -e "$2" "$3" || true)
  [ "$found" = "$1" ] || fail "$3: $found lines like $2, not $1"
}

# lines FILE: prints the number of lines; 0 if there is no such file.
lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }

# printed_files PAGE FOLDER FILE...: writes the files that a page prints to the folder.
# A code block is a file if the line of text before it begins with the file's name in
# backquotes; tests/docs/files.py holds every page to that.  FILE... must be among them.
printed_files() {
  local page=$1 folder=$2 file
  shift 2
  awk -v to="$folder/" '
    /^```/ { if (file && inside) { file = ""; inside = 0 } else inside = file != ""
             next }
    inside { print > (to file); next }
    /^`[A-Za-z-]+\.[a-z]+`/ { split($0, part, "`"); file = part[2] }
  ' "$page"
  for file in "$@"; do
    [ -s "$folder/$file" ] || fail "$page does not print $file"
  done
}

# canary_took TIME DIR [NUMBERS]: makes the canary's times in a results directory
# TIME ns, which must be less than they are; of its runs with these last digits
# only.  The rest counts as the instruments' time, so that records stay sound.
canary_took() {
  awk -v wall="$1" -v runs="${3:-0-9}" '
    function number(name) {
      match($0, "\"" name "\":[0-9]+")
      return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    }
    $0 ~ "\"canary\":true" && $0 ~ "canary/[^ ]*#[0-9]*[" runs "]\"" {
      instrument = number("instrument") + number("wall") - wall
      sub(/"wall":[0-9]+/, "\"wall\":" wall)
      sub(/"instrument":[0-9]+/, "\"instrument\":" instrument)
    }
    { print }' "$2/runs.jsonl" >canary.new
  mv canary.new "$2/runs.jsonl"
}

# keys DIR: prints the sorted keys of the runs in a results directory.
keys() { grep -o '"key":"[^"]*"' "$1/runs.jsonl" | sort; }

# hangs_after RUNS PROGRAM NEW: makes a program that is the collector program
# PROGRAM, which has the same name, and hangs once it has run so often.
hangs_after() {
  cat >"$3" <<EOF
#!/bin/sh
case "\$*" in
*--run*)
  echo >>"\$0.runs"
  [ "\$(wc -l <"\$0.runs")" -le $1 ] || { echo \$\$ >"\$0.pid"; exec sleep 1000; } ;;
esac
exec "$2" "\$@"
EOF
  chmod +x "$3"
}

# alone: from now on the driver is ./reapmark and finds no collectors but those
# of REAPMARK_PATH, and so runs no canary.  (It looks for the collectors of its
# build beside itself, so that a copy elsewhere finds none.)
alone() {
  cp "$reapmark" reapmark
  reapmark=./reapmark
}

# use_scripted PROGRAM NAME...: the same, with links of these names to the
# program in the folder found/.
use_scripted() {
  local program=$1 name
  shift
  alone
  mkdir found
  for name in "$@"; do ln -s "$program" "found/$name"; done
  export REAPMARK_PATH=$work/found
}
