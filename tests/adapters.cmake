# Adapters to production runtimes, those that were built.
if(NOT REAPMARK_OPTIONAL)
  return()
endif()
get_property(adapters GLOBAL PROPERTY REAPMARK_ADAPTERS)
set(workloads_list ${REAPMARK_WORKLOADS})
list(REMOVE_ITEM workloads_list replay trace fuzz) # two need a trace; fuzz: below
list(JOIN workloads_list "," workloads)

# adapter_test(TEST COLLECTOR OPTION...): every workload, small.
function(adapter_test test collector)
  if(collector IN_LIST adapters)
    reapmark_register(
      adapter-${test} LABEL slow
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/adapters/workloads.sh
              $<TARGET_FILE:reapmark-collector-${collector}> ${workloads} ${ARGN}
      PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  endif()
endfunction()

# adapter_fuzz_test(TEST COLLECTOR OPTION...): short runs of the random mutator.
function(adapter_fuzz_test test collector)
  if(collector IN_LIST adapters)
    reapmark_register(
      adapter-fuzz-${test} LABEL slow
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/runs.sh
              $<TARGET_FILE:reapmark-collector-${collector}> ${ARGN}
      PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  endif()
endfunction()

foreach(name IN LISTS adapters)
  adapter_test(${name} ${name})
  # They are told of deaths, and the random mutator does not know them.
  if(NOT name MATCHES "^malloc")
    adapter_fuzz_test(${name} ${name})
  endif()
endforeach()
adapter_test(lua-eager lua pause=105 step-multiplier=400)
adapter_test(lua-lazy lua pause=1000)
adapter_test(lua-generational lua mode=1)
adapter_fuzz_test(lua-generational lua mode=1 minor-multiplier=5)
adapter_fuzz_test(bdwgc-incremental bdwgc incremental=1 time-limit=1)
adapter_test(bdwgc-parallel bdwgc markers=2 free-space-divisor=1)
adapter_test(cpython-eager cpython threshold0=50 threshold1=2 threshold2=2)
adapter_test(cpython-lazy cpython threshold0=0)
adapter_test(ocaml-eager ocaml minor-heap=4096 space-overhead=1)
adapter_fuzz_test(ocaml-eager ocaml minor-heap=4096 space-overhead=1)
adapter_test(ocaml-lazy ocaml minor-heap=4194304 space-overhead=1000)
adapter_test(ruby-eager ruby malloc-limit=65536 old-factor=101)
adapter_test(php-eager php threshold=10)
adapter_test(php-lazy php threshold=1073741824)
adapter_test(ruby-lazy ruby malloc-limit=1073741824 old-factor=1000)
foreach(name parallel-mmc parallel-generational-mmc pcc)
  adapter_test(whippet-${name}-2 whippet-${name} markers=2)
endforeach()
# Without the causes of leaks: in about one run of 200 a stale word keeps a chain
# there that is longer than a conservative collector is allowed.
list(FILTER workloads_list EXCLUDE REGEX "^leak-")
list(JOIN workloads_list "," workloads)
adapter_test(bdwgc-incremental bdwgc incremental=1 time-limit=1)

# What an adapter counts is what its runtime did.  malloc has no weak references.
function(counted_test test collector)
  if(collector IN_LIST adapters)
    reapmark_test(counted-${test} SOURCES collectors/counted.c
                  LIBRARIES reapmark-${collector} ARGS ${ARGN}
                  PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  endif()
endfunction()
foreach(name IN LISTS adapters)
  if(NOT name MATCHES "^malloc|^ocaml$")
    counted_test(${name} ${name})
  endif()
endforeach()
counted_test(ocaml ocaml minor-heap 32768)
counted_test(lua-generational lua mode 1)
counted_test(bdwgc-incremental bdwgc incremental 1)

# What is written by hand for the libraries that the adapters are for.
foreach(peer malloc malloc-jemalloc malloc-mimalloc bdwgc cpython)
  if(TARGET reapmark-collector-by-hand-${peer})
    reapmark_register(
      by-hand-${peer} LABEL end-to-end NEEDS ${peer}
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/adapters/by-hand.sh ${REAPMARK_COLLECTOR_DIR}
              ${peer} $<TARGET_FILE:reapmark>
      PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  endif()
endforeach()

reapmark_script(
  adapters adapters/driver.sh ARGS $<TARGET_FILE:reapmark>
  AFTER ${PROJECT_SOURCE_DIR} ${CMAKE_COMMAND}
  NEEDS *=models shallow=mark-sweep,php threshold=php no_room=bdwgc
        versions_of_cpython=cpython
  SLOW leaks no_room)
