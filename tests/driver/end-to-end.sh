#!/usr/bin/env bash
# Tests of the driver with scripted collectors, as a user runs the driver.
# Usage: end-to-end.sh REAPMARK TEST; one function per test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
use_scripted "$here/scripted-collector" alpha beta gamma

# records DIR: prints how many records a results directory has.
records() { lines "$1/runs.jsonl"; }

test_run() {
  expect 0 run -w script -n 2 -c alpha,beta -o dir
  printed 'script, heap 3x, 1 thread'
  printed '1.00M' # 1000 acts in a millisecond
  [ "$(records dir)" = 4 ] || fail 'not four records'
  [ -f dir/plan.json ] && [ -f dir/machine.json ] || fail 'no description'
  expect 0 report dir --format csv
  printed 'custom,script,alpha,3x,1,ok,,acts,1000000,0,0.03,100,'
}

test_failures_cost_one_cell() {
  acts=ok,declared,leak,wrong,over,oom,crash,hang,fail,garbage,half,quiet
  expect 1 run --timeout 1 -n 1 -o dir -c alpha \
    -w "script:act=${acts//,/,script:act=}"
  [ "$(records dir)" = 12 ] || fail 'not twelve records'
  printed 'LEAK 7 (declared)'
  printed 'LEAK 7 !'
  printed 'alpha: LEAK 7 ! in 1 of 1 invocations: 7 objects too many'
  printed 'alpha: WRONG in 1 of 1 invocations: a node was lost'
  printed 'alpha: OVER LIMIT in 1 of 1 invocations: the heap held up to 9 bytes'
  printed 'alpha: OOM in 1 of 1 invocations: no room for 64 bytes'
  printed 'alpha: CRASH SIGABRT in 1 of 1 invocations: assertion failed'
  printed 'alpha: TIMEOUT in 1 of 1 invocations: killed after 1 s: waiting'
  printed 'alpha: CRASH exit status 3 in 1 of 1 invocations: il a abandonné: "3 | 4"'
  printed "no valid record: '[' or '{' expected near 'not'"
  printed "no valid record: field 'verdict.status' is no known status"
  printed 'no valid record: nothing was written'
  expect 1 run -n 1 -o other -c alpha,beta -w script:act=leak
  expect 0 run -n 1 -o third -c alpha,beta -w script:act=declared
}

# A record that cannot be so is WRONG; it says which figure, and the limit.
# A run that was disturbed is suspect.  Neither shows a figure.
test_odd_records() {
  odd() { # HOW VERDICT REASON
    expect 1 run -c alpha -w "script:act=odd,how=$1" -n 1 -o "$1"
    printed "alpha: $2 in 1 of 1 invocations: $3"
    unprinted '1.00M'
    said "$2: script:act=odd,how=$1/alpha/heap=3x/threads=1/seed=42#1: $3"
    expect 1 run --resume -o "$1" # which counts it as run, and as failed
    expect 0 report "$1" --format csv
    printed ",$2,"
    expect 0 report "$1" --format gbench
    has out '"benchmarks": []'
  }
  wrong() { odd "$1" WRONG "the record contradicts itself: $2"; }
  wrong long-pause 'pauses.cascade has one of 3000000, longer than the run, 1000000'
  wrong much-pause 'time.own 3600000 is more than 1 threads have in a run of 1000000'
  wrong long-stop 'time.stop 3600000 is longer than the run, 1000000'
  wrong peak 'memory.peak 3145728 is below memory.baseline 9000000'
  wrong leaks 'verdict: ok, with 9 objects leaked'
  wrong no-leak 'verdict: LEAK, of 0 objects'
  wrong violation 'verdict: ok, with a violation of graph'
  wrong freed 'verdict: ok, with 3 violations of freed memory'
  wrong no-ops 'ops.count is 0: nothing was done'
  wrong no-wall 'time.wall is 0: nothing was measured'
  wrong long-step 'steps.act has one of 3000000, longer than the run, 1000000'
  wrong late-sample 'memory.curve ends at 90000000000, after the run, 1000000'
  odd still suspect 'the process neither ran nor waited for a processor for 1500 ms'
  # (A sanitizer's own memory is resident as well.)
  grep -qE '__[at]san_init' "$reapmark" ||
    odd behind suspect 'the process grew by 398951424 bytes, and the heap held 2097152'
  expect 1 run -c alpha -w script:act=odd,how=negative -n 1 -o negative
  printed "no valid record: field 'time.own' is not an integer of at least 0"
}

# What a driver of another version let through is judged when it is read.
test_odd_records_of_others() {
  expect 0 run -c alpha,beta -w script -n 4 -o dir
  cp -r dir base
  sed -i '/"collector":"alpha"/s/"wall":1000000/"wall":0/' dir/runs.jsonl
  sed -i '/"collector":"beta"/s/"run_delay":0/"run_delay":0,"still":60000000/' \
    dir/runs.jsonl
  expect 0 report dir
  row '^alpha +WRONG '
  row '^beta +suspect '
  expect 1 run --resume -o dir
  expect 0 compare base dir
  printed 'new WRONG: the record contradicts itself: time.wall is 0'
  printed 'new suspect: the process neither ran nor waited for a processor'
  # A disturbed run is no regression, but there is nothing to compare either.
  expect 3 compare base:beta dir:beta --fail-on-regression throughput=5%
  said 'suspect: nothing to compare'
  expect 4 compare base:alpha dir:alpha --fail-on-regression throughput=5%
  said 'regression: dir:alpha: script/heap=3x: WRONG'
}

# Searches stop at such a run, and try it again when they are begun again.
test_odd_probes() {
  minheap() { expect 1 minheap -c alpha -w "script:act=odd,how=$1" -o "$1"; }
  minheap still
  printed 'suspect: the process neither ran nor waited'
  [ "$(lines still/probes.jsonl)" = 1 ] || fail 'it went on'
  minheap still
  [ "$(lines still/probes.jsonl)" = 2 ] || fail 'it was not tried again'
  minheap no-wall
  printed 'WRONG: the record contradicts itself: time.wall is 0'
}

# One line under the title tells that the machine was busy, or another one.
test_surroundings() {
  expect 0 run -c alpha -w script -n 2 -o dir
  grep -q '"beside":{"cpu":[0-9]*,"steal":[0-9]*},"machine":{' \
    dir/runs.jsonl || fail 'no surroundings in the record'
  beside() { # OTHERS' CPU TIME, STOLEN TIME, RUN-QUEUE DELAY of 10 and 1 ms
    sed -E 's/"beside":\{[^}]*\}/"beside":{"cpu":'"$1"',"steal":'"$2"'}/
      s/"run_delay":0/"run_delay":'"$3"'/; s/"elapsed":[0-9]+/"elapsed":10000000/
      s/"machine":\{[^}]*\}/"machine":{"stepping":3}/' dir/runs.jsonl >changed.jsonl
    cp changed.jsonl changed/runs.jsonl
    expect 0 report changed
  }
  cp -r dir changed
  sed -i 's/"cpus": [0-9]*/"cpus": 4/' changed/machine.json
  beside 3900000 390000 9000
  unprinted BUSY
  beside 4100000 0 0
  printed 'BUSY: beside the runs 0.41 of 4 cores were in use; the runs waited for a processor 0.0 % of the time; 0.0 % of the CPU time was stolen.'
  beside 0 410000 0
  printed 'BUSY: beside the runs 0.00 of 4 cores were in use; the runs waited for a processor 0.0 % of the time; 1.0 % of the CPU time was stolen.'
  beside 0 0 11000
  printed 'the runs waited for a processor 1.1 % of the time'
  expect 0 report changed --format json
  printed '"BUSY: beside the runs'
  # What a run waited for threads of its own is not the machine's.
  sed -i 's/"own_delay":0/"own_delay":2000/' changed/runs.jsonl
  expect 0 report changed
  unprinted BUSY
  # Records of another processor.
  unprinted 'different machines'
  sed -i '$s/"stepping":3/"stepping":4/' changed/runs.jsonl
  expect 0 report changed
  printed 'SUSPECT: the runs are of different machines: the cpu stepping is 3 and 4.'
  said 'warning: changed: SUSPECT: the runs are of different machines'
  # Records that do not tell are of no other machine.
  sed -i '$s/,"machine":{[^}]*}//; s/,"beside":{[^}]*}//' changed/runs.jsonl
  expect 0 report changed
  unprinted 'different machines'
}

# Comparisons name the first thing in which the processors differ.
test_compared_machines() {
  expect 0 run -c alpha -w script -n 4 -o base
  cp -r base new
  machine() { # FIELD VALUE
    sed -E 's/"'"$1"'": ("[^"]*"|-?[0-9]+)/"'"$1"'": '"$2"'/' base/machine.json \
      >new/machine.json
    expect 0 compare base new
  }
  for field in model family model_number stepping microcode l1d l2 l3; do
    sed -i -E 's/"'$field'": ("[^"]*"|-?[0-9]+)/"'$field'": 777/' base/machine.json
    machine $field 778
    said "warning: the cpu $field differs: base: 777, new: 778"
    machine $field -1 # it did not tell
    said "warning: the cpu $field may differ: base: 777, new: unknown"
    machine $field 777
    ! grep -q 'the cpu' err || fail 'warned of the same processor'
  done
  # Results of before these fields are compared, too.
  sed -E 's/"(family|model_number|stepping|microcode)"/"not-\1"/' \
    base/machine.json >new/machine.json
  expect 0 compare base new
  said 'warning: the cpu family may differ: base: 777, new: unknown'
  expect 0 run --resume -n 5 -o new
  said "warning: the CPU's model changed since new was begun"
}

