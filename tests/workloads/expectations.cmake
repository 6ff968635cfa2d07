# cmake -DPROGRAMS=folder -DWORKLOAD=name -P expectations.cmake
#
# Runs a workload on the three oracles with each of the parameters below.  The
# heap has exactly the size that the workload's volume() declares.  The test
# checks that the workload's expectations hold and that the declared volume is
# close to what was needed.
#
# A name without quotes in if() is replaced by the variable of that name, and the
# lists below are variables.  Both sides of every comparison are therefore quoted.
cmake_minimum_required(VERSION 3.25)

# The parameters of each run and, after a blank, further options: the smallest
# values, odd values, and values at which a formula of volume() changes.
set(binary-trees
    "depth=4,stretch=4,array=1"
    "depth=5,stretch=7,array=13,rounds=2"
    "depth=6,stretch=10,array=1000"
    "depth=10,stretch=4,array=100,settle=1")
set(by-hand "depth=4" "depth=5" "depth=9")
set(cycles)
foreach(shape ring list tree clique)
  list(
    APPEND
    cycles
    "shape=${shape},size=1,live=1,rounds=1"
    "shape=${shape},size=1,live=30,rounds=3,cyclic=50"
    "shape=${shape},size=2,live=7,rounds=5,cyclic=30"
    "shape=${shape},size=3,live=300,rounds=2,cyclic=0"
    "shape=${shape},size=7,live=20,rounds=6,cyclic=99,payload=8"
    "shape=${shape},size=40,live=5,rounds=4,payload=44")
endforeach()
list(APPEND cycles "shape=ring,size=600,live=3,rounds=2"
     "shape=list,size=600,live=3,rounds=2" "shape=tree,size=600,live=3,rounds=2")
set(globals)
foreach(kind cache lru registry all)
  list(
    APPEND
    globals
    "kind=${kind},entries=8,ops=1,reads=0"
    "kind=${kind},entries=8,ops=100,reads=3"
    "kind=${kind},entries=257,ops=300,reads=2,payload=8"
    "kind=${kind},entries=300,ops=33,reads=1,payload=20"
    "kind=${kind},entries=8,ops=1,reads=0,rounds=3"
    "kind=${kind},entries=20,ops=37,reads=2,rounds=4"
    "kind=${kind},entries=20,ops=37,reads=2,rate=400,duration=1"
    "kind=${kind},entries=8,ops=900,reads=1,rate=400,duration=1")
endforeach()
set(threads)
foreach(mode private pipeline shared all)
  list(
    APPEND
    threads
    "mode=${mode},ops=1,live=1,size=1,queue=1"
    "mode=${mode},ops=70,live=300,size=5"
    "mode=${mode},ops=50,live=100,size=3,queue=2 --threads 2"
    "mode=${mode},ops=70,live=300,size=5,queue=7 --threads 3"
    "mode=${mode},ops=20,live=2,size=600,queue=1 --threads 2")
endforeach()
set(tls "waves=1,slots=1,length=1,ops=1" "waves=3,slots=16,length=300,ops=100"
        "waves=3,slots=16,length=7,ops=100 --threads 2"
        "waves=20,slots=5,length=50,ops=37 --threads 3"
        "waves=2,slots=2,length=300,ops=1500 --threads 2")
set(weakrefs)
foreach(kind cache canonical observers all)
  list(
    APPEND
    weakrefs
    "kind=${kind},entries=1,rounds=1"
    "kind=${kind},entries=2,rounds=3,cyclic=100"
    "kind=${kind},entries=17,rounds=4,cyclic=5,reads=0"
    "kind=${kind},entries=300,rounds=2,payload=8"
    "kind=${kind},entries=133,rounds=5,cyclic=0,payload=100")
endforeach()
set(ephemerons
    "entries=1,rounds=1" "entries=2,rounds=3,cyclic=100"
    "entries=17,rounds=4,cyclic=5,reads=0" "entries=300,rounds=2,payload=8"
    "entries=133,rounds=5,cyclic=0,payload=100")
set(finalizers
    "live=1,rounds=1,ring=1"
    "live=1,rounds=3,resurrect=100,cyclic=100,ring=2"
    "live=150,rounds=4,ring=10"
    "live=150,rounds=4,ring=1000,cyclic=50,resurrect=30"
    "live=200,rounds=3,ring=7,cyclic=100,resurrect=100,garbage=0"
    "live=333,rounds=2,ring=40,cyclic=0,resurrect=0,payload=8")
set(list-drop "length=1,rounds=1" "length=513,rounds=2,payload=8"
              "length=3000,rounds=1")
set(large-objects
    "min=4096,max=4096,live=1,steps=1" "min=256,max=1000,live=3,steps=40"
    "min=1000,max=70000,live=5,steps=33" "min=8192,max=256,live=2,steps=5")
