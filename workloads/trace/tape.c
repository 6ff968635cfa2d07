/* tape.c: see tape.h. */
#include "trace/tape.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "basics.h"
#include "harness/trace/memory.h"

enum {
  WORDS_OF_OPERATION = 8, /* at most, with what belongs to it */
  NOBODY = -1
};

typedef struct tape_thread {
  bool attached;
  tape_frame *frames;
  size_t frames_count, frames_room;
  uint32_t top;
  uint8_t *borrowing; /* by register, below `top` */
  size_t borrowing_room;
} tape_thread;

/* The bytes of objects that live, by number: an open hash table. */
typedef struct tape_sizes {
  struct tape_size {
    uint32_t number; /* 0: free */
    uint64_t bytes;
  } * at;
  size_t count, room; /* room: a power of two */
} tape_sizes;

struct tape {
  const tape_file *file;
  trace_reader *reader;
  uint32_t offset;
  char wrong[TRACE_ERROR + 64];
  tape_thread *threads; /* by number */
  size_t threads_room;
  int locker;
  int thread;          /* whose words come next; NOBODY: a turn must come */
  uint64_t operations; /* so far */
  uint64_t objects;
  uint32_t step; /* operations since the last step ended */
  tape_sizes sizes;
  bool over;
  bool holds; /* an operation whose deaths may follow: */
  trace_op held;
  uint64_t dead, dead_bytes; /* with it */
  size_t count;
  uint64_t words[TAPE_WORDS];
};

/* ------------------------------------------------------------------------- *
 * What is wrong.
 * ------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool
wrong(tape *t, const char *format, ...) {
  va_list args;
  int n = snprintf(t->wrong, sizeof t->wrong, "%.200s:%llu: ", t->file->path,
                   (unsigned long long)trace_reader_line(t->reader));
  va_start(args, format);
  vsnprintf(t->wrong + n, sizeof t->wrong - (size_t)n, format, args);
  va_end(args);
  return false;
}

static tape_thread *thread_of(tape *t, uint16_t number) {
  t->threads = trace_more(t->threads, &t->threads_room, (size_t)number + 1,
                          sizeof *t->threads);
  return &t->threads[number];
}

static bool is_right(const tape_thread *s, char letter, uint32_t r) {
  if (!strchr("dtbrowe", letter))
    return true;
  return r < s->top && (letter == 'b'          ? s->borrowing[r]
                        : strchr("dt", letter) ? !s->borrowing[r]
                                               : true);
}

/* Registers exist and are of the right kind. */
static bool check_registers(tape *t, const tape_thread *s, const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t n = 0;
  for (const char *l = trace_kinds[op->kind].operands; *l; l++) {
    if (!is_right(s, *l, operands[n]))
      return wrong(t,
                   "the trace is not prepared: '%s' of a register that is "
                   "not there",
                   trace_kinds[op->kind].name);
    n += *l == 's' ? 2 : 1;
  }
  return true;
}

static bool enter(tape *t, tape_thread *s, const trace_op *op) {
  if (op->a > GC_REGISTERS - s->top || op->b > GC_REGISTERS - s->top - op->a)
    return wrong(t, "the trace is not prepared: too many registers");
  s->borrowing = trace_more(s->borrowing, &s->borrowing_room,
                            (size_t)s->top + op->a + op->b + 1, 1);
  s->frames = trace_more(s->frames, &s->frames_room, s->frames_count + 1,
                         sizeof *s->frames);
  s->frames[s->frames_count++] = (tape_frame){s->top, op->a, op->b};
  memset(s->borrowing + s->top, 0, op->a);
  memset(s->borrowing + s->top + op->a, 1, op->b);
  s->top += op->a + op->b;
  return true;
}

/* Follows what frames, threads and the lock are; the rest of an operation does
 * not change the state of the tape. */
static bool follow(tape *t, tape_thread *s, const trace_op *op) {
  switch (op->kind) {
  case TRACE_ATTACH:
    s->attached = true;
    return true;
  case TRACE_DETACH:
    if (s->frames_count > 0 || t->locker == op->thread || op->thread == 0)
      return wrong(t, "the trace is not prepared: 'detach' too early");
    free(s->frames);
    free(s->borrowing);
    *s = (tape_thread){0};
    return true;
  case TRACE_ENTER:
    return enter(t, s, op);
  case TRACE_LEAVE:
    return s->frames_count > 0 ||
           wrong(t, "the trace is not prepared: no frame to leave");
  case TRACE_LOCK:
    if (t->locker != NOBODY)
      return wrong(t, "the trace is not prepared: the lock is taken");
    t->locker = op->thread;
    return true;
  case TRACE_UNLOCK:
    if (t->locker != op->thread)
      return wrong(t, "the trace is not prepared: no lock to return");
    t->locker = NOBODY;
    return true;
  case TRACE_CHECK:
    return wrong(t, "the trace is not prepared: it has a 'check'");
  case TRACE_WEAK_GET:
  case TRACE_EPHEMERON_GET:
    return op->c > 0 || wrong(t, "the trace is not prepared: no outcome");
  default:
    return true;
  }
}

