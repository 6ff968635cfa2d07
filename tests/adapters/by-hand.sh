#!/usr/bin/env bash
# by-hand.sh COLLECTORS PEER REAPMARK: the program by-hand-PEER runs the workloads that
# are written for it as declared, does as much work as the adapter PEER does, and has
# no others.
. "$(dirname "$0")/../expect.sh"
collectors=$1 peer=$2 reapmark=$3
program=$collectors/by-hand-$peer

# figure PATTERN: the one match in the record.
figure() { grep -oE "$1" out; }

exits 0 "$program" --describe
printed '"kind":"diagnostic"'
printed "\"name\":\"by-hand-$peer\""
for work in binary-trees:depth=8,stretch=9,array=1000,rounds=3 \
  binary-trees:depth=10,stretch=4,settle=1 \
  list-drop:length=30000,rounds=3 list-drop:length=1000,payload=64 \
  cycles:live=300,rounds=4 cycles:live=300,rounds=4,cyclic=50,payload=40 \
  cycles:shape=list,live=100,rounds=3,cyclic=30 \
  cycles:shape=tree,live=100,rounds=3,payload=8 \
  cycles:shape=clique,live=100,rounds=3 cycles:shape=clique,live=3,size=300,rounds=2 \
  cycles:shape=ring,size=1,live=50,rounds=2 \
  requests:sessions=300,requests=2000 requests:sessions=7,requests=100,fields=0,body=8 \
  requests:sessions=50,requests=999,updates=100,body=4096 \
  requests:sessions=20,rate=2000,arrivals=poisson,duration=1; do
  exits 0 "$program" --run $work --check --pin none
  printed '"verdict":{"status":"ok","declared":true'
  printed "\"collector\":\"by-hand-$peer\""
  figure '"ops":\{[^}]*' >by_hand
  figure '"must_hold":[0-9]*,"live":[0-9]*,"allocated":[0-9]*' >>by_hand
  exits 0 "$collectors/$peer" --run $work --pin none
  figure '"ops":\{[^}]*' >adapter
  figure '"must_hold":[0-9]*,"live":[0-9]*,"allocated":[0-9]*' >>adapter
  same by_hand adapter
done

# Nothing else is written by hand, and there is no interface to time.
exits 2 "$program" --run threads
exits 2 "$program" --micro
expect 0 run -n 1 -c "by-hand-$peer,$peer" -w globals:rounds=1 -o dir
row "^by-hand-$peer +n/a: was built without this workload"
expect 0 run -n 1 -c "by-hand-$peer,$peer" -w list-drop:length=500 -o other
row "^by-hand-$peer +ok"
expect 0 list collectors
row "^by-hand-$peer +diagnostic .* diagnostic: "
# The models are measured without them.
expect 0 run -w list-drop:length=500 -n 1 -c all --dry-run
unprinted by-hand
