# The scripts of the folder scripts/.
reapmark_script(scripts scripts/end-to-end.sh
                ARGS ${PROJECT_SOURCE_DIR}/scripts ${CMAKE_COMMAND})
