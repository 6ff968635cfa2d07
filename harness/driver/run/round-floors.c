/* round-floors.c: see round-floors.h. */
#include "round-floors.h"
#include "harness/driver/programs/floor.h"
#include "harness/driver/programs/machine.h"
#include "harness/record/results.h"

void round_floors_begin(round_floors *f, const plan *p, const collectors *all,
                        runlog *log) {
  char none[256];
  *f = (round_floors){.plan = p, .all = all, .log = log, .rows = json_array()};
  json_t *json = results_read_json(log->dir, "floors.json", none, sizeof none);
  json_array_extend(f->rows, json_object_get(json, "floors"));
  json_decref(json);
}

void round_floors_end(round_floors *f) {
  json_decref(f->rows);
}

static bool has_floors(const round_floors *f, unsigned round, bool at_end) {
  size_t i;
  json_t *row;
  json_array_foreach(
      f->rows, i,
      row) if (json_integer_value(json_object_get(row, "round")) == round &&
               json_is_true(json_object_get(row, "end")) == at_end) return true;
  return false;
}

bool round_floors_measure(round_floors *f, unsigned round, bool at_end) {
  if (has_floors(f, round, at_end))
    return true;
  json_t *measured = floor_measure(f->plan, f->all);
  if (!measured) /* no cell has a floor */
    return true;
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(measured, "floors"), i, row) {
    json_object_set_new(row, "round", json_integer(round));
    json_object_set_new(row, "end", json_boolean(at_end));
    json_object_set_new(row, "machine", json_string(machine_id()));
    json_array_append(f->rows, row);
  }
  json_object_set(measured, "floors", f->rows);
  const bool good = runlog_write(f->log, "floors.json", measured);
  json_decref(measured);
  return good;
}
