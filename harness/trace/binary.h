/* binary.h: the codes and numbers of the binary form of a trace
 * (docs/trace-format.md), for its reader and its writer. */
#ifndef REAPMARK_TRACE_BINARY_H
#define REAPMARK_TRACE_BINARY_H

#include <zlib.h>

#include "trace.h"

#define TRACE_MAGIC "\x89RMT\r\n\x1a\n"
enum { TRACE_MAGIC_BYTES = sizeof TRACE_MAGIC - 1 };

/* The codes that are no operations. */
enum {
  CODE_END,
  CODE_LINE,     /* a line without an operation */
  CODE_SPELLING, /* how the line of the next record is spelt */
  CODE_THREAD,
  CODE_FIRST = 16, /* of an operation */
  CODE_LAST = 51
};

enum {
  NUMBER_BYTES = 5,       /* of the longest number of 32 bits */
  LONG_NUMBER_BYTES = 10, /* and of 64 bits */
  CHECKSUM_BYTES = 4
};

/* The code of an operation.  Codes are part of the format: they stay, whatever
 * becomes of the order of trace_kind. */
static inline uint8_t trace_code(const trace_op *op) {
  static const uint8_t codes[TRACE_KINDS] = {
      [TRACE_ATTACH] = 16,
      [TRACE_DETACH] = 17,
      [TRACE_ENTER] = 18,
      [TRACE_LEAVE] = 19,
      [TRACE_NEW] = 20, /* and 21 if it is finalizable */
      [TRACE_LOAD] = 22,
      [TRACE_BORROW] = 23,
      [TRACE_UNBORROW] = 24,
      [TRACE_STORE] = 25,
      [TRACE_STORE_TAKE] = 26,
      [TRACE_STORE_NULL] = 27,
      [TRACE_COPY] = 28,
      [TRACE_MOVE] = 29,
      [TRACE_CLEAR] = 30,
      [TRACE_PAYLOAD] = 31,
      [TRACE_GLOBAL_LOAD] = 32,
      [TRACE_GLOBAL_BORROW] = 33,
      [TRACE_GLOBAL_STORE] = 34,
      [TRACE_GLOBAL_CLEAR] = 35,
      [TRACE_TLS_LOAD] = 36,
      [TRACE_TLS_BORROW] = 37,
      [TRACE_TLS_STORE] = 38,
      [TRACE_TLS_CLEAR] = 39,
      [TRACE_WEAK_NEW] = 40,
      [TRACE_WEAK_GET] = 41,
      [TRACE_EPHEMERON_NEW] = 42,
      [TRACE_EPHEMERON_GET] = 43,
      [TRACE_FINALIZER_NEXT] = 44,
      [TRACE_EXTERNAL] = 45,
      [TRACE_SAFEPOINT] = 46,
      [TRACE_COLLECT] = 47,
      [TRACE_LOCK] = 48,
      [TRACE_UNLOCK] = 49,
      [TRACE_CHECK] = 50,
      [TRACE_DEAD] = 51};
  return (uint8_t)(codes[op->kind] + op->finalizable);
}

/* Adds bytes to a checksum, which is 0 at first. */
static inline uint32_t trace_checksum(uint32_t sum, const void *bytes,
                                      size_t count) {
  return (uint32_t)crc32_z(sum, bytes, count);
}

#endif
