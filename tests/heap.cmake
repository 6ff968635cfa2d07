# Heaps of programs: graphs, importers, and the workload that builds them.
reapmark_test(heap-graph SOURCES heap/graph.c LIBRARIES reapmark_heap_import)
reapmark_script(heap heap/end-to-end.sh
                ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/collectors
                     ${PROJECT_SOURCE_DIR}/scripts
                NEEDS workload=mark-sweep,oracle workload_faults=mark-sweep)
reapmark_test(heap-plan SOURCES heap/plan.c LIBRARIES reapmark::workloads)
