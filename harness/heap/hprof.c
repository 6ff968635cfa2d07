/* hprof.c: imports the binary heap dumps of JVMs ("JAVA PROFILE 1.0.2", as
 * jmap, jcmd and -XX:+HeapDumpOnOutOfMemoryError write them, and Android's
 * variation).
 *
 * A dump is a sequence of records; those of a heap dump hold sub-records for
 * classes, objects, arrays and roots.  The layout of the fields of an object
 * follows from its class and the classes above it, which may come later, so
 * that the dump is read twice: for addresses, classes and roots, and then for
 * references.  Of the texts only the names of classes are read.
 *
 * In the graph an object's first slot is its class; its other slots are its
 * fields of object type, or its elements.  An object is taken to have a header
 * of 16 bytes.  The field `referent` of weak and phantom references is a weak
 * edge; soft references, and those to objects that wait for their finalizers,
 * are strong. */
#include <inttypes.h>
#include <string.h>

#include "import.h"
#include "memory.h"

enum { HEADER = 16 };

/* Records. */
enum { TEXT = 0x01, LOAD_CLASS = 0x02, DUMP = 0x0c, SEGMENT = 0x1c };

/* Sub-records that are no roots. */
enum {
  CLASS_DUMP = 0x20,
  INSTANCE = 0x21,
  OBJECT_ARRAY = 0x22,
  PRIMITIVE_ARRAY = 0x23,
  BARE_ARRAY = 0xc3, /* Android: without its elements */
  HEAP_INFO = 0xfe,  /* Android: which heap follows */
  UNREACHABLE = 0x90 /* Android: no root */
};

/* Roots: the address of an object, further addresses, and so many bytes. */
static const struct root_kind {
  unsigned char tag, addresses, bytes;
} root_kinds[] = {{0xff, 0, 0}, {0x01, 1, 0}, {0x02, 0, 8}, {0x03, 0, 8},
                  {0x04, 0, 4}, {0x05, 0, 0}, {0x06, 0, 4}, {0x07, 0, 0},
                  {0x08, 0, 8}, {0x89, 0, 0}, {0x8a, 0, 0}, {0x8b, 0, 0},
                  {0x8c, 0, 0}, {0x8d, 0, 0}, {0x8e, 0, 8}};

/* Bytes of a value by its type; 0: there is no such type.  Type 2 is a
 * reference. */
enum { REFERENCE = 2, TYPES = 12 };
static const unsigned char type_bytes[TYPES] = {0, 0, 0, 0, 1, 2,
                                                4, 8, 1, 2, 4, 8};
static const char *const type_names[TYPES] = {
    [4] = "boolean[]", [5] = "char[]",  [6] = "float[]", [7] = "double[]",
    [8] = "byte[]",    [9] = "short[]", [10] = "int[]",  [11] = "long[]"};

typedef struct field {
  uint64_t name; /* of its text */
  unsigned char type;
} field;

/* A class by its dump. */
typedef struct class {
  uint64_t above; /* its address */
  uint32_t fields, fields_count;
  bool dumped;
  uint64_t name;     /* of its text */
  uint32_t type;     /* of its instances, in the graph */
  bool is_reference; /* java.lang.ref.Reference */
  bool is_weak;      /* WeakReference, PhantomReference */
} class;

/* Where a text stands. */
typedef struct text {
  uint64_t offset, length;
} text;

typedef struct hprof {
  heap_import *im;
  heap_input *in;
  unsigned word; /* bytes of an address */
  bool second;   /* the second reading */
  heap_map numbers, class_of, text_of;
  uint32_t objects;
  class *classes; /* class_of has their indices + 1 */
  size_t classes_count, classes_room;
  text *texts; /* likewise */
  size_t texts_count, texts_room;
  field *fields;
  size_t fields_count, fields_room;
  uint64_t *roots; /* addresses */
  size_t roots_count, roots_room;
  heap_names types;
  uint32_t class_type; /* the type of classes */
  uint64_t referent;   /* the text "referent", in the second reading; or 0 */
} hprof;

static bool read_address(hprof *h, uint64_t *address) {
  return heap_number(h->in, h->word, address);
}

static bool read_u4(hprof *h, uint32_t *number) {
  uint64_t n;
  if (!heap_number(h->in, 4, &n))
    return false;
  *number = (uint32_t)n;
  return true;
}

