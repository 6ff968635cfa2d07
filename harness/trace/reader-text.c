/* reader-text.c: the text of a trace. */
#include "reader-inside.h"

#include <string.h>

#include "harness/base/words.h"

/* A word as it may be shown in a message: cut to a sensible length, and
 * without characters that would confuse a terminal. */
typedef struct shown {
  char text[36];
} shown;

static shown show(span word) {
  shown s;
  bool cut = length_of(word) >= sizeof s.text;
  size_t used = words_copy(s.text, sizeof s.text - (cut ? 3 : 0), word.text,
                           length_of(word));
  strcpy(s.text + used, cut ? "..." : "");
  return s;
}

/* ------------------------------------------------------------------------- *
 * Lines and words.
 * ------------------------------------------------------------------------- */

/* Returns the next line without its newline.  False at the end of the file, or
 * when reading has failed. */
static bool next_line(trace_reader *r, span *line) {
  size_t seen = 0; /* bytes after `next` that are known to be no newline */
  for (;;) {
    char *from = r->buffer + r->next;
    char *newline = memchr(from + seen, '\n', r->end - r->next - seen);
    size_t length = newline ? (size_t)(newline - from) : r->end - r->next;
    if (newline || length > 0)
      r->line += seen == 0;
    if (length >= TRACE_LINE)
      return reader_wrong(r, "the line is longer than %d bytes",
                          TRACE_LINE - 1);
    if (newline) {
      *line = (span){from, newline};
      r->next += length + 1;
      return true;
    }
    seen = length;
    if (!reader_refill(r))
      return r->failed || seen == 0
                 ? false
                 : reader_wrong(r, "the line is cut short: it has no newline");
  }
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Removes the next word from the line and returns it; an empty word at the end
 * of the line. */
static span next_word(span *line) {
  while (line->text < line->end && is_blank(*line->text))
    line->text++;
  span word = {line->text, line->text};
  while (word.end < line->end && !is_blank(*word.end))
    word.end++;
  line->text = word.end;
  return word;
}

static bool is(span word, const char *text) {
  return length_of(word) == strlen(text) &&
         !memcmp(word.text, text, length_of(word));
}

/* ------------------------------------------------------------------------- *
 * The grammar.
 * ------------------------------------------------------------------------- */

bool reader_begin_text(trace_reader *r) {
  span line, version;
  if (!next_line(r, &line)) {
    if (r->failed)
      return false;
    r->line = 1;
    return reader_wrong(r, "empty: a trace begins with the line '%s'",
                        TRACE_FIRST_LINE);
  }
  static const char *const first_lines[TRACE_VERSION] = {
      "reapmark-trace 1", "reapmark-trace 2", TRACE_FIRST_LINE};
  for (r->version = 1; r->version <= TRACE_VERSION; r->version++)
    if (is(line, first_lines[r->version - 1]))
      return true;
  if (is(next_word(&line), "reapmark-trace") &&
      length_of(version = next_word(&line)) > 0 &&
      !(length_of(version) == 1 && *version.text >= '1' &&
        *version.text <= *TRACE_VERSION_TEXT))
    return reader_wrong(
        r,
        "version '%s' of the format; this program reads versions "
        "1 to %s",
        show(version).text, TRACE_VERSION_TEXT);
  return reader_wrong(r, "not a trace: the first line is not '%s'",
                      TRACE_FIRST_LINE);
}

/* Reads a number between `least` and `most`; `operation` and `place` (from 1)
 * are for the error. */
static bool read_number(trace_reader *r, span word, const char *operation,
                        size_t place, uint32_t least, uint32_t most,
                        uint32_t *number) {
  uint64_t n = 0;
  for (const char *p = word.text; p < word.end; p++) {
    if (*p < '0' || *p > '9')
      return reader_wrong(r, "'%s' is not a number", show(word).text);
    if (n <= most)
      n = 10 * n + (uint64_t)(*p - '0');
  }
  if (n < least || n > most)
    return reader_wrong(r, "operand %zu of '%s' is %s; it can be %u to %u",
                        place, operation, show(word).text, least, most);
  *number = (uint32_t)n;
  return true;
}

static bool read_operands(trace_reader *r, span *line, trace_op *op) {
  const trace_about *about = &trace_kinds[op->kind];
  uint32_t *operands[] = {&op->a, &op->b, &op->c};
  size_t n = 0;
  for (const char *letter = about->operands; *letter; letter++) {
    for (int part = 0; part < (*letter == 's' ? 2 : 1); part++) {
      span word = next_word(line);
      if (length_of(word) == 0) {
        if (*letter == '?')
          return true;
        return reader_wrong(r, "'%s' lacks its operand %zu", about->name,
                            n + 1);
      }
      if (!read_number(r, word, about->name, n + 1, reader_least(*letter),
                       reader_most(*letter, part), operands[n]))
        return false;
      *operands[n] += *letter == '?';
      n++;
    }
  }
  return true;
}

/* Reads the rest of a line after the operands of its operation. */
static bool read_rest(trace_reader *r, span *line, trace_op *op) {
  span word = next_word(line);
  if (op->kind == TRACE_NEW && is(word, "f")) {
    op->finalizable = true;
    word = next_word(line);
  }
  if (length_of(word) > 0)
    return reader_wrong(r, "what is '%s' after '%s'?", show(word).text,
                        trace_kinds[op->kind].name);
  return true;
}

static bool unknown(trace_reader *r, span word) {
  const char *known[TRACE_KINDS + 1] = {"thread"};
  char suggestion[64];
  for (int k = 0; k < TRACE_KINDS; k++)
    known[k + 1] = trace_kinds[k].name;
  shown s = show(word);
  return reader_wrong(r, "unknown operation '%s'%s", s.text,
                      words_suggest(suggestion, sizeof suggestion, s.text,
                                    known, TRACE_KINDS + 1));
}

static bool read_kind(span word, trace_op *op) {
  for (int k = 0; k < TRACE_KINDS; k++)
    if (*word.text == *trace_kinds[k].name && is(word, trace_kinds[k].name)) {
      op->kind = (uint8_t)k;
      return true;
    }
  return false;
}

static bool read_thread(trace_reader *r, span *line, trace_op *op) {
  uint32_t number;
  span word = next_word(line);
  if (length_of(word) == 0)
    return reader_wrong(r, "'thread' lacks its number");
  if (!read_number(r, word, "thread", 1, 0, TRACE_THREADS - 1, &number))
    return false;
  word = next_word(line);
  if (length_of(word) > 0)
    return reader_wrong(r, "what is '%s' after 'thread'?", show(word).text);
  *op = (trace_op){.thread = (uint16_t)number};
  return true;
}

static bool read_operation(trace_reader *r, span word, span *line,
                           trace_op *op) {
  *op = (trace_op){.thread = r->thread};
  if (!read_kind(word, op))
    return unknown(r, word);
  return reader_knows(r, op->kind) && read_operands(r, line, op) &&
         read_rest(r, line, op);
}

bool reader_parse(trace_reader *r, span line, trace_line_kind *kind,
                  trace_op *op) {
  span word = next_word(&line);
  *kind = length_of(word) == 0 ? TRACE_LINE_OTHER
          : is(word, "thread") ? TRACE_LINE_THREAD
                               : TRACE_LINE_OPERATION;
  if (*kind == TRACE_LINE_OTHER)
    return true;
  return *kind == TRACE_LINE_THREAD ? read_thread(r, &line, op)
                                    : read_operation(r, word, &line, op);
}

trace_status reader_text_line(trace_reader *r, trace_op *op, trace_line *line) {
  span s;
  if (!next_line(r, &s))
    return r->failed ? TRACE_READ_FAILED : TRACE_READ_END;
  line->text = s.text;
  line->length = length_of(s);
  reader_take_comment(r, &s);
  if (!reader_parse(r, s, &line->kind, op))
    return TRACE_READ_FAILED;
  if (line->kind == TRACE_LINE_THREAD)
    r->thread = op->thread;
  if (line->kind == TRACE_LINE_OPERATION && !reader_count_object(r, op))
    return TRACE_READ_FAILED;
  return TRACE_READ_OP;
}
