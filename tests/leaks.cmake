# What causes of leaks leave behind, and what keeps it.
reapmark_test(leaks-rows SOURCES leaks/rows.c LIBRARIES reapmark_report)

# Collectors that declare what they do not do, in a folder of their own.
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/leaks)

foreach(
  behaviour
  matrix
  formats
  false_declarations
  usage_errors
  explain_a_cycle
  explain_a_global
  explain_nothing
  explain_errors)
  add_test(NAME leaks-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/leaks/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/liars
                   ${behaviour})
  set_tests_properties(leaks-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()
