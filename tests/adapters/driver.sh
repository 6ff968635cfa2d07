#!/usr/bin/env bash
# driver.sh REAPMARK BEHAVIOUR [SOURCE CMAKE]: what the driver shows a user of
# the adapters.
. "$(dirname "$0")/../expect.sh"
reapmark=$1 source=${3-} cmake=${4-}
collectors=$(dirname "$reapmark")/collectors

# Production runtimes are in blocks of their own: without a limit if they have
# none, and with the time that their C interface takes, which is marked when it is
# most of the time.
test_report() {
  expect 0 run -n 1 -c mark-sweep,malloc -w list-drop:length=5000 --heap 3x,64M \
    -o dir
  printed 'list-drop:length=5000, heap 3x, 1 thread'
  printed 'list-drop:length=5000, heap none, 1 thread: reference runtimes'
  printed 'n/a: needs a heap limit' # a size is not a multiple
  printed 'interface'
  counted 1 '"ns"' dir/floors.json
  unprinted ' * '
  sed -i 's/"ns": [0-9.e+-]*/"ns": 1e15/' dir/floors.json
  expect 0 report dir
  printed ' * '
  printed 'malloc: * more than half of the time may be that of its C interface'
  expect 0 run -n 1 -c mark-sweep -w list-drop:length=5000 -o models
  [ ! -e models/floors.json ] || fail 'a floor of a model'
  unprinted interface
}

# A runtime whose C stack limits the depth of a chain gets no long chain.
test_shallow() {
  expect 0 run -n 1 -c mark-sweep,php -w list-drop:length=5000 -o dir
  printed 'n/a: needs drops of any depth'
}

# PHP searches for cycles when its buffer holds `threshold` possible roots.  Objects
# that die leave the buffer, so that they cause no search.
test_threshold() {
  searches() { # THRESHOLD REMEDY
    exits 0 "$collectors/php" --option threshold="$1" \
      --run leak-self-cycle:quiet=0,remedy="$2"
    grep -o '"collections":[0-9]*' out
  }
  searches 1000000000 on >by_request
  searches 10 on >after_deaths
  same by_request after_deaths
  searches 10 off >without_remedy
  ! cmp -s by_request without_remedy || fail 'did not search'
}

# Every cause of leaks on every adapter that was built: the adapter does what it
# declares, or it cannot run the cause.
test_leaks() {
  expect 0 leaks references -w pair-cycle --format csv
  mapfile -t adapters < <(cut -d, -f3 out | sed 1d | sort -u)
  [ "${#adapters[@]}" -gt 0 ] || fail 'no adapters'
  expect 0 leaks "${adapters[@]}" -w pair-cycle,global,tls-pool
  printed 'n/a: needs to be told of deaths'
  counted 0 '^! ' out
  case " ${adapters[*]} " in *" cpython "*)
    printed 'at collection → prompt' ;; esac
  case " ${adapters[*]} " in *" gobject "*)
    printed 'LEAK +200 → prompt' ;; esac
  case " ${adapters[*]} " in *" lua "*)
    printed 'at collection → at collection' ;; esac
  case " ${adapters[*]} " in *" php "*)
    expect 0 leaks php -w pair-cycle,weak-kept # its objects are always known
    printed 'at collection → prompt'
    printed 'retained +200 → prompt' ;; esac
  case " ${adapters[*]} " in *" ruby "*) # what it kept is no leak of all
    expect 0 leaks ruby -w weak-kept
    printed 'retained +200' ;; esac
  for name in "${adapters[@]}"; do
    expect 0 leaks "$name"
  done
}

# When libgc has no memory left for the record of a new thread, the run ends out of
# memory.  In about one run of five the whole process used to end.
test_no_room() {
  for seed in {1..20}; do
    exits 0 "$collectors/bdwgc" --run tls:waves=200,ops=1000 --threads 4 \
      --heap 0.9x --seed "$seed"
    printed '"status":"OOM"'
  done
}

