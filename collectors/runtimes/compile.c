/* compile.c: see compile.h.  The trace is not trusted: a word that a replayer
 * would stumble over is an error here. */
#include "compile-inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#include "harness/trace/memory.h"

/* ------------------------------------------------------------------------- *
 * Chunks.
 * ------------------------------------------------------------------------- */

bool compile_fail(compiler *c, const char *format, ...) {
  if (c->failed)
    return false;
  c->failed = true;
  va_list args;
  va_start(args, format);
  vsnprintf(c->error, TRACE_ERROR, format, args);
  va_end(args);
  return false;
}

static void write_chunk(compiler *c, const chain *k) {
  if (!c->out->file)
    return;
  uint8_t bytes[4 * 512];
  off_t at = (off_t)k->chunk * WORDS_CHUNK * 4;
  for (uint32_t i = 0; i < WORDS_CHUNK && !c->failed; i += 512) {
    for (uint32_t b = 0; b < 512; b++)
      for (unsigned shift = 0; shift < 4; shift++)
        bytes[4 * b + shift] = (uint8_t)(k->words[i + b] >> 8 * shift);
    if (pwrite(fileno(c->out->file), bytes, sizeof bytes, at + 4 * (off_t)i) !=
        (ssize_t)sizeof bytes)
      compile_fail(c, "no room for a temporary file: %s", strerror(errno));
  }
}

void compile_begin(compiler *c, chain *k) {
  k->chunk = c->chunks++;
  k->used = 0;
}

void compile_put(compiler *c, chain *k, uint32_t code, uint32_t a, unsigned n,
                 const uint32_t *operands) {
  if (k->used + ROOM > WORDS_CHUNK) {
    k->words[k->used] = WORD_NEXT | c->chunks << 8;
    write_chunk(c, k);
    compile_begin(c, k);
  }
  k->words[k->used++] = code | a << 8;
  for (unsigned i = 0; i < n; i++)
    k->words[k->used++] = operands[i];
}

