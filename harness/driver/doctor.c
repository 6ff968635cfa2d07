/* doctor.c: what on a machine disturbs measurements, and what to do. */
#include "doctor.h"
#include "harness/driver/programs/discover.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/driver/programs/spawn.h"
#include "harness/output/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct report_book {
  doctor_finding *findings;
  size_t count;
} report_book;

__attribute__((format(printf, 5, 6))) static void
find(report_book *b, const char *id, doctor_grade grade, const char *cure,
     const char *what, ...) {
  doctor_finding *f = &b->findings[b->count++];
  *f = (doctor_finding){.id = id, .grade = grade, .cure = cure};
  va_list args;
  va_start(args, what);
  vsnprintf(f->what, sizeof f->what, what, args);
  va_end(args);
}

/* The CPUs that threads can really have at once. */
static double usable_cpus(const machine *m) {
  double n = m->allowed > 0 ? m->allowed : m->cpus;
  return m->cpu_limit > 0 && m->cpu_limit < n ? m->cpu_limit : n;
}

static void examine_cpu(report_book *b, const machine *m,
                        const doctor_question *q) {
  if (*m->governor && strcmp(m->governor, "performance"))
    find(b, "W01 cpu-governor", DOCTOR_SERIOUS,
         "cpupower frequency-set -g performance",
         "the governor is '%s': the clock follows the load", m->governor);
  if (m->turbo == 1)
    find(b, "W02 turbo", DOCTOR_NOTE,
         "echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 "
         ">/sys/devices/system/cpu/cpufreq/boost",
         "turbo is on: the clock follows temperature and neighbours");
  if (m->load[0] > 0.25 * usable_cpus(m))
    find(b, "W03 load", DOCTOR_SERIOUS, "stop what runs, or wait",
         "the load average is %.2f on %g CPUs", m->load[0], usable_cpus(m));
  if (q->steal > 1)
    find(b, "W04 steal", DOCTOR_SERIOUS,
         "use a machine of your own, or more invocations",
         "the hypervisor gave %.1f %% of the CPU time to others", q->steal);
  if (*m->hypervisor)
    find(b, "W05 virtual", DOCTOR_NOTE,
         "publish absolute times from bare metal only",
         "this is a virtual machine (%s)", m->hypervisor);
  if (usable_cpus(m) < q->threads)
    find(b, "W06 few-cpus", DOCTOR_SERIOUS, "use fewer threads (-t)",
         "%d threads on %g CPUs take turns", q->threads, usable_cpus(m));
  if (m->cpu_limit > 0 && m->cpu_limit < m->cpus)
    find(b, "W07 cpu-quota", DOCTOR_SERIOUS,
         "lift the limit of the container or control group",
         "a quota of %g of %d CPUs stops threads in the middle", m->cpu_limit,
         m->cpus);
}

static void examine_memory(report_book *b, const machine *m) {
  if (!strcmp(m->thp, "always"))
    find(b, "W08 huge-pages", DOCTOR_NOTE,
         "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled",
         "transparent huge pages are always on: peak RSS comes in 2 MiB");
  if (m->swap > 0)
    find(b, "W09 swap", DOCTOR_NOTE, "swapoff -a",
         "%.1f GiB of swap can hide a heap that is too large",
         (double)m->swap / 0x1p30);
  if (m->aslr > 0)
    find(b, "W10 aslr", DOCTOR_NOTE,
         "leave it on, and use several invocations: one layout is luck",
         "addresses are randomised: each invocation has another layout");
}

static void examine_tools(report_book *b, const machine *m,
                          const doctor_question *q) {
  const machine_build *build = &q->build;
  if (*build->sanitizer || build->checks || strcmp(build->type, "Release"))
    find(b, "W11 build", DOCTOR_SERIOUS, "cmake --preset release",
         "the collectors beside this driver are a %s build%s%s%s", build->type,
         *build->sanitizer ? " with sanitizer: " : "", build->sanitizer,
         build->checks ? ", with checks" : "");
  if (!m->schedstat)
    find(b, "W12 schedstat", DOCTOR_SERIOUS,
         "use a kernel with CONFIG_SCHED_INFO",
         "the run-queue delay cannot be read: no maxima are shown");
  if (m->perf_paranoid < 0 || m->perf_paranoid > 2)
    find(b, "W13 perf", DOCTOR_NOTE, "sysctl kernel.perf_event_paranoid=2",
         "performance counters cannot be read");
  if (!m->valgrind)
    find(b, "W14 valgrind", DOCTOR_NOTE, "install valgrind",
         "valgrind is missing: no instruction counts");
  if (*q->withheld)
    find(b, "W15 environment", DOCTOR_NOTE,
         "nothing: collector programs do not get to see them",
         "the environment has %s", q->withheld);
  if (*q->not_built)
    find(b, "W17 collectors", DOCTOR_NOTE,
         "see to what those need that you want, and build again",
         "not built: %s", q->not_built);
  if (q->compiled)
    find(b, "W18 compiled", DOCTOR_SERIOUS,
         "compile all with the same compiler and flags", "%s", q->compiled);
}

