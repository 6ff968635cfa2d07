# cmake -DREAPMARK=program -DCASE=name -P describe.cmake
#
# Compares figures of `reapmark describe` for small parameters with figures that
# were worked out by hand.
cmake_minimum_required(VERSION 3.25)

# Two lists of four nodes of 24 bytes (header, slot, 8 bytes).  Each list is built
# from its last node, so that the lifetimes are 72, 48, 24 and 0 bytes.  Three of
# four stores are of a node, one is of null.
set(list-drop
    "list-drop:length=4,rounds=1,payload=8"
    objects=8 bytes=192 peak-bytes=96 peak-objects=4 turnover=2.0
    size-p50=24 lifetime-mean=36 lifetime-max=72 lived-to-the-end-percent=50.0
    cyclic-objects=0 stores=8 stores-of-references-percent=75.0 finalizable=0
    weak-references=0 mutators=1 freed-elsewhere=0)

# Rings of one node of 24 bytes that refers to itself, in a table of two objects of
# 16 bytes.  A ring dies when the next ring takes its place in the table, so that
# two rings are alive at the peak.  The lifetimes are 112 and 96 for the table, 24
# for three rings, and 0 for the last ring.
set(of_one_node
    objects=6 bytes=128 peak-objects=4 peak-bytes=80 turnover=1.6 size-p10=16
    size-p50=24 lifetime-p50=24 lifetime-mean=47 lifetime-max=112
    died-within-64K-percent=100.0)
set(cycles "cycles:shape=ring,size=1,live=1,rounds=3,cyclic=100,payload=8"
           ${of_one_node} cyclic-objects=4 cyclic-percent=75.0)
# Nodes without a reference to themselves die at the same times, on no cycle.
set(lists "cycles:shape=ring,size=1,live=1,rounds=3,cyclic=0,payload=8"
          ${of_one_node} cyclic-objects=0 cyclic-percent=0.0)

# A tree of depth 4 has 31 nodes of 32 bytes.  One tree stretches the heap, one is
# kept beside an array of 16 bytes, and four are made and dropped one by one.  The
# last of these four dies after the last allocation.
set(binary-trees
    "binary-trees:depth=4,stretch=4,array=1"
    objects=187 bytes=5968 peak-objects=63 peak-bytes=2000 turnover=2.984
    stores=180 stores-of-references-percent=100.0 cyclic-objects=0
    weak-references=0 mutators=1 finalizable=0)

function(describe workload out)
  execute_process(
    COMMAND ${REAPMARK} describe ${workload} --format json
    OUTPUT_VARIABLE json
    ERROR_VARIABLE talk
    RESULT_VARIABLE status)
  if(NOT "${status}" EQUAL 0)
    message(FATAL_ERROR "describe ${workload}: ${status}: ${talk}")
  endif()
  set(${out} "${json}" PARENT_SCOPE)
endfunction()

# Rings and chains of the same size die at the same times, although only marking
# finds that a ring is dead.  There are enough rings for several mark phases.
if("${CASE}" STREQUAL "deaths")
  set(workload cycles:shape=ring,live=1000,rounds=20)
  describe(${workload},cyclic=100 rings)
  describe(${workload},cyclic=0 chains)
  string(JSON cyclic GET "${rings}" figures cyclic-objects)
  if(NOT "${cyclic}" EQUAL 210000)
    message(SEND_ERROR "${cyclic} objects died through cycles, not 210000")
  endif()
  foreach(name peak-objects peak-bytes lifetime-mean lifetime-p10 lifetime-p50
               lifetime-p90 lifetime-p99 lifetime-max lifetime-gini
               lived-to-the-end-percent)
    string(JSON of_rings GET "${rings}" figures ${name})
    string(JSON of_chains GET "${chains}" figures ${name})
    if(NOT "${of_rings}" STREQUAL "${of_chains}")
      message(SEND_ERROR "${name}: rings ${of_rings}, chains ${of_chains}")
    endif()
  endforeach()
  return()
endif()

list(LENGTH ${CASE} length)
if("${length}" LESS 2)
  message(FATAL_ERROR "no figures for case ${CASE}")
endif()
list(POP_FRONT ${CASE} workload)
describe(${workload} out)
foreach(pair IN LISTS ${CASE})
  string(REGEX MATCH "^([^=]*)=(.*)$" _ "${pair}")
  set(name ${CMAKE_MATCH_1})
  set(wanted ${CMAKE_MATCH_2})
  string(JSON got GET "${out}" figures ${name})
  if(NOT "${got}" EQUAL "${wanted}")
    message(SEND_ERROR "${workload}: ${name} is ${got}, not ${wanted}")
  endif()
endforeach()
