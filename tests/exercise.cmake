# Tests that no figure is shown of what did not happen: with collectors that are
# scripts, and with real ones.
reapmark_script(exercise exercise/end-to-end.sh ARGS $<TARGET_FILE:reapmark>)
