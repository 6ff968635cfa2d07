# The installed package gbench (README.md): the target gbench::gbench and, where the
# development files of Google Benchmark are, gbench::static.
include(${CMAKE_CURRENT_LIST_DIR}/gbench-targets.cmake)
set(gbench_shared_FOUND TRUE)

# The static library is linked with Google Benchmark, and by the C++ compiler.
find_package(benchmark QUIET)
set(gbench_static_FOUND ${benchmark_FOUND})
if(benchmark_FOUND)
  include(${CMAKE_CURRENT_LIST_DIR}/gbench-static-targets.cmake)
endif()
foreach(component IN LISTS gbench_FIND_COMPONENTS)
  if(gbench_FIND_REQUIRED_${component} AND NOT gbench_${component}_FOUND)
    set(gbench_FOUND FALSE)
    set(gbench_NOT_FOUND_MESSAGE
        "component ${component}: there are shared and static, and static needs Google Benchmark")
  endif()
endforeach()
