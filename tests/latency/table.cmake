# cmake -DREAPMARK=program -DTABLE=name -DCANNED=folder -P table.cmake
#
# Prints a table of the canned results and compares it with what is expected.
execute_process(
  COMMAND ${REAPMARK} report ${CANNED} --table ${TABLE}
  OUTPUT_VARIABLE got
  RESULT_VARIABLE status)
file(READ ${CANNED}/expected.${TABLE} wanted)
if(NOT status EQUAL 0 OR NOT got STREQUAL wanted)
  message(FATAL_ERROR "status ${status}, and printed:\n${got}")
endif()