void compile_end(compiler *c, chain *k) {
  PUT_0(c, k, WORD_END, 0);
  write_chunk(c, k);
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

/* The index of the thread's stream.  A thread that appears late has missed the
 * places where all threads wait. */
static unsigned stream_of(compiler *c, unsigned number) {
  if (c->index[number])
    return c->index[number] - 1u;
  unsigned i = c->out->threads;
  if (i == COMPILED_THREADS) {
    compile_fail(c, "the trace has more than %d threads", COMPILED_THREADS);
    return 0;
  }
  c->out->threads++;
  c->index[number] = (uint16_t)(i + 1);
  c->streams[i] = trace_zeroed(1, sizeof *c->streams[i]);
  compile_begin(c, &c->streams[i]->words);
  c->out->thread[i] =
      (compiled_thread){.number = number, .first = c->streams[i]->words.chunk};
  for (uint32_t k = 1; k <= c->waits; k++)
    PUT(c, &c->streams[i]->words, WORD_WAIT, 0, k);
  return i;
}

/* All threads wait for each other. */
static void wait_all(compiler *c) {
  c->waits++;
  for (unsigned i = 0; i < c->out->threads; i++)
    PUT(c, &c->streams[i]->words, WORD_WAIT, 0, c->waits);
}

static void switch_turn(compiler *c, unsigned i) {
  if (c->out->head.free_order || i == c->now)
    return;
  c->turn++;
  PUT(c, &c->streams[c->now]->words, WORD_PASS, 0, c->turn);
  PUT(c, &c->streams[i]->words, WORD_TURN, 0, c->turn);
  c->now = i;
}

static void end_step(compiler *c, unsigned i) {
  stream *s = c->streams[i];
  if (!s->in_step)
    return;
  PUT_0(c, &s->words, WORD_STEP, (uint32_t)s->in_step);
  c->out->thread[i].steps++;
  s->in_step = 0;
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

static void enter(compiler *c, stream *s, const trace_op *op) {
  if (s->frames_count == s->frames_room)
    s->frames = trace_more(s->frames, &s->frames_room, s->frames_count + 64,
                           sizeof *s->frames);
  s->frames[s->frames_count++] = (frame){s->top, op->a, op->b};
  if ((uint64_t)s->top + op->a + op->b > c->out->head.registers)
    compile_fail(c, "more registers are in use than the head says");
  s->top += op->a + op->b;
}

/* Registers are null until a frame has them, and again when it ends: so a
 * replayer does nothing when a frame begins. */
static void leave(compiler *c, stream *s) {
  if (!s->frames_count) {
    compile_fail(c, "a frame ends that has not begun");
    return;
  }
  const frame *f = &s->frames[--s->frames_count];
  if (f->owning + f->borrowing)
    PUT(c, &s->words, WORD_LEAVE, f->first, f->owning + f->borrowing);
  s->top = f->first;
}

static void take_lock(compiler *c, stream *s, bool take) {
  if (c->locked == take)
    compile_fail(c, "the lock is taken twice, or returned twice");
  c->locked = take;
  if (!c->out->head.free_order)
    return;
  if (take)
    PUT(c, &s->words, WORD_TURN, 0, c->turn);
  else
    PUT(c, &s->words, WORD_PASS, 0, ++c->turn);
}

static void watch(compiler *c, stream *s, uint32_t reg) {
  if (c->objects % c->every)
    return;
  size_t n = c->out->watched++;
  if (n == c->watched_room)
    c->watched =
        trace_more(c->watched, &c->watched_room, n + 256, sizeof *c->watched);
  c->watched[n] = c->objects;
  PUT(c, &s->words, WORD_WATCH, reg, (uint32_t)n);
}

/* The register operands of an operation are in open frames, its slots in the
 * largest object, and its sizes those of gc.h: a replayer's arrays are as large
 * as that. */
static void check_operands(compiler *c, const stream *s, const trace_op *op) {
  const uint32_t values[] = {op->a, op->b, op->c};
  const char *letters = trace_kinds[op->kind].operands;
  for (unsigned i = 0; letters[i] && i < 3; i++) {
    if (strchr("dbtrowe", letters[i]) && values[i] >= s->top)
      compile_fail(c, "register %" PRIu32 " is in no frame", values[i]);
    if (letters[i] == 'i' && values[i] >= c->out->head.slots)
      compile_fail(c, "slot %" PRIu32 " is beyond the largest object",
                   values[i]);
  }
  if (op->kind == TRACE_NEW && op->b > c->out->head.slots)
    compile_fail(c, "an object is larger than the head says");
}

static void compile_new(compiler *c, stream *s, const trace_op *op) {
  PUT(c, &s->words, op->finalizable ? WORD_NEW_FINAL : WORD_NEW, op->a, op->b,
      op->c, (uint32_t)c->objects);
  watch(c, s, op->a);
}

/* An outcome is one more than the number that was given. */
static uint32_t by_outcome(uint32_t outcome, uint32_t get, uint32_t drop) {
  return outcome > 1 ? get : drop;
}

static void compile_op(compiler *c, unsigned i, const trace_op *op) {
  stream *s = c->streams[i];
  chain *k = &s->words;
  uint32_t a = op->a, b = op->b;
  switch ((trace_kind)op->kind) {
  case TRACE_ATTACH:
    if (c->out->head.free_order)
      wait_all(c);
    break;
  case TRACE_DETACH:
    PUT_0(c, k, WORD_DETACH, 0);
    if (c->out->head.free_order)
      wait_all(c);
    break;
  case TRACE_ENTER:
    enter(c, s, op);
    break;
  case TRACE_LEAVE:
    leave(c, s);
    break;
  case TRACE_NEW:
    compile_new(c, s, op);
    break;
  case TRACE_LOAD:
  case TRACE_BORROW:
    PUT(c, k, WORD_LOAD, a, b, op->c);
    break;
  case TRACE_STORE:
    PUT(c, k, WORD_STORE, op->c, a, b);
    break;
  case TRACE_STORE_TAKE:
    PUT(c, k, WORD_STORE_TAKE, op->c, a, b);
    break;
  case TRACE_STORE_NULL:
    PUT(c, k, WORD_STORE_NULL, a, b);
    break;
  case TRACE_COPY:
    PUT(c, k, WORD_COPY, a, b);
    break;
  case TRACE_MOVE:
    PUT(c, k, WORD_MOVE, a, b);
    break;
  case TRACE_CLEAR:
  case TRACE_UNBORROW:
    PUT_0(c, k, WORD_CLEAR, a);
    break;
  case TRACE_PAYLOAD:
    PUT_0(c, k, WORD_PAYLOAD, a);
    break;
  case TRACE_GLOBAL_LOAD:
  case TRACE_GLOBAL_BORROW:
    PUT(c, k, WORD_GLOBAL_LOAD, a, b);
    break;
  case TRACE_GLOBAL_STORE:
    PUT(c, k, WORD_GLOBAL_STORE, b, a);
    break;
  case TRACE_GLOBAL_CLEAR:
    PUT_0(c, k, WORD_GLOBAL_CLEAR, a);
    break;
  case TRACE_TLS_LOAD:
  case TRACE_TLS_BORROW:
    PUT(c, k, WORD_TLS_LOAD, a, b);
    break;
  case TRACE_TLS_STORE:
    PUT(c, k, WORD_TLS_STORE, b, a);
    break;
  case TRACE_TLS_CLEAR:
    PUT_0(c, k, WORD_TLS_CLEAR, a);
    break;
  case TRACE_WEAK_NEW:
    PUT(c, k, WORD_WEAK_NEW, a, b);
    break;
  case TRACE_WEAK_GET:
    PUT(c, k, by_outcome(op->c, WORD_WEAK_GET, WORD_WEAK_DROP), a, b);
    break;
  case TRACE_EPHEMERON_NEW:
    PUT(c, k, WORD_PAIR_NEW, a, b, op->c);
    break;
  case TRACE_EPHEMERON_GET:
    PUT(c, k, by_outcome(op->c, WORD_PAIR_GET, WORD_PAIR_DROP), a, b);
    break;
  case TRACE_FINALIZER_NEXT:
    PUT_0(c, k, WORD_FINALIZER, 0);
    break;
  case TRACE_EXTERNAL:
    PUT(c, k, WORD_EXTERNAL, a, b);
    break;
  case TRACE_COLLECT:
    PUT_0(c, k, WORD_COLLECT, 0);
    break;
  case TRACE_LOCK:
  case TRACE_UNLOCK:
    take_lock(c, s, op->kind == TRACE_LOCK);
    break;
  case TRACE_SAFEPOINT: /* these runtimes have their own */
  case TRACE_CHECK:
  case TRACE_DEAD:
  case TRACE_KINDS:
    break;
  }
}

static void add_op(compiler *c, const trace_op *op) {
  if (op->kind == TRACE_DEAD)
    return;
  unsigned i = stream_of(c, op->thread);
  if (c->failed)
    return;
  c->objects += trace_makes_object(op);
  check_operands(c, c->streams[i], op);
  switch_turn(c, i);
  compile_op(c, i, op);
  if (++c->streams[i]->in_step == COMPILED_STEP)
    end_step(c, i);
}

/* ------------------------------------------------------------------------- *
 * The whole.
 * ------------------------------------------------------------------------- */

static void on_comment(void *data, const char *text) {
  compiler *c = data;
  if (!c->head_known)
    c->head_known = trace_prepared_parse(text, &c->out->head);
  else if (!c->wrong)
    c->wrong = trace_alive_add(&c->alive, text);
}

static bool not_prepared(compiler *c, const char *path) {
  return compile_fail(
      c, "%s is no prepared trace (reapmark trace prepare %s -o OUT)", path,
      path);
}

static void read_all(compiler *c, const char *path) {
  trace_op op;
  trace_status status;
  stream_of(c, 0);
  while (!c->failed &&
         (status = trace_read(c->reader, &op)) != TRACE_READ_END) {
    if (status == TRACE_READ_FAILED) {
      compile_fail(c, "%s", trace_reader_error(c->reader));
      return;
    }
    if (!c->head_known) {
      not_prepared(c, path);
      return;
    }
    c->every = c->out->head.objects / COMPILED_WATCHED + 1;
    add_op(c, &op);
    if (c->failed) { /* says where */
      char text[TRACE_ERROR];
      snprintf(text, sizeof text, "%.380s", c->error);
      snprintf(c->error, TRACE_ERROR, "%.100s:%" PRIu64 ": %.380s", path,
               trace_reader_line(c->reader), text);
    }
  }
  if (!c->failed && !c->head_known)
    not_prepared(c, path);
}

bool compile_trace(const char *path, bool keep, compiled *out,
                   char error[TRACE_ERROR]) {
  compiler *c = trace_zeroed(1, sizeof *c);
  *out = (compiled){.file = keep ? tmpfile() : NULL};
  c->out = out;
  c->error = error;
  if (keep && !out->file)
    compile_fail(c, "no temporary file: %s", strerror(errno));
  c->reader = trace_reader_open(path);
  trace_reader_comments(c->reader, on_comment, c);
  if (!c->failed)
    read_all(c, path);
  const char *wrong = c->wrong;
  if (!c->failed && !wrong)
    wrong = trace_alive_end(&c->alive, &out->head);
  if (wrong)
    compile_fail(c, "%s: %s", path, wrong);
  for (unsigned i = 0; i < out->threads; i++) {
    if (!c->failed) {
      end_step(c, i);
      compile_end(c, &c->streams[i]->words);
    }
  }
  if (!c->failed)
    compile_checks(c);
  for (unsigned i = 0; i < out->threads; i++) {
    free(c->streams[i]->frames);
    free(c->streams[i]);
  }
  trace_reader_close(c->reader);
  trace_alive_free(&c->alive);
  free(c->watched);
  bool good = !c->failed;
  free(c);
  return good;
}
