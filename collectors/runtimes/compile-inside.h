/* compile-inside.h: what the two halves of the compiler share: compile.c makes
 * words of the operations, and compile-checks.c of what is alive at the end. */
#ifndef REAPMARK_RUNTIMES_COMPILE_INSIDE_H
#define REAPMARK_RUNTIMES_COMPILE_INSIDE_H

#include "compile.h"

#include "words.h"

/* A chain of chunks of which the last one is not written yet. */
typedef struct chain {
  uint32_t words[WORDS_CHUNK];
  uint32_t used, chunk;
} chain;

/* Room for the instruction with the most operands and NEXT. */
enum { ROOM = 8 };

typedef struct frame {
  uint32_t first, owning, borrowing;
} frame;

typedef struct stream {
  chain words;
  uint32_t top; /* registers in frames */
  frame *frames;
  size_t frames_count, frames_room;
  uint64_t in_step; /* operations since the last step ended */
} stream;

typedef struct compiler {
  compiled *out;
  trace_reader *reader;
  char *error;
  bool failed;
  uint64_t every; /* one object in so many is watched */
  uint32_t chunks;
  stream *streams[COMPILED_THREADS]; /* in the order of out->thread */
  uint16_t index[TRACE_THREADS];     /* of a thread's stream, plus 1; 0: none */
  unsigned now;                      /* whose turn it is, with order=turns */
  uint32_t turn, waits;
  bool locked;
  uint64_t objects;
  uint64_t *watched; /* numbers of objects */
  size_t watched_room;
  bool head_known;
  trace_alive alive;
  const char *wrong; /* with a comment */
} compiler;

/* Keeps the first error, printf-formatted.  Returns false. */
bool compile_fail(compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Begin a chain; add an instruction with `n` operands; end the chain. */
void compile_begin(compiler *c, chain *k);
void compile_put(compiler *c, chain *k, uint32_t code, uint32_t a, unsigned n,
                 const uint32_t *operands);
void compile_end(compiler *c, chain *k);

#define PUT(c, k, code, a, ...)                                                \
  compile_put(c, k, code, a,                                                   \
              sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),            \
              (uint32_t[]){__VA_ARGS__})
#define PUT_0(c, k, code, a) compile_put(c, k, code, a, 0, NULL)

/* Compiles the checks, when all operations and comments were read. */
void compile_checks(compiler *c);

#endif
