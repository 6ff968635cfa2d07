/* v8.c: imports the heap snapshots of V8 (.heapsnapshot, as Chromium's tools
 * and v8.writeHeapSnapshot of Node.js write them).
 *
 * A snapshot is one JSON map: `snapshot.meta` names the columns of two flat
 * arrays of numbers, `nodes` and `edges`; the edges of a node follow those of
 * the node before it, and an edge says where its target begins in `nodes`.  The
 * array `strings` comes last.
 *
 * In the graph, synthetic nodes are no objects: what they refer to is a root.
 * Edges of the kind `weak` are weak, and edges of the kind `shortcut`, which
 * stand for a path through others, are left out.  A name is kept where it is
 * that of a type: the constructor of an object, up to the first character that
 * no name has, since V8 appends addresses of pages and texts of elements there.
 * All other nodes (texts, code, closures) have the kind of node as their type.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "import.h"
#include "json.h"
#include "memory.h"

/* Columns that are read. */
enum { NODE_TYPE, NODE_NAME, NODE_SIZE, NODE_EDGES, NODE_COLUMNS };
static const char *const node_columns[NODE_COLUMNS] = {
    "type", "name", "self_size", "edge_count"};
enum { EDGE_TYPE, EDGE_TARGET, EDGE_COLUMNS };
static const char *const edge_columns[EDGE_COLUMNS] = {"type", "to_node"};

enum { KINDS_MOST = 64, WIDTH_MOST = 32 };

/* Kinds of nodes and of edges, by name. */
typedef enum kind {
  KIND_OTHER,
  KIND_SYNTHETIC, /* of nodes */
  KIND_NAMED,     /* of nodes: the name is that of a type */
  KIND_WEAK,      /* of edges */
  KIND_SHORTCUT   /* of edges */
} kind;

static kind kind_of(const char *name) {
  static const struct {
    const char *name;
    kind kind;
  } known[] = {{"synthetic", KIND_SYNTHETIC}, {"object", KIND_NAMED},
               {"native", KIND_NAMED},        {"hidden", KIND_NAMED},
               {"weak", KIND_WEAK},           {"shortcut", KIND_SHORTCUT}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcmp(name, known[i].name))
      return known[i].kind;
  return KIND_OTHER;
}

/* A flat array of rows. */
typedef struct rows {
  unsigned width;           /* columns */
  int column[NODE_COLUMNS]; /* where the columns that are read stand; -1: the
                               snapshot has none */
  kind kinds[KINDS_MOST];   /* what the values of the column `type` mean */
  unsigned kinds_count;
  uint64_t values[NODE_COLUMNS]; /* of the row that is being read */
  uint64_t count;                /* rows read */
} rows;

typedef struct node {
  uint64_t bytes;
  uint32_t type, edges;
  uint32_t number; /* in the graph; 0: synthetic */
} node;

typedef struct v8 {
  heap_json j; /* first: events get it */
  heap_import *im;
  rows nodes, edges;
  node *node;
  size_t nodes_count, nodes_room;
  uint32_t objects;
  size_t at;        /* the node that the next edge belongs to */
  uint32_t left;    /* edges of it that are still to come */
  bool edges_begun; /* the nodes are complete */
  uint32_t *roots;
  size_t roots_count, roots_room;
  heap_map types; /* of the graph, plus 1, by kind of node and name */
  char **names;   /* of these types; NULL until it is read */
  size_t names_count, names_room;
  char kind_names[KINDS_MOST][32]; /* of nodes */
} v8;

/* ------------------------------------------------------------------------- *
 * snapshot.meta
 * ------------------------------------------------------------------------- */

/* A text in snapshot.meta. */
static bool meta_text(v8 *v, const char *text, size_t length) {
  heap_json *j = &v->j;
  const char *list = heap_json_key(j, 3);
  char name[32];
  size_t n = length < sizeof name - 1 ? length : sizeof name - 1;
  memcpy(name, text, n);
  name[n] = 0;
  bool of_nodes = !strncmp(list, "node_", 5);
  if (!of_nodes && strncmp(list, "edge_", 5))
    return true;
  rows *r = of_nodes ? &v->nodes : &v->edges;
  if (!strcmp(list + 5, "fields") && j->depth == 4) {
    const char *const *columns = of_nodes ? node_columns : edge_columns;
    int count = of_nodes ? NODE_COLUMNS : EDGE_COLUMNS;
    if (r->width == WIDTH_MOST)
      return heap_json_wrong(j, "the rows have too many columns");
    for (int i = 0; i < count; i++)
      if (!strcmp(name, columns[i]))
        r->column[i] = (int)r->width;
    r->width++;
  }
  /* The types of the column `type` are a list in the list of types. */
  if (!strcmp(list + 5, "types") && j->depth == 5 &&
      (int)j->level[3].index == r->column[0]) {
    if (r->kinds_count == KINDS_MOST)
      return heap_json_wrong(j, "there are too many types of nodes or edges");
    if (of_nodes)
      strcpy(v->kind_names[r->kinds_count], name);
    r->kinds[r->kinds_count++] = kind_of(name);
  }
  return true;
}

