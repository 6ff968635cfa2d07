/* completions.c: the completions of bash, zsh and fish.  Each file has the
 * commands, their options, and for values what there is to choose from; what
 * collectors, workloads and suites there are is asked of reapmark when the user
 * presses the key. */
#include "manual.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/commands.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * All commands and options.
 * ------------------------------------------------------------------------- */

typedef void each_usage(const option_usage *u, FILE *out);

static void each_of(const option_usage *u, each_usage *print, FILE *out) {
  print(u, out);
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    each_of(u->actions[i], print, out);
}

/* Prints something of every command and action. */
static void for_each(each_usage *print, FILE *out) {
  for (const command_row *c = commands; c->usage; c++)
    each_of(c->usage, print, out);
}

static value_choice values_of(const option_usage *u, const option_row *o) {
  value_choice v;
  if (manual_values(o, &v))
    return v;
  say("reapmark %s --%s: what is %s? harness/manual/values.c is to know",
      u->name, o->name, o->argument);
  exit(EXIT_SOME_FAILED);
}

/* The column of `reapmark list WHAT` that has the names. */
static const char *name_column(const char *what) {
  return !strcmp(what, "suites")
             ? "name"
             : arena_text("%.*s", (int)strlen(what) - 1, what);
}

static const char *joined(const word_list *words) {
  const char *text = "";
  for (size_t i = 0; i < words->count; i++)
    text = arena_text("%s%s%s", text, i ? " " : "", words->words[i]);
  return text;
}

static const char *action_of(const option_usage *u) {
  return strchr(u->name, ' ') + 1;
}

/* The words of a command's actions. */
static const char *actions_of(const option_usage *u) {
  word_list words = {0};
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    word_list_add(&words, action_of(u->actions[i]));
  return joined(&words);
}

/* In single quotes, as all three shells take it; `special` characters get a
 * backslash more. */
static const char *quoted(const char *text, const char *special) {
  char *out = arena_take(4 * strlen(text) + 1), *at = out;
  for (; *text; text++) {
    if (*text == '\'') {
      at = stpcpy(at, "'\\''");
      continue;
    }
    if (strchr(special, *text))
      *at++ = '\\';
    *at++ = *text;
  }
  return arena_text("'%s'", out);
}

/* ------------------------------------------------------------------------- *
 * bash.
 * ------------------------------------------------------------------------- */

static void print_bash_choice(const value_choice *v, FILE *out) {
  switch (v->kind) {
  case VALUE_FREE:
    fputs(":", out);
    break;
  case VALUE_WORDS:
    fprintf(out, "%s %s", v->list ? "_reapmark_list" : "_reapmark_words",
            quoted(joined(&v->words), ""));
    break;
  case VALUE_LISTED:
    fprintf(out, "%s \"$(_reapmark_listed %s %s)\"",
            v->list ? "_reapmark_list" : "_reapmark_words", v->what,
            name_column(v->what));
    break;
  case VALUE_FILES:
    fputs("_reapmark_paths -f", out);
    break;
  case VALUE_DIRECTORIES:
    fputs("_reapmark_paths -d", out);
    break;
  }
}

/* After an option that takes a value, that value. */
static void bash_values(const option_usage *u, FILE *out) {
  for (const option_row *o = u->options; o->name; o++) {
    const value_choice v = values_of(u, o);
    if (!o->argument || *o->argument == '[')
      continue;
    fprintf(out, "    '%s --%s'", u->name, o->name);
    if (o->letter)
      fprintf(out, " | '%s -%c'", u->name, o->letter);
    fputs(") ", out);
    print_bash_choice(&v, out);
    fputs("; return ;;\n", out);
  }
}

static void bash_options(const option_usage *u, FILE *out) {
  fprintf(out, "      '%s') _reapmark_words '", u->name);
  for (const option_row *o = u->options; o->name; o++)
    fprintf(out, "--%s ", o->name);
  fputs("--help' ;;\n", out);
}

static void bash_operands(const option_usage *u, FILE *out) {
  const value_choice v = manual_operands(u);
  if (v.kind == VALUE_FREE || manual_has_actions(u))
    return;
  fprintf(out, "    '%s') ", u->name);
  print_bash_choice(&v, out);
  fputs(" ;;\n", out);
}

