/* search.c: see search.h. */
#include "search.h"

#include <stdbool.h>

typedef struct searching {
  const search_request *request;
  search_probe *probe;
  void *data;
  search_result *result;
} searching;

/* Probes a heap until `confirm` of `of` probes have passed or cannot any more.
 */
static search_answer try_heap(searching *s, uint64_t heap) {
  const search_request *r = s->request;
  unsigned passed = 0, failed = 0;
  s->result->heap = heap;
  while (passed < r->confirm && failed <= r->of - r->confirm) {
    search_answer a = s->probe(s->data, heap);
    s->result->probes++;
    if (a == SEARCH_STOP)
      return a;
    passed += a == SEARCH_PASSED;
    failed += a == SEARCH_FAILED;
  }
  return passed == r->confirm ? SEARCH_PASSED : SEARCH_FAILED;
}

static bool narrow_enough(const search_request *r, uint64_t low,
                          uint64_t high) {
  return high - low <= r->grain ||
         (double)(high - low) <= r->rtol * (double)high;
}

/* Tries the sizes above a minimum, up to the first that fails, and notes that
 * one.  SEARCH_STOP if a probe answers that. */
static search_answer look_above(searching *s, uint64_t minimum) {
  const search_request *r = s->request;
  double heap = (double)minimum;
  for (unsigned i = 0; i < r->steps; i++) {
    heap *= 1 + r->step;
    uint64_t bytes = ((uint64_t)heap + r->grain - 1) / r->grain * r->grain;
    search_answer a = try_heap(s, bytes);
    if (a == SEARCH_STOP)
      return a;
    if (a == SEARCH_FAILED) {
      s->result->above = bytes;
      return a;
    }
  }
  return SEARCH_PASSED;
}

search_result search_minimum(const search_request *request, search_probe *probe,
                             void *data) {
  search_result result = {0};
  searching s = {request, probe, data, &result};
  uint64_t grain = request->grain;
  uint64_t low = request->low / grain * grain;
  uint64_t high = (request->high + grain - 1) / grain * grain;
  low = low < grain ? grain : low;
  high = high < low ? low : high;

  search_answer a = try_heap(&s, high);
  if (a != SEARCH_PASSED) {
    result.end = a == SEARCH_STOP ? SEARCH_STOPPED : SEARCH_UNSATISFIED;
    return result;
  }
  if (high > low)
    a = try_heap(&s, low);
  if (a != SEARCH_FAILED) { /* `low` passed, or is the same size as `high` */
    result.end = a == SEARCH_STOP ? SEARCH_STOPPED : SEARCH_AT_MOST;
    return result;
  }
  result.failed = low;
  while (!narrow_enough(request, low, high)) {
    uint64_t middle = low + (high - low) / 2 / grain * grain;
    a = try_heap(&s, middle);
    if (a == SEARCH_STOP) {
      result.end = SEARCH_STOPPED;
      return result;
    }
    if (a == SEARCH_PASSED)
      high = middle;
    else
      result.failed = low = middle;
  }
  a = look_above(&s, high);
  result.end = a == SEARCH_STOP ? SEARCH_STOPPED : SEARCH_FOUND;
  if (a != SEARCH_STOP)
    result.heap = high;
  return result;
}