test_not_applicable() {
  expect 0 run -n 1 -o dir -w shared,script,dying
  printed 'n/a: needs threads'      # beta
  printed 'n/a: needs finalizers'   # all
  printed 'n/a: needs a heap limit' # gamma
  has dir/plan.json '"n/a": "needs threads"'
  expect 0 run -n 1 -o other -w script --heap none --dry-run
  printed 'script/gamma/heap=none/threads=1/seed=42#1'
}

# The report says that the threads of a cell take turns if the cell has several.
test_turns() {
  ln -s "$here/scripted-collector" found/lockstep
  expect 0 run -n 1 -c alpha,lockstep -w shared -t 1,2 -o dir
  note='lockstep: its threads take turns, so that more of them are no faster'
  printed "$note"
  counted 1 'take turns' out
  sed -n '/, 2 threads/,$p' out >of_two_threads
  has of_two_threads "$note"
  expect 0 run -n 1 -c alpha,lockstep -w shared -t 1,2 -o dir --resume
  expect 0 report dir --format markdown
  printed "- $note"
  expect 0 list collectors
  row '^lockstep .* take turns '
  expect 0 list collectors --format json
  counted 1 '"turns": true' out
}

test_dry_run() {
  expect 0 run -w script,shared -t 1,2 --heap 2x,64M -n 2 --dry-run -o dir
  [ ! -e dir ] || fail 'a dry run made its directory'
  mv out first
  expect 0 run -w script,shared -t 1,2 --heap 2x,64M -n 2 --dry-run
  same first out
  said '16 runs of 8 cells'
  expect 0 run -w script,shared -t 1,2 --heap 2x,64M -n 2 --dry-run --seed 7
  # The seed is also in the names of the runs, and these must differ in order.
  sed 's/seed=[0-9]*/seed=/' first >order_of_42
  sed 's/seed=[0-9]*/seed=/' out >order_of_7
  ! cmp -s order_of_42 order_of_7 || fail 'the seed does not matter'
  sort order_of_42 >runs_of_42
  sort order_of_7 >runs_of_7
  same runs_of_42 runs_of_7
}

test_usage_errors() {
  expect 2 run -c alhpa -w script
  complained "--collectors: unknown collector 'alhpa' (did you mean 'alpha'?)"
  expect 2 run -c alpha -w scirpt
  complained "--workloads: unknown workload 'scirpt' (did you mean 'script'?)"
  expect 2 run -c alpha -w script:sise=3
  complained "script has no parameter 'sise' (did you mean 'size'?)"
  expect 2 run -c alpha -w script:size=0
  complained "parameter 'size' of script: '0' is not a whole number from 1 to"
  expect 2 run -c alpha -w script:act=crahs
  complained "'crahs' is none of its choices (did you mean 'crash'?)"
  expect 2 run -c alpha:triger=2 -w script
  complained "alpha has no option 'triger' (did you mean 'trigger'?)"
  expect 2 run -c alpha -w script --heap 3q
  complained "--heap: heap size '3q' is neither"
  expect 2 run -c alpha -w script --heap 512
  complained "--heap: heap size '512' has no unit (did you mean 512M or 3x?)"
  expect 2 run -c alpha -w shared -t 0
  complained "--threads: '0' threads"
  expect 2 run -c alpha -w script --timeout -1
  complained "--timeout: '-1' is not a number of seconds above 0"
  expect 2 run -c alpha -w script -n 0
  complained "--invocations: '0' is not a whole number from 1 to 1000"
  expect 2 run --sede 3
  complained "run: unknown option '--sede' (did you mean '--seed'?)"
  expect 2 run quikc
  complained "unknown suite 'quikc' (did you mean 'quick'?)"
  expect 2 run quick standard
  complained "run: unexpected argument 'standard'; usage: reapmark run"
  expect 2 run --resume
  complained '--resume needs -o DIR'
  expect 2 rnu
  complained "unknown command 'rnu' (did you mean 'run'?)"
  expect 2
  complained 'no command'
  expect 2 list colectors
  complained "unknown 'colectors' (did you mean 'collectors'?)"
  expect 2 report nowhere
  complained 'nowhere/plan.json: No such file or directory'
  expect 0 run --help
  printed '--timeout SECONDS'
}

test_help() {
  expect 0 help
  printed 'find the smallest heap of each collector'
  cp out all
  expect 0 --help
  same all out
  commands=$(sed -nE 's/^  ([a-z]+) .*/\1/p' all)
  [ "$(echo "$commands" | wc -l)" -ge 13 ] || fail "only these commands: $commands"
  for command in $commands 'trace verify' 'trace stat' 'trace annotate' 'trace infer' 'trace shrink'; do
    expect 0 help $command
    printed "usage: reapmark $command "
    printed "example: reapmark $command "
    cp out one
    expect 0 $command --help
    same one out
    awk 'length($0) > 100 { exit 1 }' out || fail "$command: a line is too long"
  done
  expect 2 help rnu
  complained "unknown command 'rnu' (did you mean 'run'?)"
  expect 2 hepl
  complained "unknown command 'hepl' (did you mean 'help'?)"
  expect 2 help trace verfiy
  complained "unknown action 'verfiy' (did you mean 'verify'?)"
  # Earlier names are answered by the present ones, or still understood.
  expect 2 list collectors --json
  complained "(did you mean '--format'?)"
  expect 2 leaks --causes cache
  complained "(did you mean '--workloads'?)"
  expect 2 rate --runs 3
  complained "(did you mean '--invocations'?)"
  expect 2 minheap --rtol 1
  complained "(did you mean '--precision'?)"
  expect 2 stress --tries 3
  complained "(did you mean '--invocations'?)"
  expect 2 stress -c poison
  complained "'poison' is a condition: it goes to --conditions (-C)"
}

# Commas and blanks are the same, in options and operands.
test_lists() {
  expect 0 run -w script,shared -t 1,2 --heap 2x,64M -c alpha,beta --dry-run
  cp out plain
  expect 0 run -w 'script shared' -t ' 1 2' --heap '2x, 64M' -c 'alpha  beta' --dry-run
  same plain out
  expect 0 run -w script:size=2,act=ok,shared -c alpha --dry-run
  cp out plain
  expect 0 run -w 'script:size=2 act=ok shared' -c alpha --dry-run
  same plain out
  expect 2 run -w script,,shared -c alpha --dry-run
  complained "'' has no name"
}

test_nothing_matches() {
  cat >one.yml <<EOF
name: one
description: one cell
cells: [{workload: script, collectors: [alpha]}]
EOF
  expect 3 run ./one.yml -c beta
  complained "nothing matches: suite 'one'"
  expect 3 run ./one.yml -w shared
  said "suite 'one' has no workload 'shared'"
  REAPMARK_PATH= expect 3 run ./one.yml
  complained 'no collectors found'
}

# Two lists of parameters for one workload of a suite: none of them is dropped
# silently.
test_workload_of_suite_twice() {
  cat >one.yml <<EOF
name: one
description: one cell
cells: [{workload: script, collectors: [alpha]}]
EOF
  expect 2 run ./one.yml -w 'script:size=1 script:size=2' -o dir
  complained "--workloads: 'script' is listed twice"
  [ ! -e dir ] || fail 'something was written'
  expect 0 run -w 'script:size=1 script:size=2' -c alpha --dry-run
  printed script:size=1
  printed script:size=2
}

# suite_error TEXT LINE...: the driver refuses a suite of these lines, and its one
# line on stderr has the text.
suite_error() {
  text=$1
  shift
  printf '%s\n' 'name: bad' 'description: bad' "$@" >bad.yml
  expect 2 run bad.yml --dry-run
  complained "bad.yml:$text"
}

test_suite_errors() {
  suite_error "5:5: unknown key 'heeps' (did you mean 'heaps'?)" \
    'cells:' '  - workload: script' '    heeps: [3x]'
  suite_error "3:14: 'many' is not a whole decimal number" \
    'invocations: many' 'cells: [{workload: script}]'
  suite_error '3:1: invocations is a number from 1 to 1000' \
    'invocations: 0' 'cells: [{workload: script}]'
  suite_error '3:1: timeout is a number of seconds above 0' \
    'timeout: 0.0' 'cells: [{workload: script}]'
  suite_error "3:8: Insufficient entries" 'cells: []'
  suite_error "3:35: Expecting SEQUENCE" 'cells: [{workload: script, heaps: 3x}]'
  suite_error "5:17: unknown workload 'scirpt' (did you mean 'script'?)" \
    '# scirpt' 'cells:' '    - workload: scirpt'
  suite_error "3:20: unknown collector 'alhpa' (did you mean 'alpha'?)" \
    'collectors: [beta, alhpa]' 'cells: [{workload: script}]'
  suite_error "4:20: script has no parameter 'x'" \
    'cells: [{workload: script},' '        {workload: script:x=1}]'
  suite_error "3:9: heap size 'big' is neither" \
    'heaps: [big]' 'cells: [{workload: script}]'
  suite_error "3:11: '2000' threads" \
    'threads: [2000]' 'cells: [{workload: shared}]'
  printf 'name: bad\ndescription: no cells\n' >bad.yml
  expect 2 run bad.yml
  complained 'bad.yml:1:7: the suite has neither cells nor targets'
  printf 'name: [\n' >bad.yml
  expect 2 run bad.yml
  complained 'bad.yml'
  : >bad.yml
  expect 2 run bad.yml
  complained 'bad.yml: is empty'
  expect 2 run ./missing.yml
  complained "suite './missing.yml': No such file or directory"
}