static bool read_u2(hprof *h, uint32_t *number) {
  uint64_t n;
  if (!heap_number(h->in, 2, &n))
    return false;
  *number = (uint32_t)n;
  return true;
}

/* Bytes of a value of this type; 0, with an error, if there is no such type. */
static unsigned value_bytes(hprof *h, unsigned type) {
  unsigned bytes = type == REFERENCE ? h->word
                   : type < TYPES    ? type_bytes[type]
                                     : 0;
  if (!bytes)
    heap_wrong_at(h->in, heap_offset(h->in) - 1,
                  "there is no type of values %u", type);
  return bytes;
}

static bool read_type(hprof *h, unsigned *type) {
  uint64_t number;
  if (!heap_number(h->in, 1, &number))
    return false;
  *type = (unsigned)number;
  return value_bytes(h, *type) > 0;
}

/* ------------------------------------------------------------------------- *
 * Texts and classes.
 * ------------------------------------------------------------------------- */

/* The class of this address; a new one if there is none yet. */
static class *class_at(hprof *h, uint64_t address) {
  uint32_t index = heap_map_get(&h->class_of, address);
  if (index)
    return &h->classes[index - 1];
  h->classes = heap_more(h->classes, h->classes_count, &h->classes_room,
                         sizeof *h->classes);
  class *c = &h->classes[h->classes_count++];
  *c = (class){0};
  heap_map_add(&h->class_of, address, (uint32_t)h->classes_count);
  return c;
}

static bool read_text(hprof *h, uint64_t length) {
  uint64_t name;
  if (length < h->word)
    return heap_wrong(h->in, "a text is shorter than its own address");
  if (!read_address(h, &name))
    return false;
  h->texts =
      heap_more(h->texts, h->texts_count, &h->texts_room, sizeof *h->texts);
  h->texts[h->texts_count++] = (text){heap_offset(h->in), length - h->word};
  heap_map_add(&h->text_of, name, (uint32_t)h->texts_count);
  return heap_skip(h->in, length - h->word);
}

static bool read_load_class(hprof *h, uint64_t length) {
  uint64_t address, name;
  uint32_t ignored;
  if (length != 8 + 2 * h->word)
    return heap_wrong(h->in, "a loaded class has %" PRIu64 " bytes, not %u",
                      length, 8 + 2 * h->word);
  if (!read_u4(h, &ignored) || !read_address(h, &address) ||
      !read_u4(h, &ignored) || !read_address(h, &name))
    return false;
  class_at(h, address)->name = name;
  return true;
}

/* Reads the text of a name into `out`, which has `room` bytes, cut and ended by
 * 0.  Returns its length; 0 if there is no such text. */
static size_t name_text(hprof *h, uint64_t name, char *out, size_t room) {
  uint32_t index = heap_map_get(&h->text_of, name);
  size_t length = 0;
  if (index) {
    const text *t = &h->texts[index - 1];
    length = t->length < room - 1 ? (size_t)t->length : room - 1;
    heap_seek(h->in, t->offset);
    if (!heap_bytes(h->in, out, length))
      length = 0;
  }
  out[length] = 0;
  return length;
}

static bool is_named(hprof *h, uint64_t name, const char *wanted) {
  char is[64];
  return name_text(h, name, is, sizeof is) && !strcmp(is, wanted);
}

/* The name of a class as people write it: dots for slashes, and "int[][]" for
 * "[[I", "a.B[]" for "[La/B;". */
static void make_readable(char name[HEAP_NAME]) {
  static const char letters[] = "ZCFDBSIJ"; /* as in type_names, from 4 on */
  char element[HEAP_NAME];
  size_t depth = strspn(name, "["), length = strlen(name);
  for (char *p = name; *p; p++)
    if (*p == '/')
      *p = '.';
  if (!depth || depth == length)
    return;
  const char *letter = strchr(letters, name[depth]);
  if (letter && depth + 1 == length) {
    const char *array = type_names[4 + (letter - letters)];
    snprintf(element, sizeof element, "%.*s", (int)strlen(array) - 2, array);
  } else {
    bool ends = name[length - 1] == ';';
    snprintf(element, sizeof element, "%.*s", (int)(length - depth - 1 - ends),
             name + depth + 1);
  }
  size_t used = (size_t)snprintf(name, HEAP_NAME, "%s", element);
  for (; depth > 0 && used + 2 < HEAP_NAME; depth--, used += 2)
    strcpy(name + used, "[]");
}

