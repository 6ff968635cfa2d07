#!/usr/bin/env bash
# Tests of the scripts that run a plan on many machines, with scripted collectors.
# A cluster of Slurm, a server of ssh and their keys are made in the folder of the
# test, and end with it.  Usage: cluster.sh REAPMARK ROOT TEST.  With the variable
# REAPMARK_TEST_ROUNDS the test `slurm` has so many rounds.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
root=$2
use_scripted "$tests/driver/scripted-collector" alpha beta
# A tree whose build is the driver of the test.
mkdir -p tree/build tree/scripts
cp "$root"/scripts/{rounds,slurm,parallel}.sh tree/scripts
ln -s "$work/reapmark" tree/build/reapmark
slurm=tree/scripts/slurm.sh
parallel=tree/scripts/parallel.sh
plan=(-c alpha,beta -w script:act=slow,script -n 8)

# whole DIR: the merged results have the runs of an undisturbed run, each once.
whole() {
  [ -d undisturbed ] || expect 0 run "${plan[@]}" --rounds "1-${plan[-1]}" -o undisturbed
  keys undisturbed >wanted
  keys "$1/merged" >found.keys
  same wanted found.keys
  expect 0 report "$1/merged"
  unsaid missing
}

# cut_tries DIR: prints how many tries of rounds were cut.
cut_tries() { find "$1/rounds" -mindepth 1 -maxdepth 1 -name '*.*' | wc -l; }

unsaid() { ! grep -qF -e "$1" err || fail "stderr has: $1"; }

# fake NAME: a program that writes down its arguments, a line for each, and prints
# a number, as sbatch does.
fake() {
  mkdir -p bin
  cat >"bin/$1" <<X
#!/bin/sh
echo "\$@" >>"$work/$1.calls"
echo \$((100 + \$(wc -l <"$work/$1.calls")))
X
  chmod +x "bin/$1"
  PATH=$work/bin:$PATH
}

# task INDEX [LINE [CODE]]: runs a task of the array that the fake sbatch was given in
# this line of its calls (1); it must exit with CODE (0).
task() {
  local words
  words=$(sed -n "${2-1}s/.*--wrap exec //p" sbatch.calls)
  SLURM_ARRAY_TASK_ID=$1 SLURMD_NODENAME=slot-$1 exits "${3-0}" bash -c "$words"
}

# finish [LINE [CODE]]: the same with the job that waits for the array (2).
finish() {
  local words
  words=$(sed -n "${1-2}s/.*--wrap exec //p" sbatch.calls)
  exits "${2-0}" bash -c "$words"
}

# -------------------------------------------------------------------------- #
# Without a cluster.
# -------------------------------------------------------------------------- #

