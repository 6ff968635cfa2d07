# Whippet's collectors.  No distribution packages them: the user checks the
# repository out (https://github.com/wingo/whippet) and tells where.
set(REAPMARK_WHIPPET "" CACHE PATH "a checkout of Whippet, to build the adapters whippet-*")

set(whippet_dir ${CMAKE_CURRENT_SOURCE_DIR}/whippet)
set(whippet_found FALSE)
set(whippet_version unknown)
if(REAPMARK_WHIPPET)
  get_filename_component(whippet_checkout "${REAPMARK_WHIPPET}" ABSOLUTE BASE_DIR
                         ${CMAKE_BINARY_DIR})
  if(NOT EXISTS ${whippet_checkout}/api/gc-embedder-api.h)
    message(FATAL_ERROR "REAPMARK_WHIPPET: ${REAPMARK_WHIPPET} is no checkout of Whippet: "
                        "it has no api/gc-embedder-api.h")
  endif()
  set(whippet_found TRUE)
  execute_process(
    COMMAND git -C ${whippet_checkout} describe --always --dirty --abbrev=7
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(described)
    set(whippet_version ${described})
  endif()
  set(whippet_sources gc-ephemeron gc-finalizer gc-options gc-platform-gnu-linux gc-stack)
  list(TRANSFORM whippet_sources REPLACE "(.+)" "${whippet_checkout}/src/\\1.c")
  # Each of Whippet's sources, and its collector, is compiled with the names that
  # would collide changed, and with its threads started as helpers.
  set_source_files_properties(
    ${whippet_sources} ${whippet_dir}/heap-mmc.c ${whippet_dir}/heap-pcc.c
    PROPERTIES
      COMPILE_OPTIONS "-include;${whippet_dir}/names.h;-fvisibility=hidden"
      COMPILE_DEFINITIONS pthread_create=whippet_thread_create
      INCLUDE_DIRECTORIES "${whippet_dir}")
  set_property(SOURCE ${whippet_sources} APPEND PROPERTY COMPILE_OPTIONS -w)
  add_library(reapmark_whippet INTERFACE)
  target_include_directories(reapmark_whippet SYSTEM INTERFACE ${whippet_checkout}/api
                                                               ${whippet_checkout}/src)
  target_link_libraries(reapmark_whippet INTERFACE m Threads::Threads)
endif()

# whippet_adapter(NAME mmc|pcc [GENERATIONAL] [PARALLEL]): one of Whippet's
# configurations, by the macros of its embed.am.
function(whippet_adapter name stem)
  cmake_parse_arguments(W "GENERATIONAL;PARALLEL" "" "" ${ARGN})
  set(definitions GC_ATTRS="${whippet_checkout}/api/${stem}-attrs.h" GC_PRECISE_ROOTS=1)
  if(W_GENERATIONAL)
    list(APPEND definitions GC_GENERATIONAL=1)
  endif()
  string(COMPARE EQUAL ${stem} pcc copies)
  set(source_definitions
      GC_EMBEDDER="${whippet_dir}/embedder.h" WHIPPET_COPIES=${copies}
      WHIPPET_NAME="${name}" WHIPPET_VERSION="${whippet_version}")
  if(W_PARALLEL)
    list(APPEND source_definitions GC_PARALLEL=1)
  endif()
  reapmark_add_adapter(
    FOUND ${whippet_found} NEEDS "a checkout of Whippet, -DREAPMARK_WHIPPET=DIR"
    NAME whippet-${name}
    HEADER whippet/whippet.h
    SOURCES whippet/whippet.c ${whippet_dir}/heap-${stem}.c ${whippet_sources}
    DEFINITIONS ${definitions} SOURCE_DEFINITIONS ${source_definitions}
    LIBRARIES reapmark_whippet
    REFUSES address thread
    WHY "it reads and writes its heap as it likes")
  set(not_built "${not_built}" PARENT_SCOPE)
endfunction()

whippet_adapter(mmc mmc)
whippet_adapter(parallel-mmc mmc PARALLEL)
whippet_adapter(generational-mmc mmc GENERATIONAL)
whippet_adapter(parallel-generational-mmc mmc GENERATIONAL PARALLEL)
whippet_adapter(pcc pcc PARALLEL)
whippet_adapter(generational-pcc pcc GENERATIONAL PARALLEL)
