/* json.h: reads JSON as a stream, with libyajl: dumps of V8 and Ruby are too
 * large to be in memory as a whole.  Its authors have left yajl; Debian keeps
 * it, with fixes of what was found since (2.1.0-3+deb12u2 and later). */
#ifndef REAPMARK_HEAP_JSON_H
#define REAPMARK_HEAP_JSON_H

#include <yajl/yajl_parse.h>

#include "input.h"

/* Limits: deeper nesting, and a longer text or number, are errors. */
enum { HEAP_JSON_DEPTH = 32, HEAP_JSON_TEXT = 64 << 20 };

/* Where the reading is: the keys of the maps that it is in.  It stands first in
 * the struct that the callbacks get. */
typedef struct heap_json {
  heap_input *in;
  yajl_handle yajl;
  int depth; /* maps and arrays that are open */
  struct heap_level {
    bool array;
    uint64_t index; /* in an array: of the next value */
    char key[24];   /* in a map: the key, cut, of the next value */
  } level[HEAP_JSON_DEPTH];
} heap_json;

/* What happens to the values; a handler returns false, after heap_json_wrong,
 * to stop.  Any of them may be NULL.  A number is given as its text,
 * which does not end with 0; so is a text. */
typedef struct heap_json_events {
  bool (*number)(heap_json *j, const char *text, size_t length);
  bool (*text)(heap_json *j, const char *text, size_t length);
  bool (*begin)(heap_json *j); /* after a map or an array was opened */
  bool (*end)(heap_json *j);   /* before it is closed */
} heap_json_events;

/* Reads the input from its beginning: one value, or with `many` values one
 * after the other.  False, with the error of the input set, if that is no JSON
 * or a handler stopped. */
bool heap_json_read(heap_json *j, const heap_json_events *events, bool many);

/* Sets the error of the input for the place where the reading is, and returns
 * false. */
bool heap_json_wrong(heap_json *j, const char *what);

/* The key that leads to the value that is being read, in level `depth` from 1;
 * "" in an array and below the value. */
const char *heap_json_key(const heap_json *j, int depth);

/* Reads a whole number; false, with the error of the input set, if the text is
 * something else. */
bool heap_json_whole(heap_json *j, const char *text, size_t length,
                     uint64_t *number);

#endif
