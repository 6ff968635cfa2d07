# What causes of leaks leave behind, and what keeps it.
reapmark_test(leaks-rows SOURCES leaks/rows.c LIBRARIES reapmark_report)

# Collectors that declare what they do not do, in a folder of their own.
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/leaks)

foreach(
  behaviour
  matrix
  formats
  bare
  lists
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

# The page about Python, against the Python that it is about.
find_program(PYTHON_3_11 python3.11 HINTS /usr/bin)
if(PYTHON_3_11)
  add_test(NAME python-memory
           COMMAND ${PYTHON_3_11} ${CMAKE_CURRENT_LIST_DIR}/leaks/page.py
                   ${PROJECT_SOURCE_DIR}/docs/python-memory.md
                   $<TARGET_FILE:reapmark> own)
  set_tests_properties(python-memory PROPERTIES TIMEOUT 300)
  if(TARGET reapmark-collector-cpython)
    add_test(NAME python-memory-cpython
             COMMAND ${PYTHON_3_11} ${CMAKE_CURRENT_LIST_DIR}/leaks/page.py
                     ${PROJECT_SOURCE_DIR}/docs/python-memory.md
                     $<TARGET_FILE:reapmark> cpython)
    set_tests_properties(python-memory-cpython PROPERTIES TIMEOUT 300)
  endif()
else()
  message(STATUS "Test of docs/python-memory.md left out: it needs python3.11")
endif()