set(fragmentation
    "volume=1024,rounds=1,keep=1,history=1"
    "volume=20000,rounds=5,keep=3,history=2"
    "volume=30000,rounds=70,keep=10,history=8"
    "volume=1024,rounds=4,keep=100,history=64")
set(requests "sessions=1,requests=1,fields=0,body=8,updates=100"
             "sessions=300,requests=200,fields=5"
             "sessions=37,requests=333,fields=1,updates=33,body=100"
             "sessions=5,requests=50,rate=100000,duration=0"
             "sessions=5,requests=50,rate=5000,duration=0,arrivals=poisson")
set(graph-mutation
    "nodes=1,degree=1,ops=1,cyclic=100" "nodes=1,degree=1,ops=1,cyclic=0"
    "nodes=2,degree=3,ops=100,cyclic=50"
    "nodes=300,degree=4,ops=2000,cyclic=40,replace=50"
    "nodes=257,degree=1,ops=700,cyclic=100,replace=100"
    "nodes=100,degree=64,ops=300,cyclic=0,replace=0")
set(live-heap)
foreach(measure allocate collect collect-shuffled collect-random reuse churn)
  list(
    APPEND
    live-heap
    "measure=${measure},objects=1,rounds=1"
    "measure=${measure},objects=2,rounds=3 --threads 3"
    "measure=${measure},objects=700,rounds=2"
    "measure=${measure},objects=601,rounds=3 --threads 2")
endforeach()
# The graph of docs/heap-format.md, and one with cycles, weak edges, leaves that are
# replaced, and objects that are only reached through others.
set(graphs ${CMAKE_CURRENT_LIST_DIR}/../heap)
set(heap)
foreach(graph example rings)
  list(
    APPEND
    heap
    "file=${graphs}/${graph}.graph,collections=0,drops=0"
    "file=${graphs}/${graph}.graph,collections=1,mutations=200,drops=1"
    "file=${graphs}/${graph}.graph,collections=3,mutations=33,replace=90,drops=100"
    "file=${graphs}/${graph}.graph,collections=2,mutations=7,replace=0,weak=0")
endforeach()
set(pacing "size=1,live=1,objects=1" "size=1,live=1,objects=700,cyclic=50"
           "structure=tree,size=600,live=1,objects=1800,payload=8"
           "structure=ring,size=600,live=1700,objects=3000,lifetime=fifo,cyclic=40"
           "external=1000,live=300,objects=3000,cyclic=50"
           "external=1,live=300,objects=2000,phase=shrink,begin=400,lifetime=fifo")
foreach(structure chain ring tree)
  foreach(lifetime exponential fifo fixed)
    foreach(course "steady,low=0" "growth,low=30" "plateau,low=7,length=5000"
                   "spike,low=20,begin=3000,length=2000" "sawtooth,low=0"
                   "sawtooth,low=100,length=1300" "shrink,low=0,begin=3000,length=2000"
                   "shrink,low=50,begin=6000" "idle,begin=3000,idle=3")
      list(
        APPEND
        pacing
        "structure=${structure},lifetime=${lifetime},size=3,live=600,cyclic=70,objects=9000,phase=${course}"
      )
    endforeach()
  endforeach()
endforeach()
set(floor)
foreach(kind read gather chase rmw fault copy)
  list(APPEND floor "kind=${kind},objects=1" "kind=${kind},objects=40,rounds=3"
       "kind=${kind},objects=5000,rounds=2,pages=huge")
endforeach()
set(candidates
    "kind=rings,rings=1,size=1,rounds=1" "kind=rings,rings=300,size=3,rounds=2"
    "kind=rings,rings=40,size=10,rounds=7" "kind=live,nodes=1,ops=1"
    "kind=live,nodes=2,ops=700" "kind=live,nodes=600,ops=256")
set(counting)
foreach(mode private shared)
  list(
    APPEND
    counting
    "mode=${mode},ops=1,objects=1"
    "mode=${mode},ops=600,objects=300"
    "mode=${mode},ops=600,objects=300 --threads 2"
    "mode=${mode},ops=512,objects=7 --threads 3")
endforeach()

