#!/usr/bin/env bash
# workloads.sh PROGRAM WORKLOAD,... [NAME=VALUE]...: every workload, small and with
# checks, on one collector program with these options: as declared, or refused
# because the collector lacks what the workload needs.
set -euo pipefail
program=$1 workloads=$2
shift 2
options=()
for option in "$@"; do options+=(--option "$option"); done
declare -A small=(
  [binary-trees]=depth=8,stretch=9,array=1000,rounds=3
  [cycles]=live=300,rounds=4
  [globals]=entries=500,ops=2000 [threads]=ops=500,live=200
  [tls]=waves=5,ops=1000 [weakrefs]=entries=700,rounds=3
  [finalizers]=live=500,rounds=4 [list-drop]=length=100000,rounds=2
  [large-objects]=steps=30 [fragmentation]=volume=100000,rounds=6
  [requests]=sessions=500,requests=1000
  [graph-mutation]=nodes=2000,ops=10000
  [live-heap]=objects=2000,rounds=2
  [candidates]=rings=40,rounds=3 [counting]=ops=5000,objects=100
  [by-hand]=depth=8)
threads=1
! "$program" --describe | grep -q '"threads": *true' || threads=2
ran=0
for name in ${workloads//,/ } cycles:shape=tree,live=100,rounds=3 \
  cycles:shape=clique,live=100,rounds=3 cycles:shape=list,live=100,rounds=3 \
  live-heap:objects=2000,measure=reuse,rounds=2 \
  live-heap:objects=2000,measure=collect-random,rounds=2 \
  candidates:kind=live,nodes=300,ops=2000; do
  parameters=${small[$name]-}
  workload=$name${parameters:+:$parameters}
  code=0
  record=$("$program" --run "$workload" --threads $threads --check --pin none \
    "${options[@]}" 2>&1) || code=$?
  if [ $code = 2 ]; then
    echo "$record" | grep -qE 'workload [a-z-]+ (needs|does not state)' ||
      { echo "$workload: $record" >&2; exit 1; }
    continue
  fi
  [ $code = 0 ] || { echo "$workload: exit $code: $record" >&2; exit 1; }
  echo "$record" | grep -qE '"verdict":\{"status":"(ok|LEAK)","declared":true' ||
    { echo "$workload: $record" | cut -c1-900 >&2; exit 1; }
  ran=$((ran + 1))
done
[ $ran -ge 10 ] || { echo "only $ran workloads could run" >&2; exit 1; }
