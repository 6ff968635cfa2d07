# Renames every public symbol that the archive IN defines (those of the C++
# operators apart, whose object is dropped) to rmje_*, writing the archive OUT.
execute_process(
  COMMAND ${NM} --defined-only --extern-only --format=posix ${IN}
  OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z_][A-Za-z0-9_]* [TDBVWRC] " symbols
             "${listing}")
set(map "")
foreach(symbol IN LISTS symbols)
  string(REGEX REPLACE "\n([^ ]*) .*" "\\1" name "${symbol}")
  # Names that start with je_ are internal already; _Z and DW are C++.
  if(NOT name MATCHES "^(je_|_Z|DW)")
    string(APPEND map "${name} rmje_${name}\n")
  endif()
endforeach()
if(NOT map MATCHES "(^|\n)mallocx ")
  message(FATAL_ERROR "${IN} does not define mallocx")
endif()
file(WRITE ${OUT}.map "${map}")
execute_process(COMMAND ${OBJCOPY} --redefine-syms=${OUT}.map ${IN} ${OUT}
                        COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${AR} d ${OUT} jemalloc_cpp.pic.o
                        COMMAND_ERROR_IS_FATAL ANY)
