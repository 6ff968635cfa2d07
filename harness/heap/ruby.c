/* ruby.c: imports the heap dumps of Ruby (ObjectSpace.dump_all): a JSON map for
 * each object, and for each kind of roots, one a line.
 *
 * An object may refer to one that stands later, so that the dump is read twice:
 * for addresses and names of classes, and then for references.  Of the other
 * texts only the kind of object is read, from a list of words in capitals.
 *
 * In the graph an object's first slot is its class, unless it has none.  Ruby
 * does not tell which references are weak. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "import.h"
#include "json.h"
#include "memory.h"

/* The map that is being read. */
typedef struct object {
  uint64_t address, class, bytes;
  char kind[32];        /* "STRING", "ROOT" */
  char imemo[32];       /* the kind of an internal object */
  char name[HEAP_NAME]; /* of a class */
} object;

typedef struct ruby {
  heap_json j; /* first: events get it */
  heap_import *im;
  bool second; /* the second reading */
  heap_map numbers;
  uint32_t objects;
  heap_map class_types; /* the type of its instances, plus 1, by address */
  heap_names types;
  object o;
  uint64_t *references; /* of the object */
  size_t references_count, references_room;
  uint64_t *roots; /* addresses */
  size_t roots_count, roots_room;
} ruby;

/* ------------------------------------------------------------------------- *
 * Values.
 * ------------------------------------------------------------------------- */

