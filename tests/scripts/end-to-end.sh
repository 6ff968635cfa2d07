#!/usr/bin/env bash
# end-to-end.sh SCRIPTS CMAKE BEHAVIOUR: what the scripts of the folder SCRIPTS install,
# and what they refuse, with an apt-get that installs nothing.
. "$(dirname "$0")/../expect.sh"
scripts=$1 cmake=$2

# tool NAME: a program of this name, with the script on stdin, comes first in PATH.
mkdir tools
PATH=$work/tools:$PATH
tool() {
  { echo '#!/bin/bash' && cat; } >"tools/$1"
  chmod +x "tools/$1"
}

# A system where the packages in the file `installed` are installed, and apt knows those
# in `known` and can install all but those in `broken`.  What was asked of apt-get
# goes to `asked`.
touch installed known broken asked
tool dpkg-query <<'END'
cd "${0%/*}/.."
grep -qx "${!#}" installed && echo 'install ok installed'
END
tool apt-cache <<'END'
cd "${0%/*}/.."
grep -qx "$2" known && printf '%s:\n  Candidate: 1.0\n' "$2"
printf 'unknown:\n  Candidate: (none)\n'
END
tool apt-get <<'END'
cd "${0%/*}/.."
echo "$*" >>asked
[ "$1" = install ] || exit 0
shift
for package; do
  [[ $package == -* ]] || ! grep -qx "$package" broken || exit 100
done
printf '%s\n' "$@" | grep -v '^-' >>installed
[ ! -e half-installed ] || exit 100
END
tool id <<'END'
echo 0
END
cat >list <<'END'
# A list of packages; `optional` ones may be missing.
gcc
chrome | chromium   # optional: pages
fish                # optional test: completion
php8 | php7 | php   # optional collector: php
END

# installs CODE GROUP...: packages_install exits with CODE, where PATH is $path.
path=$PATH
installs() {
  exits "$1" env "PATH=$path" "$(command -v bash)" -euo pipefail -c '. "$1"; shift; packages_install list "$@"; echo done' install \
    "$scripts/install.sh" "${@:2}"
}

# asked PACKAGE...: the last packages that apt-get was asked to install.
asked() {
  [ "$(grep ^install asked | tail -n 1)" = \
    "install -q -y --no-install-recommends $*" ] || fail "asked: $(cat asked)"
}

# Of alternatives the first one that apt knows is installed, and none if any of them is
# there already.  Groups are for those who ask for them.
test_alternatives() {
  printf '%s\n' gcc chromium fish php7 php >known
  installs 0
  asked gcc chromium
  echo php >>installed
  installs 0 collector test
  asked fish
  : >asked
  installs 0 collector test
  [ ! -s asked ] || fail 'everything is installed'
  silent
}

# A package that several lines or groups lead to is named once, and is needed if
# one of them needs it.
test_one_package_of_several_lines() {
  cat >list <<'END'
fish         # optional test: completion
fish         # optional collector: the same
bass | fish  # optional test: alternatives
trout | fish
END
  echo fish >known
  installs 0 collector test
  asked fish
  said 'installing: fish'
  : >installed
  echo fish >broken
  installs 2 collector test
  said 'apt-get could not install; these are needed: trout or fish'
}

# An optional package that apt does not know, or cannot install, is named in one line
# and stops nothing.  A package that is needed does.
test_optional() {
  echo gcc >known
  installs 0 collector test
  asked gcc
  said 'apt has no such package; what needs these is left out: chrome or chromium fish php8 or php7 or php'
  printed done
  printf '%s\n' gcc fish chromium >known
  : >installed
  echo fish >broken
  installs 0 test
  said 'apt-get could not install; what needs these is left out: fish'
  grep -qx chromium installed || fail 'one package stopped another'
  printed done
  : >installed
  echo gcc >broken
  installs 2
  said 'apt-get could not install; these are needed: gcc'
  echo chromium >known
  installs 2
  said 'apt has no such package; these are needed: gcc'
}

# A package whose script fails is in the way of no other one, although apt-get then
# fails for all of them.
test_half_installed() {
  printf '%s\n' gcc fish chromium >known
  echo fish >broken
  touch half-installed
  installs 0 test
  said 'apt-get could not install; what needs these is left out: fish'
  printed done
}

# A program whose text nobody needs to its end does not fail, however long that is.
test_long_answers() {
  echo gcc >list
  tool apt-cache <<'END'
printf 'gcc:\n  Candidate: 1.0\n'
seq 100000
END
  installs 0
  asked gcc
  tool dpkg-query <<'END'
echo 'install ok installed'
seq 100000
END
  : >asked
  installs 0
  silent
}

