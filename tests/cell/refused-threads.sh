#!/bin/sh
# refused-threads.sh PROGRAM: where internal allocations are made to fail, a
# mutator that could not attach is not the end of the run, or nothing else would
# ever be made to fail.
set -eu
record=$("$1" --run fuzz:ops=100000 --threads 4 --hostile fail-every=7)
echo "$record" | grep -q '"status":"ok"' ||
  { echo "$record" | grep -o '"verdict":{[^}]*}' >&2; exit 1; }
fired=$(echo "$record" | sed -n 's/.*"fail-every":\([0-9]*\)}.*/\1/p')
[ "$fired" -gt 5 ] || { echo "$fired failures" >&2; exit 1; }
