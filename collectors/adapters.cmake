# Adapters to production runtimes.  An adapter is built if the package that it needs is
# found.  The names of the others are printed by the configuration and written to the
# file `not-built` beside the collector programs, from which `reapmark list` and
# `reapmark doctor` tell them.  Without REAPMARK_OPTIONAL no adapter is built.
set(not_built "")

# reapmark_not_built(NAME PACKAGE): for the lack of packages.
macro(reapmark_not_built name package)
  set(not_built "${not_built}${name} ${package}\n" PARENT_SCOPE)
  if(wanted_collectors)
    message(FATAL_ERROR "REAPMARK_COLLECTORS: ${name} cannot be built: it needs ${package}")
  endif()
  message(STATUS "Collector ${name} left out: it needs ${package}")
endmacro()

# reapmark_add_adapter(FOUND condition PACKAGE debian-packages
#                      [REFUSES sanitizer... WHY reason] [BY_HAND]
#                      NAME ... as reapmark_add_collector)
#
# REFUSES lists the sanitizers under which the adapter cannot run.  BY_HAND makes a
# diagnostic: its workloads are written by hand for the runtime (by-hand/by-hand.h).
set(by_hand_workloads binary-trees cycles list-drop requests)
function(reapmark_add_adapter)
  cmake_parse_arguments(A "BY_HAND" "FOUND;PACKAGE;NAME;WHY" "REFUSES" ${ARGN})
  reapmark_wanted(wanted ${A_NAME})
  if(NOT wanted)
    return()
  endif()
  string(REPLACE "," "|" sanitizers "${REAPMARK_SANITIZE}")
  list(FILTER A_REFUSES INCLUDE REGEX "^(${sanitizers})$")
  set(reason "")
  if(NOT REAPMARK_OPTIONAL)
    set(A_FOUND FALSE)
    set(A_PACKAGE "${A_PACKAGE} REAPMARK_OPTIONAL=ON")
    string(STRIP "${A_PACKAGE}" A_PACKAGE)
  endif()
  if(NOT A_FOUND)
    set(reason "it needs ${A_PACKAGE}")
    set(not_built "${not_built}${A_NAME} ${A_PACKAGE}\n" PARENT_SCOPE)
  elseif(A_REFUSES)
    set(reason "${A_WHY}")
  endif()
  if(NOT reason AND A_BY_HAND)
    list(TRANSFORM by_hand_workloads REPLACE "(.+)" "${CMAKE_CURRENT_SOURCE_DIR}/by-hand/\\1.c"
         OUTPUT_VARIABLE REAPMARK_WORKLOAD_SOURCES)
    set(table ${CMAKE_CURRENT_BINARY_DIR}/by-hand/${A_NAME}.c)
    reapmark_write_table(${table} ${by_hand_workloads})
    list(APPEND REAPMARK_WORKLOAD_SOURCES ${table})
    list(FILTER REAPMARK_CELL_SOURCES EXCLUDE REGEX "micro\\.c$")
    list(APPEND REAPMARK_CELL_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/common/hostile/no-micro.c)
    set(REAPMARK_OPERATION_SOURCES "")
    set(REAPMARK_WORKLOAD_LIBRARIES "")
    reapmark_add_collector(NAME ${A_NAME} ${A_UNPARSED_ARGUMENTS})
  elseif(NOT reason)
    reapmark_add_collector(NAME ${A_NAME} ${A_UNPARSED_ARGUMENTS})
    set_property(GLOBAL APPEND PROPERTY REAPMARK_ADAPTERS ${A_NAME})
    if(TARGET reapmark-collector-oracle)
      # The driver needs the oracle to find out what a runtime's interface costs.
      add_dependencies(reapmark-collector-${A_NAME} reapmark-collector-oracle)
    endif()
  elseif(wanted_collectors)
    message(FATAL_ERROR "REAPMARK_COLLECTORS: ${A_NAME} cannot be built: ${reason}")
  else()
    message(STATUS "Collector ${A_NAME} left out: ${reason}")
  endif()
endfunction()

find_package(mimalloc QUIET)
set(mimalloc
    FOUND "${mimalloc_FOUND}" PACKAGE libmimalloc-dev
    LIBRARIES mimalloc
    REFUSES address thread
    WHY "it replaces malloc, and so does the sanitizer")
