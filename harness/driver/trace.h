/* trace.h: `reapmark trace`: what can be done with a trace as a text. */
#ifndef REAPMARK_TRACE_COMMAND_H
#define REAPMARK_TRACE_COMMAND_H

int trace_command(int argc, char **argv);

#endif