# Numbers of suites are decimal, and whole where they count.
test_suite_numbers() {
  script='cells: [{workload: script}]'
  for number in 1.5 2abc 010 0x10 5,5 -1 +5 '" 5"' '"5"' null; do
    suite_error "3:14: '" "invocations: $number" "$script"
    [ "$number" = 5,5 ] || suite_error "3:14: '" "threads: [1, $number]" "$script"
    [ "$number" = 1.5 ] || suite_error "3:10: '" "timeout: $number" "$script"
  done
  suite_error "4:30: '1,5' is not a decimal number (it is in quotes)" targets: \
    '  - {name: t, what: w, gate: "1,5", metric: wall_ns}'
  suite_error '4:14: a number is to stand here, and not an alias' \
    'table: &number 010' 'invocations: *number' "$script"
  printf '%s\n' 'name: good' 'description: good' 'timeout: 1.5' "$script" >good.yml
  expect 0 run good.yml -n 1 --dry-run
}

# A suite is one document of text, and a long one takes no time to speak of.
test_suite_is_one_text() {
  suite_error '4:1: a suite is one document, and here begins a second' \
    'cells: [{workload: script}]' '---' 'name: second'
  printf 'name: bad\ndescription: bad\ncells: [{workload: script}]\n\0[' >bad.yml
  expect 2 run bad.yml --dry-run
  complained 'bad.yml:4: a NUL character'
}

# A long comment costs neither time nor memory.
test_long_suite() {
  needs_unsanitized "$reapmark" 'little address space'
  {
    printf '%s\n' 'name: long' 'description: long' 'cells: [{workload: script}]'
    head -c 4000000 /dev/zero | tr '\0' '#'
  } >long.yml
  exits 0 bash -c 'ulimit -t 5 -v 200000 && exec "$@"' bash "$reapmark" run long.yml --dry-run
}

# The driver finds the suites of the source tree.
test_suites() {
  expect 0 list suites
  for suite in quick standard full limits growth like-cache like-compiler; do
    printed "$suite"
  done
}

test_suite_selection() {
  cat >two.yml <<EOF
name: two
description: two cells
invocations: 1
heaps: [2x]
cells:
  - workload: script:size=9
  - workload: shared
    threads: [1, 3]
EOF
  expect 0 run two.yml -c alpha --dry-run
  printed 'script:size=9/alpha/heap=2x/threads=1/seed=42#1'
  printed 'shared/alpha/heap=2x/threads=3/seed=42#1'
  said '3 runs of 3 cells'
  expect 0 run two.yml -c alpha:trigger=3 -w script:act=slow -n 2 --heap none \
    --dry-run
  printed 'script:act=slow,size=9/alpha:trigger=3/heap=none/threads=1/seed=42#2'
  said '2 runs of 1 cells'
}

# `--needs` lists the collectors that a run needs, and runs none of them: those of
# the suite, of its cells and targets, of the command line, and of the canary.
test_needs() {
  needed() {
    names=$1
    shift
    REAPMARK_PATH= expect 0 run "$@" --needs
    [ "$(xargs <out)" = "$names" ] || fail "needs '$(xargs <out)', not '$names'"
  }
  cat >some.yml <<EOF
name: some
description: collectors of cells
cells:
  - workload: script
    collectors: [beta, "alpha:trigger=3"]
EOF
  needed 'beta alpha mark-sweep' some.yml
  needed 'gamma beta alpha mark-sweep' some.yml -c gamma:trigger=3,lose=1
  echo '  - workload: shared' >>some.yml
  needed 'beta alpha mark-sweep models' some.yml
  needed 'gamma mark-sweep' -w script -c gamma
  needed 'mark-sweep models' -w script
  needed 'mark-sweep models' standard
  REAPMARK_PATH= expect 2 run suite-that-is-not --needs
  # A run that is resumed needs the collectors of its plan.
  expect 0 run -c beta:trigger=3,alpha -w script --heap none -n 1 -o dir
  needed 'beta alpha' -o dir --resume
}

# The collectors of a suite are a default for its cells.  The collectors of a cell
# are a limit: no others run it.
test_suite_collectors() {
  cat >some.yml <<EOF
name: some
description: collectors of the suite and of a cell
invocations: 1
heaps: [none]
collectors: [alpha, ghost]
cells:
  - workload: script
  - workload: script:size=9
    collectors: [alpha]
EOF
  expect 2 run some.yml --dry-run
  complained "some.yml:5:21: unknown collector 'ghost'"
  # A collector that was not built for lack of a package is n/a, not a mistake.
  mkdir collectors
  echo 'ghost package libghost-dev' >collectors/not-built
  expect 0 run some.yml -o dir
  printed 'n/a: not built (needs package libghost-dev)'
  [ "$(records dir)" = 2 ] || fail 'not two records'
  expect 0 run some.yml -c beta,alpha --dry-run
  printed 'script/beta/heap=none/threads=1/seed=42#1'
  said '3 runs of 3 cells'
  # A mere name stands for the settings that the cell has for it; settings of the
  # command line replace them.
  sed 's/\[alpha\]/["alpha:trigger=3", "alpha:trigger=5", beta]/' some.yml >more.yml
  expect 0 run more.yml -c alpha --dry-run
  printed 'script:size=9/alpha:trigger=3/heap=none'
  printed 'script:size=9/alpha:trigger=5/heap=none'
  said '3 runs of 3 cells'
  expect 0 run more.yml -c alpha:trigger=7 --dry-run
  printed 'script:size=9/alpha:trigger=7/heap=none'
  said '2 runs of 2 cells'
  expect 2 run -c ghost -w script
  complained "--collectors: collector 'ghost' is not built: it needs package libghost-dev"
}

# What mutators waited for because of the collector's own threads is told.
test_own_delay() {
  expect 0 run -c alpha -w script:act=helped,script -n 2 -o dir
  printed 'alpha: up to 5.00 ms in which mutators waited for a processor while'
  [ "$(grep -c 'in which mutators waited' out)" = 1 ] || fail 'the other cell'
}

# alpha takes half of beta's time.  Each target has another outcome.
targets_suite() {
  cat >aims.yml <<EOF
name: aims
description: targets
invocations: 5
table: limits
targets:
  - {name: one, what: reached, metric: wall_ns, gate: 0.6, stretch: 0.51, rss: 5,
     cell: {workload: "script:act=clock", collector: alpha},
     over: {collector: beta}, by_hand: {collector: by-hand}}
  - {name: two, what: reached by a little, metric: op_ns, gate: 600,
     stretch: 400, cell: {workload: "script:act=clock", collector: alpha}}
  - {name: three, what: too much, metric: wall_ns, gate: 0.4,
     cell: {workload: "script:act=clock", collector: alpha},
     over: {collector: beta}}
  - {name: four, what: too noisy, metric: wall_ns, gate: 1.001,
     cell: {workload: "script:act=clock", collector: gamma},
     over: {collector: beta}}
  - {name: over, what: one act of one over all of the other, metric: op_ns,
     gate: 0.0006, over_metric: wall_ns,
     cell: {workload: "script:act=clock", collector: alpha},
     over: {collector: beta}}
  - {name: five, what: nobody there, metric: wall_ns, gate: 1,
     cell: {workload: script, collector: delta}, over: {collector: beta}}
EOF
  ln -sf "$here/scripted-collector" found/by-hand
  echo 500000 >found/alpha.clock
  echo 1000000 >found/beta.clock
  echo 250000 >found/by-hand.clock
  printf '%s\n' 900000 1100000 1000000 950000 1060000 >found/gamma.clock
}

test_targets() {
  targets_suite
  expect 0 run aims.yml -o dir
  sed -n '/^target/,$p' out >table
  ratio='500 µs +1\.00 ms +0\.500x +0\.500x to 0\.500x'
  cores='1\.00 over 1\.00'
  beside='2\.000x \(2\.000 to 2\.000\), RSS 1\.00x'
  grep -qE "^one .* $ratio +0\.600x +0\.510x +1\.00x +$cores +$beside +stretch met\$" table ||
    fail 'one'
  grep -qE '^two .* 500 ns .* met, here only$' table || fail 'two'
  grep -qE '^over .* 500 ns +1\.00 ms +0\.0005x .* met$' table || fail 'over'
  grep -qE "^three .* $ratio .* not met\$" table || fail 'three'
  grep -qE '^four .*not decided: the interval contains the gate$' table ||
    fail 'four'
  grep -qE '^five .*n/a: delta: not built$' table || fail 'five'
  for format in markdown csv json; do
    expect 0 report dir --table limits --format $format
    printed 'stretch met'
  done
  expect 0 report dir --table limits --format json
  counted 1 '"by_hand_ratio": 2.0' out
  expect 0 report dir --table limits --format csv
  printed 'three,too much,wall_ns,'
  # A run that was cut off and resumed has the same runs in the end.
  keys dir >a
  sed -i '4,$d' dir/runs.jsonl
  expect 0 run aims.yml -o dir --resume
  keys dir >b
  same a b
  sed -i 's/gate: 0.4/gate: 0.3/' aims.yml
  expect 2 run aims.yml -o dir --resume
  said 'dir has another plan: its targets is'
}

# A target runs only if the command line selects all of its cells.  Parameters of
# the command line replace those of the target's cells.
test_targets_selection() {
  targets_suite
  expect 0 run aims.yml -c alpha --dry-run
  said '5 runs of 1 cells, and 0 pairs that cannot run'
  expect 0 run aims.yml -c alpha,beta -w script:act=ok -n 1 -o dir
  printed '1 invocations, 5 are wanted'
  unprinted nobody
  expect 2 run aims.yml --heap 3x
  complained "--heap: suite 'aims' compares cells in fixed heaps"
  expect 3 report dir --table growth
  complained "dir: no run has what the table 'growth' shows"
}

# A target with a failed cell has no ratio, and the exit status is 1 as ever.
test_targets_of_failures() {
  targets_suite
  sed -i 's/act=clock", collector: alpha/act=wrong", collector: alpha/' aims.yml
  expect 1 run aims.yml -o dir
  row '^two .*n/a: alpha: WRONG$'
}

# target_error TEXT FIELDS: the driver refuses a suite with a target of these
# fields, and its one line on stderr has the text.
target_error() {
  suite_error "$1" "targets:" "  - {name: t, what: w, gate: 1, $2}"
}

