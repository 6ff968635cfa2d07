# The manual page and the completions of shells, and that what is printed anywhere
# is true: every option is exercised by a test, every command runs.
set(manual_dir ${CMAKE_BINARY_DIR}/harness/manual)
reapmark_script(manual manual/manual.sh
                ARGS $<TARGET_FILE:reapmark> $<TARGET_FILE:reapmark-manual> ${manual_dir})

# Options that no other test exercises, with a real collector.
reapmark_script(options driver/options.sh
                ARGS $<TARGET_FILE:reapmark> $<TARGET_FILE:reapmark-manual>
                NEEDS *=refcount)
if(PYTHON_OF_DEBIAN)
  reapmark_register(
    docs-files LABEL end-to-end
    COMMAND ${PYTHON_OF_DEBIAN} ${CMAKE_CURRENT_SOURCE_DIR}/docs/files.py
            ${PROJECT_SOURCE_DIR} $<TARGET_FILE:reapmark>)
  reapmark_register(
    docs-commands LABEL slow NEEDS models record oracle malloc
    COMMAND ${PYTHON_OF_DEBIAN} ${CMAKE_CURRENT_SOURCE_DIR}/docs/commands.py
            ${PROJECT_SOURCE_DIR} $<TARGET_FILE:reapmark> $<TARGET_FILE:reapmark-manual>
            ${CMAKE_CURRENT_SOURCE_DIR}/page/results.py ${PYTHON_OF_DEBIAN})
else()
  message(STATUS "Test of the commands in the docs left out: it needs /usr/bin/python3")
endif()
