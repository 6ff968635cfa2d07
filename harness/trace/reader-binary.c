/* reader-binary.c: the binary form of a trace. */
#include "reader-inside.h"

#include <inttypes.h>
#include <string.h>

/* Before a record is read, as many bytes of it are in the buffer as there are
 * in the trace. */
enum { RECORD_MOST = 1 + NUMBER_BYTES + TRACE_LINE };
_Static_assert(RECORD_MOST <= READER_BUFFER / 2, "a record fits");

static bool cut_short(trace_reader *r) {
  r->record = r->end;
  return reader_wrong(r, "the trace is cut short");
}

static void prepare_record(trace_reader *r) {
  r->record = r->next;
  while (r->end - r->next < RECORD_MOST && !r->failed && reader_refill(r)) {
  }
}

/* Reads a number of up to 64 bits in at most `bytes_most` bytes. */
static bool read_long(trace_reader *r, size_t bytes_most, uint64_t *number) {
  *number = 0;
  for (size_t i = 0; i < bytes_most; i++) {
    if (r->next == r->end)
      return cut_short(r);
    uint8_t byte = (uint8_t)r->buffer[r->next++];
    if (i == LONG_NUMBER_BYTES - 1 && byte > 1)
      break;
    *number |= (uint64_t)(byte & 0x7f) << 7 * i;
    if (byte == 0 && i > 0)
      return reader_wrong(r, "a number has a needless byte");
    if (!(byte & 0x80))
      return true;
  }
  return reader_wrong(r, "a number is too long");
}

static inline bool read_number(trace_reader *r, uint32_t *number) {
  if (r->next < r->end && !(r->buffer[r->next] & 0x80)) {
    *number = (uint8_t)r->buffer[r->next++];
    return true;
  }
  uint64_t value;
  if (!read_long(r, NUMBER_BYTES, &value))
    return false;
  *number = (uint32_t)value;
  return value <= UINT32_MAX || reader_wrong(r, "a number is too large");
}

/* ------------------------------------------------------------------------- *
 * The beginning and the end.
 * ------------------------------------------------------------------------- */

static void describe_codes(trace_reader *r) {
  for (uint8_t k = 0; k < TRACE_KINDS; k++) {
    reader_code c = {.kind = k, .known = true};
    for (const char *l = trace_kinds[k].operands; *l; l++)
      for (int part = 0; part < (*l == 's' ? 2 : 1); part++) {
        c.least[c.operands] = reader_least(*l);
        c.most[c.operands++] = reader_most(*l, part) + (*l == '?');
      }
    trace_op op = {.kind = k};
    r->codes[trace_code(&op)] = c;
    if (k == TRACE_NEW) {
      c.finalizable = op.finalizable = true;
      r->codes[trace_code(&op)] = c;
    }
  }
}

bool reader_begin_binary(trace_reader *r) {
  uint32_t version;
  r->checksum = trace_checksum(0, NULL, 0);
  r->line = 1;
  prepare_record(r);
  if (r->failed)
    return false;
  size_t have = r->end - r->next;
  size_t compared = have < TRACE_MAGIC_BYTES ? have : TRACE_MAGIC_BYTES;
  if (memcmp(r->buffer, TRACE_MAGIC, compared))
    return reader_wrong(r, "not a trace, or one that was changed on its way "
                           "as if it were a text");
  if (compared < TRACE_MAGIC_BYTES)
    return cut_short(r);
  r->next += TRACE_MAGIC_BYTES;
  if (!read_number(r, &version))
    return false;
  if (version < 1 || version > TRACE_VERSION)
    return reader_wrong(r,
                        "version %u of the format; this program reads versions "
                        "1 to %d",
                        version, TRACE_VERSION);
  r->version = version;
  describe_codes(r);
  return true;
}

static bool read_end(trace_reader *r) {
  uint64_t operations;
  if (!read_long(r, LONG_NUMBER_BYTES, &operations))
    return false;
  if (r->end - r->next < CHECKSUM_BYTES)
    return cut_short(r);
  uint32_t sum =
      trace_checksum(r->checksum, r->buffer + r->summed, r->next - r->summed);
  uint32_t stated = 0;
  for (unsigned i = 0; i < CHECKSUM_BYTES; i++)
    stated |= (uint32_t)(uint8_t)r->buffer[r->next++] << 8 * i;
  if (stated != sum)
    return reader_wrong(r,
                        "the trace is damaged: its checksum is %08x, and "
                        "that of its bytes %08x",
                        stated, sum);
  if (operations != r->operations)
    return reader_wrong(
        r, "the trace has %" PRIu64 " operations, and says %" PRIu64,
        r->operations, operations);
  r->ended = true;
  r->record = r->next;
  if (r->next < r->end || reader_refill(r))
    return reader_wrong(r, "something follows the end of the trace");
  return !r->failed;
}

/* ------------------------------------------------------------------------- *
 * Records.
 * ------------------------------------------------------------------------- */

