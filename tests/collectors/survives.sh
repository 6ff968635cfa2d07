#!/usr/bin/env bash
# survives.sh COLLECTORS NAME: runs the collector program NAME under conditions
# that may end a run early.  Whichever internal allocation fails, each run must
# leave a record with the status ok, OOM, or a leak that the collector declares.
# With a small C stack every workload must succeed.
. "$(dirname "$0")/../expect.sh"
program=$1/$2

# passes STATUS ARGUMENT...: the run leaves a record whose status begins like one
# of the alternatives in the regular expression STATUS.
passes() {
  exits 0 "$program" --pin none --check "${@:2}"
  grep -qE "\"verdict\":\{\"status\":\"($1)" out ||
    fail "$*: $(grep -o '"verdict":{[^}]*}' out)"
}

# can WORKLOAD: the collector has what the workload needs.
can() {
  local code=0
  "$program" --run "$1" --heap 1 --pin none >out 2>err || code=$?
  [ $code = 2 ] || return 0
  said ' needs ' # any other mistake is one of this test
  return 1
}

good='ok"|LEAK","declared":true'
failed=0
for workload in weakrefs:entries=30 finalizers:live=100,rounds=2,ring=10 \
  cycles:size=7,live=20,rounds=6 threads:ops=50,live=20,size=3; do
  can "$workload" || continue
  for k in 1 2 3 4 5 6 7 8 9 12 16 24; do
    for key in fail-at fail-every; do
      passes "$good|OOM\"" --run "$workload" --heap 32M --threads 2 \
        --hostile $key=$k
      fired=$(sed -nE "s/.*\"fired\":\{\"$key\":([0-9]+).*/\1/p" out)
      [ "$fired" -eq 0 ] || failed=$((failed + 1))
    done
  done
done
[ $failed -gt 0 ] || fail 'no allocation was made to fail'

for workload in binary-trees:depth=8 list-drop:length=100000,rounds=1 \
  weakrefs:entries=30 finalizers:live=100,rounds=2,ring=10 globals:entries=300 \
  cycles:size=7,live=20,rounds=6 threads:ops=50,live=20,size=3 \
  tls:waves=2 large-objects:steps=20 fragmentation:volume=20000,rounds=2 \
  requests:sessions=50,requests=50 graph-mutation:nodes=300,ops=2000 \
  live-heap:objects=20000,measure=reuse,rounds=1 candidates:rings=50,rounds=2 \
  counting:ops=5000; do
  can "$workload" || continue
  passes "$good" --run "$workload" --hostile stack=256k
  row '"fired":\{"stack":[1-9]'
done
