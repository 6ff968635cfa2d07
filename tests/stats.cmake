reapmark_test(histogram SOURCES stats/histogram.c LIBRARIES reapmark::stats)
reapmark_test(summary SOURCES stats/summary.c LIBRARIES reapmark::stats)
