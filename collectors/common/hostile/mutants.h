/* mutants.h: seeded bugs: known bugs that are planted one at a time, to prove
 * that the tests find them.
 *
 * `gc_mutant(NAME)` is an expression in the collector's code where the bug
 * goes. In an ordinary build it is the constant 0 and leaves nothing behind. In
 * a build with GC_MUTANTS (the target `mutants`) it is true if the program was
 * started with --mutant NAME.
 *
 * Each bug is a row X(name, family, class, oracle, what is wrong):
 *   family   the collectors that have the bug;
 *   class    of the bug, a number of the list below;
 *   oracle   the check that should detect the bug, of the list below.
 * mutant-conditions.h says under which condition some are hunted first.
 *
 * Classes:
 *    1 root missed                       17 cycle detector misses garbage
 *    2 root or reference kept too long   18 recursion
 *    3 write barrier missing             20 mark stack
 *    4 the same while marking in slices  21 heap limit
 *    5 object made while marking         22 large objects
 *    6 field not scanned                 23 count overflows
 *    8 free memory used                  24 attaching and detaching
 *    9 freed too early                   25 stopping the world
 *   10 race on a count                   26 sweeping
 *   12 finalized or freed twice          27 moving objects
 *   13 finalizer not run                 30 wrong figures
 *   14 weak reference                    31 ephemerons
 *   16 cycle detector frees the living   32 cost: memory or garbage unbounded
 *
 * Oracles:
 *   graph      a live object is lost or damaged
 *   count      too many or too few objects, or bytes of external memory, after
 *              gc_collect
 *   weak       a weak reference holds the wrong target
 *   finalizer  an object is finalized too early, twice, or never
 *   poison     freed memory was used
 *   check      gc_heap_check
 *   limit      out of memory where there is room, or the reverse
 *   external   too many or too few bytes of external memory after gc_collect,
 * or any after the end growth     cost or memory grows faster than the program
 *   crash, hang, verdict
 *   test       a test, not the stress suite */
#ifndef REAPMARK_COMMON_MUTANTS_H
#define REAPMARK_COMMON_MUTANTS_H

