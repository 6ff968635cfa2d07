/* trace-infer.h: `reapmark trace infer`: a trace of a recorded program. */
#ifndef REAPMARK_TRACE_INFER_COMMAND_H
#define REAPMARK_TRACE_INFER_COMMAND_H

/* Reads the recording, writes the trace to `output` ("-": standard output) and
 * the proof to standard error.  Returns the exit status: EXIT_SOME_FAILED if
 * the trace is not what was recorded, or more than `most_held` percent of the
 * objects alive are held by a register only; then nothing is written. */
int trace_infer(const char *recording_path, const char *output,
                unsigned most_held);

#endif
