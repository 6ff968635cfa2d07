# install.sh: sourced by the other scripts.  Installs the packages of
# packages.txt that this machine lacks.
#
# What follows a pipe reads to the end here and in all scripts (so no `grep -q`): a
# program that still writes would be ended by a signal, and `pipefail` makes that the
# status of the whole.

# packages_wanted LIST [GROUP]...: the entries of the list, one a line, each behind
# `needed` or `optional`.  Those that the list calls `optional NAME:` (collector,
# test, deb, arm64) are only among them with the group NAME.
packages_wanted() {
  local list=$1 groups=" ${*:2} " line entry kind
  while IFS= read -r line; do
    entry=${line%%#*}
    entry=${entry//[[:space:]]/}
    [ -n "$entry" ] || continue
    kind=needed
    if [[ $line =~ '# optional '([a-z0-9]+): ]]; then
      [[ $groups == *" ${BASH_REMATCH[1]} "* ]] || continue
    fi
    [[ $line != *'# optional'* ]] || kind=optional
    echo "$kind $entry"
  done <"$list"
}

package_is_installed() { # PACKAGE
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep 'ok installed' >/dev/null
}

# packages_missing LIST [GROUP]...: as packages_wanted, those entries of which no
# alternative is installed.
packages_missing() {
  local kind entry package
  packages_wanted "$@" | while read -r kind entry; do
    for package in ${entry//|/ }; do
      ! package_is_installed "$package" || continue 2
    done
    echo "$kind $entry"
  done
}

# package_of ENTRY: the first of the alternatives that apt knows of.
package_of() {
  local package
  for package in ${1//|/ }; do
    apt-cache policy "$package" 2>/dev/null |
      grep '^  Candidate: [^(]' >/dev/null || continue
    echo "$package"
    return
  done
  return 1
}

# packages_lacking WHY ENTRY...: the packages are not there and cannot be installed.
# Ends the script if one of them is needed; else what needs them is left out.
# $missing is as packages_missing has it.
packages_lacking() {
  local why=$1 entry needed='' optional=''
  shift
  for entry in "$@"; do
    if grep -qxF "needed $entry" <<<"$missing"; then
      needed+=" ${entry//|/ or }"
    else
      optional+=" ${entry//|/ or }"
    fi
  done
  [ -z "$optional" ] ||
    echo "$why; what needs these is left out:$optional" >&2
  [ -z "$needed" ] || { echo "$why; these are needed:$needed" >&2; exit 2; }
}

packages_install() { # LIST [GROUP]...
  local missing entry package as_root='' entries chosen='' lacking=''
  # What is needed comes first, since a package is named for one entry only.
  missing=$(packages_missing "$@" | sort -u)
  [ -n "$missing" ] || return 0
  entries=$(cut -d' ' -f2 <<<"$missing")
  if ! command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086
    packages_lacking 'no apt-get here to install packages' $entries
    return 0
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      # shellcheck disable=SC2086
      packages_lacking 'packages are installed by root, with apt-get install' \
        $entries
      return 0
    fi
    as_root=sudo
  fi
  $as_root apt-get update -q >&2 ||
    echo 'apt-get update failed; what apt knows already has to do' >&2
  for entry in $entries; do
    if package=$(package_of "$entry"); then
      [[ $chosen == *" $package="* ]] || chosen+=" $package=$entry"
    else
      lacking+=" $entry"
    fi
  done
  # shellcheck disable=SC2086
  [ -z "$lacking" ] || packages_lacking 'apt has no such package' $lacking
  [ -n "$chosen" ] || return 0
  echo "installing:" $(printf '%s\n' $chosen | cut -d= -f1) >&2
  # shellcheck disable=SC2046,SC2086
  packages_get $(printf '%s\n' $chosen | cut -d= -f1) && return 0
  # One package that cannot be installed, perhaps because another one of the
  # machine conflicts with it, stops the others only if it is needed.  While a
  # package is there whose script failed, apt-get fails, whatever it installs.
  lacking=
  for package in $chosen; do
    packages_get "${package%%=*}" || package_is_installed "${package%%=*}" ||
      lacking+=" ${package#*=}"
  done
  # shellcheck disable=SC2086
  [ -z "$lacking" ] || packages_lacking 'apt-get could not install' $lacking
}

packages_get() { # PACKAGE...
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@" >&2
}
