# The live view, on a terminal that the test plays.
find_program(PYTHON_WITH_PTY python3)
if(PYTHON_WITH_PTY)
  reapmark_script(live live/end-to-end.sh ARGS $<TARGET_FILE:reapmark> ${PYTHON_WITH_PTY})
else()
  message(STATUS "Tests of the live view left out: they need python3")
endif()
