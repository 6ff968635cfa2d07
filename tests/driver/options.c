/* options.c: tests of the options of all commands: that one word means one
 * thing, and that the tables parse and explain themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/base/say.h"
#include "harness/driver/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * All tables.
 * ------------------------------------------------------------------------- */

typedef struct place {
  const option_usage *usage;
  const option_row *row;
} place;

static place places[400];
static const option_usage *usages[100];
static size_t places_count, usages_count;

static void add_usage(const option_usage *u) {
  assert_true(usages_count < sizeof usages / sizeof *usages);
  usages[usages_count++] = u;
  for (const option_row *o = u->options; o->name; o++) {
    assert_true(places_count < sizeof places / sizeof *places);
    places[places_count++] = (place){u, o};
  }
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    add_usage(u->actions[i]);
}

static int find_all(void **state) {
  (void)state;
  for (const command_row *c = commands; c->usage; c++)
    add_usage(c->usage);
  return 0;
}

/* ------------------------------------------------------------------------- *
 * One word, one thing.
 * ------------------------------------------------------------------------- */

/* What a value is called, without the ",..." of a list: `--threads N` and
 * `--threads N,...` take the same.  A place to write to is a file or a
 * directory. */
static const char *item(const option_row *o, char *out) {
  snprintf(out, 64, "%s", o->argument ? o->argument : "");
  char *more = strstr(out, ",...");
  if (more)
    *more = 0;
  return !strcmp(out, "FILE") ? "DIR" : out;
}

static bool same_kind(const option_row *a, const option_row *b) {
  return a->kind == b->kind || a->kind == OPTION_LIST || b->kind == OPTION_LIST;
}

/* Whether the two options may stand in two commands. */
static const char *clash(const option_row *a, const option_row *b) {
  char one[64], other[64];
  bool named_alike = !strcmp(a->name, b->name);
  if (!named_alike)
    return a->letter && a->letter == b->letter ? "one letter for two options"
                                               : NULL;
  if (a->letter != b->letter)
    return "one option with two letters";
  if (!same_kind(a, b) || strcmp(item(a, one), item(b, other)) != 0)
    return "one option with two kinds of value";
  return NULL;
}

static void a_word_means_one_thing_in_all_commands(void **state) {
  (void)state;
  unsigned clashes = 0;
  for (size_t i = 0; i < places_count; i++)
    for (size_t k = 0; k < i; k++) {
      const char *why = clash(places[i].row, places[k].row);
      if (!why)
        continue;
      print_error("%s: %s --%s and %s --%s\n", why, places[k].usage->name,
                  places[k].row->name, places[i].usage->name,
                  places[i].row->name);
      clashes++;
    }
  assert_int_equal(clashes, 0);
}

static void clashes_are_seen(void **state) {
  (void)state;
  const option_row collectors = {"collectors", 'c', "COLLECTOR,...", "",
                                 .kind = OPTION_LIST},
                   conditions = {"conditions", 'c', "CONDITION,...", "",
                                 .kind = OPTION_LIST},
                   bare = {"collectors", 0, "COLLECTOR,...", "",
                           .kind = OPTION_LIST},
                   flag = {"collectors", 'c', NULL, "", .kind = OPTION_FLAG},
                   one = {"collectors", 'c', "COLLECTOR", "",
                          .kind = OPTION_TEXT};
  assert_non_null(clash(&collectors, &conditions));
  assert_non_null(clash(&collectors, &bare));
  assert_non_null(clash(&collectors, &flag));
  assert_null(clash(&collectors, &one));
  assert_null(clash(&bare, &conditions));
}

/* A name that was given up must not come back with another meaning in the same
 * command, where it would never be suggested. */
static void former_names_are_free(void **state) {
  (void)state;
  for (size_t i = 0; i < places_count; i++)
    for (const option_row *o = places[i].usage->options;
         places[i].row->former && o->name; o++)
      assert_string_not_equal(o->name, places[i].row->former);
}

