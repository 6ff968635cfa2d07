#!/usr/bin/env bash
# Tests of the answer in words, and of results as one HTML page, from results of
# known figures.  Usage: end-to-end.sh REAPMARK PYTHON TEST.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
python=$2

# made DIR [JSON]: makes a results directory (results.py says of what).
made() { "$python" "$here/results.py" "$@"; }

# answered TEXT: an answer has this text, whichever way its lines are broken.
answered() {
  checks=$((checks + 1))
  tr -s '\n ' ' ' <out | grep -F -e "$1" >/dev/null || fail "no answer: $1"
}

# answered_like REGEX: the same for an extended regular expression.
answered_like() {
  checks=$((checks + 1))
  tr -s '\n ' ' ' <out | grep -E -e "$1" >/dev/null || fail "no answer like: $1"
}

# ---------------------------------------------------------------------------
# The answer.
# ---------------------------------------------------------------------------

test_answer() {
  made dir '{"collectors": {"alpha": 1, "beta": 1.5, "gamma": 1.0004}}'
  expect 0 report dir --table answer
  answered 'Answer at equal memory: heap 3x, script, 3 collectors'
  answered 'Fastest (wall time): alpha, 100 ms.'
  answered 'Behind it: beta 1.50x [1.50, 1.50].'
  answered_like 'Cannot be told apart from it: gamma 1.00x \(\+[0-9]+ runs?\)'
  answered 'Smallest (peak RSS): alpha, 2.00 MiB.'
  answered 'Smoothest (worst step): alpha, 100 ns.'
  # What a number of runs means is said once, however many collectors have one.
  [ "$(tr -s '\n ' ' ' <out | grep -o '+N runs: so many more' | wc -l)" = 1 ] ||
    fail 'what +N runs means is not said once'
  # It ends the main table for people, and no other format.
  expect 0 report dir
  answered 'Fastest (wall time): alpha'
  expect 0 report dir --format csv
  unprinted 'Fastest'
  expect 0 report dir --table answer --format json
  printed '"answer": "behind"'
}

# Few runs of one workload prove nothing; of several that agree they do.
test_answer_of_few_runs() {
  made one '{"runs": 3}'
  expect 0 report one --table answer
  answered 'Cannot be told apart from it: beta 1.50x (+1 run).'
  made four '{"runs": 3, "workloads": ["a", "b", "c", "d"]}'
  expect 0 report four --table answer
  answered 'Behind it: beta 1.50x'
  answered 'heap 3x, 4 workloads, 2 collectors'
  # Each workload by itself is still undecided.
  row '^Fastest +beta +3x +d +cannot be told apart'
}

# A difference in the only workload that does not survive the adjustment for many
# collectors depends on no workload.
test_answer_of_many_collectors() {
  made one '{"runs": 5, "collectors": {"a": 1, "b": 1.5, "c": 1.6, "d": 1.7,
    "e": 1.8, "f": 1.9, "g": 2, "h": 2.1}}'
  expect 0 report one --table answer
  answered_like 'Cannot be told apart from it: b 1.50x \(\+[0-9]+ runs?\)'
  tr -s '\n ' ' ' <out | grep 'Depends on the workload' && fail 'of one workload'
  return 0
}

# What failed, leaked or never collected is named and not ranked, and is nowhere
# a 0.
test_answer_leaves_out() {
  made dir '{"collectors": {"alpha": 1, "beta": 2, "idle": 0.1, "leaky": 0.1,
    "oom": 0.1}, "idle": ["idle"], "leaks": ["leaky"],
    "failed": {"oom/3x": "OOM"}}'
  expect 0 report dir --table answer
  answered 'Fastest (wall time): alpha'
  answered 'idle (script: not exercised)'
  answered 'leaky (script: LEAK 500 (declared))'
  answered 'oom (script: OOM)'
  expect 0 report dir --table overview
  row '^oom +– +– +– +– +– +script: OOM$'
  row '^idle +– +– +– +– +– +script: not exercised$'
}

# Where requests arrive on a schedule, the wall time says nothing of a collector.
test_answer_of_an_open_loop() {
  made dir '{"rate": 1000}'
  expect 0 report dir --table answer
  answered 'Fastest (wall time): nobody is ranked (script: its requests set the pace).'
  answered 'Most responsive (p99 of requests): alpha, 100 ns. Behind it: beta 1.50x'
  answered 'Smallest (peak RSS): alpha'
}

