# Which versions of CPython can be embedded.  The adapter is written for 3.11 and later.
#
# find_cpython_versions(DEFAULT OTHERS): the variable DEFAULT is set to the version that
# the system calls python3, or to the newest one if that cannot be embedded; empty if
# there is none.  OTHERS is set to the list of all others, newest first.  For each
# version there is a target PkgConfig::CPYTHON_VERSION.
set(cpython_minor_first 11)
set(cpython_minor_last 19)

function(find_cpython_versions default others)
  set(found "")
  foreach(minor RANGE ${cpython_minor_last} ${cpython_minor_first} -1)
    pkg_check_modules(CPYTHON_3.${minor} QUIET IMPORTED_TARGET GLOBAL
                      python-3.${minor}-embed)
    if(CPYTHON_3.${minor}_FOUND)
      list(APPEND found 3.${minor})
    endif()
  endforeach()
  pkg_check_modules(CPYTHON_DEFAULT QUIET python3-embed)
  set(chosen "${CPYTHON_DEFAULT_VERSION}")
  if(NOT chosen IN_LIST found)
    set(chosen "")
    if(found)
      list(GET found 0 chosen)
    endif()
  endif()
  list(REMOVE_ITEM found "${chosen}")
  set(${default} "${chosen}" PARENT_SCOPE)
  set(${others} "${found}" PARENT_SCOPE)
endfunction()
