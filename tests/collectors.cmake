# Every collector against the mutator interface: one source, compiled for each;
# of the adapters, those that were built.
get_property(adapters GLOBAL PROPERTY REAPMARK_ADAPTERS)
foreach(name none refcount refcount-atomic refcount-naive refcount-cycles
             refcount-cycles-atomic mark-sweep oracle ${adapters})
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
reapmark_test(trial-deletion SOURCES collectors/trial-deletion.c LIBRARIES
              reapmark-refcount-cycles)
reapmark_test(common SOURCES collectors/common.c LIBRARIES reapmark::common)
