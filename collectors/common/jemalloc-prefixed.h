/* jemalloc-prefixed.h: the part of jemalloc's interface that space.c uses,
 * under the names with the prefix rmje_ that the build gives it by objcopy.
 * jemalloc's own header declares the names without the prefix. */
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
