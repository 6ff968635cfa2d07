/* beside.h: what else the machine did while a program ran. */
#ifndef REAPMARK_BESIDE_H
#define REAPMARK_BESIDE_H

#include <jansson.h>
#include <stdbool.h>

/* A moment of the machine's account of CPU time, in ns since it began. */
typedef struct beside {
  bool known;
  double used;  /* by all processes, on all CPUs */
  double own;   /* of these by this process and its children that ended */
  double stole; /* the hypervisor, from all CPUs */
} beside;

/* Reads the account; it has steps of 10 ms. */
beside beside_now(void);

/* The record's `beside` (results/schema.md) of the time from `then` to now,
 * new; NULL if the machine has no such account. */
json_t *beside_since(const beside *then);

#endif
