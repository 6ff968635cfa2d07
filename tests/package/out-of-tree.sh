#!/usr/bin/env bash
# out-of-tree.sh BUILD SOURCE: the example of collectors/README.md, taken from
# its text, is built against the installed package and measured by the installed
# driver beside a collector of the tree.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"

# Each code block follows a line that begins with its file's name in backquotes.
mkdir "$work/project"
awk -v to="$work/project/" '
  /^```/ { if (file && inside) { file = ""; inside = 0 } else inside = file != ""
           next }
  inside { print > (to file); next }
  /^`[A-Za-z.]+`/ { split($0, part, "`"); file = part[2] }
' "$source/collectors/README.md"
for file in CMakeLists.txt leaky.h leaky.c; do
  [ -s "$work/project/$file" ] || { echo "README has no $file"; exit 1; }
done

cmake -G Ninja -S "$work/project" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
cmake --build "$work/build" -j2 >"$work/build.log" 2>&1 ||
  { cat "$work/build.log"; exit 1; }

cat >"$work/suite.yml" <<'YAML'
name: example
description: one small cell
invocations: 1
timeout: 60
cells:
  - workload: binary-trees:depth=8,stretch=9,array=1k
    heaps: [3x]
YAML
cd "$work"
REAPMARK_PATH="$work/build/collectors" "$work/prefix/bin/reapmark" run \
  "$work/suite.yml" -c leaky,none -o "$work/results" >"$work/table"
cat "$work/table"
"$work/prefix/bin/reapmark" report "$work/results" --format csv >"$work/csv"
grep -q leaky "$work/csv"
grep -q none "$work/csv"
"$work/prefix/bin/reapmark" list suites | grep -q quick
