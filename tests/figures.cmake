# Figures for publication: utilisation, overhead, heap sweeps.
reapmark_test(mmu SOURCES figures/mmu.c LIBRARIES reapmark::stats m)
reapmark_test(lbo SOURCES figures/lbo.c LIBRARIES reapmark::stats m)
reapmark_test(sweep SOURCES figures/sweep.c LIBRARIES reapmark_driver)
reapmark_test(figure-tables SOURCES figures/tables.c LIBRARIES reapmark_report)

reapmark_script(
  figures figures/end-to-end.sh
  ARGS $<TARGET_FILE:reapmark> ${CMAKE_BINARY_DIR}/tests/collectors
  NEEDS canary=models canary_between=models until_ci_canary=models suites=models
        plot=models describe_threads=oracle
  SLOW minheap_again canary canary_between until_ci_canary suites plot)
