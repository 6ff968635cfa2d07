/* page.c: the manual page, in the macros of man(7). */
#include "manual.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/programs/machine.h"

#include <ctype.h>
#include <string.h>

/* Text as troff takes it: no escape, no macro, and hyphens that are those of
 * options. */
static void print_text(const char *text, size_t n, FILE *out) {
  for (size_t i = 0; i < n; i++)
    if (text[i] == '\\')
      fputs("\\e", out);
    else if (text[i] == '-')
      fputs("\\-", out);
    else if (text[i] == '"')
      fputs("\\(dq", out);
    else if (text[i] == '\'')
      fputs("\\(aq", out);
    else if (text[i] == '`')
      fputs("\\(ga", out);
    else if (text[i] == '^')
      fputs("\\(ha", out);
    else if (text[i] == '~')
      fputs("\\(ti", out);
    else if (text[i] == '.' && (!i || text[i - 1] == '\n'))
      fputs("\\&.", out);
    else
      fputc(text[i], out);
}

static void print(const char *text, FILE *out) {
  print_text(text, strlen(text), out);
}

/* Whether the paragraph is a list, whose lines stay as they are. */
static bool is_list(const char *text, size_t n) {
  for (size_t i = 0; i + 2 < n; i++)
    if (text[i] == '\n' && text[i + 1] == ' ' && text[i + 2] == ' ')
      return true;
  return false;
}

static void print_paragraphs(const char *text, FILE *out) {
  for (bool first = true; *text; first = false) {
    const char *end = strstr(text, "\n\n");
    const size_t n = end ? (size_t)(end - text) : strlen(text);
    const bool list = is_list(text, n);
    fputs(first ? "" : ".PP\n", out);
    fputs(list ? ".nf\n" : "", out);
    print_text(text, n, out);
    fputs(list ? "\n.fi\n" : "\n", out);
    text += n + strspn(text + n, "\n");
  }
}

/* ".TP", "-n, --invocations N" with the value in italics, and the help. */
static void print_option(const option_row *o, FILE *out) {
  fputs(".TP\n\\fB", out);
  if (o->letter)
    fprintf(out, "\\-%c\\fR, \\fB", o->letter);
  fputs("\\-\\-", out);
  print(o->name, out);
  fputs("\\fR", out);
  if (o->argument) {
    fputs(*o->argument == '[' ? "\\fI" : " \\fI", out);
    print(o->argument, out);
    fputs("\\fR", out);
  }
  fputc('\n', out);
  print(o->help, out);
  fputc('\n', out);
}

static void print_examples(const option_usage *u, FILE *out) {
  for (const char *at = u->example; at && *at; at += strspn(at, "\n")) {
    const size_t n = strcspn(at, "\n");
    fputs(".PP\n.RS\n.nf\nreapmark ", out);
    print(u->name, out);
    fputc(' ', out);
    print_text(at, n, out);
    fputs("\n.fi\n.RE\n", out);
    at += n;
  }
}

static void print_command(const option_usage *u, FILE *out) {
  fputs(".SS reapmark ", out);
  print(u->name, out);
  fputs("\n\\fBreapmark ", out);
  print(u->name, out);
  fputs("\\fR ", out);
  for (const char *at = u->synopsis; *at; at++) /* on one line */
    if (*at == '\n')
      fputc(' ', out);
    else
      print_text(at, 1, out);
  fputs("\n.PP\n", out);
  print_paragraphs(u->description, out);
  for (const option_row *o = u->options; o->name; o++)
    print_option(o, out);
  print_examples(u, out);
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    print_command(u->actions[i], out);
}

void manual_page(FILE *out) {
  fprintf(out,
          ".\\\" Made from the tables of options.\n"
          ".TH REAPMARK 1 \"\" \"reapmark %s\" \"User Commands\"\n"
          ".SH NAME\nreapmark \\- benchmark and stress\\-test suite for "
          "garbage collectors\n"
          ".SH SYNOPSIS\n\\fBreapmark\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n"
          ".PP\n\\fBreapmark help\\fR [\\fICOMMAND\\fR]\n"
          ".PP\n\\fBreapmark \\-\\-version\\fR\n"
          ".SH DESCRIPTION\nRuns the same deterministic workloads on every "
          "collector, each run in a process of\nits own, checks that exactly "
          "the right objects survived, and prints what it cost.\n"
          "Collectors are programs; those in \\fBREAPMARK_PATH\\fR and those "
          "installed with reapmark\nare found.  Where a collector is named, "
          "the path of a program will do, too,\nwith a '/' in it.\n",
          machine_this_build.version);
  fputs(".SH COMMANDS\n", out);
  for (const command_row *c = commands; c->usage; c++) {
    fputs(".TP\n\\fB", out);
    print(c->usage->name, out);
    fputs("\\fR\n", out);
    print(c->usage->summary, out);
    fputc('\n', out);
  }
  for (const command_row *c = commands; c->usage; c++)
    print_command(c->usage, out);
  fputs(".SH EXIT STATUS\n"
        ".TP\n0\nall cells are as declared\n"
        ".TP\n1\nsome cell failed, or is suspect\n"
        ".TP\n2\na mistake in the command\n"
        ".TP\n3\nnothing matched\n"
        ".TP\n4\na regression that \\fBcompare\\fR was told to fail on\n"
        ".TP\n130\ninterrupted; all finished runs are kept\n"
        ".SH ENVIRONMENT\n"
        ".TP\n\\fBREAPMARK_PATH\\fR\nfolders with more collectors, separated "
        "by colons, which are used\nrather than installed ones of the same "
        "name\n"
        ".TP\n\\fBXDG_STATE_HOME\\fR\nwhere results go if no directory is "
        "given and nothing can be\nwritten to the current one "
        "(~/.local/state)\n"
        ".TP\n\\fBCOLUMNS\\fR\nthe width of the terminal, for tables\n"
        ".TP\n\\fBNO_COLOR\\fR\nif not empty, no colour in a terminal\n",
        out);
}
