#!/usr/bin/env bash
# out-of-tree.sh BUILD SOURCE: builds the example of collectors/README.md, taken
# from its text, against the installed package, and measures the example with the
# installed driver beside a collector of the tree.  A build type of its own is
# respected, and the tables name the program.
. "$(dirname "$0")/../expect.sh"
build=$1 source=$2
reapmark=$work/prefix/bin/reapmark
exits 0 cmake --install "$build" --prefix prefix
for file in man/man1/reapmark.1.gz bash-completion/completions/reapmark \
  zsh/site-functions/_reapmark fish/vendor_completions.d/reapmark.fish; do
  [ -s "prefix/share/$file" ] || fail "$file is not installed"
done

mkdir project
printed_files "$source/collectors/README.md" project CMakeLists.txt leaky.h leaky.c

# make BUILD [ARGUMENT...]: as collectors/README.md says, without a build type.
make() {
  exits 0 env -u CMAKE_BUILD_TYPE -u CFLAGS -u CXXFLAGS cmake -G Ninja -S project \
    -B "$1" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "${@:2}"
  exits 0 cmake --build "$1" -j2
}
make build
# The table of workloads is no code.
! grep '"command"' build/compile_commands.json | grep -v wl_all |
  grep -vE -- ' -O2 .*-DNDEBUG' ||
  fail 'something is compiled without optimisation'
exits 0 build/collectors/leaky --describe
printed '"flags":"-O2 -g -DNDEBUG","type":"Release"'
printed '"optimised":true'
[ "$(grep -oE '"id":"[0-9a-f]{40}"' out | tr -dc '0-9a-f' | tail -c 40)" = \
  "$(readelf -n build/collectors/leaky | awk '/Build ID/ { print $3 }')" ] ||
  fail 'the hash is not that of the linker'

cat >suite.yml <<'YAML'
name: example
description: one small cell
invocations: 1
timeout: 60
cells:
  - workload: binary-trees:depth=8,stretch=9,array=1k
    heaps: [3x]
YAML
export REAPMARK_PATH=$work/build/collectors
expect 0 run ./suite.yml -c leaky,none -o results
unprinted 'ompiled otherwise'
expect 0 report results --format csv
counted 1 ',leaky,3x,1,' out
counted 1 ',none,3x,1,' out
expect 0 list suites
row '^quick '

make debug -DCMAKE_BUILD_TYPE=Debug
! grep '"command"' debug/compile_commands.json | grep -E -- ' -O[1-3s]' ||
  fail 'the build type was not respected'
export REAPMARK_PATH=$work/debug/collectors
expect 0 run ./suite.yml -c leaky,none -o other
row '^Compiled otherwise than the driver .*: leaky \(.*, not optimised\)\.'
expect 0 compare results:leaky other:leaky
row '^other:leaky: Compiled otherwise than the driver .*: leaky '
