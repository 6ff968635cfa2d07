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
