/* requests.h: what requests does, in numbers.  The programs written by hand
 * (collectors/by-hand) do the same. */
#ifndef REAPMARK_REQUESTS_H
#define REAPMARK_REQUESTS_H

#include "parts.h"

enum { SESSIONS, REQUESTS, FIELDS, BODY, UPDATES, RATE, ARRIVALS, DURATION };
enum { UNIFORM, POISSON };
enum { SERVE };

enum {
  RECENT = 4,         /* items that a session keeps */
  STEP_REQUESTS = 16, /* requests in a step */
};

/* A session refers to its profile and its newest item; an item to the item
 * before it.  A request has a list of fields, a body and its session; a
 * response has a list of parts, each of which shows an item. */
enum { PROFILE, ITEMS };
enum { NEXT, SHOWN };
enum { FIELD_LIST, BODY_TEXT, SESSION };
enum { PARTS };
#define SESSION_SHAPE  ((gc_shape){2, 16})
#define PROFILE_SHAPE  ((gc_shape){0, 64})
#define ITEM_SHAPE     ((gc_shape){1, 32})
#define FIELD_SHAPE    ((gc_shape){1, 24})
#define REQUEST_SHAPE  ((gc_shape){3, 16})
#define RESPONSE_SHAPE ((gc_shape){1, 16})
#define PART_SHAPE     ((gc_shape){2, 8})

static inline gc_shape body_shape(const uint64_t *p) {
  return (gc_shape){0, (uint32_t)p[BODY]};
}

enum { SESSION_OBJECTS = 2 + RECENT };

static inline uint64_t session_bytes(void) {
  return gc_shape_bytes(SESSION_SHAPE) + gc_shape_bytes(PROFILE_SHAPE) +
         RECENT * gc_shape_bytes(ITEM_SHAPE);
}

/* The number of requests. */
static inline uint64_t requests_of(const uint64_t *p) {
  return p[RATE] && p[DURATION] ? p[RATE] * p[DURATION] : p[REQUESTS];
}

/* Objects that one request makes, all of which die with it. */
static inline uint64_t request_objects(const uint64_t *p) {
  return 3 + p[FIELDS] + RECENT;
}

static inline uint64_t request_bytes(const uint64_t *p) {
  return gc_shape_bytes(REQUEST_SHAPE) +
         p[FIELDS] * gc_shape_bytes(FIELD_SHAPE) +
         gc_shape_bytes(body_shape(p)) + gc_shape_bytes(RESPONSE_SHAPE) +
         RECENT * gc_shape_bytes(PART_SHAPE);
}

/* Bytes of the table and the sessions in it. */
static inline uint64_t kept_bytes(const uint64_t *p) {
  return table_bytes(p[SESSIONS]) + p[SESSIONS] * session_bytes();
}

static inline wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t sessions = kept_bytes(p);
  uint64_t request = request_bytes(p);
  return (wl_volume){.live = sessions + request,
                     .set_up = sessions,
                     .allocated = sessions + requests_of(p) * request +
                                  share_of(requests_of(p), p[UPDATES]) *
                                      gc_shape_bytes(ITEM_SHAPE)};
}

static const char *const arrivals[] = {"uniform", "poisson", NULL};

#define REQUESTS_DESCRIPTION                                                   \
  .name = "requests",                                                          \
  .summary = "a server: garbage of requests beside a large live table",        \
  .source = "the shape of transactional benchmarks (SPECjbb, Extremem)",       \
  .unit = "requests", .steps = {"serve"},                                      \
  .params = {{"sessions", "sessions that are alive all the time", 30000, 1,    \
              1 << 22, NULL},                                                  \
             {"requests", "requests that are served", 250000, 1, 1 << 28,      \
              NULL},                                                           \
             {"fields", "fields of a request, one object each", 48, 0,         \
              1 << 16, NULL},                                                  \
             {"body", "bytes of a request's body", 512, 8, 1 << 20, NULL},     \
             {"updates", "percent of the requests that change a session", 20,  \
              0, 100, NULL},                                                   \
             {"rate",                                                          \
              "requests per second, whatever the server does; 0: each "        \
              "after the one before",                                          \
              0, 0, 1 << 24, NULL},                                            \
             {"arrivals", "distances between arrivals, if there is a rate",    \
              UNIFORM, 0, 0, arrivals},                                        \
             {"duration",                                                      \
              "seconds of requests, if there is a rate; 0: as many as "        \
              "`requests` says",                                               \
              5, 0, 3600, NULL}},                                              \
  .knows_deaths = true, .longer = "requests", .volume = volume

#endif
