/* doctor.h: what on a machine disturbs measurements, and what to do. */
#ifndef REAPMARK_DOCTOR_H
#define REAPMARK_DOCTOR_H

#include "harness/driver/programs/machine.h"

typedef enum doctor_grade {
  DOCTOR_NOTE,   /* to be known when reading results */
  DOCTOR_SERIOUS /* results will be wrong or not comparable */
} doctor_grade;

/* Something found.  Ids are stable: a number is never given to another
 * trouble. */
typedef struct doctor_finding {
  const char *id; /* "W03 load" */
  doctor_grade grade;
  char what[400];
  const char *cure;
} doctor_finding;

/* What the doctor looks at, besides the machine. */
typedef struct doctor_question {
  int threads;           /* that are to run at once */
  double steal;          /* percent, -1: unknown */
  const hist *hiccups;   /* of a thread that slept, ns */
  const char *withheld;  /* names of environment variables kept from children,
                            "" if none */
  const char *not_built; /* optional collectors, "" if none */
  const char *compiled;  /* machine_other_builds */
  machine_build build;
} doctor_question;

/* Fills at most DOCTOR_FINDINGS, in the order of their ids, and returns how
 * many. */
enum { DOCTOR_FINDINGS = 19 };
size_t doctor_examine(const machine *m, const doctor_question *q,
                      doctor_finding *out);

#endif
