/* mutant-conditions.h: under which condition of the stress suite a seeded bug
 * is hunted first, where that is none of the cheap ones that come first anyway.
 * Written down when the bug was caught; a hint changes the order of a hunt and
 * leaves nothing out.  Each is a row X(name, condition); a condition without a
 * setting stands for itself with each setting. */
#ifndef REAPMARK_COMMON_MUTANT_CONDITIONS_H
#define REAPMARK_COMMON_MUTANT_CONDITIONS_H

/* clang-format off */
#define MUTANT_CONDITIONS(X) \
  X(large_leaked, "growth-large-small") \
  X(holes_uncounted, "growth-finalized") \
  X(queue_only_grows, "growth-backlog") \
  X(empty_blocks_kept, "scarcity") \
  X(returned_unlisted, "growth-threads-brief") \
  X(bare_never_taken, "heap-100") \
  X(bare_freed_uncounted, "heap-50") \
  X(trim_leaks, "growth-weak-turnover") \
  X(shade_not_atomic, "volleys") \
  X(span_not_atomic, "volleys") \
  X(whole_kept, "scarcity") \
  X(one_attempt_less, "scarcity") \
  X(fallback_kept, "scarcity") \
  X(nobody_assists, "growth-churn") \
  X(back_off_for_good, "growth-list") \
  X(settled_by_full_only, "growth-queued") \
  X(card_not_atomic, "volleys") \
  X(remembered_by_both, "race-slots") \
  X(empty_cards_leak, "growth-threads-spent") \
  X(full_never_due, "growth-queue") \
  X(again_partial, "scarcity") \
  X(card_overflow_lost, "buffers-1") \
  X(large_unpaced, "growth-large-alone") \
  X(loser_keeps_copy, "volleys") \
  X(detached_room_charged, "growth-threads-brief") \
  X(detached_room_budgeted, "growth-threads-idling") \
  X(open_block_lost, "growth-threads-brief") \
  X(open_list_unlocked, "race-guests") \
  X(budget_without_large, "growth-large-kept") \
  X(spare_released, "scarcity") \
  X(returned_unsought, "growth-threads-brief") \
  X(headroom_kept, "scarcity") \
  X(stay_flag_kept, "tight-buffers") \
  X(search_repeated, "growth-crannies") \
  X(live_without_large, "growth-large-kept") \
  X(returned_unlocked, "race-guests") \
  X(returned_budgeted, "growth-threads-idling") \
  X(overflow_unreturned, "heap-200") \
  X(dead_targets_count, "growth-weak-turnover") \
  X(remote_taken_in_two, "race-handover") \
  X(undone_tried_for_ever, "growth-rings-pinned") \
  X(threshold_stays, "growth-rings-pinned") \
  X(full_put_off, "growth-queue") \
  X(flagged_after_drop, "race-drops") \
  X(outgoing_sent_once, "race-visitors") \
  X(part_logged_twice, "race-slots") \
  X(owner_unasked, "growth-threads-partner") \
  X(returned_unasked, "growth-threads-partner") \
  X(served_in_part, "growth-threads-partner") \
  X(search_from_start, "growth-threads-partner") \
  X(uncarved_forgotten, "growth-threads-left") \
  X(fresh_left_behind, "growth-threads-pairs") \
  X(number_free_early, "race-guests") \
  X(inherited_unlocked, "race-guests") \
  X(orphans_unsought, "heap-90") \
  X(others_logs_uncounted, "race-slots") \
  X(lazy_unpaid, "growth-large-small") \
  X(lazy_large_unpaid, "growth-large-small") \
  X(lazy_small_unpaid, "growth-fans") \
  X(lazy_torn_in_part, "scarcity") \
  X(queue_unlocked, "volleys") \
  X(flag_set_not_atomic, "volleys") \
  X(flag_raise_not_atomic, "volleys") \
  X(weak_flag_not_atomic, "volleys") \
  X(bare_keys_live_on, "growth-pairs-bare") \
  X(weak_get_unlocked, "race-weak") \
  X(detects_when_asked_only, "growth-queue") \
  X(lost_log_untold, "buffers-8")
/* clang-format on */

#endif
