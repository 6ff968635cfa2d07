reapmark_test(
  gbench SOURCES gbench/gbench.c LIBRARIES reapmark::gbench PkgConfig::JANSSON
                                           Threads::Threads)
# None of these settings may change anything.
set_tests_properties(
  gbench
  PROPERTIES
    ENVIRONMENT
    "BENCHMARK_REPETITIONS=3;BENCHMARK_MIN_TIME=9;BENCHMARK_LIST_TESTS=true;\
BENCHMARK_OUT=no-such-folder/x.json;BENCHMARK_REPORT_AGGREGATES_ONLY=true;\
BENCHMARK_FILTER=none;BENCHMARK_FORMAT=xml;BENCHMARK_TIME_UNIT=eon")

# The loop's overhead over a native one, counted in instructions.
find_program(VALGRIND valgrind)
if(REAPMARK_SANITIZE)
  message(STATUS "Test gbench-overhead left out: a sanitizer adds instructions")
elseif(NOT VALGRIND)
  message(STATUS "Test gbench-overhead left out: it needs valgrind")
else()
  add_executable(gbench-loops gbench/loops.c gbench/native_loop.cc)
  target_link_libraries(gbench-loops PRIVATE reapmark::gbench
                                             benchmark::benchmark)
  set_target_properties(gbench-loops PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                ${CMAKE_BINARY_DIR}/tests)
  reapmark_test(gbench-overhead SOURCES gbench/overhead.c ARGS
                ${VALGRIND} $<TARGET_FILE:gbench-loops>)
  add_dependencies(test-gbench-overhead gbench-loops)
endif()
