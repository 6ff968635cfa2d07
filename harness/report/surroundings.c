/* surroundings.c: what the machine did beside the runs, and whether it was the
 * same machine for all of them. */
#include "load.h"
#include "harness/base/arena.h"
#include "harness/record/identity.h"
#include "harness/record/record.h"

#include <math.h>

/* A machine that is busier than this disturbs what runs on it. */
#define BUSY_CORES   0.1  /* of all CPUs, used by others */
#define BUSY_WAITING 0.01 /* of the time, waiting for a processor */
#define BUSY_STOLEN  0.01 /* of the CPU time, taken by the hypervisor */

static double or_zero(double number) {
  return isnan(number) ? 0 : number;
}

void report_add_surroundings(report *r, const json_t *record) {
  report_surroundings *s = &r->surroundings;
  double delay = record_number(record, "noise.run_delay");
  double wall = record_number(record, "time.wall");
  if (json_object_get(record, "beside")) {
    s->elapsed += or_zero(record_number(record, "elapsed"));
    s->others += or_zero(record_number(record, "beside.cpu"));
    s->stolen += or_zero(record_number(record, "beside.steal"));
  }
  if (wall > 0 && delay >= 0) { /* less what the process did to itself */
    s->waited +=
        fmax(0, delay - or_zero(record_number(record, "noise.own_delay")));
    s->clock += wall + or_zero(record_number(record, "time.skipped"));
  }
  const json_t *machine = json_object_get(record, "machine");
  if (!machine || s->other_field)
    return;
  if (!s->machine)
    s->machine = json_deep_copy(machine);
  s->other_field = identity_difference(s->machine, machine);
  if (s->other_field) {
    char first[128], other[128];
    s->other_text = arena_text(
        "%s and %s",
        identity_text(s->machine, s->other_field, first, sizeof first),
        identity_text(machine, s->other_field, other, sizeof other));
  }
}

static double part(double of, double whole) {
  return whole > 0 ? of / whole : 0;
}

const char *report_busy_text(const report *r) {
  const report_surroundings *s = &r->surroundings;
  double known = record_number(r->machine, "cpu.cpus");
  double cpus = fmax(1, known);
  double cores = part(s->others, s->elapsed);
  double stolen = part(s->stolen, s->elapsed) / cpus;
  double waiting = part(s->waited, s->clock);
  if (cores <= BUSY_CORES * cpus && waiting <= BUSY_WAITING &&
      stolen <= BUSY_STOLEN)
    return NULL;
  return arena_text("BUSY: beside the runs %.2f%s cores were in use; the runs "
                    "waited for a processor %.1f %% of the time; %.1f %% of "
                    "the CPU time was stolen. [W-busy]",
                    cores, known > 0 ? arena_text(" of %.0f", known) : "",
                    100 * waiting, 100 * stolen);
}

const char *report_emulated_text(const report *r) {
  const json_t *cpu = json_object_get(r->machine, "cpu");
  const char *emulator = json_string_value(json_object_get(
      r->surroundings.machine ? r->surroundings.machine : cpu, "emulator"));
  return emulator && *emulator
             ? arena_text("EMULATED: %s ran these programs: no time means "
                          "anything. [W-emulated]",
                          emulator)
             : NULL;
}

const char *report_machines_text(const report *r) {
  const report_surroundings *s = &r->surroundings;
  if (!s->other_field || r->machines_count > 1) /* which are kept apart */
    return NULL;
  return arena_text("SUSPECT: the runs are of different machines: the cpu %s "
                    "is %s. [W-machines]",
                    s->other_field, s->other_text);
}
