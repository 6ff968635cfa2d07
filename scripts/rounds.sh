# rounds.sh: sourced by slurm.sh and parallel.sh, which run a plan on many machines.
#
# A round of the plan has every cell once, with the canary at both ends, and is of
# one machine (docs/machines.md).  The folder $dir has
#   command      env REAPMARK_PATH=... reapmark run ... -n N, quoted for bash
#   rounds/K     the results of round K, which is whole
#   rounds/K.*   what is left of a try that was cut; another try begins anew, since a
#                round is of one machine and of one time
#   log/         what the machines said
#   merged/      all rounds together, a results directory
# A round gets its name when it is whole, by renaming its folder.  So no round is there
# twice, whoever runs it again.
#
# shellcheck shell=bash
# A script sets `own`, the names of its own options, which take a value, and a
# function own_option NAME VALUE, before it calls read_options.

say() { echo "$(basename "$0"): $*" >&2; }

# refuse MESSAGE: ends the script after a mistake of the user.
refuse() {
  say "$*"
  exit 2
}

# number OPTION TEXT MOST: TEXT is a number from 1 to MOST.
number() {
  [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] && [ "$2" -le "$3" ] ||
    refuse "$1: '$2' is no number from 1 to $3"
}

# needs_program NAME PACKAGE
needs_program() {
  command -v "$1" >/dev/null || refuse "$1 is not installed: it is in the package $2"
}

# help: prints the comment at the head of the script.
help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# read_options WORD...: sets `rounds`, `dir`, `strata`, and `words` for `reapmark
# run`.
read_options() {
  local name
  words=() rounds='' dir='' strata=()
  while [ $# -gt 0 ]; do
    case $1 in # an option and its value become two words
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
      -[cnotw]?*) set -- "${1:0:2}" "${1:2}" "${@:2}" ;;
    esac
    name=$1
    shift
    case $name in
      -h | --help) help; exit 0 ;;
      --strata) strata=(--strata); continue ;;
      --resume) refuse '--resume: the same command again goes on' ;;
      --rounds | --until-ci | --budget | --timeline | --dry-run | --needs)
        refuse "$name: a run on many machines has no such option" ;;
    esac
    case " -n --invocations -o --output $own " in
      *" $name "*) [ -n "${1-}" ] || refuse "$name: a value is wanted" ;;
      *) words+=("$name"); continue ;;
    esac
    case $name in
      -n | --invocations) number "$name" "$1" 1000; rounds=$1 ;;
      -o | --output) dir=$1 ;;
      *) own_option "$name" "$1" ;;
    esac
    shift
  done
  [ -n "$rounds" ] || refuse 'how many rounds? name them by -n N'
}

# begin: begins $dir with the command, which the driver checks, or goes on with a
# $dir that the same command began.
begin() {
  local reapmark quoted said
  reapmark=$scripts/../build/reapmark
  [ -x "$reapmark" ] || reapmark=$(command -v reapmark) ||
    refuse 'there is no reapmark: build it (cmake --build --preset release), or install it'
  command=(env REAPMARK_PATH="${REAPMARK_PATH-}" "$(realpath "$reapmark")" run
    "${words[@]}" -n "$rounds")
  said=$("${command[@]}" --rounds 1 --dry-run 2>&1 >/dev/null) || { echo "$said" >&2; exit 2; }
  quoted=$(printf '%q ' "${command[@]}")
  [ -n "$dir" ] || dir=results/runs/$(date -u +%Y-%m-%dT%H-%M-%SZ)
  if [ -e "$dir/command" ]; then
    go_on_with "$quoted"
  elif [ -n "$(ls -A "$dir" 2>/dev/null)" ]; then
    refuse "$dir is not empty, and no run on many machines: take another -o DIR"
  fi
  mkdir -p "$dir/rounds" "$dir/log" || exit 2
  dir=$(realpath "$dir")
  echo "$quoted" >"$dir/command"
}

# go_on_with COMMAND: $dir was begun by this command, but for a smaller -n.
go_on_with() {
  local begun before
  begun=$(cat "$dir/command")
  [ "${begun% -n *}" = "${1% -n *}" ] || refuse "$dir was begun by another command: $begun"
  before=${begun##* -n } before=${before% }
  [ "$before" -le "$rounds" ] || refuse "-n $rounds: $dir has $before rounds already"
}

# go_on DIR: the same on a machine that runs a part.
go_on() {
  dir=$1
  eval "command=($(cat "$dir/command"))"
  rounds=${command[-1]}
}

# missing_rounds: prints the numbers of the rounds that are missing, in an order by lot.
missing_rounds() {
  local k
  for ((k = 1; k <= rounds; k++)); do
    [ -d "$dir/rounds/$k" ] || echo "$k"
  done | shuf
}

# driver WORD...: another command of the driver that the plan is run with.
driver() { "${command[@]:0:3}" "$@"; }

# is_whole FOLDER: it has the whole of a round, as `merge` sees it.
is_whole() {
  local code=0
  driver merge "$1.whole" "$1" >/dev/null 2>&1 || code=$?
  rm -rf "$1.whole"
  [ $code -le 1 ] # 1: other rounds are missing
}

# run_round K: runs round K, unless it is there.  That cells fail is a result; status 1
# if the round was cut.
run_round() {
  local try code=0
  [ ! -d "$dir/rounds/$1" ] || return 0
  mkdir -p "$dir/rounds"
  try=$(mktemp -d "$dir/rounds/$1.XXXXXX")
  chmod go+rx "$try"
  "${command[@]}" --rounds "$1" -o "$try" || code=$?
  if [ $code -gt 1 ] || ! is_whole "$try"; then
    say "round $1 was cut, with status $code"
    return 1
  fi
  mv -T "$try" "$dir/rounds/$1" || [ -d "$dir/rounds/$1" ]
}

# merge_rounds: joins the rounds that are there; status 1 if some are missing.
merge_rounds() {
  local k code=0 folders=()
  for ((k = 1; k <= rounds; k++)); do
    [ ! -d "$dir/rounds/$k" ] || folders+=("$dir/rounds/$k")
  done
  [ ${#folders[@]} -gt 0 ] || { say "no round is whole: see $dir/log"; return 1; }
  rm -rf "$dir/merged.before"
  [ ! -e "$dir/merged" ] || mv "$dir/merged" "$dir/merged.before"
  driver merge "${strata[@]}" "$dir/merged" "${folders[@]}" || code=$?
  if [ $code -gt 1 ]; then
    [ ! -e "$dir/merged.before" ] || mv "$dir/merged.before" "$dir/merged"
    return $code
  fi
  rm -rf "$dir/merged.before"
  say "$dir/merged has ${#folders[@]} of $rounds rounds"
  [ ${#folders[@]} = "$rounds" ] || { say 'the same command again runs the others'; return 1; }
}
