#!/usr/bin/env bash
# Tests of `reapmark choose`, as a newcomer uses it.  What is run is small, and bounds on
# times are far away, so that the speed of the machine does not matter.
# Usage: end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
small='--live 1M --heap 4M'

# refused TEXT ARGUMENT...: a mistake: one line that says this, and nothing is run.
refused() {
  expect 2 choose "${@:2}" -o refused
  complained "$1"
  [ ! -e refused ] || fail 'a directory was made'
}

test_mistakes() {
  alone
  refused 'choose needs --like, what your program is like (choose from cache, compiler, events, server)'
  refused "unknown kind of program 'cach' (did you mean 'cache'?)" --like cach $small
  refused "'database' (choose from cache, compiler" --like database $small
  refused 'choose needs --live, such as 300M' --like cache --heap 4M
  refused 'choose needs --heap, such as 512M' --like cache --live 1M
  refused "--heap: '3x' is not a size in bytes, such as 512M" \
    --like cache --live 1M --heap 3x
  refused "--live: 'none' is not a size in bytes" --like cache --live none --heap 4M
  refused "heap size '300' has no unit (did you mean 300M" \
    --like cache --live 300 --heap 4M
  refused "--p99: '5' is not a time (did you mean '5ms'?)" \
    --like cache $small --p99 5
  refused "--p99: '5mm' is not a time such as 5ms" --like cache $small --p99 5mm
  refused "--p99: '0ms' is not a time" --like cache $small --p99 0ms
  refused "--for: '5' is not a time (did you mean '5m'?)" --like cache $small --for 5
  refused "--for: 'long' is not a time such as 5m" --like cache $small --for long
  refused "--threads: '0' is not a whole number" --like cache $small --threads 0
  refused "--rate: '0' is not a whole number" --like cache $small --rate 0
  refused "unknown option '--liv_e' (did you mean '--live'?)" --like cache --liv_e 1M
}

# What cannot be is refused before anything runs.
test_bytes() {
  refused '--live 5M does not fit into --heap 4M' --like cache --live 5M --heap 4M
  refused '--live 4M does not fit into --heap 4M' --like cache --live 4M --heap 4M
  refused '--heap 100M: no collector fits 99M of live data into it; the least is' \
    --like cache --live 99M --heap 100M
  expect 2 choose --like cache --live 100 --heap 4M -o refused
  expect 2 choose --like cache --live 0.2k --heap 4M -c mark-sweep -o refused
  grep -qE -e '--live 204: globals has at least [0-9]+ bytes alive' err || fail 'no least'
  expect 2 choose --like server --live 1000G --heap 2000G -c mark-sweep -o refused
  grep -qE 'at most [0-9]+ MiB alive|MiB of memory' err || fail 'no reason'
  [ ! -e refused ] || fail 'a directory was made'
}

# bench.sh asks which collectors it has to build.
test_needs() {
  alone
  expect 0 choose --like cache --needs
  for name in mark-sweep generational immix refcount-cycles; do has_line out $name; done
  expect 0 choose --like cache -c immix:markers=1,none --needs
  printf '%s\n' immix none mark-sweep >wanted
  same wanted out
}

# Collectors that are not built are named, with the command that builds them.
test_missing() {
  local real
  real=$(dirname "$reapmark")/collectors/mark-sweep
  alone
  mkdir found
  ln -s "$real" found/mark-sweep
  export REAPMARK_PATH=$work/found
  expect 0 choose --like compiler $small --dry-run
  said 'collectors that are here: mark-sweep'
  said 'not built, and not in the answer: refcount-cycles, mark-sweep-incremental, '
  said "; 'scripts/bench.sh choose' with the same options builds them first"
  row '^  - "mark-sweep"$'
  counted 1 '^  - "' out
  # What the build could not have is told with what it needs, and no command.
  mkdir collectors
  echo 'immix package libimmix-dev' >collectors/not-built
  expect 0 choose --like compiler $small --dry-run
  said 'not built, and not in the answer: immix (needs package libimmix-dev)'
  counted 0 'immix.*builds them first' err
  rm -r collectors
  expect 3 choose --like compiler $small -c immix --dry-run
  said "--collectors: "
  rm found/mark-sweep
  expect 3 choose --like compiler $small --dry-run
  said 'none of these collectors is built'
}

# peak WORKLOAD PARAMETERS: what `describe` counts as the peak.
peak() {
  "$reapmark" describe "$1" "${@:2}" | sed -n 's/^peak-bytes  *\([0-9]*\).*/\1/p'
}

