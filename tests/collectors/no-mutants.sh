#!/usr/bin/env bash
# no-mutants.sh COLLECTORS NAME...: the seeded bugs leave neither symbols nor
# strings in the programs that are measured.
. "$(dirname "$0")/../expect.sh"
collectors=$1
shift
[ $# -gt 0 ] || fail 'no programs'

# traces_of_mutants PROGRAM: prints the names of seeded bugs and of the functions
# that plant them, as far as they are in the program.
names=$(sed -nE 's/^  X\(([a-z_]+),.*/\1/p' \
  "$tests/../collectors/common/hostile/mutants.h")
[ "$(wc -l <<<"$names")" -gt 50 ] || fail 'mutants.h lists no bugs'
printf '%s\n' mutant_plant $names >words

for name in "$@"; do
  # The search must be able to find a name: each program has this one.
  grep -qaF hostile_options "$collectors/$name" || fail "$name has no symbols"
  ! grep -aoFf words "$collectors/$name" >found ||
    fail "$name has seeded bugs: $(sort -u found | xargs)"
done
