# install.sh: sourced by the other scripts.  Installs the packages of
# packages.txt that this machine lacks.

# packages_missing LIST [GROUP]: those of optional collectors only with the group
# `collector`, and those of optional tests only with `test`.
packages_missing() {
  local list=$1 package skip='optional (collector|test):'
  case ${2-} in
    collector) skip='optional test:' ;;
    test) skip='optional collector:' ;;
  esac
  grep -vE "$skip" "$list" | sed 's/#.*//' | while read -r package; do
    [ -n "$package" ] || continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
      grep -q 'ok installed' || echo "$package"
  done
}

packages_install() { # LIST [GROUP]
  local missing as_root=
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
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing >&2
}
