/* openjdk.c: the collectors of OpenJDK, one program each; the macro
 * OPENJDK_NAME, such as OPENJDK_G1, says which one this is.  The replayer is
 * Replay.java. */
#include "runtimes/runtime.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "gc.h"
#include "harness/base/memory.h"

/* ------------------------------------------------------------------------- *
 * What distinguishes them.  X(variable, name, help, max, flag of the JVM): an
 * option, which is a number; 0 leaves the decision to the JVM.
 * ------------------------------------------------------------------------- */

#define NEW_SIZE(X)                                                            \
  X(new_size, "new-size", "size of the young generation, MiB", 1 << 20,        \
    "-Xmn%" PRIu64 "m")
#define NEW_RATIO(X)                                                           \
  X(new_ratio, "new-ratio", "size of the old generation, in young ones (2)",   \
    1000, "-XX:NewRatio=%" PRIu64)
#define PAUSE_TARGET(X, initial)                                               \
  X(pause_target, "pause-target", "longest pause to aim at, ms (" initial ")", \
    100000, "-XX:MaxGCPauseMillis=%" PRIu64)
#define GC_THREADS(X)                                                          \
  X(gc_threads, "gc-threads",                                                  \
    "threads that collect while the world is stopped", 256,                    \
    "-XX:ParallelGCThreads=%" PRIu64)
#define CONCURRENT_THREADS(X)                                                  \
  X(concurrent_threads, "concurrent-threads",                                  \
    "threads that collect beside the "                                         \
    "mutators",                                                                \
    256, "-XX:ConcGCThreads=%" PRIu64)

#if defined OPENJDK_SERIAL
#define NAME    "serial"
#define SUMMARY "Serial: a copying nursery, mark-compact for the rest"
#define SOURCE  "OpenJDK, src/hotspot/share/gc/serial"
#define FLAG    "-XX:+UseSerialGC"
#define GRANULE (512 << 10)
#define OPTIONS(X)                                                             \
  NEW_RATIO(X)                                                                 \
  NEW_SIZE(X)                                                                  \
  X(min_free, "min-free",                                                      \
    "the heap grows if less is free after a full "                             \
    "collection, % (40)",                                                      \
    70, "-XX:MinHeapFreeRatio=%" PRIu64)

#elif defined OPENJDK_PARALLEL
#define NAME    "parallel"
#define SUMMARY "Parallel: as Serial, with several threads"
#define SOURCE  "OpenJDK, src/hotspot/share/gc/parallel"
#define FLAG    "-XX:+UseParallelGC"
#define GRANULE (512 << 10)
#define OPTIONS(X)                                                             \
  NEW_RATIO(X)                                                                 \
  NEW_SIZE(X)                                                                  \
  PAUSE_TARGET(X, "none")                                                      \
  GC_THREADS(X)

#elif defined OPENJDK_G1
#define NAME       "g1"
#define SUMMARY    "G1: regions copied by benefit, concurrent marking"
#define SOURCE     "Detlefs, Flood, Heller and Printezis, ISMM 2004"
#define FLAG       "-XX:+UseG1GC"
#define GRANULE    (1 << 20)
#define CONCURRENT true
#define OPTIONS(X)                                                             \
  PAUSE_TARGET(X, "200")                                                       \
  X(occupancy, "occupancy",                                                    \
    "marking begins with so much of the heap in use, "                         \
    "% (45, adaptive)",                                                        \
    100, "-XX:InitiatingHeapOccupancyPercent=%" PRIu64)                        \
  NEW_SIZE(X)                                                                  \
  GC_THREADS(X)                                                                \
  CONCURRENT_THREADS(X)

#elif defined OPENJDK_Z
#define NAME       "z"
#define SUMMARY    "ZGC: marks and moves beside the mutators"
#define SOURCE     "OpenJDK, JEP 333 and JEP 377"
#define FLAG       "-XX:+UseZGC"
#define GRANULE    (2 << 20)
#define CONCURRENT true
#define OPTIONS(X)                                                             \
  X(tolerance, "tolerance",                                                    \
    "the increase of the allocation rate to be ready "                         \
    "for, times (2)",                                                          \
    1000, "-XX:ZAllocationSpikeTolerance=%" PRIu64)                            \
  X(interval, "interval", "collects at least every so many s (never)", 100000, \
    "-XX:ZCollectionInterval=%" PRIu64)                                        \
  GC_THREADS(X)                                                                \
  CONCURRENT_THREADS(X)

#elif defined OPENJDK_SHENANDOAH
#define NAME       "shenandoah"
#define SUMMARY    "Shenandoah: marks and moves beside the mutators"
#define SOURCE     "Flood, Kennke, Dinn, Haley and Westrelin, PPPJ 2016"
#define FLAG       "-XX:+UseShenandoahGC"
#define GRANULE    (256 << 10)
#define CONCURRENT true
#define HEURISTICS 1
#define OPTIONS(X)                                                             \
  X(min_free, "min-free", "collects when less is free, % (10)", 100,           \
    "-XX:ShenandoahMinFreeThreshold=%" PRIu64)                                 \
  GC_THREADS(X)                                                                \
  CONCURRENT_THREADS(X)

