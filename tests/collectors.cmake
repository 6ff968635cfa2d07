# The contract of the mutator interface: one source, compiled for every model and every
# adapter that is built.
get_property(adapters GLOBAL PROPERTY REAPMARK_ADAPTERS)
get_property(collectors GLOBAL PROPERTY REAPMARK_MODELS)
foreach(name IN LISTS collectors adapters ITEMS oracle)
  # The runtimes of adapters end with the process and free nothing before.
  set(properties "")
  if(name IN_LIST adapters)
    set(properties PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  endif()
  reapmark_test(conformance-${name} SOURCES collectors/conformance.c
                LIBRARIES reapmark-${name} NEEDS ${name} ${properties})
endforeach()

# collector_test(NAME SOURCE COLLECTOR): what only this collector does.
function(collector_test name source collector)
  reapmark_test(${name} SOURCES collectors/${source}.c LIBRARIES reapmark-${collector}
                NEEDS ${collector} ${ARGN})
endfunction()
collector_test(mark-sweep mark-sweep mark-sweep)
collector_test(semispace semispace semispace)
collector_test(generational generational generational)
collector_test(mark-sweep-incremental mark-sweep-incremental mark-sweep-incremental)
collector_test(mark-sweep-concurrent mark-sweep-concurrent mark-sweep-concurrent)
collector_test(snapshot-incremental snapshot mark-sweep-incremental)
collector_test(snapshot-concurrent snapshot mark-sweep-concurrent)
collector_test(immix immix immix)
collector_test(generations-copying generational generational-copying)
collector_test(generational-copying generational-copying generational-copying)
foreach(name mark-sweep generational immix semispace)
  collector_test(markers-${name} markers ${name})
endforeach()
foreach(name mark-sweep mark-sweep-incremental mark-sweep-concurrent generational
             generational-copying immix semispace refcount-deferred refcount-cycles
             refcount-cycles-atomic refcount-cycles-jemalloc)
  collector_test(policies-${name} policies ${name})
endforeach()
foreach(name mark-sweep mark-sweep-incremental mark-sweep-concurrent generational
             generational-copying immix semispace refcount-deferred refcount-cycles)
  collector_test(policy-defaults-${name} policy-defaults ${name})
endforeach()
# The policies themselves, and with bugs planted in them.
reapmark_test(
  policy-faults
  SOURCES collectors/policy-faults.c ${PROJECT_SOURCE_DIR}/collectors/common/pacing.c
  DEFINITIONS GC_MUTANTS LIBRARIES reapmark::common)
collector_test(trial-deletion trial-deletion refcount-cycles)
collector_test(trial-deletion-atomic trial-deletion refcount-cycles-atomic)
foreach(name refcount-generations refcount-incremental)
  collector_test(detectors-${name} detectors ${name})
  collector_test(${name} ${name} ${name})
endforeach()
collector_test(freelists-refcount freelists refcount)
collector_test(freelists-refcount-atomic freelists refcount-atomic)
collector_test(lazy lazy refcount-lazy)
collector_test(weak-race weak-race refcount-atomic)
collector_test(refcount-biased refcount-biased refcount-biased)
collector_test(weak-race-biased weak-race refcount-biased)
collector_test(refcount-deferred refcount-deferred refcount-deferred)
collector_test(oracle oracle oracle)
collector_test(bdwgc bdwgc bdwgc)
reapmark_test(common SOURCES collectors/common.c LIBRARIES reapmark::common)
reapmark_test(shadow-heap SOURCES trace/shadow-heap.c LIBRARIES reapmark::trace)

foreach(
  recorded
  "cycles:live=300,rounds=3"
  "finalizers:live=200,rounds=3"
  "weakrefs:entries=100,rounds=3"
  "requests:sessions=100,requests=200"
  "threads:ops=50,live=100 2"
  "tls:waves=20,ops=100 2"
  "fuzz:ops=3000 3")
  string(REGEX MATCH "^[a-z]+" name "${recorded}")
  separate_arguments(recorded)
  reapmark_register(
    record-${name} LABEL end-to-end NEEDS record oracle
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trace/record.sh $<TARGET_FILE:reapmark>
            $<TARGET_FILE:reapmark-collector-record> ${recorded})
endforeach()

# Outstanding garbage: the most of it where that follows from the workload.
foreach(name IN LISTS collectors)
  set(most 105)
  if(name MATCHES "^refcount" AND NOT name MATCHES "cycles|generations|incremental")
    set(most 14000)
  elseif(name STREQUAL "none")
    set(most 14000)
  endif()
  if(name MATCHES "generational|deferred")
    set(most 0)
  endif()
  reapmark_register(
    garbage-${name} LABEL end-to-end NEEDS ${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/garbage.sh ${REAPMARK_COLLECTOR_DIR}
            ${name} ${most})
endforeach()

# Hostile conditions fire, and no collector breaks under them.
set(hostile ${collectors})
list(REMOVE_ITEM hostile none) # which frees nothing
foreach(name IN LISTS hostile)
  collector_test(hostile-${name} hostile ${name})
endforeach()
set(all_conditions
    "collect-every=997" "poison=0" "poison=100" "buffers=1" "buffers=8"
    "yield=300" "collect-every=4999 poison=10 buffers=2 yield=100")
if(REAPMARK_SANITIZE) # an order of magnitude slower: all at once, and rarer
  set(all_conditions "collect-every=9973 poison=10 buffers=8 yield=100")
endif()
foreach(name IN LISTS collectors)
  foreach(conditions IN LISTS all_conditions)
    string(REPLACE " " "," conditions_name "${conditions}")
    string(REPLACE " " ";" arguments "${conditions}")
    reapmark_register(conformance-${name}/${conditions_name} LABEL slow
                      COMMAND test-conformance-${name} ${arguments})
  endforeach()
endforeach()

if(NOT REAPMARK_SANITIZE) # hundreds of runs
  foreach(name IN LISTS collectors)
    reapmark_register(survives-${name} LABEL slow
                      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/survives.sh
                              ${REAPMARK_COLLECTOR_DIR} ${name})
  endforeach()
endif()
if(VALGRIND AND NOT REAPMARK_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  reapmark_script(marking-cost collectors/marking-cost.sh
                  ARGS ${REAPMARK_COLLECTOR_DIR} ${VALGRIND} SLOW immix
                  NEEDS immix=immix,mark-sweep)
endif()
reapmark_register(no-mutants LABEL end-to-end
                  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/no-mutants.sh
                          ${REAPMARK_COLLECTOR_DIR} ${collectors})
reapmark_register(templates LABEL unit
                  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/templates.sh
                          ${CMAKE_C_COMPILER} ${PROJECT_SOURCE_DIR}/collectors)
