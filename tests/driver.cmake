# The driver and its reports.
reapmark_test(driver-plan SOURCES driver/plan.c LIBRARIES reapmark_driver)
reapmark_test(driver-options SOURCES driver/options.c LIBRARIES reapmark_driver)
reapmark_test(driver-spawn SOURCES driver/spawn.c LIBRARIES reapmark_driver)
reapmark_test(driver-doctor SOURCES driver/doctor.c LIBRARIES reapmark_driver)
reapmark_test(builds SOURCES driver/builds.c LIBRARIES reapmark_report)
reapmark_test(report SOURCES driver/report.c LIBRARIES reapmark_report)

# The driver as users have it, with scripted collectors that measure nothing.
reapmark_script(driver driver/end-to-end.sh ARGS $<TARGET_FILE:reapmark>)

# What disturbs runs, with a real collector.
reapmark_script(disturbed driver/disturbed.sh ARGS $<TARGET_FILE:reapmark>
                NEEDS *=mark-sweep)
