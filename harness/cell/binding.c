/* binding.c: binds mutator threads to processing units (PUs), and a collector's
 * own threads to the others, with hwloc. */
#include "cell.h"

#include <hwloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static hwloc_topology_t topology;
static bool binding;    /* false: the kernel places the threads */
static unsigned places; /* mutators that get a PU of their own */
static hwloc_bitmap_t *pus;
static char **got; /* the granted CPU sets, by mutator; NULL: never ran */
static unsigned got_room;
static json_t *helpers; /* the granted CPU sets of helpers, or NULL */
static pthread_mutex_t got_lock = PTHREAD_MUTEX_INITIALIZER;
enum { HELPERS_TOLD = 64 };

/* Spreads `n` mutators as far apart as the machine allows, so that they share
 * caches only when they must.  With more mutators than PUs, PUs repeat. */
static void place_spread(unsigned n) {
  hwloc_obj_t root = hwloc_get_root_obj(topology);
  hwloc_distrib(topology, &root, 1, pus, n, INT32_MAX, 0);
  for (unsigned i = 0; i < n; i++)
    hwloc_bitmap_singlify(pus[i]);
}

/* Hands the listed PUs out in ascending order, again and again. */
static void place_listed(const char *list, unsigned n) {
  hwloc_bitmap_t set = hwloc_bitmap_alloc();
  /* hwloc accepts text such as "0x" as well; a list has only these
   * characters */
  if (!*list || strspn(list, "0123456789,-") != strlen(list) ||
      hwloc_bitmap_list_sscanf(set, list) < 0 || hwloc_bitmap_iszero(set))
    cell_usage("--pin is auto, none or a list of PUs such as 0,2-3, not '%s'",
               list);
  hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
  if (!hwloc_bitmap_isincluded(set, allowed)) {
    char *have;
    hwloc_bitmap_list_asprintf(&have, allowed);
    cell_usage("--pin %s: only PUs %s may be used here", list, have);
  }
  int pu = -1;
  for (unsigned i = 0; i < n; i++) {
    pu = hwloc_bitmap_next(set, pu);
    if (pu < 0)
      pu = hwloc_bitmap_first(set);
    pus[i] = hwloc_bitmap_alloc();
    hwloc_bitmap_set(pus[i], (unsigned)pu);
  }
  hwloc_bitmap_free(set);
}

void cell_binding_init(const char *policy, unsigned threads) {
  /* Only PUs that the parent process left to this one are handed out. */
  if (hwloc_topology_init(&topology) ||
      hwloc_topology_set_flags(
          topology, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM |
                        HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING) ||
      hwloc_topology_load(topology))
    cell_die("cannot read the machine's topology");
  binding = strcmp(policy, "none") != 0;
  places = threads;
  pus = calloc(threads, sizeof *pus);
  /* the main thread and its `threads` mutators */
  got_room = threads + 1;
  got = calloc(got_room, sizeof *got);
  if (!pus || !got)
    cell_die("out of memory");
  if (strcmp(policy, "auto") == 0)
    place_spread(threads);
  else if (binding)
    place_listed(policy, threads);
}

/* The CPU set of the calling thread, to be freed; NULL if it is not known. */
static char *granted(void) {
  hwloc_bitmap_t set = hwloc_bitmap_alloc();
  char *text = NULL;
  if (hwloc_get_cpubind(topology, set, HWLOC_CPUBIND_THREAD) == 0)
    hwloc_bitmap_list_asprintf(&text, set);
  hwloc_bitmap_free(set);
  return text;
}

void cell_bind_self(unsigned index) {
  /* The main thread is blocked while the threads that it made run, so mutator
   * number `threads` may share its PU. */
  if (binding)
    hwloc_set_cpubind(topology, pus[index % places],
                      HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT);
  if (index >= got_room)
    return; /* one of very many threads: the first ones suffice */
  char *text = granted();
  pthread_mutex_lock(&got_lock);
  free(got[index]);
  got[index] = text;
  pthread_mutex_unlock(&got_lock);
}

/* Binds the thread to the PUs without mutators.  If every PU has one, the
 * thread may run on all of them, instead of on that of the mutator whose
 * binding it inherited.  Whether the thread is apart from the mutators. */
static bool bind_apart(void) {
  hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
  hwloc_bitmap_t set = hwloc_bitmap_dup(allowed);
  for (unsigned i = 0; i < places; i++)
    hwloc_bitmap_andnot(set, set, pus[i]);
  bool apart = !hwloc_bitmap_iszero(set);
  if (hwloc_set_cpubind(topology, apart ? set : allowed, HWLOC_CPUBIND_THREAD))
    apart = false;
  hwloc_bitmap_free(set);
  return apart;
}

void gc_helper_thread(void) {
  if (!topology)
    return; /* not a run: nobody is bound */
  bool apart = binding && bind_apart();
  char *text = granted();
  pthread_mutex_lock(&got_lock);
  helpers = helpers ? helpers : json_array();
  if (text && json_array_size(helpers) < HELPERS_TOLD)
    json_array_append_new(helpers, json_string(text));
  pthread_mutex_unlock(&got_lock);
  free(text);
  if (apart) /* else mutators may wait for it, and its time is not told apart */
    cell_account_open();
}

json_t *cell_binding_helpers(void) {
  pthread_mutex_lock(&got_lock);
  json_t *list = json_deep_copy(helpers); /* NULL of NULL */
  pthread_mutex_unlock(&got_lock);
  return list;
}

json_t *cell_binding_got(void) {
  json_t *list = json_array();
  pthread_mutex_lock(&got_lock);
  for (unsigned i = 0; i < got_room; i++)
    if (got[i])
      json_array_append_new(list, json_string(got[i]));
  pthread_mutex_unlock(&got_lock);
  return list;
}

void cell_binding_finish(void) {
  for (unsigned i = 0; i < got_room; i++)
    free(got[i]);
  for (unsigned i = 0; i < places; i++)
    hwloc_bitmap_free(pus[i]);
  free(got);
  free(pus);
  json_decref(helpers);
  hwloc_topology_destroy(topology);
}
