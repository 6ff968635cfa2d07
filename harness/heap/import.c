/* import.c: what the importers share, and which of them a dump needs. */
#include "import.h"

#include <string.h>

#include "map.h"

static const heap_format *const formats[] = {&heap_hprof, &heap_v8, &heap_ruby,
                                             &heap_regraph};
enum { FORMATS = sizeof formats / sizeof *formats };

/* What a file is that is no dump, or NULL. */
static const char *known_otherwise(const char *start, size_t length) {
  static const struct {
    const char *magic, *what;
  } others[] = {{"\x1f\x8b", "it is compressed: unpack it with gunzip first"},
                {"\x28\xb5\x2f\xfd", "it is compressed: unpack it with unzstd "
                                     "first"},
                {"\xfd"
                 "7zXZ",
                 "it is compressed: unpack it with unxz first"},
                {"PK", "it is compressed: unpack it with unzip first"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    size_t n = strlen(others[i].magic);
    if (length >= n && !memcmp(start, others[i].magic, n))
      return others[i].what;
  }
  return length ? NULL : "it is empty";
}

const heap_format *heap_format_of(heap_input *in) {
  char start[HEAP_START];
  size_t length = in->size < sizeof start ? (size_t)in->size : sizeof start;
  if (in->failed || !heap_bytes(in, start, length))
    return NULL;
  heap_seek(in, 0);
  const char *other = known_otherwise(start, length);
  for (int i = 0; i < FORMATS && !other; i++)
    if (formats[i]->begins(start, length))
      return formats[i];
  heap_wrong(
      in, "%s",
      other ? other
            : "it is no heap dump of a JVM (HPROF), V8 "
              "(.heapsnapshot) or Ruby (ObjectSpace.dump_all), and no graph");
  return NULL;
}

void heap_import_slot(heap_import *im, const heap_map *numbers, uint64_t key,
                      bool weak) {
  uint32_t number = key ? heap_map_get(numbers, key) : 0;
  im->dangling += key && !number;
  heap_write_slot(im->out, number, weak);
}
