# Toolchain file: compiles for arm64 (aarch64-linux-gnu) on a machine of another
# architecture, with Debian's cross compiler and the libraries of a folder that
# scripts/arm64.sh fills, REAPMARK_SYSROOT.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# CMake reads this file again for each check that compiles something.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES REAPMARK_SYSROOT)
set(REAPMARK_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build-arm64/sysroot
    CACHE PATH "folder with the libraries of arm64")
cmake_path(ABSOLUTE_PATH REAPMARK_SYSROOT NORMALIZE OUTPUT_VARIABLE CMAKE_SYSROOT)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
  message(FATAL_ERROR "There are no libraries of arm64 in ${CMAKE_SYSROOT}: "
                      "run scripts/test.sh --arm64, which puts them there")
endif()

# Programs are those of this machine; all else is the other one's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# For what the build itself runs.  What those programs start is up to the kernel.
set(CMAKE_CROSSCOMPILING_EMULATOR
    ${CMAKE_SYSROOT}/../emulator/usr/bin/qemu-aarch64-static;-L;${CMAKE_SYSROOT})
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