/* Between the readings: the names of classes, which then are types. */
static void name_classes(hprof *h) {
  for (size_t i = 0; i < h->classes_count; i++) {
    class *c = &h->classes[i];
    char name[HEAP_NAME];
    if (!name_text(h, c->name, name, sizeof name))
      strcpy(name, "(class without a name)");
    make_readable(name);
    c->type = heap_names_of(&h->types, name);
    c->is_reference = !strcmp(name, "java.lang.ref.Reference");
    c->is_weak = !strcmp(name, "java.lang.ref.WeakReference") ||
                 !strcmp(name, "java.lang.ref.PhantomReference");
  }
  h->class_type = heap_names_of(&h->types, "java.lang.Class");
}

/* Whether a class or one above it is a weak reference.  A hostile dump may have
 * a circle of classes. */
enum { ABOVE_MOST = 1000 };

static class *known_class(const hprof *h, uint64_t address) {
  uint32_t index = heap_map_get(&h->class_of, address);
  return index && h->classes[index - 1].dumped ? &h->classes[index - 1] : NULL;
}

static void find_weak(hprof *h) {
  for (size_t i = 0; i < h->classes_count; i++) {
    class *c = &h->classes[i];
    for (int above = 0; c && !c->is_weak && above < ABOVE_MOST; above++)
      c = known_class(h, c->above);
    h->classes[i].is_weak = c && c->is_weak;
  }
}

/* ------------------------------------------------------------------------- *
 * Sub-records.  In the first reading each notes the address of its object, in
 * the second it writes the object.
 * ------------------------------------------------------------------------- */

/* Notes an object, or begins it. */
static bool begin_object(hprof *h, uint64_t address, uint32_t type,
                         uint64_t bytes) {
  if (h->second) {
    heap_write_object(h->im->out, type, bytes);
    return true;
  }
  if (h->objects == HEAP_OBJECTS_MAX)
    return heap_wrong(h->in, "there are more than %d objects",
                      HEAP_OBJECTS_MAX);
  return heap_map_add(&h->numbers, address, ++h->objects) ||
         heap_wrong(h->in, "object %#" PRIx64 " stands here a second time",
                    address);
}

static void slot(hprof *h, uint64_t address, bool weak) {
  if (h->second)
    heap_import_slot(h->im, &h->numbers, address, weak);
}

/* Reads `count` addresses, which are slots. */
static bool read_slots(hprof *h, uint64_t count) {
  uint64_t address;
  if (!h->second)
    return heap_skip(h->in, count * h->word);
  for (; count > 0; count--) {
    if (!read_address(h, &address))
      return false;
    slot(h, address, false);
  }
  return true;
}

/* A value with its type, of a static field or a constant; a slot if it is a
 * reference. */
static bool read_value(hprof *h) {
  unsigned type;
  uint64_t address;
  if (!read_type(h, &type))
    return false;
  if (type != REFERENCE)
    return heap_skip(h->in, value_bytes(h, type));
  if (!read_address(h, &address))
    return false;
  slot(h, address, false);
  return true;
}

/* The fields of the instances of a class. */
static bool read_fields(hprof *h, class *c, uint32_t count) {
  c->fields = (uint32_t)h->fields_count;
  c->fields_count = count;
  for (; count > 0; count--) {
    field f;
    unsigned type;
    if (!read_address(h, &f.name) || !read_type(h, &type))
      return false;
    f.type = (unsigned char)type;
    if (h->second)
      continue;
    h->fields = heap_more(h->fields, h->fields_count, &h->fields_room,
                          sizeof *h->fields);
    h->fields[h->fields_count++] = f;
  }
  return true;
}

/* Slots of a class: the class above, the loader, signers, the protection
 * domain, constants and static fields. */
static bool read_class(hprof *h) {
  uint64_t address, above, skipped;
  uint32_t ignored, count;
  if (!read_address(h, &address) || !read_u4(h, &ignored) ||
      !read_address(h, &above) ||
      !begin_object(h, address, h->class_type, HEADER))
    return false;
  slot(h, above, false);
  if (!read_slots(h, 3) || !read_address(h, &skipped) ||
      !read_address(h, &skipped) || !read_u4(h, &ignored))
    return false;
  if (!read_u2(h, &count))
    return false;
  for (; count > 0; count--) /* constants, with their index */
    if (!read_u2(h, &ignored) || !read_value(h))
      return false;
  if (!read_u2(h, &count))
    return false;
  for (; count > 0; count--) /* static fields, with their name */
    if (!read_address(h, &skipped) || !read_value(h))
      return false;
  if (!read_u2(h, &count))
    return false;
  class ignored_class, *c = h->second ? &ignored_class : class_at(h, address);
  c->above = above;
  c->dumped = true;
  return read_fields(h, c, count);
}

