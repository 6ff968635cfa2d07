# arm64.sh: sourced by test.sh, behind install.sh.  What it takes to compile for
# arm64 on a machine of another architecture and to run the programs there.

# arm64_sources RELEASE: from where this machine gets the packages of a release of
# Debian, as lines of a sources.list.
arm64_sources() {
  apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' |
    grep -E " $1(-updates|-security)? main$" | sort -u
}

# arm64_sysroot FOLDER: fills it with the libraries that packages.txt names for the
# driver and the models, and what these need, of the release that this machine has.
# The packages are unpacked and not installed, so that nothing of them runs.
arm64_sysroot() {
  local folder=$1 release libraries
  [ ! -e "$folder/complete" ] || return 0
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  libraries=$(grep -vE 'optional' scripts/packages.txt | sed 's/[ #].*//' |
    grep -E '^(lib|zlib).*-dev$' | paste -sd,)
  rm -rf "$folder"
  mkdir -p "$folder" # mmdebstrap makes no folders above
  arm64_sources "$release" | mmdebstrap --variant=extract --architectures=arm64 \
    --include="libc6-dev,libstdc++6,systemtap-sdt-dev,$libraries" \
    "$release" "$folder" - >&2
  touch "$folder/complete"
}

# arm64_emulate FOLDER: has the kernel run programs of arm64 by qemu, which takes
# what they link from FOLDER.
arm64_emulate() {
  local misc=/proc/sys/fs/binfmt_misc conf=/usr/lib/binfmt.d/qemu-aarch64.conf
  export QEMU_LD_PREFIX=$1
  arm64_runs "$1" && return 0
  if [ "$(id -u)" = 0 ]; then
    [ -e $misc/register ] || mount -t binfmt_misc binfmt_misc $misc
    cat $conf >$misc/register
  fi
  arm64_runs "$1" && return 0
  echo "the kernel does not run programs of arm64: as root, mount binfmt_misc" \
       "at $misc and write $conf to its file register" >&2
  exit 2
}

# Any program does: the loader is one that is certainly there.
arm64_runs() { # FOLDER
  "$1/lib/ld-linux-aarch64.so.1" --version >/dev/null 2>&1
}
