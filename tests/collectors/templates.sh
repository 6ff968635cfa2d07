#!/usr/bin/env bash
# templates.sh CC COLLECTORS: each template in common/inline/ refuses to be
# included before the collector's struct gc_mutator, and says why.
. "$(dirname "$0")/../expect.sh"
cc=$1 collectors=$2
for header in "$collectors"/common/inline/*.h; do
  echo "#include \"$header\"" >early.c
  exits 1 "$cc" -fsyntax-only -std=gnu17 -I"$collectors" early.c
  said 'a template: include it after'
done
[ "$checks" -ge 11 ] || fail "only $checks templates in $collectors"