void manual_bash(FILE *out) {
  fputs(
      "# bash completion for reapmark, made from its tables of options.\n"
      "_reapmark_words() {\n"
      "  COMPREPLY=($(compgen -W \"$1\" -- \"$cur\"))\n"
      "}\n"
      "\n"
      "# Several words, separated by commas.\n"
      "_reapmark_list() {\n"
      "  local before=\n"
      "  [[ $cur != *,* ]] || before=${cur%,*},\n"
      "  COMPREPLY=($(compgen -P \"$before\" -W \"$1\" -- \"${cur##*,}\"))\n"
      "  compopt -o nospace 2>/dev/null || :\n"
      "}\n"
      "\n"
      "_reapmark_paths() {\n"
      "  local IFS=$'\\n'\n"
      "  COMPREPLY=($(compgen \"$1\" -- \"$cur\"))\n"
      "  compopt -o filenames 2>/dev/null || :\n"
      "}\n"
      "\n"
      "_reapmark_listed() {\n"
      "  \"${COMP_WORDS[0]}\" list \"$1\" --columns \"$2\" -f csv "
      "2>/dev/null | tail -n +2\n"
      "}\n"
      "\n"
      "_reapmark() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=${COMP_WORDS[1]} first=2\n"
      "  COMPREPLY=()\n"
      "  # bash cuts --format=csv into three words.\n"
      "  if [ \"$cur\" = = ]; then\n"
      "    cur=\n"
      "  elif [ \"$prev\" = = ] && [ \"$COMP_CWORD\" -ge 3 ]; then\n"
      "    prev=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  fi\n"
      "  if [ \"$command\" = help ] && [ \"$COMP_CWORD\" -ge 2 ]; then\n"
      "    first=3 command=${COMP_WORDS[2]}\n"
      "  fi\n"
      "  if [ \"$COMP_CWORD\" -lt \"$first\" ]; then\n"
      "    _reapmark_words '",
      out);
  for (const command_row *c = commands; c->usage; c++)
    fprintf(out, "%s ", c->usage->name);
  fputs("help --help --version'\n"
        "    return\n"
        "  fi\n"
        "  case $command in\n",
        out);
  for (const command_row *c = commands; c->usage; c++)
    if (manual_has_actions(c->usage))
      fprintf(out,
              "    %s)\n"
              "      if [ \"$COMP_CWORD\" = \"$first\" ]; then\n"
              "        _reapmark_words '%s --help'\n"
              "        return\n"
              "      fi\n"
              "      command=\"$command ${COMP_WORDS[first]}\" ;;\n",
              c->usage->name, actions_of(c->usage));
  fputs("  esac\n  [ \"$first\" = 2 ] || return 0\n"
        "  case \"$command $prev\" in\n",
        out);
  for_each(bash_values, out);
  fputs("  esac\n  if [[ $cur == -* ]]; then\n    case $command in\n", out);
  for_each(bash_options, out);
  fputs("    esac\n    return\n  fi\n  case $command in\n", out);
  for_each(bash_operands, out);
  fputs("  esac\n}\n\ncomplete -F _reapmark reapmark\n", out);
}

/* ------------------------------------------------------------------------- *
 * zsh.
 * ------------------------------------------------------------------------- */

/* The action of a value, for _arguments. */
static const char *zsh_action(const value_choice *v) {
  const char *several = v->list ? "_sequence " : "";
  switch (v->kind) {
  case VALUE_FREE:
    return " ";
  case VALUE_WORDS:
    return v->list ? arena_text("_sequence compadd - %s", joined(&v->words))
                   : arena_text("(%s)", joined(&v->words));
  case VALUE_LISTED:
    return arena_text("%s_reapmark_listed %s %s", several, v->what,
                      name_column(v->what));
  case VALUE_FILES:
    return "_files";
  case VALUE_DIRECTORIES:
    return "_files -/";
  }
  return " ";
}

static void zsh_option(const option_usage *u, const option_row *o, FILE *out) {
  const value_choice v = values_of(u, o);
  const bool optional = o->argument && *o->argument == '[';
  const char *value =
      o->argument ? arena_text("%s%s:%s", optional ? ":" : "",
                               arena_text(":%s", optional ? "VALUE" : "value"),
                               zsh_action(&v))
                  : "";
  const char *equals = !o->argument ? "" : optional ? "=-" : "=";
  const char *help = arena_text("[%s]", o->help);
  char *inner = arena_text("%s", help + 1);
  inner[strlen(inner) - 1] = 0;
  const char *text = quoted(inner, "[]:\\");
  text = arena_text("'['%s']%s'", text, value);
  if (o->letter)
    fprintf(out, " \\\n        '(-%c --%s)'-%c%s%s '(-%c --%s)'--%s%s%s",
            o->letter, o->name, o->letter, o->argument ? "+" : "", text,
            o->letter, o->name, o->name, equals, text);
  else
    fprintf(out, " \\\n        %s--%s%s%s",
            strcmp(o->name, "goal") ? "" : "'*'", o->name, equals, text);
}

static void zsh_case(const option_usage *u, FILE *out) {
  if (manual_has_actions(u))
    return;
  const value_choice v = manual_operands(u);
  fprintf(out, "    '%s')\n      _arguments -s -S", u->name);
  for (const option_row *o = u->options; o->name; o++)
    zsh_option(u, o, out);
  fprintf(out,
          " \\\n        '(-h --help)'{-h,--help}'[print the help and exit]' "
          "\\\n        '*:operand:%s' ;;\n",
          v.kind == VALUE_FREE ? " " : zsh_action(&v));
}

static void zsh_describe(const option_usage *u, FILE *out) {
  if (!strchr(u->name, ' '))
    fprintf(out, "    %s\n",
            quoted(arena_text("%s:%s", u->name, u->summary), ""));
}

