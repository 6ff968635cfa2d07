/* format-latex.c: the format `latex`: tables for a paper, with booktabs. */
#include "format.h"
#include "layout.h"

#include <string.h>

/* Characters that LaTeX does not take as they are, and what it takes. */
static const struct {
  const char *from, *to;
} escapes[] = {{"\\", "\\textbackslash{}"},
               {"{", "\\{"},
               {"}", "\\}"},
               {"&", "\\&"},
               {"%", "\\%"},
               {"$", "\\$"},
               {"#", "\\#"},
               {"_", "\\_"},
               {"~", "\\textasciitilde{}"},
               {"^", "\\textasciicircum{}"},
               {"<", "\\textless{}"},
               {">", "\\textgreater{}"},
               {"↑", "$\\uparrow$"},
               {"↓", "$\\downarrow$"},
               {"→", "$\\rightarrow$"},
               {"±", "$\\pm$"},
               {"µ", "$\\mu$"},
               {"÷", "$\\div$"},
               {"–", "--"},
               {"…", "\\ldots{}"}};

enum { ESCAPES = sizeof escapes / sizeof *escapes };

static void print_text(const char *text, FILE *out) {
  while (*text) {
    size_t k = 0;
    while (k < ESCAPES &&
           strncmp(text, escapes[k].from, strlen(escapes[k].from)) != 0)
      k++;
    if (k == ESCAPES) {
      fputc(*text++, out);
      continue;
    }
    fputs(escapes[k].to, out);
    text += strlen(escapes[k].from);
  }
}

static void print_header(const layout *l, size_t line, FILE *out) {
  for (size_t c = 0; c < l->columns_count; c++) {
    fputs(c ? " & " : "", out);
    print_text(l->columns[c].header[line], out);
  }
  fputs(" \\\\\n", out);
}

static void print_group(const page_part *part, FILE *out) {
  const layout l = layout_make(part->table, part->group);
  const char *title = part->table->groups[part->group].title;
  fputs("\\begin{table}\n", out);
  if (*title) {
    fputs("\\caption{", out);
    print_text(title, out);
    fputs("}\n", out);
  }
  fputs("\\begin{tabular}{", out);
  for (size_t c = 0; c < l.columns_count; c++)
    fputc(l.columns[c].right ? 'r' : 'l', out);
  fputs("}\n\\toprule\n", out);
  for (size_t line = 0; line < l.headers; line++)
    print_header(&l, line, out);
  fputs("\\midrule\n", out);
  for (size_t row = 0; row < l.rows_count; row++) {
    for (size_t c = 0; c < l.columns_count; c++) {
      const size_t at = row * l.columns_count + c;
      const bool best = l.tones[at] == TONE_BEST;
      fputs(c ? " & " : "", out);
      fputs(best ? "\\textbf{" : "", out);
      print_text(l.cells[at], out);
      fputs(best ? "}" : "", out);
    }
    fputs(" \\\\\n", out);
  }
  fputs("\\bottomrule\n\\end{tabular}\n\\end{table}\n", out);
}

/* Text between the tables is comments: a paper has words of its own. */
static void print_comment(const char *text, FILE *out) {
  while (*text) {
    const size_t n = strcspn(text, "\n");
    fprintf(out, "%% %.*s\n", (int)n, text);
    text += n + (text[n] == '\n');
  }
}

void format_latex(const page *p, FILE *out) {
  for (size_t i = 0; i < p->count; i++)
    if (p->parts[i].kind == PAGE_GROUP)
      print_group(&p->parts[i], out);
    else
      print_comment(p->parts[i].text, out);
}
