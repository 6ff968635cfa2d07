/* build.c: how this program was compiled.  Like the workloads it is compiled
 * for each collector and with the same flags, so that the compiler itself says
 * whether it optimised.  CMake (collectors/ReapmarkCollector.cmake) tells what
 * the compiler does not know: its flags, and the name of the build type. */
#include "cell.h"

#ifdef __has_feature
#define BUILD_HAS(feature) __has_feature(feature)
#else
#define BUILD_HAS(feature) 0
#endif

#if defined __SANITIZE_ADDRESS__ || BUILD_HAS(address_sanitizer)
#define BUILD_SEEN "address"
#elif defined __SANITIZE_THREAD__ || BUILD_HAS(thread_sanitizer)
#define BUILD_SEEN "thread"
#else
#define BUILD_SEEN ""
#endif

const cell_build cell_this_build = {
    .compiler = BUILD_COMPILER,
    .flags = BUILD_FLAGS,
    .type = BUILD_TYPE,
    .sanitizer = sizeof BUILD_SANITIZER > 1 ? BUILD_SANITIZER : BUILD_SEEN,
#ifdef __OPTIMIZE__
    .optimised = true,
#endif
#ifdef GC_CHECKS
    .checks = true,
#endif
};