# So it is in all scripts: what reads from a pipe does so to the end.  Lines that end in
# a pipe are joined with the next.
test_pipes_are_read_to_the_end() {
  stops='\| *(grep( +-[a-zA-Z]+)* +-[a-zA-Z]*[qm]|head( |$)|sed .*[0-9;}] *q|awk .*exit *[;}])'
  while IFS= read -r file; do
    sed -e ':a' -e '/[|]$/{N;s/\n *//;ba' -e '}' "$file" | grep -E "$stops" >found || continue
    fail "$file: $(cat found)"
  done < <(find "$scripts" "$tests" -name '*.sh')
  # That the pattern is one.
  for command in 'grep -q b' 'grep -vqE b' 'head -1' 'sed 3q' 'sed "/b/ { p; q }"' 'awk "{ exit }"'; do
    grep -E "$stops" <<<"a | $command" >/dev/null || fail "not found: $command"
    checks=$((checks + 1))
  done
}

# Without the right to install packages, those that are needed are told, and optional
# ones are done without.
test_no_right() {
  printf '%s\n' gcc chromium >known
  tool id <<<'echo 1000'
  hide sudo
  installs 2
  said 'installed by root, with apt-get install; these are needed: gcc'
  echo gcc >installed
  installs 0
  complained 'what needs these is left out: chrome or chromium'
  hide apt-get
  installs 0
  complained 'no apt-get here to install packages'
}

# hide NAME: from now on $path has no program of this name, but the others that the
# script needs.
hide() {
  mkdir -p hidden
  for name in bash cut env grep id sort dpkg-query apt-cache apt-get; do
    ln -sf "$(command -v "$name")" hidden
  done
  rm -f "hidden/$1"
  path=$work/hidden
}

# Every package of the list is of a form that the scripts can read.
test_list() {
  exits 0 bash -c '. "$1/install.sh"; packages_wanted "$1/packages.txt" collector test' \
    list "$scripts"
  row '^needed gcc$'
  row '^optional ocaml-nox\|ocaml$'
  ! grep -vE '^(needed|optional) [a-z0-9.+-]+(\|[a-z0-9.+-]+)*$' out ||
    fail 'an entry is no list of alternatives'
}

# A clean system is made by root only, of a release that is known, from the mirror that
# this machine's packages come from.
test_fresh() {
  exits 2 "$scripts/test.sh" --fresh
  complained 'test.sh: --fresh needs a value'
  exits 2 "$scripts/test.sh" --fresh 11
  complained 'test.sh: --fresh 11: which release of Debian? (12, 13)'
  exits 2 "$scripts/test.sh" --cache some
  complained 'test.sh: --cache is for --fresh'
  tool id <<<'echo 1000'
  exits 2 "$scripts/test.sh" --fresh 13
  complained 'test.sh: --fresh makes a system of its own: only root can'
  tool id <<<'echo 0'
  tool debootstrap <<<'exit 1'
  exits 2 "$scripts/test.sh" --fresh 13
  complained "test.sh: --fresh: none of apt's sources is a mirror of Debian"
  exits 2 "$scripts/test.sh" --frseh
  complained "test.sh: unknown argument '--frseh'"
}

# The system that is made has nothing but the packages of Debian, from the site of this
# machine's sources; what debootstrap left of it is removed.
test_fresh_mirror() {
  tool apt-get <<'END'
case $* in
*Security*) echo http://security.example/debian-security ;;
*Label:\ Debian*) printf 'http://%s.example/debian\n' near far near ;;
esac
END
  tool debootstrap <<END
echo "\$*" >"$work/asked"
exit 9
END
  export TMPDIR=$work/temporary
  mkdir temporary
  exits 9 "$scripts/test.sh" --fresh 13 --cache kept
  grep -qx -- "--variant=minbase --cache-dir=$work/kept trixie $work/temporary/[^ ]* http://near.example/debian" \
    asked || fail "debootstrap $(cat asked)"
  [ -z "$(ls temporary)" ] || fail 'something was left'
}

# In the system that is made this script runs with the packages of all collectors, from
# sources of Debian alone, and its status is that of --fresh.
test_fresh_runs() {
  tool apt-get <<'END'
case $* in
*Security*) echo http://security.example/debian-security ;;
*Label:\ Debian*) echo http://near.example/debian ;;
esac
END
  tool apt-config <<<"echo 'Acquire::http::Proxy \"http://proxy.example/\";'"
  tool debootstrap <<'END'
mkdir -p "${@: -2:1}/etc/apt/apt.conf.d" "${@: -2:1}/dev"
END
  tool git <<<'exit 0'
  # The namespace, its mounts and the new root are only told.
  tool unshare <<'END'
while [[ $1 == -* ]]; do shift; done
exec "$@"
END
  tool mount <<END
