/* numbers.c: see numbers.h. */
#include "numbers.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

char *number_fixed(char *out, double value) {
  /* 9.995 would be printed as 10.00 with two decimals. */
  double size = fabs(value);
  int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  snprintf(out, NUMBER_TEXT, "%.*f", value == 0 ? 0 : decimals, value);
  return out;
}

static char *scaled(char *out, double value, const char *const *units, size_t n,
                    const char *space) {
  size_t i = 0;
  /* 999.5 would be printed as 1000. */
  while (i + 1 < n && fabs(value) >= 999.5) {
    value /= 1000;
    i++;
  }
  char number[NUMBER_TEXT];
  snprintf(out, NUMBER_TEXT, "%.16s%s%s", number_fixed(number, value), space,
           units[i]);
  return out;
}

char *number_si(char *out, double value) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return scaled(out, value, units, 5, "");
}

char *number_time(char *out, double ns) {
  static const char *const units[] = {"ns", "µs", "ms", "s"};
  if (ns < 999.5) { /* whole nanoseconds have no decimals */
    snprintf(out, NUMBER_TEXT, "%.0f ns", ns);
    return out;
  }
  return scaled(out, ns, units, 4, " ");
}
