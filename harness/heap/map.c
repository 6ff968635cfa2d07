/* map.c: see map.h. */
#include "map.h"

#include <string.h>
#include <sys/random.h>

#include "memory.h"
#include "writer.h"

/* Where the search for a key begins: the key times an odd number that nobody
 * knows (Dietzfelbinger et al., 1997), the high bits of which are uniform. */
static size_t begin(const heap_map *map, uint64_t key) {
  uint64_t factor, addend;
  memcpy(&factor, map->secret, 8);
  memcpy(&addend, map->secret + 8, 8);
  uint64_t mixed = (key ^ key >> 32) * (factor | 1) + addend;
  return (size_t)(mixed >> 32) & (map->room - 1);
}

/* The entry of a key, or the free one where it would be. */
static size_t find(const heap_map *map, uint64_t key) {
  size_t i = begin(map, key);
  while (map->values[i] && map->keys[i] != key)
    i = (i + 1) & (map->room - 1);
  return i;
}

uint32_t heap_map_get(const heap_map *map, uint64_t key) {
  return map->room ? map->values[find(map, key)] : 0;
}

static void grow(heap_map *map) {
  heap_map old = *map;
  map->room = old.room ? 2 * old.room : 64;
  map->keys = heap_take(map->room, sizeof *map->keys);
  map->values = heap_take(map->room, sizeof *map->values);
  if (!old.room && getrandom(map->secret, sizeof map->secret, 0) < 0)
    memset(map->secret, 7, sizeof map->secret); /* slow at worst */
  for (size_t i = 0; i < old.room; i++)
    if (old.values[i]) {
      size_t at = find(map, old.keys[i]);
      map->keys[at] = old.keys[i];
      map->values[at] = old.values[i];
    }
  free(old.keys);
  free(old.values);
}

bool heap_map_add(heap_map *map, uint64_t key, uint32_t value) {
  if (4 * (map->count + 1) > 3 * map->room)
    grow(map);
  size_t at = find(map, key);
  if (map->values[at])
    return false;
  map->keys[at] = key;
  map->values[at] = value;
  map->count++;
  return true;
}

void heap_map_free(heap_map *map) {
  free(map->keys);
  free(map->values);
  *map = (heap_map){0};
}

/* A text whose hash another one has, which is not to be expected, stands under
 * the next number that is free. */
uint32_t heap_names_number(heap_names *names, const char *text, size_t length) {
  static const unsigned char key[16];
  uint64_t hash = heap_hash(key, text, length);
  uint32_t number;
  for (; (number = heap_map_get(&names->numbers, hash)) > 0; hash++)
    if (strlen(names->text[number - 1]) == length &&
        !memcmp(names->text[number - 1], text, length))
      return number - 1;
  names->text =
      heap_more(names->text, names->count, &names->room, sizeof *names->text);
  names->text[names->count] = heap_checked(strndup(text, length));
  heap_map_add(&names->numbers, hash, (uint32_t)++names->count);
  return (uint32_t)names->count - 1;
}

uint32_t heap_names_of(heap_names *names, const char *text) {
  return heap_names_number(names, text, strlen(text));
}

void heap_names_free(heap_names *names) {
  for (size_t i = 0; i < names->count; i++)
    free(names->text[i]);
  free(names->text);
  heap_map_free(&names->numbers);
  *names = (heap_names){0};
}