#elif defined OPENJDK_EPSILON
#define NAME    "epsilon"
#define SUMMARY "no collector: the floor of the others"
#define SOURCE  "OpenJDK, JEP 318"
#define FLAG    "-XX:+UseEpsilonGC"
#define GRANULE 0
#define NOTHING true
#define OPTIONS(X)
#endif

#ifndef CONCURRENT
#define CONCURRENT false
#endif
#ifndef NOTHING
#define NOTHING false
#endif

/* ------------------------------------------------------------------------- *
 * The description.
 * ------------------------------------------------------------------------- */

#define VARIABLE(variable, name, help, max, flag) static uint64_t variable;
OPTIONS(VARIABLE)
#undef VARIABLE
static uint64_t warm_up = 200;
#ifdef HEURISTICS
static uint64_t heuristics;
static const char *const heuristics_names[] = {"adaptive", "static", "compact",
                                               "aggressive", NULL};
static const gc_words words[] = {{"heuristics", heuristics_names}, {0}};
#endif

static const gc_option options[] = {
#define ROW(variable, name, help, max, flag)                                   \
  {name, help "; 0: as the JVM decides", &variable, 0, max},
    OPTIONS(ROW)
#undef ROW
#ifdef HEURISTICS
        {"heuristics", "when a collection is due", &heuristics, 0, 3},
#endif
    {"warm-up", "replays before the one that is measured, at most", &warm_up, 1,
     10000},
    {0}};

const gc_collector gc_this_collector = {
    .name = "openjdk-" NAME,
    .summary = "OpenJDK " OPENJDK_VERSION ", " SUMMARY,
    .runtime = "OpenJDK " OPENJDK_VERSION,
    .source = SOURCE,
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = NOTHING ? GC_RECLAIMS_NOTHING : GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .moving = !NOTHING,
            .heap_limit = !NOTHING,
            .concurrent = CONCURRENT,
            .overhead_bytes = RUNTIME_OWN_BYTES,
            .granule = GRANULE},
#ifdef HEURISTICS
    .words = words,
#endif
    .options = options};

/* ------------------------------------------------------------------------- *
 * The command.
 * ------------------------------------------------------------------------- */

/* Java's objects are larger than nominal ones: an array of references has a
 * header of 16 bytes, and so have the bytes of its payload, which are an array
 * of their own.  Without collections the heap must hold all of several
 * replays, if there is memory for them. */
static uint64_t heap_of_epsilon(const trace_prepared *head) {
  uint64_t most = memory_most() / 4 * 3;
  uint64_t wanted = head->bytes + head->objects * 32;
  wanted = wanted < most / 16 ? 16 * wanted : most;
  return wanted > 64 << 20 ? wanted : 64 << 20;
}

void runtime_command(command *c, uint64_t heap_limit,
                     const trace_prepared *head, bool timed) {
  command_add(c, "%s", OPENJDK_JAVA);
  command_add(c, "-XX:+UnlockExperimentalVMOptions");
  command_add(c, "-XX:+UnlockDiagnosticVMOptions");
  command_add(c, FLAG);
  if (heap_limit || NOTHING)
    command_add(c, "-Xmx%" PRIu64,
                RUNTIME_OWN_BYTES +
                    (NOTHING ? heap_of_epsilon(head) : heap_limit));
#define ADD(variable, name, help, max, flag)                                   \
  if (variable)                                                                \
    command_add(c, flag, variable);
  OPTIONS(ADD)
#undef ADD
#ifdef HEURISTICS
  command_add(c, "-XX:ShenandoahGCHeuristics=%s", heuristics_names[heuristics]);
#endif
  /* All threads are there from the beginning, so that the replayer can tell how
   * long they ran; and nothing is written that somebody would have to remove.
   */
  command_add(c, "-XX:-UseDynamicNumberOfGCThreads");
  command_add(c, "-XX:-UseDynamicNumberOfCompilerThreads");
  command_add(c, "-XX:-UsePerfData");
  command_add(c, "-XX:-CreateCoredumpOnCrash");
  command_add(c, "-XX:ErrorFile=/dev/null");
  command_add(c, "-XX:+ExitOnOutOfMemoryError");
  command_add(c, "-Xlog:disable");
  if (timed)
    command_add(c,
                "-Xlog:safepoint,gc,gc+phases:file=/proc/self/fd/4:timenanos:"
                "filecount=0");
  command_add(c, "-cp");
  command_add(c, "%s", runtime_file("replayers/openjdk.jar"));
  command_add(c, "Replay");
  command_add(c, "collects=%d", !NOTHING);
  command_add(c, "warm-up=%" PRIu64, warm_up);
}

bool runtime_ran_out(int status, const char *errors) {
  (void)errors;
  return WIFEXITED(status) && WEXITSTATUS(status) == 3; /* the flag's */
}
