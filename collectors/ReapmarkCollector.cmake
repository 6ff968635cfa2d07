# reapmark_add_collector(NAME name HEADER header.h SOURCES source.c...
#                        [DEFINITIONS macro...] [LIBRARIES target...])
#
# Makes the collector program `name`: the cell runtime, and every workload
# compiled against the collector whose inline half is in `header` (relative to
# the current source folder).  The same function serves the collectors of this
# tree and those of projects that use the installed package.
function(reapmark_add_collector)
  cmake_parse_arguments(C "" "NAME;HEADER" "SOURCES;DEFINITIONS;LIBRARIES"
                        ${ARGN})
  foreach(required NAME HEADER SOURCES)
    if(NOT C_${required})
      message(FATAL_ERROR "reapmark_add_collector: ${required} is missing")
    endif()
  endforeach()
  get_filename_component(header ${C_HEADER} ABSOLUTE)
  set(program reapmark-collector-${C_NAME})
  add_executable(${program} ${C_SOURCES} ${REAPMARK_CELL_SOURCES}
                            ${REAPMARK_WORKLOAD_SOURCES})
  target_compile_definitions(
    ${program} PRIVATE GC_COLLECTOR_HEADER="${header}" ${C_DEFINITIONS})
  target_include_directories(${program} PRIVATE ${REAPMARK_INCLUDE_DIRS})
  target_link_libraries(${program} PRIVATE ${C_LIBRARIES} reapmark::cell
                                           reapmark::common)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${C_NAME} RUNTIME_OUTPUT_DIRECTORY
                          ${REAPMARK_COLLECTOR_DIR})
endfunction()