set(malloc_files HEADER malloc/malloc.h SOURCES malloc/malloc.c)
set(jemalloc DEFINITIONS MALLOC_JEMALLOC=1)
reapmark_add_adapter(FOUND TRUE NAME malloc ${malloc_files})
reapmark_add_adapter(FOUND TRUE NAME malloc-jemalloc ${malloc_files} ${jemalloc})
reapmark_add_adapter(NAME malloc-mimalloc ${mimalloc} ${malloc_files} DEFINITIONS
                     MALLOC_MIMALLOC=1)
set(malloc_by_hand HEADER by-hand/malloc.h SOURCES malloc/malloc.c by-hand/malloc.c
                   BY_HAND)
reapmark_add_adapter(FOUND TRUE NAME by-hand-malloc ${malloc_by_hand} DEFINITIONS
                     MALLOC_BY_HAND=1)
reapmark_add_adapter(FOUND TRUE NAME by-hand-malloc-jemalloc ${malloc_by_hand}
                     ${jemalloc} MALLOC_BY_HAND=1)
reapmark_add_adapter(NAME by-hand-malloc-mimalloc ${mimalloc} ${malloc_by_hand}
                     DEFINITIONS MALLOC_MIMALLOC=1 MALLOC_BY_HAND=1)

pkg_check_modules(BDWGC IMPORTED_TARGET bdw-gc>=8.2)
set(bdwgc
    FOUND "${BDWGC_FOUND}" PACKAGE libgc-dev
    LIBRARIES PkgConfig::BDWGC
    REFUSES address thread
    WHY "it reads other threads' stacks and stops them by signals")
set(bdwgc_files HEADER bdwgc/bdwgc.h SOURCES bdwgc/bdwgc.c)
reapmark_add_adapter(NAME bdwgc ${bdwgc} ${bdwgc_files})
reapmark_add_adapter(NAME bdwgc-exact ${bdwgc} ${bdwgc_files} DEFINITIONS BDWGC_EXACT=1)
reapmark_add_adapter(
  NAME by-hand-bdwgc ${bdwgc} BY_HAND
  HEADER by-hand/bdwgc.h SOURCES bdwgc/bdwgc.c by-hand/bdwgc.c
  DEFINITIONS BDWGC_BY_HAND=1)

# CPython: the system's version is `cpython`, each other one that is installed
# `cpython-VERSION`.
include(cpython/versions.cmake)
find_cpython_versions(cpython_version cpython_others)
set(cpython_files HEADER cpython/cpython.h SOURCES cpython/cpython.c)
foreach(version IN LISTS cpython_others)
  pkg_get_variable(home python-${version}-embed prefix)
  reapmark_add_adapter(
    FOUND TRUE NAME cpython-${version} ${cpython_files} LIBRARIES
    PkgConfig::CPYTHON_${version} SOURCE_DEFINITIONS CPYTHON_HOME="${home}"
    CPYTHON_NAME="cpython-${version}")
endforeach()
if(cpython_version)
  pkg_get_variable(cpython_home python-${cpython_version}-embed prefix)
endif()
set(cpython
    FOUND "${cpython_version}" PACKAGE python3-dev
    LIBRARIES PkgConfig::CPYTHON_${cpython_version})
set(cpython_home CPYTHON_HOME="${cpython_home}")
reapmark_add_adapter(NAME cpython ${cpython} ${cpython_files} SOURCE_DEFINITIONS
                     ${cpython_home})
reapmark_add_adapter(NAME cpython-refcount ${cpython} ${cpython_files} SOURCE_DEFINITIONS
                     ${cpython_home} CPYTHON_PLAIN=1)
reapmark_add_adapter(
  NAME by-hand-cpython ${cpython} BY_HAND
  HEADER by-hand/cpython.h SOURCES cpython/cpython.c by-hand/cpython.c
  DEFINITIONS CPYTHON_BY_HAND=1 SOURCE_DEFINITIONS ${cpython_home})

