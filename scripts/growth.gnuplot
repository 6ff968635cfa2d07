# gnuplot -c growth.gnuplot CSV SVG: plots what `reapmark report --table growth
# --format csv` prints.  There is a panel for each measure by the number of live
# objects, and one by the number of threads for each size that was run with
# several.  A collector has the same line in all panels.  gnuplot 5.4 ends even a
# quoted field at a comma: collectors with several settings have the first one in
# their title, and those that differ only behind it become one line.
set datafile separator comma columnheaders
known(list, word) = strstrt(list." ", " ".word." ")
with(list, word) = known(list, word) ? list : list." ".word
style(c) = words(substr(collectors, 1, known(collectors, c))) + 1

# The values of a row; one without a time is no point.
measure(_) = strcol("measure")
size(_) = strcol("measure").",".strcol("objects")
is_point(_) = strlen(strcol("op_ns")) > 0
is_single(m) = is_point(0) && measure(0) eq m && column("threads") == 1
is_size(s) = is_point(0) && size(0) eq s

singles = ""; sizes = ""; collectors = ""
stats ARG1 using (is_point(0) ? (collectors = with(collectors, strcol("collector")), \
  column("threads") > 1 ? (sizes = with(sizes, size(0))) : \
  column("threads") == 1 ? (singles = with(singles, measure(0))) : "", 0) : 0) nooutput
if (collectors eq "") exit status 1

rows = (words(singles) + words(sizes) + 1) / 2
set terminal svg size 1200,(340 * rows) font "sans,11"
set output ARG2
set multiplot layout rows,2
set logscale y; set grid; set key outside right noenhanced
set ylabel "ns an object"

set logscale x; set format x "10^{%L}"; set xlabel "live objects"
do for [m in singles] {
  names = ""
  stats ARG1 using (is_single(m) ? (names = with(names, strcol("collector")), 0) : 0) nooutput
  set title m.", 1 thread" noenhanced
  plot for [c in names] ARG1 \
    using (is_single(m) && strcol("collector") eq c ? column("objects") : NaN):"op_ns" \
    smooth unique with linespoints lt style(c) pt style(c) title c
}

unset logscale x; set format x "%g"; set xtics 1; set xlabel "mutator threads"
do for [s in sizes] {
  names = ""
  stats ARG1 using (is_size(s) ? (names = with(names, strcol("collector")), 0) : 0) nooutput
  comma = strstrt(s, ",")
  set title substr(s, 1, comma - 1).", ".substr(s, comma + 1, strlen(s))." objects" noenhanced
  plot for [c in names] ARG1 \
    using (is_size(s) && strcol("collector") eq c ? column("threads") : NaN):"op_ns" \
    smooth unique with linespoints lt style(c) pt style(c) title c
}