static bool check(tape *t, const trace_op *op) {
  tape_thread *s = thread_of(t, op->thread);
  if (s->attached == (op->kind == TRACE_ATTACH))
    return wrong(t, "the trace is not prepared: thread %u is %sattached",
                 op->thread, s->attached ? "" : "not ");
  return check_registers(t, s, op) && follow(t, s, op);
}

/* ------------------------------------------------------------------------- *
 * Sizes.
 * ------------------------------------------------------------------------- */

static size_t place_of(const tape_sizes *s, uint32_t number) {
  size_t i = mix(number) & (s->room - 1);
  while (s->at[i].number && s->at[i].number != number)
    i = (i + 1) & (s->room - 1);
  return i;
}

static void sizes_add(tape_sizes *s, uint32_t number, uint64_t bytes) {
  if (2 * (s->count + 1) > s->room) {
    tape_sizes old = *s;
    s->room = old.room ? 2 * old.room : 1024;
    s->at = own_memory(s->room, sizeof *s->at);
    for (size_t i = 0; i < old.room; i++)
      if (old.at[i].number)
        s->at[place_of(s, old.at[i].number)] = old.at[i];
    free(old.at);
  }
  s->at[place_of(s, number)] = (struct tape_size){number, bytes};
  s->count++;
}

/* Removes an object; 0 if there is none.  What stands behind it in its run is
 * put in anew. */
static uint64_t sizes_take(tape_sizes *s, uint32_t number) {
  size_t i = s->room ? place_of(s, number) : 0;
  if (!s->room || !s->at[i].number)
    return 0;
  uint64_t bytes = s->at[i].bytes;
  s->at[i].number = 0;
  s->count--;
  for (i = (i + 1) & (s->room - 1); s->at[i].number;
       i = (i + 1) & (s->room - 1)) {
    struct tape_size moved = s->at[i];
    s->at[i].number = 0;
    s->at[place_of(s, moved.number)] = moved;
  }
  return bytes;
}

/* ------------------------------------------------------------------------- *
 * Words.
 * ------------------------------------------------------------------------- */

static void put(tape *t, uint64_t word) {
  t->words[t->count++] = word;
}

static uint64_t word(unsigned code, uint32_t a, uint32_t b, uint64_t c) {
  return code | (uint64_t)a << 8 | (uint64_t)b << 24 | c << 40;
}

/* A word with a slot, which may need a word of its own. */
static void put_slot(tape *t, unsigned kind, uint32_t a, uint32_t b,
                     uint32_t slot) {
  bool wide = slot >> 24;
  put(t, word(kind + (wide ? TAPE_WIDE : 0), a, b, wide ? 0 : slot));
  if (wide)
    put(t, slot);
}

static void put_new(tape *t, const trace_op *op) {
  uint32_t at = t->offset;
  gc_shape shape =
      op->kind == TRACE_NEW ? (gc_shape){op->b, op->c} : GC_WEAK_SHAPE;
  t->objects++;
  sizes_add(&t->sizes, (uint32_t)t->objects, gc_shape_bytes(shape));
  if (op->kind == TRACE_NEW)
    put(t, word(op->kind, at + op->a, op->finalizable, 0));
  else
    put(t, word(op->kind, at + op->a, at + op->b,
                op->kind == TRACE_EPHEMERON_NEW ? at + op->c : 0));
  put(t, t->objects);
  if (op->kind == TRACE_NEW)
    put(t, (uint64_t)op->c << 32 | op->b);
}