set(growth)
foreach(shape churn list visits one-target old-array old-nodes queue large-kept
              tree-pieces fans rings rings-beside rings-pinned rings-taken
              sizes)
  list(APPEND growth "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()
list(APPEND growth "shape=large-small,n=50" "shape=large-small,n=100"
     "shape=large-alone,n=5" "shape=large-alone,n=100")
set(growth-finalizers)
foreach(shape backlog waiting alive one-by-one turnover queued taken)
  list(APPEND growth-finalizers "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()
set(growth-weak)
foreach(shape one-target dead dropped turnover alive)
  list(APPEND growth-weak "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()
set(growth-ephemerons)
foreach(shape one-key forwards backwards turnover nested dropped)
  list(APPEND growth-ephemerons "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()
set(growth-external)
foreach(shape buffers alive turnover)
  list(APPEND growth-external "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()
set(growth-threads)
foreach(shape pairs stores idle partner brief sizes spent left)
  list(APPEND growth-threads "shape=${shape},n=1" "shape=${shape},n=5")
endforeach()

if(WORKLOAD MATCHES "^leak-")
  foreach(remedy off on)
    list(
      APPEND
      ${WORKLOAD}
      "remedy=${remedy},rounds=1,objects=1,quiet=0"
      "remedy=${remedy},rounds=2,objects=40,quiet=7"
      "remedy=${remedy},rounds=7,objects=13,quiet=300")
  endforeach()
endif()

function(check run)
  string(REPLACE " " ";" arguments "${run}")
  foreach(reclaims nothing acyclic all)
    set(program oracle-${reclaims})
    execute_process(
      COMMAND ${PROGRAMS}/${program} --run ${WORKLOAD}:${arguments} --heap 1x
              --check --pin none
              --option strict=1
      OUTPUT_VARIABLE record
      ERROR_VARIABLE talk
      RESULT_VARIABLE status)
    set(what "${program}, ${WORKLOAD}:${run}")
    if(NOT "${status}" EQUAL 0)
      message(SEND_ERROR "${what}: ended with ${status}: ${talk}")
      continue()
    endif()
    string(JSON verdict GET "${record}" verdict status)
    string(JSON declared GET "${record}" verdict declared)
    string(JSON reason GET "${record}" verdict reason)
    if(NOT "${declared}" OR (NOT "${verdict}" STREQUAL "ok" AND "${reclaims}"
                                                              STREQUAL "all"))
      message(SEND_ERROR "${what}: ${verdict}: ${reason}")
      continue()
    endif()

    # The volume is an upper bound: at most 10 % and one chunk of a table above
    # what was needed.  With several threads the scheduler decides how much is
    # needed, so that only the bound itself is checked.  A pipeline has two threads
    # at least, whatever --threads says.
    string(JSON volume GET "${record}" heap must_hold)
    string(JSON needed GET "${record}" memory footprint_peak)
    math(EXPR bound "${needed} + ${needed} / 10 + 4096")
    if("${volume}" LESS "${needed}"
       OR ("${volume}" GREATER "${bound}"
           AND NOT "${run}" MATCHES "--threads|mode=(pipeline|all)"))
      message(SEND_ERROR "${what}: volume ${volume}, but needed ${needed}")
    endif()

    # The workload says how many bytes are live at the end: the collector that
    # reclaims everything must hold as many.  The workload says how many bytes the
    # measured part allocates: a heap that frees nothing must grow by as many.
    if("${reclaims}" STREQUAL "all")
      string(JSON told GET "${record}" memory settled live_bytes)
      string(JSON held GET "${record}" memory settled cells)
      if(NOT "${told}" EQUAL "${held}")
        message(SEND_ERROR "${what}: ${told} bytes live, but ${held} held")
      endif()
    elseif("${reclaims}" STREQUAL "nothing")
      string(JSON told GET "${record}" heap allocated)
      string(JSON before GET "${record}" memory curve 0 1)
      string(JSON after GET "${record}" memory footprint)
      math(EXPR made "${after} - ${before}")
      if(NOT "${told}" EQUAL "${made}")
        message(SEND_ERROR "${what}: allocates ${told}, but ${made} were made")
      endif()
    endif()
  endforeach()
endfunction()

# Five handles of 96 bytes (their buffers included) die, one in each step, and
# the end of each step asks for finalizers.  A collector that reclaims at once
# therefore finds each death one operation later.
function(check_reclamation reclaims expected)
  set(program oracle-${reclaims})
  execute_process(
    COMMAND
      ${PROGRAMS}/${program} --run
      finalizers:live=1,rounds=5,payload=32,resurrect=0,cyclic=0 --heap none
      --pin none
    OUTPUT_VARIABLE record COMMAND_ERROR_IS_FATAL ANY)
  set(got "")
  foreach(field deaths count sum max drag)
    string(JSON value GET "${record}" reclamation ${field})
    string(APPEND got "${value} ")
  endforeach()
  if(NOT "${got}" STREQUAL "${expected}")
    message(SEND_ERROR "${program}: reclamation ${got}, not ${expected}")
  endif()
endfunction()

if("${WORKLOAD}" STREQUAL "finalizers")
  check_reclamation(nothing "5 0 0 0 0 ")
  check_reclamation(acyclic "5 5 5 1 480 ")
  check_reclamation(all "5 5 5 1 480 ")
endif()

list(LENGTH ${WORKLOAD} runs)
if("${runs}" EQUAL 0)
  message(FATAL_ERROR "no parameters for workload ${WORKLOAD}")
endif()
foreach(run IN LISTS ${WORKLOAD})
  check("${run}")
endforeach()
