#!/usr/bin/env bash
# parallel.sh SUITE -n N --hosts HOST,... [OPTION...]: runs the N rounds of a suite on
# these hosts by ssh, with GNU parallel: one round at a time on each, in an order by lot.
# A round that was cut is tried again, on another host if there is one.  Then all are
# merged into DIR/merged.  The same command again, with -o DIR, goes on.
#   -n N             rounds: invocations of each cell
#   --hosts HOST,... names for ssh, such as user@host; `:` is this machine
#   -o DIR           where the results go
#   --tries N        how often a round that was cut is run in all (3)
#   --strata         merge rounds of different kinds of machines, too
# All others are options of `reapmark run`.  The build, the suite and the current folder
# have the same paths on all hosts, which need ssh without a password, and rsync.
set -euo pipefail
scripts=$(dirname "$(realpath "$0")")
# shellcheck source=scripts/rounds.sh
. "$scripts/rounds.sh"

own='--hosts --tries'
own_option() {
  case $1 in
    --hosts) hosts=$2 ;;
    --tries) number "$1" "$2" 100; tries=$2 ;;
  esac
}

if [ "${1-}" = --round ]; then # DIR K: what a host does
  go_on "$2"
  run_round "$3"
  exit
fi
hosts='' tries=3
read_options "$@"
[ -n "$hosts" ] || refuse 'on which hosts? name them by --hosts HOST,...'
needs_program parallel parallel
begin
if [ -n "$(missing_rounds)" ]; then
  back=() # of this machine alone, nothing comes back
  [ "$hosts" = : ] || back=(--basefile "$dir/command" --return "$dir/rounds/{}")
  missing_rounds | parallel --will-cite --sshlogin "$hosts" --jobs 1 --retries "$tries" \
    --workdir . "${back[@]}" \
    "$(printf '%q ' "$scripts/parallel.sh" --round "$dir") {} 2>&1" \
    >>"$dir/log/parallel" || true
fi
merge_rounds
