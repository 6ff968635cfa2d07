#!/usr/bin/env bash
# Every warning has a name, and docs/warnings.md says what to do about each.
# Usage: warnings.sh TEST.
. "$(dirname "$0")/../expect.sh"
root=$tests/..

# What the page names first in a line of its table, and the names in the code.
documented() { sed -nE 's/^\| `(W-[a-z-]+)` \| .{20,} \|$/\1/p' "$root/docs/warnings.md"; }
coded() { grep -rohE --include='*.[ch]' 'W-[a-z]+(-[a-z]+)*' "$root/harness"; }

test_all_are_documented() {
  documented | sort -u >documented
  coded | sort -u >coded
  checks=$((checks + 1))
  same documented coded
  # In the order in which a reader looks for them, each once.
  documented >as-written
  same documented as-written
}

# No warning without a name: all are said by say_warning.
test_all_have_names() {
  checks=$((checks + 1))
  ! grep -rnE --include='*.[ch]' '(say|fprintf)\([^)]*"[^"]*warning:' "$root/harness" |
    grep -v '/base/warn.c:' || fail 'a warning has no name'
}

run_test "$1"
