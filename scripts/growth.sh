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
plot=$(mktemp)
trap 'rm -f "$plot"' EXIT

# measure, threads, collector, objects, ns; then what gnuplot is to do.  The
# table's columns from `threads` on hold no commas, so they are counted from the
# end: threads, verdict, objects, op_ns, low_ns, high_ns, runs.
"$reapmark" report "$dir" --table growth --format csv |
  awk -F, 'NR > 1 && $(NF - 3) != "" {
    measure = "collect"
    if (match($0, /measure=[a-z-]+/))
      measure = substr($0, RSTART + 8, RLENGTH - 8)
    rest = $0 # behind the workload, which is quoted if it holds commas
    sub(rest ~ /^"/ ? "^\"[^\"]*\"," : "^[^,]*,", "", rest)
    sub(rest ~ /^"/ ? "\".*" : ",.*", "", rest) # a collector with settings, too
    sub(/^"/, "", rest)
    print measure, $(NF - 6), rest, $(NF - 4), $(NF - 3)
  }' | sort -k1,1 -k2,2n -k3,3 -k4,4n |
  awk -v out="$dir/growth.svg" '
    # A point of the line of a collector in a panel.
    function add(panel, collector, x, y) {
      if (!(panel in lines)) {
        panels[++count] = panel
        lines[panel] = ""
      }
      if (!((panel, collector) in points)) {
        if (!(collector in style)) style[collector] = ++styles
        lines[panel] = lines[panel] (lines[panel] == "" ? "" : SUBSEP) collector
      }
      points[panel, collector] = points[panel, collector] x " " y "\n"
    }
    { row[NR] = $0; if ($2 > 1) threaded[$1 " " $4] = 1 }
    END {
      for (i = 1; i <= NR; i++) {
        split(row[i], f, " ")
        if (f[2] == 1) add(f[1] ", 1 thread", f[3], f[4], f[5])
      }
      by_size = count
      for (i = 1; i <= NR; i++) {
        split(row[i], f, " ")
        if ((f[1] " " f[4]) in threaded)
          add(f[1] ", " f[4] " objects", f[3], f[2], f[5])
      }
      if (!count) exit 1
      rows = int((count + 1) / 2)
      printf "set terminal svg size 1200,%d font \"sans,11\"\n", 340 * rows
      printf "set output \"%s\"\nset multiplot layout %d,2\n", out, rows
      print "set logscale y; set grid; set key outside right noenhanced"
      print "set ylabel \"ns an object\""
      print "set logscale x; set format x \"10^{%L}\"; set xlabel \"live objects\""
      for (p = 1; p <= count; p++) {
        if (p == by_size + 1)
          print "unset logscale x; set format x \"%g\"; set xtics 1;" \
                "set xlabel \"mutator threads\""
        n = split(lines[panels[p]], name, SUBSEP)
        for (k = 1; k <= n; k++)
          printf "$d%d << EOD\n%sEOD\n", k, points[panels[p], name[k]]
        printf "set title \"%s\"\nplot ", panels[p]
        for (k = 1; k <= n; k++)
          printf "%s$d%d with linespoints lt %d pt %d title \"%s\"",
                 (k > 1 ? ", " : ""), k, style[name[k]], style[name[k]], name[k]
        print ""
      }
    }' >"$plot" || { echo "growth.sh: $dir: nothing to plot" >&2; exit 1; }
gnuplot "$plot"
echo "$dir/growth.svg"
