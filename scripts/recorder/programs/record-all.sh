#!/usr/bin/env bash
# record-all.sh DIRECTORY: records programs that need no network, each into
# DIRECTORY/NAME.trace.zst.  Those of Debian's packages that are missing are named.
# PYTHON and REAPMARK are as for record-python.
set -euo pipefail
[ $# = 1 ] || { echo "usage: record-all.sh DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
export PYTHONHASHSEED=0
failed=0

record() { # NAME MODULE|- PACKAGE PROGRAM...
  local name=$1 module=$2 package=$3
  if [ "$module" != - ] && ! "$python" -c "import $module" 2>/dev/null; then
    echo "$name: left out, it needs the package $package" >&2
    return
  fi
  echo "$name:" >&2
  "$here/../../record-python" -o "$out/$name.trace.zst" "${@:4}" >/dev/null || failed=1
}

library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
record json - - "$here/json_work.py"
record ast - - "$here/ast_rewriting.py"
record queens - - "$here/queens.py"
record echo - - "$here/echo.py"
record templates - - "$here/templates.py"
record orm django python3-django "$here/orm.py"
record manual docutils python3-docutils "$here/manual.py"
record black black black -m black -q --check --target-version py311 "$here/queens.py"
record pyflakes pyflakes python3-pyflakes -m pyflakes "$library/fnmatch.py" \
  "$library/sched.py" "$library/textwrap.py"
record test_gc test.test_gc libpython3-testsuite -m test -q test_gc
exit $failed
