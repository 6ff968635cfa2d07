# `cmake --install` installs the driver, the collectors, the suites, and a CMake package
# with which another project makes collectors for them (collectors/README.md).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/reapmark)
set(library_dir ${CMAKE_INSTALL_LIBDIR}/reapmark)
set(share_dir ${CMAKE_INSTALL_DATADIR}/reapmark)
# Sources and headers keep their places relative to each other, because the other
# project compiles the timed workloads and the micro benchmarks for its collectors.
set(source_dir ${share_dir}/source)

install(TARGETS reapmark RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
get_property(programs GLOBAL PROPERTY REAPMARK_COLLECTOR_PROGRAMS)
# The driver looks for them here, relative to itself.
install(TARGETS ${programs} RUNTIME DESTINATION lib/reapmark/collectors)
install(FILES ${REAPMARK_COLLECTOR_DIR}/not-built
        DESTINATION lib/reapmark/collectors)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/workloads/suites
        DESTINATION ${share_dir})

install(
  TARGETS reapmark_cell reapmark_stats reapmark_base
          reapmark_record reapmark_trace reapmark_heap reapmark_common reapmark_workloads
  EXPORT reapmark-targets
  ARCHIVE DESTINATION ${library_dir})
install(FILES ${JEMALLOC_PREFIXED} DESTINATION ${library_dir})
install(
  EXPORT reapmark-targets
  NAMESPACE reapmark::
  DESTINATION ${package_dir})

foreach(folder collectors/common harness/cell harness/record
               harness/stats harness/trace harness/heap harness/base)
  install(
    DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/
    DESTINATION ${source_dir}/${folder}
    FILES_MATCHING
    PATTERN "*.h")
endforeach()
install(FILES gc.h DESTINATION ${source_dir}/collectors)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/workloads/
        DESTINATION ${source_dir}/workloads
        FILES_MATCHING PATTERN "*.[ch]")
# install_sources(LIST FILE...): installs files of the source tree in the same
# folders, and sets LIST to their paths below source_dir.
function(install_sources list)
  set(paths "")
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${file})
    get_filename_component(folder ${path} DIRECTORY)
    install(FILES ${file} DESTINATION ${source_dir}/${folder})
    list(APPEND paths ${path})
  endforeach()
  set(${list} ${paths} PARENT_SCOPE)
endfunction()
install_sources(installed_cell ${REAPMARK_CELL_SOURCES})
install_sources(installed_workloads ${REAPMARK_WORKLOAD_SOURCES})
install_sources(installed_operations ${REAPMARK_OPERATION_SOURCES})
install(FILES ${REAPMARK_WORKLOAD_TABLE} DESTINATION ${source_dir}/workloads)

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
        ReapmarkCollector.cmake
  DESTINATION ${package_dir})