/* The words of an operation, after it was checked. */
static void put_operation(tape *t, const trace_op *op) {
  uint32_t o = t->offset, a = op->a, b = op->b, c = op->c;
  tape_thread *s = thread_of(t, op->thread);
  switch ((trace_kind)op->kind) {
  case TRACE_NEW:
  case TRACE_WEAK_NEW:
  case TRACE_EPHEMERON_NEW:
    put_new(t, op);
    break;
  case TRACE_ENTER: /* numbers up to 65536, in 40 bits */
    put(t, (uint64_t)op->kind | (uint64_t)a << 24 | (uint64_t)b << 44);
    break;
  case TRACE_LEAVE: {
    tape_frame f = s->frames[--s->frames_count];
    s->top = f.first;
    put(t, (uint64_t)op->kind | (uint64_t)(f.first + o) << 8);
    put(t, (uint64_t)f.owning | (uint64_t)f.borrowing << 32);
    break;
  }
  case TRACE_LOAD:
  case TRACE_BORROW:
    put_slot(t, op->kind, a + o, b + o, c);
    break;
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
    put_slot(t, op->kind, a + o, c + o, b);
    break;
  case TRACE_STORE_NULL:
    put_slot(t, op->kind, a + o, 0, b);
    break;
  case TRACE_COPY:
  case TRACE_MOVE:
    put(t, word(op->kind, a + o, b + o, 0));
    break;
  case TRACE_CLEAR:
  case TRACE_UNBORROW:
  case TRACE_PAYLOAD:
  case TRACE_FINALIZER_NEXT:
    put(t, word(op->kind, a + o, 0, 0));
    break;
  case TRACE_GLOBAL_LOAD:
  case TRACE_GLOBAL_BORROW:
  case TRACE_TLS_LOAD:
  case TRACE_TLS_BORROW:
    put(t, word(op->kind, a + o, b, 0));
    break;
  case TRACE_GLOBAL_STORE:
  case TRACE_TLS_STORE:
    put(t, word(op->kind, a, b + o, 0));
    break;
  case TRACE_GLOBAL_CLEAR:
  case TRACE_TLS_CLEAR:
    put(t, word(op->kind, a, 0, 0));
    break;
  case TRACE_WEAK_GET:
  case TRACE_EPHEMERON_GET:
    put(t, word(op->kind, a + o, b + o, c > 1));
    break;
  case TRACE_EXTERNAL:
    put(t, (uint64_t)op->kind | (uint64_t)(a + o) << 8 | (uint64_t)b << 24);
    break;
  case TRACE_ATTACH:
  case TRACE_DETACH:
  case TRACE_SAFEPOINT:
  case TRACE_COLLECT:
  case TRACE_LOCK:
  case TRACE_UNLOCK:
    put(t, word(op->kind, 0, 0, 0));
    break;
  case TRACE_CHECK:
  case TRACE_DEAD:
  case TRACE_KINDS:
    break;
  }
}

static void put_dropped(tape *t) {
  if (t->dead == 0)
    return;
  put(t, TAPE_DROPPED | t->dead << 24);
  put(t, t->dead_bytes);
  t->dead = t->dead_bytes = 0;
}

/* Ends the step in which t->step operations were performed. */
static void put_step(tape *t) {
  if (t->step > 0)
    put(t, word(TAPE_STEP, 0, 0, t->step));
  t->step = 0;
}

/* Puts out the operation that was held, with the objects that die by it.  They
 * are stated before it; but what a new object replaces is there until the
 * object is made. */
static void put_held(tape *t) {
  if (!t->holds)
    return;
  t->holds = false;
  if (t->held.thread != t->thread) {
    put_step(t);
    put(t, word(TAPE_TURN, t->held.thread, 0, 0));
    t->thread = t->held.thread;
  }
  bool makes = trace_makes_object(&t->held);
  if (!makes)
    put_dropped(t);
  put_operation(t, &t->held);
  put_dropped(t);
  t->operations++;
  if (++t->step == TAPE_STEP_OPERATIONS)
    put_step(t);
  if (t->held.kind == TRACE_DETACH) { /* the same number may attach again */
    put_step(t);
    t->thread = NOBODY;
  }
}

static bool take_death(tape *t, const trace_op *op) {
  uint64_t bytes = sizes_take(&t->sizes, op->a);
  if (!bytes)
    return wrong(t, "the trace is not prepared: object %u is not alive", op->a);
  t->dead++;
  t->dead_bytes += bytes;
  return true;
}

/* Reads one line and decodes what the line completes. */
static bool take_line(tape *t) {
  trace_op op;
  switch (trace_read(t->reader, &op)) {
  case TRACE_READ_FAILED:
    snprintf(t->wrong, sizeof t->wrong, "%s", trace_reader_error(t->reader));
    return false;
  case TRACE_READ_END:
    put_held(t);
    put_step(t);
    t->over = true;
    return true;
  case TRACE_READ_OP:
    break;
  }
  if (op.kind == TRACE_DEAD)
    return take_death(t, &op);
  put_held(t);
  t->held = op;
  t->holds = true;
  return check(t, &op);
}

