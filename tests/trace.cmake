# Traces: their text, what is found out about them without a collector, and the
# commands that do.
reapmark_test(trace-text SOURCES trace/text.c LIBRARIES reapmark::trace)
reapmark_test(trace-binary SOURCES trace/binary.c LIBRARIES reapmark::trace)
reapmark_test(trace-prepare SOURCES trace/prepare.c LIBRARIES reapmark::trace)
reapmark_test(trace-walk SOURCES trace/walk.c LIBRARIES reapmark::trace)
reapmark_test(trace-shrink SOURCES trace/shrink.c LIBRARIES reapmark::trace)
reapmark_test(trace-infer SOURCES trace/infer.c LIBRARIES reapmark::trace)

# The commands as users have them.
reapmark_script(trace-command trace/end-to-end.sh ARGS $<TARGET_FILE:reapmark>
                NEEDS replayed_threads=mark-sweep)

# The workload that replays traces at speed.
reapmark_script(trace-replay trace/replay.sh
                ARGS $<TARGET_FILE:reapmark> ${REAPMARK_COLLECTOR_DIR}
                NEEDS *=mark-sweep heap=oracle recorded=record)

# The readers as fuzz targets (fuzz/README.md).  Without an engine they run their
# corpus, with any compiler.
reapmark_program(fuzz-trace-reader SOURCES fuzz/trace-reader.c LIBRARIES reapmark::trace)
reapmark_program(fuzz-readers SOURCES fuzz/readers.c LIBRARIES reapmark_driver)
reapmark_program(fuzz-heap SOURCES fuzz/heap.c LIBRARIES reapmark_heap_import)
foreach(name IN ITEMS trace-reader readers heap)
  if(REAPMARK_FUZZ)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz-${name} PRIVATE fuzz/main.c)
    reapmark_register(
      fuzz-corpus-${name} LABEL unit
      COMMAND fuzz-${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  endif()
endforeach()

# Recording Python programs, where Python tells of every death (3.13.3).
reapmark_script(record-python trace/record-python.sh
                ARGS ${PROJECT_SOURCE_DIR} $<TARGET_FILE:reapmark>)
