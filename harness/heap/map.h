/* map.h: from the addresses of a dump to the numbers of objects, and from the
 * names of types to their numbers. */
#ifndef REAPMARK_HEAP_MAP_H
#define REAPMARK_HEAP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table from 64-bit keys to numbers above 0: open addressing, at most three
 * quarters full, 12 bytes an entry. */
typedef struct heap_map {
  uint64_t *keys;
  uint32_t *values; /* 0: the entry is free */
  size_t count, room;
  unsigned char secret[16]; /* so that no dump can be made to be slow */
} heap_map;

/* The value of a key, 0 if there is none. */
uint32_t heap_map_get(const heap_map *map, uint64_t key);

/* Sets the value of a key.  False if it has one. */
bool heap_map_add(heap_map *map, uint64_t key, uint32_t value);

void heap_map_free(heap_map *map);

/* Texts, numbered from 0 in the order in which they came. */
typedef struct heap_names {
  heap_map numbers; /* by the hash of the text; number + 1 */
  char **text;
  size_t count, room;
} heap_names;

/* The number of a text of `length` bytes. */
uint32_t heap_names_number(heap_names *names, const char *text, size_t length);
/* The same for a text that ends with 0. */
uint32_t heap_names_of(heap_names *names, const char *text);

void heap_names_free(heap_names *names);

#endif
