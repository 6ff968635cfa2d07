#!/usr/bin/env bash
# slurm.sh SUITE -n N [OPTION...]: runs the N rounds of a suite on the nodes of a Slurm
# cluster: each round is a task of a job array and has a node for itself, in an order
# by lot.  A second job, which waits for them, submits anew what was cut, and merges
# all into DIR/merged.  The same command again, with -o DIR, goes on.
#   -n N             rounds: invocations of each cell
#   --nodes N        at most so many nodes at once (all that are free)
#   -o DIR           where the results go, on a file system that all nodes share
#   --tries N        how often a round that was cut is submitted in all (3)
#   --sbatch=OPTION  an option for sbatch, as in --sbatch=--partition=long; may be
#                    repeated
#   --strata         merge rounds of different kinds of machines, too
# All others are options of `reapmark run`.
set -euo pipefail
scripts=$(dirname "$(realpath "$0")")
# shellcheck source=scripts/rounds.sh
. "$scripts/rounds.sh"

own='--nodes --tries --sbatch'
own_option() {
  case $1 in
    --nodes) number "$1" "$2" 100000; nodes=$2 ;;
    --tries) number "$1" "$2" 100; tries=$2 ;;
    --sbatch) options+=("$2") ;;
  esac
}

# submit_job OPTION... -- WORD...: submits a job of this script; prints its number.
submit_job() {
  local given=()
  while [ "$1" != -- ]; do given+=("$1"); shift; done
  shift
  sbatch --parsable --open-mode=append "${given[@]}" "${options[@]}" \
    --wrap "exec $(printf '%q ' "$scripts/slurm.sh" "$@")" | cut -d ';' -f 1
}

# submit: the array of the rounds that are missing, and the job that waits for it.
submit() {
  local count array last
  missing_rounds >"$dir/order.$tries"
  count=$(wc -l <"$dir/order.$tries")
  array=$(submit_job --job-name=reapmark-rounds --nodes=1 --exclusive --requeue \
    --array="0-$((count - 1))${nodes:+%$nodes}" --output="$dir/log/%A_%a" \
    -- --round "$dir" "$dir/order.$tries")
  last=$(submit_job --job-name=reapmark-merge --dependency="afterany:$array" \
    --output="$dir/log/%j" -- --finish "$dir" "$tries")
  echo "$array $last" >"$dir/jobs"
  declare -p nodes options strata >"$dir/slurm"
  say "$count of $rounds rounds are job $array; job $last merges them into $dir/merged"
}

case ${1-} in
  --round) # DIR ORDER: what a task of the array does
    go_on "$2"
    export REAPMARK_MACHINE=${SLURMD_NODENAME:-$(hostname)}
    run_round "$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$3")"
    ;;
  --finish) # DIR TRIES: what the last job does
    go_on "$2"
    # shellcheck source=/dev/null
    . "$dir/slurm"
    tries=$(($3 - 1))
    if [ $tries -gt 0 ] && [ -n "$(missing_rounds)" ]; then
      submit
    else
      merge_rounds
    fi
    ;;
  *)
    nodes='' tries=3 options=()
    read_options "$@"
    needs_program sbatch slurm-client
    begin
    jobs=$(cat "$dir/jobs" 2>/dev/null || true)
    if [ -n "$jobs" ] && [ -n "$(squeue -h -j "${jobs// /,}" 2>/dev/null)" ]; then
      refuse "$dir: its jobs $jobs are not over yet; see squeue, or scancel $jobs"
    fi
    if [ -n "$(missing_rounds)" ]; then submit; else merge_rounds; fi
    ;;
esac
