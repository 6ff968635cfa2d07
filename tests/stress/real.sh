#!/usr/bin/env bash
# Tests of `reapmark stress` with collectors that collect.
# Usage: real.sh REAPMARK FOLDER-OF-TOYS TEST; one function per test.  The
# programs with seeded bugs are in the folder mutants/ beside REAPMARK.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
toys=$2

# Every collector of the project passes.  Each runs a third of the conditions, and each
# condition is run by a third of the collectors, with a third of the operations: all
# pairs, which `stress --quick` runs, take ten minutes.  Races and volleys, which take
# two thirds of the time, are left to test_whole_campaign.
test_collectors() {
  list_models
  expect 0 stress --list
  awk 'NR > 1 && NF { print $1 }' out | grep -v -e '^race-' -e '^volleys' -e '^peak' >conditions
  [ "$(wc -l <conditions)" -gt 60 ] || fail 'there are few conditions'
  for part in 0 1 2; do
    mapfile -t names < <(third $part models)
    expect 0 stress "${names[@]}" --quick --ops 300000 -o dir$part \
      -C "$(third $part conditions | paste -sd,)"
    for name in "${names[@]}"; do
      row "^$name +\(all\) +ok "
    done
  done
}

# Of a campaign over all conditions all events are reached, too, or it fails.
test_whole_campaign() {
  expect 0 stress refcount-atomic generational-copying --quick -o dir
}

# These seeded bugs are all caught.  Each oracle alone sees one that no other sees, but
# `finalizer`: what it sees shows later in the counts, too.
test_seeded_bugs() {
  expect 0 stress --mutants payload_threaded weak_reference_leaked \
    ms_weak_hasty finalizer_skipped stray_mark_bit ms_limit_ignored \
    written_after_free cascade_recurses restart_lost \
    -C plain,turns,poison,heap-100,stack --ops 500000 --seeds 1 --alone -o dir
  printed 'Caught: 9 of 9, with one seed.'
  row '^refcount +finalizer_skipped +.*  count finalizer  '
  row '^refcount +weak_reference_leaked +.*  count check  '
  for oracle in graph weak check limit poison crash hang; do
    row "^Only by $oracle: .*[+]"
  done
}

# The list of seeded bugs says where some are hunted first, and means conditions that
# there are.
test_seeded_bugs_name_conditions() {
  expect 0 stress --list
  awk '{ print $1 }' out >conditions
  "$(dirname "$reapmark")/mutants/mark-sweep" --mutant list >list
  grep -o '"under":"[^"]*"' list | cut -d'"' -f4 | sed '/^$/d; s/:.*//' | sort -u >named
  [ "$(wc -l <named)" -gt 10 ] || fail 'few bugs have a condition'
  ! grep -vxFf conditions named || fail 'there is no such condition'
}

# What no random program meets by chance falls to the conditions that are made for it:
# a race of few instructions, a thread that ends at a bad moment, a table that only
# grows, a candidate that all others wait for, a list that is not freed.
test_seeded_bugs_of_races_and_costs() {
  expect 0 stress --mutants flagged_after_drop outgoing_sent_once dead_targets_count \
    undone_tried_for_ever detects_at_drops_only empty_cards_leak bare_keys_live_on \
    --quick --seeds 1 -o dir \
    -C race-drops,race-handover,race-visitors,growth-weak-turnover,growth-rings-pinned,growth-rings-taken,growth-threads-spent,growth-pairs-bare
  printed 'Caught: 7 of 7, with one seed.'
  row '^refcount-generations +bare_keys_live_on +.* count +growth-pairs-bare '
  row '^refcount-cycles +detects_at_drops_only +.* growth +growth-rings-taken '
  row '^refcount +dead_targets_count +.* growth +growth-weak-turnover '
  row '^generational +empty_cards_leak +.* growth +growth-threads-spent '
  row '^refcount-cycles +undone_tried_for_ever +.* growth +growth-rings-pinned '
}

# Flags that are set in a way which is not atomic: two threads must be at one object at
# one moment.  Whatever the seed, the first episodes show it.
test_seeded_bugs_of_flags() {
  [ "$(nproc)" -gt 1 ] || skip 'needs two processors'
  expect 0 stress --mutants weak_flag_not_atomic flag_set_not_atomic \
    flag_raise_not_atomic queue_unlocked --quick --seeds 3 -C volleys -o dir
  printed 'Caught: 4 of 4, with each of 3 seeds.'
}

# Markers that lose what they give to each other, end too early, or copy an object
# twice, which needs two of them at one object at one moment.
test_seeded_bugs_of_several_markers() {
  expect 0 stress --mutants gift_lost calls_kept copies_in_one_block loser_keeps_copy \
    --quick --seeds 1 -C tight,volleys -o dir
  printed 'Caught: 4 of 4, with one seed.'
  row '^semispace +loser_keeps_copy +.* graph +volleys '
}