test_target_errors() {
  cell='cell: {workload: script, collector: alpha}'
  target_error "4:41: unknown metric 'wal_ns' (did you mean 'wall_ns'?)" \
    "metric: wal_ns, $cell"
  target_error "4:6: target 't': its cell needs a workload and a collector" \
    "metric: wall_ns, cell: {workload: script}"
  target_error "4:6: target 't': its stretch is no better than its gate" \
    "metric: wall_ns, stretch: 2, $cell"
  target_error "4:6: target 't': rss and floor need over" \
    "metric: wall_ns, rss: 5, $cell"
  target_error "4:61: unknown metric 'wal_ns' (did you mean 'wall_ns'?)" \
    "metric: op_ns, over_metric: wal_ns, $cell"
  target_error "4:61: target 't': over_metric needs over, without untimed" \
    "metric: op_ns, over_metric: wall_ns, $cell"
  target_error "4:61: target 't': op_ns over peak_rss_bytes would be no ratio" \
    "metric: op_ns, over_metric: peak_rss_bytes, over: {collector: beta}, $cell"
  target_error "4:6: target 't': by_hand goes with over" \
    "metric: wall_ns, by_hand: {collector: beta}, $cell"
  target_error "4:41: target 't': no way is better for 'pause_count'" \
    "metric: pause_count, $cell"
  target_error "4:6: target 't': untimed goes with the metric wall_ns" \
    "metric: op_ns, untimed: true, $cell"
  target_error "4:6: target 't': untimed goes with the metric wall_ns, and" \
    "metric: wall_ns, untimed: true, rss: 5, over: {collector: beta}, $cell"
  target_error "4:33: unknown key 'stretsh' (did you mean 'stretch'?)" \
    "stretsh: 2, metric: op_ns, $cell"
  target_error "4:85: alpha has no option 'triger' (did you mean 'trigger'?)" \
    'metric: op_ns, cell: {workload: script, collector: "alpha:triger=2"}'
  suite_error "1:7: the suite has neither cells nor targets" 'timeout: 3'
  suite_error "3:8: unknown table 'limit' (did you mean 'limits'?)" \
    'table: limit' 'cells: [{workload: script}]'
}

test_discovery() {
  mkdir more
  ln -s "$here/scripted-collector" more/alpha # a second of this name
  printf '#!/bin/sh\necho oops >&2\nexit 1\n' >more/broken
  printf '#!/bin/sh\necho "{"\n' >more/rubbish
  printf '#!/bin/sh\necho "{}"\n' >more/empty
  echo text >more/README
  chmod +x more/broken more/rubbish more/empty
  REAPMARK_PATH=$work/found:$work/nowhere:$work/more
  expect 0 list collectors
  said "REAPMARK_PATH: there is no folder '$work/nowhere'"
  said "more/alpha: 'alpha' is already $work/found/alpha"
  said 'more/broken: --describe: exit status 1: oops'
  printed 'not used: --describe: exit status 1: oops'
  printed 'not used: --describe is not JSON'
  printed 'not used: --describe is incomplete'
  unprinted README
  expect 0 list collectors --format json
  printed '"trouble"'
  expect 0 list workloads
  printed 'script'
  REAPMARK_PATH= expect 3 list collectors
}

