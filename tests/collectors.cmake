# Every collector against the mutator interface: one source, compiled for each;
# of the adapters, those that were built.
get_property(adapters GLOBAL PROPERTY REAPMARK_ADAPTERS)
get_property(collectors GLOBAL PROPERTY REAPMARK_MODELS)
foreach(name IN LISTS collectors adapters ITEMS oracle)
  reapmark_test(conformance-${name} SOURCES collectors/conformance.c LIBRARIES
                reapmark-${name})
endforeach()
# Their runtimes end with the process and free nothing before.
foreach(name IN LISTS adapters)
  set_tests_properties(conformance-${name} PROPERTIES ENVIRONMENT
                                                      ASAN_OPTIONS=detect_leaks=0)
endforeach()
reapmark_test(mark-sweep SOURCES collectors/mark-sweep.c LIBRARIES
              reapmark-mark-sweep)
reapmark_test(semispace SOURCES collectors/semispace.c LIBRARIES
              reapmark-semispace)
reapmark_test(generational SOURCES collectors/generational.c LIBRARIES
              reapmark-generational)
reapmark_test(
  mark-sweep-incremental SOURCES collectors/mark-sweep-incremental.c LIBRARIES
  reapmark-mark-sweep-incremental)
reapmark_test(immix SOURCES collectors/immix.c LIBRARIES reapmark-immix)
reapmark_test(trial-deletion SOURCES collectors/trial-deletion.c LIBRARIES
              reapmark-refcount-cycles)
foreach(name refcount refcount-atomic)
  reapmark_test(freelists-${name} SOURCES collectors/freelists.c LIBRARIES
                reapmark-${name})
endforeach()
reapmark_test(lazy SOURCES collectors/lazy.c LIBRARIES reapmark-refcount-lazy)
reapmark_test(weak-race SOURCES collectors/weak-race.c LIBRARIES
              reapmark-refcount-atomic)
reapmark_test(refcount-biased SOURCES collectors/refcount-biased.c LIBRARIES
              reapmark-refcount-biased)
reapmark_test(weak-race-biased SOURCES collectors/weak-race.c LIBRARIES
              reapmark-refcount-biased)
reapmark_test(refcount-deferred SOURCES collectors/refcount-deferred.c LIBRARIES
              reapmark-refcount-deferred)
reapmark_test(common SOURCES collectors/common.c LIBRARIES reapmark::common)
# The model of reachability, and the collector that it is.
reapmark_test(shadow-heap SOURCES trace/shadow-heap.c LIBRARIES reapmark::trace)
reapmark_test(oracle SOURCES collectors/oracle.c LIBRARIES reapmark-oracle)
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
  add_test(
    NAME record-${name}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/trace/record.sh $<TARGET_FILE:reapmark>
            $<TARGET_FILE:reapmark-collector-record> ${recorded})
  set_tests_properties(record-${name} PROPERTIES TIMEOUT 300)
endforeach()

# Hostile conditions: that they fire, and that no collector breaks under them.
set(hostile ${collectors})
list(REMOVE_ITEM hostile none) # which frees nothing
foreach(name IN LISTS hostile)
  reapmark_test(hostile-${name} SOURCES collectors/hostile.c LIBRARIES
                reapmark-${name})
endforeach()
set(all_conditions
    "collect-every=997" "poison=0" "poison=100" "buffers=1" "buffers=2"
    "buffers=8" "yield=300" "collect-every=997 poison=10 buffers=1 yield=100")
if(REAPMARK_SANITIZE) # an order of magnitude slower: all at once, and rarer
  set(all_conditions "collect-every=9973 poison=10 buffers=8 yield=100")
endif()
foreach(name IN LISTS collectors)
  foreach(conditions IN LISTS all_conditions)
    string(REPLACE " " "," label "${conditions}")
    string(REPLACE " " ";" arguments "${conditions}")
    add_test(NAME conformance-${name}/${label}
             COMMAND test-conformance-${name} ${arguments})
    set_tests_properties(conformance-${name}/${label} PROPERTIES TIMEOUT 300)
  endforeach()
endforeach()

if(NOT REAPMARK_SANITIZE) # hundreds of runs
  foreach(name IN LISTS collectors)
    add_test(NAME survives-${name}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/survives.sh
                     ${CMAKE_BINARY_DIR}/collectors ${name})
    set_tests_properties(survives-${name} PROPERTIES TIMEOUT 300)
  endforeach()
endif()
add_test(NAME no-mutants
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/no-mutants.sh
                 ${CMAKE_BINARY_DIR}/collectors ${collectors})
