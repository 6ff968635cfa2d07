# What workloads do, what requests took, memory over time.
reapmark_test(latency SOURCES latency/latency.c LIBRARIES reapmark::stats m)

# Requests and samples by a clock that the test plays itself.
reapmark_test(
  requests SOURCES latency/requests.c ${PROJECT_SOURCE_DIR}/harness/cell/steps.c
                   ${PROJECT_SOURCE_DIR}/harness/cell/requests.c
                   ${PROJECT_SOURCE_DIR}/harness/cell/curve.c
  LIBRARIES reapmark::cell)
target_link_options(
  test-requests PRIVATE -Wl,--wrap=clock_gettime -Wl,--wrap=clock_nanosleep
  -Wl,--wrap=pread)

foreach(case list-drop cycles lists binary-trees deaths)
  add_test(
    NAME describe-${case}
    COMMAND ${CMAKE_COMMAND} -DREAPMARK=$<TARGET_FILE:reapmark> -DCASE=${case} -P
            ${CMAKE_CURRENT_LIST_DIR}/latency/describe.cmake)
  set_tests_properties(describe-${case} PROPERTIES TIMEOUT 300)
endforeach()

# The tables, from records that were made by hand.
foreach(table latency memory)
  add_test(
    NAME report-${table}
    COMMAND
      ${CMAKE_COMMAND} -DREAPMARK=$<TARGET_FILE:reapmark> -DTABLE=${table}
      -DCANNED=${CMAKE_CURRENT_LIST_DIR}/latency/canned -P
      ${CMAKE_CURRENT_LIST_DIR}/latency/table.cmake)
endforeach()

# The search for a rate, and a sweep, with real collectors on tiny loads.
add_test(NAME rate COMMAND ${CMAKE_CURRENT_LIST_DIR}/latency/rate.sh
                           $<TARGET_FILE:reapmark>)
set_tests_properties(rate PROPERTIES TIMEOUT 300)