# Without -o, results go where the user may write.
test_results_go_where_one_may_write() {
  local user=() said_so='nothing can be written here: the results go to'
  expect 0 run -w script -c alpha -n 1
  [ "$(lines results/runs/*/runs.jsonl)" = 1 ] || fail 'not in the current directory'
  ! grep -q "$said_so" err || fail 'another directory than the current one'
  cp --remove-destination "$here/scripted-collector" found/alpha # others may read it
  mkdir -p home/.local shut tmp
  chmod 755 "$work"
  chmod 777 home/.local tmp
  chmod 555 shut
  # Root may write anywhere.
  [ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  elsewhere() { # NAME=VALUE...
    exits 0 sh -c 'cd shut && exec env "$@"' sh -u XDG_STATE_HOME "$@" "${user[@]}" \
      "$work/reapmark" run -w script -c alpha -n 1
    said "$said_so $where/runs/"
    [ "$(lines "$where"/runs/*/runs.jsonl)" = 1 ] || fail "not in $where"
    rm -r "$where"
  }
  where=$work/home/.local/state/reapmark elsewhere HOME="$work/home"
  where=$work/tmp/state/reapmark elsewhere HOME="$work/home" XDG_STATE_HOME="$work/tmp/state"
  where=$work/tmp/reapmark-$("${user[@]}" id -u) elsewhere HOME="$work/shut" TMPDIR="$work/tmp"
  where=$work/tmp/reapmark-$("${user[@]}" id -u) elsewhere -u HOME TMPDIR="$work/tmp"
}

# logged FOLDER: a program alpha which adds FOLDER to the file `ran` when it runs.
logged() {
  mkdir -p "$1"
  cat >"$1/alpha" <<SH
#!/bin/sh
[ "\$1" = --describe ] || echo $1 >>$work/ran
exec $work/found/alpha "\$@"
SH
  chmod +x "$1/alpha"
}

# ran FOLDER: since the last check the program of this folder alone ran.
ran() {
  [ "$(sort -u "$work/ran")" = "$1" ] || fail "not $1 alone ran: $(xargs <"$work/ran")"
  rm "$work/ran"
}

# A program of REAPMARK_PATH wins over the driver's own, one that is given by its path
# over both, also when its run is resumed.
test_which_program() {
  local instead='instead of others of the same name:' folder
  for folder in collectors path given; do logged $folder; done
  REAPMARK_PATH= expect 0 run -w script -n 1 -o own
  ! grep -q instead err || fail 'something was preferred'
  ran collectors
  export REAPMARK_PATH=$work/path:$work/found
  expect 0 run -w script -n 1 -c alpha,beta -o path-won
  said "used from REAPMARK_PATH, $instead $work/path/alpha"
  ran path
  expect 0 run -w script -n 1 -c ./given/alpha:trigger=3,beta -o given-won
  said "used by their paths, $instead $work/given/alpha"
  ran given
  keys given-won >given-keys
  has given-keys '"key":"script/alpha:trigger=3/'
  expect 0 run -n 2 --resume -o given-won
  ran given
  expect 0 run -w script -c ./given/alpha:trigger=3,beta -n 2 --resume -o given-won
  rm given/alpha
  expect 2 run -n 3 --resume -o given-won
  said "collector 'alpha' of the plan is not found"
  expect 2 run -w script -c ./given/alpha -o none
  said "--collectors: './given/alpha' is no collector that can be used: "
  echo text >given/alpha
  expect 2 run -w script -c given/alpha -o none
  said "'given/alpha' is no collector that can be used: "
  printf '%s\n' 'name: s' 'description: d' \
    'cells: [{workload: script, collectors: [./path/alpha]}]' >s.yml
  expect 2 run ./s.yml -o none
  said "'./path/alpha' is a path, and a name is wanted"
  # The folder of the driver in REAPMARK_PATH is no other place.
  REAPMARK_PATH=$work/collectors expect 0 list collectors
  silent
}

# The record of another run than was asked for is none.
test_records_of_others() {
  for what in collector workload param threads seed heap option instrumented; do
    expect 1 run -c alpha:trigger=3 -n 1 -o "$what" \
      -w "script:act=lie,about=$what,size=5"
    printed 'alpha:trigger=3: CRASH exit status 0 in 1 of 1 invocations: no valid record: it'
  done
  expect 0 report heap --format csv
  printed "no valid record: its heap.asked is '4x', not '3x'"
  expect 0 report param --format csv
  printed 'no valid record: its parameter size is 6, not 5'
  expect 0 run -c alpha:trigger=3 -n 1 -o none -w script:act=lie,size=5
  expect 0 run -c alpha -n 1 -o both -w script --observer
}

# Fields of the driver never come from a program, and its text commands nothing.
# A program that was compiled otherwise than the others is named, wherever its
# figures stand beside theirs.
test_compiled_otherwise() {
  driver_build >mine
  for name in alpha beta; do cp mine found/$name.build; done
  expect 0 run -w script -c alpha,beta -n 1 -o same
  unprinted 'ompiled'
  expect 0 report same --format json
  printed '"build": "'
  printed '"id": "5a"'
  expect 0 list collectors
  ! grep -q ompiled err || fail 'alike, and named'

  ln -s "$here/scripted-collector" found/odd
  wrong='odd (GNU 1.0 -O0, not optimised).'
  expect 0 list collectors
  said 'warning: Compiled otherwise than the driver ('
  said "$wrong"
  "$reapmark" doctor >out 2>err || true
  row 'SERIOUS  W18 compiled: Compiled otherwise than the driver '
  printed "$wrong"
  expect 0 run -w script -c alpha,odd -n 1 -o other
  row "^Compiled otherwise than the driver .*: odd \(GNU 1.0 -O0, not optimised\)\.\$"
  for format in table markdown csv json gbench; do
    expect 0 report other --format $format
    said "warning: other: Compiled otherwise than the driver ("
    [ $format = csv ] || printed 'GNU 1.0 -O0, not optimised'
  done
  expect 0 report other --table stability --format markdown
  printed "$wrong"
  # Over two directories, in which each program is alone.
  expect 0 run -w script -c alpha -n 4 -o a
  cat >found/alpha.build <<'EOF'
{"compiler": "GNU 1.0", "flags": "-O0", "type": "", "sanitizer": "address",
 "optimised": false, "checks": true, "id": "2e"}
EOF
  expect 0 run -w script -c alpha -n 4 -o b
  expect 0 compare a b
  row '^b: Compiled otherwise than the driver '
  printed 'alpha (GNU 1.0 -O0, not optimised, sanitizer address, with checks)'
  ! grep -q '^a: Compiled' out || fail 'the base is as the driver'
  expect 0 compare a b --format json
  printed '"base_builds"'
  printed 'not optimised, sanitizer address'
  # The same program, made anew in the middle.
  sed -i 's/"2e"/"3f"/' found/alpha.build
  expect 0 run -o b --resume -n 5
  printed 'Compiled anew between two runs: alpha.'
}

# The build of the driver, as a collector program would describe it.
driver_build() {
  "$reapmark" run -w script -c alpha -n 1 -o probe >/dev/null 2>&1
  sed -n '/^ *"build": {/,/^ *}/p' probe/machine.json |
    sed '1s/.*/{"id": "5a",/; $s/,$//'
}

# Records of earlier versions do not tell how the program was compiled.
test_unknown_builds() {
  expect 0 run -w script -c alpha,beta -n 1 -o dir
  printed 'How these were compiled is unknown: alpha, beta.'
  expect 0 report dir --format json
  counted 2 '"build": "unknown"' out
  # Nor does the driver know it of a program that left no record.
  expect 1 run -w script:act=crash -c alpha -n 1 -o crashed
  unprinted 'How these were compiled'
}

# A program that answers for another, or something that was not asked for.
test_micro_of_others() {
  expect 0 micro -c alpha -p loop,alloc
  printed '2.00'
  for wrong in 'beta 1 alloc' 'alpha 4 alloc' 'alpha 1 store'; do
    echo "$wrong" >found/alpha.micro
    expect 1 micro -c alpha:trigger=1 -p loop,alloc
    said 'micro: alpha: no valid record: it'
  done
}

# What the oracle counts is taken only of the run that was asked for.
test_described_by_others() {
  ln -s "$here/scripted-collector" found/oracle
  expect 0 describe script
  for what in collector workload param threads seed; do
    expect 1 describe script:act=lie,about=$what,size=5
    said "describe script:act=lie,about=$what,size=5: no valid record: its "
  done
}

test_forged_records() {
  expect 1 run -c alpha -n 1 -o dir -w script:act=forge
  ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' out err ||
    fail 'a control character'
  printed 'alpha: WRONG in 1 of 1 invocations: red ?[31m?2J ?txt <b>|[x](y)'
  counted 0 forged dir/runs.jsonl
  has dir/runs.jsonl '"invocation":1,"order":1'
  expect 0 report dir --format markdown
  printed '- alpha: WRONG in 1 of 1 invocations: red ?\[31m?2J ?txt \<b>|\[x](y)'
  # What is in the file is no more trusted.
  sed -i 's/red ?/red \\u001b/' dir/runs.jsonl
  expect 0 report dir
  printed 'red ?[31m'
}

# Output without end is cut off, and costs the driver no more than that.
test_flood() {
  needs_unsanitized "$reapmark" 'little address space'
  exits 1 bash -c 'ulimit -v 1000000 && exec "$@"' bash \
    "$reapmark" run -c alpha,beta -n 1 -o dir -w script:act=flood,script
  printed 'alpha: CRASH killed, because it wrote more than 64 MiB in 1 of 1 invocations'
  [ "$(records dir)" = 4 ] || fail 'not four records'
  printf '#!/bin/sh\nhead -c 100000000 /dev/zero | tr "\\0" "["\n' >found/flooding
  printf '#!/bin/sh\nhead -c 5000000 /dev/zero | tr "\\0" "["\n' >found/long
  chmod +x found/flooding found/long
  expect 0 list collectors
  printed 'not used: --describe: killed, because it wrote more than 64 MiB'
  printed 'not used: --describe wrote more than 4 MiB'
}

# A process in a session of its own is in no group of ours, and yet ended.
test_left_behind() {
  expect 0 run -c alpha -n 2 -o dir -w script:act=leave
  said 'warning: alpha left processes running, which were ended: '
  said 'sleep ('
  counted 2 'warning: alpha left' err
  counted 2 '"left_behind":"sleep' dir/runs.jsonl
  ! kill -0 "$(cat found/alpha.pid)" 2>/dev/null || fail 'the child lives'
}

# An interrupt while collectors describe themselves leaves none of them running.
test_interrupt_in_discovery() {
  printf '#!/bin/sh\necho $$ >"$0.pid"\nexec sleep 1000\n' >found/hanging
  chmod +x found/hanging
  for command in 'list collectors' 'run -w script -o dir' 'micro'; do
    rm -f found/hanging.pid
    start $command
    wait_for test -s found/hanging.pid
    kill -TERM "$driver"
    ended 143
    ! kill -0 "$(cat found/hanging.pid)" 2>/dev/null || fail 'the child lives'
    [ ! -e dir ] || fail 'a run was begun'
  done
}

# Want of descriptors is no fault of a collector: the run stops and goes on later.
test_shortage() {
  expect 0 run -c alpha,beta -w script -n 1 -o whole
  : >found/alpha.starve
  start run -c alpha,beta -w script:act=slow -n 20 -o dir
  two() { [ "$(records dir)" -ge 2 ]; }
  wait_for two
  prlimit --pid "$driver" --nofile=4:4
  ended 1
  said 'could not be started: Too many open files'
  said 'stopped; '
  said ' of 40 runs are kept; go on with: reapmark run --resume -o dir'
  counted 0 ERROR dir/runs.jsonl
  expect 0 run --resume -o dir
  [ "$(records dir)" = 40 ] || fail 'not forty records'
  exits 1 bash -c 'ulimit -n 5 && exec "$@"' bash "$reapmark" run -w script -o none
  said 'could not be started: Too many open files'
  [ ! -e none ] || fail 'a run was begun without its collectors'
}

# Nor is want of processes: here another user has one and may have no more.
test_shortage_of_processes() {
  [ "$(id -u)" = 0 ] || skip 'the limit is set for another user, by root'
  chmod 777 "$work"
  exits 1 setpriv --reuid 65533 --clear-groups bash -c \
    'ulimit -u 1 && exec "$@"' bash "$reapmark" run -c alpha -w script -o dir
  said 'could not be started: Resource temporarily unavailable'
  [ ! -e dir ] || fail 'a run was begun without its collectors'
}

# cron, for one, gives no standard input, output or error.
test_closed_descriptors() {
  "$reapmark" run -c alpha -w script -n 2 -o dir <&- >&- 2>&-
  [ "$(records dir)" = 2 ] || fail 'not two records'
  expect 0 report dir
  printed 'script, heap 3x, 1 thread'
  counted 2 '"status":"ok"' dir/runs.jsonl
  "$reapmark" stress --list <&- >&- 2>&- || fail 'status'
}

# A command whose output cannot be written has failed.
test_full_output() {
  expect 0 run -c alpha,beta -w script -n 8 -o dir
  for command in help --version 'help run' 'list collectors' 'list workloads' \
    'list suites --format json' 'report dir' 'report dir --format gbench' \
    'compare dir:alpha' 'run -w script --dry-run' 'run -w script --needs' \
    'run --resume -o dir' 'stress --list' doctor 'report dir --format json' \
    'report dir --format csv' 'report dir --format markdown' \
    'report dir --table mmu --format json' 'compare dir:alpha --format json' \
    'compare dir:alpha --format csv' 'compare --aa 4 dir --format json' \
    'micro -c alpha' 'minheap -w script -c alpha -o smallest' \
    'help '{choose,report,compare,minheap,rate,describe,leaks,explain,micro} \
    'help '{stress,trace,doctor,list} 'report dir --table '{time-space,lbo}; do
    code=0
    "$reapmark" $command >/dev/full 2>err || code=$?
    checks=$((checks + 1))
    [ $code = 1 ] || fail "$command: exit $code, not 1"
    said 'standard output could not be written'
  done
}

# A collector must have a name that can be asked for.
test_unusable_names() {
  for name in '' 'a b' 'a/b' 'a:b' models '-x' 'a,b'; do
    sed "s|^name=.*|name='$name'|" "$here/scripted-collector" >found/odd
    chmod +x found/odd
    expect 0 list collectors
    said "collector not used: $work/found/odd: its name is '$name', and a name is"
    expect 2 run -c odd -w script -o dir
  done
}

test_resume_after_kill() {
  set -- -c alpha,beta -w script:act=slow,shared -n 4
  expect 0 run "$@" -o whole
  start run "$@" -o dir
  three() { [ "$(records dir)" -ge 3 ]; }
  wait_for three
  kill_driver
  [ "$(records dir)" -lt "$(records whole)" ] || fail 'killed too late'
  expect 0 run --resume "$@" -o dir
  keys whole >a
  keys dir >b
  same a b
  expect 0 report dir
  # Resuming a complete directory runs nothing.
  before=$(records dir)
  expect 0 run --resume -o dir
  [ "$(records dir)" = "$before" ] || fail 'runs were repeated'
}

test_resume_cut_short() {
  expect 0 run -c alpha,beta -w script -n 2 -o dir
  keys dir >a
  # Cut the last line short, and remove another line.
  size=$(wc -c <dir/runs.jsonl)
  head -c $((size - 20)) dir/runs.jsonl | sed 2d >cut
  cp cut dir/runs.jsonl
  expect 0 report dir
  said 'the last line is cut short and was ignored'
  said '2 of 4 runs are missing'
  printed '2 of 4 runs'
  expect 0 run --resume -o dir
  said 'the last line is cut short and was ignored'
  keys dir >b
  same a b
  expect 0 report dir
  silent
}

test_resume_damaged() {
  expect 0 run -c alpha -w script -n 3 -o dir
  keys dir >a
  sed -i '2s/.*/{"schema": 1}/' dir/runs.jsonl
  expect 0 run --resume -o dir
  said 'runs.jsonl:2: not a record; 1 such lines were ignored'
  keys dir >b
  same a b
}

test_resume_other_plan() {
  expect 0 run -c alpha -w script -n 1 -o dir
  expect 2 run -c alpha -w script -n 1 -o dir
  complained 'dir has results already; go on with --resume'
  expect 0 run -c alpha -w script -n 2 -o dir --resume
  expect 2 run -c alpha -w script -n 1 -o dir --resume
  complained 'dir has another plan: its invocations is 2, not 1, and they can only become more'
  expect 2 run -c alpha,beta -w script -n 2 -o dir --resume
  complained 'dir has another plan: it has 1 cells, not 2'
  expect 0 run -c alpha -w script -n 2 -o dir --resume
  expect 2 run -o elsewhere --resume
  complained 'elsewhere has no plan.json: there is nothing to resume'
  [ ! -e elsewhere ] || fail 'it was made'
  REAPMARK_PATH= expect 2 run -o dir --resume
  complained "collector 'alpha' of the plan is not found"
  touch -d 2001-01-01 found/changed
  mkdir other && sed 's/^set -u/set -u # changed/' found/alpha >other/alpha
  chmod +x other/alpha
  REAPMARK_PATH=$work/other expect 0 run -o dir --resume
  said 'warning: collector alpha changed since dir was begun'
}

# Invocations can be added to a finished directory.  The runs are those of a plan
# that had as many from the start.
test_resume_with_more() {
  expect 0 run -c alpha,beta -w script -n 2 -o dir
  expect 0 run --resume -n 5 -o dir
  [ "$(records dir)" = 10 ] || fail 'not ten records'
  printed '10 of 10 runs, 5 invocations per cell'
  expect 0 run -c alpha,beta -w script -n 5 -o whole
  keys dir >a
  keys whole >b
  same a b
  same whole/plan.json dir/plan.json
  expect 2 run --resume -n 4 -o dir
  complained 'dir has another plan: its invocations is 5, not 4'
  expect 2 run --resume -n 4 -o elsewhere
  complained 'elsewhere has no plan.json: there is nothing to resume'
}

# Every record is found by its key, wherever it stands in the log.
test_resume_of_many() {
  ln -s "$here/scripted-collector" found/delta
  "$here/make-results.sh" dir 400 3
  keys dir >a
  sed -i '1d; 600d; $d' dir/runs.jsonl
  sort -r dir/runs.jsonl >shuffled
  cp shuffled dir/runs.jsonl
  expect 0 run --resume -o dir
  said '1200 runs, 3 to go, in dir'
  keys dir >b
  same a b
}

# A results directory, or its log, that goes away is noticed at the next record.
test_directory_removed() {
  for what in dir dir/runs.jsonl moved replaced truncated; do
    rm -rf dir away
    start run -c alpha -w script:act=slow -n 100 -o dir
    two() { [ "$(records dir)" -ge 2 ]; }
    wait_for two
    case $what in
    moved) mv dir away ;;
    replaced) cp dir/runs.jsonl copy && mv copy dir/runs.jsonl ;;
    truncated) : >dir/runs.jsonl ;;
    *) rm -r $what ;;
    esac
    ended 1
    said 'stopped: dir/runs.jsonl: '
    said '; the runs are not kept'
  done
}

