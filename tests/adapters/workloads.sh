#!/usr/bin/env bash
# workloads.sh PROGRAM WORKLOAD,... [NAME=VALUE]...: runs every workload, small
# and with checks, on one collector program with these options.  Each run ends as
# the collector declares, or the collector refuses the workload because it lacks
# what the workload needs.
. "$(dirname "$0")/../expect.sh"
program=$1 workloads=$2
shift 2
options=()
for option in "$@"; do options+=(--option "$option"); done
declare -A small=(
  [binary-trees]=depth=8,stretch=9,array=1000,rounds=3
  [cycles]=live=300,rounds=4
  [globals]=entries=500,ops=2000 [threads]=ops=500,live=200
  [tls]=waves=5,ops=1000 [weakrefs]=entries=700,rounds=3
  [ephemerons]=entries=700,rounds=3
  [finalizers]=live=500,rounds=4 [list-drop]=length=100000,rounds=2
  [large-objects]=steps=30 [fragmentation]=volume=100000,rounds=6
  [requests]=sessions=500,requests=1000
  [graph-mutation]=nodes=2000,ops=10000
  [live-heap]=objects=2000,rounds=2
  [heap]=file=$tests/heap/rings.graph,collections=2,mutations=200
  [candidates]=rings=40,rounds=3 [counting]=ops=5000,objects=100
  [by-hand]=depth=8 [floor]=objects=2000)
threads=1
"$program" --describe >describe
grep -qE '"threads": ?(true|false)' describe || fail 'describe lacks threads'
! grep -qE '"threads": ?true' describe || threads=2
ran=0
# Where threads come and go, libgc's own handler of write faults ends one run in
# six of incremental collections: 10 of 60 runs of two builds.
case ${options[*]} in *incremental=1*) workloads=${workloads/volleys,/} ;; esac
for name in ${workloads//,/ } cycles:shape=tree,live=100,rounds=3 \
  cycles:shape=clique,live=100,rounds=3 cycles:shape=list,live=100,rounds=3 \
  live-heap:objects=2000,measure=reuse,rounds=2 \
  live-heap:objects=2000,measure=collect-random,rounds=2 \
  candidates:kind=live,nodes=300,ops=2000; do
  parameters=${small[$name]-}
  code=0
  "$program" --run "$name${parameters:+:$parameters}" --threads $threads \
    --check --pin none "${options[@]}" >out 2>err || code=$?
  case $code in
  0)
    row '"verdict":\{"status":"(ok|LEAK)","declared":true'
    ran=$((ran + 1))
    ;;
  2) grep -qE 'workload [a-z-]+ (needs|does not state)' err || fail "$name" ;;
  *) fail "$name: exit $code" ;;
  esac
done
[ $ran -ge 10 ] || fail "only $ran workloads could run"
