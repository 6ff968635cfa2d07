#!/usr/bin/env bash
# specialisation.sh OBJDUMP COLLECTORS: in the program of mark-sweep, the function
# of binary-trees that builds a tree calls nothing but itself and the slow paths
# of the collector, because allocation and stores are inlined.  The same look at a
# collector that allocates out of line shows that a call would be seen.
. "$(dirname "$0")/../expect.sh"
objdump=$1 collectors=$2

# callees NAME: the functions that the tree builder of this collector calls, one a
# line; "indirect" for a call through a pointer.
callees() {
  "$objdump" -d --no-show-raw-insn "$collectors/$1" |
    awk '/^[0-9a-f]+ <.*>:$/ { here = ($2 ~ /^<tree_bottom_up(\..*)?>:$/) }
         here && $2 ~ /^(call|jmp)/ {
           if ($0 ~ /\*/) { print "indirect"; next }
           name = $NF; gsub(/[<>]/, "", name); sub(/\+0x.*/, "", name)
           sub(/\.(constprop|part|isra|cold).*/, "", name); print name
         }' | sort -u
}

callees mark-sweep >out
[ -s out ] || fail 'mark-sweep has no function tree_bottom_up'
has_line out cells_slow # the slow path of allocation
grep -vxE 'tree_bottom_up|cells_slow|gc_out_of_memory|object_stack_overflow' \
  out >unexpected && fail "not inlined: $(xargs <unexpected)"

# The counter on jemalloc allocates by a call.
callees refcount-jemalloc >out
has_line out space_alloc
