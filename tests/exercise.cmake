# Tests that no figure is shown of what did not happen: with collectors that are
# scripts, and with real ones.
reapmark_script(exercise exercise/end-to-end.sh ARGS $<TARGET_FILE:reapmark>)
reapmark_test(exercised SOURCES exercise/exercised.c LIBRARIES reapmark::record)

# Real collectors: every suite exercises all that it runs.
reapmark_script(suites exercise/suites.sh ARGS $<TARGET_FILE:reapmark>
                SLOW quick standard failed_allocations NEEDS *=mark-sweep)
