/* names.h: other names for those of Whippet that gc.h has, too.  It stands
 * before everything of Whippet: each of Whippet's sources is compiled with
 * `-include names.h`, and whippet.h includes Whippet's headers between names.h
 * and names-end.h. */
#define gc_heap      whippet_heap
#define gc_mutator   whippet_mutator
#define gc_collect   whippet_collect
#define gc_safepoint whippet_safepoint
