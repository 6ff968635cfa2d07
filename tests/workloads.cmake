# Every workload over a grid of small parameters against a collector that is slow and
# exact, once for each declaration that a collector can make.
set(measured ${REAPMARK_WORKLOADS})
# What these leave, or how much they hold, is not known beforehand.
list(REMOVE_ITEM measured fuzz replay trace scarcity volleys)
list(REMOVE_ITEM measured races races-weak) # nor who makes which objects: below
foreach(workload IN LISTS measured)
  reapmark_register(
    workload-${workload} LABEL end-to-end NEEDS oracle
    COMMAND
      ${CMAKE_COMMAND} -DPROGRAMS=${CMAKE_BINARY_DIR}/tests/oracle
      -DWORKLOAD=${workload} -P
      ${CMAKE_CURRENT_SOURCE_DIR}/workloads/expectations.cmake)
endforeach()
# Threads that race leave exactly the right objects on sound collectors, also where
# they are stopped within operations.
foreach(collector refcount-atomic refcount-biased refcount-cycles-atomic refcount-deferred)
  reapmark_register(
    races-${collector} LABEL end-to-end NEEDS ${collector}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/workloads/races.sh
            ${REAPMARK_COLLECTOR_DIR}/${collector})
endforeach()
if(TARGET reapmark-collector-oracle)
  block()
    set(REAPMARK_COLLECTOR_DIR ${CMAKE_BINARY_DIR}/tests/oracle) # not the driver's
    foreach(reclaims nothing acyclic all)
      string(TOUPPER GC_RECLAIMS_${reclaims} constant)
      reapmark_add_collector(
        NAME oracle-${reclaims}
        HEADER ${PROJECT_SOURCE_DIR}/collectors/oracle/oracle.h
        SOURCES ${PROJECT_SOURCE_DIR}/collectors/oracle/oracle.c
                ${PROJECT_SOURCE_DIR}/collectors/oracle/lifetimes.c
        SOURCE_DEFINITIONS ORACLE_RECLAIMS=${constant}
                           ORACLE_NAME="oracle-${reclaims}"
        LIBRARIES reapmark::stats reapmark::trace)
    endforeach()
  endblock()
endif()
# Which structures die when, in the workload whose live set takes a course.
reapmark_test(pacing-course SOURCES workloads/pacing-course.c LIBRARIES reapmark::workloads)
