/* rate-answer.c: see rate-answer.h. */
#include "rate-answer.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"
#include "harness/report/answer.h"

#include <string.h>

static bool is_found(const json_t *row) {
  const char *found = record_text(row, "found");
  return !strcmp(found, "highest") || !strcmp(found, "at least");
}

static bool same_group(const json_t *a, const json_t *b) {
  return !strcmp(record_text(a, "workload"), record_text(b, "workload")) &&
         !strcmp(record_text(a, "heap"), record_text(b, "heap"));
}

/* "at least 200,000/s". */
static const char *rate_text(const json_t *row) {
  return arena_text(
      "%s%s/s", strcmp(record_text(row, "found"), "highest") ? "at least " : "",
      table_number(TABLE_INTEGER, record_number(row, "rate")));
}

/* The row of the group with the highest rate; NULL if none was found. */
static const json_t *find_best(const json_t *rows, const json_t *group) {
  const json_t *best = NULL;
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (same_group(row, group) && is_found(row) &&
        (!best || record_number(row, "rate") > record_number(best, "rate")))
      best = row;
  }
  return best;
}

static void say_group(page *p, const json_t *rows, const json_t *group,
                      double precision) {
  const json_t *best = find_best(rows, group);
  answer_list tied = {"", 0, SIZE_MAX}, behind = tied, missing = tied;
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    const char *name = record_text(row, "collector");
    if (!same_group(row, group) || row == best)
      continue;
    if (!is_found(row))
      answer_add(&missing,
                 arena_text("%s (%s)", name, record_text(row, "found")));
    else if (record_number(row, "high") * (1 + precision) <=
             record_number(best, "low"))
      answer_add(&behind,
                 arena_text("%s %s (%sx)", name, rate_text(row),
                            table_number(TABLE_RATIO,
                                         record_number(row, "rate") /
                                             record_number(best, "rate"))));
    else
      answer_add(&tied, arena_text("%s %s", name, rate_text(row)));
  }
  answer_say(p, "%s, heap %s: %s.%s%s%s", record_text(group, "workload"),
             record_text(group, "heap"),
             best ? arena_text("%s serves the most, %s",
                               record_text(best, "collector"), rate_text(best))
                  : "nobody meets the limit at any rate tried",
             answer_sentence("Cannot be told apart from it:", &tied),
             answer_sentence("Behind it:", &behind),
             answer_sentence("No rate found:", &missing));
}

void rate_answer(page *p, const json_t *rows, double precision,
                 uint64_t searches) {
  size_t i, k;
  json_t *row, *earlier;
  page_text(p, PAGE_TITLE, "Answer");
  json_array_foreach(rows, i, row) {
    bool first = true;
    json_array_foreach(rows, k, earlier) first &=
        k >= i || !same_group(row, earlier);
    if (first)
      say_group(p, rows, row, precision);
  }
  if (searches == 1)
    answer_say(p, "By one search each, which does not tell how much a second "
                  "one would differ: -n 6 does.");
  else
    answer_say(
        p,
        "By %ju searches each; told apart if their intervals are, with a "
        "step of the grid between them.",
        (uintmax_t)searches);
}
