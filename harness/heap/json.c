/* json.c: see json.h. */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

/* The callbacks of yajl get this. */
typedef struct state {
  heap_json *j;
  const heap_json_events *events;
  uint64_t seen; /* where the last value ended, for the limit of texts */
  bool stopped;
} state;

static struct heap_level *innermost(heap_json *j) {
  return j->depth ? &j->level[j->depth - 1] : NULL;
}

bool heap_json_wrong(heap_json *j, const char *what) {
  uint64_t at = heap_offset(j->in) + yajl_get_bytes_consumed(j->yajl);
  if (at > j->in->size) /* yajl adds a blank at the end */
    at = j->in->size;
  return heap_wrong_at(j->in, at, "%s", what);
}

/* A value has ended. */
static void after_value(state *s) {
  struct heap_level *l = innermost(s->j);
  if (l)
    l->index++;
  s->seen = s->j->in->base;
}

static int go_on(state *s, bool good) {
  s->stopped |= !good;
  after_value(s);
  return good;
}

static int on_null(void *data) {
  return go_on(data, true);
}

static int on_boolean(void *data, int value) {
  (void)value;
  return go_on(data, true);
}

static int on_number(void *data, const char *text, size_t length) {
  state *s = data;
  return go_on(s, !s->events->number || s->events->number(s->j, text, length));
}

static int on_text(void *data, const unsigned char *text, size_t length) {
  state *s = data;
  return go_on(s, !s->events->text ||
                      s->events->text(s->j, (const char *)text, length));
}

static int on_key(void *data, const unsigned char *text, size_t length) {
  state *s = data;
  struct heap_level *l = innermost(s->j);
  size_t room = sizeof l->key - 1, n = length < room ? length : room;
  memcpy(l->key, text, n);
  l->key[n] = 0;
  s->seen = s->j->in->base;
  return 1;
}

static int open_level(state *s, bool array) {
  heap_json *j = s->j;
  if (j->depth == HEAP_JSON_DEPTH) {
    s->stopped = true;
    return heap_json_wrong(j, "it is nested too deep for a heap dump");
  }
  j->level[j->depth++] = (struct heap_level){.array = array};
  bool good = !s->events->begin || s->events->begin(j);
  s->stopped |= !good;
  return good;
}

static int close_level(state *s) {
  bool good = !s->events->end || s->events->end(s->j);
  s->j->depth--;
  return go_on(s, good);
}

static int on_map(void *data) {
  return open_level(data, false);
}

static int on_array(void *data) {
  return open_level(data, true);
}

static int on_end(void *data) {
  return close_level(data);
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                         .yajl_boolean = on_boolean,
                                         .yajl_number = on_number,
                                         .yajl_string = on_text,
                                         .yajl_start_map = on_map,
                                         .yajl_map_key = on_key,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_array,
                                         .yajl_end_array = on_end};

static void *take(void *data, size_t bytes) {
  (void)data;
  return heap_checked(malloc(bytes ? bytes : 1));
}

static void *take_again(void *data, void *old, size_t bytes) {
  (void)data;
  return heap_checked(realloc(old, bytes ? bytes : 1));
}

static void give_back(void *data, void *memory) {
  (void)data;
  free(memory);
}

/* Sets the error of the input to what yajl says, without the text around it,
 * which may be somebody's secret. */
static bool explain(heap_json *j) {
  unsigned char *why = yajl_get_error(j->yajl, 0, NULL, 0);
  char text[128];
  snprintf(text, sizeof text, "it is no whole JSON: %.*s",
           (int)strcspn((const char *)why, "\n"), (const char *)why);
  yajl_free_error(j->yajl, why);
  return heap_json_wrong(j, text);
}

/* Gives the buffer of the input to yajl. */
static bool feed(state *s) {
  heap_input *in = s->j->in;
  const char *next = in->buffer + in->next;
  if (yajl_parse(s->j->yajl, (const unsigned char *)next, in->end - in->next) !=
      yajl_status_ok)
    return s->stopped ? false : explain(s->j);
  in->next = in->end;
  return in->base - s->seen < HEAP_JSON_TEXT ||
         heap_wrong(in, "a text is longer than %d MiB", HEAP_JSON_TEXT >> 20);
}

bool heap_json_read(heap_json *j, const heap_json_events *events, bool many) {
  yajl_alloc_funcs memory = {take, take_again, give_back, NULL};
  state s = {.j = j, .events = events};
  j->yajl = yajl_alloc(&callbacks, &memory, &s);
  yajl_config(j->yajl, yajl_allow_multiple_values, many);
  j->depth = 0;
  heap_seek(j->in, 0);
  bool good = true;
  while (good && heap_peek(j->in) >= 0)
    good = feed(&s);
  if (good && !j->in->failed && yajl_complete_parse(j->yajl) != yajl_status_ok)
    good = explain(j);
  yajl_free(j->yajl);
  return good && !j->in->failed;
}

const char *heap_json_key(const heap_json *j, int depth) {
  return depth <= j->depth && !j->level[depth - 1].array
             ? j->level[depth - 1].key
             : "";
}

bool heap_json_whole(heap_json *j, const char *text, size_t length,
                     uint64_t *number) {
  *number = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9' || *number > UINT64_MAX / 10 - 1)
      return heap_json_wrong(j, "a whole number should stand here");
    *number = *number * 10 + (uint64_t)(text[i] - '0');
  }
  return true;
}