test_bad_input() {
  fake sbatch
  fake parallel
  bad() { # SCRIPT TEXT ARGUMENT...
    exits 2 "$1" "${@:3}"
    complained "$2"
  }
  for script in $slurm "$parallel --hosts :"; do
    bad_either() { exits 2 $script "${@:2}"; complained "$1"; }
    bad_either 'how many rounds? name them by -n N' "${plan[@]:0:4}"
    bad_either "-n: '0' is no number from 1 to 1000" -n 0
    bad_either "--invocations: '1001' is no number from 1 to 1000" --invocations=1001
    bad_either "-n: '5x' is no number" -n5x
    bad_either '-n: a value is wanted' quick -n
    bad_either '--tries: a value is wanted' quick -n 5 --tries=
    bad_either '--resume: the same command again goes on' quick -n 5 --resume
    bad_either '--until-ci: a run on many machines has no such option' --until-ci=2% -n 5
    bad_either "reapmark: --workloads: unknown workload 'scripts'" -n 5 -w scripts -c alpha
    bad_either "unknown option '--rats'" -n 5 -w script -c alpha --rats 5
    mkdir -p full/of
    bad_either 'full is not empty, and no run on many machines' "${plan[@]}" -o full
  done
  bad "$slurm" "--nodes: '-3' is no number" "${plan[@]}" --nodes=-3
  bad "$parallel" 'on which hosts? name them by --hosts HOST,...' "${plan[@]}"
  [ ! -e sbatch.calls ] && [ ! -e parallel.calls ] || fail 'something was started'
  # Without their programs.
  rm bin/*
  local program
  for program in bash env basename dirname realpath sed; do
    ln -s "$(command -v $program)" bin/
  done
  exits 2 env PATH="$work/bin" $slurm "${plan[@]}"
  complained 'sbatch is not installed: it is in the package slurm-client'
  exits 2 env PATH="$work/bin" $parallel "${plan[@]}" --hosts :
  complained 'parallel is not installed: it is in the package parallel'
}

test_help() {
  for script in $slurm $parallel; do
    exits 0 $script --help
    printed 'SUITE -n N'
    printed '-o DIR'
    unprinted 'set -e'
  done
}

test_what_is_submitted() {
  fake sbatch
  fake squeue
  exits 0 $slurm "${plan[@]}" --nodes 3 -o dir --sbatch=--partition=long --strata
  complained '8 of 8 rounds are job 101; job 102 merges them into '
  counted 2 '--partition=long --wrap exec ' sbatch.calls
  counted 1 '--nodes=1 --exclusive --requeue --array=0-7%3 ' sbatch.calls
  counted 1 '--dependency=afterany:101 ' sbatch.calls
  sort -n dir/order.3 >found.order
  seq 8 >wanted.order
  same wanted.order found.order
  # While its jobs are there, nothing is submitted twice.
  exits 2 $slurm "${plan[@]}" -o dir
  complained 'its jobs 101 102 are not over yet'
}

# The last job submits anew what was cut, then merges.
test_tasks_and_the_last_job() {
  fake sbatch
  exits 0 $slurm "${plan[@]}" -o dir
  for index in 0 1 2 4 5 6 7; do task $index; done
  # A task that is there twice runs nothing, and one that was cut leaves no round.
  task 0
  silent
  local cut
  cut=$(sed -n 4p dir/order.3)
  mv found/beta kept
  printf '#!/bin/sh\nkill -9 $PPID\n' >found/beta
  chmod +x found/beta
  task 3 1 1
  mv kept found/beta
  [ ! -e "dir/rounds/$cut" ] || fail 'a round that was cut is there'
  finish
  said "1 of 8 rounds are job 103; job 104 merges them"
  has_line dir/order.2 "$cut"
  task 0 3
  finish 4
  said 'merged has 8 of 8 rounds'
  whole dir
  counted 4 '"id":"slot-7"' dir/merged/runs.jsonl
  # All is there: it merges again.  With a larger -n, the rest is submitted.
  exits 0 $slurm "${plan[@]}" -o dir
  said 'merged has 8 of 8 rounds'
  exits 2 $slurm "${plan[@]}" -n 7 -o dir
  complained '-n 7: '
  exits 2 $slurm -c alpha -w script -n 8 -o dir
  complained 'dir was begun by another command: '
  exits 0 $slurm "${plan[@]:0:4}" -n 10 -o dir
  said '2 of 10 rounds are job '
}

# After so many tries what there is is merged, and the rest is named.
test_last_try() {
  fake sbatch
  exits 0 $slurm "${plan[@]}" -o dir --tries 1
  finish 2 1
  complained 'no round is whole'
  task 5
  finish 2 1
  said 'merged has 1 of 8 rounds'
  said 'the same command again runs the others'
  said 'missing: rounds '
}

# That cells fail is a result.
test_failed_cells() {
  fake sbatch
  exits 0 $slurm -c alpha -w script:act=wrong -n 2 -o dir
  task 0
  task 1
  finish
  expect 1 report dir/merged -f bmf --machine slot-1
  said 'WRONG'
}

# -------------------------------------------------------------------------- #
# Slurm.
# -------------------------------------------------------------------------- #

# A cluster with two nodes, slot1 and slot2, on this host.
start_cluster() {
  local program name seed=$((20000 + RANDOM % 20000))
  for program in munged:munge slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client; do
    name=$(PATH=$PATH:/usr/sbin command -v ${program%:*}) ||
      skip "the package ${program#*:} is not installed"
  done
  PATH=$PATH:/usr/sbin
  export SLURM_CONF=$work/slurm.conf
  mkdir state
  dd if=/dev/urandom of=munge.key bs=128 count=1 2>/dev/null
  chmod 400 munge.key
  cat >slurm.conf <<X
ClusterName=test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$seed
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=1,sched_min_interval=0
ReturnToService=2
KillWait=1
MailProg=/bin/true
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/%n.spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/%n.log
SlurmdParameters=config_overrides
NodeName=slot[1-2] NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=[$((seed + 1))-$((seed + 2))] CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
X
  # Newer ones of slurmd want control groups even where nothing uses them, unless they
  # are told not to, which older ones do not understand.
  version=$(slurmd -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  if [ "$version" -ge 23 ]; then
    echo 'CgroupPlugin=disabled' >cgroup.conf
  elif ! grep -q ' /sys/fs/cgroup ' /proc/self/mounts; then
    skip "slurmd $version needs control groups, and there are none"
  fi
  daemon munged --foreground --force --socket="$work/munge.socket" --key-file="$work/munge.key" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munged.seed"
  wait_for test -S munge.socket
  daemon slurmctld -D
  daemon slurmd -D -N slot1
  daemon slurmd -D -N slot2
  idle() { [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ]; }
  wait_for idle
}

# daemon WORD...: a program that ends with the test.
daemons=()
daemon() {
  "$@" >>daemons.log 2>&1 &
  daemons+=($!)
}
end_daemons() {
  set +e
  [ -z "${SLURM_CONF-}" ] || squeue -h -o %A | xargs -r timeout 20 scancel -s KILL --full
  [ ${#daemons[@]} = 0 ] || kill "${daemons[@]}" 2>/dev/null
  wait
  return "$1"
}
trap 'end_daemons $?; at_exit' EXIT

# disturb: kills all processes of a running task, or has it begun anew, by lot.
disturb() {
  local tasks
  mapfile -t tasks < <(squeue -h -t R -n reapmark-rounds -o %i)
  [ ${#tasks[@]} -gt 0 ] || return 0
  local task=${tasks[RANDOM % ${#tasks[@]}]}
  if [ $((RANDOM % 2)) = 0 ]; then
    scancel --signal=KILL --full "$task" && killed=$((killed + 1))
  else
    scontrol requeue "$task" && requeued=$((requeued + 1))
  fi 2>>disturb.log || true # it was just over
}

# Tasks are disturbed until a quarter of the rounds' number of tries are cut: one that
# is disturbed before the try begins, or while it ends, cuts nothing.  Two more tries
# than those are in the folder, since two slots may be running.
# disturbed_run DIR: a plan of $rounds rounds as jobs, which are disturbed while they run
# until enough tries of rounds were cut.
disturbed_run() {
  exits 0 $slurm "${plan[@]}" --nodes 2 -o "$1" --tries 50
  while [ -n "$(squeue -h)" ]; do
    [ "$(cut_tries "$1")" -ge $((rounds / 4 + 2)) ] || disturb
    [ $SECONDS -lt $((600 + rounds * 30)) ] || fail "the jobs do not end: $(squeue)"
    sleep 0.3
  done
  whole "$1"
  [ "$(find "$1/rounds" -name '*[0-9]' -not -name '*.*' | wc -l)" = "$rounds" ] ||
    fail 'not all rounds'
}

test_slurm() {
  local rounds=${REAPMARK_TEST_ROUNDS:-8} killed=0 requeued=0 cut=0 dir
  plan=("${plan[@]:0:4}" -n "$rounds")
  start_cluster
  # A fast machine may be through before any of its rounds is hit.
  for dir in dir-{1..5}; do
    disturbed_run $dir
    cut=$(cut_tries $dir)
    [ "$cut" = 0 ] || break
  done
  [ $((killed + requeued)) -gt 0 ] || fail 'nothing was disturbed'
  [ "$cut" -gt 0 ] || fail 'no round was cut'
  counted "$(lines wanted)" '"id":"slot1"|"id":"slot2"' $dir/merged/runs.jsonl
  echo "$rounds rounds in $SECONDS s: $killed tasks killed, $requeued begun anew, $cut" \
    "tries cut; slot1: $(grep -c '"id":"slot1"' $dir/merged/runs.jsonl) of" \
    "$(lines $dir/merged/runs.jsonl) runs"
}

# -------------------------------------------------------------------------- #
# GNU parallel.
# -------------------------------------------------------------------------- #

needs_parallel() {
  command -v parallel >/dev/null || skip 'the package parallel is not installed'
}

# kill_once: the first driver that runs the collector beta is killed by it.
kill_once() {
  mkdir real
  mv found/beta real/beta
  cat >found/beta <<X
#!/bin/sh
case " \$* " in *' --run '*) ! mkdir "$work/killed" 2>/dev/null || kill -9 \$PPID ;; esac
exec "$work/real/beta" "\$@"
X
  chmod +x found/beta
}

test_hosts() {
  needs_parallel
  exits 0 $parallel "${plan[@]}" --hosts : -o dir
  said 'merged has 8 of 8 rounds'
  whole dir
  # It goes on with a larger -n, and then has nothing to run.
  plan=("${plan[@]:0:4}" -n 10)
  exits 0 $parallel "${plan[@]}" --hosts : -o dir
  said 'merged has 10 of 10 rounds'
  rm -r undisturbed
  whole dir
  exits 0 $parallel "${plan[@]}" --hosts nowhere.invalid -o dir
  said 'merged has 10 of 10 rounds'
}

# A round that was cut is run again, and no run of it is there twice.
test_hosts_that_are_killed() {
  needs_parallel
  kill_once
  exits 0 $parallel "${plan[@]}" --hosts : -o dir
  [ -d killed ] || fail 'nothing was killed'
  [ "$(cut_tries dir)" = 1 ] || fail 'not one try was cut'
  whole dir
}

# Hosts that are not there cost no round of the others.
test_unknown_hosts() {
  needs_parallel
  exits 1 $parallel "${plan[@]}" --hosts nowhere.invalid -o dir --tries 1
  said 'no round is whole'
  exits 0 $parallel "${plan[@]}" --hosts nowhere.invalid,: -o dir
  whole dir
}

# Over ssh, to a server of its own.
test_ssh() {
  local port=$((20000 + RANDOM % 20000)) program login
  needs_parallel
  for program in sshd:openssh-server ssh:openssh-client rsync:rsync; do
    PATH=$PATH:/usr/sbin command -v ${program%:*} >/dev/null ||
      skip "the package ${program#*:} is not installed"
  done
  ssh-keygen -q -t ed25519 -N '' -f key
  cp key.pub authorized
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  cat >sshd.conf <<X
ListenAddress 127.0.0.1
Port $port
HostKey $work/key
AuthorizedKeysFile $work/authorized
PidFile $work/sshd.pid
StrictModes no
X
  daemon "$(PATH=$PATH:/usr/sbin command -v sshd)" -D -f "$work/sshd.conf"
  login="ssh -p $port -i $work/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
  login+=" -o LogLevel=ERROR -F none 127.0.0.1"
  answers() { $login true 2>/dev/null; }
  wait_for answers
  exits 0 $parallel "${plan[@]}" --hosts "$login,:" -o dir
  whole dir
}

run_test "$3"
