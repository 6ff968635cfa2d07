# Every collector against the mutator interface: one source, compiled for each.
foreach(name none refcount refcount-atomic refcount-naive refcount-cycles
             refcount-cycles-atomic mark-sweep oracle)
  reapmark_test(conformance-${name} SOURCES collectors/conformance.c LIBRARIES
                reapmark-${name})
endforeach()
reapmark_test(mark-sweep SOURCES collectors/mark-sweep.c LIBRARIES
              reapmark-mark-sweep)
reapmark_test(trial-deletion SOURCES collectors/trial-deletion.c LIBRARIES
              reapmark-refcount-cycles)
reapmark_test(common SOURCES collectors/common.c LIBRARIES reapmark::common)
# The model of reachability, and the collector that it is.
reapmark_test(model SOURCES trace/model.c LIBRARIES reapmark::trace)
reapmark_test(oracle SOURCES collectors/oracle.c LIBRARIES reapmark-oracle)
foreach(
  recorded
  "cycles:live=300,rounds=3"
  "finalizers:live=200,rounds=3"
  "weakrefs:entries=100,rounds=3"
  "requests:sessions=100,requests=200"
  "threads:ops=50,live=100 2"
  "tls:waves=20,ops=100 2")
  string(REGEX MATCH "^[a-z]+" name "${recorded}")
  separate_arguments(recorded)
  add_test(
    NAME record-${name}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/trace/record.sh $<TARGET_FILE:reapmark>
            $<TARGET_FILE:reapmark-collector-record> ${recorded})
  set_tests_properties(record-${name} PROPERTIES TIMEOUT 300)
endforeach()
