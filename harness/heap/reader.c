/* reader.c: reads the text of a graph (docs/heap-format.md). */
#include <inttypes.h>
#include <string.h>

#include "gc.h"
#include "input.h"
#include "memory.h"
#include "harness/base/words.h"

typedef struct reader {
  heap_input *in;
  heap_graph *g;
  /* Elements that the arrays of the graph have room for. */
  size_t bytes_room, type_room, first_room, slot_room, root_room, name_room;
  uint32_t largest;      /* the largest number of an object so far */
  uint64_t largest_at;   /* where that is */
  uint32_t type_most;    /* the same for the largest number of a type */
  uint64_t type_most_at; /* where that is */
} reader;

/* ------------------------------------------------------------------------- *
 * Words.
 * ------------------------------------------------------------------------- */

static bool read_number(reader *r, uint64_t most, const char *what,
                        uint64_t *number) {
  uint64_t at = heap_offset(r->in);
  int c = heap_byte(r->in);
  if (c < '0' || c > '9')
    return heap_wrong_at(r->in, at, "%s should stand here", what);
  *number = (uint64_t)(c - '0');
  while ((c = heap_peek(r->in)) >= '0' && c <= '9' && *number <= most) {
    *number = *number * 10 + (uint64_t)(c - '0');
    r->in->next++;
  }
  return *number <= most ||
         heap_wrong_at(r->in, at, "%s is larger than %" PRIu64, what, most);
}

/* Reads the number of an object. */
static bool read_object(reader *r, uint32_t *object) {
  uint64_t at = heap_offset(r->in), number;
  if (!read_number(r, HEAP_OBJECTS_MAX, "the number of an object", &number))
    return false;
  *object = (uint32_t)number;
  if (*object > r->largest) {
    r->largest = *object;
    r->largest_at = at;
  }
  return true;
}

/* Whether another word follows on this line; goes over the blank before it. */
static bool has_word(reader *r) {
  if (heap_peek(r->in) != ' ')
    return false;
  r->in->next++;
  return true;
}

