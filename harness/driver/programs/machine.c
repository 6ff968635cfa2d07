/* machine.c: facts about the machine and the build.  The topology comes from
 * hwloc, all else from /proc and /sys. */
#include "machine.h"
#include "harness/base/arena.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "emulator.h"
#include "spawn.h"
#include "build_info.h"
#include "harness/report/builds.h"
#include "git_describe.h"
#include "harness/record/identity.h"
#include "harness/stats/latency.h"

#include <hwloc.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

const machine_build machine_this_build = {
    .version = BUILD_VERSION,
    .git = BUILD_GIT,
    .compiler = BUILD_COMPILER,
    .flags = BUILD_FLAGS,
    .type = BUILD_TYPE,
    .sanitizer = BUILD_SANITIZER,
#ifdef GC_CHECKS
    .checks = true,
#endif
};

/* ------------------------------------------------------------------------- *
 * Small files.
 * ------------------------------------------------------------------------- */

/* The first line of a file, without its end; false if there is none. */
static bool read_line(const char *path, char *out, size_t room) {
  FILE *file = fopen(path, "re");
  bool good = file && fgets(out, (int)room, file);
  if (file)
    fclose(file);
  if (good)
    out[strcspn(out, "\n")] = 0;
  else
    out[0] = 0;
  return good;
}

static long long read_number(const char *path) {
  char line[64];
  return read_line(path, line, sizeof line) ? atoll(line) : -1;
}

/* The text after "KEY:" in a file like /proc/meminfo. */
static bool read_entry(const char *path, const char *key, char *out,
                       size_t room) {
  FILE *file = fopen(path, "re");
  char line[8192];
  size_t n = strlen(key);
  bool found = false;
  while (file && !found && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (!colon || strncmp(line, key, n) ||
        line + n + strspn(line + n, " \t") != colon)
      continue;
    colon += 1 + strspn(colon + 1, " \t");
    colon[strcspn(colon, "\n")] = 0;
    snprintf(out, room, "%s", colon);
    found = true;
  }
  if (file)
    fclose(file);
  return found;
}

static int64_t meminfo(const char *key) {
  char text[64];
  return read_entry("/proc/meminfo", key, text, sizeof text)
             ? atoll(text) * 1024
             : -1;
}

/* ------------------------------------------------------------------------- *
 * Facts.
 * ------------------------------------------------------------------------- */

static uint64_t cache_bytes(hwloc_topology_t t, hwloc_obj_type_t type) {
  hwloc_obj_t cache = hwloc_get_obj_by_type(t, type, 0);
  return cache ? cache->attr->cache.size : 0;
}

static void read_topology(machine *m) {
  hwloc_topology_t t;
  if (hwloc_topology_init(&t))
    return;
  if (!hwloc_topology_load(t)) {
    hwloc_obj_t package = hwloc_get_obj_by_type(t, HWLOC_OBJ_PACKAGE, 0);
    const char *model =
        package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    if (model)
      snprintf(m->cpu, sizeof m->cpu, "%s", model);
    m->packages = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_PACKAGE);
    m->cores = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE);
    m->cpus = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_PU);
    m->numa_nodes = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE);
    m->l1d = cache_bytes(t, HWLOC_OBJ_L1CACHE);
    m->l2 = cache_bytes(t, HWLOC_OBJ_L2CACHE);
    m->l3 = cache_bytes(t, HWLOC_OBJ_L3CACHE);
  }
  hwloc_topology_destroy(t);
}

/* The kernel itself says it, also where /proc and /sys are missing. */
static void read_allowed(machine *m) {
  size_t most = 1 << 16, bytes = CPU_ALLOC_SIZE(most);
  cpu_set_t *set = CPU_ALLOC(most);
  if (set && !sched_getaffinity(0, bytes, set))
    m->allowed = CPU_COUNT_S(bytes, set);
  CPU_FREE(set);
}

/* A number of /proc/cpuinfo, decimal or hexadecimal: the first of two keys that
 * is there, or -1. */
static int cpu_number(const char *key, const char *other) {
  char text[64];
  return read_entry("/proc/cpuinfo", key, text, sizeof text) ||
                 read_entry("/proc/cpuinfo", other, text, sizeof text)
             ? (int)strtol(text, NULL, 0)
             : -1;
}

static void read_cpu(machine *m) {
  char text[8192];
  m->family = cpu_number("cpu family", "CPU implementer");
  m->model = cpu_number("model", "CPU part");
  m->stepping = cpu_number("stepping", "CPU revision");
  read_entry("/proc/cpuinfo", "microcode", m->microcode, sizeof m->microcode);
  if (read_entry("/proc/cpuinfo", "cpu MHz", text, sizeof text))
    m->mhz = atoi(text);
  if (read_entry("/proc/cpuinfo", "flags", text, sizeof text) &&
      strstr(text, " hypervisor") &&
      !read_line("/sys/class/dmi/id/product_name", m->hypervisor,
                 sizeof m->hypervisor))
    strcpy(m->hypervisor, "unknown hypervisor");
  read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
            m->governor, sizeof m->governor);
  long long no_turbo =
      read_number("/sys/devices/system/cpu/intel_pstate/no_turbo");
  m->turbo = no_turbo >= 0
                 ? !no_turbo
                 : (int)read_number("/sys/devices/system/cpu/cpufreq/boost");
}

