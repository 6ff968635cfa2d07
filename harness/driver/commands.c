/* commands.c: see commands.h. */
#include "commands.h"

const command_row commands[] = {{&choose_usage, choose_command},
                                {&list_usage, list_command},
                                {&run_usage, run_command},
                                {&merge_usage, merge_command},
                                {&report_usage, report_command},
                                {&compare_usage, compare_command},
                                {&minheap_usage, minheap_command},
                                {&rate_usage, rate_command},
                                {&describe_usage, describe_command},
                                {&leaks_usage, leaks_command},
                                {&explain_usage, explain_command},
                                {&micro_usage, micro_command},
                                {&stress_usage, stress_command},
                                {&trace_usage, trace_command},
                                {&heap_usage, heap_command},
                                {&doctor_usage, doctor_command},
                                {0}};
