# When to collect: the tables pacing and pacing-space, and what misled a heap policy.
reapmark_test(pacing-causes SOURCES pacing/causes.c LIBRARIES reapmark_report)
reapmark_test(trade-off SOURCES pacing/trade-off.c LIBRARIES reapmark::stats m)
reapmark_test(pacing-tables SOURCES pacing/tables.c LIBRARIES reapmark_report)
reapmark_script(
  pacing pacing/end-to-end.sh
  ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/collectors
  NEEDS run=models suite_is_planned=models)

# The same pattern as a program in Python.
reapmark_register(
  pacing-like-python LABEL end-to-end NEEDS cpython refcount-generations
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/pacing/like-python.sh
          ${REAPMARK_COLLECTOR_DIR}/cpython ${CMAKE_CURRENT_SOURCE_DIR}/pacing/chains.py
          ${REAPMARK_COLLECTOR_DIR}/refcount-generations)
