#!/usr/bin/env bash
# Tests of what services read that follow figures, and of the workflow in
# docs/ci.md.  Usage: followed.sh REAPMARK PYTHON ROOT TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
python=$2
root=$3
use_scripted "$tests/driver/scripted-collector" alpha beta
formats='bmf smaller-is-better bigger-is-better'

# needs_module NAME PACKAGE: the rest of the test needs this module of Python.
needs_module() {
  "$python" -c "import $1" 2>/dev/null || skip "the package $2 is not installed"
}

# figure FORMAT WORKLOAD METRIC [VALUE LOW HIGH]: what `out` has of alpha's cell.
figure() {
  local schema=github-action-benchmark
  [ "$1" != bmf ] || schema=bmf
  exits_quietly "$python" "$here/check.py" "$here/$schema.schema.json" out \
    "$2/alpha/heap=3x/threads=1/seed=42" "${@:3}"
}

# The program says nothing and has status 0; `out` stays as it is.
exits_quietly() {
  checks=$((checks + 1))
  "$@" >said 2>&1 || fail "$*: $(cat said)"
}

# clocked DIR TIME...: runs of alpha that took these times, in ns.
clocked() {
  printf '%s\n' "${@:2}" >found/alpha.clock
  expect 0 run -c alpha -w script:act=clock -n $(($# - 1)) -o "$1"
}

# The median, with its interval from six invocations on, below that the range.
test_figures() {
  needs_module jsonschema python3-jsonschema
  clocked few 1000000 4000000 2000000
  clocked many 1100000 1200000 1300000 1400000 1500000 1600000 1700000
  expect 0 report few -f bmf
  figure bmf script:act=clock cpu_ns 2000000 1000000 4000000
  figure bmf script:act=clock throughput 500000 250000 1000000
  expect 0 report many -f bmf
  figure bmf script:act=clock cpu_ns 1400000 1100000 1700000
  expect 0 report many -f smaller-is-better
  figure smaller-is-better script:act=clock cpu_ns 1400000 1100000 1700000
  figure smaller-is-better script:act=clock throughput_per_s
  has out '"unit": "ns"'
  has out '"unit": "bytes"'
  has out '"extra": "median of 7 invocations; the range is its 95 % interval"'
  expect 0 report few -f bigger-is-better
  figure bigger-is-better script:act=clock throughput_per_s 500000 250000 1000000
  has out '"unit": "acts/s"'
  has out '"extra": "median of 3 invocations; the range is that of the invocations"'
  unprinted cpu_ns
}

test_chosen_metrics() {
  needs_module jsonschema python3-jsonschema
  clocked dir 1000000
  expect 0 report dir -f bmf --columns op,wall
  figure bmf script:act=clock latency 1000 1000 1000
  figure bmf script:act=clock wall_ns 1000000 1000000 1000000
  figure bmf script:act=clock cpu_ns
  expect 0 report dir -f smaller-is-better --columns rss_over,cores -o file
  mv file out
  figure smaller-is-better script:act=clock cores_used 1 1 1
  expect 2 report dir -f smaller-is-better --columns throughput
  complained 'of throughput_per_s, more is better: it is for the format bigger-is-better'
  expect 2 report dir -f bigger-is-better --columns wall
  complained 'of wall_ns, less is better: it is for the format smaller-is-better'
  expect 2 report dir -f bmf --columns walls
  complained "--columns: unknown metric 'walls' (did you mean 'wall'?)"
  expect 2 report dir -f bmf --pivot workload,collector,wall_ns
  complained 'bmf has no columns to pivot'
  expect 2 report dir -f bmf --table lbo
  complained "unknown format 'bmf'"
}

# A service takes a 0 for the best figure ever, so failures have no figure.
test_failures() {
  needs_module jsonschema python3-jsonschema
  expect 1 run -c alpha -n 2 -o dir -w script:act=wrong,script,script:act=crash
  for format in $formats; do
    expect 1 report dir -f "$format"
    [ "$(lines err)" = 2 ] || fail 'not a line for each failed cell'
    said 'script:act=wrong/alpha/heap=3x/threads=1/seed=42 failed and is left out: WRONG: a node was lost [W-left-out]'
    said 'failed and is left out: CRASH SIGABRT: assertion failed'
    local metric=peak_rss_bytes
    [ $format != bigger-is-better ] || metric=throughput_per_s
    figure $format script:act=wrong $metric
    has out '"script/alpha/heap=3x/threads=1/seed=42'
  done
  expect 1 run -c alpha -n 1 -o none -w script:act=oom
  expect 1 report none -f bmf
  has_line out '{}'
  expect 1 report none -f bigger-is-better
  has_line out '[]'
}

# Runs that are missing, and a collector that cannot run the workload.
test_missing() {
  expect 0 run -c alpha -w script -n 2 -o dir
  sed -i '$d' dir/runs.jsonl
  expect 1 report dir -f bmf
  said '1 of 2 runs are missing'
  printed '"value"'
  expect 0 run -c alpha,beta -w shared,script -n 1 -o other
  expect 0 report other -f bmf
  silent
  unprinted shared/beta
  expect 0 run -c beta -w shared -n 1 -o nothing
  expect 3 report nothing -f bmf
  complained "nothing: no cell has a figure for the format 'bmf'"
  expect 0 run -c alpha -w script -n 1 -o step
  expect 3 report step -f bmf --columns latency_p99
  complained "no cell has a figure for the format 'bmf'"
}

# Times of a collector that did not collect are not followed; its memory is.
test_not_exercised() {
  needs_module jsonschema python3-jsonschema
  expect 0 run -c alpha -w script -n 1 -o dir
  sed -i 's/"counters":{}/"counters":{},"exercise":{"by":"collections","collections":0}/' dir/runs.jsonl
  expect 0 report dir -f bmf
  complained 'times of script/alpha/heap=3x/threads=1/seed=42 are left out: not exercised: no collection'
  figure bmf script cpu_ns
  figure bmf script peak_rss_bytes 2097152 2097152 2097152
}

# What is absolute is of one machine.
test_machines() {
  needs_module jsonschema python3-jsonschema
  for machine in one:1 two:2-3; do
    REAPMARK_MACHINE=${machine%:*} expect 0 run -c alpha -w script -n 3 \
      --rounds ${machine#*:} -o ${machine%:*}
  done
  expect 0 merge dir one two
  for format in $formats; do
    expect 2 report dir -f "$format" -o file
    complained 'dir is of 2 machines, and absolute figures are of one'
    [ ! -e file ] || fail 'a file was written'
  done
  expect 0 report dir -f bmf --machine two
  figure bmf script cpu_ns 1000000 1000000 1000000
}

# ------------------------------------------------------------------------- #
# The workflow.
# ------------------------------------------------------------------------- #

# workflow: makes the steps of the workflow that run commands, as files step-N,
# and a repository for each side, whose bench.sh puts a driver there that finds
# the scripted collector of this side.
workflow() {
  needs_module yaml python3-yaml
  "$python" - "$root/docs/ci.md" <<'X'
import re, sys, yaml
block, = re.findall(r"^```yaml\n(.*?)^```", open(sys.argv[1]).read(), re.DOTALL | re.MULTILINE)
job, = yaml.safe_load(block)["jobs"].values()
runs = [step["run"] for step in job["steps"] if "run" in step]
for number, run in enumerate(runs):
    open(f"step-{number}", "w").write(run)
assert {step["with"]["path"] for step in job["steps"] if "uses" in step} == {"base", "head"}
X
  local side
  for side in base head; do
    mkdir -p $side/scripts $side/found
    cp found/alpha $side/found/alpha
    cat >$side/scripts/bench.sh <<X
#!/bin/sh
cd "\$(dirname "\$0")/.." && mkdir build || exit
cp "$work/reapmark" build/driver
printf '#!/bin/sh\nREAPMARK_PATH=%s exec "%s" "\$@"\n' "\$PWD/found" "\$PWD/build/driver" >build/reapmark
chmod +x build/reapmark
exec build/reapmark run "\$@"
X
    chmod +x $side/scripts/bench.sh
  done
  cat >head/gc.yml <<'X'
name: gc
description: what a test runs
collectors: [alpha]
cells:
  - workload: script:act=clock
  - workload: script
X
}

# takes SIDE TIME...: the collector of this side takes these times in turn.
takes() { printf '%s\n' "${@:2}" >"$1/found/alpha.clock"; }

# steps CODE: runs the steps as GitHub's runner does, up to the first that fails,
# which must be the last one, with this status; 0: none.
steps() {
  local step code=0
  rm -rf {base,head}/build {base,head}.{rounds,results}
  unset REAPMARK_PATH
  for step in step-*; do
    code=0
    bash --noprofile --norc -e "$step" >out 2>err || code=$?
    [ $code = 0 ] || break
  done
  checks=$((checks + 1))
  [ "$code" = "$1" ] || fail "the workflow: $step ended with $code, not $1"
  [ "$(echo step-* | wc -w)" = 3 ] || fail 'not three steps'
  [ "$step" = step-2 ] || fail "the workflow ended at $step"
}

test_workflow() {
  workflow
  takes base 1000000 1004000 996000 1002000 998000 1001000 999000 1003000
  takes head 998500 1003500 1001500 999500 1002500 997500 1000500 1004500
  steps 0
  takes head 1104400 1095600 1102200 1097800 1101100 1098900 1103300 1100000
  steps 4
  said 'throughput_per_s is worse by'
  # Faster is no failure.
  takes base 1204400 1195600 1202200 1197800 1201100 1198900 1203300 1200000
  steps 0
}

# A cell that only the base completed fails the request, one that both fail or
# that only the head completes does not.
test_workflow_of_failures() {
  workflow
  sed -i 's/{1\.\.10}/1/; s/-n 10/-n 1/' step-1 # one round shows it
  fails() { sed -i 's/^case \$act in$/[ $act = ok ] || act=wrong; case $act in/' "$1/found/alpha"; }
  takes base 1000000
  takes head 1000000
  fails head
  steps 4
  said 'regression: head.results: script:act=clock/alpha/heap=3x: WRONG'
  fails base
  steps 0
  cp found/alpha head/found/alpha
  steps 0
}

run_test "$4"
