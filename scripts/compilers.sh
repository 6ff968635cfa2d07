#!/usr/bin/env bash
# compilers.sh [--all] [COMPILER...]: compiles with each compiler, at -O2 and at -O3, and
# counts warnings, of which there must be none.  Without COMPILER (gcc-13, clang-16) all
# of gcc 12 to 14 and clang 14 to 19 that are installed.
#   --all  every workload against every collector, and all tests; else the driver,
#          every collector, and every workload against two of them
# The builds are in build-compilers/, each with its log.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=()
[ "${1-}" != --all ] || { targets=(all); shift; }
compilers=("$@")
for name in gcc-{12,13,14} clang-{14,15,16,17,18,19}; do
  [ $# -gt 0 ] || ! command -v "$name" >/dev/null || compilers+=("$name")
done
for name in "${compilers[@]}"; do
  [[ $name =~ ^(gcc|clang)(-[0-9]+)?$ ]] && command -v "$name" >/dev/null ||
    { echo "compilers.sh: '$name' is no compiler here (gcc-13, clang-16)" >&2; exit 2; }
done
[ ${#compilers[@]} -gt 0 ] ||
  { echo 'compilers.sh: neither gcc 12 to 14 nor clang 14 to 19 is here' >&2; exit 2; }

# targets_of BUILD: what is built, a name a line.
targets_of() {
  local known name
  [ ${#targets[@]} = 0 ] || { printf '%s\n' "${targets[@]}"; return; }
  printf '%s\n' reapmark reapmark-collector-{mark-sweep,refcount-cycles}
  known=$(ninja -C "$1" -t targets all | sed 's/:.*//')
  # A launcher of a runtime is a program only; other collectors can be had alone.
  grep -vxE 'models|references|all' "$1/collectors/names" | while read -r name; do
    grep -xF "reapmark-$name" <<<"$known" || echo "reapmark-collector-$name"
  done
}

failed=
for name in "${compilers[@]}"; do
  both=${name/clang/clang++}
  for level in -O2 -O3; do
    build=build-compilers/$name$level
    mkdir -p "$build"
    flags="$level -g1 -DNDEBUG"
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_C_COMPILER="$name" -DCMAKE_CXX_COMPILER="${both/gcc/g++}" \
      -DCMAKE_C_FLAGS_RELWITHDEBINFO="$flags" \
      -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="$flags" >"$build.log" 2>&1 || {
      echo "$name $level: cannot be configured; see $build.log"
      failed=1
      continue
    }
    status=0
    # shellcheck disable=SC2046
    cmake --build "$build" --target $(targets_of "$build") -- -k 0 \
      >>"$build.log" 2>&1 || status=$?
    warnings=$(grep -c 'warning:' "$build.log" || true)
    if [ $status != 0 ]; then
      echo "$name $level: does not build; see $build.log"
    elif [ "$warnings" != 0 ]; then
      echo "$name $level: $warnings warnings; see $build.log"
    else
      echo "$name $level: no warnings"
      continue
    fi
    failed=1
  done
done
[ -z "$failed" ]
