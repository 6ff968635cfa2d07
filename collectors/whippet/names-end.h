/* names-end.h: from here on the names of names.h are those of gc.h. */
#undef gc_heap
#undef gc_mutator
#undef gc_collect
#undef gc_safepoint
