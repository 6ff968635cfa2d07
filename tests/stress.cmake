# The command that looks for bugs.
foreach(
  behaviour
  passes
  commands
  failure
  shrink
  failure_ends_a_pair
  kinds_of_failure
  race
  resume_after_kill
  time
  time_too_short
  interrupt
  mutants
  mutant_not_caught
  mutants_of_the_sick
  no_mutants
  cannot_take_part
  formats
  usage)
  add_test(NAME stress-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/stress/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${behaviour})
  set_tests_properties(stress-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/stress/toy)

# ... and with real ones.  How long the sanitizers are given says
# scripts/test.sh.
set(behaviours same_again toy toy_broken)
if(REAPMARK_SANITIZE) # which sees the bug before the comparisons do
  set(behaviours same_again toy)
endif()
if(TARGET reapmark-collector-gobject)
  list(APPEND behaviours shallow)
endif()
foreach(behaviour IN LISTS behaviours)
  add_test(NAME stress-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/stress/real.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/toys
                   ${behaviour})
  set_tests_properties(stress-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()
if(NOT REAPMARK_SANITIZE)
  add_test(NAME stress-collectors
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/stress/real.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/toys
                   collectors)
  set_tests_properties(stress-collectors PROPERTIES TIMEOUT 300)

  # A selection of the seeded bugs, whose programs are made for it.
  add_test(NAME build-mutants COMMAND ${CMAKE_COMMAND} --build
                                      ${CMAKE_BINARY_DIR} --target mutants)
  set_tests_properties(build-mutants PROPERTIES FIXTURES_SETUP mutants TIMEOUT
                                                900)
  add_test(NAME stress-seeded_bugs
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/stress/real.sh
                   $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/toys
                   seeded_bugs)
  set_tests_properties(stress-seeded_bugs PROPERTIES FIXTURES_REQUIRED mutants
                                                     TIMEOUT 300)
endif()
