# The rule of the conditions growth-SHAPE.
reapmark_test(stress-growth SOURCES stress/growth.c LIBRARIES reapmark_driver)

# The command that looks for bugs, with scripted collectors.
reapmark_script(stress stress/end-to-end.sh ARGS $<TARGET_FILE:reapmark>)

# The same command with real collectors.  (scripts/test.sh runs it at length under
# sanitizers.)
set(toys ${CMAKE_BINARY_DIR}/tests/toys)
add_subdirectory(stress/toy)
set(seeded_bugs seeded_bugs seeded_bugs_name_conditions seeded_bugs_of_races_and_costs
                seeded_bugs_of_several_markers seeded_bugs_of_flags)
set(except ${seeded_bugs})
if(NOT TARGET reapmark-collector-gobject)
  list(APPEND except shallow)
endif()
if(REAPMARK_SANITIZE)
  # They see the bug of toy-broken before the comparisons do, and are slow.
  list(APPEND except toy_broken collectors whole_campaign)
endif()
reapmark_script(
  stress stress/real.sh ARGS $<TARGET_FILE:reapmark> ${toys} EXCEPT ${except}
  NEEDS
    collectors=models
    whole_campaign=refcount-atomic,generational-copying
    same_again=mark-sweep,mark-sweep-concurrent,semispace,immix
    alone=mark-sweep,semispace,immix,generational-copying
    scarcity=mark-sweep,mark-sweep-incremental,mark-sweep-concurrent,generational,generational-copying,semispace,immix
    volleys=mark-sweep-incremental,mark-sweep-concurrent,generational
  SLOW collectors whole_campaign alone scarcity volleys)

# A selection of the seeded bugs, whose programs are made for it.
if(NOT REAPMARK_SANITIZE)
  reapmark_register(
    build-mutants LABEL slow NEEDS models
    COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target mutants
    PROPERTIES FIXTURES_SETUP mutants TIMEOUT 900)
  foreach(test IN LISTS seeded_bugs)
    reapmark_register(
      stress-${test} LABEL slow NEEDS models
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/stress/real.sh $<TARGET_FILE:reapmark> ${toys}
              ${test}
      PROPERTIES FIXTURES_REQUIRED mutants)
  endforeach()
endif()