echo "mount \$*" >>"$work/told"
END
  tool chroot <<END
stat -c 'mode %a' "\$1" >>"$work/told"
cat "\$1/etc/apt/sources.list" "\$1/etc/apt/apt.conf.d/90acquire" >>"$work/told"
shift
printf '%s\n' "\$@" >>"$work/told"
exit 5
END
  exits 5 "$scripts/test.sh" --quick --fresh 12 --cache kept
  has_line told 'mode 755' # for users who are not root
  has_line told 'deb http://near.example/debian bookworm main'
  has_line told 'deb http://security.example/debian-security bookworm-security main'
  has_line told 'Acquire::http::Proxy "http://proxy.example/";'
  grep -q "^mount --bind $work/kept .*/var/cache/apt/archives$" told || fail 'no cache'
  [ "$(tail -n 2 told)" = $'test.sh\n--quick' ] || fail 'other options'
  # What is done there: both commands, from nothing; what fails stops nothing.
  sed -n '/^from_nothing/,$p' told | sed '$d' | sed '$d' | sed 's|cd /reapmark|cd reapmark|' >commands
  mkdir -p reapmark/{scripts,build}
  for program in scripts/bench.sh scripts/test.sh build/reapmark; do
    printf '#!/bin/sh\necho "$0 $*" >>"%s/done"\n' "$work" >"reapmark/$program"
    chmod +x "reapmark/$program"
  done
  echo '[ $# = 0 ]' >>reapmark/scripts/bench.sh
  mkdir -p reapmark/results/runs/one
  record() { echo "{\"verdict\":{\"status\":\"$1\",\"declared\":$2}}" >>reapmark/results/runs/one/runs.jsonl; }
  record ok true
  record LEAK true
  record OOM false
  exits 0 bash commands --quick
  cp reapmark/scripts/bench.sh told
  echo 'exit $(($# * 2))' >>reapmark/scripts/bench.sh # it could not run at all
  exits 1 bash commands --quick
  cp told reapmark/scripts/bench.sh
  : >done
  record CRASH false
  exits 1 bash commands --quick
  said 'failed in a clean system: bench.sh --all-collectors'
  printf '%s\n' './scripts/bench.sh ' './scripts/bench.sh --all-collectors' \
    './scripts/test.sh --all-collectors --quick' 'build/reapmark list collectors' >wanted
  same wanted done
}

# The libraries of arm64 go to a folder that nothing has made yet, in a fresh checkout;
# one that was not filled to its end is filled anew.
test_arm64_libraries() {
  tool mmdebstrap <<'END'
cd "${@: -2:1}" || exit # as mmdebstrap does, which makes one folder at most
[ -z "$(ls)" ] && touch libraries
END
  fills() {
    exits "$1" bash -euc '. "$1/arm64.sh"; cd "$1/.."; arm64_sysroot "$2"' fills \
      "$scripts" "$work/build/sysroot"
  }
  fills 0
  [ -e build/sysroot/libraries ] || fail 'no libraries'
  rm build/sysroot/complete
  fills 0
  echo 'exit 9' >>tools/mmdebstrap
  fills 0 # they are complete
  rm build/sysroot/complete
  fills 9
  [ ! -e build/sysroot/complete ] || fail 'complete without libraries'
}

# The emulator is not older than that of Debian 13, which Debian 12 has an archive for.
test_arm64_emulator() {
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  tool apt-get <<END
echo 'deb http://near.example/debian $release main'
echo 'deb http://near.example/debian $release contrib'
echo 'deb http://security.example/debian-security $release-security main'
END
  tool mmdebstrap <<END
cat >"$work/sources"
printf '%s\n' "\$@" >"$work/asked"
END
  exits 0 bash -euc '. "$1/arm64.sh"; arm64_emulator "$2"' emulator "$scripts" "$work/emulator"
  has_line sources "deb http://near.example/debian $release main"
  has_line sources "deb http://security.example/debian-security $release-security main"
  has_line asked --include=qemu-user-static
  if [ "$release" = bookworm ]; then
    has_line sources 'deb http://near.example/debian bookworm-backports main'
    has_line asked '--aptopt=APT::Default-Release "bookworm-backports"'
  fi
}

# Another C library than glibc is refused in one sentence.
test_other_library() {
  mkdir -p headers
  touch headers/features.h # that of glibc defines __GLIBC__
  tool other-cc <<END
exec cc -isystem "$work/headers" "\$@"
END
  printf '%s\n' '#include <features.h>' '#ifdef __GLIBC__' '#error glibc' '#endif' >x.c
  "$work/tools/other-cc" -c x.c || skip 'cc does not take another features.h'
  exits 1 "$cmake" -S "$scripts/.." -B build -DCMAKE_C_COMPILER="$work/tools/other-cc"
  said 'Reapmark needs the C library glibc'
}

