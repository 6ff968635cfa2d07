# Every workload over a grid of small parameters against a collector that is
# slow and exact, once for each declaration that a collector can make.
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/model-collector)
set(measured ${REAPMARK_WORKLOADS})
list(REMOVE_ITEM measured fuzz replay) # what they leave is not known beforehand
foreach(workload IN LISTS measured)
  add_test(
    NAME workload-${workload}
    COMMAND
      ${CMAKE_COMMAND} -DPROGRAMS=${CMAKE_BINARY_DIR}/tests/model
      -DWORKLOAD=${workload} -P
      ${CMAKE_CURRENT_LIST_DIR}/workloads/expectations.cmake)
  set_tests_properties(workload-${workload} PROPERTIES TIMEOUT 300)
endforeach()
