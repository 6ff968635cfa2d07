# The driver and its reports.  Results of known figures are made by Debian's Python.
find_program(PYTHON_OF_DEBIAN python3 PATHS /usr/bin NO_DEFAULT_PATH)
reapmark_test(driver-plan SOURCES driver/plan.c LIBRARIES reapmark_driver)
reapmark_test(driver-options SOURCES driver/options.c LIBRARIES reapmark_driver)
reapmark_test(driver-spawn SOURCES driver/spawn.c LIBRARIES reapmark_driver)
reapmark_test(driver-doctor SOURCES driver/doctor.c LIBRARIES reapmark_driver)
reapmark_test(driver-emulator SOURCES driver/emulator.c LIBRARIES reapmark_driver)
reapmark_test(builds SOURCES driver/builds.c LIBRARIES reapmark_report)
reapmark_test(report SOURCES driver/report.c LIBRARIES reapmark_report)

# The driver as users have it, with scripted collectors that measure nothing.
reapmark_script(driver driver/end-to-end.sh ARGS $<TARGET_FILE:reapmark>
                SLOW for for_too_short)

# Rounds that machines share, and their merge.
reapmark_script(merge driver/merge.sh ARGS $<TARGET_FILE:reapmark>
                NEEDS canary_of_each_round=mark-sweep)

# What is said of the results of several machines.
reapmark_script(machines driver/machines.sh ARGS $<TARGET_FILE:reapmark>)

# How its work grows with the number of records, in instructions.
if(VALGRIND AND NOT REAPMARK_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  reapmark_program(driver-steps SOURCES driver/steps.c LIBRARIES reapmark_driver
                   DEFINITIONS _GNU_SOURCE)
  reapmark_script(growth-of driver/growth.sh
                  ARGS $<TARGET_FILE:reapmark> ${VALGRIND} $<TARGET_FILE:driver-steps>
                  SLOW report compare resume minimums)
else()
  message(STATUS "Tests of the driver's growth left out: they need valgrind, and a "
                 "build by gcc without a sanitizer")
endif()

# What disturbs runs, with a real collector.
reapmark_script(disturbed driver/disturbed.sh ARGS $<TARGET_FILE:reapmark>
                NEEDS *=mark-sweep)

# Which columns of tables are shown, and pivots.
if(PYTHON_OF_DEBIAN)
  reapmark_script(view driver/view.sh ARGS $<TARGET_FILE:reapmark> ${PYTHON_OF_DEBIAN})
endif()

# What a run puts around its processes, with a real collector.
reapmark_script(around driver/around.sh ARGS $<TARGET_FILE:reapmark> NEEDS *=refcount)

# The names of warnings, in the code and in the docs.
reapmark_script(warnings driver/warnings.sh)

# The page about the order of memory, and the files with atomic accesses.
reapmark_script(memory-order docs/memory-order.sh)