/* The columns that are read are known. */
static bool is_described(v8 *v, const rows *r, int columns) {
  for (int i = 0; i < columns; i++)
    if (r->column[i] < 0)
      return heap_json_wrong(&v->j, "the snapshot does not describe its rows "
                                    "before them (snapshot.meta)");
  return true;
}

/* ------------------------------------------------------------------------- *
 * Nodes.
 * ------------------------------------------------------------------------- */

static uint32_t type_of_node(v8 *v, const uint64_t *values) {
  uint64_t type = values[NODE_TYPE];
  bool named = v->nodes.kinds[type] == KIND_NAMED;
  uint64_t key = (type + 1) << 48 | (named ? values[NODE_NAME] + 1 : 0);
  uint32_t number = heap_map_get(&v->types, key);
  if (number)
    return number - 1;
  v->names =
      heap_more(v->names, v->names_count, &v->names_room, sizeof *v->names);
  v->names[v->names_count++] = NULL;
  heap_map_add(&v->types, key, (uint32_t)v->names_count);
  return (uint32_t)v->names_count - 1;
}

static bool add_node(v8 *v) {
  const uint64_t *values = v->nodes.values;
  heap_json *j = &v->j;
  if (values[NODE_TYPE] >= v->nodes.kinds_count)
    return heap_json_wrong(j, "the node has a type that is not described");
  if (values[NODE_NAME] >= HEAP_OBJECTS_MAX)
    return heap_json_wrong(j, "the name of the node is no text of a snapshot");
  if (values[NODE_SIZE] > HEAP_BYTES_MAX ||
      values[NODE_EDGES] >= HEAP_OBJECTS_MAX)
    return heap_json_wrong(j, "the node is too large");
  if (v->nodes_count == HEAP_OBJECTS_MAX || v->names_count == HEAP_TYPES_MAX)
    return heap_json_wrong(j, "there are too many nodes");
  bool synthetic = v->nodes.kinds[values[NODE_TYPE]] == KIND_SYNTHETIC;
  v->node = heap_more(v->node, v->nodes_count, &v->nodes_room, sizeof *v->node);
  v->node[v->nodes_count++] =
      (node){.bytes = values[NODE_SIZE],
             .edges = (uint32_t)values[NODE_EDGES],
             .type = synthetic ? 0 : type_of_node(v, values),
             .number = synthetic ? 0 : ++v->objects};
  return true;
}

/* ------------------------------------------------------------------------- *
 * Edges.
 * ------------------------------------------------------------------------- */

/* Goes to the next node that has an edge, and begins the objects on the way. */
static void next_node(v8 *v) {
  while (v->left == 0 && v->at < v->nodes_count) {
    const node *n = &v->node[v->at++];
    v->left = n->edges;
    if (n->number)
      heap_write_object(v->im->out, n->type, n->bytes);
  }
}

