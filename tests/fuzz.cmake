# The random mutator and the replay (workloads/operations/fuzz.c, replay.c) on every
# collector, and what their comparisons find in broken ones.
get_property(fuzz_collectors GLOBAL PROPERTY REAPMARK_MODELS)

# The fuzz target: a program over a byte string (fuzz/README.md).  With an
# engine it is its own test.
foreach(name IN LISTS fuzz_collectors)
  set(target fuzz-${name})
  add_executable(${target} fuzz/collector.c)
  target_link_libraries(${target} PRIVATE reapmark-${name} reapmark-${name}-operations
                                          reapmark::workloads)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                             ${CMAKE_BINARY_DIR}/tests)
  if(REAPMARK_FUZZ)
    target_compile_definitions(${target} PRIVATE FUZZ_ENGINE)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    file(GLOB corpus CONFIGURE_DEPENDS
         ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/collector/*)
    add_test(NAME fuzz-bytes-${name} COMMAND ${target} ${corpus})
    set_tests_properties(fuzz-bytes-${name} PROPERTIES TIMEOUT 300)
  endif()
endforeach()

# Found what is there to be found: mark-sweep with faults in its inline half.
add_executable(test-fuzz-oracles fuzz/oracles.c ${REAPMARK_OPERATION_SOURCES}
                                 $<TARGET_OBJECTS:reapmark-mark-sweep>)
target_compile_definitions(
  test-fuzz-oracles
  PRIVATE GC_COLLECTOR_HEADER="${CMAKE_CURRENT_LIST_DIR}/fuzz/broken.h")
target_compile_options(test-fuzz-oracles PRIVATE -fno-strict-aliasing)
target_include_directories(test-fuzz-oracles PRIVATE ${REAPMARK_INCLUDE_DIRS})
target_link_libraries(test-fuzz-oracles PRIVATE reapmark::common reapmark::workloads
                                                PkgConfig::CMOCKA)
set_target_properties(test-fuzz-oracles PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                   ${CMAKE_BINARY_DIR}/tests)
add_test(NAME fuzz-oracles COMMAND test-fuzz-oracles)
set_tests_properties(fuzz-oracles PROPERTIES TIMEOUT 300)

# Short runs of the programs, several seeds, threads in both ways.
foreach(name IN LISTS fuzz_collectors)
  add_test(NAME fuzz-${name}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/fuzz/runs.sh
                   $<TARGET_FILE:reapmark-collector-${name}>)
  set_tests_properties(fuzz-${name} PROPERTIES TIMEOUT 300)
endforeach()
