# Tests of latency: what workloads do, how long requests take, memory over time.
reapmark_test(latency SOURCES latency/latency.c LIBRARIES reapmark::stats m)

# Requests and samples by a clock that the test plays itself.
reapmark_test(requests SOURCES latency/requests.c LIBRARIES reapmark::cell)
target_link_options(
  test-requests PRIVATE -Wl,--wrap=clock_gettime -Wl,--wrap=clock_nanosleep
  -Wl,--wrap=pread)

foreach(case list-drop cycles lists binary-trees deaths)
  reapmark_register(
    describe-${case} LABEL end-to-end NEEDS oracle
    COMMAND ${CMAKE_COMMAND} -DREAPMARK=$<TARGET_FILE:reapmark> -DCASE=${case} -P
            ${CMAKE_CURRENT_SOURCE_DIR}/latency/describe.cmake)
endforeach()

# The tables, from records that were made by hand.
foreach(table latency memory)
  reapmark_register(
    report-${table} LABEL end-to-end
    COMMAND
      ${CMAKE_COMMAND} -DREAPMARK=$<TARGET_FILE:reapmark> -DTABLE=${table}
      -DCANNED=${CMAKE_CURRENT_SOURCE_DIR}/latency/canned -P
      ${CMAKE_CURRENT_SOURCE_DIR}/latency/table.cmake)
endforeach()

reapmark_test(rate-answer SOURCES latency/rate-answer.c LIBRARIES reapmark_driver)

# The search for a rate, and a sweep, with real collectors on tiny loads.
reapmark_script(rate latency/rate.sh ARGS $<TARGET_FILE:reapmark> NEEDS *=mark-sweep,refcount
                SLOW sweep search search_again search_lengthens critical)