const uint64_t *tape_next(tape *t) {
  t->count = 0;
  t->thread = NOBODY; /* each window begins with a turn */
  while (!t->over && t->count < TAPE_WORDS - 2 * WORDS_OF_OPERATION)
    if (!take_line(t)) {
      fprintf(stderr, "trace: %s\n", t->wrong);
      exit(2); /* it was changed since it was checked */
    }
  if (t->count == 0)
    return NULL;
  put_step(t);
  put(t, TAPE_WINDOW);
  return t->words;
}

bool tape_leave(tape *t, tape_frame *frame) {
  tape_thread *s = &t->threads[0];
  if (s->frames_count == 0)
    return false;
  *frame = s->frames[--s->frames_count];
  frame->first += t->offset;
  return true;
}

static tape *make(const tape_file *file, uint32_t offset) {
  tape *t = own_memory(1, sizeof *t);
  t->file = file;
  t->reader = trace_reader_open(file->path);
  t->offset = offset;
  t->locker = t->thread = NOBODY;
  thread_of(t, 0)->attached = true;
  return t;
}

tape *tape_open(const tape_file *file, uint32_t offset) {
  return make(file, offset);
}

void tape_close(tape *t) {
  trace_reader_close(t->reader);
  for (size_t i = 0; i < t->threads_room; i++) {
    free(t->threads[i].frames);
    free(t->threads[i].borrowing);
  }
  free(t->threads);
  free(t->sizes.at);
  free(t);
}

/* ------------------------------------------------------------------------- *
 * Files.
 * ------------------------------------------------------------------------- */

/* What the comments of a file say. */
typedef struct tape_comments {
  tape_file *file;
  bool has_head;
  const char *wrong;
} tape_comments;

static void take_comment(void *data, const char *text) {
  tape_comments *c = data;
  if (!c->has_head)
    c->has_head = trace_prepared_parse(text, &c->file->is);
  else if (!c->wrong)
    c->wrong = trace_alive_add(&c->file->alive, text);
}

/* What the tape has come to, against what the head says. */
static bool check_end(tape *t, const tape_comments *c) {
  const trace_prepared *p = &t->file->is;
  const char *not_alive =
      c->wrong ? c->wrong : trace_alive_end(&c->file->alive, p);
  if (not_alive)
    return wrong(t, "%s", not_alive);
  if (t->operations != p->operations || t->objects != p->objects ||
      t->sizes.count != p->end_objects)
    return wrong(t,
                 "the trace has %llu operations, %llu objects and %zu alive "
                 "at the end, and its head says otherwise",
                 (unsigned long long)t->operations,
                 (unsigned long long)t->objects, t->sizes.count);
  for (size_t i = 0; i < c->file->alive.roots_count; i++)
    if (c->file->alive.roots[i].place < PREPARED_GLOBALS &&
        c->file->alive.roots[i].place >= t->threads[0].top)
      return wrong(t, "a register that is not there holds what is alive");
  for (size_t i = 1; i < t->threads_room; i++)
    if (t->threads[i].attached)
      return wrong(t, "the trace is not prepared: thread %zu does not detach",
                   i);
  return t->locker == NOBODY ||
         wrong(t, "the trace is not prepared: the lock is not returned");
}

static bool check_all(tape *t, tape_comments *c) {
  trace_reader_comments(t->reader, take_comment, c);
  while (!t->over) {
    t->count = 0;
    if (!take_line(t))
      return false;
    if (!c->has_head) {
      snprintf(t->wrong, sizeof t->wrong,
               "%.200s is no prepared trace (reapmark trace prepare %.200s -o "
               "OUT)",
               t->file->path, t->file->path);
      return false;
    }
  }
  return check_end(t, c);
}

const char *tape_check(const char *path, const tape_file **file) {
  static tape_file known;
  static char why[TRACE_ERROR + 64];
  struct stat about;
  if (known.path && !strcmp(known.path, path)) {
    *file = &known;
    return *why ? why : NULL;
  }
  trace_alive_free(&known.alive);
  known = (tape_file){.path = path};
  *file = &known;
  *why = 0;
  if (!stat(path, &about) && !S_ISREG(about.st_mode)) {
    snprintf(why, sizeof why, "%.200s is no file", path);
    return why;
  }
  tape *t = make(&known, 0);
  if (!check_all(t, &(tape_comments){.file = &known}))
    snprintf(why, sizeof why, "%s", t->wrong);
  tape_close(t);
  return *why ? why : NULL;
}