# The heap in which most collectors can be compared is the one of the answer.
test_answer_heap() {
  made dir '{"heaps": ["2x", "none", "3x", "4x"], "failed": {"beta/2x": "OOM"}}'
  expect 0 report dir --table answer
  answered 'Answer at equal memory: heap 3x'
}

test_goals() {
  made dir '{"heaps": ["2x", "3x"], "failed": {"beta/2x": "OOM"}}'
  expect 0 report dir --goal 'p99 <= 120ns' --goal 'heap<=2.5M' --table answer
  answered_like 'p99 <= 120ns: met by alpha \(all heaps\)\. Missed: beta'
  answered_like 'heap <= 2.5M: met by alpha \(all heaps\)\. Missed: beta'
  answered 'All goals at once: alpha (all heaps).'
  expect 0 report dir --goal 'throughput >= 1M'
  answered 'throughput >= 1M: met by none. Missed: alpha (all heaps; script: 10.0k)'
  # A bound within the interval decides nothing.
  made near '{"noise": 0.05}'
  expect 0 report near --goal 'wall <= 100ms' --table answer
  answered_like 'wall <= 100ms: met by none\. Undecided: alpha \(3x(; \+[0-9]+ runs?)?\)'
  # With fewer than 6 runs all of them must agree.
  made few '{"runs": 3}'
  expect 0 report few --goal 'wall <= 110ms' --table answer
  row 'wall <= 110ms +alpha +3x +script +met .* all 3 runs$'
}

# A workload that nobody has run yet leaves a goal open, as one that was left out by a
# run that was stopped.
test_goals_of_what_was_not_run() {
  made dir '{"workloads": ["script", "script:size=2"], "collectors": {"alpha": 1}}'
  expect 0 report dir --goal 'pause <= 1s' --table answer
  answered 'pause <= 1s: met by alpha (3x).'
  grep -v '"cell": *"script:size=2' dir/runs.jsonl >left
  cp left dir/runs.jsonl
  expect 0 report dir --goal 'pause <= 1s' --table answer
  answered 'pause <= 1s: met by none. Not known: alpha (3x; script:size=2: not run yet).'
}

test_goal_mistakes() {
  made dir
  for goal in 'p99' 'p99 = 5ms' '<= 5ms' 'p99 <='; do
    expect 2 report dir --goal "$goal"
    complained "'$goal' is no goal, such as 'p99 <= 5ms'"
  done
  expect 2 report dir --goal 'p98 <= 5ms'
  complained "unknown figure 'p98' (did you mean 'p99'?)"
  expect 2 report dir --goal 'p99 <= 5'
  complained "'5' is not a value of latency_p99_ns, such as 5ms"
  expect 2 report dir --goal 'heap <= 512Q'
  complained "'512Q' is not a value of footprint_bytes, such as 512M"
}

# A run ends with the answer, also to its goals, and says how to get the page.
test_run_ends_with_the_answer() {
  use_scripted "$tests/driver/scripted-collector" alpha beta
  expect 0 run -c alpha,beta -w script -n 2 -o dir --goal 'wall <= 1s'
  answered 'wall <= 1s: met by'
  printed 'Fastest (wall time)'
  said 'as a page: reapmark report dir --format html -o page.html'
  expect 2 run -c alpha -w script -o other --goal 'speed > 3'
  said "unknown figure 'speed'"
  [ ! -e other ] || fail 'ran in spite of a mistake'
}

# ---------------------------------------------------------------------------
# The page.
# ---------------------------------------------------------------------------

needs_gnuplot() {
  command -v gnuplot >/dev/null || skip 'gnuplot is not installed'
}