static bool expect(reader *r, const char *text) {
  for (; *text; text++)
    if (heap_peek(r->in) != *text)
      return heap_wrong(r->in, "'%s' should stand here",
                        *text == '\n' ? "end of the line" : text);
    else
      r->in->next++;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Lines, behind the letter that they begin with.
 * ------------------------------------------------------------------------- */

static bool read_slot(reader *r) {
  heap_graph *g = r->g;
  uint32_t object, weak = 0;
  if (heap_peek(r->in) == '~') {
    r->in->next++;
    weak = HEAP_WEAK;
  }
  if (!read_object(r, &object))
    return false;
  g->slot = heap_more(g->slot, g->slots, &r->slot_room, sizeof *g->slot);
  g->slot[g->slots++] = object ? object | weak : 0;
  return true;
}

/* o TYPE BYTES [SLOT ...] */
static bool read_object_line(reader *r) {
  heap_graph *g = r->g;
  uint64_t type, bytes, at = heap_offset(r->in) + 1;
  if (g->objects == HEAP_OBJECTS_MAX)
    return heap_wrong(r->in, "there are more than %d objects",
                      HEAP_OBJECTS_MAX);
  if (!expect(r, " ") ||
      !read_number(r, HEAP_TYPES_MAX - 1, "the number of a type", &type) ||
      !expect(r, " ") || !read_number(r, HEAP_BYTES_MAX, "a size", &bytes))
    return false;
  if (type >= r->type_most) {
    r->type_most = (uint32_t)type;
    r->type_most_at = at;
  }
  uint32_t n = ++g->objects;
  g->bytes = heap_more(g->bytes, n, &r->bytes_room, sizeof *g->bytes);
  g->type = heap_more(g->type, n, &r->type_room, sizeof *g->type);
  g->first = heap_more(g->first, n + 1, &r->first_room, sizeof *g->first);
  g->bytes[n] = bytes;
  g->type[n] = (uint32_t)type;
  g->first[n] = g->slots;
  while (has_word(r)) {
    if (g->slots - g->first[n] == GC_SLOTS_MAX)
      return heap_wrong(r->in, "the object has more than %d slots",
                        GC_SLOTS_MAX);
    if (!read_slot(r))
      return false;
  }
  g->first[n + 1] = g->slots;
  return true;
}

/* r NUMBER ... */
static bool read_roots(reader *r) {
  heap_graph *g = r->g;
  while (has_word(r)) {
    uint32_t object;
    if (g->roots_count == HEAP_ROOTS_MAX)
      return heap_wrong(r->in, "there are more than %d roots", HEAP_ROOTS_MAX);
    if (!read_object(r, &object))
      return false;
    if (!object)
      return heap_wrong(r->in, "a root is null");
    g->root =
        heap_more(g->root, g->roots_count, &r->root_room, sizeof *g->root);
    g->root[g->roots_count++] = object;
  }
  return true;
}

/* t NAME */
static bool read_type(reader *r) {
  heap_graph *g = r->g;
  char text[HEAP_NAME];
  size_t length = 0;
  if (g->types == HEAP_TYPES_MAX)
    return heap_wrong(r->in, "there are more than %d types", HEAP_TYPES_MAX);
  if (!expect(r, " "))
    return false;
  for (int c; (c = heap_peek(r->in)) != '\n'; r->in->next++) {
    if (c < ' ' || length == sizeof text - 1)
      return heap_wrong(r->in,
                        "the name of a type is a line of at most %d bytes",
                        HEAP_NAME - 1);
    text[length++] = (char)c;
  }
  text[length] = 0;
  words_clean(text, false);
  g->name = heap_more(g->name, g->types, &r->name_room, sizeof *g->name);
  g->name[g->types++] = heap_checked(strdup(text));
  return true;
}

/* end OBJECTS SLOTS ROOTS TYPES, behind the "e". */
static bool read_end(reader *r) {
  const heap_graph *g = r->g;
  const uint64_t counted[] = {g->objects, g->slots, g->roots_count, g->types};
  static const char *const what[] = {"objects", "slots", "roots", "types"};
  if (!expect(r, "nd"))
    return false;
  for (int i = 0; i < 4; i++) {
    uint64_t at = heap_offset(r->in) + 1, stated;
    if (!expect(r, " ") || !read_number(r, UINT64_MAX / 11, what[i], &stated))
      return false;
    if (stated != counted[i])
      return heap_wrong_at(r->in, at,
                           "the graph states %" PRIu64 " %s and has %" PRIu64,
                           stated, what[i], counted[i]);
  }
  if (!expect(r, "\n"))
    return false;
  return heap_peek(r->in) < 0 ||
         heap_wrong(r->in, "something follows the end of the graph");
}

static void skip_comment(reader *r) {
  for (int c; (c = heap_peek(r->in)) >= 0 && c != '\n';)
    r->in->next++;
}

static bool read_lines(reader *r) {
  for (;;) {
    bool good = true;
    switch (heap_byte(r->in)) {
    case 'o':
      good = read_object_line(r);
      break;
    case 'r':
      good = read_roots(r);
      break;
    case 't':
      good = read_type(r);
      break;
    case '#':
      skip_comment(r);
      break;
    case 'e':
      return read_end(r);
    case -1:
      return heap_wrong(r->in, "the graph is cut off: it has no line 'end'");
    default:
      return heap_wrong_at(r->in, heap_offset(r->in) - 1,
                           "a line begins with 'o', 'r', 't', '#' or 'end'");
    }
    if (!good || !expect(r, "\n"))
      return false;
  }
}

/* ------------------------------------------------------------------------- */

static bool read_graph(reader *r) {
  heap_graph *g = r->g;
  g->first = heap_more(g->first, 1, &r->first_room, sizeof *g->first);
  g->first[0] = g->first[1] = 0;
  if (!expect(r, "reapmark-heap 1\n") || !read_lines(r))
    return false;
  if (r->largest > g->objects)
    return heap_wrong_at(r->in, r->largest_at,
                         "object %" PRIu32 " does not exist", r->largest);
  if (g->objects > 0 && r->type_most >= g->types)
    return heap_wrong_at(r->in, r->type_most_at,
                         "type %" PRIu32 " does not exist", r->type_most);
  return true;
}

bool heap_graph_read_from(heap_input *in, heap_graph *g) {
  *g = (heap_graph){0};
  reader r = {.in = in, .g = g};
  bool good = !in->failed && read_graph(&r);
  if (!good)
    heap_graph_free(g);
  return good;
}

bool heap_graph_read(const char *path, heap_graph *g, char error[HEAP_ERROR]) {
  heap_input *in = heap_input_open(path);
  bool good = heap_graph_read_from(in, g);
  if (!good) {
    memcpy(error, in->error, HEAP_ERROR);
    words_clean(error, false);
  }
  heap_input_close(in);
  return good;
}

void heap_graph_free(heap_graph *g) {
  for (uint32_t i = 0; i < g->types; i++)
    free(g->name[i]);
  free(g->bytes);
  free(g->type);
  free(g->first);
  free(g->slot);
  free(g->root);
  free(g->name);
  *g = (heap_graph){0};
}