# The same seed leads to the same run, also in a heap that is full.
test_same_again() {
  for dir in a b c; do
    expect 0 stress mark-sweep mark-sweep-concurrent semispace immix \
      -C heap-200,heap-90 --ops 400000 --seeds 1 --format csv -o $dir
    cut -d, -f1-7 out >$dir.csv
    counted 8 ',heap-(200|90),ok' $dir.csv
    same a.csv $dir.csv
  done
}

# A collector that frees by recursion gets no deep lists, under any condition: the
# lists of a million operations are too deep for the C stack.
test_shallow() {
  expect 0 stress gobject -C plain,stack --quick -o dir
  printed 'n/a: needs drops of any depth'
}

# Programs that make one kind of thing alone: large objects, finalizable objects,
# threads that make an object each.  Nothing of them is alive, so the heap stays as it is.
test_alone() {
  conditions=growth-large-alone,growth-sizes,growth-taken,growth-threads-brief
  expect 0 stress mark-sweep semispace immix generational-copying --quick \
    -C $conditions -o dir
  for name in mark-sweep semispace immix generational-copying; do
    row "^$name +growth-taken +ok "
    row "^$name +growth-threads-brief +ok "
  done
}

# A heap that ran out has room again for whatever comes next.
test_scarcity() {
  expect 0 stress mark-sweep mark-sweep-incremental mark-sweep-concurrent \
    generational generational-copying semispace immix --quick -C scarcity -o dir
  counted 7 '^[a-z-]+ +scarcity +ok ' out
  # Two threads that take finalizers from each other; more rounds, since they race.
  for seed in 2 3; do
    "$(dirname "$reapmark")/collectors/immix" --run scarcity:volume=2097152,rounds=16 \
      --threads 2 --heap 2097152 --seed $seed >record
    has record '"status":"ok"'
  done
}

# Threads that write into neighbouring places lose nothing.
test_volleys() {
  expect 0 stress mark-sweep-incremental mark-sweep-concurrent generational --quick \
    -C volleys -o dir
  counted 3 '^[a-z-]+ +volleys +ok ' out
}

test_toy() {
  REAPMARK_PATH=$toys expect 0 stress toy --ops 300000 --seeds 2 \
    -C plain,collect-1,collect-7,heap-90,heap-live,stack -o dir
}

# What costs more than twice as much for twice the work is found, by the figure;
# the same collector without such a cost passes.
test_toy_costs() {
  conditions=growth-churn,growth-list,growth-tree-pieces
  REAPMARK_PATH=$toys expect 0 stress toy --quick -C $conditions -o sound
  row '^toy +growth-churn +ok '
  REAPMARK_PATH=$toys expect 1 stress toy:plants=1 --quick -C growth-churn -o bytes
  printed 'growth: bytes of the footprint at its peak, shape=churn with toy:plants=1: '
  printed 'where nothing that is alive grows'
  REAPMARK_PATH=$toys expect 1 stress toy:plants=2 --quick -C growth-churn -o work
  printed 'growth: visited, shape=churn with toy:plants=2'
  printed 'where the program only doubles'
}

# A collector out of tree declares the hooks that it calls, its events and its tight
# settings, and is held to them.
test_toy_declares() {
  REAPMARK_PATH=$toys expect 0 stress toy --quick --ops 200000 --format csv \
    -C collect-1,fail-every,poison,buffers-1,yield,tight,tight-collect,tight-buffers \
    -o dir
  printed 'toy,collect-1,ok,1,'
  row '^toy,fail-every,ok'
  printed 'toy,poison,n/a: does not poison what it frees'
  printed 'toy,buffers-1,n/a: has no list with a bound'
  printed 'toy,yield,n/a: needs threads'
  printed 'toy,tight:slack=1,ok,1,'
  printed 'toy,tight-collect:slack=1,ok,1,'
  printed 'toy,tight-buffers:slack=1,n/a: has no list with a bound'
  row '^toy,event collections,ok,,,,[0-9]+,'
  row '^toy,event freed,ok,,,,[0-9]+,,,first under collect-1'
}

# A collector with a root that it does not mark: the failure is found, and shrunk
# to at most twenty operations, which fail when they are replayed.
test_toy_broken() {
  REAPMARK_PATH=$toys expect 1 stress toy-broken -C plain --ops 300000 \
    --seeds 1 --shrink -o dir
  printed 'FAILED: '
  n=$(sed -n 's/.*shrunk to \([0-9]*\) operations.*/\1/p' out)
  [ "$n" -gt 0 ] && [ "$n" -le 20 ] || fail "not shrunk: '$n' operations"
  row '^    tls-store '
  expect 0 trace verify dir/failure-1/minimal.trace
  # The command that the list gives fails, and a sound collector does not.
  command=$(sed -n 's/^# replay: //p' dir/failure-1/minimal.trace)
  $command >record
  has record '"status":"'
  ! grep -q '"status":"ok"' record || fail 'the list does not fail'
  "$toys/toy" ${command#* } >record
  has record '"status":"ok"' # a sound collector passes
}

run_test "$3"
