# cmake -DREAPMARK=program -DTABLE=name -DCANNED=folder -P table.cmake
#
# Prints a table of the canned results in every format and compares each output
# with the file of the expected output.
foreach(format table markdown csv json)
  execute_process(
    COMMAND ${REAPMARK} report ${CANNED} --table ${TABLE} --format ${format}
    OUTPUT_VARIABLE got
    RESULT_VARIABLE status)
  file(READ ${CANNED}/expected.${TABLE}.${format} wanted)
  if(NOT "${status}" EQUAL 0 OR NOT "${got}" STREQUAL "${wanted}")
    message(SEND_ERROR "status ${status}, and printed as ${format}:\n${got}")
  endif()
endforeach()
