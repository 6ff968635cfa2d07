# Run at build time with -DNAMES=a;b -DFOLDER=... -DOUTPUT=...: writes the files
# FOLDER/NAME as C strings asset_NAME into OUTPUT.
cmake_policy(VERSION 3.25)
set(all "/* Made by embed.cmake. */\n#include \"assets.h\"\n")
foreach(name IN LISTS NAMES)
  file(READ ${FOLDER}/${name} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "(char)0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "[^a-z]" "_" symbol ${name})
  string(APPEND all "const char asset_${symbol}[] = {${bytes}0};\n")
endforeach()
file(WRITE ${OUTPUT} "${all}")
