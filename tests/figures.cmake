# Figures for publication: utilisation, overhead, heap sweeps.
reapmark_test(mmu SOURCES figures/mmu.c LIBRARIES reapmark::stats m)
reapmark_test(lbo SOURCES figures/lbo.c LIBRARIES reapmark::stats m)
reapmark_test(sweep SOURCES figures/sweep.c LIBRARIES reapmark_driver)
reapmark_test(figure-tables SOURCES figures/tables.c LIBRARIES reapmark_report)

foreach(
  behaviour
  minheap
  minheap_without_an_answer
  minheap_not_applicable
  minheap_again
  sweep
  canary
  canary_between
  observer
  until_ci_canary
  until_ci_observer
  under_reporting
  describe_threads
  tables
  suites)
  add_test(NAME figures-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/figures/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/collectors
                   ${behaviour})
  set_tests_properties(figures-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()

# growth.sh makes a plot of a results directory.
find_program(GNUPLOT gnuplot)
if(GNUPLOT)
  add_test(NAME figures-plot
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/figures/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/collectors
                   plot)
  set_tests_properties(figures-plot PROPERTIES TIMEOUT 300)
else()
  message(STATUS "Test of the plot left out: it needs gnuplot")
endif()
