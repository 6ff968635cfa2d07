#!/usr/bin/env bash
# no-mutants.sh COLLECTORS NAME...: planted bugs leave nothing in the programs
# that are measured, neither symbols nor strings.
set -euo pipefail
collectors=$1
shift
for name in "$@"; do
  # A look that would see nothing would prove nothing.
  grep -qa hostile_options "$collectors/$name" ||
    { echo "$name: no symbol was seen"; exit 1; }
  if grep -qaiE 'mutant_planted|mutant_plant|globals_skipped' \
    "$collectors/$name"; then
    echo "$name: mutants"
    exit 1
  fi
done
