#!/usr/bin/env bash
# debs.sh [OUT]: installs what is missing, builds everything for the prefix /usr in
# build-debs/, makes the Debian packages in OUT (build-debs/debs) by cpack, and has
# lintian look at them.
# debs.sh --try ROOT [OUT]: installs these packages in the Debian system whose root
# folder ROOT is (one that debootstrap made, and that can be done without), uses them
# as a user who is not root, removes them, and shows that nothing is left.  Needs root.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
build=build-debs

# from PATH: as seen from where this script was called.
from() { (cd "$here" && realpath -m "$1"); }

# What lintian is not to say, and why (docs/packages.md).
excused=(
  initial-upload-closes-no-bugs # this is not an upload to Debian
  # The address is that of whoever builds the packages.
  bogus-mail-host bogus-mail-host-in-debian-changelog
  # cpack writes scripts that call ldconfig, and cannot be told not to.
  maintscript-calls-ldconfig package-must-activate-ldconfig-trigger
  # The replayer stands beside the program that starts it, and is no library.
  jar-not-in-usr-share
  statically-linked-binary # so Go links its programs
)

refuse() {
  echo "debs.sh: $*" >&2
  exit 2
}

# The packages of this project that are in the folder, one a line.
ours() { find "$1" -maxdepth 1 \( -name 'reapmark*.deb' -o -name 'libgbench*.deb' \) | sort; }

make_packages() { # OUT
  . scripts/install.sh
  packages_install scripts/packages.txt collector
  packages_install scripts/packages.txt deb
  cmake --preset release -B $build -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF >&2
  cmake --build $build >&2
  # Packages of another version are not mixed with these; all else that is in OUT stays.
  [ ! -d "$1" ] || ours "$1" | xargs -r -d '\n' rm -f
  (cd $build && cpack -G DEB -B "$1") >&2
  rm -rf "$1/_CPack_Packages"
  ours "$1" | xargs -d '\n' lintian --fail-on error,warning \
    --suppress-tags "$(IFS=,; echo "${excused[*]}")"
  ours "$1" | xargs -d '\n' ls -s --block-size=KiB
}

# in_root COMMAND...: as in a shell of that system, with /proc and /sys.
in_root() {
  unshare --mount --pid --fork --kill-child bash -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys" # hwloc reads the topology there
    mount -t tmpfs tmpfs "$root/dev/shm"
    exec chroot "$root" /usr/bin/env -i HOME=/root DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' in_root "$root" "$@"
}

# Every path but those of packages that are known and of logs.
paths() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp \
    -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log \
    -o -path ./etc/ld.so.cache -o -path './var/lib/systemd' \) -prune -o -print | sort)
}

# What these packages depend on besides each other, as one line.
depends() { # OUT
  local deb
  ours "$1" | while read -r deb; do
    dpkg-deb -f "$deb" Depends | sed 's/, */\n/g'
  done | grep -vE '^(reapmark|libgbench)' | sort -u | paste -sd,
}

try_packages() { # ROOT OUT
  root=$1
  local before after
  [ "$(id -u)" = 0 ] || refuse '--try needs root'
  [ -d "$root/var/lib/dpkg" ] || refuse "'$root' is not the root folder of a Debian system"
  [ -d "$2" ] && [ -n "$(ours "$2")" ] || refuse "there are no packages in '$2'"
  in_root apt-get update -q >&2
  # What other packages leave when they are removed is not the matter here.
  in_root apt-get satisfy -q -y --no-install-recommends "$(depends "$2")" >&2
  before=$(paths)
  rm -rf "$root/tmp/debs"
  mkdir "$root/tmp/debs"
  ours "$2" | xargs -d '\n' cp -t "$root/tmp/debs"
  in_root sh -c 'apt-get install -q -y --no-install-recommends /tmp/debs/*.deb' >&2
  echo 'Installed:'
  in_root sh -c "dpkg-query -W -f '\${Package} \${Version} \${Installed-Size} KiB\n' \
    'reapmark*' 'libgbench*'"
  # Nobody has no home and may write to no folder but /tmp.  Every collector works.
  in_root setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '
    cd / && reapmark list collectors 2>/tmp/err || exit 2
    cat /tmp/err >&2
    ! grep "collector not used" /tmp/err || exit 2
    reapmark run quick -n 1 &&
      man=$(zcat /usr/share/man/man1/reapmark.1.gz | sed -n 1,3p) && echo "$man"' || {
    status=$?
    [ $status = 1 ] || exit $status # a disturbed run is told, and is no fault here
  }
  in_root sh -c 'dpkg-query -W -f "\${Package}\n" "reapmark*" "libgbench*" |
    xargs apt-get purge -q -y' >&2
  rm -rf "$root"/tmp/*
  after=$(paths)
  diff <(echo "$before") <(echo "$after") ||
    { echo 'debs.sh: these paths were left, or are gone' >&2; exit 1; }
  echo 'Removed: nothing is left.'
}

case ${1-} in
  --try)
    [ $# -ge 2 ] || refuse '--try needs the root folder of a system'
    try_packages "$(from "$2")" "$(from "${3-$PWD/$build/debs}")" ;;
  -*) refuse "unknown option '$1' (--try)" ;;
  *) make_packages "$(from "${1-$PWD/$build/debs}")" ;;
esac