/* clang-format off */
#define MUTANTS(X) \
  X(peak_read_early, "harness", 30, "verdict", "the peak of resident memory is read before the measured part") \
  X(footprint_read_early, "harness", 30, "verdict", "the footprint is read before the measured part") \
  X(longest_pause_dropped, "harness", 30, "verdict", "a pause that is longer than all before is in no sum") \
  X(phase_counts_twice, "harness", 30, "verdict", "a phase counts for twice its time") \
  X(window_off, "harness", 30, "verdict", "the utilisation of a window is that of the next longer one") \
  X(globals_skipped, "mark-sweep", 1, "graph", "global roots are no roots") \
  X(tls_skipped, "mark-sweep", 1, "graph", "thread-local roots are no roots") \
  X(last_register_skipped, "mark-sweep", 1, "graph", "the topmost register is no root") \
  X(other_mutators_skipped, "mark-sweep", 1, "graph", "registers of all mutators but one are no roots") \
  X(blocked_forgotten, "mark-sweep", 1, "graph", "a blocking mutator's roots are no roots") \
  X(queue_not_root, "mark-sweep", 1, "graph", "objects that wait for their finalizer are no roots") \
  X(last_slot_unscanned, "mark-sweep", 6, "graph", "an object's last slot is not scanned") \
  X(slots_cut_at_63, "mark-sweep", 6, "graph", "slots from number 63 on are not scanned") \
  X(overflow_ignored, "mark-sweep", 20, "graph", "no rescan after the mark stack overflowed") \
  X(large_rescan_forgotten, "mark-sweep", 20, "graph", "large objects are left out of the rescan") \
  X(block_reused_from_start, "mark-sweep", 26, "graph", "what a dead thread took of a block is handed out again") \
  X(marks_stale, "mark-sweep", 26, "graph", "mark bits of the last collection are kept") \
  X(run_too_long, "mark-sweep", 26, "graph", "a run of free cells includes the object after it") \
  X(resurrection_untraced, "mark-sweep", 13, "graph", "what a finalizable object refers to is not kept") \
  X(ms_weak_late, "mark-sweep", 14, "weak", "weak references are cleared after finalizable objects are queued") \
  X(ms_weak_uncleared, "mark-sweep", 14, "poison", "weak references to dead objects stay") \
  X(ms_weak_hasty, "mark-sweep", 14, "weak", "a weak reference is cleared though its target lives") \
  X(finalized_twice, "mark-sweep", 12, "finalizer", "a dead object is queued twice") \
  X(finalizable_kept, "mark-sweep", 12, "finalizer", "a finalized object stays finalizable") \
  X(ms_limit_ignored, "mark-sweep", 21, "limit", "the heap grows beyond its limit") \
  X(payload_threaded, "mark-sweep", 22, "graph", "large objects are linked through their payload while they are swept") \
  X(large_leaked, "mark-sweep", 22, "limit", "dead large objects are forgotten, not freed") \
  X(live_misreported, "mark-sweep", 30, "count", "a full block's last object is not counted") \
  X(left_told_early, "mark-sweep", 30, "count", "what a collection left is told before it has looked at blocks") \
  X(freed_uncounted, "refcount", 30, "count", "an object that is freed does not count as reclaimed") \
  X(stray_mark_bit, "mark-sweep", 30, "check", "a large object has a second mark bit") \
  X(attach_uncounted, "mark-sweep", 24, "hang", "a new mutator is not counted as running") \
  X(restart_lost, "mark-sweep", 25, "hang", "the parked are not told that the world runs again") \
  X(queue_only_grows, "mark-sweep", 21, "check", "the finalizer queue never uses the room of handed out entries again") \
  X(queue_tail_lost, "mark-sweep", 13, "finalizer", "the finalizer queue loses its last entry when it is moved") \
  X(one_block_rescanned, "mark-sweep", 20, "graph", "of the blocks that the mark stack had no room for one is scanned again") \
  X(previous_not_updated, "mark-sweep", 24, "crash", "the mutator behind one that detaches still refers to it") \
  X(queue_mark_off_by_one, "mark-sweep", 13, "graph", "the first object that a collection queues for its finalizer is not kept") \
  X(empty_blocks_kept, "mark-sweep", 21, "limit", "empty blocks are not given back when a large object needs the memory") \
  X(returned_unlisted, "mark-sweep", 24, "growth", "a block that a dead thread left is found by the next collection only") \
  X(shared_bit_not_atomic, "mark-sweep", 10, "graph", "several markers set bits by a load and a store") \
  X(gift_lost, "mark-sweep", 20, "graph", "the last object that a marker gives away is in no list") \
  X(take_loses_one, "mark-sweep", 20, "graph", "who takes several objects from the pool forgets one of them") \
  X(flags_unasked, "mark-sweep", 20, "check", "several markers end a phase though blocks wait for a rescan") \
  X(calls_kept, "mark-sweep", 20, "crash", "a helper that is late joins a phase that is over") \
  X(fetched_forgotten, "mark-sweep", 20, "graph", "a marker that gives all of its stack away forgets what is in its queue") \
  X(newest_dropped, "mark-sweep", 20, "graph", "a marker that gives its oldest objects away loses as many new ones") \
  X(helper_overflow_lost, "mark-sweep", 20, "graph", "what the mark stack of a helper refuses is not flagged") \
  X(phase_ends_early, "mark-sweep", 20, "graph", "the phase ends when one marker has nothing to do") \
  X(helper_uncounted, "mark-sweep", 20, "graph", "the phase does not wait for a helper that has joined") \
  X(end_untold, "mark-sweep", 25, "hang", "markers that wait are not told that the phase is over") \
  X(large_unflagged_late, "mark-sweep", 20, "graph", "the flag for the rescan of large objects is taken off after they were scanned") \
  X(block_unflagged_late, "mark-sweep", 20, "graph", "the flag for the rescan of a block is taken off after it was scanned") \
  X(first_cell_not_rescanned, "mark-sweep", 20, "graph", "the first cell of a block is left out of its rescan") \
  X(bare_never_taken, "mark-sweep", 21, "growth", "empty blocks whose pages were given back are never used again") \
  X(bare_freed_uncounted, "mark-sweep", 21, "limit", "a group of blocks is given back as if all of them had pages") \
  X(taken_for_good, "mark-sweep", 24, "growth", "what a dead thread took of a block is not used again after a collection") \
  X(holes_uncounted, "mark-sweep", 32, "growth", "free cells among survivors do not count as handed out") \
  X(dead_pair_waits, "mark-sweep", 31, "crash", "an ephemeron that waits for itself still waits when it is dead") \
  X(dead_key_awaited, "mark-sweep", 31, "crash", "ephemerons still wait for a dead key") \
  X(revived_value_unmarked, "mark-sweep", 31, "graph", "the value of an ephemeron that a dead finalizable object leads to is not marked") \
  X(pruned_early, "mark-sweep", 14, "weak", "weak references that only a finalizer will see are no longer listed") \
  X(pairs_pruned_early, "mark-sweep", 31, "weak", "ephemerons that only a finalizer will see are no longer listed") \
  X(one_buffer_kept, "mark-sweep", 26, "graph", "one mutator goes on in its block after a collection") \
  X(trim_leaks, "mark-sweep", 32, "growth", "a list that gets shorter leaks the memory it had") \
  X(goal_ignored, "mark-sweep", 32, "growth", "the goal of the heap policy makes no collection due") \
  X(shade_not_atomic, "mark-sweep-incremental", 4, "graph", "mutators shade by a load and a store of a word of bits") \
  X(whole_kept, "mark-sweep-incremental", 21, "limit", "once memory ran out, no later shortage makes a whole cycle") \
  X(null_without_barrier, "mark-sweep-incremental", 4, "graph", "a store of null does not shade what it overwrites") \
  X(weak_get_unshaded, "mark-sweep-incremental", 4, "graph", "what a weak reference gives is not shaded") \
  X(shaded_of_others_dropped, "mark-sweep-incremental", 4, "graph", "what all mutators but one shaded is not scanned") \
  X(born_white, "mark-sweep-incremental", 5, "graph", "objects made during a cycle are unmarked") \
  X(hand_unmarked, "mark-sweep-incremental", 5, "graph", "those in runs handed out before are") \
  X(only_first_part_scanned, "mark-sweep-incremental", 6, "graph", "of a wide object only the first part is scanned") \
  X(large_born_white, "mark-sweep-incremental", 5, "graph", "large objects made during a cycle are unmarked") \
  X(span_stays_marked, "mark-sweep-incremental", 24, "count", "free cells that a dead thread leaves during a cycle are marked") \
  X(revived_unmarked, "mark-sweep-incremental", 13, "graph", "what a cycle queues for its finalizer is not marked") \
  X(overflow_dropped, "mark-sweep-concurrent", 20, "graph", "what the mark stack has no room for beside mutators is not scanned") \
  X(next_bits_stale, "mark-sweep-concurrent", 26, "check", "the bitmap is not cleared for the next cycle") \
  X(nobody_assists, "mark-sweep-concurrent", 32, "growth", "mutators never assist, so that a cycle whose marker gets no time never ends") \
  X(last_shades_unscanned, "mark-sweep-concurrent", 4, "check", "what mutators have shaded and not handed on is not scanned when marking ends") \
  X(shaded_not_queued, "mark-sweep-concurrent", 4, "graph", "a shaded object is marked and never scanned") \
  X(barrier_shades_new, "mark-sweep-concurrent", 4, "graph", "the barrier shades what is stored, not what is overwritten") \
  X(first_root_dropped, "mark-sweep-concurrent", 1, "graph", "of the roots that were copied the first is not marked") \
  X(wide_forgotten, "mark-sweep-concurrent", 6, "graph", "a cycle that is finished in a stop forgets wide objects that wait to be scanned") \
  X(fallback_kept, "mark-sweep-concurrent", 21, "limit", "once memory ran out, no later shortage makes a whole cycle") \
  X(others_not_added, "mark-sweep-concurrent", 5, "graph", "what mutators marked in a cycle is free when its blocks are sorted") \
  X(values_unmarked, "mark-sweep-concurrent", 31, "poison", "values of ephemerons are not marked beside mutators") \
  X(after_freed_unswept, "mark-sweep-concurrent", 22, "count", "the large object that stands before a freed one is not swept") \
  X(span_not_atomic, "mark-sweep-incremental", 4, "graph", "bits of free spans are set by a load and a store of a word") \
  X(shaded_left_dropped, "mark-sweep-incremental", 24, "graph", "what a dead thread shaded is not scanned") \
  X(large_bit_stale, "mark-sweep-incremental", 5, "graph", "bits of large objects that died are kept for the next cycle but one") \
  X(last_buffer_white, "mark-sweep-incremental", 5, "graph", "after a slice, what one mutator makes is unmarked") \
  X(part_skips_slot, "mark-sweep-incremental", 6, "graph", "between two parts of a wide object a slot is skipped") \
  X(one_attempt_less, "mark-sweep-incremental", 21, "limit", "an allocation is refused when the cycle under way has ended, without another one") \
  X(late_shades_left, "mark-sweep-incremental", 4, "graph", "what mutators shade is marked only as long as the snapshot is") \
  X(revived_early, "mark-sweep-incremental", 14, "weak", "weak references are cleared before values of ephemerons are marked") \
  X(take_without_barrier, "generational", 3, "graph", "a store that takes its value has no write barrier") \
  X(barrier_tests_value, "generational", 3, "graph", "the write barrier tests what is stored, not what it is stored into") \
  X(flag_not_restored, "generational", 3, "graph", "an object is remembered once in its life only") \
  X(remembered_overflow_lost, "generational", 3, "graph", "what a full remembered set refuses is forgotten") \
  X(remembered_not_inherited, "generational", 24, "graph", "what a dead thread's mutator remembered is dropped") \
  X(young_weak_skipped, "generational", 14, "poison", "minor collections look at no weak references") \
  X(last_card_short, "generational", 6, "graph", "slots at the end of a wide object belong to no card") \
  X(card_stays_dirty, "generational", 3, "graph", "a card is remembered once in its life only") \
  X(one_card_scanned, "generational", 3, "graph", "of all remembered cards one is scanned") \
  X(cards_not_inherited, "generational", 24, "graph", "the cards that a dead thread's mutator remembered are dropped") \
  X(card_overflow_lost, "generational", 3, "graph", "a card for which there is no room is forgotten") \
  X(young_finalizable_skipped, "generational", 13, "graph", "minor collections look at no finalizable objects") \
  X(weak_old_too_far, "generational", 14, "check", "young weak references are counted as old once others died") \
  X(large_born_old, "generational", 22, "graph", "large objects are old when they are made") \
  X(settled_not_lowered, "generational", 12, "check", "a handed out object still counts among those that wait") \
  X(settled_by_full_only, "generational", 13, "growth", "minor collections visit again what they queued for finalizers before") \
  X(back_off_for_good, "generational", 32, "growth", "once a minor collection was futile, all others are full") \
  X(empty_cards_leak, "generational", 32, "growth", "a dead thread's list of cards is not freed if it is empty") \
  X(pairs_old_too_far, "generational", 31, "check", "young ephemerons are counted as old once others died") \
  X(live_bytes_kept, "generational", 30, "growth", "live bytes of a block are added at each collection") \
  X(spill_forgets, "generational", 3, "graph", "of objects for which a list has no room the last is remembered") \
  X(spilled_not_inherited, "generational", 24, "graph", "of a dead thread's remembered set, what it had no room for is dropped") \
  X(revived_unvisited, "generational", 13, "check", "what only the finalizer queue leads to is old and not flagged") \
  X(full_keeps_cards, "generational", 3, "check", "full collections forget cards without cleaning them") \
  X(full_never_due, "generational", 32, "growth", "no full collection but at the heap limit") \
  X(orphaned_cards_wait, "generational", 24, "check", "the cards of dead threads are looked at in full collections only") \
  X(card_not_atomic, "generational", 10, "check", "a card becomes dirty by a load and a store of a word") \
  X(remembered_by_both, "generational", 10, "check", "two threads remember an object into which they store at once") \
  X(again_partial, "generational", 21, "limit", "when memory runs out, the second collection is a minor one") \
  X(store_uncounted, "refcount", 9, "graph", "a store does not count the new value") \
  X(old_value_kept, "refcount", 2, "count", "a store does not release the old value") \
  X(release_first, "refcount", 9, "poison", "assigning releases the old value before it counts the new one") \
  X(take_counts, "refcount", 2, "count", "taking counts as well") \
  X(frame_keeps_register, "refcount", 2, "count", "leaving a frame forgets one register") \
  X(global_kept, "refcount", 2, "count", "a global root is overwritten without a release") \
  X(tls_kept, "refcount", 24, "count", "detaching does not drop thread-local roots") \
  X(count_not_atomic, "refcount-atomic", 10, "graph", "counting up is not atomic") \
  X(count_wraps, "refcount", 23, "graph", "the count has 8 bits") \
  X(cascade_recurses, "refcount", 18, "crash", "children are buried by recursion") \
  X(last_child_kept, "refcount", 2, "count", "a dying object's last child is not released") \
  X(written_after_free, "refcount", 8, "poison", "a slot of a freed object is written to") \
  X(rc_weak_uncleared, "refcount", 14, "poison", "weak references to dead objects stay") \
  X(weak_get_uncounted, "refcount", 14, "graph", "what a weak reference gives is not counted") \
  X(weak_reference_leaked, "refcount", 14, "count", "a dead weak reference is never freed") \
  X(weak_flag_stale, "refcount", 14, "check", "an object whose last weak reference died keeps the flag") \
  X(finalizer_skipped, "refcount", 13, "finalizer", "a finalizable object is freed at once") \
  X(remote_free_lost, "refcount-atomic", 24, "count", "a cell freed by another thread is forgotten") \
  X(block_given_early, "refcount", 9, "graph", "a block is given back with one of its cells in use") \
  X(blocks_abandoned, "refcount-atomic", 24, "check", "the blocks of a detached thread are nobody's") \
  X(remote_cells_twice, "refcount-atomic", 12, "graph", "cells that other threads freed are taken off their list twice") \
  X(orphan_given_early, "refcount-atomic", 9, "graph", "a dead thread's block is given back with one of its cells in use") \
  X(orphan_kept, "refcount-atomic", 26, "check", "a dead thread's block that others emptied is not given back") \
  X(merge_forgets_shared, "refcount-biased", 10, "graph", "merging keeps the owner's counts only") \
  X(queue_counts_nothing, "refcount-biased", 9, "poison", "an object in its owner's queue is not counted for that") \
  X(away_owner_waits, "refcount-biased", 24, "count", "objects of a blocking or dead owner wait in its queue") \
  X(queue_counts_twice, "refcount-biased", 9, "graph", "serving a queue drops two counts for each entry") \
  X(outgoing_dropped, "refcount-biased", 24, "check", "what is on its way to queues is forgotten when its thread blocks or ends") \
  X(full_half_loses, "refcount-biased", 23, "check", "a count is lost when the owner's half is full") \
  X(log_not_inherited, "refcount-deferred", 24, "graph", "what a thread logged is dropped when it detaches") \
  X(logged_for_good, "refcount-deferred", 9, "graph", "an object is logged once in its life") \
  X(roots_not_counted, "refcount-deferred", 1, "graph", "roots have no counts while the dead are found") \
  X(zero_count_forgotten, "refcount-deferred", 2, "check", "what roots alone refer to is in no table of zero counts") \
  X(last_part_unlogged, "refcount-deferred", 3, "check", "stores into the last part of a large object are not logged") \
  X(parts_logged_for_good, "refcount-deferred", 3, "check", "a part of a large object is logged once in its life") \
  X(lost_log_untold, "refcount-deferred", 3, "graph", "an incomplete log does not make the next collection a full one") \
  X(zero_counts_kept, "refcount-deferred", 2, "check", "the dead in the table of zero counts are dropped from it and not freed") \
  X(finalizable_lets_go, "refcount-deferred", 13, "graph", "a dead finalizable object's references are counted down before it is queued") \
  X(weak_target_unflagged, "refcount-deferred", 14, "weak", "nobody notices that an old object with weak references dies") \
  X(taken_not_logged, "refcount-deferred", 2, "check", "an object taken from the queue of finalizers keeps the queue's count") \
  X(lazy_child_twice, "refcount-lazy", 12, "graph", "a large array's child is dropped again when its teardown goes on") \
  X(lazy_contents_kept, "refcount-lazy", 2, "count", "what takes a dead object's place keeps its first child") \
  X(lazy_weak_late, "refcount-lazy", 14, "weak", "weak references and finalizers of the dead are forgotten") \
  X(lazy_child_skipped, "refcount-lazy", 2, "count", "a large array's teardown goes on one slot too far") \
  X(lazy_misfit, "refcount-lazy", 8, "graph", "a new object takes a dead one's place though it does not fit") \
  X(external_ignored, "refcount-cycles", 16, "graph", "an object with one reference from outside is taken for dead") \
  X(black_restores_once, "refcount-cycles", 16, "check", "counts of a live subgraph are only partly restored") \
  X(candidate_stays_marked, "refcount-cycles", 17, "count", "an object becomes a candidate once only") \
  X(orphans_forgotten, "refcount-cycles", 24, "count", "candidates of a detached thread are dropped") \
  X(self_loops_skipped, "refcount-cycles", 17, "count", "an object that refers to itself never is a candidate") \
  X(detects_when_asked_only, "refcount-cycles", 17, "limit", "no detection but by gc_collect") \
  X(detects_at_drops_only, "refcount-cycles", 32, "growth", "no allocation looks whether a detection is due") \
  X(freed_while_walking, "refcount-cycles", 8, "crash", "a dead cycle's object is freed before what it holds is let go") \
  X(cycle_not_finalized, "refcount-cycles", 13, "finalizer", "a finalizable object in a dead cycle is freed at once") \
  X(cycle_weak_uncleared, "refcount-cycles", 14, "poison", "weak references into a dead cycle stay") \
  X(buffered_freed, "refcount-cycles", 12, "poison", "a candidate that dies is freed by the cascade and by the detector") \
  X(frontier_gray, "refcount-cycles", 16, "check", "a bounded detection leaves what it reached and did not visit gray") \
  X(undone_not_restored, "refcount-cycles", 16, "graph", "a bounded detection does not give back the counts that it took") \
  X(undone_dropped, "refcount-cycles", 17, "check", "a candidate that exceeds the bound is forgotten") \
  X(cycle_queue_uncounted, "refcount-cycles", 9, "graph", "the queue of finalizers has no count of what died in a cycle") \
  X(spared_contents_freed, "refcount-cycles", 13, "graph", "what a finalizable object of a dead cycle refers to is freed") \
  X(dead_candidate_kept, "refcount-cycles", 2, "check", "a candidate that has died is never freed") \
  X(cycle_leaf_kept, "refcount-cycles", 2, "count", "a dead cycle does not let go of objects without slots") \
  X(forwarding_ignored, "semispace", 27, "graph", "an object is copied again for each reference to it") \
  X(copy_cut, "semispace", 27, "graph", "the end of an object is not copied") \
  X(global_stale, "semispace", 27, "graph", "global roots are traced, but not updated") \
  X(queue_stale, "semispace", 27, "graph", "objects that were found dead stay where they were in the queue of finalizers") \
  X(weak_target_stale, "semispace", 14, "weak", "a weak reference keeps its target's old address") \
  X(weak_list_stale, "semispace", 14, "weak", "the list of weak references keeps their old addresses") \
  X(open_block_twice, "semispace", 24, "graph", "a block that a dead thread left is handed out twice") \
  X(large_unscanned, "semispace", 22, "graph", "large objects are kept, but not what they refer to") \
  X(large_flag_kept, "semispace", 22, "check", "what was reached in a collection seems to be reached in the next") \
  X(fill_forgotten, "semispace", 24, "graph", "the block of a dead thread is handed out as it was when it came") \
  X(reserve_spent, "semispace", 21, "crash", "blocks are handed out that must be there to copy into") \
  X(large_unpaced, "semispace", 22, "growth", "large objects alone never make a collection due") \
  X(revived_value_stale, "semispace", 31, "graph", "the value of an ephemeron that a dead finalizable object leads to stays at its old address") \
  X(open_block_lost, "semispace", 24, "growth", "the block of a dead thread is not handed out again") \
  X(loser_keeps_copy, "semispace", 27, "graph", "who is too late with a copy of an object uses it all the same") \
  X(forwarded_by_store, "semispace", 27, "graph", "several markers forward an object by a store") \
  X(one_copy_skipped, "semispace", 6, "graph", "a marker that gives copies away does not scan the next one") \
  X(detached_room_charged, "semispace", 24, "growth", "the room that a dead thread did not use stays charged for") \
  X(detached_room_budgeted, "semispace", 24, "growth", "the room that a dead thread did not use counts against the budget") \
  X(reopened_charged_whole, "semispace", 21, "check", "the objects in the block of a dead thread are charged for twice") \
  X(open_list_unlocked, "semispace", 24, "check", "threads that end list their blocks without the lock") \
  X(open_list_stale, "semispace", 24, "graph", "blocks of dead threads are handed out after a collection has given them back") \
  X(budget_without_large, "semispace", 32, "growth", "large objects that live do not raise the budget") \
  X(large_key_unwoken, "semispace", 31, "graph", "a large key that is reached late wakes no ephemeron") \
  X(late_large_unscanned, "semispace", 22, "graph", "large objects that only values and finalizable objects lead to are not scanned") \
  X(copy_past_end, "semispace", 27, "graph", "a copy may end behind its block") \
  X(weak_pruned_early, "semispace", 14, "weak", "weak references that only finalizable objects lead to are dropped from the list") \
  X(queue_first_stale, "semispace", 27, "graph", "the first object that a collection queues for its finalizer is not copied") \
  X(finalizable_list_stale, "semispace", 13, "check", "the list of finalizable objects keeps their old addresses") \
  X(spare_released, "semispace", 21, "crash", "blocks that must be there to copy into are given to a large object") \
  X(last_line_unmarked, "immix", 26, "graph", "of an object that spans lines, the last is not marked") \
  X(lines_stale, "immix", 26, "check", "line marks of the last collection are kept") \
  X(hole_too_long, "immix", 26, "graph", "a hole includes the marked line after it") \
  X(second_reference_stale, "immix", 27, "graph", "only the first reference to a copied object is changed") \
  X(slot_not_updated, "immix", 27, "graph", "references to copied objects stay what they were") \
  X(next_line_used, "immix", 26, "graph", "the line after a small object is taken for free though it is not marked") \
  X(overflow_kept, "immix", 25, "graph", "a mutator goes on in its overflow block after a collection") \
  X(target_not_followed, "immix", 14, "graph", "weak references and the queue keep to where an object was") \
  X(large_stale, "immix", 22, "count", "marks of large objects are kept") \
  X(headroom_overrun, "immix", 27, "graph", "copies go on in the last block when there is no more room") \
  X(returned_unsought, "immix", 24, "growth", "the block of a dead thread is not looked for") \
  X(headroom_kept, "immix", 21, "limit", "small objects run out of memory before the headroom is used") \
  X(revived_value_unmoved, "immix", 31, "graph", "the value of an ephemeron that a dead finalizable object leads to stays at its old address") \
  X(lines_not_atomic, "immix", 10, "check", "several markers mark lines by a load and a store") \
  X(stay_flag_kept, "immix", 27, "check", "what stayed in one collection stays flagged") \
  X(copies_in_one_block, "immix", 27, "graph", "several markers copy into the block of one of them") \
  X(search_repeated, "immix", 32, "growth", "a search for a hole that was in vain is made again for each object") \
  X(headroom_unfilled, "immix", 21, "check", "what was used of the headroom is never replaced") \
  X(end_line_used, "immix", 26, "graph", "the last line of a block is free to the conservative marker though an object ends there") \
  X(end_line_lost, "immix", 26, "check", "a hole that is the last line of a block is not found") \
  X(evacuated_lines_marked, "immix", 27, "check", "lines of which the objects were copied stay marked") \
  X(evacuated_unmeasured, "immix", 27, "check", "of a block that was evacuated the holes are not counted again") \
  X(moved_key_unwoken, "immix", 31, "graph", "a key that is copied wakes no ephemeron") \
  X(moved_seem_dead, "immix", 14, "weak", "objects that were copied are dead to weak references and finalizers") \
  X(stayed_copied_later, "immix", 27, "graph", "an object that stayed, for want of room, is copied when it is reached again") \
  X(copies_go_on, "immix", 27, "graph", "copies go on where those of the last collection ended") \
  X(sought_stays, "immix", 32, "growth", "what was sought in vain before a collection is not sought after it") \
  X(live_without_large, "immix", 32, "growth", "large objects that live do not raise the budget") \
  X(returned_line_too_early, "immix", 24, "graph", "the line in which a dead thread's last object ends is handed out again") \
  X(returned_unlocked, "immix", 24, "check", "threads that end list their blocks without the lock") \
  X(returned_budgeted, "immix", 24, "growth", "the room that a dead thread did not use counts against the budget") \
  X(overflow_unreturned, "immix", 24, "growth", "a dead thread's overflow block is handed out by no one") \
  X(held_forgotten, "generational-copying", 3, "graph", "what gets old before what it refers to does is not remembered") \
  X(aging_card_cleaned, "generational-copying", 3, "graph", "a card that refers to an aging object is not remembered any more") \
  X(rescanned_unflagged, "generational-copying", 3, "check", "a remembered object is remembered once in its life only") \
  X(in_place_unflagged, "generational-copying", 3, "graph", "the barrier does not know of objects that got old in place") \
  X(full_keeps_sets, "generational-copying", 9, "check", "a full collection does not empty the remembered sets") \
  X(aging_marks_kept, "generational-copying", 26, "graph", "objects in aging blocks keep their marks") \
  X(aged_hole_kept, "generational-copying", 27, "graph", "copies go on in the last block of aging objects, which is emptied") \
  X(filled_hole_kept, "generational-copying", 27, "graph", "copies go on in a hole that mutators were given since") \
  X(refilled_untouched, "generational-copying", 26, "check", "a block in which something was promoted is not sorted again") \
  X(weak_settled_early, "generational-copying", 14, "check", "weak references are old though they or their targets are aging") \
  X(finalizable_settled_early, "generational-copying", 13, "check", "finalizable objects that are aging are taken for old ones") \
  X(ephemeron_settled_early, "generational-copying", 31, "graph", "ephemerons are old though what they refer to is aging") \
  X(queue_ages, "generational-copying", 13, "check", "what a collection queues for its finalizer is aging and taken for old") \
  X(ephemeron_one_pass, "mark-sweep", 31, "poison", "values of ephemerons are marked in one pass only") \
  X(ephemeron_strong, "mark-sweep", 31, "count", "a value is kept though its key died") \
  X(ephemeron_late, "mark-sweep", 31, "weak", "ephemerons are cleared after their keys were queued for finalizers") \
  X(ephemeron_uncleared, "mark-sweep", 31, "weak", "an ephemeron loses its value and still says that its key lives") \
  X(young_ephemerons_skipped, "generational", 31, "poison", "minor collections look at no ephemerons") \
  X(ephemeron_get_unshaded, "mark-sweep-incremental", 31, "graph", "the value that an ephemeron gives is not shaded") \
  X(ephemeron_value_stale, "semispace", 31, "graph", "an ephemeron's value stays at its old address") \
  X(ephemeron_value_unmoved, "immix", 31, "graph", "an ephemeron's value stays at its old address") \
  X(pair_value_twice, "refcount", 31, "poison", "the value of a dead key is dropped twice") \
  X(pair_value_kept, "refcount", 31, "count", "an ephemeron that dies before its key keeps the value's count") \
  X(pair_edge_strong, "refcount-cycles", 31, "count", "a value is alive if its ephemeron is, whatever its key") \
  X(pair_subtracted_twice, "refcount-cycles", 31, "graph", "a value's count is subtracted for its ephemeron and for its key") \
  X(ephemeron_count_kept, "refcount-deferred", 31, "check", "the value of a dead key or ephemeron keeps its count") \
  X(dead_targets_count, "refcount", 32, "growth", "the table of weak targets has no room again for those that died") \
  X(remote_taken_in_two, "refcount-atomic", 10, "count", "cells that other threads freed are taken by a load and a store") \
  X(undone_tried_for_ever, "refcount-cycles", 32, "growth", "bounded detections begin with a candidate that exceeds the bound again and again") \
  X(flagged_after_drop, "refcount-cycles-atomic", 10, "crash", "an object becomes a candidate after its count was dropped") \
  X(last_take_unnoticed, "refcount-cycles", 17, "count", "a cycle that is closed by taking into a last slot has no candidate") \
  X(outgoing_sent_once, "refcount-biased", 24, "check", "what a dying thread drops while it sends its objects to queues is forgotten") \
  X(lazy_value_waits, "refcount-lazy", 31, "check", "the value of a finalizable key waits for another death") \
  X(part_logged_twice, "refcount-deferred", 10, "check", "two threads log the same part of a large object") \
  X(counted_not_forgotten, "refcount-deferred", 31, "check", "a full collection does not forget which values are counted") \
  X(died_old_untold, "refcount-deferred", 32, "check", "memory of objects that died old is never used again") \
  X(owner_unasked, "refcount-biased", 32, "growth", "nobody tells an owner that objects wait in its queue") \
  X(queue_lost_at_bound, "refcount-cycles", 17, "check", "objects that wait for their children to be fetched are lost when a detection reaches its bound") \
  X(purge_drops_living, "refcount-cycles", 17, "check", "a purge of dead candidates takes living ones out of the buffer as well") \
  X(threshold_stays, "refcount-cycles", 32, "growth", "the number of candidates at which to look never falls again") \
  X(full_block_kept, "refcount", 32, "growth", "a full block in which cells are freed is not used again") \
  X(lazy_unpaid, "refcount-lazy", 32, "growth", "whoever takes new memory tears down none of the dead") \
  X(inherited_unlocked, "refcount-cycles-atomic", 10, "crash", "threads that end hand on their candidates without a lock") \
  X(full_put_off, "refcount-cycles", 32, "growth", "a full detection is put off while candidates that exceed the bound wait") \
  X(fresh_left_behind, "refcount-cycles-atomic", 32, "growth", "candidates that a dead thread has not counted make no detection due") \
  X(returned_unasked, "refcount-biased", 32, "growth", "an owner that has blocked is never asked again to serve its queue") \
  X(served_in_part, "refcount-biased", 32, "growth", "an owner serves a part of its queue only when it is asked") \
  X(others_unserved, "refcount-biased", 21, "limit", "with the world stopped, only the own queue is served") \
  X(number_free_early, "refcount-biased", 24, "check", "the next thread takes over the number of one that has not left yet") \
  X(surplus_short, "refcount-biased", 23, "check", "a count is lost when counts return from the table of surplus") \
  X(uncarved_forgotten, "refcount-atomic", 32, "growth", "a dead thread's block counts as full though a part of it was never used") \
  X(orphans_unsought, "refcount-atomic", 32, "growth", "blocks of dead threads are adopted by nobody") \
  X(search_from_start, "refcount-atomic", 32, "growth", "full blocks that were searched in vain are searched first again") \
  X(others_logs_uncounted, "refcount-deferred", 32, "check", "the length of other threads' logs does not end an epoch") \
  X(entries_stay, "refcount-deferred", 32, "growth", "logs count as long after an epoch has emptied them") \
  X(dead_pair_lets_go_twice, "refcount-deferred", 31, "check", "an ephemeron and its key that die together let the value go twice") \
  X(dead_pair_drops_twice, "refcount", 31, "check", "an ephemeron and its key that die together drop the value twice") \
  X(lazy_large_unpaid, "refcount-lazy", 32, "growth", "an allocation of a large object tears down none of the dead") \
  X(lazy_small_unpaid, "refcount-lazy", 32, "growth", "small objects that take new memory tear down none of the dead") \
  X(lazy_torn_in_part, "refcount-lazy", 21, "limit", "a full heap refuses memory before all of the dead are torn down") \
  X(queue_unlocked, "refcount-atomic", 12, "check", "threads put what is to be finalized into the queue without its lock") \
  X(flag_set_not_atomic, "refcount-cycles-atomic", 10, "check", "a flag of an object's header is set by an instruction that is not atomic") \
  X(flag_raise_not_atomic, "refcount-cycles-atomic", 10, "check", "the flag of a candidate is read and set in two steps") \
  X(weak_flag_not_atomic, "refcount-deferred", 10, "check", "the flag of a weak target is set by a load and a store") \
  X(dead_stay_linked, "refcount-generations", 8, "crash", "an object that dies stays in its list") \
  X(outside_uncounted, "refcount-generations", 16, "graph", "an object with one reference from outside of what is examined is taken for dead") \
  X(last_slot_unsubtracted, "refcount-generations", 17, "count", "references in an object's last slot are taken for references from outside") \
  X(moved_back_unfollowed, "refcount-generations", 16, "graph", "what an object refers to that is moved back is not moved back with it") \
  X(unreachable_weak_uncleared, "refcount-generations", 14, "poison", "weak references to what is unreachable stay") \
  X(unreachable_not_finalized, "refcount-generations", 13, "finalizer", "a finalizable object that is unreachable dies at once") \
  X(finalizable_again, "refcount-generations", 12, "finalizer", "an object that is unreachable again is finalized again") \
  X(queue_spares_nothing, "refcount-generations", 13, "graph", "what a finalizable object of a dead cycle refers to is let go of") \
  X(ephemeron_reaches, "refcount-generations", 31, "count", "an ephemeron that is alive makes its value alive, whatever its key") \
  X(late_key_unnoticed, "refcount-generations", 31, "graph", "a value dies if its key is found to be alive after the ephemeron was") \
  X(bare_keys_live_on, "refcount-generations", 31, "count", "keys without slots count as alive in full collections as well") \
  X(young_uncounted, "refcount-generations", 32, "growth", "young collections make no collection of the middle generation due") \
  X(pending_uncounted, "refcount-generations", 32, "growth", "what comes to the old generation makes no full collection due") \
  X(full_skips_middle, "refcount-generations", 17, "count", "a full collection leaves the middle generation out") \
  X(collects_when_asked_only, "refcount-generations", 17, "limit", "no collection but by gc_collect") \
  X(debt_unpaid, "refcount-incremental", 32, "growth", "new objects pay nothing of a debt, so that increments look at nothing") \
  X(joined_alone, "refcount-incremental", 32, "growth", "a pending object comes into an increment without what it leads to") \
  X(spaces_stay, "refcount-incremental", 32, "growth", "what was visited is never pending again") \
  X(weak_get_unlocked, "refcount-atomic", 10, "crash", "a weak reference is read without the lock under which it is cleared") \
  X(external_forgotten, "mark-sweep", 2, "check", "a block of external memory is on no list") \
  X(external_lost, "mark-sweep", 2, "check", "the external memory of a dead object is not given back") \
  X(external_given_twice, "mark-sweep", 12, "crash", "the external memory of a dead object is given back twice") \
  X(external_pruned_early, "mark-sweep", 9, "count", "what is about to be finalized has lost its external memory") \
  X(external_unlimited, "mark-sweep", 21, "check", "external memory does not count against the heap limit") \
  X(external_unpaced, "mark-sweep", 32, "growth", "external memory makes no collection due") \
  X(external_outlives, "mark-sweep", 2, "verdict", "external memory is not given back with the heap") \
  X(external_owner_stale, "semispace", 27, "check", "external memory is listed for where its owner was") \
  X(external_settled_early, "generational-copying", 9, "check", "external memory of young objects counts as that of old ones") \
  X(external_unflagged, "refcount-deferred", 2, "check", "the death of an old object with external memory is not noticed") \
  X(external_flag_cleared, "refcount", 2, "check", "with the weak references to an object its external memory is forgotten") \
  X(external_given_early, "refcount", 9, "count", "an object in the finalizer queue has lost its external memory") \
  X(cycle_external_kept, "refcount-cycles", 17, "check", "the external memory of a dead cycle is not given back")
