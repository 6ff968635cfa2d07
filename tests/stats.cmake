# Statistics: pure functions.
reapmark_test(histogram SOURCES stats/histogram.c LIBRARIES reapmark::stats)
reapmark_test(summary SOURCES stats/summary.c LIBRARIES reapmark::stats)
reapmark_test(distributions SOURCES stats/distributions.c LIBRARIES reapmark::stats m)
reapmark_test(inference SOURCES stats/inference.c LIBRARIES reapmark::stats m)
reapmark_test(stability SOURCES stats/stability.c LIBRARIES reapmark::stats m)
reapmark_test(strata SOURCES stats/strata.c LIBRARIES reapmark::stats m)

# What rounds and machines buy, with noise that was measured (scripts/machines.sh).
reapmark_program(machines SOURCES stats/machines.c LIBRARIES reapmark::stats m)
reapmark_register(
  machines-simulated LABEL unit
  COMMAND machines ${PROJECT_SOURCE_DIR}/results/reference/2026-11-30/noise.csv 60 --check)
