# Every collector against the mutator interface: one source, compiled for each.
set(collectors none refcount refcount-atomic refcount-naive refcount-cycles
               refcount-cycles-atomic mark-sweep)
foreach(name IN LISTS collectors ITEMS oracle)
  reapmark_test(conformance-${name} SOURCES collectors/conformance.c LIBRARIES
                reapmark-${name})
endforeach()
reapmark_test(mark-sweep SOURCES collectors/mark-sweep.c LIBRARIES
              reapmark-mark-sweep)
reapmark_test(trial-deletion SOURCES collectors/trial-deletion.c LIBRARIES
              reapmark-refcount-cycles)
reapmark_test(common SOURCES collectors/common.c LIBRARIES reapmark::common)

# Hostile conditions: that they fire, and that no collector breaks under them.
foreach(name refcount refcount-atomic refcount-naive refcount-cycles
             refcount-cycles-atomic mark-sweep)
  reapmark_test(hostile-${name} SOURCES collectors/hostile.c LIBRARIES
                reapmark-${name})
endforeach()
foreach(name IN LISTS collectors)
  foreach(conditions "collect-every=997" "poison=0" "poison=100" "buffers=1"
                     "buffers=2" "buffers=8" "yield=300"
                     "collect-every=997 poison=10 buffers=1 yield=100")
    string(REPLACE " " "," label "${conditions}")
    string(REPLACE " " ";" arguments "${conditions}")
    add_test(NAME conformance-${name}/${label}
             COMMAND test-conformance-${name} ${arguments})
    set_tests_properties(conformance-${name}/${label} PROPERTIES TIMEOUT 300)
  endforeach()
endforeach()

foreach(name IN LISTS collectors)
  add_test(NAME survives-${name}
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/survives.sh
                   ${CMAKE_BINARY_DIR}/collectors ${name})
  set_tests_properties(survives-${name} PROPERTIES TIMEOUT 300)
endforeach()
add_test(NAME no-mutants
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/collectors/no-mutants.sh
                 ${CMAKE_BINARY_DIR}/collectors ${collectors})