/* "0x7f12" */
static bool read_address(heap_json *j, const char *text, size_t length,
                         uint64_t *address) {
  *address = 0;
  bool good = length > 2 && length <= 18 && !memcmp(text, "0x", 2);
  for (size_t i = 2; i < length && good; i++) {
    int c = tolower((unsigned char)text[i]);
    good = isxdigit(c);
    *address = *address << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return good || heap_json_wrong(j, "an address such as 0x7f12 should stand "
                                    "here");
}

/* Copies a word of letters, digits and underscores. */
static void take_word(char *out, size_t room, const char *text, size_t length) {
  size_t n = 0;
  while (n < length && n < room - 1 &&
         (isalnum((unsigned char)text[n]) || text[n] == '_')) {
    out[n] = text[n];
    n++;
  }
  out[n] = 0;
}

static bool on_text(heap_json *j, const char *text, size_t length) {
  ruby *r = (ruby *)j;
  object *o = &r->o;
  const char *key = heap_json_key(j, 1);
  if (j->depth == 2 && j->level[1].array && !strcmp(key, "references")) {
    r->references = heap_more(r->references, r->references_count,
                              &r->references_room, sizeof *r->references);
    return read_address(j, text, length, &r->references[r->references_count++]);
  }
  if (j->depth != 1)
    return true;
  if (!strcmp(key, "address"))
    return read_address(j, text, length, &o->address);
  if (!strcmp(key, "class"))
    return read_address(j, text, length, &o->class);
  if (!strcmp(key, "type"))
    take_word(o->kind, sizeof o->kind, text, length);
  else if (!strcmp(key, "imemo_type"))
    take_word(o->imemo, sizeof o->imemo, text, length);
  else if (!strcmp(key, "name"))
    snprintf(o->name, sizeof o->name, "%.*s", (int)length, text);
  return true;
}

static bool on_number(heap_json *j, const char *text, size_t length) {
  object *o = &((ruby *)j)->o;
  const char *key = heap_json_key(j, 1);
  uint64_t bytes = 0;
  bool memory = !strcmp(key, "memsize"), cell = !strcmp(key, "slot_size");
  if (j->depth != 1 || (!memory && !cell))
    return true;
  if (!heap_json_whole(j, text, length, &bytes))
    return false;
  if (bytes > HEAP_BYTES_MAX)
    return heap_json_wrong(j, "the object is too large");
  o->bytes = bytes > o->bytes ? bytes : o->bytes;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

/* The smallest cell; what needs no memory beside it may be without a size. */
enum { CELL = 40 };

static bool has_kind(const object *o, const char *kind) {
  return !strcmp(o->kind, kind);
}

static bool is_class(const object *o) {
  return has_kind(o, "CLASS") || has_kind(o, "MODULE");
}

/* The type: the name of the class, or the kind in parentheses where there is no
 * class, or none with a name. */
static uint32_t type_of(ruby *r) {
  const object *o = &r->o;
  uint32_t type =
      o->class && !is_class(o) ? heap_map_get(&r->class_types, o->class) : 0;
  char kind[80];
  snprintf(kind, sizeof kind, *o->imemo ? "(%s %s)" : "(%s)", o->kind,
           o->imemo);
  return type ? type - 1 : heap_names_of(&r->types, kind);
}

/* A class of that address has this name. */
static void note_class(ruby *r) {
  const object *o = &r->o;
  if (is_class(o) && *o->name)
    heap_map_add(&r->class_types, o->address,
                 heap_names_of(&r->types, o->name) + 1);
}

static bool note_object(ruby *r) {
  if (r->objects == HEAP_OBJECTS_MAX)
    return heap_json_wrong(&r->j, "there are too many objects");
  if (!heap_map_add(&r->numbers, r->o.address, r->objects + 1))
    return heap_json_wrong(&r->j, "an object stands here a second time");
  r->objects++;
  note_class(r);
  return true;
}

static void write_object(ruby *r) {
  const object *o = &r->o;
  heap_write_object(r->im->out, type_of(r), o->bytes > CELL ? o->bytes : CELL);
  if (o->class)
    heap_import_slot(r->im, &r->numbers, o->class, false);
  for (size_t i = 0; i < r->references_count; i++)
    heap_import_slot(r->im, &r->numbers, r->references[i], false);
}

static void note_roots(ruby *r) {
  for (size_t i = 0; i < r->references_count; i++) {
    r->roots =
        heap_more(r->roots, r->roots_count, &r->roots_room, sizeof *r->roots);
    r->roots[r->roots_count++] = r->references[i];
  }
}

static bool on_begin(heap_json *j) {
  ruby *r = (ruby *)j;
  if (j->depth == 1) {
    if (j->level[0].array)
      return heap_json_wrong(j, "a map should stand here, for an object");
    r->o = (object){0};
    r->references_count = 0;
  }
  return true;
}

/* A map has ended.  Shapes, which Ruby 3.2 lists too, are no objects. */
static bool on_end(heap_json *j) {
  ruby *r = (ruby *)j;
  const object *o = &r->o;
  if (j->depth != 1)
    return true;
  if (!*o->kind)
    return heap_json_wrong(j, "the object has no \"type\"");
  if (has_kind(o, "ROOT")) {
    if (!r->second)
      note_roots(r);
    return true;
  }
  if (has_kind(o, "SHAPE"))
    return true;
  if (!o->address)
    return heap_json_wrong(j, "the object has no \"address\"");
  if (!r->second)
    return note_object(r);
  write_object(r);
  return true;
}

/* ------------------------------------------------------------------------- */

static bool begins(const char *start, size_t length) {
  return *start == '{' && (memmem(start, length, "\"type\":", 7) ||
                           memmem(start, length, "\"address\":", 10));
}

static bool import_twice(ruby *r) {
  static const heap_json_events events = {
      .number = on_number, .text = on_text, .begin = on_begin, .end = on_end};
  if (!heap_json_read(&r->j, &events, true))
    return false;
  if (!r->objects)
    return heap_wrong(r->im->in, "the dump has no objects: it ends here");
  r->second = true;
  if (!heap_json_read(&r->j, &events, true))
    return false;
  for (size_t i = 0; i < r->roots_count; i++) {
    uint32_t root = heap_map_get(&r->numbers, r->roots[i]);
    if (root)
      heap_write_root(r->im->out, root);
    r->im->dangling += !root;
  }
  for (size_t i = 0; i < r->types.count; i++)
    heap_write_type(r->im->out, r->types.text[i], strlen(r->types.text[i]));
  return true;
}

static bool import(heap_import *im) {
  ruby *r = heap_take(1, sizeof *r);
  r->im = im;
  r->j.in = im->in;
  bool good = import_twice(r);
  heap_map_free(&r->numbers);
  heap_map_free(&r->class_types);
  heap_names_free(&r->types);
  free(r->references);
  free(r->roots);
  free(r);
  return good;
}

const heap_format heap_ruby = {.name = "ObjectSpace dump",
                               .origin = "Ruby",
                               .begins = begins,
                               .import = import};
