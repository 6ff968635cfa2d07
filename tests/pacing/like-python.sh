#!/usr/bin/env bash
# like-python.sh CPYTHON CHAINS MODEL: CPython's most garbage is the same, but for its
# own objects, whether the workload pacing makes the structures on the adapter CPYTHON
# (or on MODEL, with the same thresholds) or a program in Python does (CHAINS).
# Counts, which do not depend on the machine.
set -euo pipefail
cpython=$1 chains=$2 model=$3

version=$("$cpython" --describe | sed -n 's/.*CPython \(3\.[0-9]*\).*/\1/p' | sed -n 1p)
python=python$version
command -v "$python" >/dev/null || { echo "SKIPPED: there is no $python"; exit 77; }
young=$("$python" -c 'import gc; print(gc.get_threshold()[0])')

most() { # COLLECTOR SIZE LIVE [OPTION]...
  "$1" --run "pacing:phase=sawtooth,size=$2,external=0,live=$3,objects=400000" \
    "${@:4}" | "$python" -c \
    'import json, sys; print(json.load(sys.stdin)["garbage"]["objects"]["max"])'
}

failed=0
for shape in "10 10000" "100 10000" "1000 20000"; do
  # shellcheck disable=SC2086
  expected=$("$python" -I -S "$chains" $shape 400000 0)
  # shellcheck disable=SC2086
  for got in "$(most "$cpython" $shape)" \
    "$(most "$model" $shape --option young="$young")"; do
    echo "chains $shape: $got, in Python $expected"
    [ $((got * 10)) -ge $((expected * 9)) ] && [ $((got * 10)) -le $((expected * 11)) ] ||
      { echo "  they differ by more than a tenth"; failed=1; }
  done
done
exit $failed