test_page() {
  needs_gnuplot
  made dir '{"heaps": ["2x", "3x", "4x", "none"], "failed": {"beta/2x": "OOM"}}'
  expect 0 report dir --format html -o page.html --goal 'p99 <= 120ns'
  for id in trust answer overview overhead latency phases memory cells; do
    has page.html "<section id=\"$id\""
    has page.html "<a href=\"#$id\">"
  done
  counted 0 '<section id="(growth|leaks)"|href="#(growth|leaks)"' page.html
  tr -s '\n ' ' ' <page.html >lines
  has lines 'p99 &lt;= 120ns: met by alpha (all heaps).'
  has page.html '<td class="n best">1.00 [1.00, 1.00]</td>'
  has page.html 'mark &amp; &lt;sweep&gt;' # a phase
  has page.html '<text>OOM</text>' # at its size in the chart
  has page.html "reapmark run -w script -c alpha --heap 2x -t 1 --seed 42 -n 1 -o again"
  # Every chart has a name, a description and its numbers.
  charts=$(grep -c '<svg class="plot" ' page.html)
  [ "$charts" -ge 4 ] || fail "only $charts charts"
  [ "$(grep -o '<title id="f[0-9]*-t">[^<]' page.html | wc -l)" = "$charts" ]
  [ "$(grep -o '<desc id="f[0-9]*-d">[^<]' page.html | wc -l)" = "$charts" ]
  [ "$(grep -c '<summary>Numbers</summary>' page.html)" = "$charts" ]
  # Nothing is outside of the file.
  counted 0 '(src|href)="[^#]|url\(|@import|<link|<img' page.html
  # The ids are unique.
  grep -o ' id="[^"]*"' page.html | sort | uniq -d >twice
  [ ! -s twice ] || fail "ids that are there twice: $(head -3 twice)"
}

# One heap is no axis.
test_page_of_one_heap() {
  made dir
  expect 0 report dir --format html -o page.html
  has page.html 'The runs have one heap size only'
}

# The command of a cell repeats it, whatever its name is.
test_page_command() {
  made dir '{"workloads": ["a:x=1,y=it'"'"'s"]}'
  expect 0 report dir --format html -o page.html
  has page.html "-w &#39;a:x=1,y=it&#39;\&#39;&#39;s&#39; -c alpha"
}

# Text of programs, suites and records is only text, in the page and in the
# scripts that gnuplot is given.
test_page_escapes() {
  made dir '{"suite": "</title><script>alert(1)</script>",
    "collectors": {"<script>alert(2)</script>": 1,
                   "\"><img src=x onerror=alert(3)>": 1.5},
    "workloads": ["`touch pwned1`", "'"'"'; system(\"touch pwned2\"); #",
                  "@x $(touch pwned3) {/:Bold b}"],
    "heaps": ["2x", "3x", "4x"],
    "failed": {"<script>alert(2)</script>/2x": "OOM"}}'
  sed -i 's|made to be OOM|<iframe src=javascript:alert(4)>|' dir/runs.jsonl
  expect 0 report dir --format html -o page.html
  counted 1 '<script>' page.html
  counted 0 '<(img|iframe)' page.html
  has page.html '&lt;script&gt;alert(2)&lt;/script&gt;'
  has page.html '&lt;iframe src=javascript:alert(4)&gt;'
  expect 0 report dir --figure overhead -o figure.svg || true
  counted 0 '<(script|img)' figure.svg
  ls pwned* 2>/dev/null && fail 'a text was run as a command'
  checks=$((checks + 1))
}

# Hundreds of cells with long curves.
test_page_size() {
  made dir '{"collectors": {"a": 1, "b": 1.1, "c": 1.2, "d": 1.3, "e": 1.4,
    "f": 1.5, "g": 1.6, "h": 1.7, "i": 1.8, "j": 1.9},
    "workloads": ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10"],
    "heaps": ["2x", "3x", "4x", "6x"], "runs": 2, "curve": 256}'
  expect 0 report dir --format html -o page.html
  bytes=$(wc -c <page.html)
  [ "$bytes" -lt 5000000 ] || fail "$bytes bytes of 400 cells"
  counted 400 '<details class="cell' page.html
  # gnuplot 6 would draw a white box behind each point, on dark pages also.
  ! grep "<use [^>]*color='white'" page.html || fail 'points have white boxes'
}

# Without gnuplot everything is there as tables, which says so.
test_page_without_gnuplot() {
  made dir '{"heaps": ["2x", "3x"]}'
  PATH=/nowhere expect 0 report dir --format html -o page.html
  said 'no charts, as gnuplot is not installed: apt-get install gnuplot-nox'
  counted 0 '<svg class="plot" ' page.html
  has page.html '<p class="missing">no charts, as gnuplot is not installed'
  has page.html '<details open><summary>Numbers</summary>'
}

