# The driver and its reports.
reapmark_test(driver-plan SOURCES driver/plan.c LIBRARIES reapmark_driver)
reapmark_test(driver-spawn SOURCES driver/spawn.c LIBRARIES reapmark_driver)
reapmark_test(driver-doctor SOURCES driver/doctor.c LIBRARIES reapmark_driver)
reapmark_test(report SOURCES driver/report.c LIBRARIES reapmark_report)

# The driver as users have it, with scripted collectors that measure nothing.
foreach(
  behaviour
  run
  failures_cost_one_cell
  not_applicable
  turns
  dry_run
  usage_errors
  nothing_matches
  suite_errors
  suites
  suite_selection
  suite_collectors
  targets
  targets_selection
  targets_of_failures
  target_errors
  discovery
  resume_after_kill
  resume_cut_short
  resume_damaged
  resume_other_plan
  interrupt
  nohup
  locked
  unwritable
  full_disk
  progress
  environment
  report_formats
  compare_difference
  compare_failures
  compare_nothing
  compare_formats
  compare_usage
  compare_collectors
  compare_against_itself
  stability
  until_ci
  until_ci_budget)
  add_test(NAME driver-${behaviour}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/driver/end-to-end.sh
                   $<TARGET_FILE:reapmark> ${behaviour})
  set_tests_properties(driver-${behaviour} PROPERTIES TIMEOUT 300)
endforeach()
