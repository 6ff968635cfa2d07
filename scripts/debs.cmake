# The Debian packages that cpack makes of a build (docs/packages.md); scripts/debs.sh
# configures a build for them.
include(GNUInstallDirs)
set(REAPMARK_MAINTAINER "" CACHE STRING
    "maintainer of the packages, NAME <ADDRESS>; empty: DEBFULLNAME and DEBEMAIL")
set(maintainer "${REAPMARK_MAINTAINER}")
if(NOT maintainer AND DEFINED ENV{DEBEMAIL} AND DEFINED ENV{DEBFULLNAME})
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
elseif(NOT maintainer)
  set(maintainer "The Reapmark authors <reapmark@localhost.localdomain>")
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME reapmark)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGE_CONTACT "${maintainer}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)

# The history that Debian's tools want, and the licence, with each package.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(changelog ${CMAKE_BINARY_DIR}/changelog/changelog)
file(WRITE ${changelog} "reapmark (${PROJECT_VERSION}) unstable; urgency=medium

  * What changed is told by the history of the repository.

 -- ${maintainer}  ${date}
")
if(GZIP)
  execute_process(COMMAND ${GZIP} -9nf ${changelog})
  string(APPEND changelog .gz)
endif()

set(debs "")
# reapmark_deb(COMPONENT PACKAGE SUMMARY TEXT [SECTION section] [DEPENDS text]
#              [RECOMMENDS text] [SUGGESTS text]): one package.  The lines of TEXT have
# 79 columns at most, as Debian wants them.
function(reapmark_deb component package summary text)
  cmake_parse_arguments(D "" "SECTION;DEPENDS;RECOMMENDS;SUGGESTS" "" ${ARGN})
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_COMPONENT_${key}_DESCRIPTION "${summary}\n${text}" PARENT_SCOPE)
  if(D_SECTION)
    set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${D_SECTION} PARENT_SCOPE)
  endif()
  foreach(field DEPENDS RECOMMENDS SUGGESTS)
    if(D_${field})
      set(CPACK_DEBIAN_${key}_PACKAGE_${field} "${D_${field}}" PARENT_SCOPE)
    endif()
  endforeach()
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${package})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${folder} RENAME copyright
          COMPONENT ${component})
  install(FILES ${changelog} DESTINATION ${folder} COMPONENT ${component})
  set(debs ${debs} ${component} PARENT_SCOPE)
endfunction()

set(same "(= ${PROJECT_VERSION})")
reapmark_deb(
  reapmark reapmark "benchmark and stress-test suite for garbage collectors"
  "Runs the same deterministic workloads on reference counting, cycle
collection and tracing garbage collectors, each run in a process of its own,
checks that exactly the right objects survived, and records throughput, pauses
and memory in tables.
.
This package has the driver, the collectors of the project, and malloc with
explicit freeing."
  SUGGESTS "reapmark-dev, gnuplot-nox, valgrind")
get_property(runtimes GLOBAL PROPERTY REAPMARK_RUNTIME_COMPONENTS)
list(REMOVE_DUPLICATES runtimes)
# What programs start that they are not linked with.
set_property(GLOBAL PROPERTY REAPMARK_DEPENDS_openjdk default-jre-headless)
set_property(GLOBAL PROPERTY REAPMARK_DEPENDS_node nodejs)
foreach(component IN LISTS runtimes)
  string(REGEX REPLACE "^reapmark-" "" runtime ${component})
  get_property(needs GLOBAL PROPERTY REAPMARK_DEPENDS_${runtime})
  list(PREPEND needs "reapmark ${same}")
  list(JOIN needs ", " needs)
  reapmark_deb(
    ${component} ${component} "garbage collector suite Reapmark: ${runtime}"
    "The adapters of Reapmark, a benchmark and stress-test suite for garbage
collectors, to the memory manager of ${runtime}, on which the same workloads
run as on the models of the suite."
    DEPENDS "${needs}")
endforeach()
reapmark_deb(
  reapmark-dev reapmark-dev "garbage collector suite Reapmark: development files"
  "What a project needs to make collectors, models and workloads of its own for
Reapmark, a benchmark and stress-test suite for garbage collectors: the
sources that workloads and models are compiled from, libraries, and a CMake
package."
  SECTION libdevel
  DEPENDS "reapmark ${same}, libgbench-dev, cmake, g++, pkgconf | pkg-config, libhwloc-dev, libjansson-dev, libzstd-dev, zlib1g-dev"
  SUGGESTS "libcmocka-dev, ninja-build")
get_target_property(soversion gbench SOVERSION)
set(gbench_text "A plain C header for the timing engine of Google Benchmark, which finds out
how often a loop must run to be timed well, and writes JSON that its own tools
and many others read.")
reapmark_deb(gbench libgbench${soversion} "Google Benchmark from C: the shared library"
             "${gbench_text}" SECTION libs)
reapmark_deb(
  gbench-dev libgbench-dev "Google Benchmark from C: development files" "${gbench_text}"
  SECTION libdevel DEPENDS "libgbench${soversion} ${same}, libbenchmark-dev")
set(CPACK_COMPONENTS_ALL ${debs})
include(CPack)
