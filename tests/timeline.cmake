# What collections consist of, and when: spans, the table phases, --timeline, probes.
# Threads need more alive than a few blocks each: at 3x of 1 MiB one run in five of
# mark-sweep ends out of memory, since each thread has blocks of its own that are
# partly free, and then there is no end of the measured part to draw.  And the run has
# to be so long that some stops find both threads running: one in five does.
foreach(of "mark-sweep-incremental cycles:live=1000,rounds=30 stop mark 1"
           "refcount-cycles cycles:live=1000,rounds=30 detect scan 1"
           "mark-sweep threads:ops=160000,live=2000 stop mark 2")
  string(REPLACE " " ";" args ${of})
  list(POP_FRONT args collector)
  reapmark_built(built ${collector})
  if(built)
    list(PREPEND args $<TARGET_FILE:reapmark-collector-${collector}>)
  endif()
  reapmark_test(timeline-${collector} SOURCES timeline/file.c
                LIBRARIES reapmark::record m ARGS ${args} NEEDS ${collector})
endforeach()
reapmark_test(timeline-phases SOURCES timeline/phases.c LIBRARIES reapmark::record m
              ARGS $<TARGET_FILE:reapmark-collector-fake>)
reapmark_script(
  timeline timeline/end-to-end.sh
  ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/collectors
  NEEDS *=mark-sweep table=mark-sweep,refcount-cycles)
find_program(PYTHON_OF_DEBIAN python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(PYTHON_OF_DEBIAN)
  reapmark_script(
    phases timeline/adapters.sh ARGS ${CMAKE_BINARY_DIR}/collectors ${PYTHON_OF_DEBIAN}
    NEEDS bdwgc=bdwgc cpython=cpython gobject=gobject ocaml=ocaml php=php ruby=ruby lua=lua
          off=php)
endif()