# OCaml's runtime and the few lines of OCaml that the adapter needs, as one object.
find_program(OCAMLOPT ocamlopt)
if(OCAMLOPT)
  execute_process(COMMAND ${OCAMLOPT} -where OUTPUT_VARIABLE ocaml_where
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${OCAMLOPT} -version OUTPUT_VARIABLE ocaml_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  # From OCaml 5.0 on the runtime is another one.
  if(ocaml_version VERSION_LESS 4.13 OR ocaml_version VERSION_GREATER_EQUAL 5)
    set(OCAMLOPT OCAMLOPT-NOTFOUND)
  endif()
endif()
if(OCAMLOPT)
  set(OCAML_OBJECT ${CMAKE_CURRENT_BINARY_DIR}/ocaml-runtime.o)
  set(ocaml_source ${CMAKE_CURRENT_SOURCE_DIR}/ocaml/died.ml)
  add_custom_command(
    OUTPUT ${OCAML_OBJECT}
    COMMAND ${CMAKE_COMMAND} -E copy ${ocaml_source} died.ml
    COMMAND ${OCAMLOPT} -output-complete-obj -o ${OCAML_OBJECT} died.ml
    DEPENDS ${ocaml_source}
    COMMENT "Building OCaml's runtime"
    VERBATIM)
  add_custom_target(reapmark_ocaml_object DEPENDS ${OCAML_OBJECT})
  add_library(reapmark_ocaml STATIC IMPORTED GLOBAL)
  set_target_properties(
    reapmark_ocaml PROPERTIES IMPORTED_LOCATION ${OCAML_OBJECT}
                              INTERFACE_INCLUDE_DIRECTORIES "${ocaml_where}")
  target_link_libraries(reapmark_ocaml INTERFACE m ${CMAKE_DL_LIBS})
  add_dependencies(reapmark_ocaml reapmark_ocaml_object)
endif()
reapmark_add_adapter(FOUND "${OCAMLOPT}" PACKAGE ocaml-nox NAME ocaml HEADER
                     ocaml/ocaml.h SOURCES ocaml/ocaml.c LIBRARIES reapmark_ocaml)

pkg_check_modules(RUBY IMPORTED_TARGET ruby-3.1)
pkg_get_variable(ruby_version ruby-3.1 RUBY_PROGRAM_VERSION)
reapmark_add_adapter(
  FOUND "${RUBY_FOUND}" PACKAGE ruby-dev
  REFUSES thread
  WHY "it scans the stack, where the sanitizer leaves stale words"
  NAME ruby HEADER ruby/mri.h SOURCES
  ruby/mri.c SOURCE_DEFINITIONS MRI_VERSION="${ruby_version}" LIBRARIES PkgConfig::RUBY)

find_program(PHP_CONFIG NAMES php-config8.2 php-config)
find_library(PHP_EMBED NAMES php8.2 php8 php)
set(PHP_FOUND FALSE)
if(PHP_CONFIG AND PHP_EMBED)
  execute_process(COMMAND ${PHP_CONFIG} --include-dir OUTPUT_VARIABLE php_include
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${PHP_CONFIG} --vernum OUTPUT_VARIABLE php_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  # The inline half repeats the layouts of PHP 8.2.
  if(php_version GREATER_EQUAL 80200 AND php_version LESS 80300
     AND EXISTS ${php_include}/sapi/embed/php_embed.h)
    set(PHP_FOUND TRUE)
    add_library(reapmark_php INTERFACE)
    target_include_directories(
      reapmark_php SYSTEM INTERFACE ${php_include} ${php_include}/main
                                    ${php_include}/TSRM ${php_include}/Zend)
    target_link_libraries(reapmark_php INTERFACE ${PHP_EMBED})
  endif()
endif()
reapmark_add_adapter(
  FOUND "${PHP_FOUND}" PACKAGE "libphp-embed php-dev" NAME php HEADER
  php/php-node.h SOURCES php/php-node.c LIBRARIES reapmark_php)

pkg_check_modules(LUA IMPORTED_TARGET lua5.4)
reapmark_add_adapter(
  FOUND "${LUA_FOUND}" PACKAGE liblua5.4-dev
  NAME lua HEADER lua/userdata.h SOURCES lua/userdata.c
  LIBRARIES PkgConfig::LUA)

pkg_check_modules(GOBJECT IMPORTED_TARGET gobject-2.0)
reapmark_add_adapter(
  FOUND "${GOBJECT_FOUND}" PACKAGE libglib2.0-dev
  NAME gobject HEADER gobject/node.h SOURCES gobject/node.c
  LIBRARIES PkgConfig::GOBJECT
  REFUSES thread
  WHY "GLib orders threads by atomics and locks that the sanitizer cannot see")

include(runtimes.cmake)

file(CONFIGURE OUTPUT ${REAPMARK_COLLECTOR_DIR}/not-built CONTENT
     "${not_built}" @ONLY)