# What another version wrote is not read as if it were ours.
test_other_schema() {
  expect 0 run -c alpha -w script -n 1 -o dir
  cp -r dir other
  sed -i 's/"schema": 1/"schema": 2/' other/plan.json
  for command in 'report other' 'compare other dir' 'compare dir other' \
    'run --resume -o other' 'run --resume --needs -o other' \
    'run --resume --dry-run -o other'; do
    expect 2 $command
    complained 'other/plan.json: its schema is 2, and this reapmark reads 1'
  done
  mkdir found_minima
  echo '{"schema": 2, "minimums": []}' >found_minima/minheap.json
  expect 2 minheap -w script -c alpha -o found_minima
  complained 'found_minima/minheap.json: its schema is 2, and this reapmark reads 1'
  has found_minima/minheap.json '"schema": 2'
  sed -i '/"schema"/d' other/plan.json
  expect 2 report other
  complained 'other/plan.json is not a plan'
}

# What is too large is not taken for what remains of it in fewer bits.
test_numbers_of_plans() {
  expect 0 run -c alpha -w script -n 2 -o dir
  for number in '"invocations": 4294967298' '"invocations": 2147483647' \
    '"invocations": 0' '"invocations": "2"' '"threads": 4294967297' \
    '"threads": 0'; do
    rm -rf odd
    cp -r dir odd
    sed -i -E "s/${number%:*}: [0-9]+/$number/" odd/plan.json
    for command in 'report odd' 'compare odd dir' 'run --resume -o odd'; do
      expect 2 $command
      complained 'odd/plan.json is not a plan'
    done
  done
  sed -E 's/"schema": 1/"schema": 4294967297/' "$here/scripted-collector" >found/odd
  chmod +x found/odd
  expect 0 list collectors
  said "its schema is 4294967297, this driver's is 1"
  sed -i 's/"invocation": *2/"invocation": 4294967298/' dir/runs.jsonl
  expect 0 report dir
  said 'warning: dir/runs.jsonl: 1 records are not in the plan'
}

# A log of a hundred thousand records is read once, whatever is shown.
test_log_is_read_once() {
  "$here/make-results.sh" dir 8 4
  mv dir/runs.jsonl log
  mkfifo dir/runs.jsonl
  for command in 'report dir' 'report dir -f json' 'report dir -f gbench' \
    'compare dir:alpha' 'report dir --table '{time-space,lbo,mmu,stability} \
    'report dir --table '{latency,memory,growth}; do
    cat log >dir/runs.jsonl &
    exits 0 timeout 60 "$reapmark" $command
    wait $!
    printed alpha
  done
}

# Means are over the workloads that every collector of the heap has, also where a
# plan gives one of them fewer.
test_means_of_the_same() {
  "$here/make-results.sh" dir 12 2
  sed -i '/script:objects=3\/alpha/d' dir/plan.json dir/runs.jsonl
  for table in time-space lbo; do
    expect 0 report dir --table $table
    for name in alpha beta 'gamma' delta; do row "^ *$name .*\\[2 of "; done
    unprinted '[3 of 3]'
  done
}

# A percentile is of values that were measured: those that the correction for
# coordinated omission makes up do not support it.
test_percentiles_of_few() {
  "$here/make-results.sh" dir 4 2
  sed -E 's/("simple": \{"count": 2, "sum": )300([^}]*"max": )200([^}]*)\[200, 1\]/\1200100\2200000\3[199680, 1]/
    s/"rate": 1000/"rate": 1000000/' dir/runs.jsonl >slow
  for log in dir/runs.jsonl slow; do
    [ $log = dir/runs.jsonl ] || cp $log dir/runs.jsonl
    expect 0 report dir --table latency -f csv
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /p99/) p99[i]; next }
      { for (i in p99) if ($i != "") bad = 1 }
      END { exit bad || NR < 2 || length(p99) < 7 }' out || fail 'a percentile of few'
  done
  row ',200000,' # the longest of the log with a slow request
}

# What is kept of a record are some numbers, and what is printed is not made in
# memory first.
test_memory_of_reports() {
  needs_unsanitized "$reapmark" 'little address space'
  "$here/make-results.sh" dir 1000 8
  for shown in '-f json' '-f gbench' '-f markdown' '--table '{time-space,lbo} \
    '--table '{mmu,latency,memory,growth}' -f json'; do
    exits 0 bash -c 'ulimit -v 30000 && exec "$@"' bash \
      "$reapmark" report dir $shown
  done
}

# A report is of one directory; what takes several is named.
test_report_of_two() {
  "$here/make-results.sh" one 4 2
  "$here/make-results.sh" two 4 2
  expect 2 report one two -f csv
  complained "report: 'two' is one directory too many: a report is of one; \
'reapmark compare one two' and --format html set them side by side"
  [ ! -s out ] || fail 'something was printed'
  expect 0 compare one two
}

test_no_results() {
  mkdir empty other
  expect 2 report empty
  complained 'empty is empty: no run wrote its results there'
  expect 2 compare empty empty
  complained 'empty is empty: no run wrote its results there'
  echo text >other/file
  expect 2 report other
  complained 'other holds no results: it has no plan.json'
}

test_interrupt() {
  for signal in INT TERM; do
    rm -f found/alpha.pid
    start run -c alpha -w script,script:act=hang -n 1 -o dir.$signal
    wait_for test -s found/alpha.pid
    kill -$signal "$driver"
    ended 130
    said 'interrupted; 1 of 2 runs are kept; go on with: reapmark run --resume'
    [ "$(records dir.$signal)" = 1 ] || fail 'not one record'
    ! kill -0 "$(cat found/alpha.pid)" 2>/dev/null || fail 'the child lives'
  done
}

# A run that is told when to stop keeps and shows what is done by then.  The process
# that runs at that time ends, and leaves no record.
test_for() {
  expect 2 run -c alpha -w script --for 5 -o dir
  complained "--for: '5' is not a time (did you mean '5m'?)"
  expect 2 run -c alpha -w script --for 0s -o dir
  complained "--for: '0s' is not a time such as 5m"
  expect 0 run -c alpha -w script --for 1h -o whole
  ! grep -q 'the time is up' err || fail 'the time was not up'
  mkdir real
  ln -s "$tests/driver/scripted-collector" real/later
  hangs_after 2 "$work/real/later" found/later
  expect 0 run -c later -w script -n 5 --for 15s -o dir
  said '--for: the time is up; 2 of 5 runs are kept'
  said '3 of 5 runs are missing; go on with: reapmark run --resume -o dir'
  row '^later  *ok '
  [ "$(records dir)" = 2 ] || fail 'not two records'
  ! kill -0 "$(cat found/later.pid)" 2>/dev/null || fail 'the child lives'
  rm found/later
  ln -s "$tests/driver/scripted-collector" found/later
  expect 0 run --resume -o dir
  [ "$(records dir)" = 5 ] || fail 'not five records'
}

