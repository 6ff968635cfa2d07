# Runtimes that cannot be embedded: a launcher, which is a collector program, and a
# replayer in the runtime's own language (runtimes/README.md).

# Replayers are in a folder of their own, since the driver takes every program beside the
# collectors for one of them.
set(replayers ${REAPMARK_COLLECTOR_DIR}/replayers)
file(MAKE_DIRECTORY ${replayers})

# What all launchers have in common.
if(REAPMARK_OPTIONAL)
  set(cell_build ${REAPMARK_CELL_SOURCES})
  list(FILTER cell_build INCLUDE REGEX "/build\\.c$")
  add_library(reapmark_runtimes OBJECT EXCLUDE_FROM_ALL
              runtimes/main.c runtimes/launch.c runtimes/compile.c
              runtimes/compile-checks.c runtimes/trace.c
              common/hostile/no-micro.c ${cell_build})
  target_include_directories(reapmark_runtimes PUBLIC ${REAPMARK_INCLUDE_DIRS})
  target_link_libraries(reapmark_runtimes PUBLIC reapmark::cell reapmark::trace)
endif()

# reapmark_add_runtime(FOUND condition PACKAGE debian-package [NEEDS words] NAME name
#                      SOURCES source... DEFINITIONS macro...
#                      REPLAYER target)
#
# NEEDS is as that of reapmark_add_adapter.  `target` makes the replayer.
function(reapmark_add_runtime)
  cmake_parse_arguments(R "" "FOUND;PACKAGE;NEEDS;NAME;REPLAYER" "SOURCES;DEFINITIONS" ${ARGN})
  reapmark_wanted(wanted ${R_NAME})
  if(NOT wanted)
    return()
  endif()
  if(NOT REAPMARK_OPTIONAL OR NOT R_FOUND)
    reapmark_needs(needs "${R_PACKAGE}" "${R_NEEDS}")
    reapmark_not_built(${R_NAME} "${needs}")
    return()
  endif()
  set(program reapmark-collector-${R_NAME})
  add_executable(${program} ${R_SOURCES})
  target_compile_definitions(${program} PRIVATE ${R_DEFINITIONS})
  target_link_options(${program} PRIVATE LINKER:--build-id)
  target_link_libraries(${program} PRIVATE reapmark_runtimes reapmark::common)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${R_NAME} RUNTIME_OUTPUT_DIRECTORY
                          ${REAPMARK_COLLECTOR_DIR} LINKER_LANGUAGE CXX)
  add_dependencies(${program} ${R_REPLAYER})
  set_property(GLOBAL APPEND PROPERTY REAPMARK_COLLECTOR_PROGRAMS ${program})
  set_property(GLOBAL APPEND PROPERTY REAPMARK_RUNTIMES ${R_NAME})
endfunction()

# OpenJDK.  A JVM may be built without some of its collectors.  Of several JDKs, all is
# of the one whose compiler is `javac`: an older JVM does not run what that compiles.
find_program(JAVAC javac)
if(JAVAC)
  get_filename_component(jdk ${JAVAC} REALPATH)
  get_filename_component(jdk ${jdk} DIRECTORY)
