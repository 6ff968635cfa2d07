#!/usr/bin/env bash
# test.sh [--sanitize] [--fresh] [--arm64]: installs what is missing, builds, and runs
# every test.
#   --sanitize  afterwards the same tests under AddressSanitizer with
#               UndefinedBehaviorSanitizer, those of collectors and of the harness
#               under ThreadSanitizer too, and the stress suite for as long as
#               `stress_seconds` says, each
#   --fresh     instead, all of this in a minimal Debian 12 made for the purpose,
#               which shows that scripts/packages.txt is complete (needs root
#               and the package debootstrap)
#   --arm64     instead, builds the driver and the models for arm64, and runs the
#               unit tests, the suite `quick` and `stress --quick` with an emulator
#               (docs/arm64.md)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
. scripts/arm64.sh

# Budget of the stress suite under each sanitizer and under an emulator, and the
# operations of each collector that fit into it with room to spare (docs/stress.md has figures).
stress_seconds=600
stress_ops=50000
# Left out are `none`, which reclaims nothing, and further plain counters.
stress_collectors="refcount refcount-lazy refcount-atomic refcount-biased
  refcount-cycles refcount-cycles-atomic refcount-generations refcount-incremental
  refcount-deferred mark-sweep
  mark-sweep-incremental mark-sweep-concurrent generational generational-copying
  semispace immix"
# The sweeps over every single place are left out: they are thousands of processes;
# and buffers-8, since so few operations need not fill lists of eight entries.
stress_conditions=plain,turns,free,yield,collect-1,collect-7,collect-1000
stress_conditions+=,collect-free,poison,poison-0,buffers-1,buffers-2
stress_conditions+=,fail-every,heap-200,heap-100,heap-90,heap-50,heap-live,stack
stress_conditions+=,tight,tight-free

build_and_test() { # PRESET BUILD [OPTION of ctest]...
  cmake --preset "$1" >&2
  cmake --build --preset "$1" >&2
  ctest --test-dir "$2" --output-on-failure -j "$(nproc)" "${@:3}"
}

fresh() {
  local root release mirror
  command -v debootstrap >/dev/null ||
    { echo "--fresh needs the package debootstrap" >&2; exit 2; }
  root=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "umount '$root/proc' '$root/sys' 2>/dev/null; rm -rf '$root'" EXIT
  release=bookworm
  mirror=$(apt-get indextargets --format '$(SITE)' "Release: $release" |
    sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
  debootstrap --variant=minbase "$release" "$root" $mirror >&2
  # The packages come from where this machine's come from.
  cp -r /etc/apt/. "$root/etc/apt/"
  git clone -q . "$root/reapmark"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys" # hwloc reads the topology there
  chroot "$root" /bin/bash -c 'cd /reapmark && ./scripts/test.sh'
}

# stress BUILD: these collectors under every condition; what fails is shown, and
# kept in BUILD/stress.
stress() {
  rm -rf "$1/stress"
  # shellcheck disable=SC2086
  "$1/reapmark" stress $stress_collectors --quick -C $stress_conditions \
    --ops $stress_ops --time $stress_seconds --output "$1/stress"
}

# On a machine of another architecture.  What fails does not keep the rest from
# running.
arm64() {
  local build=build-arm64 failed=
  [ "$(uname -m)" != aarch64 ] ||
    { echo "--arm64 is for other machines: here, test.sh does it" >&2; exit 2; }
  packages_install scripts/packages.txt arm64
  arm64_sysroot "$PWD/$build/sysroot"
  arm64_emulate "$PWD/$build/sysroot"
  build_and_test arm64 $build -L unit || failed+=' unit-tests'
  rm -rf $build/quick
  $build/reapmark run quick -n 1 --timeout 900 -o $build/quick || failed+=' quick'
  stress $build || failed+=' stress'
  [ -z "$failed" ] || { echo "failed on arm64:$failed" >&2; exit 1; }
}

sanitize=
for argument in "$@"; do
  case $argument in
    --sanitize) sanitize=1 ;;
    --fresh) fresh; exit ;;
    --arm64) arm64; exit ;;
    *) echo "test.sh: unknown argument '$argument' (--sanitize, --fresh, --arm64)" >&2
       exit 2 ;;
  esac
done

packages_install scripts/packages.txt test
build_and_test release build
if [ -n "$sanitize" ]; then
  build_and_test asan build-asan
  stress build-asan
  # The driver has one thread, so that its own tests tell ThreadSanitizer nothing.
  build_and_test tsan build-tsan -LE end-to-end
  stress build-tsan
fi
