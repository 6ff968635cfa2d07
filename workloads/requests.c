/* requests: a server.  A large table of sessions is alive all the time.  Every
 * request makes a small structure of its own beside it, reads a session or
 * two, sometimes changes one, and leaves nothing else behind.
 *
 * The shape is that of transactional benchmarks (SPECjbb, Extremem, DaCapo's
 * latency-sensitive ones) without their logic: what matters is how long a
 * request takes in the worst case.  A request that updates a session stores
 * references to young objects into old ones, and old objects die.
 *
 * Stresses latency.  With a rate, requests arrive on a schedule that does not
 * wait for the server (an open loop), so that a pause delays all requests that
 * arrive during it; latency counts from the arrival, and a step is a request.
 * Without a rate the next request waits for the one before (a closed loop),
 * and a step is a batch of a few equal requests.
 *
 * Survivors: the sessions, each with its profile and RECENT items.
 *
 * Limits: one thread serves all requests. */
#include "requests.h"

static void new_session(wl_thread *t, gc_reg dst, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), part = frame, items = frame + 1;
  new_unstated(m, dst, SESSION_SHAPE, id);
  new_unstated(m, part, PROFILE_SHAPE, id);
  gc_store_take(m, dst, PROFILE, part);
  for (unsigned i = 0; i < RECENT; i++) {
    new_unstated(m, part, ITEM_SHAPE, id);
    gc_store_take(m, part, NEXT, items);
    gc_move(m, items, part);
  }
  gc_store_take(m, dst, ITEMS, items);
  wl_made(t, SESSION_OBJECTS, session_bytes());
  gc_frame_leave(m, frame, 2, 0);
}

/* dst <- a request to `session`. */
static void parse(wl_thread *t, gc_reg dst, gc_reg session, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), part = frame, fields = frame + 1;
  for (uint64_t i = wl_get(t, FIELDS); i > 0; i--) {
    new_unstated(m, part, FIELD_SHAPE, id);
    gc_store_take(m, part, NEXT, fields);
    gc_move(m, fields, part);
  }
  new_unstated(m, part, body_shape(t->run->params), id);
  new_unstated(m, dst, REQUEST_SHAPE, id);
  gc_store_take(m, dst, FIELD_LIST, fields);
  gc_store_take(m, dst, BODY_TEXT, part);
  gc_store(m, dst, SESSION, session);
  gc_frame_leave(m, frame, 2, 0);
}

/* Adds a new item to the session, and drops its oldest. */
static void update(wl_thread *t, gc_reg session) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg item = frame, items = frame + 1, last = frame + 2;
  new_stamped(t, item, ITEM_SHAPE, stamp_id(m, session));
  gc_load(m, items, session, ITEMS);
  gc_store_take(m, item, NEXT, items);
  gc_store_take(m, session, ITEMS, item);
  gc_borrow(m, last, session, ITEMS);
  for (unsigned i = 1; i < RECENT; i++)
    gc_borrow(m, last, last, NEXT);
  wl_dropped(t, 1, gc_shape_bytes(ITEM_SHAPE));
  if (GC_EXPLICIT_FREE)
    free_slot(m, last, NEXT);
  gc_store_null(m, last, NEXT);
  gc_frame_leave(m, frame, 2, 1);
}

/* dst <- a response that shows the session's items.  Returns whether they are
 * the right ones. */
static bool answer(wl_thread *t, gc_reg dst, gc_reg request) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 2);
  gc_reg part = frame, parts = frame + 1;
  gc_reg session = frame + 2, item = frame + 3;
  gc_borrow(m, session, request, SESSION);
  uint64_t id = stamp_id(m, session);
  bool ok = true;
  for (gc_borrow(m, item, session, ITEMS); !gc_is_null(m, item);
       gc_borrow(m, item, item, NEXT)) {
    ok = ok && stamp_id(m, item) == id;
    new_unstated(m, part, PART_SHAPE, id);
    gc_store(m, part, SHOWN, item);
    gc_store_take(m, part, NEXT, parts);
    gc_move(m, parts, part);
  }
  new_unstated(m, dst, RESPONSE_SHAPE, stamp_id(m, request));
  gc_store_take(m, dst, PARTS, parts);
  gc_frame_leave(m, frame, 2, 2);
  return ok;
}