# The workloads of every kind have as much alive as was asked for, as `describe` counts.
test_sizes() {
  local kind name bytes found=0
  for kind in cache server compiler events; do
    expect 0 choose --like $kind $small -c mark-sweep -t 2 --dry-run
    counted 3 '1.00 MiB alive of the 1.00 MiB asked for' err
    row '^ +threads: \[2\]$'
    for name in $(sed -n 's/^  - workload: "\(.*\)"$/\1/p' out); do
      # A shorter run has the same peak.
      name=$(sed -E 's/(requests|ops)=[0-9]+/\1=2000/; s/,(rate|duration|rounds)=[0-9]+//g
        s/rounds=[0-9]+,//; s/^globals:/globals:ops=2000,/' <<<"$name")
      case $name in
      threads:*) bytes=$(peak "$name" --threads 2) ;;
      *) bytes=$(peak "$name") ;;
      esac
      [ "$bytes" -le 1048576 ] && [ "$bytes" -ge 1000000 ] || fail "$name: $bytes bytes"
      found=$((found + 1))
    done
    # Without --threads nothing has several.
    expect 0 choose --like $kind $small -c mark-sweep --dry-run
    unprinted threads:
    # What has requests gets a rate.
    [ $kind = compiler ] || row 'workload: .*,rate=[0-9]+,'
  done
  [ $found = 12 ] || fail "$found workloads"
}

# Too little time for what is asked, and too little to know.  (A round of the plan is
# never shorter than a second.)
test_too_short() {
  expect 2 choose --like compiler $small -c mark-sweep --for 100s -n 100 -o dir
  said '--for: 2m is too short for 100 runs of 1 collector on 2 workloads, about '
  expect 2 choose --like compiler $small -c mark-sweep --for 1ms -o dir
  said '--for: 1s was up before '
  said '; give more time'
  [ ! -e dir ] || fail 'a directory was made'
}

# The time is a limit, and no estimate: a collector that takes far longer than the
# trial promised is ended, and the answer is made of the runs that there are.
test_hard_stop() {
  local real
  real=$(dirname "$reapmark")/collectors
  alone
  mkdir found
  ln -s "$real/mark-sweep" found/mark-sweep
  hangs_after 2 "$real/generational" found/generational
  export REAPMARK_PATH=$work/found
  expect 0 choose --like compiler $small --p99 100s -c mark-sweep,generational \
    --for 40s -n 2 -o dir
  said 'reapmark run dir/suite.yml -o dir --for '
  said '--for: the time is up; '
  printed 'pause <= 100s: met by '
  row '^How sure: 1( to 2)? runs? of each cell, of 2 that were planned: the time was up\.$'
  has dir/page.html 'pause &lt;= 100s'
}

# Where the trial shows that no collector fits, nothing more is run.
test_no_collector_fits() {
  expect 1 choose --like compiler --live 1M --heap 1.2M -c semispace -o dir
  said 'none of 1 collector runs this with --heap '
  said 'OOM'
  [ ! -e dir ] || fail 'a directory was made'
}

# From the question to the answer and the page; without requests, p99 bounds pauses.
test_answer() {
  expect 0 choose --like compiler $small --p99 100s --for 1h -c mark-sweep -o dir
  said 'like compiler: there are no requests, so 100s bounds the longest pause'
  said 'reapmark run dir/suite.yml -o dir'
  printed 'pause <= 100s: met by mark-sweep (4M).'
  printed 'Asked: a program like compiler, with 1M alive in 4M, no pause longer than 100s.'
  printed 'How sure: 10 runs of each cell.'
  printed 'Page: dir/page.html'
  has dir/page.html 'pause &lt;= 100s'
  # The suite is one that `run` takes.
  expect 0 run dir/suite.yml --dry-run
  row '^binary-trees:.*/mark-sweep/heap=4M/'
  # Results are never mixed with those of another question.
  expect 2 choose --like cache $small -c mark-sweep -o dir
  said 'dir has results already; take another -o DIR'
}

test_answer_for_requests() {
  expect 0 choose --like cache $small --p99 100s --for 1h -n 1 --rate 20000 \
    -c mark-sweep,generational -o dir
  said '/s at full speed; requests arrive at 20k/s'
  printed 'p99 <= 100s: met by '
  printed '; requests arrive: globals at 20000/s, requests at 20000/s.'
  has dir/page.html 'p99 &lt;= 100s'
  printed 'How sure: 1 run of each cell.'
  counted 2 'workload: .*,rate=20000,' dir/suite.yml
}

run_test "$2"
