# The same collectors with bugs that can be planted (common/hostile/mutants.h): programs
# of the same names in the folder mutants/, made by the target `mutants` only.
# Whatever may hold a bug is compiled anew, and linked in place of what the
# libraries have.
add_library(
  mutant-common OBJECT EXCLUDE_FROM_ALL
  ${reapmark_common_sources} common/hostile/mutants.c
  ${PROJECT_SOURCE_DIR}/harness/cell/options.c)
target_compile_definitions(mutant-common PUBLIC GC_MUTANTS)
target_include_directories(mutant-common PRIVATE ${JEMALLOC_INCLUDE})
target_link_libraries(mutant-common PUBLIC reapmark::cell)

add_custom_target(mutants)
get_property(mutants GLOBAL PROPERTY REAPMARK_MUTANTS)
foreach(name IN LISTS mutants)
  foreach(property SOURCES COMPILE_DEFINITIONS COMPILE_OPTIONS)
    get_target_property(${property} reapmark-${name} ${property})
  endforeach()
  set(program mutant-${name})
  add_executable(${program} EXCLUDE_FROM_ALL ${SOURCES} ${REAPMARK_CELL_SOURCES}
                                             ${REAPMARK_WORKLOAD_SOURCES})
  target_compile_definitions(${program} PRIVATE ${COMPILE_DEFINITIONS})
  target_compile_options(${program} PRIVATE ${COMPILE_OPTIONS})
  target_include_directories(${program} PRIVATE ${REAPMARK_INCLUDE_DIRS})
  target_link_libraries(${program} PRIVATE mutant-common)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                          ${CMAKE_BINARY_DIR}/mutants)
  add_dependencies(mutants ${program})
endforeach()
