#!/usr/bin/env bash
# test.sh [OPTION...]: installs what is missing, builds, and runs every test.
#   --sanitize        afterwards the same tests under AddressSanitizer with
#                     UndefinedBehaviorSanitizer, those of collectors and of the
#                     harness under ThreadSanitizer too, and the stress suite for as
#                     long as `stress_seconds` says, each
#   --all-collectors  with the packages of all adapters, which are then built and
#                     tested
#   --quick           without the tests labelled `slow`
#   --fresh 12|13     instead, bench.sh, bench.sh --all-collectors and then all of this
#                     in a minimal Debian of that release, made for the purpose and
#                     removed afterwards: what is tested is the last commit, with all
#                     collectors.  It shows that scripts/packages.txt is complete.
#                     Needs root and the package debootstrap; the packages come from
#                     where this machine's do.
#   --cache DIR       of --fresh: keeps downloaded packages there for the next time
#   --arm64           instead, builds the driver and the models for arm64, and runs
#                     the unit tests, the suite `quick` and `stress --quick` with an
#                     emulator (docs/arm64.md)
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/.."
. scripts/install.sh
. scripts/arm64.sh

# Budget of the stress suite under each sanitizer and under an emulator, and the
# operations of each collector that fit into it with room to spare (docs/stress.md has
# figures).
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

refuse() {
  echo "test.sh: $*" >&2
  exit 2
}

# site_of LABEL: where this machine gets the packages from that have this label in
# their release's description.
site_of() {
  apt-get indextargets --format '$(SITE)' "Label: $1" |
    sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

# What is done in a clean system: what a new user would, and then all tests.  What
# fails does not keep the rest from running.
from_nothing() { # [OPTION of this script]...
  local failed='' good='"status":"(ok|LEAK)","declared":true'
  cd /reapmark
  ./scripts/bench.sh || failed+=', bench.sh'
  # That a heap is too small for some runtime is a finding, and its status 1.
  ./scripts/bench.sh --all-collectors ||
    { [ $? = 1 ] && ! grep -hvE "$good|\"status\":\"OOM\"" results/runs/*/runs.jsonl; } ||
    failed+=', bench.sh --all-collectors'
  ./scripts/test.sh --all-collectors "$@" || failed+=', test.sh'
  build/reapmark list collectors
  [ -z "$failed" ] || { echo "failed in a clean system:${failed#,}" >&2; exit 1; }
}

# Makes a minimal system and runs from_nothing in it.  The root folder is that of
# the system that is made, $version and $cache are from the command line.
fresh() {
  local release mirror security options=()
  case $version in
    12) release=bookworm ;;
    13) release=trixie ;;
    *) refuse "--fresh $version: which release of Debian? (12, 13)" ;;
  esac
  [ "$(id -u)" = 0 ] || refuse '--fresh makes a system of its own: only root can'
  command -v debootstrap >/dev/null || refuse '--fresh needs the package debootstrap'
  mirror=$(site_of Debian)
  [ -n "$mirror" ] || refuse "--fresh: none of apt's sources is a mirror of Debian"
  security=$(site_of Debian-Security)
  [ -z "$(git status --porcelain)" ] ||
    echo 'test.sh: what is not committed is not tested' >&2
  root=$(mktemp -d)
  chmod 755 "$root" # users of the system that is made must see its files
  # Mounts are those of a namespace, which ends before the files are removed.
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$root'" EXIT
  if [ -n "$cache" ]; then
    cache=$(cd "$from" && mkdir -p "$cache" && cd "$cache" && pwd)
    options+=("--cache-dir=$cache")
  fi
  [[ $mirror != https:* ]] || options+=(--include=ca-certificates)
  debootstrap --variant=minbase "${options[@]}" "$release" "$root" "$mirror" >&2
  {
    echo "deb $mirror $release main"
    echo "deb $mirror $release-updates main"
    [ -z "$security" ] || echo "deb $security $release-security main"
  } >"$root/etc/apt/sources.list"
  # How to get there, as through a proxy, is as on this machine.
  apt-config dump --format '%f "%v";%n' Acquire | grep -E '^Acquire::(http|https)::.* ".+";' \
    >"$root/etc/apt/apt.conf.d/90acquire" || true
  git clone -q . "$root/reapmark"
  unshare --mount --pid --fork --kill-child bash -euc '
    root=$1 cache=$2 commands=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys" # hwloc reads the topology there
    # The daemons of Slurm want control groups, if only to see that there are any.
    [ ! -d /sys/fs/cgroup ] || mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -sf pts/ptmx "$root/dev/ptmx"
    [ -z "$cache" ] || mount --bind "$cache" "$root/var/cache/apt/archives"
    exec chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM-dumb}" \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      bash -c "$commands" test.sh "$@"
  ' fresh "$root" "$cache" "$(declare -f from_nothing); from_nothing \"\$@\"" "${passed[@]}"
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
    refuse '--arm64 is for other machines: here, test.sh without it does the same'
  packages_install scripts/packages.txt arm64
  arm64_sysroot "$PWD/$build/sysroot"
  arm64_emulator "$PWD/$build/emulator"
  arm64_emulate "$PWD/$build/sysroot" "$PWD/$build/emulator"
  build_and_test arm64 $build -L unit || failed+=' unit-tests'
  rm -rf $build/quick
  $build/reapmark run quick -n 1 --timeout 900 -o $build/quick || failed+=' quick'
  stress $build || failed+=' stress'
  [ -z "$failed" ] || { echo "failed on arm64:$failed" >&2; exit 1; }
}

sanitize='' other='' version='' cache='' groups=(test) passed=() tests=()
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize) sanitize=1 passed+=("$1") ;;
    --quick) tests=(-LE slow) passed+=("$1") ;;
    --all-collectors) groups+=(collector) ;;
    --arm64) other=arm64 ;;
    --fresh | --cache)
      [ $# -gt 1 ] || refuse "$1 needs a value"
      [ "$1" = --cache ] && cache=$2 || version=$2
      shift ;;
    *) refuse "unknown argument '$1' (--sanitize, --all-collectors, --quick," \
         "--arm64, --fresh, --cache)" ;;
  esac
  shift
done
[ -z "$cache" ] || [ -n "$version" ] || refuse '--cache is for --fresh'
if [ -n "$version" ]; then
  fresh
  exit
fi
if [ -n "$other" ]; then
  arm64
  exit
fi

packages_install scripts/packages.txt "${groups[@]}"
build_and_test release build "${tests[@]}"
if [ -n "$sanitize" ]; then
  build_and_test asan build-asan "${tests[@]}"
  stress build-asan
  # The driver has one thread, so that its own tests tell ThreadSanitizer nothing.
  build_and_test tsan build-tsan -LE "end-to-end${tests:+|slow}"
  stress build-tsan
fi