/* The fields of an object that one of its classes has, from `left` bytes. */
static bool read_part(hprof *h, const class *c, bool weak, uint32_t *left) {
  for (uint32_t i = 0; i < c->fields_count; i++) {
    const field *f = &h->fields[c->fields + i];
    uint64_t address;
    unsigned bytes = value_bytes(h, f->type);
    if (bytes > *left)
      return heap_wrong(h->in, "the object is shorter than its class says");
    *left -= bytes;
    if (f->type != REFERENCE) {
      if (!heap_skip(h->in, bytes))
        return false;
      continue;
    }
    if (!read_address(h, &address))
      return false;
    slot(h, address, weak && c->is_reference && f->name == h->referent);
  }
  return true;
}

/* Slots of an object: its class, and its fields, those of the lowest class
 * first. */
static bool read_instance_fields(hprof *h, uint64_t class_address,
                                 uint32_t bytes) {
  const class *lowest = known_class(h, class_address), *c = lowest;
  slot(h, class_address, false);
  if (!c)
    return heap_wrong(h->in, "the dump has no class %#" PRIx64, class_address);
  for (int above = 0; c && above < ABOVE_MOST; above++) {
    if (!read_part(h, c, lowest->is_weak, &bytes))
      return false;
    c = known_class(h, c->above);
  }
  return heap_skip(h->in, bytes);
}

static bool read_instance(hprof *h) {
  uint64_t address, class_address;
  uint32_t ignored, bytes;
  if (!read_address(h, &address) || !read_u4(h, &ignored) ||
      !read_address(h, &class_address) || !read_u4(h, &bytes))
    return false;
  const class *c = h->second ? known_class(h, class_address) : NULL;
  if (!begin_object(h, address, c ? c->type : 0, HEADER + (uint64_t)bytes))
    return false;
  return h->second ? read_instance_fields(h, class_address, bytes)
                   : heap_skip(h->in, bytes);
}

static bool read_object_array(hprof *h) {
  uint64_t address, class_address;
  uint32_t ignored, count;
  if (!read_address(h, &address) || !read_u4(h, &ignored) ||
      !read_u4(h, &count) || !read_address(h, &class_address))
    return false;
  uint32_t index = heap_map_get(&h->class_of, class_address);
  uint32_t type = index ? h->classes[index - 1].type : h->class_type;
  if (!begin_object(h, address, type, HEADER + (uint64_t)count * h->word))
    return false;
  slot(h, class_address, false);
  return read_slots(h, count);
}

static bool read_primitive_array(hprof *h, bool bare) {
  uint64_t address;
  uint32_t ignored, count;
  unsigned type;
  if (!read_address(h, &address) || !read_u4(h, &ignored) ||
      !read_u4(h, &count) || !read_type(h, &type))
    return false;
  if (type == REFERENCE)
    return heap_wrong(h->in, "an array of references says it has none");
  uint64_t bytes = (uint64_t)count * value_bytes(h, type);
  uint32_t its = h->second ? heap_names_of(&h->types, type_names[type]) : 0;
  return begin_object(h, address, its, HEADER + bytes) &&
         (bare || heap_skip(h->in, bytes));
}

static bool read_root(hprof *h, const struct root_kind *kind) {
  uint64_t address;
  if (!read_address(h, &address) ||
      !heap_skip(h->in, kind->addresses * h->word + kind->bytes))
    return false;
  if (h->second)
    return true;
  h->roots =
      heap_more(h->roots, h->roots_count, &h->roots_room, sizeof *h->roots);
  h->roots[h->roots_count++] = address;
  return true;
}

