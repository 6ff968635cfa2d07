# reapmark_add_collector(NAME name HEADER header.h SOURCES source.c...
#                        [DEFINITIONS macro...] [SOURCE_DEFINITIONS macro...]
#                        [LIBRARIES target...])
#
# Makes the collector program `name`: the cell runtime, and every workload
# compiled against the collector whose inline half is in `header` (relative to
# the current source folder).  DEFINITIONS are for the header and the sources.
# SOURCE_DEFINITIONS are for the sources only; the header must not use them,
# because collectors that have HEADER, DEFINITIONS and LIBRARIES in common share
# the compiled workloads.  The same function serves the collectors of this tree
# and those of projects that use the installed package.
#
# It makes these targets:
#   reapmark-collector-NAME    the program
#   reapmark-NAME              the collector alone, for programs with a main() of
#                              their own: what links it is compiled against it too
#   reapmark-NAME-inline       what code needs to be compiled against the inline
#                              half: definitions, include folders, flags
#   reapmark-NAME-workloads    the timed workloads and the micro benchmarks
#   reapmark-NAME-operations   what performs the operations of the random mutator
#                              and of traces
# The last three are shared, and of all collectors that share them the first one
# compiles them.
function(reapmark_add_collector)
  cmake_parse_arguments(C "" "NAME;HEADER"
                        "SOURCES;DEFINITIONS;SOURCE_DEFINITIONS;LIBRARIES" ${ARGN})
  foreach(required NAME HEADER SOURCES)
    if(NOT C_${required})
      message(FATAL_ERROR "reapmark_add_collector: ${required} is missing")
    endif()
  endforeach()
  get_filename_component(header ${C_HEADER} ABSOLUTE)
  # With the first collector of a project its workloads are known.
  if(NOT TARGET reapmark_workload_table)
    get_property(names GLOBAL PROPERTY REAPMARK_OWN_WORKLOADS)
    reapmark_make_table(${CMAKE_CURRENT_BINARY_DIR}/wl_all.c ${REAPMARK_WORKLOADS} ${names})
  endif()
  get_property(own GLOBAL PROPERTY REAPMARK_OWN_WORKLOAD_SOURCES)
  list(APPEND REAPMARK_WORKLOAD_SOURCES ${own}) # of this function only
  string(SHA1 pair "${header};${C_DEFINITIONS};${C_LIBRARIES};${REAPMARK_WORKLOAD_SOURCES}")
  get_property(first GLOBAL PROPERTY REAPMARK_COMPILED_${pair})
  if(first)
    foreach(part inline workloads operations)
      if(TARGET reapmark-${first}-${part})
        add_library(reapmark-${C_NAME}-${part} ALIAS reapmark-${first}-${part})
      endif()
    endforeach()
  else()
    set_property(GLOBAL PROPERTY REAPMARK_COMPILED_${pair} ${C_NAME})
    reapmark_compile_workloads(${C_NAME} ${header} "${C_DEFINITIONS}" "${C_LIBRARIES}")
  endif()

  set(collector reapmark-${C_NAME})
  add_library(${collector} OBJECT ${C_SOURCES})
  target_compile_definitions(${collector} PRIVATE ${C_SOURCE_DEFINITIONS})
  target_link_libraries(${collector} PUBLIC ${collector}-inline)

  set(program reapmark-collector-${C_NAME})
  add_executable(${program})
  target_link_options(${program} PRIVATE LINKER:--build-id)
  target_link_libraries(${program} PRIVATE ${collector}-workloads ${collector})
  if(TARGET ${collector}-operations)
    target_link_libraries(${program} PRIVATE ${collector}-operations)
  endif()
  target_link_libraries(${program} PRIVATE ${REAPMARK_WORKLOAD_LIBRARIES}
                                           reapmark::cell reapmark::common)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${C_NAME} RUNTIME_OUTPUT_DIRECTORY
                          ${REAPMARK_COLLECTOR_DIR} LINKER_LANGUAGE CXX)
  set_property(GLOBAL APPEND PROPERTY REAPMARK_COLLECTOR_PROGRAMS ${program})
endfunction()

