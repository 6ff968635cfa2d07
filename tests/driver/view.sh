#!/usr/bin/env bash
# Tests of what of a table is shown: columns that have no room in a terminal,
# columns that are chosen, and pivots, from results of known figures.
# Usage: view.sh REAPMARK PYTHON TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
python=$2

# made DIR [JSON]: makes a results directory (results.py says of what).
made() { "$python" "$tests/page/results.py" "$@"; }

# two: makes the directory `dir`, of two workloads and three collectors, of which
# one has no memory left.
two() {
  made dir '{"workloads": ["a", "b"], "failed": {"gamma/3x": "OOM"},
    "collectors": {"alpha": 1, "beta": 1.5, "gamma": 1}}'
}

# terminal COLUMNS ARGUMENT...: what the driver prints to a terminal of this width.
terminal() {
  local columns=$1
  shift
  command -v script >/dev/null || skip 'script (bsdutils) is not installed'
  script -qec "stty cols $columns; $(printf '%q ' "$reapmark" "$@")" /dev/null |
    tr -d '\r' >out
  checks=$((checks + 1))
}

# fits COLUMNS: no row of a table is longer; those begin with a collector.
fits() {
  local longest
  longest=$(grep -E '^(collector|alpha|beta|gamma)' out | wc -L)
  [ "$longest" -gt 0 ] && [ "$longest" -le "$1" ] ||
    fail "the longest row has $longest columns, not $1"
}

test_columns_leave() {
  two
  # Off a terminal all columns are there.
  expect 0 report dir
  row '^collector +verdict +throughput +± +GC .* footprint +runs$'
  unprinted 'Without room'
  unset COLUMNS
  terminal 80 report dir
  fits 80
  row '^collector +verdict +throughput +± +pause p99 +pause max +worst step +peak RSS$'
  tr '\n' ' ' <out >line
  has line 'Without room in 80 columns: gc_share_percent, pause_p50_ns, footprint_bytes, runs; --wide shows them, --columns and --pivot choose.'
  terminal 40 report dir
  fits 40
  row '^collector +verdict +throughput +±$'
  # All groups have the same columns, and one line says which left.
  counted 2 '^collector ' out
  counted 1 '^Without room' out
  terminal 80 report dir --wide
  row '^collector +verdict +throughput +± +GC .* footprint +runs$'
  unprinted 'Without room'
}

# The variable COLUMNS says more than the terminal does; off a terminal nothing.
test_columns_variable() {
  two
  COLUMNS=60 terminal 200 report dir
  printf '%s' "$(cat out)" | tr '\n' ' ' >line
  has line 'Without room in 60 columns'
  fits 60
  COLUMNS=60 expect 0 report dir
  unprinted 'Without room'
  COLUMNS=x terminal 80 report dir
  fits 80
}

# What has no columns that may leave is cut in bands, with the first column.
test_bands() {
  made dir '{"heaps": ["2x", "3x", "4x", "5x", "6x", "7x"]}'
  unset COLUMNS
  terminal 50 report dir --table time-space
  fits 50
  row '^collector +2x +3x'
  row '^collector .* 7x$'
  counted 0 'Without room' out
}

# A text at the end of lines is broken, and begins where it began.
test_text_is_broken() {
  made dir '{"failed": {"beta/3x": "OOM"}, "workloads":
    ["a-workload-of-a-very-long-name-that-nobody-wants", "b"]}'
  unset COLUMNS
  terminal 60 report dir --table overview
  fits 60
}

test_chosen_columns() {
  two
  expect 0 report dir --columns peak_rss_bytes,collector -f csv
  has_line out 'peak_rss_bytes,collector'
  has_line out '2097152,alpha'
  expect 0 report dir --columns collector,wall_ns
  row '^collector +wall_ns$'
  row '^alpha +100 ms$'
  expect 0 report dir --columns collector,verdict -f json
  "$python" -c 'import json, sys
rows = json.load(open("out"))["rows"]
assert rows[0] == {"collector": "alpha", "verdict": "ok"}, rows[0]'
  expect 0 report dir --columns collector,verdict -f markdown
  has_line out '| collector | verdict |'
  expect 0 report dir --columns collector,verdict -f latex
  has_line out 'alpha & ok \\'
  # A cross table has no such columns: it becomes lines.
  expect 0 report dir --table time-space --columns collector,heap,wall_ns
  row '^alpha +3x +100 ms$'
  # None of them leaves.
  terminal 20 report dir --columns collector,peak_rss_bytes,pause_max_ns,wall_ns
  counted 0 'Without room' out
  printed wall_ns
}

