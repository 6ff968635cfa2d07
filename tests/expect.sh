# expect.sh: sourced by the tests that use the driver as users do, after they
# have set $reapmark to the program.  Makes the work folder $work, goes there,
# and removes it at the end.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  [ ! -f out ] || { echo '--- stdout'; cat out; } >&2
  [ ! -f err ] || { echo '--- stderr'; cat err; } >&2
  exit 1
}

# expect CODE ARGUMENT...: runs the driver, which must exit with CODE.
expect() {
  wanted=$1
  shift
  code=0
  "$reapmark" "$@" >out 2>err || code=$?
  [ "$code" = "$wanted" ] || fail "reapmark $*: exit $code, not $wanted"
}

# said TEXT / printed TEXT: it is on stderr / stdout.
said() { grep -qF -e "$1" err || fail "stderr lacks: $1"; }
printed() { grep -qF -e "$1" out || fail "stdout lacks: $1"; }

keys() { grep -o '"key":"[^"]*"' "$1/runs.jsonl" | sort; }