/* clang-format on */

/* Bugs of the harness that no run can show, in the same form: the test
 * harness-faults plants each and looks whether its checks fail. */
/* clang-format off */
#define HARNESS_MUTANTS(X) \
  X(faster_is_calm, "harness", 30, "test", "a canary that gets faster is not suspect") \
  X(sides_swapped, "harness", 30, "test", "the canary of the base is compared with itself in the wrong order") \
  X(leak_off_by_one, "harness", 30, "test", "one object too many is no leak") \
  X(lost_off_by_one, "harness", 30, "test", "one object too few is not lost") \
  X(limit_at_twice, "harness", 30, "test", "a heap may hold twice what it may hold") \
  X(oom_is_good, "harness", 30, "test", "a record with the status OOM counts as ok") \
  X(declared_unread, "harness", 30, "test", "a leak counts as declared whatever the record says")
/* clang-format on */

/* Bugs of heap policies (pacing.h) that lose and damage nothing, in the same
 * form: the test policy-faults plants them. */
/* clang-format off */
#define POLICY_MUTANTS(X) \
  X(growth_least_ignored, "mark-sweep", 32, "test", "a small heap may not grow by the least growth") \
  X(heap_least_ignored, "mark-sweep", 32, "test", "a goal may be below the least heap") \
  X(heap_most_ignored, "mark-sweep", 32, "test", "a goal may be above the largest heap") \
  X(goal_never_falls, "mark-sweep", 32, "test", "the goal stays when the live set shrinks") \
  X(external_unseen, "mark-sweep", 32, "test", "external bytes do not count towards the goal") \
  X(rates_swapped, "mark-sweep", 32, "test", "fast collections make the heap larger, not smaller") \
  X(quarter_ignored, "mark-sweep", 32, "test", "a full collection is due though little became old") \
  X(mean_of_large, "mark-sweep", 32, "test", "one large object makes a count of objects come to too many bytes") \
  X(given_back_at_once, "mark-sweep", 32, "test", "a surplus is given back the first time it is seen") \
  X(surplus_kept, "mark-sweep", 32, "test", "a surplus is never given back") \
  X(partial_sets_goal, "mark-sweep", 32, "test", "the goal follows from a partial collection")
