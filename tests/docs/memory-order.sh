#!/usr/bin/env bash
# docs/memory-order.md names every file that has atomic accesses, and no other.
# Usage: memory-order.sh TEST.
. "$(dirname "$0")/../expect.sh"
root=$tests/..

# The files with atomic accesses, by their names alone.
coded() {
  grep -rlE '__ATOMIC_[A-Z]|memory_order_[a-z]|_Atomic\b|gc_atomic_load' --include='*.[ch]' \
    "$root"/collectors "$root"/harness "$root"/workloads | sed 's|.*/||' | sort -u
}

# The names of files in the page.
named() {
  grep -oE '`[a-z/-]+\.[ch]`' "$root/docs/memory-order.md" | tr -d '`' |
    sed 's|.*/||' | sort -u
}

test_every_file_is_named() {
  coded >coded
  named >named
  checks=$((checks + 1))
  [ "$(wc -l <coded)" -gt 50 ] || fail 'there are fewer atomic accesses than ever'
  same coded named
}

run_test "$1"
