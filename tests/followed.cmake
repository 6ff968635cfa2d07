# What services read that follow figures from commit to commit, and the workflow of
# docs/ci.md, with scripted collectors.
if(PYTHON_OF_DEBIAN)
  reapmark_script(followed followed/followed.sh
                  ARGS $<TARGET_FILE:reapmark> ${PYTHON_OF_DEBIAN} ${PROJECT_SOURCE_DIR}
                  SLOW workflow workflow_of_failures)
else()
  message(STATUS "Tests of the formats for CI left out: they need /usr/bin/python3")
endif()
