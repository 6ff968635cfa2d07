/* jemalloc-prefixed.h: the part of jemalloc's interface that space.c uses, by
 * the names that the build gives it (objcopy, prefix rmje_).  jemalloc's own
 * header declares the unprefixed functions, which would be the process's. */
#ifndef REAPMARK_COMMON_JEMALLOC_PREFIXED_H
#define REAPMARK_COMMON_JEMALLOC_PREFIXED_H

#include <jemalloc/jemalloc.h>

void *rmje_mallocx(size_t size, int flags);
void rmje_dallocx(void *p, int flags);
size_t rmje_sallocx(const void *p, int flags);
int rmje_mallctl(const char *name, void *old, size_t *old_size, void *new_value,
                 size_t new_size);
extern const char *rmje_malloc_conf_2_conf_harder;

#endif