static bool read_text(trace_reader *r, span *text) {
  uint32_t length;
  if (!read_number(r, &length))
    return false;
  if (length >= TRACE_LINE)
    return reader_wrong(r, "a line of %u bytes is longer than %d", length,
                        TRACE_LINE - 1);
  if (r->end - r->next < length)
    return cut_short(r);
  *text = (span){r->buffer + r->next, r->buffer + r->next + length};
  r->next += length;
  if (memchr(text->text, '\n', length))
    return reader_wrong(r, "a newline in a line");
  return true;
}

static bool read_operation(trace_reader *r, const reader_code *c,
                           trace_op *op) {
  *op = (trace_op){
      .kind = c->kind, .finalizable = c->finalizable, .thread = r->thread};
  uint32_t numbers[3] = {0};
  if (!reader_knows(r, c->kind))
    return false;
  for (unsigned i = 0; i < c->operands; i++) {
    if (!read_number(r, &numbers[i]))
      return false;
    if (numbers[i] < c->least[i] || numbers[i] > c->most[i])
      return reader_wrong(r, "operand %u of '%s' is %u; it can be %u to %u",
                          i + 1, trace_kinds[c->kind].name, numbers[i],
                          c->least[i], c->most[i]);
  }
  op->a = numbers[0];
  op->b = numbers[1];
  op->c = numbers[2];
  r->operations++;
  return reader_count_object(r, op);
}

/* Reads a line `thread`, or an operation. */
static bool read_meaning(trace_reader *r, uint8_t code, trace_op *op,
                         trace_line_kind *kind) {
  if (code >= CODE_FIRST && code <= CODE_LAST && r->codes[code].known) {
    *kind = TRACE_LINE_OPERATION;
    return read_operation(r, &r->codes[code], op);
  }
  if (code != CODE_THREAD)
    return reader_wrong(r, "unknown code %u", code);
  uint32_t thread;
  *kind = TRACE_LINE_THREAD;
  if (!read_number(r, &thread))
    return false;
  if (thread >= TRACE_THREADS)
    return reader_wrong(r, "operand 1 of 'thread' is %u; it can be 0 to %u",
                        thread, TRACE_THREADS - 1);
  *op = (trace_op){.thread = (uint16_t)thread};
  r->thread = (uint16_t)thread;
  return true;
}

/* A line without an operation, which must not have one. */
static trace_status read_other(trace_reader *r, trace_op *op,
                               trace_line *line) {
  span text;
  if (!read_text(r, &text))
    return TRACE_READ_FAILED;
  line->text = text.text;
  line->length = length_of(text);
  reader_take_comment(r, &text);
  if (!reader_parse(r, text, &line->kind, op))
    return TRACE_READ_FAILED;
  if (line->kind != TRACE_LINE_OTHER) {
    reader_wrong(r, "an operation stands as a comment");
    return TRACE_READ_FAILED;
  }
  return TRACE_READ_OP;
}

/* Whether the spelling of a line says what its record says. */
static bool is_spelt(trace_reader *r, const trace_op *op,
                     const trace_line *line) {
  span text = {line->text, line->text + line->length};
  trace_line_kind kind;
  trace_op spelt;
  reader_take_comment(r, &text);
  if (!reader_parse(r, text, &kind, &spelt))
    return false;
  return (kind == line->kind && spelt.kind == op->kind &&
          spelt.finalizable == op->finalizable && spelt.thread == op->thread &&
          spelt.a == op->a && spelt.b == op->b && spelt.c == op->c) ||
         reader_wrong(r, "a line is spelt otherwise than it is");
}

/* A spelling, and the record that it belongs to. */
static trace_status read_spelt(trace_reader *r, trace_op *op,
                               trace_line *line) {
  span text;
  if (!read_text(r, &text))
    return TRACE_READ_FAILED;
  line->text = r->spelling;
  line->length = length_of(text);
  memcpy(r->spelling, text.text, line->length);
  prepare_record(r);
  if (r->failed)
    return TRACE_READ_FAILED;
  if (r->next == r->end) {
    cut_short(r);
    return TRACE_READ_FAILED;
  }
  uint8_t code = (uint8_t)r->buffer[r->next++];
  return read_meaning(r, code, op, &line->kind) && is_spelt(r, op, line)
             ? TRACE_READ_OP
             : TRACE_READ_FAILED;
}

trace_status reader_binary_line(trace_reader *r, trace_op *op,
                                trace_line *line) {
  if (r->ended)
    return TRACE_READ_END;
  r->record = r->next;
  if (r->end - r->next < RECORD_MOST) {
    prepare_record(r);
    if (r->failed)
      return TRACE_READ_FAILED;
  }
  if (r->next == r->end) {
    cut_short(r);
    return TRACE_READ_FAILED;
  }
  uint8_t code = (uint8_t)r->buffer[r->next++];
  if (code == CODE_END)
    return read_end(r) ? TRACE_READ_END : TRACE_READ_FAILED;
  r->line++;
  if (code == CODE_LINE)
    return read_other(r, op, line);
  if (code == CODE_SPELLING)
    return read_spelt(r, op, line);
  line->text = NULL;
  line->length = 0;
  return read_meaning(r, code, op, &line->kind) ? TRACE_READ_OP
                                                : TRACE_READ_FAILED;
}
