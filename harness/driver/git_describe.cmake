# Run at build time with -DSOURCE=... -DHEADER=...: writes the state of the
# checkout into HEADER, and touches it only when that has changed.
cmake_policy(VERSION 3.25)
execute_process(
  COMMAND git describe --always --tags --dirty
  WORKING_DIRECTORY ${SOURCE}
  OUTPUT_VARIABLE state
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(state "")
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define BUILD_GIT \"${state}\"\n" @ONLY)
