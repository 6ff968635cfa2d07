#!/usr/bin/env bash
# Tests of `reapmark leaks` and `reapmark explain` with the collectors of the
# build.  Usage: end-to-end.sh REAPMARK FOLDER-OF-LIARS TEST; one function per
# test.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
liars=$2
collectors=$(dirname "$reapmark")/collectors

# All verdicts and figures are exact, to the object and byte.
test_matrix() {
  expect 0 leaks refcount refcount-atomic refcount-cycles-atomic mark-sweep \
    none --format csv
  same "$here/expected.csv" out
}

test_formats() {
  expect 0 leaks refcount mark-sweep -w cache,tls-dead
  printed 'cause     refcount'
  printed 'retained +100 → retained 150'
  printed 'n/a: needs threads'
  printed 'global 0, the cache, from its oldest entry'
  unprinted '3200'
  expect 0 leaks refcount mark-sweep -w cache:rounds=3 --verbose
  printed 'cache:rounds=3  off'
  printed '3200'
  expect 0 leaks refcount -w leak-cache --format markdown
  printed '| cache | retained +100 → retained 150 |'
  expect 0 leaks refcount -w cache --format json
  printed '"verdict": "retained by design"'
  printed '"growth_bytes": 3200'
}

# collectors_of FILE: prints the collectors in the rows of a CSV file, in order.
collectors_of() { cut -d, -f3 "$1" | sed 1d | awk '!seen[$0]++' | xargs; }

# Without names: one collector of each family, and the production runtimes that
# were built.
test_bare() {
  want='refcount refcount-cycles mark-sweep'
  for name in cpython lua bdwgc; do
    [ ! -x "$collectors/$name" ] || want="$want $name"
  done
  expect 0 leaks -w pair-cycle --format csv
  [ "$(collectors_of out)" = "$want" ] || fail "not of $want"
}

# Production runtimes whose packages were missing at the build are named.
test_bare_not_built() {
  use_collectors refcount
  echo 'cpython package python3-dev' >collectors/not-built
  expect 0 leaks -w pair-cycle --format csv
  [ "$(collectors_of out)" = refcount ] || fail 'not of what there is'
  said 'leaks: without cpython, which is not built (needs package python3-dev)'
  expect 2 leaks cpython
  said "leaks: collector 'cpython' is not built: it needs package python3-dev"
}

# use_collectors NAME...: from now on the driver finds these collectors only.
use_collectors() {
  mkdir collectors
  for name in "$@"; do ln -s "$collectors/$name" collectors; done
  echo >collectors/not-built
  cp "$reapmark" reapmark
  reapmark=./reapmark
}

# Names of collectors and lists of names, as `run -c` takes them.
test_lists() {
  use_collectors refcount record mark-sweep none
  expect 0 leaks none,refcount models -w pair-cycle --format csv
  [ "$(collectors_of out)" = 'none refcount mark-sweep' ] || fail 'a list'
  expect 0 explain pair-cycle -c none,refcount
  printed 'none never reclaims anything.'
  printed 'refcount never reclaims it: a leak.'
  unprinted mark-sweep
}

