#!/usr/bin/env bash
# growth.sh DIR: the plot of a results directory of the suite `growth`, as
# DIR/growth.svg: ns an object by the number of live objects, a panel for each
# thing that was timed, and by the number of mutator threads where there were
# several.  Runs the suite first if DIR is not there.
set -euo pipefail
if [ $# != 1 ]; then
  echo "usage: growth.sh DIR" >&2
  exit 2
fi
dir=$(realpath -m "$1")
cd "$(dirname "$0")/.."
. scripts/install.sh
command -v gnuplot >/dev/null || packages_install scripts/packages.txt
reapmark=${REAPMARK:-build/reapmark}
[ -e "$dir" ] || "$reapmark" run growth -o "$dir"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
"$reapmark" report "$dir" --table growth --format csv >"$rows"
gnuplot -c scripts/growth.gnuplot "$rows" "$dir/growth.svg" || {
  echo "growth.sh: $dir: nothing to plot" >&2
  exit 1
}
echo "$dir/growth.svg"
