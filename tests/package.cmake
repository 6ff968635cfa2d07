# The installed package, and what the compiler makes of a workload.  A collector
# built elsewhere has no sanitizer, so these are for the release build only.
if(NOT REAPMARK_SANITIZE)
  reapmark_register(
    out-of-tree LABEL slow NEEDS none
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/out-of-tree.sh ${CMAKE_BINARY_DIR}
            ${PROJECT_SOURCE_DIR}
    PROPERTIES TIMEOUT 900)
  reapmark_register(
    own-project LABEL slow NEEDS none
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/own-project.sh ${CMAKE_BINARY_DIR}
            ${PROJECT_SOURCE_DIR}
    PROPERTIES TIMEOUT 900)
  reapmark_register(
    debs LABEL slow NEEDS none mark-sweep
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/debs.sh ${CMAKE_BINARY_DIR})
  reapmark_register(
    specialisation LABEL end-to-end NEEDS mark-sweep refcount-jemalloc
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/specialisation.sh ${CMAKE_OBJDUMP}
            ${REAPMARK_COLLECTOR_DIR})
endif()
