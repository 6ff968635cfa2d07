#!/usr/bin/env bash
# survives.sh COLLECTORS NAME: the collector program NAME under conditions that
# may end a run early.  Each run must leave a record that says ok, as declared,
# or OOM, whichever internal allocation fails; and with a small C stack every
# workload must go through.
set -euo pipefail
program=$1/$2

# run EXPECTED ARGUMENTS...: the record's status begins like one of EXPECTED.
run() {
  local expected=$1 record
  shift
  record=$("$program" --pin none --check "$@") ||
    { echo "$2 ended with $?: $*"; exit 1; }
  grep -qE "\"verdict\":\{\"status\":\"($expected)" <<<"$record" ||
    { echo "$*: $(grep -o '"verdict":{[^}]*}' <<<"$record")"; exit 1; }
  printf '%s\n' "$record"
}

# Workloads that this collector can run.
can() {
  local status=0
  "$program" --run "$1" --heap 1 --pin none >/dev/null 2>&1 || status=$?
  [ $status != 2 ]
}

good='ok"|LEAK","declared":true'
failed=0
for workload in weakrefs:entries=30 finalizers:live=100,rounds=2,ring=10 \
  cycles:size=7,live=20,rounds=6 threads:ops=50,live=20,size=3; do
  can "$workload" || continue
  for k in 1 2 3 4 5 6 7 8 9 12 16 24; do
    for key in fail-at fail-every; do
      fired=$(run "$good|OOM\"" --run "$workload" --heap 32M --threads 2 \
        --hostile $key=$k | grep -oE "\"fired\":\{\"$key\":[0-9]+")
      [ "${fired##*:}" -eq 0 ] || failed=$((failed + 1))
    done
  done
done
[ $failed -gt 0 ] || { echo "nothing ever failed"; exit 1; }

for workload in binary-trees:depth=8 list-drop:length=100000,rounds=1 \
  weakrefs:entries=30 finalizers:live=100,rounds=2,ring=10 globals:entries=300 \
  cycles:size=7,live=20,rounds=6 threads:ops=50,live=20,size=3 \
  tls:waves=2 large-objects:steps=20 fragmentation:volume=20000,rounds=2 \
  requests:sessions=50,requests=50 graph-mutation:nodes=300,ops=2000 \
  live-heap:objects=20000,measure=reuse,rounds=1 candidates:rings=50,rounds=2 \
  counting:ops=5000; do
  can "$workload" || continue
  record=$(run "$good" --run "$workload" --hostile stack=256k) ||
    { echo "$record"; exit 1; }
  # Not through a pipe, which grep may close before all is written.
  grep -qE '"fired":\{"stack":[1-9]' <<<"$record" ||
    { echo "no small stack"; exit 1; }
done
