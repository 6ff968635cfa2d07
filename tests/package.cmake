# The installed package, and what the compiler makes of a workload.  A collector
# built elsewhere has no sanitizer, so these are for the release build only.
if(NOT REAPMARK_SANITIZE)
  add_test(NAME out-of-tree
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/out-of-tree.sh
                   ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
  set_tests_properties(out-of-tree PROPERTIES TIMEOUT 600)
  add_test(NAME specialisation
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/specialisation.sh
                   ${CMAKE_OBJDUMP} ${CMAKE_BINARY_DIR}/collectors)
endif()
