# Traces: their text, what is found out about them without a collector, and the
# commands that do.
reapmark_test(trace-text SOURCES trace/text.c LIBRARIES reapmark::trace)
reapmark_test(trace-walk SOURCES trace/walk.c LIBRARIES reapmark::trace)
reapmark_test(trace-shrink SOURCES trace/shrink.c LIBRARIES reapmark::trace)

# The commands as users have them.
foreach(behaviour verify example stat annotate pipes shrink shrink_mistakes
                  shrink_interrupted usage)
  add_test(NAME trace-command-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/trace/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${behaviour})
  set_tests_properties(trace-command-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()

# The reader as a fuzz target (fuzz/README.md).  Without an engine it runs the
# corpus, with any compiler.
add_executable(fuzz-trace-reader fuzz/trace-reader.c)
target_link_libraries(fuzz-trace-reader PRIVATE reapmark::trace)
set_target_properties(fuzz-trace-reader PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                   ${CMAKE_BINARY_DIR}/tests)
if(REAPMARK_FUZZ)
  target_link_options(fuzz-trace-reader PRIVATE -fsanitize=fuzzer)
else()
  target_sources(fuzz-trace-reader PRIVATE fuzz/main.c)
  add_test(NAME fuzz-corpus-trace-reader
           COMMAND fuzz-trace-reader
                   ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/trace-reader)
  set_tests_properties(fuzz-corpus-trace-reader PROPERTIES TIMEOUT 300)
endif()
