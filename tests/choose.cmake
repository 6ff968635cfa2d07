# `reapmark choose`: from a question to a suite, its run and a page.
reapmark_test(schedule SOURCES choose/schedule.c LIBRARIES reapmark_driver)
reapmark_script(
  choose choose/end-to-end.sh ARGS $<TARGET_FILE:reapmark>
  NEEDS missing=mark-sweep sizes=mark-sweep,oracle too_short=mark-sweep
        no_collector_fits=semispace bytes=mark-sweep answer=mark-sweep
        hard_stop=mark-sweep,generational
        answer_for_requests=mark-sweep,generational
  SLOW answer_for_requests hard_stop)