static bool add_edge(v8 *v) {
  const uint64_t *values = v->edges.values;
  heap_json *j = &v->j;
  if (values[EDGE_TYPE] >= v->edges.kinds_count)
    return heap_json_wrong(j, "the edge has a type that is not described");
  if (values[EDGE_TARGET] % v->nodes.width ||
      values[EDGE_TARGET] / v->nodes.width >= v->nodes_count)
    return heap_json_wrong(j, "the edge leads to no node");
  if (v->left == 0)
    next_node(v);
  if (v->left == 0)
    return heap_json_wrong(j, "there are more edges than the nodes say");
  v->left--;
  kind k = v->edges.kinds[values[EDGE_TYPE]];
  uint32_t target = v->node[values[EDGE_TARGET] / v->nodes.width].number;
  if (k == KIND_SHORTCUT)
    return true;
  if (v->node[v->at - 1].number) {
    heap_write_slot(v->im->out, target, k == KIND_WEAK);
    return true;
  }
  if (!target || k == KIND_WEAK)
    return true;
  v->roots =
      heap_more(v->roots, v->roots_count, &v->roots_room, sizeof *v->roots);
  v->roots[v->roots_count++] = target;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Names.
 * ------------------------------------------------------------------------- */

/* How much of the name of a node is the name of a type. */
static size_t name_length(const char *text, size_t length) {
  static const char system[] = "system / ";
  size_t from = 0;
  if (length > sizeof system && !memcmp(text, system, sizeof system - 1))
    from = sizeof system - 1;
  size_t n = from;
  while (n < length && n < HEAP_NAME - 1 &&
         (isalnum((unsigned char)text[n]) || strchr("_$.", text[n])))
    n++;
  return n > from ? n : 0;
}

static void add_name(v8 *v, uint64_t index, const char *text, size_t length) {
  size_t n = name_length(text, length);
  for (uint64_t type = 0; n && type < v->nodes.kinds_count; type++) {
    uint32_t number =
        v->nodes.kinds[type] == KIND_NAMED
            ? heap_map_get(&v->types, (type + 1) << 48 | (index + 1))
            : 0;
    if (number && !v->names[number - 1])
      v->names[number - 1] = heap_checked(strndup(text, n));
  }
}

/* The types that have no name of their own are called by the kind of node. */
static void name_the_others(v8 *v) {
  for (size_t i = 0; i < v->types.room; i++) {
    uint32_t number = v->types.values[i];
    if (!number || v->names[number - 1])
      continue;
    char name[40];
    snprintf(name, sizeof name, "(%s)",
             v->kind_names[(v->types.keys[i] >> 48) - 1]);
    v->names[number - 1] = heap_checked(strdup(name));
  }
}

/* ------------------------------------------------------------------------- *
 * Events.
 * ------------------------------------------------------------------------- */

/* A number of a row; sets *whole when the row is complete. */
static bool add_to_row(v8 *v, rows *r, int columns, const char *text,
                       size_t length, bool *whole) {
  uint64_t index = v->j.level[1].index % r->width;
  for (int i = 0; i < columns; i++)
    if ((uint64_t)r->column[i] == index &&
        !heap_json_whole(&v->j, text, length, &r->values[i]))
      return false;
  *whole = index == r->width - 1;
  r->count += *whole;
  return true;
}

static bool on_number(heap_json *j, const char *text, size_t length) {
  v8 *v = (v8 *)j;
  bool whole = false;
  if (j->depth != 2 || !j->level[1].array)
    return true;
  if (!strcmp(j->level[0].key, "nodes"))
    return is_described(v, &v->nodes, NODE_COLUMNS) &&
           (!v->edges_begun || heap_json_wrong(j, "nodes follow the edges")) &&
           add_to_row(v, &v->nodes, NODE_COLUMNS, text, length, &whole) &&
           (!whole || add_node(v));
  if (!strcmp(j->level[0].key, "edges")) {
    v->edges_begun = true;
    return is_described(v, &v->edges, EDGE_COLUMNS) &&
           is_described(v, &v->nodes, NODE_COLUMNS) &&
           add_to_row(v, &v->edges, EDGE_COLUMNS, text, length, &whole) &&
           (!whole || add_edge(v));
  }
  return true;
}

static bool on_text(heap_json *j, const char *text, size_t length) {
  v8 *v = (v8 *)j;
  if (!strcmp(heap_json_key(j, 1), "snapshot") &&
      !strcmp(heap_json_key(j, 2), "meta"))
    return meta_text(v, text, length);
  if (j->depth == 2 && j->level[1].array && !strcmp(j->level[0].key, "strings"))
    add_name(v, j->level[1].index, text, length);
  return true;
}

/* A flat array has ended. */
static bool on_end(heap_json *j) {
  v8 *v = (v8 *)j;
  if (j->depth != 2 || !j->level[1].array)
    return true;
  bool nodes = !strcmp(j->level[0].key, "nodes");
  bool edges = !strcmp(j->level[0].key, "edges");
  const rows *r = nodes ? &v->nodes : &v->edges;
  if ((nodes || edges) && r->width && j->level[1].index % r->width)
    return heap_json_wrong(j, "the last row is not whole");
  if (!edges)
    return true;
  v->edges_begun = true;
  if (v->left == 0)
    next_node(v); /* to the end, if no node has further edges */
  return (v->left == 0 && v->at == v->nodes_count) ||
         heap_json_wrong(j, "there are fewer edges than the nodes say");
}

/* ------------------------------------------------------------------------- */

static bool begins(const char *start, size_t length) {
  static const char key[] = "\"snapshot\"";
  return *start == '{' && memmem(start, length, key, sizeof key - 1);
}

static bool import_once(v8 *v) {
  static const heap_json_events events = {
      .number = on_number, .text = on_text, .end = on_end};
  for (int i = 0; i < NODE_COLUMNS; i++)
    v->nodes.column[i] = v->edges.column[i] = -1;
  if (!heap_json_read(&v->j, &events, false))
    return false;
  if (!v->nodes_count || !v->edges_begun)
    return heap_wrong(v->im->in, "the snapshot has no nodes, or no edges");
  for (size_t i = 0; i < v->roots_count; i++)
    heap_write_root(v->im->out, v->roots[i]);
  name_the_others(v);
  for (size_t i = 0; i < v->names_count; i++)
    heap_write_type(v->im->out, v->names[i], strlen(v->names[i]));
  return true;
}

static bool import(heap_import *im) {
  v8 *v = heap_take(1, sizeof *v);
  v->im = im;
  v->j.in = im->in;
  bool good = import_once(v);
  for (size_t i = 0; i < v->names_count; i++)
    free(v->names[i]);
  heap_map_free(&v->types);
  free(v->names);
  free(v->node);
  free(v->roots);
  free(v);
  return good;
}

const heap_format heap_v8 = {.name = "heap snapshot",
                             .origin = "V8",
                             .begins = begins,
                             .import = import};
