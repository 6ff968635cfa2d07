/* story.c: what is told of a difference between the collector's heap and the
 * shadow heap: the operation, the object's life, and how it can be reached. */
#include "story.h"
#include "inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "basics.h"

enum { STORY = 8192 };

size_t text_put(char *to, size_t n, size_t room, const char *s) {
  while (*s && n + 1 < room)
    to[n++] = *s++;
  to[n] = 0;
  return n;
}

size_t text_put_number(char *to, size_t n, size_t room, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do
    digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0 && n + 1 < room)
    to[n++] = digits[--count];
  to[n] = 0;
  return n;
}

size_t executor_text(char text[EXECUTOR_TEXT], const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t k = 0;
  size_t n = text_put(text, 0, EXECUTOR_TEXT, trace_kinds[op->kind].name);
  for (const char *c = trace_kinds[op->kind].operands; *c && *c != '?'; c++)
    for (int i = 0; i <= (*c == 's'); i++) {
      n = text_put(text, n, EXECUTOR_TEXT, " ");
      n = text_put_number(text, n, EXECUTOR_TEXT, operands[k++]);
    }
  return op->kind == TRACE_NEW && op->finalizable
             ? text_put(text, n, EXECUTOR_TEXT, " f")
             : n;
}

typedef struct story {
  size_t n;
  char text[STORY];
} story;

/* Appends to the story. */
__attribute__((format(printf, 2, 3))) static void
tell(story *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
  va_end(args);
  s->n = min_u64(s->n + (uint64_t)(n > 0 ? n : 0), sizeof s->text - 1);
}

/* Appends what is known of an object's life. */
static void tell_object(story *s, const executor_thread *t, shadow_ref o) {
  const shadow_object *object = at(t, o);
  const executor_past *p = past(t, o);
  tell(s, "object %" PRIu64 ": ", p->number);
  if (!object->used) {
    tell(s, "found unreachable by operation %" PRIu64 "\n", p->gone);
    return;
  }
  if (object->weak)
    tell(s, object->ephemeron ? "an ephemeron" : "a weak reference");
  else
    tell(s, "%" PRIu32 " slots, %" PRIu32 " bytes%s", object->slot_count,
         object->bytes,
         object->finalizable ? ", finalizable"
         : object->finalized ? ", handed out for finalization"
                             : "");
  tell(s, "; made by operation %" PRIu64 " of thread %u", object->birth,
       object->maker);
  if (p->stored)
    tell(s, ", last stored by %" PRIu64, p->stored);
  if (object->loss)
    tell(s, ", lost a reference in %" PRIu64, object->loss);
  tell(s, ", survived %" PRIu32 " checks", p->checks);
  if (p->gone)
    tell(s, ", found unreachable by %" PRIu64, p->gone);
  tell(s, "\n");
}

/* Appends the shortest way from a root to the object. */
static void tell_path(story *s, const executor_thread *t, shadow_ref o) {
  enum { SHOWN = 8 };
  shadow_ref way[SHOWN];
  char root[64];
  size_t length = shadow_path(t->x->shadow, o, root, way, SHOWN);
  if (length == 0) {
    tell(s, "no root leads to it\n");
    return;
  }
  tell(s, "it can be reached: %s", root);
  for (size_t i = 0; i < length && i < SHOWN; i++)
    tell(s, " -> object %" PRIu64, past(t, way[i])->number);
  if (length > SHOWN)
    tell(s, " -> ... (%zu objects in all)", length);
  tell(s, "\n");
}

void executor_violation(executor_thread *t, const char *oracle,
                        shadow_ref object, const char *what, ...) {
  /* Only the first thread that gets here tells its story. */
  static bool taken;
  while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQ_REL))
    pause();
  static story s;
  va_list args;
  va_start(args, what);
  int n = vsnprintf(s.text, sizeof s.text, what, args);
  va_end(args);
  s.n = (size_t)n;
  char text[EXECUTOR_TEXT];
  executor_text(text, &t->op);
  tell(&s, "\n%soperation %" PRIu64 " of thread %u: %s\n",
       t->checking ? "in the comparison after " : "", t->now, t->number, text);
  if (object)
    tell_object(&s, t, object);
  if (object && at(t, object)->used && t->x->standing)
    tell_path(&s, t, object);
  wl_violation(t->wl, oracle, t->now, s.text);
}
