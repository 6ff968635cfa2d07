#!/bin/sh
# files.sh PROGRAM: a file that cannot be read or written is the caller's
# mistake, and the line says what the system says of it.
set -eu
program=$1

# refused LINE ARGUMENT...
refused() {
  line=$1
  shift
  code=0
  said=$("$program" --run fuzz:ops=10 "$@" 2>&1) || code=$?
  [ "$code" = 2 ] && [ "$said" = "$line" ] ||
    { echo "exit $code: $said" >&2; exit 1; }
}

refused 'executor: --trace /nonexistent/x: No such file or directory' \
  --trace /nonexistent/x
refused 'fuzz: --input /nonexistent/x: No such file or directory' \
  --input /nonexistent/x
refused 'fuzz: --input /: Is a directory' --input /
