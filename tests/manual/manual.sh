#!/usr/bin/env bash
# Tests of the manual page and of the completions of shells.
# Usage: manual.sh REAPMARK MANUAL FOLDER TEST; FOLDER has what MANUAL made.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
manual=$2
made=$3

# has_tool TOOL: the rest of the test needs it.
has_tool() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

test_page_has_all() {
  exits 0 "$manual" options
  mv out options
  # A hyphen is \- in the page; a letter stands before the option.
  sed 's/\\-/-/g' "$made/reapmark.1" >page
  local command option letter
  while read -r command option letter; do
    has page "$option"
    has page ".SS reapmark $command"
  done < <(tr '\t' ' ' <options | grep -v '^trace ')
  [ "$(wc -l <options)" -gt 100 ] || fail 'too few options'
  has page '.SH EXIT STATUS'
}

test_page_is_well_formed() {
  has_tool man
  exits 0 env LC_ALL=C.UTF-8 man --warnings -l "$made/reapmark.1"
  silent
  printed 'reapmark run'
}

test_page_lint() {
  has_tool mandoc
  mandoc -T lint -W warning "$made/reapmark.1" >found || true
  checks=$((checks + 1))
  # The page is of a version, and has no date.
  grep -v 'missing date' found && fail 'mandoc finds the lines above' || :
}

# What the files in the build are, the program still prints.
test_files_are_current() {
  local format file
  while read -r format file; do
    exits 0 "$manual" "$format"
    same out "$made/$file"
  done <<'X'
page reapmark.1
bash reapmark
zsh _reapmark
fish reapmark.fish
X
  exits 2 "$manual" html
  complained 'usage: reapmark-manual page|bash|zsh|fish|options|examples'
}

# completes WORDS WANTED...: bash completes the last of the words to these.
completes() {
  local words=$1
  shift
  checks=$((checks + 1))
  bash --norc -c '. "$1"; read -ra COMP_WORDS <<<"$2"; [ "${2% }" = "$2" ] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _reapmark; echo "${COMPREPLY[@]}"' \
    - "$made/reapmark" "$words" >out
  [ "$(cat out)" = "$*" ] || fail "$words: not completed to: $*"
}

test_bash() {
  completes 'reapmark repo' report
  completes 'reapmark help desc' describe
  completes 'reapmark trace ver' verify
  completes 'reapmark report --tab' --table
  completes 'reapmark report DIR --table perc' percentiles
  completes 'reapmark report DIR -f csv' csv csv-excel
  completes 'reapmark report DIR --format = latex' latex
  completes 'reapmark report DIR --figure ov' overhead overhead-cpu
  completes 'reapmark stress -C poi' poison poison-0
  completes 'reapmark compare A B -m cpu_ns,wall' cpu_ns,wall_ns
  completes 'reapmark run --seed 4'
  completes 'reapmark trace verify --len' --lenient
  mkdir results
  completes 'reapmark report res' results
}

# What there is comes from reapmark itself.
test_bash_asks_reapmark() {
  completes "$reapmark run stand" standard
  completes "$reapmark list su" suites
}

test_zsh_syntax() {
  has_tool zsh
  exits 0 zsh -n "$made/_reapmark"
  silent
  [ ! -s out ] || fail 'something is run'
}

test_fish() {
  has_tool fish
  exits 0 fish -n "$made/reapmark.fish"
  silent
  exits 0 fish -c "source $made/reapmark.fish; complete -C 'reapmark report --format mark'"
  printed markdown
  exits 0 fish -c "source $made/reapmark.fish; complete -C 'reapmark compare -m cpu_ns,wall'"
  printed cpu_ns,wall_ns
  exits 0 fish -c "source $made/reapmark.fish; complete -C 'reapmark trace ver'"
  printed verify
}

# Unknown words are answered with what there is.
test_choices_are_listed() {
  mkdir none
  expect 2 report none --table zzz
  complained "unknown table 'zzz' (choose from cells, answer, overview,"
  said 'limits)'
  expect 2 report none --format zzz
  complained 'csv-excel, json, gbench, bmf, smaller-is-better, bigger-is-better)'
  expect 2 report none --figure zzz -o x.svg
  complained '(choose from overhead,'
  expect 2 report none --goal 'zzz <= 1'
  complained '(choose from p99,'
  expect 2 compare none -m zzz
  complained '(choose from throughput_per_s,'
  expect 2 run zzz
  complained '(choose from '
  said standard
  expect 2 trace zzz
  complained '(choose from verify, stat,'
  expect 2 zzz
  complained '(choose from choose, list, run,'
  expect 2 list zzz
  complained '(choose from collectors, workloads, suites)'
}

run_test "$4"