# A cell that never ran is not as declared.
test_for_too_short() {
  expect 1 run -c alpha -w script,script:act=hang -n 1 --for 15s -o dir
  said '--for: the time is up; 1 of 2 runs are kept'
  row '^script, heap 3x'
  [ "$(records dir)" = 1 ] || fail 'not one record'
  expect 1 run -c alpha -w script:act=hang -n 1 --for 100ms -o none
  said '--for: the time is up; 0 of 1 runs are kept'
  [ ! -s out ] || fail 'a table of nothing'
}

# Under nohup the driver inherits that SIGHUP is ignored, and keeps ignoring it.
test_nohup() {
  trap '' HUP
  start run -c alpha -w script:act=slow -n 20 -o dir
  one() { [ "$(records dir)" -ge 1 ]; }
  wait_for one
  kill -HUP "$driver"
  ended 0
  [ "$(records dir)" = 20 ] || fail 'not all records'
}

test_locked() {
  start run -c alpha -w script:act=hang -n 1 -o dir
  wait_for test -s found/alpha.pid
  expect 2 run --resume -o dir
  complained 'dir: another run is writing here'
  kill "$driver"
  ended 130
}

test_unwritable() {
  echo text >file
  expect 2 run -c alpha -w script -o file/dir
  complained 'file/dir: Not a directory'
}

test_no_permission() {
  mkdir closed
  # Permissions do not bind root, so that root runs the driver as another user.
  plain=()
  if [ "$(id -u)" = 0 ]; then
    plain=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod a+rx .
  fi
  chmod a-w closed
  exits 2 "${plain[@]}" "$reapmark" run -c alpha -w script -o closed/dir
  complained 'closed/dir: Permission denied'
  exits 2 "${plain[@]}" "$reapmark" run -c alpha -w script -o closed
  complained 'closed: Permission denied'
}

test_full_disk() {
  # The limit on file sizes leaves room for plan.json, but not for all records.
  exits 1 bash -c 'ulimit -f 8 && exec "$@"' bash \
    "$reapmark" run -c alpha -w script -n 12 -o dir
  said 'stopped: dir/runs.jsonl: File too large; '
  kept=$(records dir)
  [ "$kept" -gt 0 ] && [ "$kept" -lt 12 ] || fail "$kept records kept"
  said "; $kept of 12 runs are kept; go on with"
  [ "$(tail -c 1 dir/runs.jsonl | od -An -c | tr -d ' ')" = '\n' ] ||
    fail 'a line is cut short'
  expect 0 run --resume -o dir
  [ "$(records dir)" = 12 ] || fail 'not twelve records'
}

test_progress() {
  expect 0 run -c alpha,beta -w script -n 2 -o dir
  counted 2 '^\[' err
  said '[4/4] script heap=3x threads=1 #2: 2 runs in'
}

# The driver gives collectors an environment of its own, and machine.json names the
# variables that it withheld.
test_environment() {
  MALLOC_CONF=narenas:1
  export MALLOC_CONF # the scripted collector gives up when it sees it
  expect 0 run -c beta -w script -n 1 -o dir
  has dir/machine.json '"MALLOC_CONF"'
}

test_report_formats() {
  for format in table markdown csv json gbench; do
    expect 0 report "$here/canned" --format $format
    same "$here/canned/expected.$format" out
    said 'the last line is cut short and was ignored'
    said '1 of 16 runs are missing'
  done
  expect 2 report "$here/canned" --format xml
  complained "unknown format 'xml'"
}

# What a results directory of others says does not become a link or a tag.
test_markdown_of_others() {
  expect 0 run -c alpha,beta -w script -n 1 -o dir
  sed -i 's|script|<b>[x](y)`z|g; s|"suite": "[^"]*"|"suite": "<i>[x](y)"|' dir/plan.json
  sed -i 's|script|<b>[x](y)`z|g' dir/runs.jsonl
  for command in 'report dir' 'report dir --table lbo' 'report dir --table memory' \
    'compare dir:alpha dir:beta'; do
    expect 0 $command --format markdown
    printed '\<b>\[x](y)\`z'
    ! grep -qE '(^|[^\])(<[bi]>|\[x|`)' out || fail "$command: not escaped"
  done
}

# clocked DIR COLLECTOR TIME...: makes a results directory with one invocation for
# each time, which is in ns.
clocked() {
  clocked_dir=$1 clocked_name=$2
  shift 2
  printf '%s\n' "$@" >"found/$clocked_name.clock"
  expect 0 run -c "$clocked_name" -w script:act=clock -n $# -o "$clocked_dir"
}

# Tools that follow times over days take a time of 0 for the best one.
test_gbench_of_failures() {
  expect 1 run -c alpha,beta -n 2 -o dir -w script:act=wrong,script
  expect 0 report dir --format gbench
  said 'warning: 2 cells failed and are no benchmark; see context.left_out'
  counted 4 '"real_time"' out
  counted 0 '"real_time": 0|error_occurred' out
  counted 2 '"reason": "WRONG: a node was lost"' out
}

test_compare_difference() {
  clocked base alpha 1000000 1004000 996000 1002000 998000 1001000 999000 1003000
  clocked new alpha 1104400 1095600 1102200 1097800 1101100 1098900 1103300 1100000
  clocked same alpha 998500 1003500 1001500 999500 1002500 997500 1000500 1004500
  # The new side takes 10 % longer, which is found.
  expect 0 compare base new -m cpu,throughput
  printed '+10.00%'
  row '^script.* <0.001 +8\+8 +worse$'
  printed 'geomean, 1 of 1 cells'
  silent
  expect 4 compare base new --fail-on-regression cpu=5%
  complained 'regression: new: script:act=clock/alpha/heap=3x: cpu_ns is worse by 10.0 %'
  expect 4 compare base new --fail-on-regression throughput=5%,cpu=20%
  complained 'throughput_per_s is worse by 9.1 %'
  expect 0 compare base new --fail-on-regression cpu=15%
  # In the other direction the difference is no regression.
  expect 0 compare new base --fail-on-regression cpu=5% -m throughput
  row '^script.* 8\+8 +better$'
  expect 0 compare base new -m cpu --threshold 20%
  row '^script.* 8\+8 +small$'
  # Without a difference none is found.
  expect 0 compare base same -m cpu --fail-on-regression cpu=0.01%
  row '^script.* ~ .* 8\+8 +~'
}

test_compare_failures() {
  expect 0 run -c alpha,beta -w script,shared -n 4 -o base
  expect 0 run -c alpha,beta -w script -n 4 -o new
  # One invocation of one cell fails on the new side.
  sed -i '/alpha.*#2"/s/"status":"ok"/"status":"WRONG"/' new/runs.jsonl
  expect 0 compare base new -m throughput
  printed 'script/alpha/heap=3x: base ok; new WRONG'
  printed 'shared/alpha/heap=3x/threads=2: base ok; new has no such cell'
  printed 'geomean, 1 of 3 cells'
  expect 4 compare base new --fail-on-regression throughput=5%
  said 'regression: new: script/alpha/heap=3x: WRONG'
  expect 0 compare new base --fail-on-regression throughput=5%
  # A cell that the new side lacks is a regression, reported once for all limits.
  expect 4 compare base new --fail-on-regression throughput=5%,cpu=5%
  missing='regression: new: shared/alpha/heap=3x/threads=2: the new side has no such cell'
  [ "$(grep -cF "$missing" err)" = 1 ] || fail 'not said once'
}

# --fail-on-regression does not succeed when there is nothing to compare.
test_compare_nothing() {
  gate=--fail-on-regression
  expect 0 run -c alpha,beta -w script -n 6 -o base
  cp -r base new
  # First one cell of the new side has no runs yet, then no cell has.
  sed -i '/beta/d' new/runs.jsonl
  expect 4 compare base new $gate cpu=5%
  said 'regression: new: script/beta/heap=3x: not run'
  expect 4 compare base new $gate drop_max=5%
  said 'regression: new: script/beta/heap=3x: not run'
  said 'base and new have no cell with drop_max_ns on both sides'
  : >new/runs.jsonl
  expect 3 compare base new $gate cpu=5%
  said 'base and new have no cell with cpu_ns on both sides: nothing to compare'
  expect 0 run -c alpha -w script:size=6 -n 6 -o other
  expect 3 compare base other $gate cpu=5%
  said 'nothing to compare'
  # The new side was not run on a workload, or cannot run it.
  expect 0 run -c alpha,gamma -w script,script:size=6 -n 6 --heap none -o unlimited
  expect 0 run -c gamma -w script -n 6 --heap none -o free
  expect 4 compare unlimited free $gate cpu=5%
  said 'regression: free: script:size=6/gamma/heap=none: the new side has no such cell'
  expect 0 run -c alpha,beta -w script,shared -n 6 -o pairs
  expect 4 compare pairs:alpha pairs:beta $gate cpu=5%
  complained 'regression: pairs:beta: shared/heap=3x/threads=2: n/a: needs threads'
  # The new side has no value of the metric, or neither side has.
  cp -r base numberless
  sed -i '/alpha.*#2"/s/"corrected":true/"corrected":false/' \
    numberless/runs.jsonl
  expect 3 compare base numberless $gate cpu=5%,step_max=5%
  said 'numberless: script/alpha/heap=3x: not every invocation has step_max_ns'
  expect 0 compare numberless base $gate cpu=5%,step_max=5%
  expect 3 compare base base $gate cpu=5%,drop_max=5%
  complained 'base and base have no cell with drop_max_ns on both sides'
  expect 2 compare base base $gate ''
  complained '--fail-on-regression: the value is empty: METRIC=SHARE,... is wanted'
  expect 2 compare base base $gate throuput=5%
  complained "unknown metric 'throuput' (did you mean 'throughput'?)"
}

