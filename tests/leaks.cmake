# `reapmark leaks` and `reapmark explain`.
reapmark_test(leaks-rows SOURCES leaks/rows.c LIBRARIES reapmark_report)

# A collector that declares what it does not do, in a folder of its own.
if(TARGET reapmark-collector-refcount)
  add_subdirectory(leaks)
endif()
reapmark_script(
  leaks leaks/end-to-end.sh ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/liars
  NEEDS *=models formats=refcount,mark-sweep
        false_declarations=refcount,liar usage_errors=refcount)

# The page about Python, against the Python that it is about.
find_program(PYTHON_3_11 python3.11 HINTS /usr/bin)
if(PYTHON_3_11)
  set(page ${PYTHON_3_11} ${CMAKE_CURRENT_SOURCE_DIR}/leaks/page.py
           ${PROJECT_SOURCE_DIR}/docs/python-memory.md $<TARGET_FILE:reapmark>)
  reapmark_register(python-memory LABEL end-to-end NEEDS models COMMAND ${page} own)
  if(TARGET reapmark-collector-cpython)
    reapmark_register(python-memory-cpython LABEL end-to-end NEEDS models
                      COMMAND ${page} cpython)
  endif()
else()
  message(STATUS "Test of docs/python-memory.md left out: it needs python3.11")
endif()