# reapmark_add_models(NAME...): in a project that uses the installed package, makes the
# programs of these models, or of `oracle` and `record`, from the installed sources, with
# the workloads of the suite and those of the project.  REAPMARK_MODELS lists the models.
function(reapmark_add_models)
  foreach(name IN LISTS ARGN)
    if(NOT DEFINED reapmark_model_${name})
      list(JOIN REAPMARK_MODELS ", " names)
      message(FATAL_ERROR "reapmark_add_models: there is no model ${name}. Choose from: "
                          "${names}, oracle, record.")
    endif()
    reapmark_add_collector(NAME ${name} ${reapmark_model_${name}})
  endforeach()
endfunction()

# reapmark_add_conformance(NAME...): in a project that uses the installed package, makes
# for each of these collectors of the project the program conformance-NAME, which holds
# the collector to what gc.h promises, and a test of that name.  It needs cmocka.
function(reapmark_add_conformance)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  foreach(name IN LISTS ARGN)
    if(NOT TARGET reapmark-${name})
      message(FATAL_ERROR "reapmark_add_conformance: this project has no collector ${name}")
    endif()
    add_executable(conformance-${name} ${reapmark_source}/tests/collectors/conformance.c)
    target_link_libraries(conformance-${name} PRIVATE reapmark-${name} PkgConfig::CMOCKA)
    add_test(NAME conformance-${name} COMMAND conformance-${name})
  endforeach()
endfunction()

# Tells build.c how it is compiled.  A project that chose neither a build type nor an
# optimisation gets the flags of the release build, or its collectors would be compiled
# without any; what was chosen is left alone, and reports name programs that it makes
# different.
function(reapmark_tell_build inline)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  set(flags "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}")
  set(name "${CMAKE_BUILD_TYPE}")
  if(CMAKE_CONFIGURATION_TYPES)
    set(name $<CONFIG>) # chosen when it is built
  elseif(NOT type AND NOT CMAKE_C_FLAGS MATCHES "(^| )-O")
    set(name Release)
    separate_arguments(release UNIX_COMMAND "${REAPMARK_RELEASE_FLAGS}")
    target_compile_options(${inline} INTERFACE ${release})
    string(APPEND flags " ${REAPMARK_RELEASE_FLAGS}")
  endif()
  string(STRIP "${flags}" flags)
  string(REPLACE "\"" "\\\"" flags "${flags}")
  set(build ${REAPMARK_CELL_SOURCES})
  list(FILTER build INCLUDE REGEX "/build\\.c$")
  set_source_files_properties(
    ${build}
    PROPERTIES COMPILE_DEFINITIONS
               "BUILD_COMPILER=\"${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}\";BUILD_FLAGS=\"${flags}\";BUILD_TYPE=\"${name}\";BUILD_SANITIZER=\"${REAPMARK_SANITIZE}\"")
endfunction()

# Compiles what is inlined into: all that is shared by the collectors that have
# this header, these definitions and these libraries in common.
function(reapmark_compile_workloads name header definitions libraries)
  set(inline reapmark-${name}-inline)
  add_library(${inline} INTERFACE)
  target_compile_definitions(${inline} INTERFACE GC_COLLECTOR_HEADER="${header}"
                                                 ${definitions})
  target_include_directories(${inline} INTERFACE ${REAPMARK_INCLUDE_DIRS})
  # Object memory is read through many types: cells, headers, payloads.
  target_compile_options(
    ${inline} INTERFACE $<$<COMPILE_LANGUAGE:C>:-fno-strict-aliasing>)
  target_link_libraries(${inline} INTERFACE ${libraries} reapmark::common)
  reapmark_tell_build(${inline})

  add_library(reapmark-${name}-workloads OBJECT ${REAPMARK_CELL_SOURCES}
                                                ${REAPMARK_WORKLOAD_SOURCES})
  target_link_libraries(reapmark-${name}-workloads PRIVATE ${inline} reapmark::cell)
  if(REAPMARK_OPERATION_SOURCES)
    add_library(reapmark-${name}-operations OBJECT ${REAPMARK_OPERATION_SOURCES})
    target_link_libraries(reapmark-${name}-operations PRIVATE ${inline} reapmark::cell)
  endif()
endfunction()
