# When to collect: the tables pacing and pacing-space, and what misled a heap policy.
reapmark_test(pacing-causes SOURCES pacing/causes.c LIBRARIES reapmark_report)
reapmark_test(trade-off SOURCES pacing/trade-off.c LIBRARIES reapmark::stats m)
reapmark_test(pacing-tables SOURCES pacing/tables.c LIBRARIES reapmark_report)
reapmark_script(
  pacing pacing/end-to-end.sh
  ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/collectors
  NEEDS run=models suite_is_planned=models)
