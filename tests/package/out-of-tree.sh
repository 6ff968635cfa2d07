#!/usr/bin/env bash
# out-of-tree.sh BUILD SOURCE: builds the example of collectors/README.md, taken
# from its text, against the installed package, and measures the example with the
# installed driver beside a collector of the tree.
. "$(dirname "$0")/../expect.sh"
build=$1 source=$2
reapmark=$work/prefix/bin/reapmark
exits 0 cmake --install "$build" --prefix prefix

# Each code block follows a line that begins with its file's name in backquotes.
mkdir project
awk -v to=project/ '
  /^```/ { if (file && inside) { file = ""; inside = 0 } else inside = file != ""
           next }
  inside { print > (to file); next }
  /^`[A-Za-z.]+`/ { split($0, part, "`"); file = part[2] }
' "$source/collectors/README.md"
for file in CMakeLists.txt leaky.h leaky.c; do
  [ -s project/$file ] || fail "collectors/README.md has no $file"
done

exits 0 cmake -G Ninja -S project -B build -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$work/prefix"
exits 0 cmake --build build -j2

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
expect 0 report results --format csv
counted 1 ',leaky,3x,1,' out
counted 1 ',none,3x,1,' out
expect 0 list suites
row '^quick '