endif()
find_program(JAVA java HINTS ${jdk})
find_program(JAR jar HINTS ${jdk})
if(REAPMARK_OPTIONAL AND JAVA AND JAVAC AND JAR)
  execute_process(COMMAND ${JAVA} -version ERROR_VARIABLE java_version OUTPUT_QUIET)
  string(REGEX REPLACE "^[^\"]*\"([^\"]*)\".*" "\\1" java_version "${java_version}")
  set(jar_file ${replayers}/openjdk.jar)
  set(classes ${CMAKE_CURRENT_BINARY_DIR}/openjdk-classes)
  file(GLOB java_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/openjdk/*.java)
  add_custom_command(
    OUTPUT ${jar_file}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${classes}
    COMMAND ${JAVAC} -Xlint:all -Werror -d ${classes} ${java_sources}
    COMMAND ${JAR} --create --file ${jar_file} -C ${classes} .
    DEPENDS ${java_sources}
    COMMENT "Compiling the replayer for OpenJDK"
    VERBATIM)
  add_custom_target(reapmark_openjdk_replayer DEPENDS ${jar_file})
  install(FILES ${jar_file} DESTINATION lib/reapmark/collectors/replayers
          COMPONENT reapmark-openjdk OPTIONAL)
endif()
foreach(pair serial:Serial parallel:Parallel g1:G1 z:Z shenandoah:Shenandoah
             epsilon:Epsilon)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 name)
  list(GET pair 1 flag)
  set(known OPENJDK_HAS_${flag}_${java_version})
  if(TARGET reapmark_openjdk_replayer AND NOT DEFINED ${known})
    execute_process(COMMAND ${JAVA} -XX:+UnlockExperimentalVMOptions -XX:+Use${flag}GC
                            -version
                    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    string(COMPARE EQUAL "${status}" 0 has)
    set(${known} ${has} CACHE INTERNAL "")
  endif()
  set(found FALSE)
  set(needs "")
  if(TARGET reapmark_openjdk_replayer AND ${known})
    set(found TRUE)
  elseif(TARGET reapmark_openjdk_replayer)
    set(needs "a JVM with this collector, which OpenJDK ${java_version} is without")
  endif()
  string(TOUPPER ${name} macro)
  reapmark_add_runtime(
    FOUND ${found} PACKAGE default-jdk-headless NEEDS "${needs}" NAME openjdk-${name}
    SOURCES openjdk/openjdk.c
    DEFINITIONS OPENJDK_${macro}=1 OPENJDK_JAVA="${JAVA}"
                OPENJDK_VERSION="${java_version}"
    REPLAYER reapmark_openjdk_replayer)
endforeach()

# Node.js.
find_program(NODE NAMES node nodejs)
if(REAPMARK_OPTIONAL AND NODE)
  execute_process(
    COMMAND ${NODE} -p "`Node.js \${process.versions.node}, V8 \${process.versions.v8}`"
    OUTPUT_VARIABLE node_version OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(script ${replayers}/node.js)
  add_custom_command(
    OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/node/replay.js ${script}
    DEPENDS node/replay.js
    VERBATIM)
  add_custom_target(reapmark_node_replayer DEPENDS ${script})
  install(FILES ${script} DESTINATION lib/reapmark/collectors/replayers
          COMPONENT reapmark-node OPTIONAL)
endif()
reapmark_add_runtime(
  FOUND "${NODE}" PACKAGE nodejs NAME node SOURCES node/node.c
  DEFINITIONS NODE_PROGRAM="${NODE}" NODE_VERSION="${node_version}"
  REPLAYER reapmark_node_replayer)

# Go.
find_program(GO go)
if(REAPMARK_OPTIONAL AND GO)
  execute_process(COMMAND ${GO} env GOVERSION OUTPUT_VARIABLE go_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^go" "Go " go_version "${go_version}")
  set(replayer ${replayers}/go)
  file(GLOB go_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/go/*.go)
  add_custom_command(
    OUTPUT ${replayer}
    COMMAND ${CMAKE_COMMAND} -E env GOFLAGS=-trimpath CGO_ENABLED=0 GO111MODULE=off
            GOCACHE=${CMAKE_CURRENT_BINARY_DIR}/go-cache
            ${GO} build -ldflags=-s -o ${replayer} ${go_sources} # without symbols
    DEPENDS ${go_sources}
    COMMENT "Compiling the replayer for Go"
    VERBATIM)
  add_custom_target(reapmark_go_replayer DEPENDS ${replayer})
  install(PROGRAMS ${replayer} DESTINATION lib/reapmark/collectors/replayers
          COMPONENT reapmark-go OPTIONAL)
endif()
reapmark_add_runtime(
  FOUND "${GO}" PACKAGE golang-go NAME go SOURCES go/go.c
  DEFINITIONS GO_VERSION="${go_version}" REPLAYER reapmark_go_replayer)
