/* requests by hand (workloads/requests.c).  The table of sessions is one
 * array. */
#include "requests.h"

typedef struct profile {
  HAND_HEAD uint64_t words[8];
} profile;

typedef struct item {
  HAND_HEAD struct item *next;
  uint64_t words[4];
} item;

typedef struct session {
  HAND_HEAD profile *profile;
  item *items;
  uint64_t words[2];
} session;

typedef struct field {
  HAND_HEAD struct field *next;
  uint64_t words[3];
} field;

typedef struct body {
  HAND_HEAD uint64_t words[0]; /* as many as are asked for */
} body;

typedef struct request {
  HAND_HEAD field *fields;
  body *body;
  session *session;
  uint64_t words[2];
} request;

typedef struct part {
  HAND_HEAD struct part *next;
  item *shown;
  uint64_t words[1];
} part;

typedef struct response {
  HAND_HEAD part *parts;
  uint64_t words[2];
} response;

static hand_type profiles, items, sessions, fields, bodies, requests, parts,
    responses;
static session *
    *table; /* outside the heap, and never freed: its elements are roots */

static item *new_item(item *next, uint64_t id) {
  item *n = hand_new(&items);
  n->next = next;
  stamp_words(n->words, sizeof n->words, id);
  hand_built(n);
  return n;
}

static session *new_session(uint64_t id) {
  session *s = hand_new(&sessions);
  s->profile = NULL;
  s->items = NULL;
  stamp_words(s->words, sizeof s->words, id);
  hand_built(s);
  s->profile = hand_leaf(&profiles);
  stamp_words(s->profile->words, sizeof s->profile->words, id);
  for (unsigned i = 0; i < RECENT; i++)
    s->items = new_item(s->items, id);
  return s;
}

static request *parse(const uint64_t *p, session *of, uint64_t id) {
  field *list = NULL;
  for (uint64_t i = p[FIELDS]; i > 0; i--) {
    field *n = hand_new(&fields);
    n->next = list;
    stamp_words(n->words, sizeof n->words, id);
    hand_built(n);
    list = n;
  }
  body *text = hand_leaf(&bodies);
  stamp_words(text->words, p[BODY], id);
  request *r = hand_new(&requests);
  r->fields = list;
  r->body = text;
  r->session = hand_share(of);
  stamp_words(r->words, sizeof r->words, id);
  hand_built(r);
  return r;
}

/* Adds a new item to the session, and drops its oldest. */
static void update(session *s) {
  s->items = new_item(s->items, s->words[0]);
  item *last = s->items;
  for (unsigned i = 1; i < RECENT; i++)
    last = last->next;
  item *oldest = last->next;
  last->next = NULL;
  hand_drop(oldest);
  if (GC_EXPLICIT_FREE)
    hand_free(oldest);
}

/* A response that shows the session's items; *ok becomes whether they are the
 * right ones. */
static response *answer(const request *r, bool *ok) {
  const session *s = r->session;
  part *list = NULL;
  *ok = true;
  for (item *i = s->items; i; i = i->next) {
    *ok = *ok && i->words[0] == s->words[0];
    part *n = hand_new(&parts);
    n->next = list;
    n->shown = hand_share(i);
    stamp_words(n->words, sizeof n->words, s->words[0]);
    hand_built(n);
    list = n;
  }
  response *a = hand_new(&responses);
  a->parts = list;
  stamp_words(a->words, sizeof a->words, r->words[0]);
  hand_built(a);
  return a;
}

/* ------------------------------------------------------------------------- *
 * Death.
 * ------------------------------------------------------------------------- */

static void drop_request(request *r) {
  hand_drop(r);
  if (!GC_EXPLICIT_FREE)
    return;
  for (field *n = r->fields, *next; n; n = next) {
    next = n->next;
    hand_free(n);
  }
  hand_free(r->body);
  hand_free(r);
}

static void drop_response(response *a) {
  hand_drop(a);
  if (!GC_EXPLICIT_FREE)
    return;
  for (part *n = a->parts, *next; n; n = next) {
    next = n->next;
    hand_free(n);
  }
  hand_free(a);
}

static void drop_session(session *s) {
  hand_drop(s);
  if (!GC_EXPLICIT_FREE)
    return;
  for (item *n = s->items, *next; n; n = next) {
    next = n->next;
    hand_free(n);
  }
  hand_free(s->profile);
  hand_free(s);
}

/* ------------------------------------------------------------------------- */

static void serve(wl_thread *t, uint64_t id) {
  const uint64_t *p = t->run->params;
  const uint64_t whose = wl_random_below(t, p[SESSIONS]);
  session *s = table[whose];
  bool ok;
  request *r = parse(p, s, id);
  if (share_has(id, p[UPDATES]))
    update(s);
  response *a = answer(r, &ok);
  wl_check(t, ok && s->words[0] == whose, "session %llu is damaged",
           (unsigned long long)whose);
  drop_request(r);
  drop_response(a);
}

static bool is_whole(const uint64_t *words, uint64_t bytes, uint64_t id) {
  return words[0] == id && stamp_words_whole(words, bytes);
}

static bool session_whole(const session *s, uint64_t id) {
  unsigned count = 0;
  for (const item *i = s->items; i; i = i->next) {
    if (!is_whole(i->words, sizeof i->words, id))
      return false;
    count++;
  }
  return is_whole(s->words, sizeof s->words, id) &&
         is_whole(s->profile->words, sizeof s->profile->words, id) &&
         count == RECENT;
}

/* Functions of their own, whose frames have ended when the survivors are
 * counted. */
__attribute__((noinline)) static void set_up(uint64_t count) {
  for (uint64_t i = 0; i < count; i++)
    table[i] = new_session(i);
}

__attribute__((noinline)) static void serve_all(wl_thread *t, uint64_t count) {
  const uint64_t batch = wl_get(t, RATE) ? 1 : STEP_REQUESTS;
  for (uint64_t i = 0; i < count; i += batch) {
    const uint64_t end = min_u64(i + batch, count);
    for (uint64_t id = i; id < end; id++) {
      wl_request_begin(t);
      serve(t, id);
      wl_request_end(t);
    }
    wl_step(t, SERVE, end - i);
  }
}

__attribute__((noinline)) static void drop_all(uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    session *old = table[i];
    table[i] = NULL;
    drop_session(old);
  }
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  const uint64_t kept = p[SESSIONS], served = requests_of(p);
  hand_leaf_begin(&profiles, sizeof(profile));
  hand_leaf_begin(&bodies, sizeof(body) + p[BODY] / 8 * 8);
  hand_type_begin(&items, 1, sizeof(item));
  hand_type_begin(&sessions, 2, sizeof(session));
  hand_type_begin(&fields, 1, sizeof(field));
  hand_type_begin(&requests, 3, sizeof(request));
  hand_type_begin(&parts, 2, sizeof(part));
  hand_type_begin(&responses, 1, sizeof(response));
  table = own_memory(kept, sizeof *table);
  hand_root(table, kept);
  set_up(kept);
  wl_requests(t, served, p[RATE], p[ARRIVALS] == POISSON);

  wl_begin(t);
  serve_all(t, served);
  wl_end(t);

  for (uint64_t i = 0; i < kept; i++)
    wl_check(t, session_whole(table[i], i), "session %llu is damaged",
             (unsigned long long)i);
  const uint64_t live = kept * SESSION_OBJECTS;
  const uint64_t all =
      live + served * request_objects(p) + share_of(served, p[UPDATES]);
  wl_expect(t, (wl_expectation){.live = live, .allocated = all});
  drop_all(kept);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_requests = {REQUESTS_DESCRIPTION, .run = run};
