/* metric-list.c: see metric-list.h. */
#include "metric-list.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <string.h>

void metric_list_add(metric_list *list, const metric *m) {
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i] == m)
      return;
  list->items = arena_more(list->items, list->count, sizeof m);
  list->items[list->count++] = m;
}

/* What can be compared is a number of one invocation that is better one way. */
static bool comparable(const metric *m) {
  return m->combine != COMBINE_SPREAD && m->better;
}

/* Whether `name`, of `n` bytes, is m's without its last words. */
static bool shortens(const char *name, size_t n, const metric *m) {
  return n && !strncmp(m->name, name, n) && m->name[n] == '_';
}

/* How many metrics a shortened name may be; *found becomes the last one. */
static size_t count_shortened(const char *name, size_t n,
                              const metric **found) {
  size_t matches = 0;
  for (size_t m = 0; m < METRICS; m++)
    if (comparable(&metrics[m]) && shortens(name, n, &metrics[m])) {
      *found = &metrics[m];
      matches++;
    }
  return matches;
}

/* All names that metric_list_find knows. */
static candidates metric_names(void) {
  candidates known = {0};
  const metric *found;
  for (size_t m = 0; m < METRICS; m++) {
    const char *name = metrics[m].name;
    if (!comparable(&metrics[m]))
      continue;
    candidates_add(&known, name);
    for (const char *p = name; (p = strchr(p, '_')) != NULL; p++)
      if (count_shortened(name, (size_t)(p - name), &found) == 1)
        candidates_add(&known, arena_text("%.*s", (int)(p - name), name));
  }
  return known;
}

const metric *metric_list_find(const char *option, const char *name) {
  for (size_t m = 0; m < METRICS; m++)
    if (comparable(&metrics[m]) && !strcmp(metrics[m].name, name))
      return &metrics[m];
  const metric *found = NULL;
  size_t matches = count_shortened(name, strlen(name), &found);
  if (matches == 1)
    return found;
  candidates known = metric_names();
  if (matches)
    say("--%s: '%s' may be %zu metrics, such as %s", option, name, matches,
        found->name);
  else
    say("--%s: unknown metric '%s'%s", option, name, suggest_any(name, &known));
  return NULL;
}

bool metric_list_choose(const char *option, const char *text,
                        metric_list *list) {
  word_list words = words_split(text);
  for (size_t i = 0; i < words.count; i++) {
    const metric *m = metric_list_find(option, words.words[i]);
    if (!m)
      return false;
    metric_list_add(list, m);
  }
  return true;
}