# Groups of collectors, with a program that stands for a production runtime.
test_groups() {
  use_collectors refcount record mark-sweep none
  cat >collectors/runtime <<EOF
#!/usr/bin/env bash
words=() descriptor=1
while [ \$# -gt 0 ]; do
  if [ "\$1" = --record-fd ]; then descriptor=\$2 && shift; else words+=("\$1"); fi
  shift
done
"$collectors/refcount" "\${words[@]}" |
  sed 's/"\(name\|collector\)":"refcount"/"\1":"runtime"/
       s/"kind":"model"/"kind":"reference"/' >&\$descriptor
EOF
  chmod +x collectors/runtime
  expect 0 leaks models -w pair-cycle --format csv
  [ "$(collectors_of out)" = 'mark-sweep none refcount' ] || fail models
  expect 0 leaks all -w pair-cycle --format csv
  [ "$(collectors_of out)" = 'mark-sweep none refcount runtime' ] || fail all
  expect 0 explain pair-cycle -c references
  printed 'runtime '
  unprinted none
}

test_false_declarations() {
  export REAPMARK_PATH=$liars
  expect 1 leaks liar refcount -w pair-cycle
  # The liar does not reclaim cycles, and reclaims other garbage at once.
  printed 'LEAK +200 ! → WRONG !'
  printed 'LEAK +200 → prompt'
  printed '! liar, pair-cycle, remedy off: 201 objects survive, 200 more than'
  printed '! liar, pair-cycle, remedy on: reclaims garbage when its last'
  expect 0 leaks liar -w global:rounds=2 # what is reachable it has to hold
  printed 'retained +100 → prompt'       # and twice may be a coincidence
}

test_usage_errors() {
  expect 2 leaks refcuont
  said "leaks: unknown collector 'refcuont' (did you mean 'refcount'?)"
  expect 2 leaks refcount -w cahce
  said "leaks: 'cahce' is no cause of leaks (did you mean 'cache'?)"
  # binary-trees is a workload, but no cause of leaks.
  expect 2 leaks refcount -w binary-trees
  said "'binary-trees' is no cause of leaks (choose from "
  [ "$(lines err)" = 1 ] || fail 'not one line'
  expect 2 leaks refcount -w cache:remedy=on
  said 'cache:remedy=on: runs with and without the remedy anyway'
  expect 2 leaks refcount --format tabel
  said "leaks: unknown format 'tabel' (did you mean 'table'?)"
  expect 2 leaks refcount -w cache:objects=0
  said "parameter 'objects' of leak-cache: '0' is not"
}

# explained CODE ARGUMENT...: `reapmark explain` prints exactly what is on stdin.
explained() {
  cat >expected
  expect "$1" explain "${@:2}"
  same expected out
}

test_explain_a_cycle() {
  explained 0 pair-cycle --collector refcount <<'END'
leak-pair-cycle:rounds=1,objects=3,quiet=0: right after the last reference was dropped

object 2 (parent)
   └─ slot 0: object 3 (child)                                line 12: store-take 1 0 2
      └─ slot 0: object 2 (parent), again                     line 11: store-take 2 0 3

No root reaches the cycle, and no count of references in it gets to 0.

refcount never reclaims it: a leak.
END
  expect 0 explain pair-cycle
  printed 'mark-sweep reclaims it at a collection.'
  printed 'none never reclaims anything.'
}

test_explain_a_global() {
  explained 0 global -c mark-sweep <<'END'
leak-global:rounds=1,objects=3,quiet=0: right after the last reference was dropped

global 0: results
   └─ object 4 (result)                                       line 26: global-store 0 1
      └─ slot 0: object 3 (result)                            line 25: store-take 1 0 2
         └─ slot 0: object 2 (result)                         line 18: store-take 1 0 2

A root reaches object 2 (result), so mark-sweep holds it, by design.
END
  expect 0 explain tls-pool
  # Threads are numbered in the order in which the scheduler lets them attach.
  row "^thread-local root 0 of thread [12]: contexts of the pool's thread"
  expect 0 explain global:objects=30 # too many to print them all
  printed '... 20 more ...'
  printed 'object 2 (result) '
}

test_explain_nothing() {
  expect 0 explain tls-dead -c refcount-cycles
  printed 'Nothing keeps the objects of the round'
  printed 'refcount-cycles reclaims them at once, but for the memory of those'
  expect 0 explain global:remedy=on -c refcount
  printed 'refcount reclaims them at once.'
}

test_explain_errors() {
  expect 2 explain glbal
  said "'glbal' is no cause of leaks (did you mean 'global'?)"
  expect 2 explain binary-trees
  said "'binary-trees' is no cause of leaks (choose from "
  expect 2 explain global -c mark-swep
  said "unknown collector 'mark-swep' (did you mean 'mark-sweep'?)"
  expect 2 explain
  said "explain: a cause of leaks (see 'reapmark list workloads'), or a directory with results is missing"
}

run_test "$3"