static void examine_emulator(report_book *b, const machine *m) {
  if (*m->emulator)
    find(b, "W19 emulated", DOCTOR_SERIOUS,
         "measure on a machine of that architecture; tests mean what they say",
         "an emulator runs these programs (%s): no time means anything",
         m->emulator);
}

/* A millisecond is what the report takes for noise. */
static void examine_hiccups(report_book *b, const hist *h) {
  uint64_t p99;
  if (h->count && h->max > 1000000 && hist_percentile(h, 99, &p99))
    find(b, "W16 hiccups", p99 > 1000000 ? DOCTOR_SERIOUS : DOCTOR_NOTE,
         "stop what runs; read maxima with care",
         "a thread that slept woke up to %.3g ms late (p99 %.3g ms): no "
         "collector's fault",
         (double)h->max / 1e6, (double)p99 / 1e6);
}

size_t doctor_examine(const machine *m, const doctor_question *q,
                      doctor_finding *out) {
  report_book b = {out, 0};
  examine_cpu(&b, m, q);
  examine_memory(&b, m);
  examine_tools(&b, m, q);
  examine_hiccups(&b, q->hiccups);
  examine_emulator(&b, m);
  return b.count;
}

/* ------------------------------------------------------------------------- */

typedef struct doctor_options {
  uint64_t threads;
  const char *format;
} doctor_options;

static const option_row option_rows[] = {
    {"threads", 't', "N", "threads that are to run at once (2)",
     .kind = OPTION_NUMBER, .offset = offsetof(doctor_options, threads),
     .min = 1, .max = 1024},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = offsetof(doctor_options, format)},
    {0}};

const option_usage doctor_usage = {
    .name = "doctor",
    .summary = "say what on this machine disturbs measurements",
    .synopsis = "[options]",
    .description =
        "What on this machine will disturb measurements, and what can be done "
        "about it?\n\nexit status: 0 nothing serious, 1 something serious.",
    .example = "--threads 4",
    .options = option_rows};

static const char *withheld_names(void) {
  json_t *environment = spawn_environment_json();
  const char *names = "";
  size_t i;
  json_t *name;
  json_array_foreach(json_object_get(environment, "withheld"), i, name) names =
      arena_text("%s%s%s", names, i ? ", " : "", json_string_value(name));
  json_decref(environment);
  return names;
}

static const table_column columns[] = {
    {.name = "grade"}, {.name = "finding"}, {.name = "what"}, {.name = "cure"}};

/* Programs get rows; people get a paragraph for each finding, because lines of
 * a table would be too long. */
static page *make_page(const doctor_finding *findings, size_t n,
                       size_t serious) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  page *p = page_new(t);
  for (const doctor_finding *f = findings; f < findings + n; f++) {
    const char *grade = f->grade == DOCTOR_SERIOUS ? "SERIOUS" : "note";
    table_row *row = table_add(t, 0);
    table_set_text(row, "grade", grade);
    table_set_text(row, "finding", f->id);
    table_set_text(row, "what", f->what);
    table_set_text(row, "cure", f->cure);
    page_text(p, PAGE_LINE, "%-7s  %s: %s\n         %s", grade, f->id, f->what,
              f->cure);
  }
  page_text(p, PAGE_LINE, "%zu serious, %zu to know", serious, n - serious);
  return p;
}

int doctor_command(int argc, char **argv) {
  doctor_options o = {.threads = 2, .format = "table"};
  char **operands;
  int code = options_parse(&doctor_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  machine m;
  collectors all = discover_collectors(NULL);
  machine_read(&m);
  static hist hiccups;
  hist_reset(&hiccups);
  machine_hiccups(1, &hiccups);
  doctor_question q = {.threads = (int)o.threads,
                       .steal = machine_steal(0.5),
                       .withheld = withheld_names(),
                       .hiccups = &hiccups,
                       .not_built = discover_not_built(),
                       .compiled = machine_other_builds(&all),
                       .build = machine_this_build};
  doctor_finding findings[DOCTOR_FINDINGS];
  size_t n = doctor_examine(&m, &q, findings), serious = 0;
  for (size_t i = 0; i < n; i++)
    serious += findings[i].grade == DOCTOR_SERIOUS;
  format_print(format, make_page(findings, n, serious), stdout);
  return serious ? EXIT_SOME_FAILED : EXIT_OK;
}
