# Adapters to production runtimes.  An adapter is built if what it needs is found.  The
# names of the others are printed by the configuration and written to the file
# `not-built` beside the collector programs, each with what it needs, from which
# `reapmark list` and `reapmark doctor` tell them.  Without REAPMARK_OPTIONAL no adapter
# is built.
set(not_built "")

# reapmark_needs(OUT PACKAGES WORDS): what an adapter needs, as the words that follow
# "it needs": WORDS if there are any, and else the Debian packages.
function(reapmark_needs out packages words)
  if(NOT REAPMARK_OPTIONAL)
    set(words "-DREAPMARK_OPTIONAL=ON")
  elseif(NOT words AND packages MATCHES " ")
    set(words "packages ${packages}")
  elseif(NOT words)
    set(words "package ${packages}")
  endif()
  set(${out} "${words}" PARENT_SCOPE)
endfunction()

# reapmark_not_built(NAME NEEDS): the adapter is left out, and named.
macro(reapmark_not_built name needs)
  set(not_built "${not_built}${name} ${needs}\n" PARENT_SCOPE)
  if(wanted_collectors)
    message(FATAL_ERROR "REAPMARK_COLLECTORS: ${name} cannot be built: it needs ${needs}")
  endif()
  message(STATUS "Collector ${name} left out: it needs ${needs}")
endmacro()

# reapmark_add_adapter(FOUND condition PACKAGE debian-packages [NEEDS words]
#                      [REFUSES sanitizer... WHY reason] [BY_HAND]
#                      NAME ... as reapmark_add_collector)
#
# NEEDS says what is needed where that is no package, such as another version.
# REFUSES lists the sanitizers under which the adapter cannot run.  BY_HAND makes a
# diagnostic: its workloads are written by hand for the runtime (by-hand/by-hand.h).
set(by_hand_workloads binary-trees cycles list-drop requests)
function(reapmark_add_adapter)
  cmake_parse_arguments(A "BY_HAND" "FOUND;PACKAGE;NEEDS;NAME;WHY" "REFUSES" ${ARGN})
  reapmark_wanted(wanted ${A_NAME})
  if(NOT wanted)
    return()
  endif()
  string(REPLACE "," "|" sanitizers "${REAPMARK_SANITIZE}")
  list(FILTER A_REFUSES INCLUDE REGEX "^(${sanitizers})$")
  if(NOT REAPMARK_OPTIONAL OR NOT A_FOUND)
    reapmark_needs(needs "${A_PACKAGE}" "${A_NEEDS}")
    reapmark_not_built(${A_NAME} "${needs}")
    return()
  endif()
  if(A_REFUSES)
    if(wanted_collectors)
      message(FATAL_ERROR "REAPMARK_COLLECTORS: ${A_NAME} cannot be built: ${A_WHY}")
    endif()
    message(STATUS "Collector ${A_NAME} left out: ${A_WHY}")
    return()
  endif()
  if(A_BY_HAND)
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
  else()
    reapmark_add_collector(NAME ${A_NAME} ${A_UNPARSED_ARGUMENTS})
    set_property(GLOBAL APPEND PROPERTY REAPMARK_ADAPTERS ${A_NAME})
    if(TARGET reapmark-collector-oracle)
      # The driver needs the oracle to find out what a runtime's interface costs.
      add_dependencies(reapmark-collector-${A_NAME} reapmark-collector-oracle)
    endif()
  endif()
endfunction()

# reapmark_version(OUT NAME KNOWN FOUND): words for NEEDS if the version FOUND is
# installed, but the adapter is only written for KNOWN; empty if none is installed.
function(reapmark_version out name known found)
  set(${out} "" PARENT_SCOPE)
  if(found)
    set(${out} "${name} ${known}, and ${found} is installed" PARENT_SCOPE)
  endif()
endfunction()

# mimalloc: 2 and 3 have the functions in common that are used.  The whole version is
# only in the header, as 209 for 2.0.9, or as 30210 for 3.2.10.
find_package(mimalloc QUIET)
if(mimalloc_FOUND)
  get_target_property(header mimalloc INTERFACE_INCLUDE_DIRECTORIES)
  file(STRINGS ${header}/mimalloc.h number REGEX "define +MI_MALLOC_VERSION")
  string(REGEX REPLACE ".*VERSION +([0-9]+).*" "\\1" number "${number}")
  set(base 10)
  if(number GREATER 9999)
    set(base 100)
  endif()
  math(EXPR major "${number} / (${base} * ${base})")
  math(EXPR minor "${number} / ${base} % ${base}")
  math(EXPR patch "${number} % ${base}")
endif()
set(mimalloc
    FOUND "${mimalloc_FOUND}" PACKAGE libmimalloc-dev
    LIBRARIES mimalloc
    SOURCE_DEFINITIONS MALLOC_VERSION="${major}.${minor}.${patch}"
    REFUSES address thread
    WHY "it replaces malloc, and so does the sanitizer")