static bool read_part_of_heap(hprof *h, int tag) {
  uint64_t ignored;
  switch (tag) {
  case CLASS_DUMP:
    return read_class(h);
  case INSTANCE:
    return read_instance(h);
  case OBJECT_ARRAY:
    return read_object_array(h);
  case PRIMITIVE_ARRAY:
  case BARE_ARRAY:
    return read_primitive_array(h, tag == BARE_ARRAY);
  case HEAP_INFO:
    return heap_skip(h->in, 4) && read_address(h, &ignored);
  case UNREACHABLE:
    return read_address(h, &ignored);
  }
  for (size_t i = 0; i < sizeof root_kinds / sizeof *root_kinds; i++)
    if (tag == root_kinds[i].tag)
      return read_root(h, &root_kinds[i]);
  return heap_wrong_at(h->in, heap_offset(h->in) - 1,
                       "there is no part %#x of a heap", (unsigned)tag);
}

/* ------------------------------------------------------------------------- *
 * Records.
 * ------------------------------------------------------------------------- */

static bool read_heap(hprof *h, uint64_t length) {
  uint64_t end = heap_offset(h->in) + length;
  if (end > h->in->size)
    return heap_wrong(h->in,
                      "the file is cut off: a part of the heap of %" PRIu64
                      " bytes should follow, and %" PRIu64 " bytes do",
                      length, h->in->size - heap_offset(h->in));
  while (heap_offset(h->in) < end)
    if (!read_part_of_heap(h, heap_byte(h->in)))
      return false;
  return heap_offset(h->in) == end ||
         heap_wrong(h->in, "a part of the heap ends beyond its record");
}

static bool read_record(hprof *h) {
  uint64_t tag, length;
  if (!heap_number(h->in, 1, &tag) || !heap_skip(h->in, 4) ||
      !heap_number(h->in, 4, &length))
    return false;
  if (tag == DUMP || tag == SEGMENT)
    return read_heap(h, length);
  if (h->second || (tag != TEXT && tag != LOAD_CLASS))
    return heap_skip(h->in, length);
  return tag == TEXT ? read_text(h, length) : read_load_class(h, length);
}

static const char magic[] = "JAVA PROFILE 1.0.";

static bool begins(const char *start, size_t length) {
  return length >= sizeof magic && !memcmp(start, magic, sizeof magic - 1);
}

/* Reads the header and all records. */
static bool read_all(hprof *h) {
  uint64_t word;
  heap_seek(h->in, sizeof magic); /* with the last digit of the version */
  if (heap_byte(h->in) != 0)
    return heap_wrong(h->in, "the header does not end");
  if (!heap_number(h->in, 4, &word))
    return false;
  if (word != 4 && word != 8)
    return heap_wrong(h->in, "addresses have 4 or 8 bytes, not %" PRIu64, word);
  h->word = (unsigned)word;
  if (!heap_skip(h->in, 8))
    return false;
  while (heap_offset(h->in) < h->in->size)
    if (!read_record(h))
      return false;
  return !h->in->failed;
}

/* The address of the text "referent", which the field of that name has. */
static uint64_t find_referent(hprof *h) {
  for (size_t i = 0; i < h->classes_count; i++) {
    const class *c = &h->classes[i];
    for (uint32_t k = 0; c->is_reference && k < c->fields_count; k++)
      if (is_named(h, h->fields[c->fields + k].name, "referent"))
        return h->fields[c->fields + k].name;
  }
  return 0;
}

static void write_roots_and_types(hprof *h) {
  for (size_t i = 0; i < h->roots_count; i++) {
    uint32_t root = heap_map_get(&h->numbers, h->roots[i]);
    if (root)
      heap_write_root(h->im->out, root);
    h->im->dangling += !root;
  }
  for (size_t i = 0; i < h->types.count; i++)
    heap_write_type(h->im->out, h->types.text[i], strlen(h->types.text[i]));
}

static bool import_twice(hprof *h) {
  if (!read_all(h))
    return false;
  if (!h->objects)
    return heap_wrong(h->in, "the file has no heap: it ends here");
  name_classes(h);
  find_weak(h);
  h->referent = find_referent(h);
  h->second = true;
  if (!read_all(h))
    return false;
  write_roots_and_types(h);
  return !h->in->failed;
}

static bool import(heap_import *im) {
  hprof h = {.im = im, .in = im->in};
  bool good = import_twice(&h);
  heap_map_free(&h.numbers);
  heap_map_free(&h.class_of);
  heap_map_free(&h.text_of);
  heap_names_free(&h.types);
  free(h.classes);
  free(h.texts);
  free(h.fields);
  free(h.roots);
  return good;
}

const heap_format heap_hprof = {
    .name = "HPROF", .origin = "a JVM", .begins = begins, .import = import};
