#!/usr/bin/env bash
# own-project.sh BUILD SOURCE: the project of docs/own-project.md, taken from its text,
# against the installed package: a workload that the suite does not have runs on six
# models and on a collector of the project, and says exactly what it needs.
. "$(dirname "$0")/../expect.sh"
build=$1 source=$2
reapmark=$work/prefix/bin/reapmark
exits 0 cmake --install "$build" --prefix prefix
mkdir project
printed_files "$source/collectors/README.md" project leaky.h leaky.c
printed_files "$source/docs/own-project.md" project CMakeLists.txt trie.c own.yml
cd project

# make [OPTION...]: without a build type, and with the project's workload only.
make() {
  exits 0 env -u CMAKE_BUILD_TYPE -u CFLAGS -u CXXFLAGS cmake -G Ninja -B build \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DREAPMARK_SUITE_WORKLOADS=OFF "$@"
  exits 0 cmake --build build -j2
}
make -DCMAKE_C_FLAGS='-Wall -Wextra -Wshadow -Wconversion -Werror'
exits 0 ctest --test-dir build
row '1/1 Test #1: conformance-leaky .* Passed'

# What is installed does not know the workload; the project's programs win and say so.
expect 2 describe trie
complained "unknown workload 'trie'"
export REAPMARK_PATH=$PWD/build/collectors
expect 0 describe trie:words=300,rounds=2
complained "used from REAPMARK_PATH, instead of others of the same name: "
said "$PWD/build/collectors/oracle"

# The run is exact to the object and keeps to the rules, which the oracle checks.
for seed in 1 2; do
  exits 0 build/collectors/oracle --run trie:words=300,rounds=2 --seed $seed \
    --option strict=1 --check --heap 1x
  printed '"verdict":{"status":"ok"'
  exits 0 build/collectors/oracle --seed $seed --volume trie:words=300,rounds=2
  cp out volume-$seed
done
! cmp -s volume-1 volume-2 || fail 'the volume does not depend on the seed'

expect 0 run ./own.yml -n 1 -c models -o results
expect 0 report results --format csv
for model in refcount refcount-cycles mark-sweep generational semispace immix; do
  counted 2 "^own,trie:words=3000,$model,[34]x,1,ok," out
done
expect 0 run ./own.yml -n 1 -c leaky -o leaky --heap none
# Another seed needs another heap.
alive() { grep -o '"live":[0-9]*,"allocated"' "$1/runs.jsonl" | sort -u; }
expect 0 run ./own.yml -n 1 -c mark-sweep --heap 3x --seed 7 -o seven
[ "$(alive results | wc -l)" = 1 ] || fail 'one seed, several volumes'
[ "$(alive seven)" != "$(alive results)" ] || fail 'another seed, the same volume'

# A program file, without a folder in REAPMARK_PATH, and again when resumed.
unset REAPMARK_PATH
expect 2 run ./own.yml -c leaky -o none
complained "unknown collector 'leaky'"
expect 0 run ./own.yml -n 1 -c ./build/collectors/leaky --heap none -o given
expect 0 run -n 2 --resume -o given
counted 2 '"collector":"leaky"' given/runs.jsonl

# A mistake of the project is told when it is configured.
wrong() { # MESSAGE LINE
  sed "/^reapmark_add\|^enable/d" CMakeLists.txt >../wrong/CMakeLists.txt
  printf '%s\n' "$2" >>../wrong/CMakeLists.txt
  exits 1 cmake -G Ninja -S ../wrong -B ../wrong/build -DCMAKE_PREFIX_PATH="$work/prefix"
  tr -s ' \n' ' ' <err >told
  has told "$1"
}
mkdir ../wrong
cp trie.c leaky.* ../wrong
wrong 'there is no file' 'reapmark_add_workload(tree.c)'
wrong 'there is a workload cycles already' 'reapmark_add_workload(cycles.c)'
wrong 'there is no model marksweep. Choose from: none, refcount,' 'reapmark_add_models(marksweep)'
wrong 'must come before the collectors' \
  'reapmark_add_collector(NAME leaky HEADER leaky.h SOURCES leaky.c)
   reapmark_add_workload(trie.c)'
wrong 'this project has no collector none' 'reapmark_add_conformance(none)'
