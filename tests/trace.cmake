# Traces: their text, what is found out about them without a collector, and the
# commands that do.
reapmark_test(trace-text SOURCES trace/text.c LIBRARIES reapmark::trace)
reapmark_test(trace-walk SOURCES trace/walk.c LIBRARIES reapmark::trace)
reapmark_test(trace-shrink SOURCES trace/shrink.c LIBRARIES reapmark::trace)
