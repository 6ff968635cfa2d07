# The micro benchmarks, and the C interface to Google Benchmark.
reapmark_test(gbench SOURCES gbench/gbench.c
              LIBRARIES gbench::static PkgConfig::JANSSON Threads::Threads)
# The same by the shared library.
reapmark_test(gbench-shared SOURCES gbench/gbench.c
              LIBRARIES gbench::gbench PkgConfig::JANSSON Threads::Threads)
# Google Benchmark's settings in the environment must not change anything.
set_tests_properties(
  gbench gbench-shared
  PROPERTIES
    ENVIRONMENT
    "BENCHMARK_REPETITIONS=3;BENCHMARK_MIN_TIME=9;BENCHMARK_LIST_TESTS=true;\
BENCHMARK_OUT=no-such-folder/x.json;BENCHMARK_REPORT_AGGREGATES_ONLY=true;\
BENCHMARK_FILTER=none;BENCHMARK_FORMAT=xml;BENCHMARK_TIME_UNIT=eon")

# Installed, where a program that is linked with it has no sanitizer.
if(NOT REAPMARK_SANITIZE)
  reapmark_script(gbench-installed gbench/installed.sh
                  ARGS ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
endif()

# The programs that the tests below run.
set(programs reapmark reapmark-collector-none reapmark-collector-refcount)
reapmark_test(
  micro SOURCES gbench/micro.c LIBRARIES PkgConfig::JANSSON NEEDS none refcount
  ARGS $<TARGET_FILE:reapmark> $<TARGET_FILE:reapmark-collector-none>)
if(TARGET test-micro)
  add_dependencies(test-micro ${programs})
endif()

# Instruction counts: the overhead of our loop over Google Benchmark's own, and the
# primitives.
if(NOT VALGRIND)
  message(STATUS "Tests of instruction counts left out: they need valgrind")
elseif(REAPMARK_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release"
       OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Valgrind 3.19 gives up on the debugging information of clang.
  message(STATUS "Tests of instruction counts left out: they need a release "
                 "build by gcc")
else()
  reapmark_program(gbench-loops SOURCES gbench/loops.c gbench/native_loop.cc
                   LIBRARIES gbench::static benchmark::benchmark)
  reapmark_test(gbench-overhead SOURCES gbench/overhead.c
                ARGS ${VALGRIND} $<TARGET_FILE:gbench-loops>)
  add_dependencies(test-gbench-overhead gbench-loops)
  reapmark_test(micro-instructions SOURCES gbench/instructions.c
                LIBRARIES PkgConfig::JANSSON ARGS $<TARGET_FILE:reapmark>
                NEEDS none refcount)
  if(TARGET test-micro-instructions)
    add_dependencies(test-micro-instructions ${programs})
  endif()
endif()
