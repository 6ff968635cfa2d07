#!/usr/bin/env bash
# specialisation.sh OBJDUMP COLLECTORS: in the compiled binary-trees of
# mark-sweep, building a tree calls nothing but itself and the collector's slow
# paths: allocation and stores are inlined.  The same look at a collector that
# allocates out of line shows that the test can fail.
set -euo pipefail
objdump=$1 collectors=$2

# The functions called by the builder,
# one a line; "indirect" for a pointer.
callees() {
  "$objdump" -d --no-show-raw-insn "$collectors/$1" |
    awk '/^[0-9a-f]+ <.*>:$/ { here = ($2 ~ /^<tree_bottom_up(\..*)?>:$/) }
         here && $2 ~ /^(call|jmp)/ {
           if ($0 ~ /\*/) { print "indirect"; next }
           name = $NF; gsub(/[<>]/, "", name); sub(/\+0x.*/, "", name)
           sub(/\.(constprop|part|isra|cold).*/, "", name); print name
         }' | sort -u
}

found=$(callees mark-sweep)
[ -n "$found" ] || { echo "no function tree_bottom_up in mark-sweep"; exit 1; }
echo "mark-sweep, called by the tree builder:" $found
unexpected=$(echo "$found" | grep -vxE \
  'tree_bottom_up|cells_slow|gc_out_of_memory|object_stack_overflow' || true)
[ -z "$unexpected" ] || { echo "not inlined: $unexpected"; exit 1; }
grep -qx cells_slow <<<"$found" || { echo "allocation is missing"; exit 1; }
# Counting on jemalloc allocates by a call, and this must be seen.
# (Kept first: a grep that ends early would break the pipe and fail the test.)
counted=$(callees refcount-jemalloc)
grep -qx space_alloc <<<"$counted" ||
  { echo "the call to the allocator of refcount-jemalloc was not seen"; exit 1; }
