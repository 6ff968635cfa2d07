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
  # The collector by itself, for programs (tests) with a main() of their own:
  # what links it is compiled against it too.
  set(collector reapmark-${C_NAME})
  add_library(${collector} OBJECT ${C_SOURCES})
  target_compile_definitions(
    ${collector} PUBLIC GC_COLLECTOR_HEADER="${header}" ${C_DEFINITIONS})
  target_include_directories(${collector} PUBLIC ${REAPMARK_INCLUDE_DIRS})
  # Object memory is read through many types: cells, headers, payloads.
  target_compile_options(
    ${collector} PUBLIC $<$<COMPILE_LANGUAGE:C>:-fno-strict-aliasing>)
  target_link_libraries(${collector} PUBLIC ${C_LIBRARIES} reapmark::common)

  # Nothing of the causes of leaks is timed, and they are half the files.
  set(leaks ${REAPMARK_WORKLOAD_SOURCES})
  list(FILTER leaks INCLUDE REGEX "/leaks/")
  set_source_files_properties(${leaks} PROPERTIES COMPILE_OPTIONS "-O1;-g1")
  set(program reapmark-collector-${C_NAME})
  add_executable(${program} ${REAPMARK_CELL_SOURCES}
                            ${REAPMARK_WORKLOAD_SOURCES})
  target_link_libraries(${program} PRIVATE ${collector} reapmark::cell
                                           reapmark::common)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${C_NAME} RUNTIME_OUTPUT_DIRECTORY
                          ${REAPMARK_COLLECTOR_DIR})
  set_property(GLOBAL APPEND PROPERTY REAPMARK_COLLECTOR_PROGRAMS ${program})
endfunction()