/* The limit of a control group (version 2) in CPUs, or -1. */
static double limit_v2(const char *group) {
  char path[4096 + 32], line[64];
  double quota, period;
  snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
  if (read_line(path, line, sizeof line) &&
      sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0)
    return quota / period;
  return -1;
}

static double limit_v1(const char *group) {
  char path[4096 + 48];
  snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
  double quota = (double)read_number(path);
  snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
  double period = (double)read_number(path);
  return quota > 0 && period > 0 ? quota / period : -1;
}

/* The tightest limit of our control group and those above it. */
static double read_cpu_limit(void) {
  double tightest = -1;
  char line[4096];
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
      continue;
    *group++ = 0;
    controllers++;
    bool v2 = !*controllers;
    if (!v2 && strcmp(controllers, "cpu") && !strstr(controllers, "cpu,") &&
        !strstr(controllers, ",cpu"))
      continue;
    for (;;) {
      double limit = v2 ? limit_v2(group) : limit_v1(group);
      if (limit > 0 && (tightest < 0 || limit < tightest))
        tightest = limit;
      char *slash = strrchr(group, '/');
      if (!slash)
        break;
      *slash = 0;
    }
  }
  if (file)
    fclose(file);
  return tightest;
}

static bool in_path(const char *program) {
  const char *path = getenv("PATH");
  for (; path && *path; path += *path == ':') {
    char file[4096];
    size_t n = strcspn(path, ":");
    snprintf(file, sizeof file, "%.*s/%s", (int)n, path, program);
    if (!access(file, X_OK))
      return true;
    path += n;
  }
  return false;
}

void machine_read(machine *m) {
  *m = (machine){.mhz = -1,
                 .turbo = -1,
                 .allowed = -1,
                 .architecture = emulator_architecture()};
  emulator_find(m->emulator, sizeof m->emulator);
  read_topology(m);
  read_allowed(m);
  read_cpu(m);
  struct utsname name;
  if (!uname(&name)) {
    snprintf(m->os, sizeof m->os, "%.31s", name.sysname);
    snprintf(m->release, sizeof m->release, "%.95s", name.release);
  }
  m->memory = meminfo("MemTotal");
  m->memory_available = meminfo("MemAvailable");
  m->swap = meminfo("SwapTotal");
  char line[128];
  read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line);
  sscanf(line, "%*[^[][%15[^]]", m->thp);
  if (line[0] == '[')
    sscanf(line, "[%15[^]]", m->thp);
  m->aslr = (int)read_number("/proc/sys/kernel/randomize_va_space");
  if (getloadavg(m->load, 3) != 3)
    m->load[0] = m->load[1] = m->load[2] = -1;
  m->cpu_limit = read_cpu_limit();
  m->perf_paranoid = (int)read_number("/proc/sys/kernel/perf_event_paranoid");
  /* A process that has run for a while has been in the queue: the file shows
   * no zeros where the kernel counts. */
  char schedstat[64];
  unsigned long long ran = 0;
  m->schedstat =
      read_line("/proc/self/schedstat", schedstat, sizeof schedstat) &&
      sscanf(schedstat, "%llu", &ran) == 1 && ran > 0;
  m->valgrind = in_path("valgrind");
}

const char *machine_id(void) {
  const char *given = getenv("REAPMARK_MACHINE");
  struct utsname host;
  char *id = arena_text("%s", given && *given ? given
                              : uname(&host)  ? "unknown"
                                              : host.nodename);
  words_clean(id, false);
  return id;
}

void machine_warn_emulated(void) {
  char emulator[128];
  emulator_find(emulator, sizeof emulator);
  if (*emulator)
    say_warning("W-emulated", "%s runs these programs: no time means anything",
                emulator);
}

static bool read_ticks(double *all, double *steal) {
  char line[256];
  double t[8];
  if (!read_line("/proc/stat", line, sizeof line) ||
      sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2],
             &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
    return false;
  *all = 0;
  for (int i = 0; i < 8; i++)
    *all += t[i];
  *steal = t[7];
  return true;
}

double machine_steal(double seconds) {
  double all[2], steal[2];
  struct timespec wait = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
  if (!read_ticks(&all[0], &steal[0]))
    return -1;
  nanosleep(&wait, NULL);
  if (!read_ticks(&all[1], &steal[1]) || all[1] <= all[0])
    return -1;
  return 100 * (steal[1] - steal[0]) / (all[1] - all[0]);
}

static uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void machine_hiccups(double seconds, hist *into) {
  enum { SLEEP_NS = 1000000 };
  static hist met;
  uint64_t least = UINT64_MAX, now = clock_ns();
  uint64_t end = now + (uint64_t)(seconds * 1e9);
  hist_reset(&met);
  while (now < end) {
    uint64_t before = now;
    nanosleep(&(struct timespec){0, SLEEP_NS}, NULL);
    now = clock_ns();
    hist_add(&met, latency_hiccup(&least, now - before));
  }
  hist_correct(into, &met, SLEEP_NS);
}

/* ------------------------------------------------------------------------- *
 * machine.json.
 * ------------------------------------------------------------------------- */

json_t *machine_stamp(const collector *c) {
  struct stat status = {0};
  if (c->trouble || stat(c->path, &status))
    return NULL;
  return json_pack("{s:s, s:I, s:I}", "name", c->name, "bytes",
                   (json_int_t)status.st_size, "modified",
                   (json_int_t)status.st_mtime);
}

static json_t *collectors_json(const collectors *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->count; i++) {
    json_t *stamp = machine_stamp(&all->items[i]);
    if (stamp)
      json_array_append_new(list, stamp);
  }
  return list;
}

static json_t *build_json(void) {
  const machine_build *b = &machine_this_build;
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "version", b->version,
                   "git", b->git, "compiler", b->compiler, "flags", b->flags,
                   "type", b->type, "sanitizer", b->sanitizer, "checks",
                   b->checks);
}

const char *machine_other_builds(const collectors *all) {
  report_builds builds = {0};
  json_t *mine = build_json();
  for (size_t i = 0; i < all->count; i++)
    if (!all->items[i].trouble)
      builds_add(&builds, all->items[i].name,
                 json_object_get(all->items[i].about, "build"));
  const char *text = builds_text(&builds, mine);
  builds_free(&builds);
  json_decref(mine);
  return text;
}

json_t *machine_to_json(const machine *m, const collectors *all) {
  char date[32];
  time_t now = time(NULL);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  json_t *cpu = json_pack(
      "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:s, s:i, s:s, s:f}",
      "model", m->cpu, "mhz", m->mhz, "packages", m->packages, "cores",
      m->cores, "cpus", m->cpus, "allowed", m->allowed, "numa_nodes",
      m->numa_nodes, "l1d", (json_int_t)m->l1d, "l2", (json_int_t)m->l2, "l3",
      (json_int_t)m->l3, "governor", m->governor, "turbo", m->turbo,
      "hypervisor", m->hypervisor, "limit", m->cpu_limit);
  json_object_set_new(cpu, "architecture", json_string(m->architecture));
  json_object_set_new(cpu, "emulator", json_string(m->emulator));
  json_object_set_new(cpu, "family", json_integer(m->family));
  json_object_set_new(cpu, "model_number", json_integer(m->model));
  json_object_set_new(cpu, "stepping", json_integer(m->stepping));
  json_object_set_new(cpu, "microcode", json_string(m->microcode));
  json_t *os = json_pack("{s:s, s:s, s:i, s:i, s:i}", "name", m->os, "release",
                         m->release, "aslr", m->aslr, "perf_event_paranoid",
                         m->perf_paranoid, "schedstat", m->schedstat);
  json_t *memory =
      json_pack("{s:I, s:I, s:I, s:s}", "total", (json_int_t)m->memory,
                "available", (json_int_t)m->memory_available, "swap",
                (json_int_t)m->swap, "thp", m->thp);
  return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:[f,f,f], s:o, s:o, s:o}",
                   "schema", 1, "id", machine_id(), "date", date, "cpu", cpu,
                   "os", os, "memory", memory, "load", m->load[0], m->load[1],
                   m->load[2], "build", build_json(), "environment",
                   spawn_environment_json(), "collectors",
                   collectors_json(all));
}

const char *machine_difference(const json_t *then, const json_t *now) {
  static const struct {
    const char *group, *key, *name;
  } table[] = {{"cpu", "allowed", "the number of CPUs"},
               {"cpu", "governor", "the CPU governor"},
               {"os", "release", "the kernel"},
               {"memory", "thp", "the transparent huge page mode"},
               {"build", "compiler", "the compiler"},
               {"build", "flags", "the compiler's flags"}};
  const char *field = identity_difference(json_object_get(then, "cpu"),
                                          json_object_get(now, "cpu"));
  if (field)
    return arena_text("the CPU's %s", field);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (!json_equal(json_object_get(json_object_get(then, table[i].group),
                                    table[i].key),
                    json_object_get(json_object_get(now, table[i].group),
                                    table[i].key)))
      return table[i].name;
  if (!json_equal(json_object_get(then, "environment"),
                  json_object_get(now, "environment")))
    return "the environment";
  /* Added or removed collectors make no difference, changed ones do. */
  size_t i, k;
  json_t *a, *b;
  json_array_foreach(json_object_get(then, "collectors"), i, a)
      json_array_foreach(json_object_get(now, "collectors"), k, b) {
    if (json_equal(json_object_get(a, "name"), json_object_get(b, "name")) &&
        !json_equal(a, b))
      return arena_text("collector %s",
                        json_string_value(json_object_get(a, "name")));
  }
  return NULL;
}
