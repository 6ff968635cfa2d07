# Statistics: pure functions.
reapmark_test(histogram SOURCES stats/histogram.c LIBRARIES reapmark::stats)
reapmark_test(summary SOURCES stats/summary.c LIBRARIES reapmark::stats)
reapmark_test(distributions SOURCES stats/distributions.c LIBRARIES reapmark::stats m)
reapmark_test(inference SOURCES stats/inference.c LIBRARIES reapmark::stats m)
reapmark_test(stability SOURCES stats/stability.c LIBRARIES reapmark::stats m)
reapmark_test(strata SOURCES stats/strata.c LIBRARIES reapmark::stats m)
