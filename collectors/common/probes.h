/* probes.h: static probes for tracers (USDT, as of SystemTap and bpftrace),
 * provider `reapmark`.  docs/timeline.md lists them with their arguments.
 *
 * A probe is one nop, with a note in the program that says where it is and
 * where its arguments are; a tracer that attaches makes the nop a trap. Without
 * the header sys/sdt.h (Debian: systemtap-sdt-dev) there are none. */
#ifndef REAPMARK_COMMON_PROBES_H
#define REAPMARK_COMMON_PROBES_H

#ifdef REAPMARK_PROBES
#include <sys/sdt.h>
#define PROBE(name)        DTRACE_PROBE(reapmark, name)
#define PROBE1(name, a)    DTRACE_PROBE1(reapmark, name, a)
#define PROBE2(name, a, b) DTRACE_PROBE2(reapmark, name, a, b)
#else
#define PROBE(name)        ((void)0)
#define PROBE1(name, a)    ((void)(a))
#define PROBE2(name, a, b) ((void)(a), (void)(b))
#endif

#endif
