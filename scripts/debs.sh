#!/usr/bin/env bash
# debs.sh [OUT]: installs what is missing, builds everything for the prefix /usr in
# build-debs/, makes the Debian packages in OUT (build-debs/debs) by cpack, and has
# lintian look at them.
# debs.sh --try ROOT [OUT]: installs these packages in the Debian system whose root
# folder ROOT is (one that debootstrap made, and that can be done without), uses them
# as a user who is not root, removes them, and shows that nothing is left.  Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build-debs

# What lintian is not to say, and why (docs/packages.md).
excused=(
  initial-upload-closes-no-bugs # this is not an upload to Debian
  bogus-mail-host               # the address is that of whoever builds the packages
  # cpack writes scripts that call ldconfig, and cannot be told not to.
  maintscript-calls-ldconfig package-must-activate-ldconfig-trigger
)

make_packages() { # OUT
  . scripts/install.sh
  packages_install scripts/packages.txt collector
  packages_install scripts/packages.txt deb
  cmake --preset release -B $build -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF >&2
  cmake --build $build >&2
  rm -rf "$1"
  (cd $build && cpack -G DEB -B "$1") >&2
  rm -rf "$1/_CPack_Packages"
  lintian --fail-on error,warning --suppress-tags "$(IFS=,; echo "${excused[*]}")" \
    "$1"/*.deb
  ls -s --block-size=KiB "$1"
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

try_packages() { # ROOT OUT
  root=$1
  local before after
  [ "$(id -u)" = 0 ] || { echo 'debs.sh: --try needs root' >&2; exit 2; }
  in_root apt-get update -q >&2
  before=$(paths)
  rm -rf "$root/tmp/debs"
  cp -r "$2" "$root/tmp/debs"
  in_root sh -c 'apt-get install -q -y --no-install-recommends /tmp/debs/*.deb' >&2
  echo 'Installed:'
  in_root sh -c "dpkg-query -W -f '\${Package} \${Version} \${Installed-Size} KiB\n' \
    'reapmark*' 'libgbench*'"
  # Nobody has no home and may write to no folder but /tmp.
  in_root setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '
    cd / && reapmark list collectors && reapmark run quick -n 1 &&
      man=$(zcat /usr/share/man/man1/reapmark.1.gz | head -3) && echo "$man"' || {
    status=$?
    [ $status = 1 ] || exit $status # a disturbed run is told, and is no fault here
  }
  in_root sh -c 'dpkg-query -W -f "\${Package}\n" "reapmark*" "libgbench*" |
    xargs apt-get purge -q -y --autoremove' >&2
  rm -rf "$root"/tmp/*
  after=$(paths)
  diff <(echo "$before") <(echo "$after") ||
    { echo 'debs.sh: these paths were left, or are gone' >&2; exit 1; }
  echo 'Removed: nothing is left.'
}

if [ "${1-}" = --try ]; then
  [ $# -ge 2 ] || { echo 'debs.sh: --try needs the root folder of a system' >&2; exit 2; }
  try_packages "$2" "$(realpath "${3-$build/debs}")"
else
  make_packages "$(realpath -m "${1-$build/debs}")"
fi
