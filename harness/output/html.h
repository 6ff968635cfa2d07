/* html.h: a page (table.h) as HTML, to be put into a document.
 *
 * Whatever comes from programs, suites or files goes through html_text, and so
 * can be neither a tag nor an attribute. */
#ifndef REAPMARK_HTML_H
#define REAPMARK_HTML_H

#include "table.h"

#include <stdio.h>

/* Writes a text, escaped for content and for attributes in double quotes. */
void html_text(const char *text, FILE *out);

/* Writes all parts of a page.  Its title becomes a heading of this level (2 to
 * 6); texts with line breaks become one paragraph. */
void html_parts(const page *p, int level, FILE *out);

/* Writes one group of a table: in a region that scrolls by itself if it is
 * wide, so that the page does not.  Its caption is its title, or `caption` if
 * that is not NULL. */
void html_group(const table *t, size_t group, const char *caption, FILE *out);

#endif