/* clang-format on */

#ifdef GC_MUTANTS

#include <stdbool.h>
#include <stdint.h>

#define MUTANT_ID(name, family, class, oracle, text) MUTANT_##name,
typedef enum mutant_id {
  MUTANT_NONE,
  MUTANTS(MUTANT_ID) HARNESS_MUTANTS(MUTANT_ID) POLICY_MUTANTS(MUTANT_ID)
      MUTANTS_END
} mutant_id;
#undef MUTANT_ID

/* The bug that is planted; set before the heap is made. */
extern mutant_id mutant_planted;
#define gc_mutant(name) (mutant_planted == MUTANT_##name)

/* Bracket the part of a check that runs code which may hold the bug: the check
 * must not be blind to its effects.  No mutator may run meanwhile. */
void mutants_suspend(void);
void mutants_resume(void);

/* Plants the bug of this name; "list" instead prints the table as JSON and ends
 * the process.  Returns false, and sets *hint to the most similar name, if
 * there is none. */
bool mutant_plant(const char *name, const char **hint);

/* Adds one by a load and a store, with time for another thread in between. */
void mutant_count_up(uint32_t *count);

/* Sets bits of a word in the same way; whether one of them was clear. */
bool mutant_set_bits(uint64_t *word, uint64_t bits);

#else
#define gc_mutant(name)             0
#define mutants_suspend()           ((void)0)
#define mutants_resume()            ((void)0)
#define mutant_count_up(count)      ((void)(count))
#define mutant_set_bits(word, bits) ((void)(word), (void)(bits), 0)
#endif

#endif
