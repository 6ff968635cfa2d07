/* exercised.c: see exercised.h. */
#include "exercised.h"
#include "record.h"

#include <string.h>

static uint64_t count_of(const json_t *record, const char *path) {
  const json_t *value = record_get(record, path);
  return json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value)
                                       : 0;
}

/* Pure counting.  Deaths that it cannot reclaim are told by the verdict. */
static exercise judge_deaths(const json_t *record) {
  bool died = count_of(record, "pauses.cascade.count") ||
              count_of(record, "steps.drop.count") ||
              count_of(record, "exercise.deaths");
  return (exercise){.state = died ? EXERCISED_ENOUGH : EXERCISED_NOT,
                    .told = true,
                    .unit = "deaths"};
}

/* Whether a counting collector had nothing to search for. */
static bool no_search_due(const json_t *record) {
  return json_is_true(record_get(record, "exercise.counts")) &&
         json_is_false(record_get(record, "exercise.cyclic")) &&
         !count_of(record, "exercise.candidates");
}

exercise record_exercise(const json_t *record) {
  const char *by = record_text(record, "exercise.by");
  if (!strcmp(by, "deaths"))
    return judge_deaths(record);
  if (!strcmp(by, "apart"))
    return (exercise){.state = EXERCISED_APART, .told = true, .unit = ""};
  if (strcmp(by, "collections"))
    return (exercise){.state = EXERCISED_ENOUGH, .told = *by != 0, .unit = ""};
  exercise e = {.told = true,
                .collects = true,
                .unit = "collections",
                .full_known = record_get(record, "exercise.full") != NULL,
                .full = count_of(record, "exercise.full")};
  const uint64_t reported = count_of(record, "pauses.stop.count") +
                            count_of(record, "pauses.detect.count");
  if (record_get(record, "exercise.collections")) {
    e.count = count_of(record, "exercise.collections");
    e.unreported = !json_is_false(record_get(record, "instrumented")) &&
                   reported < (e.count + 1) / 2;
  } else {
    e.unit = "stops";
    e.count = reported;
  }
  if (e.count < EXERCISED_LEAST && no_search_due(record))
    return judge_deaths(record);
  e.state = e.count >= EXERCISED_LEAST ? EXERCISED_ENOUGH
            : e.count > 0              ? EXERCISED_FEW
                                       : EXERCISED_NOT;
  return e;
}
