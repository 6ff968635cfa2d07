# install.sh: sourced by the other scripts.  Installs the packages of
# packages.txt that this machine lacks.

# packages_missing LIST [GROUP]: those of optional collectors only with the group
# `collector`, and those of optional tests only with `test`.
packages_missing() {
  local list=$1 package skip='optional (collector|test|deb):'
  case ${2-} in
    collector) skip='optional (test|deb):' ;;
    test) skip='optional (collector|deb):' ;;
    deb) skip='optional (collector|test):' ;;
  esac
  grep -vE "$skip" "$list" | sed 's/#.*//' | while read -r package; do
    [ -n "$package" ] || continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
      grep -q 'ok installed' || echo "$package"
  done
}

packages_install() { # LIST [GROUP]
  local list=$1 missing package as_root=
  missing=$(packages_missing "$@")
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "missing packages, and no apt-get to install them:" $missing >&2
    exit 2
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "missing packages; as root, run: apt-get install" $missing >&2
      exit 2
    fi
    as_root=sudo
  fi
  echo "installing:" $missing >&2
  $as_root apt-get update -q >&2
  # shellcheck disable=SC2086
  packages_get $missing && return 0
  # One package that cannot be installed, perhaps because another one of the
  # machine conflicts with it, stops the others only if it is needed.
  for package in $missing; do
    packages_get "$package" && continue
    grep -qE "^$package +# optional" "$list" || exit 2
    echo "$package cannot be installed; what needs it says so" >&2
  done
}

packages_get() { # PACKAGE...
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@" >&2
}
