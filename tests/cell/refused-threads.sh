#!/usr/bin/env bash
# refused-threads.sh PROGRAM: the run goes on when a mutator thread cannot attach
# because an internal allocation was made to fail.  If the run ended there, no
# later allocation would ever be made to fail.  Nothing is weak or finalizable,
# since without its lists of such objects the collector cannot go on.
. "$(dirname "$0")/../expect.sh"
exits 0 "$1" --run fuzz:ops=100000,weak=0,finalizable=0 --threads 4 --hostile fail-every=7
printed '"status":"ok"'
fired=$(sed -n 's/.*"fail-every":\([0-9]*\)}.*/\1/p' out)
[ "$fired" -gt 5 ] || fail "only $fired allocations were made to fail"
