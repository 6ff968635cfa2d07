# arm64.sh: sourced by test.sh, behind install.sh.  What it takes to compile for
# arm64 on a machine of another architecture and to run the programs there.  Packages
# are unpacked in folders of their own and not installed, so that nothing of them runs.

# arm64_sources RELEASE [ARCHIVE]: from where this machine gets the packages of a
# release of Debian, as lines of a sources.list; with ARCHIVE, such as
# bookworm-backports, that archive too.
arm64_sources() {
  local known
  known=$(apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | grep -E " $1(-updates|-security)? main$" | sort -u)
  echo "$known"
  [ $# = 1 ] || sed -n "s/ $1 main\$/ $2 main/p" <<<"$known"
}

# The release of Debian that this machine has.
arm64_release() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# arm64_unpack FOLDER ARCHITECTURE PACKAGE,... [ARCHIVE]: fills the folder with these
# packages, and what they need, unless it was filled before.
arm64_unpack() {
  local folder=$1 release
  release=$(arm64_release)
  [ ! -e "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder" # mmdebstrap makes no folders above
  arm64_sources "$release" ${4+"$4"} | mmdebstrap --variant=extract --architectures="$2" \
    --include="$3" --aptopt="APT::Default-Release \"${4-$release}\"" "$release" "$folder" - >&2
  touch "$folder/complete"
}

# arm64_sysroot FOLDER: the libraries that packages.txt names for the driver and the
# models.
arm64_sysroot() {
  local libraries
  libraries=$(grep -vE 'optional' scripts/packages.txt | sed 's/[ #].*//' |
    grep -E '^(lib|zlib).*-dev$' | paste -sd,)
  arm64_unpack "$1" arm64 "libc6-dev,libstdc++6,systemtap-sdt-dev,$libraries"
}

# arm64_emulator FOLDER: the emulator.  That of Debian 12, qemu 7, notes every page of
# the address space that a program reserves, of which collectors reserve some GiB at a
# time: that takes minutes and all memory.  So it is that of Debian 13, for Debian 12
# also.
arm64_emulator() {
  local newer=()
  [ "$(arm64_release)" != bookworm ] || newer=(bookworm-backports)
  arm64_unpack "$1" "$(dpkg --print-architecture)" qemu-user-static "${newer[@]}"
}

# arm64_emulate SYSROOT FOLDER: has the kernel run programs of arm64 by the emulator in
# FOLDER, which takes what they link from SYSROOT.
arm64_emulate() {
  local misc=/proc/sys/fs/binfmt_misc name=reapmark-arm64
  export QEMU_LD_PREFIX=$1
  # A header of ELF with 64 bits, little endian, of type 2 or 3, for machine 183.
  local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  # The kernel keeps the emulator open (F), so that programs in another root find it.
  local rule=":$name:M::$magic:$mask:$2/usr/bin/qemu-aarch64-static:F"
  if [ "$(id -u)" = 0 ]; then
    [ -e $misc/register ] || mount -t binfmt_misc binfmt_misc $misc
    [ ! -e $misc/$name ] || echo -1 >$misc/$name
    echo "$rule" >$misc/register
  fi
  [ -e $misc/$name ] && arm64_runs "$1" && return 0
  echo "the kernel does not run programs of arm64: as root, mount binfmt_misc" \
       "at $misc and write to its file register: $rule" >&2
  exit 2
}

# Any program does: the loader is one that is certainly there.
arm64_runs() { # FOLDER
  "$1/lib/ld-linux-aarch64.so.1" --version >/dev/null 2>&1
}