static void lists_are_written_as_lists(void **state) {
  (void)state;
  for (size_t i = 0; i < places_count; i++) {
    const option_row *o = places[i].row;
    bool written = o->argument && strstr(o->argument, ",...");
    assert_int_equal(written, o->kind == OPTION_LIST);
    assert_int_equal(!o->argument, o->kind == OPTION_FLAG);
  }
}

/* ------------------------------------------------------------------------- *
 * The help.
 * ------------------------------------------------------------------------- */

enum { COLUMNS = 100 };

/* Characters, not bytes, of a text in UTF-8. */
static size_t width(const char *text) {
  size_t n = 0;
  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

static void help_of_an_option_is_one_line(void **state) {
  (void)state;
  for (size_t i = 0; i < places_count; i++) {
    const option_row *o = places[i].row;
    size_t column = (size_t)options_column(places[i].usage->options);
    size_t left = 4 + width(options_left(o));
    assert_true(o->help && *o->help && !strchr(o->help, '\n'));
    if ((left > column ? left : column) + width(o->help) > COLUMNS)
      fail_msg("%s --%s: the help is too long", places[i].usage->name, o->name);
  }
}

static void every_command_says_what_it_is_for(void **state) {
  (void)state;
  for (size_t i = 0; i < usages_count; i++) {
    const option_usage *u = usages[i];
    assert_true(u->summary && *u->summary && width(u->summary) < 70);
    assert_true(u->description && *u->description);
    assert_true(u->example && *u->example);
    assert_true(u->min_operands == 0 || u->missing);
    for (const char *line = u->description; line;) {
      size_t length = strcspn(line, "\n");
      assert_true(length <= COLUMNS);
      line = line[length] ? line + length + 1 : NULL;
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Parsing.
 * ------------------------------------------------------------------------- */

typedef struct values {
  bool flag;
  const char *text, *list;
  uint64_t number;
  double seconds, share, tolerance;
  char called[20];
} values;

static const char *call(void *v, const char *text) {
  snprintf(((values *)v)->called, 20, "%s", text ? text : "(none)");
  return text && !strcmp(text, "bad") ? "a bad word" : NULL;
}

#define FIELD(member) offsetof(values, member)
static const option_row rows[] = {
    {"flag", 'f', NULL, "a flag", .kind = OPTION_FLAG, .offset = FIELD(flag)},
    {"text", 't', "TEXT", "a text", .kind = OPTION_TEXT, .offset = FIELD(text),
     .former = "words"},
    {"number", 'n', "N", "a number", .kind = OPTION_NUMBER,
     .offset = FIELD(number), .min = 2, .max = 4096},
    {"seconds", 0, "SECONDS", "a time", .kind = OPTION_SECONDS,
     .offset = FIELD(seconds)},
    {"share", 0, "SHARE", "a share", .kind = OPTION_SHARE,
     .offset = FIELD(share)},
    {"tolerance", 0, "SHARE", "a share or 0", .kind = OPTION_SHARE,
     .offset = FIELD(tolerance), .zero = true},
    {"call", 0, "[=WORD]", "a call", .kind = OPTION_CALL, .call = call,
     .repeats = true},
    {"list", 0, "ITEM,...", "a list", .kind = OPTION_LIST,
     .offset = FIELD(list)},
    {0}};
static const option_usage usage = {.name = "try",
                                   .synopsis = "ONE [options]",
                                   .options = rows,
                                   .min_operands = 1,
                                   .max_operands = 1,
                                   .missing = "the one"};

/* Parses words that are separated by single blanks; what is said goes to
 * `said`. */
static int parse(const char *line, values *v, char said[400]) {
  char copy[200], *argv[20] = {(char *)"try"};
  int argc = 1;
  snprintf(copy, sizeof copy, "%s", line);
  for (char *word = copy; word; argv[argc] = NULL) {
    char *blank = strchr(word, ' ');
    if (blank)
      *blank++ = 0;
    argv[argc++] = word;
    word = blank;
  }
  char **operands;
  FILE *old = stderr, *file = fmemopen(said, 400, "w");
  assert_non_null(file);
  stderr = file;
  *v = (values){0};
  int code = options_parse(&usage, argc, argv, v, &operands);
  stderr = old;
  fclose(file);
  if (code == OPTIONS_GO)
    assert_string_equal(operands[0], "one");
  return code;
}

static void values_are_read(void **state) {
  (void)state;
  values v;
  char said[400];
  assert_int_equal(parse("-f one --text=word -n 4k --seconds 1.5 --share 2% "
                         "--tolerance 0 --call=x",
                         &v, said),
                   OPTIONS_GO);
  assert_true(v.flag);
  assert_string_equal(v.text, "word");
  assert_int_equal(v.number, 4096);
  assert_true(v.seconds == 1.5 && v.share == 0.02 && v.tolerance == 0);
  assert_string_equal(v.called, "x");
  assert_int_equal(parse("--call one --te word", &v, said), OPTIONS_GO);
  assert_string_equal(v.called, "(none)");
  assert_string_equal(v.text, "word");
}

/* Options that gather what they are given may stand there again. */
static void some_may_be_repeated(void **state) {
  (void)state;
  values v;
  char said[400];
  assert_int_equal(parse("--call=x one --call=y", &v, said), OPTIONS_GO);
  assert_string_equal(v.called, "y");
}

static void mistakes_are_told(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"one --txet x", "try: unknown option '--txet' (did you mean '--text'?)"},
      {"one --words x",
       "try: unknown option '--words' (did you mean '--text'?)"},
      {"one --zzz", "try: unknown option '--zzz' (see --help)"},
      {"one --s 1", "try: option '--s' is ambiguous: --seconds, --share"},
      {"one -z", "try: unknown option '-z' (see --help)"},
      {"one --text", "try: option '--text' needs a value"},
      {"one -n", "try: option '-n' needs a value"},
      {"one --flag=1", "try: option '--flag' takes no value"},
      {"one --help=1", "try: option '--help' takes no value"},
      {"one --text=", "--text: the value is empty: TEXT is wanted: a text"},
      {"one -n 1", "--number: '1' is not a whole number from 2 to 4096"},
      {"one -n 5k", "--number: '5k' is not a whole number from 2 to 4096"},
      {"one -n -3", "--number: '-3' is not a whole number from 2 to 4096"},
      {"one --seconds 0", "--seconds: '0' is not a number of seconds above 0"},
      {"one --share 0", "--share: '0' is not a share such as 2% or 0.02"},
      {"one --share 2", "--share: '2' is not a share such as 2% or 0.02"},
      {"one --tolerance -1%",
       "--tolerance: '-1%' is not a share such as 2% or 0.02"},
      {"one --call=bad", "a bad word"},
      {"one -n 3 --number 3", "try: option '--number' is given twice"},
      {"one --text a --flag -t b", "try: option '--text' is given twice"},
      {"-f one --flag", "try: option '--flag' is given twice"},
      {"one --list a --list b",
       "try: option '--list' is given twice; it takes a list: --list ITEM,..."},
      {"one two",
       "try: unexpected argument 'two'; usage: reapmark try ONE [options]"},
      {"-f", "try: the one is missing; usage: reapmark try ONE [options]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    values v;
    char said[400] = "", line[400];
    assert_int_equal(parse(cases[i][0], &v, said), EXIT_USAGE);
    snprintf(line, sizeof line, "reapmark: %s\n", cases[i][1]);
    assert_string_equal(said, line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_word_means_one_thing_in_all_commands),
      cmocka_unit_test(clashes_are_seen),
      cmocka_unit_test(former_names_are_free),
      cmocka_unit_test(lists_are_written_as_lists),
      cmocka_unit_test(help_of_an_option_is_one_line),
      cmocka_unit_test(every_command_says_what_it_is_for),
      cmocka_unit_test(values_are_read),
      cmocka_unit_test(some_may_be_repeated),
      cmocka_unit_test(mistakes_are_told),
  };
  return cmocka_run_group_tests(tests, find_all, NULL);
}
