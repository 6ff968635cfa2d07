# Results in words and as a page, with results of known figures.  Debian's Python
# has Debian's selenium.
find_program(PYTHON_OF_DEBIAN python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(PYTHON_OF_DEBIAN)
  reapmark_script(page page/end-to-end.sh
                  ARGS $<TARGET_FILE:reapmark> ${PYTHON_OF_DEBIAN}
                  SLOW browser accessibility page_size)
else()
  message(STATUS "Tests of the page left out: they need /usr/bin/python3")
endif()