test_page_of_several() {
  made old
  made new '{"collectors": {"alpha": 1.2, "beta": 1.5}, "suite": "other"}'
  expect 0 report old new --format html -o page.html
  has page.html '<section id="side-by-side"'
  has page.html '<article id="report">'
  has page.html '<article id="report-2">'
  has page.html '<a href="#report-2">new</a>'
  has page.html '<section id="cells-2"'
  grep -o ' id="[^"]*"' page.html | sort | uniq -d >twice
  [ ! -s twice ] || fail "ids that are there twice: $(head -3 twice)"
  expect 2 report old new
  complained "report: 'new' is one directory too many"
}

# Dead objects over time, of workloads that state what is alive.
test_page_of_garbage() {
  needs_gnuplot
  made dir '{"garbage": true, "curve": 9}'
  expect 0 report dir --format html -o page.html
  has page.html 'How many dead objects the heap holds'
  expect 0 report dir --table memory-time --format csv
  row ',150$'
  expect 0 report dir --figure garbage -o garbage.svg
  made without
  expect 0 report without --format html -o page.html
  counted 0 'How many dead objects' page.html
}

test_page_of_leaks() {
  expect 0 report "$here/leaks" --format html -o page.html
  has page.html '<section id="leaks"'
  has page.html 'LEAK +100 → prompt'
}

# ---------------------------------------------------------------------------
# Figures and tables for papers.
# ---------------------------------------------------------------------------

test_figures() {
  needs_gnuplot
  made dir '{"heaps": ["2x", "3x"]}'
  for figure in overhead overhead-cpu percentiles mmu memory; do
    expect 0 report dir --figure $figure -o "$figure.svg"
    has "$figure.svg" '<svg'
    has "$figure.svg" 'alpha'
  done
  expect 0 report dir --figure overhead -o overhead.pdf
  [ "$(head -c 5 overhead.pdf)" = %PDF- ] || fail 'no PDF'
  expect 3 report dir --figure growth -o growth.svg
  complained "dir: no run has what the figure 'growth' shows"
  expect 2 report dir --figure overhed -o x.svg
  complained "unknown figure 'overhed' (did you mean 'overhead'?)"
  expect 2 report dir --figure overhead
  complained '--figure needs -o F.svg or F.pdf'
  expect 1 report dir --figure overhead -o nowhere/x.svg
  complained 'nowhere/x.svg: gnuplot could not write it'
  expect 2 report dir --format html --table lbo
  complained 'html is a page of all tables and figures; leave --table out'
}

test_latex() {
  made dir '{"collectors": {"a_b": 1, "c&d": 1.5}}'
  expect 0 report dir --table overview --format latex
  printed '\begin{tabular}{lrrrrr}'
  printed 'a\_b & \textbf{1.00 [1.00, 1.00]}'
  printed 'c\&d & 1.50 [1.50, 1.50]'
  printed '\bottomrule'
}

test_output_mistakes() {
  made dir
  expect 2 report dir -o nowhere/table
  complained 'nowhere/table: No such file or directory'
  expect 0 report dir --format csv -o table.csv
  has table.csv 'made,script,alpha'
  [ ! -s out ] || fail 'also printed'
}

# ---------------------------------------------------------------------------
# In a browser.
# ---------------------------------------------------------------------------

needs_browser() {
  needs_gnuplot
  command -v chromium >/dev/null || skip 'chromium is not installed'
  command -v chromedriver >/dev/null || skip 'chromium-driver is not installed'
  "$python" -c 'import selenium' 2>/dev/null ||
    skip 'python3-selenium is not installed'
}

page_for_browser() {
  made dir '{"heaps": ["2x", "3x", "4x", "none"], "failed": {"beta/2x": "OOM"},
    "collectors": {"alpha": 1, "beta": 1.5, "<script>alert(1)</script>": 2},
    "workloads": ["one", "two"], "idle": ["alpha"]}'
  expect 0 report dir --format html -o page.html --goal 'p99 <= 120ns'
}

test_browser() {
  needs_browser
  page_for_browser
  exits 0 "$python" "$here/browser.py" page.html
}

# axe-core is in no release of Debian; npm has it, as package-lock.json says.
test_accessibility() {
  needs_browser
  command -v npm >/dev/null || skip 'npm is not installed, which gets axe-core'
  cp "$here/package.json" "$here/package-lock.json" .
  npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 ||
    skip "npm could not get axe-core: $(tail -1 npm.log)"
  page_for_browser
  exits 0 "$python" "$here/browser.py" page.html node_modules/axe-core/axe.min.js
}

run_test "$3"
