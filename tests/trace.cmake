# Traces: their text, what is found out about them without a collector, and the
# commands that do.
reapmark_test(trace-text SOURCES trace/text.c LIBRARIES reapmark::trace)
reapmark_test(trace-walk SOURCES trace/walk.c LIBRARIES reapmark::trace)
reapmark_test(trace-shrink SOURCES trace/shrink.c LIBRARIES reapmark::trace)

# The commands as users have them.
foreach(behaviour verify stat annotate pipes shrink shrink_mistakes
                  shrink_interrupted usage)
  add_test(NAME trace-command-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/trace/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${behaviour})
  set_tests_properties(trace-command-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()
