# The random mutator and the replay (workloads/operations/) on every collector, and
# what their comparisons find in broken ones.
get_property(fuzz_collectors GLOBAL PROPERTY REAPMARK_MODELS)
file(GLOB corpus CONFIGURE_DEPENDS
     ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/collector/*)

# The fuzz target: a program over a byte string (fuzz/README.md).  It calls the
# operations, which are compiled for each collector, and is compiled once itself.
add_library(fuzz-collector OBJECT fuzz/collector.c)
target_include_directories(fuzz-collector PRIVATE ${REAPMARK_INCLUDE_DIRS})
if(REAPMARK_FUZZ)
  target_compile_definitions(fuzz-collector PRIVATE FUZZ_ENGINE)
endif()
foreach(name IN LISTS fuzz_collectors)
  set(target fuzz-${name})
  reapmark_program(
    ${target} SOURCES $<TARGET_OBJECTS:fuzz-collector>
    LIBRARIES reapmark-${name} reapmark-${name}-operations reapmark::workloads)
  # Without an engine it is its own test.
  if(REAPMARK_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    reapmark_register(fuzz-bytes-${name} LABEL unit COMMAND ${target} ${corpus})
  endif()

  # Short runs of the program with several seeds, with threads that take turns and
  # with threads that run freely.
  reapmark_register(fuzz-${name} LABEL slow
                    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/runs.sh
                            $<TARGET_FILE:reapmark-collector-${name}>)
endforeach()

# The cost of the comparison where a collector cannot reclaim what fills the heap.
if(TARGET reapmark-collector-refcount AND TARGET reapmark-collector-none)
  reapmark_register(fuzz-full_heap LABEL slow
                    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/full-heap.sh
                            $<TARGET_FILE:reapmark-collector-refcount>
                            $<TARGET_FILE:reapmark-collector-none>)
endif()

# Each comparison finds a fault in the inline half of a mark-sweep collector.
if(TARGET reapmark-mark-sweep)
  reapmark_test(
    fuzz-oracles
    SOURCES fuzz/oracles.c ${REAPMARK_OPERATION_SOURCES}
            $<TARGET_OBJECTS:reapmark-mark-sweep>
    LIBRARIES reapmark::common reapmark::workloads
    DEFINITIONS GC_COLLECTOR_HEADER="${CMAKE_CURRENT_SOURCE_DIR}/fuzz/broken.h")
  target_compile_options(test-fuzz-oracles PRIVATE -fno-strict-aliasing)
  target_include_directories(test-fuzz-oracles PRIVATE ${REAPMARK_INCLUDE_DIRS})
  # One fault is that the collector finds itself broken.  It is planted at the link,
  # because gc_heap_check is no part of the inline half.  So are the counters, for
  # the test of what is covered.
  foreach(name IN ITEMS gc_heap_check gc_heap_footprint gc_heap_counters gc_collect
                        gc_this_collector)
    target_link_options(test-fuzz-oracles PRIVATE -Wl,--wrap=${name})
  endforeach()
endif()