test_wrong_columns() {
  two
  expect 2 report dir --columns collector,peak_rss
  complained "--columns: the table has no column 'peak_rss' (did you mean 'peak_rss_bytes'?); it has: suite, workload, collector"
  expect 2 report dir --columns pause
  complained "(did you mean 'pause_p50_ns'?)"
  expect 2 report dir --columns collector,collector
  complained "'collector' is named twice"
  expect 2 report dir --columns ,
  complained "has no column ''"
  expect 2 report dir --columns collector --pivot workload,collector,wall_ns
  complained 'only one of them'
  expect 2 report dir --columns collector -f gbench
  complained 'gbench has no columns'
  expect 2 report dir --pivot workload,collector,wall_ns -f html
  complained 'of one table'
  # Where a command measures, before it does.
  expect 2 micro --columns x
  complained "the table has no column 'x'"
  expect 2 leaks --columns x
  complained "the table has no column 'x'"
}

test_pivot() {
  two
  expect 0 report dir --pivot workload,collector,peak_rss_bytes
  has_line out 'heap 3x, threads 1'
  row '^workload +alpha +beta +gamma$'
  row '^a +2.00 +3.00 +OOM$'
  row '^b +2.00 +3.00 +OOM$'
  printed 'by workload (down) and collector (across)'
  expect 0 report dir --pivot workload,collector,peak_rss_bytes -f csv
  has_line out 'heap,threads,workload,alpha,beta,gamma'
  has_line out '3x,1,a,2097152,3145728,'
  expect 0 report dir --pivot collector,workload,peak_rss_bytes -f json
  "$python" -c 'import json
page = json.load(open("out"))
assert page["pivot"] == {"down": "collector", "across": "workload",
                         "shown": "peak_rss_bytes"}, page
assert page["rows"][1] == {"heap": "3x", "threads": 1, "collector": "beta",
                           "a": 3145728, "b": 3145728}, page["rows"][1]'
  expect 0 report dir --pivot workload,collector,verdict -f markdown
  has_line out '| workload | alpha | beta | gamma |'
  has_line out '| a | ok | ok | OOM |'
  expect 0 report dir --pivot workload,collector,verdict -f latex
  has_line out 'a & ok & ok & OOM \\'
}

# One table for each value of what else tells rows apart.
test_pivot_of_several_heaps() {
  made dir '{"heaps": ["2x", "3x"]}'
  expect 0 report dir --pivot workload,collector,wall_ns
  has_line out 'heap 2x, threads 1'
  has_line out 'heap 3x, threads 1'
  expect 0 report dir --pivot collector,heap,wall_ns
  row '^collector +2x +3x$'
  expect 0 report dir --table mmu --pivot window_ns,collector,mmu
  has_line out 'workload script, heap 2x, threads 1'
}

# Windows shorter than a millisecond are shown, but not those within which the record
# knows nothing.
test_short_windows() {
  made dir '{}'
  expect 0 report dir --table mmu --format csv
  row ',20000,0.97,0.96,'
  row ',1000000,0.9997,0.9997,'
  row ',10000,,,'
  expect 0 report dir --table mmu
  printed '20 µs'
  printed '0.970 / 0.960'
}

test_wrong_pivot() {
  two
  expect 2 report dir --pivot workload,collector
  complained "'workload,collector' is not three columns DOWN,ACROSS,SHOWN"
  expect 2 report dir --pivot workload,colector,wall_ns
  complained "no column 'colector' (did you mean 'collector'?)"
  expect 2 report dir --pivot heap,heap,wall_ns
  complained 'DOWN and ACROSS are the same'
}

# Two columns of a comparison.
test_pivot_of_a_comparison() {
  made one
  made other
  expect 0 compare one:alpha other:beta -m wall,cpu --pivot cell,metric,change
  row '^cell +wall_ns +cpu_ns$'
  row '^script/heap=3x +[+]50.00% +[+]50.00%$'
}

# Rows that nothing tells apart are no pivot.
test_pivot_of_equal_rows() {
  expect 2 list suites --pivot targets,invocations,description
  complained "several rows of the table have targets '0' and invocations"
  said "they differ in 'name'"
}

# The dialect of spreadsheets with a decimal comma.
test_csv_of_spreadsheets() {
  made dir '{"collectors": {"=1+1": 1, "@x;y": 1.5}}'
  expect 0 report dir -f csv-excel --columns collector,throughput_per_s,verdict
  [ "$(head -c 3 out | od -An -tx1 | tr -d ' ')" = efbbbf ] || fail 'no byte order mark'
  tail -c +4 out | tr -d '\r' >text
  [ "$(lines out)" = "$(grep -c $'\r$' out)" ] || fail 'a line does not end in CR LF'
  has_line text 'collector;throughput_per_s;verdict'
  grep -qE "^'=1[+]1;[0-9]+,[0-9]+;ok$" text || fail "a formula, or a decimal point"
  grep -qE "^\"'@x;y\";[0-9]+,[0-9]+;ok$" text || fail 'a semicolon is not quoted'
  # Programs get the text as it is.
  expect 0 report dir -f csv --columns collector,verdict
  has_line out '=1+1,ok'
}

run_test "$3"
