# `cmake --install` installs the driver, the collectors, the suites, the docs, and a CMake
# package with which another project makes workloads, models and collectors
# (docs/own-project.md).  The components are those of the Debian packages
# (docs/packages.md): reapmark, reapmark-RUNTIME for the adapters by what they depend on,
# reapmark-dev, and gbench and gbench-dev of harness/gbench.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/reapmark)
set(library_dir ${CMAKE_INSTALL_LIBDIR}/reapmark)
set(share_dir ${CMAKE_INSTALL_DATADIR}/reapmark)
# Sources and headers keep their places relative to each other, because the other
# project compiles timed workloads, micro benchmarks and models for its collectors.
set(source_dir ${share_dir}/source)

install(TARGETS reapmark RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT reapmark)
get_property(programs GLOBAL PROPERTY REAPMARK_COLLECTOR_PROGRAMS)
# What adapters need besides the C library, which `malloc` and `malloc-jemalloc` do not:
# those of one runtime are a component.
set(runtimes bdwgc cpython go gobject lua mimalloc node ocaml openjdk php ruby whippet)
foreach(program IN LISTS programs)
  string(REGEX REPLACE "^reapmark-collector-" "" name ${program})
  set(component reapmark)
  foreach(runtime IN LISTS runtimes)
    if(name MATCHES "(^|-)${runtime}(-|$)")
      set(component reapmark-${runtime})
      set_property(GLOBAL APPEND PROPERTY REAPMARK_RUNTIME_COMPONENTS ${component})
    endif()
  endforeach()
  # The driver looks for them here, relative to itself.
  install(TARGETS ${program} RUNTIME DESTINATION lib/reapmark/collectors
                                     COMPONENT ${component})
endforeach()
install(FILES ${REAPMARK_COLLECTOR_DIR}/not-built
        DESTINATION lib/reapmark/collectors COMPONENT reapmark)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/workloads/suites
        DESTINATION ${share_dir} COMPONENT reapmark)
# The pages keep their places relative to each other, for the links in them.
set(pages README.md)
foreach(folder docs collectors workloads results/reference)
  file(GLOB_RECURSE found RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/${folder}/*.md)
  list(APPEND pages ${found})
endforeach()
foreach(page IN LISTS pages ITEMS results/schema.md)
  get_filename_component(folder ${page} DIRECTORY)
  install(FILES ${PROJECT_SOURCE_DIR}/${page}
          DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder} COMPONENT reapmark)
endforeach()

install(
  TARGETS reapmark_cell reapmark_stats reapmark_base
          reapmark_record reapmark_trace reapmark_heap reapmark_common reapmark_workloads
  EXPORT reapmark-targets
  ARCHIVE DESTINATION ${library_dir} COMPONENT reapmark-dev)
install(FILES ${JEMALLOC_PREFIXED} DESTINATION ${library_dir} COMPONENT reapmark-dev)
install(
  EXPORT reapmark-targets
  NAMESPACE reapmark::
  DESTINATION ${package_dir} COMPONENT reapmark-dev)

foreach(folder collectors harness/cell harness/record harness/stats harness/trace harness/heap
               harness/base)
  install(
    DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/
    DESTINATION ${source_dir}/${folder} COMPONENT reapmark-dev
    FILES_MATCHING
    PATTERN "*.h")
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/workloads/
        DESTINATION ${source_dir}/workloads COMPONENT reapmark-dev
        FILES_MATCHING PATTERN "*.[ch]")
# install_sources(LIST FILE...): installs files of the source tree in the same
# folders, and sets LIST to their paths below source_dir.
function(install_sources list)
  set(paths "")
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${file})
    get_filename_component(folder ${path} DIRECTORY)
    install(FILES ${file} DESTINATION ${source_dir}/${folder} COMPONENT reapmark-dev)
    list(APPEND paths ${path})
  endforeach()
  set(${list} ${paths} PARENT_SCOPE)
endfunction()
install_sources(installed_cell ${REAPMARK_CELL_SOURCES})
install_sources(installed_workloads ${REAPMARK_WORKLOAD_SOURCES})
install_sources(installed_operations ${REAPMARK_OPERATION_SOURCES})
get_property(sources GLOBAL PROPERTY REAPMARK_MODEL_SOURCES)
list(REMOVE_DUPLICATES sources)
install_sources(installed_models ${sources})
install_sources(conformance ${PROJECT_SOURCE_DIR}/tests/collectors/conformance.c
                            ${PROJECT_SOURCE_DIR}/tests/collectors/rig.h)

get_property(installed_models GLOBAL PROPERTY REAPMARK_ALL_MODELS)
get_property(model_lines GLOBAL PROPERTY REAPMARK_MODEL_LINES)
configure_package_config_file(
  reapmark-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/reapmark-config.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS source_dir library_dir)
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/reapmark-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${CMAKE_CURRENT_BINARY_DIR}/reapmark-config.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/reapmark-config-version.cmake
        ReapmarkCollector.cmake ${PROJECT_SOURCE_DIR}/workloads/ReapmarkWorkload.cmake
  DESTINATION ${package_dir} COMPONENT reapmark-dev)
