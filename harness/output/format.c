/* format.c: the list of formats. */
#include "format.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"

#include <string.h>

const output_format formats[FORMATS] = {
    {"table", format_text, false},         {"markdown", format_markdown, false},
    {"latex", format_latex, false},        {"csv", format_csv, true},
    {"csv-excel", format_csv_excel, true}, {"json", format_json, false},
};

const char *format_find(const char *name, const char *const *also,
                        const output_format **found) {
  candidates known = {0};
  for (size_t i = 0; i < FORMATS; i++) {
    candidates_add(&known, formats[i].name);
    *found = &formats[i];
    if (!strcmp(formats[i].name, name))
      return NULL;
  }
  *found = NULL;
  for (; also && *also; also++) {
    candidates_add(&known, *also);
    if (!strcmp(*also, name))
      return NULL;
  }
  return arena_text("unknown format '%s'%s", name, suggest_any(name, &known));
}

void format_print(const output_format *f, page *p, FILE *out) {
  if (!p->json)
    page_rows_json(p, json_pack("{s:i}", "schema", 1));
  f->print(p, out);
  json_decref(p->json);
  p->json = NULL;
}
