/* recording.h: what was recorded of a program whose stores cannot be seen:
 * births, deaths and sizes of objects exactly, and now and then what refers to
 * what.  scripts/recorder/recorder.c writes recordings, and says what their
 * lines are.
 *
 * Time is counted in *positions*: a birth is one, all deaths between two births
 * together are one, and a snapshot is one.  Deaths of one position have no
 * order among each other. */
#ifndef REAPMARK_TRACE_RECORDING_H
#define REAPMARK_TRACE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object; number N of the recording is at index N - 1. */
typedef struct recorded_object {
  uint32_t birth, death; /* positions; death: `end` if it is alive then */
  /* When it became garbage: its death, but for an object that the cycle
   * detector freed and that an earlier snapshot shows to be unreachable. */
  uint32_t lost;
  uint32_t lost_after; /* it was not garbage yet at this position */
  uint32_t bytes;
  uint32_t outside; /* the last snapshot at which it needs a root; 0: none */
  bool collected;   /* the cycle detector freed it, and not its count */
} recorded_object;

/* A reference, from position `start` (there first, since neither object was
 * there before, or the snapshot before does not show the reference) to `end`
 * (there last, or not there any more). */
typedef struct recorded_edge {
  uint32_t source, target; /* indices of objects */
  uint32_t start, end;
  bool fleeting; /* no snapshot shows it, only the death of its source */
} recorded_edge;

typedef struct recording {
  recorded_object *objects;
  size_t objects_count, objects_room;
  recorded_edge *edges;
  size_t edges_count, edges_room;
  uint32_t *snapshots; /* their positions */
  size_t snapshots_count, snapshots_room;
  uint32_t end;  /* the position behind the last one */
  uint64_t late; /* deaths that were noticed when memory was freed */
} recording;

enum { RECORDING_ERROR = 256 };

/* Reads a recording, "-" for standard input.  Returns false with one line in
 * `error` if it cannot be read, contradicts itself, or was cut.  Ends the
 * process if there is no memory, which goes with objects and references.  To be
 * freed in either case. */
bool recording_read(const char *path, recording *r,
                    char error[RECORDING_ERROR]);
void recording_free(recording *r);

#endif
