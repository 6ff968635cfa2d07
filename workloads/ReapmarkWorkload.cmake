# reapmark_add_workload(NAME.c [SOURCES source...])
#
# In a project that uses the installed package: adds the workload `NAME`, which NAME.c
# defines as workload_NAME (workloads/README.md), to every collector program that the
# project makes after this, beside the workloads of the suite.  It is compiled for each
# collector, as what is timed is, and so are the files of SOURCES.
function(reapmark_add_workload file)
  cmake_parse_arguments(W "" "" "SOURCES" ${ARGN})
  get_filename_component(name ${file} NAME_WE)
  if(W_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "reapmark_add_workload(${file}): '${W_UNPARSED_ARGUMENTS}' is no "
                        "argument; further files go behind SOURCES")
  endif()
  get_property(programs GLOBAL PROPERTY REAPMARK_COLLECTOR_PROGRAMS)
  if(programs)
    message(FATAL_ERROR "reapmark_add_workload(${file}) must come before the collectors, "
                        "which are compiled with it")
  endif()
  get_property(own GLOBAL PROPERTY REAPMARK_OWN_WORKLOADS)
  if(name IN_LIST REAPMARK_WORKLOADS OR name IN_LIST own)
    message(FATAL_ERROR "reapmark_add_workload(${file}): there is a workload ${name} already; "
                        "give the file and its workload another name")
  endif()
  foreach(source IN ITEMS ${file} LISTS W_SOURCES)
    get_filename_component(path ${source} ABSOLUTE)
    if(NOT EXISTS ${path})
      message(FATAL_ERROR "reapmark_add_workload(${file}): there is no file ${path}")
    endif()
    set_property(GLOBAL APPEND PROPERTY REAPMARK_OWN_WORKLOAD_SOURCES ${path})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY REAPMARK_OWN_WORKLOADS ${name})
endfunction()

# reapmark_write_table(FILE WORKLOAD...): FILE with the table of these workloads.
function(reapmark_write_table file)
  set(declarations "")
  set(entries "")
  foreach(name IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER workload_${name} symbol)
    string(APPEND declarations "extern const workload ${symbol};\n")
    string(APPEND entries "    &${symbol},\n")
  endforeach()
  file(
    CONFIGURE
    OUTPUT ${file}
    CONTENT
      "/* Made from the lists in workloads/CMakeLists.txt. */
#include \"workload.h\"

@declarations@
const workload *const wl_all[] = {
@entries@    NULL,
};
"
    @ONLY)
endfunction()

# reapmark_make_table(FILE WORKLOAD...): the same, and the library that all collector
# programs link.
function(reapmark_make_table file)
  reapmark_write_table(${file} ${ARGN})
  add_library(reapmark_workload_table OBJECT ${file})
  target_include_directories(reapmark_workload_table PRIVATE ${REAPMARK_TABLE_INCLUDE_DIRS})
endfunction()
