#!/usr/bin/env bash
# files.sh PROGRAM: a file that cannot be opened is an error of the caller, and
# the program's one line has the reason of the operating system.
. "$(dirname "$0")/../expect.sh"

refused() { # LINE ARGUMENT...
  exits 2 "$program" --run fuzz:ops=10 "${@:2}"
  echo "$1" >expected
  same expected err
}

program=$1
refused 'executor: --trace /nonexistent/x: No such file or directory' \
  --trace /nonexistent/x
refused 'fuzz: --input /nonexistent/x: No such file or directory' \
  --input /nonexistent/x
refused 'fuzz: --input /: Is a directory' --input /
