/* identity.h: what tells one processor from another.  Its brand does not: "AMD
 * EPYC" is the name of processors whose memory differs by a factor of four.
 *
 * The fields stand in `cpu` of machine.json, and in `machine` of each record.
 */
#ifndef REAPMARK_IDENTITY_H
#define REAPMARK_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The names: architecture, emulator (harness/driver/programs/emulator.h), model
 * (the brand), family, model_number, stepping, microcode, and l1d, l2, l3
 * (bytes of one cache). */
enum { IDENTITY_FIELDS = 10 };
extern const char *const identity_fields[IDENTITY_FIELDS];

/* The fields of `cpu` that are known, new. */
json_t *identity_of(const json_t *cpu);

/* The value of a field for people, written to `out`; "unknown" if `cpu` does
 * not have it, or says that the machine did not tell. */
const char *identity_text(const json_t *cpu, const char *field, char *out,
                          size_t room);

/* The first field that both know and that differs, or NULL. */
const char *identity_difference(const json_t *a, const json_t *b);

/* The first field that only one of them knows, or NULL. */
const char *identity_unknown(const json_t *a, const json_t *b);

#endif
