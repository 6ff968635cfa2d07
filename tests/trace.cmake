# Traces: their text, what is found out about them without a collector, and the
# commands that do.
reapmark_test(trace-text SOURCES trace/text.c LIBRARIES reapmark::trace)
reapmark_test(trace-walk SOURCES trace/walk.c LIBRARIES reapmark::trace)
reapmark_test(trace-shrink SOURCES trace/shrink.c LIBRARIES reapmark::trace)

# The commands as users have them.
reapmark_script(trace-command trace/end-to-end.sh ARGS $<TARGET_FILE:reapmark>
                NEEDS replayed_threads=mark-sweep)

# The reader as a fuzz target (fuzz/README.md).  Without an engine it runs the
# corpus, with any compiler.
reapmark_program(fuzz-trace-reader SOURCES fuzz/trace-reader.c LIBRARIES reapmark::trace)
if(REAPMARK_FUZZ)
  target_link_options(fuzz-trace-reader PRIVATE -fsanitize=fuzzer)
else()
  target_sources(fuzz-trace-reader PRIVATE fuzz/main.c)
  reapmark_register(
    fuzz-corpus-trace-reader LABEL unit
    COMMAND fuzz-trace-reader ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace-reader)
endif()
