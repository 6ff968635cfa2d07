/* trace-infer.c: see trace-infer.h. */
#include "harness/driver/trace-infer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/commands.h"
#include "harness/driver/written.h"
#include "harness/stats/rates.h"
#include "harness/trace/infer.h"

enum { PROOF_LINES = 7 };

/* The curve of what is alive, in one line. */
static const char *curve_text(const char *where,
                              const uint64_t live[TRACE_MOMENTS]) {
  const char *text = arena_text("live bytes %s:", where);
  for (int i = 0; i < TRACE_MOMENTS; i++)
    text = arena_text("%s %" PRIu64, text, live[i]);
  return text;
}

/* What the proof says, for a reader and for the head of the trace. */
static void describe(const recording *r, const inferred *in,
                     const char *lines[PROOF_LINES]) {
  lines[0] = arena_text("proof: %" PRIu64 " of %" PRIu64
                        " objects that counting freed die where they died",
                        in->acyclic_exact, in->acyclic);
  lines[1] = arena_text("proof: %" PRIu64 " of %" PRIu64
                        " objects of dead cycles die within their window, of "
                        "%" PRIu64 " births at most",
                        in->cyclic_within, in->cyclic, in->window);
  lines[2] = arena_text("proof: %" PRIu64 " of %" PRIu64
                        " objects that lived on to the end do so",
                        in->kept_exact, in->kept);
  lines[3] = arena_text(
      "holders: of the objects alive at %zu snapshots %.1f %% are held by a "
      "register, %.1f %% by a register only",
      r->snapshots_count, stat_percent(in->held, in->alive),
      stat_percent(in->only_held, in->alive));
  lines[4] = arena_text(
      "recorded: %zu objects, %" PRIu64 " references (%" PRIu64
      " of temporary objects left out), %" PRIu64 " deaths noticed late",
      r->objects_count, in->edges, in->edges_left_out, r->late);
  lines[5] = curve_text("recorded", in->live_recorded);
  lines[6] = curve_text("in the trace", in->live);
}

static int write_trace(const inferred *in, const char *lines[PROOF_LINES],
                       const char *output) {
  trace_writer *w = written_open(output);
  if (!w)
    return EXIT_USAGE;
  for (int i = 0; i < PROOF_LINES; i++)
    trace_write_comment(w, lines[i]);
  for (size_t i = 0; i < in->count; i++)
    trace_write(w, &in->ops[i]);
  return written_close(w, output);
}

static int prove_and_write(const recording *r, const inferred *in,
                           const char *output, unsigned most_held) {
  const char *lines[PROOF_LINES];
  describe(r, in, lines);
  for (int i = 0; i < PROOF_LINES; i++)
    say("%s", lines[i]);
  if (!infer_is_proved(in)) {
    say("trace infer: the trace is not what was recorded");
    return EXIT_SOME_FAILED;
  }
  if (stat_percent(in->only_held, in->alive) > most_held) {
    say("trace infer: registers alone hold more than %u %% of what is alive "
        "(--most-held)",
        most_held);
    return EXIT_SOME_FAILED;
  }
  return write_trace(in, lines, output);
}

int trace_infer(const char *recording_path, const char *output,
                unsigned most_held) {
  recording r;
  inferred in = {0};
  char error[RECORDING_ERROR];
  int code = EXIT_USAGE;
  if (!recording_read(recording_path, &r, error) ||
      !infer(&r, INFER_REGISTERS, &in, error))
    say("%s", error);
  else
    code = prove_and_write(&r, &in, output, most_held);
  infer_free(&in);
  recording_free(&r);
  return code;
}
