# Adapters to memory managers that are in use.  Each is built where the package
# that it needs is found; the others are named here, when configuring, and in
# the file `not-built` beside the collector programs, for `reapmark list` and
# `reapmark doctor` to say.
set(not_built "")

# reapmark_add_adapter(FOUND is-there PACKAGE debian-package
#                      NAME ... as reapmark_add_collector)
# REFUSES sanitizers under which it cannot run: WHY.
function(reapmark_add_adapter)
  cmake_parse_arguments(A "" "FOUND;PACKAGE;NAME;WHY" "REFUSES" ${ARGN})
  if(NOT A_FOUND)
    message(STATUS "Collector ${A_NAME} left out: it needs ${A_PACKAGE}")
    set(not_built "${not_built}${A_NAME} ${A_PACKAGE}\n" PARENT_SCOPE)
  elseif("${REAPMARK_SANITIZE}" IN_LIST A_REFUSES)
    message(STATUS "Collector ${A_NAME} left out: ${A_WHY}")
  else()
    reapmark_add_collector(NAME ${A_NAME} ${A_UNPARSED_ARGUMENTS})
    set_property(GLOBAL APPEND PROPERTY REAPMARK_ADAPTERS ${A_NAME})
  endif()
endfunction()

reapmark_add_adapter(FOUND TRUE NAME malloc HEADER malloc/malloc.h SOURCES
                     malloc/malloc.c)
reapmark_add_adapter(
  FOUND TRUE NAME malloc-jemalloc HEADER malloc/malloc.h SOURCES
  malloc/malloc.c DEFINITIONS MALLOC_JEMALLOC=1)
find_package(mimalloc QUIET)
reapmark_add_adapter(
  FOUND "${mimalloc_FOUND}" PACKAGE libmimalloc-dev
  NAME malloc-mimalloc HEADER malloc/malloc.h SOURCES malloc/malloc.c
  DEFINITIONS MALLOC_MIMALLOC=1 LIBRARIES mimalloc
  REFUSES address thread
  WHY "it replaces malloc, and so does the sanitizer")

pkg_check_modules(BDWGC IMPORTED_TARGET bdw-gc>=8.2)
set(bdwgc
    FOUND "${BDWGC_FOUND}" PACKAGE libgc-dev
    HEADER bdwgc/bdwgc.h SOURCES bdwgc/bdwgc.c
    LIBRARIES PkgConfig::BDWGC
    REFUSES address thread
    WHY "it reads other threads' stacks and stops them by signals")
reapmark_add_adapter(NAME bdwgc ${bdwgc})
reapmark_add_adapter(NAME bdwgc-exact ${bdwgc} DEFINITIONS BDWGC_EXACT=1)

pkg_check_modules(CPYTHON IMPORTED_TARGET python-3.11-embed)
pkg_get_variable(cpython_home python-3.11-embed prefix)
set(cpython
    FOUND "${CPYTHON_FOUND}" PACKAGE python3.11-dev
    HEADER cpython/cpython.h SOURCES cpython/cpython.c
    LIBRARIES PkgConfig::CPYTHON)
set(cpython_home CPYTHON_HOME="${cpython_home}")
reapmark_add_adapter(NAME cpython ${cpython} DEFINITIONS ${cpython_home})
reapmark_add_adapter(NAME cpython-refcount ${cpython} DEFINITIONS
                     ${cpython_home} CPYTHON_PLAIN=1)

pkg_check_modules(LUA IMPORTED_TARGET lua5.4)
reapmark_add_adapter(
  FOUND "${LUA_FOUND}" PACKAGE liblua5.4-dev
  NAME lua HEADER lua/userdata.h SOURCES lua/userdata.c
  LIBRARIES PkgConfig::LUA)

file(CONFIGURE OUTPUT ${REAPMARK_COLLECTOR_DIR}/not-built CONTENT
     "${not_built}" @ONLY)