set(malloc_files HEADER malloc/malloc.h SOURCES malloc/malloc.c)
file(STRINGS ${JEMALLOC_INCLUDE}/jemalloc/jemalloc.h number
     REGEX "define +JEMALLOC_VERSION +\"")
string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" number "${number}")
set(jemalloc SOURCE_DEFINITIONS MALLOC_VERSION="${number}" DEFINITIONS MALLOC_JEMALLOC=1)
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
    SOURCE_DEFINITIONS BDWGC_VERSION="${BDWGC_VERSION}"
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
set(ocaml_needs "")
if(OCAMLOPT)
  execute_process(COMMAND ${OCAMLOPT} -where OUTPUT_VARIABLE ocaml_where
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${OCAMLOPT} -version OUTPUT_VARIABLE ocaml_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  # The layout of OCaml 5's heap is in no header of its own, and may change.
  if(ocaml_version VERSION_LESS 4.13 OR ocaml_version VERSION_GREATER_EQUAL 5.5)
    reapmark_version(ocaml_needs OCaml "4.13 to 5.4" ${ocaml_version})
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
reapmark_add_adapter(FOUND "${OCAMLOPT}" PACKAGE ocaml NEEDS "${ocaml_needs}"
                     NAME ocaml HEADER ocaml/ocaml.h SOURCES ocaml/ocaml.c
                     LIBRARIES reapmark_ocaml)

# Ruby, the newest version that is installed.
set(ruby_version "")
foreach(version 3.4 3.3 3.2 3.1)
  pkg_check_modules(RUBY_${version} QUIET IMPORTED_TARGET ruby-${version})
  if(RUBY_${version}_FOUND)
    pkg_get_variable(ruby_version ruby-${version} RUBY_PROGRAM_VERSION)
    set(ruby PkgConfig::RUBY_${version})
    break()
  endif()
endforeach()
reapmark_add_adapter(
  FOUND "${ruby_version}" PACKAGE ruby-dev
  REFUSES thread
  WHY "it scans the stack, where the sanitizer leaves stale words"
  NAME ruby HEADER ruby/mri.h SOURCES
  ruby/mri.c SOURCE_DEFINITIONS MRI_VERSION="${ruby_version}" LIBRARIES ${ruby})

# PHP, the newest version whose headers and library are both installed.
find_program(PHP_CONFIG NAMES php-config8.4 php-config8.3 php-config8.2 php-config)
set(PHP_FOUND FALSE)
set(php_needs "")
if(PHP_CONFIG)
  execute_process(COMMAND ${PHP_CONFIG} --include-dir OUTPUT_VARIABLE php_include
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${PHP_CONFIG} --vernum OUTPUT_VARIABLE php_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^([0-9]+)0([0-9])..$" "\\1.\\2" php_release "${php_version}")
  find_library(PHP_EMBED NAMES php${php_release} php)
  # The inline half repeats the layouts of PHP 8.2 to 8.4.
  if(php_version LESS 80200 OR php_version GREATER_EQUAL 80500)
    reapmark_version(php_needs PHP "8.2 to 8.4" ${php_release})
  elseif(PHP_EMBED AND EXISTS ${php_include}/sapi/embed/php_embed.h)
    set(PHP_FOUND TRUE)
    add_library(reapmark_php INTERFACE)
    target_include_directories(
      reapmark_php SYSTEM INTERFACE ${php_include} ${php_include}/main
                                    ${php_include}/TSRM ${php_include}/Zend)
    target_link_libraries(reapmark_php INTERFACE ${PHP_EMBED})
    # Debian's tools cannot tell which package has this library.
    set_property(GLOBAL PROPERTY REAPMARK_DEPENDS_php libphp${php_release}-embed)
  endif()
endif()
reapmark_add_adapter(
  FOUND "${PHP_FOUND}" PACKAGE "libphp-embed php-dev" NEEDS "${php_needs}" NAME php
  HEADER php/php-node.h SOURCES php/php-node.c LIBRARIES reapmark_php)

pkg_check_modules(LUA IMPORTED_TARGET lua5.4)
reapmark_add_adapter(
  FOUND "${LUA_FOUND}" PACKAGE liblua5.4-dev
  NAME lua HEADER lua/userdata.h SOURCES lua/userdata.c
  LIBRARIES PkgConfig::LUA)

pkg_check_modules(GOBJECT IMPORTED_TARGET gobject-2.0)
reapmark_add_adapter(
  FOUND "${GOBJECT_FOUND}" PACKAGE libglib2.0-dev
  NAME gobject HEADER gobject/node.h SOURCES gobject/node.c
  SOURCE_DEFINITIONS GOBJECT_VERSION="${GOBJECT_VERSION}"
  LIBRARIES PkgConfig::GOBJECT
  REFUSES thread
  WHY "GLib orders threads by atomics and locks that the sanitizer cannot see")

include(whippet/whippet.cmake)
include(runtimes.cmake)

file(CONFIGURE OUTPUT ${REAPMARK_COLLECTOR_DIR}/not-built CONTENT
     "${not_built}" @ONLY)
