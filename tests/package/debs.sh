#!/usr/bin/env bash
# debs.sh BUILD: the Debian packages that cpack makes of a build.  scripts/debs.sh --try
# installs and removes such packages in a system of their own.
. "$(dirname "$0")/../expect.sh"
build=$1
command -v dpkg-shlibdeps >/dev/null || skip 'dpkg-shlibdeps is not installed'
exits 0 cpack --config "$build/CPackConfig.cmake" -B "$work/debs"

field() { dpkg-deb -f "debs/$1"_*.deb "$2"; }

# depends PACKAGE TEXT: the package depends on it.
depends() {
  field "$1" Depends >out
  printed "$2"
}

for deb in debs/*.deb; do
  package=$(dpkg-deb -f "$deb" Package)
  dpkg-deb -c "$deb" | awk '{ print $6 }' | grep -v '/$' | sed 's|^\./||' >"$package.files"
  has_line "$package.files" "usr/share/doc/$package/copyright"
  has_line "$package.files" "usr/share/doc/$package/changelog.gz"
  dpkg-deb -f "$deb" Description >"$package.text"
  ! grep -E '.{81}' "$package.text" || fail "$package: a line is too long"
  dpkg-deb -x "$deb" root
done
# No file is in two packages, and all that is installed is in one.
[ -z "$(sort ./*.files | uniq -d)" ] || fail "in two packages: $(sort ./*.files | uniq -d)"
exits 0 cmake --install "$build" --prefix plain/usr
(cd plain && find . -type f -o -type l) | sed 's|^\./||' | sort >plain.files
sort ./*.files >packaged
comm -23 plain.files packaged >missing
[ ! -s missing ] || fail "in no package: $(xargs <missing)"

# A package depends on all others whose libraries its programs are linked with.
for deb in debs/*.deb; do
  package=$(dpkg-deb -f "$deb" Package)
  { field "$package" Depends && field reapmark Depends && echo "$package"; } |
    tr , '\n' | sed 's/^ *//; s/ .*//' >depends
  mkdir "of-$package"
  dpkg-deb -x "$deb" "of-$package"
  find "of-$package" -type f -exec sh -c 'readelf -d "$0" 2>/dev/null' {} \; |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u >libraries
  while read -r library; do
    # Systems of two architectures have several of a name.
    owners=$(ldconfig -p | awk -v name="$library" '$1 == name { print $NF }' |
      xargs -r realpath | sed 's|.*/|*/|' | sort -u | xargs -r dpkg-query -S |
      sed 's/:.*//' | sort -u)
    [ -z "$owners" ] || grep -xFf - depends <<<"$owners" >/dev/null ||
      fail "$package does not depend on $owners: $library"
  done <libraries
done

version=$(field reapmark Version)
has_line reapmark.files usr/bin/reapmark
has_line reapmark.files usr/lib/reapmark/collectors/none
depends reapmark libhwloc15
field reapmark Depends >out
unprinted libgc1
has_line reapmark-dev.files usr/share/reapmark/source/collectors/mark-sweep/mark-sweep.c
has_line reapmark-dev.files usr/share/reapmark/source/tests/collectors/conformance.c
depends reapmark-dev "reapmark (= $version)"
depends reapmark-dev libgbench-dev
has_line libgbench-dev.files usr/include/gbench.h
depends libgbench-dev "libgbench1 (= $version)"
depends libgbench1 libbenchmark1
grep -q '/libgbench\.so\.1$' libgbench1.files || fail 'libgbench1 has no library'
[ ! -e reapmark-bdwgc.files ] || depends reapmark-bdwgc libgc1

# What was unpacked elsewhere finds what belongs to it: as many collectors as were built.
reapmark=$work/root/usr/bin/reapmark
expect 0 list suites
row '^quick '
expect 0 list collectors --columns collector -f csv
sort out >unpacked
"$build/reapmark" list collectors --columns collector -f csv 2>/dev/null | sort >built
same built unpacked
