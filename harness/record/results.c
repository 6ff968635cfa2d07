/* results.c: reads a results directory. */
#include "results.h"
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *results_read_json(const char *dir, const char *name, char *why,
                          size_t room) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "re");
  if (!file) {
    const int number = errno;
    snprintf(why, room, "%s: %s", path, strerror(number));
    errno = number;
    return NULL;
  }
  json_error_t error;
  json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
  fclose(file);
  errno = 0; /* the file is there */
  if (!json)
    snprintf(why, room, "%s:%d:%d: %s", path, error.line, error.column,
             error.text);
  const json_t *schema = json_object_get(json, "schema");
  if (!schema || json_integer_value(schema) == RECORD_SCHEMA)
    return json;
  char *is = json_dumps(schema, JSON_ENCODE_ANY);
  snprintf(why, room, "%s: its schema is %s, and this reapmark reads %d", path,
           is ? is : "?", RECORD_SCHEMA);
  free(is);
  json_decref(json);
  errno = 0;
  return NULL;
}

bool results_read_lines(const char *dir, const char *name,
                        bool (*visit)(void *data, const json_t *line),
                        void *data, results_state *state, char *why,
                        size_t room) {
  *state = (results_state){0};
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "re");
  if (!file && errno == ENOENT)
    return true;
  char *line = NULL;
  size_t capacity = 0, number = 0;
  ssize_t n = 0;
  while (file && (n = getline(&line, &capacity, file)) > 0) {
    number++;
    if (line[n - 1] != '\n') {
      state->cut_short = true;
      break;
    }
    state->whole += n;
    json_t *json = json_loadb(line, (size_t)n, 0, NULL);
    if ((!json || !visit(data, json)) && state->damaged++ == 0)
      state->first_damaged = number;
    json_decref(json);
  }
  free(line);
  bool good = file && !ferror(file);
  if (!good)
    snprintf(why, room, "%s: %s", path, strerror(errno));
  if (file)
    fclose(file);
  return good;
}

typedef struct run_visitor {
  void (*visit)(void *data, const json_t *record);
  void *data;
} run_visitor;

static bool visit_run(void *data, const json_t *record) {
  const run_visitor *v = data;
  char reason[160];
  if (!record_valid(record, reason, sizeof reason))
    return false;
  record_judge((json_t *)record); /* our own, and nobody else's yet */
  v->visit(v->data, record);
  return true;
}

bool results_read_runs(const char *dir,
                       void (*visit)(void *data, const json_t *record),
                       void *data, results_state *state, char *why,
                       size_t room) {
  run_visitor v = {visit, data};
  return results_read_lines(dir, "runs.jsonl", visit_run, &v, state, why, room);
}
