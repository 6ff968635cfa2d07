# Runtimes that cannot be embedded.  Those that are not installed are told by name:
# their tests are skipped, and not left out.
foreach(name IN ITEMS openjdk-serial openjdk-parallel openjdk-g1 openjdk-z
                      openjdk-shenandoah openjdk-epsilon node go)
  # What is refused, and what fails, is so by one launcher for all of OpenJDK.
  set(except)
  if(name MATCHES "openjdk-(serial|parallel|z|shenandoah)")
    set(except EXCEPT wrong_count refused failures)
  endif()
  reapmark_script(runtime-${name} runtimes/replay.sh
                  ARGS $<TARGET_FILE:reapmark> ${REAPMARK_COLLECTOR_DIR} ${name}
                  ${except} NEEDS driver=mark-sweep)
endforeach()
reapmark_test(runtimes-compile SOURCES runtimes/compile.c
                                       ${PROJECT_SOURCE_DIR}/collectors/runtimes/compile.c
                              ${PROJECT_SOURCE_DIR}/collectors/runtimes/compile-checks.c
              LIBRARIES reapmark::trace)
target_include_directories(test-runtimes-compile PRIVATE ${PROJECT_SOURCE_DIR}/collectors)
