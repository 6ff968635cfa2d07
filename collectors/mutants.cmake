# The same collectors with bugs that can be planted (common/hostile/mutants.h):
# programs of the same names in the folder mutants/, made by the target `mutants`
# only.  They have the workloads `fuzz` and `replay`, which look for bugs, and
# nothing that is timed.  Whatever may hold a bug is compiled anew, and linked in
# place of what the libraries have.
add_library(
  mutant-common OBJECT EXCLUDE_FROM_ALL
  ${reapmark_common_sources} common/hostile/mutants.c common/hostile/no-micro.c
  ${PROJECT_SOURCE_DIR}/harness/cell/build.c
  ${PROJECT_SOURCE_DIR}/harness/cell/options.c
  ${PROJECT_SOURCE_DIR}/harness/cell/pauses.c ${PROJECT_SOURCE_DIR}/harness/cell/phases.c
  ${PROJECT_SOURCE_DIR}/harness/cell/steps.c
  ${PROJECT_SOURCE_DIR}/harness/cell/utilisation.c ${REAPMARK_OPERATION_TABLE})
target_compile_definitions(mutant-common PUBLIC GC_MUTANTS)
target_include_directories(mutant-common PRIVATE ${JEMALLOC_INCLUDE})
target_link_libraries(mutant-common PUBLIC reapmark::workloads reapmark::cell)

add_custom_target(mutants)
get_property(mutants GLOBAL PROPERTY REAPMARK_MUTANTS)
foreach(name IN LISTS mutants)
  get_target_property(sources reapmark-${name} SOURCES)
  set(program mutant-${name})
  add_executable(${program} EXCLUDE_FROM_ALL ${sources} ${REAPMARK_OPERATION_SOURCES})
  target_link_libraries(${program} PRIVATE mutant-common reapmark-${name}-inline)
  set_target_properties(
    ${program} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                          ${CMAKE_BINARY_DIR}/mutants)
  add_dependencies(mutants ${program})
endforeach()