# If packages are missing, then the build names them, and so does the driver.
test_missing() {
  mkdir tools && cat >tools/pkg-config <<END
#!/bin/sh
case "\$*" in *bdw-gc* | *python* | *ruby*) exit 1 ;; esac
exec $(command -v pkg-config) "\$@"
END
  chmod +x tools/pkg-config
  exits 0 "$cmake" -S "$source" -B build -G Ninja -DBUILD_TESTING=OFF \
    -DPKG_CONFIG_EXECUTABLE="$work/tools/pkg-config" \
    -DOCAMLOPT= -DPHP_CONFIG= -DJAVAC= -DNODE= -DGO= \
    -DCMAKE_DISABLE_FIND_PACKAGE_mimalloc=ON
  printed 'Collector bdwgc left out: it needs package libgc-dev'
  printed 'Collector cpython left out: it needs package python3-dev'
  printed 'Collector malloc-mimalloc left out: it needs package libmimalloc-dev'
  printed 'Collector ocaml left out: it needs package ocaml'
  printed 'Collector ruby left out: it needs package ruby-dev'
  printed 'Collector php left out: it needs packages libphp-embed php-dev'
  printed 'Collector whippet-mmc left out: it needs a checkout of Whippet, -DREAPMARK_WHIPPET=DIR'
  printed 'Collector openjdk-g1 left out: it needs package default-jdk-headless'
  printed 'Collector node left out: it needs package nodejs'
  printed 'Collector go left out: it needs package golang-go'
  unprinted 'Collector malloc left out'
  # A driver beside the folder of that build.
  cp "$reapmark" build/reapmark
  reapmark=build/reapmark
  expect 3 list collectors
  said 'bdwgc (needs package libgc-dev)'
  said 'cpython-refcount (needs package python3-dev)'
  said 'php (needs packages libphp-embed php-dev)'
  said 'whippet-pcc (needs a checkout of Whippet, -DREAPMARK_WHIPPET=DIR)'
  "$reapmark" doctor >out 2>err || true # what doctor finds is up to the machine
  printed 'W17 collectors: not built: malloc-mimalloc (needs package libmimalloc-dev)'
  # No command is recommended that may have failed already, or cannot build them.
  unprinted bench.sh
  expect 2 leaks whippet-pcc
  complained 'is not built: it needs a checkout of Whippet, -DREAPMARK_WHIPPET=DIR'
}

# Of a version that the adapter is not written for, no package is recommended that is
# installed already.
test_other_version() {
  mkdir tools
  cat >tools/ocamlopt <<<'#!/bin/sh
case $1 in -version) echo 5.9.0 ;; *) echo /nowhere ;; esac'
  cat >tools/php-config <<<'#!/bin/sh
case $1 in --vernum) echo 80503 ;; *) echo /nowhere ;; esac'
  chmod +x tools/*
  exits 0 "$cmake" -S "$source" -B build -G Ninja -DBUILD_TESTING=OFF \
    -DOCAMLOPT="$work/tools/ocamlopt" -DPHP_CONFIG="$work/tools/php-config"
  printed 'Collector ocaml left out: it needs OCaml 4.13 to 5.4, and 5.9.0 is installed'
  printed 'Collector php left out: it needs PHP 8.2 to 8.4, and 8.5 is installed'
}

# Whippet is taken from where the user says, and from nowhere else.
test_whippet() {
  mkdir empty
  exits 1 "$cmake" -S "$source" -B build -G Ninja -DBUILD_TESTING=OFF \
    -DREAPMARK_WHIPPET="$work/empty"
  said 'REAPMARK_WHIPPET:'
  said 'api/gc-embedder-api.h' # CMake breaks lines where it likes
  mkdir -p empty/api empty/src && touch empty/api/gc-embedder-api.h
  for part in ephemeron finalizer options platform-gnu-linux stack; do
    touch empty/src/gc-$part.c
  done
  exits 0 "$cmake" -S "$source" -B build -G Ninja -DBUILD_TESTING=OFF \
    -DREAPMARK_WHIPPET="$work/empty"
  unprinted 'Collector whippet'
  grep -qx whippet-generational-pcc build/collectors/names || fail 'no target'
}

# Each version of CPython is an adapter: the system's by the plain name, others by their
# versions.  The other one is the system's under another name.
test_versions_of_cpython() {
  mkdir other
  version=$(pkg-config --modversion python3-embed)
  sed "s/^Version:.*/Version: 3.19/" \
    "$(pkg-config --variable=pcfiledir python3-embed)/python3-embed.pc" \
    >other/python-3.19-embed.pc
  exits 1 "$cmake" -S "$source" -B without -G Ninja -DBUILD_TESTING=OFF \
    -DREAPMARK_COLLECTORS=cpython,cpython-3.19
  said 'there is no collector cpython-3.19'
  exits 0 env PKG_CONFIG_PATH="$work/other" "$cmake" -S "$source" -B build -G Ninja \
    -DBUILD_TESTING=OFF
  for name in cpython cpython-refcount cpython-3.19; do
    grep -qx "$name" build/collectors/names || fail "no $name"
  done
  ! grep -q "cpython-$version" build/collectors/names || fail "$version has two names"
}

run_test "$2"
