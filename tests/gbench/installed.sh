#!/usr/bin/env bash
# installed.sh BUILD SOURCE BEHAVIOUR: the library gbench as others use it.  The program
# and the project are those that its README prints.
. "$(dirname "$0")/../expect.sh"
build=$1 gbench=$2/harness/gbench
mkdir project
printed_files "$gbench/README.md" project copy.c CMakeLists.txt

# install_gbench: what the two packages hold, into prefix/.
install_gbench() {
  local part
  for part in gbench gbench-dev; do
    exits 0 cmake --install "$build" --prefix prefix --component $part
  done
  libraries=$(dirname "$(find "$work/prefix" -name pkgconfig)")
}

# cmake_project [OPTION...]: configures the project that was printed, and builds it.
cmake_project() {
  exits 0 cmake -G Ninja -S project -B made -DCMAKE_PREFIX_PATH="$work/prefix" "$@"
  exits 0 cmake --build made
}

# copies PROGRAM: the example does what its README says: rows of three sizes, and one
# that is refused, in its output and in its file.
copies() {
  exits 1 env LD_LIBRARY_PATH="$libraries" "$1"
  row '^copy/64/.*_mean: [0-9.]+ ns$'
  row '^copy/16384/.*_median: [0-9.]+ ns$'
  row '^copy/262144/.*: too large$'
  has copy.json '"aggregate_name": "mean"'
  has copy.json '"error_message": "too large"'
}

# What a C program leaves to 0, g++ misses.
cxx_warnings='-Wall -Wextra -Wno-missing-field-initializers -Werror'

by_pkg_config() { # COMPILER WORD...
  exits 0 env PKG_CONFIG_PATH="$libraries/pkgconfig" pkg-config --cflags --libs gbench
  # shellcheck disable=SC2046
  exits 0 "$@" -o copy $(cat out)
  copies ./copy
}

test_c_by_cmake() {
  install_gbench
  cmake_project -DCMAKE_C_FLAGS='-Wall -Wextra -Wpedantic -Wconversion -Werror'
  copies made/copy
}

test_c_by_pkg_config() {
  install_gbench
  by_pkg_config "${CC:-cc}" -std=c11 -Wall -Wextra -Werror project/copy.c
}

test_cxx_by_cmake() {
  install_gbench
  mv project/copy.c project/copy.cc
  sed -i 's/LANGUAGES C)/LANGUAGES CXX)/; s/copy\.c)/copy.cc)/' project/CMakeLists.txt
  has project/CMakeLists.txt 'add_executable(copy copy.cc)'
  cmake_project -DCMAKE_CXX_STANDARD=20 -DCMAKE_CXX_FLAGS="$cxx_warnings"
  copies made/copy
}

test_cxx_by_pkg_config() {
  install_gbench
  # shellcheck disable=SC2086
  by_pkg_config "${CXX:-c++}" -std=c++20 $cxx_warnings -x c++ project/copy.c -x none
}

test_static_library() {
  install_gbench
  sed -i 's/gbench::gbench/gbench::static/; s/LANGUAGES C)/LANGUAGES C CXX)/' \
    project/CMakeLists.txt
  has project/CMakeLists.txt gbench::static
  cmake_project
  exits 0 readelf -d made/copy
  unprinted libgbench
  copies made/copy
}

# The folder by itself, as its README says, without the rest of the tree.
test_folder_alone() {
  cp -r "$gbench" alone
  exits 0 cmake -G Ninja -S alone -B build-gbench -DCMAKE_INSTALL_PREFIX="$work/prefix"
  exits 0 cmake --build build-gbench
  exits 0 cmake --install build-gbench
  libraries=$(dirname "$(find "$work/prefix" -name pkgconfig)")
  by_pkg_config "${CC:-cc}" project/copy.c
}

# The shared library shows every function of the header and nothing else, with a version.
test_symbols() {
  install_gbench
  exits 0 readelf -d "$libraries/libgbench.so"
  row 'soname: \[libgbench\.so\.1\]'
  grep -v ^typedef prefix/include/gbench.h | grep -oE '\bgb_[a-z_]+\(' |
    tr -d "(" | sort -u | grep -vxE "gb_use|gb_clobber" >declared
  exits 0 nm -D --defined-only "$libraries/libgbench.so"
  awk '$2 == "T" { print $3 }' out >shown
  sed 's/$/@@GBENCH_1.0/' declared >wanted
  same wanted shown
}

# A project that needs what this version is not, is told so when it is configured.
test_versions() {
  install_gbench
  cp -r project original
  cmake_project
  local wanted
  for wanted in 2.0 1.99; do
    sed "s/gbench 1.0 REQUIRED/gbench $wanted REQUIRED/" original/CMakeLists.txt \
      >project/CMakeLists.txt
    exits 1 cmake -G Ninja -S project -B refused -DCMAKE_PREFIX_PATH="$work/prefix"
    said "requested version \"$wanted\""
  done
  exits 1 env PKG_CONFIG_PATH="$libraries/pkgconfig" pkg-config --exists 'gbench >= 1.99'
  exits 0 env PKG_CONFIG_PATH="$libraries/pkgconfig" pkg-config --exists 'gbench >= 1.0'
}

run_test "$3"
