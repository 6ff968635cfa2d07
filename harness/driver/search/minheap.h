/* minheap.h: the command that finds the smallest heap of each collector on each
 * workload. */
#ifndef REAPMARK_MINHEAP_H
#define REAPMARK_MINHEAP_H

int minheap_command(int argc, char **argv);

#endif