void manual_zsh(FILE *out) {
  fputs("#compdef reapmark\n"
        "# zsh completion for reapmark, made from its tables of options.\n"
        "_reapmark_listed() {\n"
        "  local -a found\n"
        "  found=(${(f)\"$(reapmark list $1 --columns $2 -f csv 2>/dev/null | "
        "tail -n +2)\"})\n"
        "  shift 2\n"
        "  compadd \"$@\" -a found\n"
        "}\n"
        "\n"
        "_reapmark() {\n"
        "  local -a all\n"
        "  all=(\n",
        out);
  for_each(zsh_describe, out);
  fputs("    'help:describe a command'\n"
        "  )\n"
        "  if (( CURRENT == 2 )); then\n"
        "    _describe command all\n"
        "    return\n"
        "  fi\n"
        "  shift words\n"
        "  (( CURRENT-- ))\n"
        "  local command=$words[1]\n"
        "  case $command in\n"
        "    help) _describe command all; return ;;\n",
        out);
  for (const command_row *c = commands; c->usage; c++)
    if (manual_has_actions(c->usage))
      fprintf(out,
              "    %s)\n"
              "      if (( CURRENT == 2 )); then\n"
              "        compadd - %s\n"
              "        return\n"
              "      fi\n"
              "      shift words\n"
              "      (( CURRENT-- ))\n"
              "      command=\"$command $words[1]\" ;;\n",
              c->usage->name, actions_of(c->usage));
  fputs("  esac\n  case $command in\n", out);
  for_each(zsh_case, out);
  fputs("  esac\n}\n\n_reapmark \"$@\"\n", out);
}

/* ------------------------------------------------------------------------- *
 * fish.
 * ------------------------------------------------------------------------- */

/* The test that the command line is of this command. */
static const char *fish_condition(const option_usage *u) {
  const char *blank = strchr(u->name, ' ');
  return blank ? arena_text("__fish_seen_subcommand_from %.*s; and "
                            "__fish_seen_subcommand_from %s",
                            (int)(blank - u->name), u->name, blank + 1)
               : arena_text("__fish_seen_subcommand_from %s", u->name);
}

static const char *fish_choice(const value_choice *v) {
  const char *command =
      v->kind == VALUE_LISTED
          ? arena_text("__reapmark_listed %s %s", v->what, name_column(v->what))
      : v->kind == VALUE_WORDS
          ? arena_text("string split \" \" \"%s\"", joined(&v->words))
          : NULL;
  switch (v->kind) {
  case VALUE_FREE:
    return "-x";
  case VALUE_WORDS:
  case VALUE_LISTED:
    return v->list ? arena_text("-x -a '(__fish_complete_list , %s)'",
                                arena_text("\"%s\"",
                                           v->kind == VALUE_WORDS
                                               ? arena_text("string split \\\" "
                                                            "\\\" \\\"%s\\\"",
                                                            joined(&v->words))
                                               : command))
                   : arena_text("-x -a '(%s)'", command);
  case VALUE_FILES:
    return "-r -F";
  case VALUE_DIRECTORIES:
    return "-x -a '(__fish_complete_directories)'";
  }
  return "";
}

static void fish_options(const option_usage *u, FILE *out) {
  for (const option_row *o = u->options; o->name; o++) {
    const value_choice v = values_of(u, o);
    fprintf(out, "complete -c reapmark -n '%s' -l %s", fish_condition(u),
            o->name);
    if (o->letter)
      fprintf(out, " -s %c", o->letter);
    if (o->argument && *o->argument != '[')
      fprintf(out, " %s", fish_choice(&v));
    char *help = arena_text("%s", o->help);
    for (char *at = help; *at; at++) /* fish has other quotes than the others */
      *at = *at == '\'' ? '"' : *at;
    fprintf(out, " -d %s\n", quoted(help, "\\"));
  }
  const value_choice v = manual_operands(u);
  if (manual_has_actions(u))
    fprintf(out, "complete -c reapmark -n '%s' -x -a '%s'\n", fish_condition(u),
            actions_of(u));
  else if (v.kind != VALUE_FREE)
    fprintf(out, "complete -c reapmark -n '%s' %s\n", fish_condition(u),
            v.kind == VALUE_FILES ? "-F" : fish_choice(&v));
}

static void fish_command(const option_usage *u, FILE *out) {
  if (!strchr(u->name, ' '))
    fprintf(out, "complete -c reapmark -n __fish_use_subcommand -a %s -d %s\n",
            u->name, quoted(u->summary, "\\"));
}

void manual_fish(FILE *out) {
  fputs("# fish completion for reapmark, made from its tables of options.\n"
        "function __reapmark_listed\n"
        "  reapmark list $argv[1] --columns $argv[2] -f csv 2>/dev/null | tail "
        "-n +2\n"
        "end\n"
        "complete -c reapmark -f\n",
        out);
  for_each(fish_command, out);
  fputs("complete -c reapmark -n __fish_use_subcommand -a help -d 'describe a "
        "command'\n",
        out);
  for_each(fish_options, out);
}