# Every compiler that is named has to be here; one warning of any of them fails.
test_compilers() {
  exits 2 "$scripts/compilers.sh" gcc-99
  complained "compilers.sh: 'gcc-99' is no compiler here (gcc-13, clang-16)"
  exits 2 "$scripts/compilers.sh" cmake
  complained "compilers.sh: 'cmake' is no compiler here"
  cp -r "$scripts" copy && mkdir tree && mv copy tree/scripts # builds are beside it
  tool gcc-12 <<<'exit 0'
  tool cmake <<'END'
case "$*" in
*-S*-O3*) echo hot >kind ;;
*-S*) echo cool >kind ;;
*) grep -q cool kind || echo 'a.c:1:2: warning: unused' ;;
esac
END
  exits 1 tree/scripts/compilers.sh --all gcc-12
  printed 'gcc-12 -O2: no warnings'
  printed 'gcc-12 -O3: 1 warnings; see build-compilers/gcc-12-O3.log'
  tool cmake <<<'exit 1'
  exits 1 tree/scripts/compilers.sh --all gcc-12
  printed 'gcc-12 -O2: cannot be configured'
  tool cmake <<<'exit 0'
  exits 0 tree/scripts/compilers.sh --all gcc-12
}

# debs.sh puts its packages beside whatever else is in a folder, in place of those that
# another version has left there; the folder is as seen by the caller.
test_packages_and_their_folder() {
  mkdir -p tree elsewhere/debs
  cp -r "$scripts" tree
  : >tree/scripts/packages.txt
  tool cmake <<<'exit 0'
  tool cpack <<'END'
mkdir -p "${!#}/_CPack_Packages" && touch "${!#}/reapmark_2.0_amd64.deb"
END
  tool lintian <<END
printf '%s\n' "\$@" >"$work/looked"
END
  mkdir tree/build-debs
  touch elsewhere/debs/{thesis.tex,other_1.0_amd64.deb,{reapmark-ruby,libgbench1}_1.0_amd64.deb}
  cd elsewhere
  exits 0 ../tree/scripts/debs.sh debs
  [ "$(ls debs | xargs)" = 'other_1.0_amd64.deb reapmark_2.0_amd64.deb thesis.tex' ] ||
    fail "$(ls debs)"
  printed reapmark_2.0_amd64.deb
  unprinted other_1.0
  cd ..
  has looked elsewhere/debs/reapmark_2.0_amd64.deb
  ! grep -q other looked || fail 'lintian looked at what is not ours'
  exits 0 tree/scripts/debs.sh
  [ -e tree/build-debs/debs/reapmark_2.0_amd64.deb ] || fail 'not where it says'
  exits 2 tree/scripts/debs.sh --tyr x
  complained "debs.sh: unknown option '--tyr' (--try)"
}

# Packages are tried in a system, and only if there are any.
test_packages_that_cannot_be_tried() {
  exits 2 "$scripts/debs.sh" --try
  complained 'debs.sh: --try needs the root folder of a system'
  mkdir -p home debs root/var/lib/dpkg
  exits 2 "$scripts/debs.sh" --try home debs
  complained "debs.sh: '$work/home' is not the root folder of a Debian system"
  exits 2 "$scripts/debs.sh" --try root debs
  complained "debs.sh: there are no packages in '$work/debs'"
  tool id <<<'echo 1000'
  exits 2 "$scripts/debs.sh" --try root debs
  complained 'debs.sh: --try needs root'
}

# With all of them built, those that are named run; else all.
test_collectors_that_are_named_run() {
  mkdir -p tree/scripts tree/build/collectors
  cp "$scripts"/{bench,install}.sh tree/scripts
  touch tree/scripts/packages.txt tree/build/collectors/names
  tool cmake <<<'exit 0'
  printf '#!/bin/sh\necho "$*" >>"%s/given"\n' "$work" >tree/build/reapmark
  chmod +x tree/build/reapmark
  exits 0 tree/scripts/bench.sh --all-collectors quick -n 3
  [ "$(tail -n 1 given)" = 'run quick -n 3 -c all' ] || fail "$(cat given)"
  exits 0 tree/scripts/bench.sh --all-collectors quick -c mark-sweep
  [ "$(tail -n 1 given)" = 'run quick -c mark-sweep' ] || fail "$(cat given)"
  exits 0 tree/scripts/bench.sh --all-collectors choose --collectors=immix
  [ "$(tail -n 1 given)" = 'choose --collectors=immix' ] || fail "$(cat given)"
}

run_test "$3"