/* Frees the list in slot `i` of `obj`, and `obj`. */
static void free_with_list(gc_mutator *m, gc_reg obj, uint32_t i) {
  gc_reg list = gc_frame_enter(m, 1, 0);
  gc_load(m, list, obj, i);
  drop_list(m, list, NEXT);
  gc_frame_leave(m, list, 1, 0);
  gc_free(m, obj);
}

static void serve(wl_thread *t, gc_reg table, uint64_t id) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t whose = wl_random_below(t, wl_get(t, SESSIONS));
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg request = frame, response = frame + 1, session = frame + 2;
  table_borrow(m, session, table, whose);
  parse(t, request, session, id);
  if (share_has(id, wl_get(t, UPDATES)))
    update(t, session);
  bool ok = answer(t, response, request) && stamp_id(m, session) == whose;
  wl_check(t, ok, "session %llu is damaged", (unsigned long long)whose);
  uint64_t objects = request_objects(p), bytes = request_bytes(p);
  wl_made(t, objects, bytes);
  wl_dropped(t, objects, bytes);
  if (GC_EXPLICIT_FREE) {
    free_slot(m, request, BODY_TEXT);
    free_with_list(m, request, FIELD_LIST);
    free_with_list(m, response, PARTS);
  }
  gc_frame_leave(m, frame, 2, 1);
}

static bool session_whole(gc_mutator *m, gc_reg session, uint64_t id) {
  gc_reg part = gc_frame_enter(m, 0, 1);
  gc_borrow(m, part, session, PROFILE);
  bool ok = stamp_is(m, session, SESSION_SHAPE.bytes, id) &&
            stamp_is(m, part, PROFILE_SHAPE.bytes, id);
  unsigned items = 0;
  for (gc_borrow(m, part, session, ITEMS); ok && !gc_is_null(m, part);
       gc_borrow(m, part, part, NEXT)) {
    ok = stamp_is(m, part, ITEM_SHAPE.bytes, id);
    items++;
  }
  gc_frame_leave(m, part, 0, 1);
  return ok && items == RECENT;
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t sessions = p[SESSIONS], requests = requests_of(p);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, fresh = frame + 1, at = frame + 2;
  table_new(t, table, sessions);
  for (uint64_t i = 0; i < sessions; i++) {
    new_session(t, fresh, i);
    table_put(m, at, table, i, fresh);
  }

  uint64_t batch = p[RATE] ? 1 : STEP_REQUESTS;
  wl_requests(t, requests, p[RATE], p[ARRIVALS] == POISSON);

  wl_begin(t);
  for (uint64_t i = 0; i < requests; i += batch) {
    uint64_t end = min_u64(i + batch, requests);
    for (uint64_t id = i; id < end; id++) {
      wl_request_begin(t);
      serve(t, table, id);
      wl_request_end(t);
    }
    wl_step(t, SERVE, end - i);
  }
  wl_end(t);

  for (uint64_t i = 0; i < sessions; i++) {
    table_borrow(m, at, table, i);
    wl_check(t, session_whole(m, at, i), "session %llu is damaged",
             (unsigned long long)i);
  }
  gc_unborrow(m, at);
  uint64_t live = table_objects(sessions) + sessions * SESSION_OBJECTS;
  uint64_t all =
      live + requests * request_objects(p) + share_of(requests, p[UPDATES]);
  wl_expect(t, (wl_expectation){
                   .live = live, .allocated = all, .bytes = kept_bytes(p)});
  wl_dropped(t, live, kept_bytes(p));
  if (GC_EXPLICIT_FREE) {
    for (uint64_t i = 0; i < sessions; i++) {
      gc_load(m, fresh, at, table_at(m, at, table, i));
      free_slot(m, fresh, PROFILE);
      free_with_list(m, fresh, ITEMS);
    }
    free_table(m, table, sessions);
  }
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_requests = {REQUESTS_DESCRIPTION, .knows_live = true,
                                    .run = run};