# The numbers of the worked example in docs/methodology.md.
test_compare_formats() {
  clocked base alpha 100 102 98 101 99
  clocked new alpha 110 113 108 111 108
  expect 0 compare base new -m cpu --format json
  for text in '"mean": 100.0' '"mean_ratio": 1.1' 98.0367568385 101.963243161 \
    1.06635 1.13449 1.07936507937 1.12248995984 8.4515 7.39 \
    '"p": 0.00793650793651' '"p_holm": 0.00793650793651' '"result": "worse"'; do
    printed "$text"
  done
  said 'the interval of a median takes 6 invocations, so 1 more'
  expect 0 compare base new -m cpu --format csv
  printed 'base,new,cpu_ns,script:act=clock/alpha/heap=3x,ok,ok,worse,100,,,5,110,,,5,0.1,'
  expect 0 compare base new -m cpu --format markdown
  printed '## base: base; new: new'
  printed '| script:act=clock/alpha/heap=3x | 100 ns | ±2.00% | 110 ns |'
  clocked few alpha 1 2 3
  expect 0 compare few few -m cpu
  said '3 invocations a side cannot show any difference at 0.05; it takes 4, so 1 more'
  # Eight and three invocations can show a difference: the smallest p is 2 of
  # C(11, 3).
  clocked many alpha 101 102 103 104 105 106 107 108
  expect 0 compare many few -m cpu
  row '^script.* 0.012 +8\+3 +better$'
  ! grep -q 'cannot' err || fail 'a warning of what was shown'
  clocked two alpha 1 2
  expect 0 compare many two -m cpu
  ! grep -q 'cannot' err || fail 'a warning of what was shown'
  clocked single alpha 1
  expect 0 compare many single -m cpu
  said '8+1 invocations cannot show any difference at 0.05; it takes 8+2, so 1 more'
}

test_compare_usage() {
  expect 0 run -c alpha,beta -w script -n 1 -o dir
  expect 2 compare dir
  complained 'with what? name another folder, or a collector as dir:NAME'
  expect 2 compare dir dir:alpha
  complained 'name a collector of both, or of neither'
  expect 2 compare dir:alhpa
  complained "dir has no collector 'alhpa' (did you mean 'alpha'?)"
  expect 2 compare nowhere dir
  complained 'nowhere/plan.json: No such file'
  expect 2 compare dir dir -m throughptu
  said "unknown metric 'throughptu'"
  expect 2 compare dir dir -m pause
  complained "'pause' may be 3 metrics"
  expect 2 compare dir dir -m pause_count
  complained "unknown metric 'pause_count'"
  expect 2 compare dir dir --threshold 2
  complained "--threshold: '2' is not a share such as 2% or 0.02"
  expect 2 compare dir dir --fail-on-regression cpu
  complained "'cpu' is not METRIC=SHARE"
  expect 2 compare dir dir --format xml
  complained "unknown format 'xml'"
  expect 2 compare dir dir --aa 4
  complained '--aa takes one folder'
  expect 2 compare dir dir --alpha 100%
  complained '--alpha: a share below 100% is wanted'
}

test_compare_collectors() {
  printf '%s\n' 100 101 102 103 104 >found/alpha.clock
  printf '%s\n' 120 121 122 123 124 >found/beta.clock
  expect 0 run -c alpha,beta -w script:act=clock,script -n 5 -o dir
  expect 0 compare dir:alpha dir:beta -m cpu
  printed 'base: dir:alpha; new: dir:beta'
  row '^script:act=clock/heap=3x .*\+19.61% .* worse'
  row '^script/heap=3x .* ~ '
  printed 'geomean, 2 of 2 cells'
  mv out both
  expect 0 compare dir:alpha -m cpu # with all others
  same both out
  expect 0 run -c alpha -w script -n 1 -o one
  expect 3 compare one:alpha
  complained 'one:alpha is the only collector there'
}

# Names of folders and of collectors may have colons.
test_compare_colons() {
  expect 0 run -c alpha,beta -w script -n 1 -o a:b
  expect 0 run -c alpha,beta -w script -n 1 -o a:b:alpha
  expect 0 compare a:b:beta a:b:alpha:alpha -m cpu
  printed 'base: a:b:beta; new: a:b:alpha:alpha'
  expect 0 compare a:b a:b:alpha -m cpu # two folders
  printed 'base: a:b; new: a:b:alpha'
  expect 2 compare a:b:betta a:b:beta
  said "a:b has no collector 'betta' (did you mean 'beta'?)"
  mkdir a:b:beta # is a folder, but has no results
  expect 0 compare a:b:beta a:b:alpha:alpha -m cpu
  printed 'base: a:b:beta;'
  expect 2 compare c:d a:b
  said 'c/plan.json: No such file or directory'
}

# What the machine does not tell is not shown as a number.
test_unknown_machine() {
  expect 0 run -c alpha -w script -n 1 -o dir
  sed -i -E 's/("allowed"|"mhz"): *[0-9]+/\1: -1/; s/("load": *\[)[0-9.]+/\1-1.0/' \
    dir/machine.json
  has dir/machine.json '"allowed": -1'
  expect 0 report dir
  printed ', unknown number of CPUs'
  ! grep -q -e '-1' out || fail 'a number that is none'
  expect 0 report dir --format gbench
  printed '"num_cpus": null'
  printed '"mhz_per_cpu": null'
  ! grep -q -e ' -1' out || fail 'a number that is none'
}

# Without /proc the collectors beside the driver are found all the same.
test_no_proc() {
  needs_unsanitized "$reapmark" 'no /proc'
  hidden='mount -t tmpfs none /proc && exec "$@"'
  unshare -rm bash -c "$hidden" bash true 2>err ||
    skip "no mount of our own: $(cat err)"
  mkdir -p bin/collectors
  cp "$reapmark" bin/reapmark
  cp "$here/scripted-collector" bin/collectors/beside
  unset REAPMARK_PATH
  exits 0 unshare -rm bash -c "$hidden" bash bin/reapmark list collectors
  printed beside
  cd bin
  exits 0 unshare -rm bash -c "$hidden" bash ./reapmark list collectors
  printed beside
}

test_compare_against_itself() {
  # These 24 times are in no order.
  clocked dir alpha 1063 1018 1092 1047 1005 1081 1036 1070 1024 1099 1052 1011 \
    1088 1043 1002 1077 1031 1066 1020 1095 1058 1014 1084 1039
  expect 0 compare dir --aa 6 -m cpu,footprint --seed 1
  row '^cpu_ns +2 +0 +0.0% +1 +2 +0 +0.0% +1 +ok$'
  row '^footprint_bytes +2 +0 .* ok$'
  # With this seed chance draws groups that differ.
  expect 1 compare dir --aa 6 -m cpu --seed 42
  row '^cpu_ns +2 +2 +100.0% +1 .* TOO OFTEN$'
  # No invocation has the metric drop_max, and all footprints are the same.
  expect 0 compare dir --aa 6 -m footprint,drop_max
  row '^drop_max_ns +0 .* no data$'
  expect 2 compare dir --aa 3
  complained '--aa: 3 invocations a side cannot show any difference at 0.05; it takes 4'
  expect 0 compare dir --aa 3 --alpha 10% -m footprint
  expect 3 compare dir --aa 13
  complained 'no cell has 26 good invocations'
}

test_stability() {
  clocked dir alpha 200000 150000 120000 104000 101000 100000 102000
  expect 0 report dir --table stability
  printed 'at 7, -12.02%' # its median slope is -12500, of a median of 104000
  clocked drifting alpha 100000 110000 120000 130000 140000 150000
  expect 0 report drifting --table stability
  printed 'not steady, +8.00%'
  expect 0 report dir --table stability --format csv
  printed ',7,101000,'
}

test_until_ci() {
  # With an outlier on either side, the interval of a median spans the whole range
  # until there are nine invocations.
  printf '%s\n' 900 1100 1000 1000 1000 1000 1000 1000 1000 1000 1000 \
    >found/alpha.clock
  echo 1000 >found/beta.clock # narrow as soon as there is an interval
  expect 0 run -c alpha,beta -w script:act=clock -n 3 --until-ci 2% -o dir
  [ "$(keys dir | grep -c alpha)" = 9 ] || fail 'not nine of alpha'
  [ "$(keys dir | grep -c beta)" = 6 ] || fail 'not six of beta'
  printed '15 of 15 runs, 3 invocations or more per cell'
  keys dir >a
  # Resuming finds the same rounds and runs what is missing of them.
  sed -i '14,$d' dir/runs.jsonl
  expect 0 run --resume -o dir
  keys dir >b
  same a b
  expect 0 run --resume -o dir
  [ "$(records dir)" = 15 ] || fail 'runs were repeated'
  expect 2 run -c alpha,beta -w script:act=clock -n 3 --until-ci 1% -o dir --resume
  complained 'dir has another plan: its until_ci is 0.02'
  # A cell that failed gets no further invocations.
  expect 1 run -c alpha -w script:act=wrong -n 2 --until-ci 2% -o failing
  [ "$(records failing)" = 2 ] || fail 'a failure was repeated'
}

test_until_ci_budget() {
  expect 2 run -c alpha -w script --budget 1 -o dir
  complained '--budget needs --until-ci'
  expect 0 run -c alpha -w script -n 1 --until-ci 2% --budget 0.000001 -o dir
  [ "$(records dir)" = 2 ] || fail 'not one round more'
  said 'script/alpha/heap=3x/threads=1/seed=42: too few invocations (2) for an interval'
  printf '%s\n' 900 1100 >found/alpha.clock
  expect 0 run -c alpha -w script:act=clock -n 99 --until-ci 2% -o wide
  said 'still ±10 % after 100 invocations'
}

run_test "$2"
