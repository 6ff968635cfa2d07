# The cell runtime.  The tests' own collector has its options in fake-collector/fake.h.
add_subdirectory(fake-collector)

reapmark_test(words SOURCES cell/words.c LIBRARIES reapmark::base)
reapmark_test(record SOURCES cell/record.c LIBRARIES reapmark::record)
reapmark_test(cell-params SOURCES cell/params.c LIBRARIES reapmark::cell)
if(NOT REAPMARK_SANITIZE) # whose shadow memory is resident as well
  reapmark_test(cell-memory SOURCES cell/memory.c LIBRARIES reapmark::cell)
endif()
reapmark_test(cell-verdict SOURCES cell/verdict.c LIBRARIES reapmark::cell)

# The harness's own seeded bugs, in those files that may hold them.
reapmark_test(
  harness-faults
  SOURCES cell/harness-faults.c ${PROJECT_SOURCE_DIR}/harness/cell/judge.c
          ${PROJECT_SOURCE_DIR}/harness/report/load.c
  DEFINITIONS GC_MUTANTS _GNU_SOURCE LIBRARIES reapmark::cell reapmark_report)

# Steps and pauses by a clock and a scheduler that the test plays itself.
reapmark_test(cell-steps SOURCES cell/steps.c LIBRARIES reapmark::cell)
target_link_options(test-cell-steps PRIVATE -Wl,--wrap=clock_gettime
                    -Wl,--wrap=pread)

# Outstanding garbage, likewise.
reapmark_test(cell-garbage SOURCES cell/garbage.c LIBRARIES reapmark::cell)
target_link_options(test-cell-garbage PRIVATE -Wl,--wrap=clock_gettime)

# The account of stops from outside, likewise.
reapmark_test(cell-still SOURCES cell/still.c LIBRARIES reapmark::cell)
target_link_options(test-cell-still PRIVATE -Wl,--wrap=clock_gettime
                    -Wl,--wrap=read)

reapmark_test(cell-paced SOURCES cell/paced.c LIBRARIES reapmark::cell)

# A whole run, as the driver starts it.
reapmark_test(cell-program SOURCES cell/program.c LIBRARIES reapmark::record
              ARGS $<TARGET_FILE:reapmark-collector-fake>)
add_dependencies(test-cell-program reapmark-collector-fake)

# The cell runtime in a real collector program.
foreach(what refused-threads files skips)
  reapmark_register(
    cell-${what} LABEL end-to-end NEEDS mark-sweep
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cell/${what}.sh
            $<TARGET_FILE:reapmark-collector-mark-sweep>)
endforeach()
