#!/usr/bin/env bash
# Tests of `reapmark heap` and of the workload `heap`, as a user runs them.
# Usage: end-to-end.sh REAPMARK COLLECTORS SCRIPTS TEST; one function per test.
#
# The dumps are made here, byte by byte.  Each holds the word `secret` wherever a
# program's data can stand, and no graph may have it.
. "$(dirname "$0")/../expect.sh"
reapmark=$1
collectors=$2
scripts=$3

# ---------------------------------------------------------------------------
# Dumps.

# u BYTES NUMBER: the number in so many bytes, the highest first.
u() {
  local digits bytes= i
  printf -v digits "%0$((2 * $1))x" "$2"
  for ((i = 0; i < 2 * $1; i += 2)); do bytes+="\\x${digits:i:2}"; done
  printf "$bytes"
}

# record TAG: a record of HPROF with what stands on standard input.
record() { cat >body; u 1 "$1"; u 4 0; u 4 "$(stat -c %s body)"; cat body; }

text() { { u 8 "$1"; printf %s "$2"; } | record 1; } # NUMBER TEXT
load() { { u 4 1; u 8 "$1"; u 4 0; u 8 "$2"; } | record 2; } # CLASS NAME

# class ADDRESS SUPER, its static fields on standard input, behind their count.
class() { u 1 0x20; u 8 "$1"; u 4 0; u 8 "$2"; u 8 0; u 8 0; u 8 0; u 8 0; u 8 0; u 4 0; u 2 0; cat; }

# A class Node with a static field and fields `int` and `next`; a weak reference; a
# byte array with a secret; an array of two and an empty one.  Objects have the
# numbers, in the order of the dump: 1 Reference, 2 WeakReference, 3 Node, 4 and 5
# nodes, 6 the weak reference, 7 the bytes, 8 and 9 the arrays.
hprof() {
  printf 'JAVA PROFILE 1.0.2\0'; u 4 8; u 8 0
  text 1 java/lang/ref/Reference; text 2 java/lang/ref/WeakReference
  text 3 referent; text 4 com/example/Node; text 5 secret_field; text 6 next
  text 7 'secret text'; text 8 '[[Lcom/example/Node;'; text 9 '[[I'
  load 0x100 1; load 0x200 2; load 0x300 4; load 0x400 8; load 0x500 9
  {
    { u 2 0; u 2 1; u 8 3; u 1 2; } | class 0x100 0           # referent
    { u 2 0; u 2 0; } | class 0x200 0x100
    # static Object secret_field = the array; fields int and next
    { u 2 1; u 8 5; u 1 2; u 8 0x70; u 2 2; u 8 5; u 1 10; u 8 6; u 1 2; } | class 0x300 0
    u 1 0x21; u 8 0x40; u 4 0; u 8 0x300; u 4 12; printf secr; u 8 0x50
    u 1 0x21; u 8 0x50; u 4 0; u 8 0x300; u 4 12; u 4 0; u 8 0
    u 1 0x21; u 8 0x60; u 4 0; u 8 0x200; u 4 8; u 8 0x50
    u 1 0x23; u 8 0x65; u 4 0; u 4 6; u 1 8; printf secret
    u 1 0x22; u 8 0x70; u 4 0; u 4 2; u 8 0x400; u 8 0x65; u 8 0x999
    u 1 0x22; u 8 0x80; u 4 0; u 4 0; u 8 0x500
    u 1 0xff; u 8 0x300; u 1 1; u 8 0x60; u 8 1; u 1 8; u 8 0x40; u 4 0; u 4 0
  } | record 0x1c
  : | record 0x2c
}

hprof_graph='reapmark-heap 1
# imported: HPROF of a JVM
o 5 16 0 0 0 0
o 5 16 1 0 0 0
o 5 16 0 0 0 0 8
o 2 28 3 5
o 2 28 3 0
o 1 24 2 ~5
o 6 22
o 3 32 0 7 0
o 4 16 0
r 3 6 4
t java.lang.ref.Reference
t java.lang.ref.WeakReference
t com.example.Node
t com.example.Node[][]
t int[][]
t java.lang.Class
t byte[]
end 9 23 3 7'

# Node 0 is synthetic; nodes 1 and 2 are objects, 3 is a text, 4 a page.
v8() {
  cat <<'END'
{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","trace_node_id"],
"node_types":[["hidden","object","string","synthetic","native"],"string","number","number","number","number"],
"edge_fields":["type","name_or_index","to_node"],
"edge_types":[["property","weak","shortcut","internal"],"string_or_number","node"],
"trace_function_info_fields":["secret"]},"node_count":5},
"nodes":[3,0,1,0,2,0, 1,1,3,24,3,0, 1,1,5,24,1,0, 2,2,7,40,0,0, 4,3,9,16,0,0],
"edges":[3,1,6, 3,1,24, 0,2,12, 1,3,18, 2,4,24, 0,2,18],
"trace_tree":[], "samples":[],
"strings":["(GC roots)","Foo","secret text","Window / https://secret.example/","secret"]}
END
}

v8_graph='reapmark-heap 1
# imported: heap snapshot of V8
o 0 24 2 ~3
o 0 24 3
o 1 40
o 2 16
r 1 4
t Foo
t (string)
t Window
end 4 3 2 3'

ruby() {
  cat <<'END'
{"type":"ROOT", "root":"vm", "references":["0x7f1", "0x10"]}
{"address":"0x7f1", "type":"OBJECT", "class":"0x10", "ivars":1, "references":["0x7f2"], "memsize":40, "flags":{"wb_protected":true}}
{"address":"0x7f2", "type":"STRING", "class":"0x11", "embedded":true, "bytesize":11, "value":"secret text", "memsize":80, "file":"/home/secret.rb", "line":7, "method":"secret"}
{"address":"0x10", "type":"CLASS", "class":"0x12", "name":"Foo", "references":["0x7f1", "0xdead"], "memsize":500}
{"address":"0x11", "type":"CLASS", "name":"String", "memsize":600}
{"address":"0x12", "type":"CLASS", "memsize":64}
{"address":"0x13", "type":"IMEMO", "imemo_type":"env", "slot_size":40}
{"type":"SHAPE", "id":1, "edge_name":"@secret"}
END
}

ruby_graph='reapmark-heap 1
# imported: ObjectSpace dump of Ruby
o 0 40 3 2
o 1 80 4
o 2 500 5 1 0
o 2 600
o 2 64
o 3 40
r 1 3
t Foo
t String
t (CLASS)
t (IMEMO env)
end 6 6 2 4'

# imports NAME WARNINGS: the dump NAME becomes the graph $NAME_graph.
imports() {
  "$1" >dump
  expect 0 heap import dump -o graph
  local wanted=${1}_graph
  printf '%s\n' "${!wanted}" >wanted
  same graph wanted
  counted "$2" warning err
  [ ! -e graph.part ] || fail 'a part is left'
  ! grep -i secret graph || fail "the graph has the secret"
}

test_hprof() {
  imports hprof 1
  said 'reapmark: warning: 3 references became null, to objects that the dump does not have'
  printed 'graph: 9 objects of 198 bytes, 23 slots, 1 of them weak, 3 roots, 7 types'
}

test_v8() { imports v8 0; }

test_ruby() {
  imports ruby 1
}

# A pipe is read as a file is, and the graph goes to standard output.
test_pipe() {
  hprof >dump
  hprof_graph=$(printf '%s\n' "$hprof_graph")
  exits 0 bash -c "cat dump | '$reapmark' heap import -"
  printf '%s\n' "$hprof_graph" >wanted
  same out wanted
}

# A graph is imported as well.  With a key the same name has the same hash, without
# one no two imports agree.
test_anonymous() {
  ruby >dump
  expect 0 heap import dump -o graph
  expect 0 heap import graph -o again
  grep -v '^#' graph >graph.bare
  grep -v '^#' again >again.bare
  same again.bare graph.bare
  expect 0 heap import dump --anonymous=key -o one
  expect 0 heap import graph --anonymous=key -o two
  grep '^t' one >one.types
  grep '^t' two >two.types
  same one.types two.types
  counted 4 '^t [0-9a-f]{16}$' one.types
  ! grep -E 'Foo|String|CLASS' one || fail 'a name is left'
  expect 0 heap import graph --anonymous=other -o three
  ! grep -qF -f one.types three || fail 'the key makes no difference'
  expect 0 heap import graph --anonymous -o four
  expect 0 heap import graph --anonymous -o five
  counted 4 '^t [0-9a-f]{16}$' four
  ! diff -q four five || fail 'the random key is the same twice'
}

# Every dump, cut off after each of its bytes, is refused with one line, an offset
# within the file, and without a graph; what was there before stays.
test_cut_off() {
  local name size at
  for name in hprof v8 ruby; do
    "$name" >whole
    size=$(stat -c %s whole)
    echo before >graph
    for ((at = 0; at < size - 1; at += 1 + size / 20)); do
      head -c "$at" whole >dump
      # A JVM's dump ends where its last record does; so do the lines of Ruby's.
      code=0
      "$reapmark" heap import dump -o new >out 2>err || code=$?
      if [ $code = 0 ] && [ $name = ruby ]; then rm new; continue; fi
      checks=$((checks + 1))
      [ $code = 2 ] || fail "$name cut off at $at: exit $code"
      complained 'reapmark: dump: byte '
      at_byte=$(sed 's/.*dump: byte \([0-9]*\):.*/\1/' err)
      [ "$at_byte" -le "$at" ] || fail "$name cut off at $at, but byte $at_byte"
      [ ! -e new ] && [ ! -e new.part ] || fail "$name cut off at $at left a graph"
    done
  done
  head -c 100 whole >dump
  expect 2 heap import dump -o graph
  has_line graph before
}

refused() { # DUMP TEXT
  printf '%b' "$1" >dump
  expect 2 heap import dump -o graph
  complained "$2"
}

test_faults() {
  expect 2 heap import nowhere -o graph
  complained 'nowhere: No such file or directory'
  refused '' 'dump: byte 0: it is empty'
  refused 'hello' 'dump: byte 0: it is no heap dump of a JVM (HPROF), V8'
  refused '\037\0213' 'it is compressed: unpack it with gunzip first'
  refused 'JAVA PROFILE 1.0.2\0\0\0\0\07\0\0\0\0\0\0\0\0' \
    'byte 23: addresses have 4 or 8 bytes, not 7'
  refused '{"snapshot":{}, "nodes":[1]}' \
    'the snapshot does not describe its rows before them'
  refused '{"type":"OBJECT","references":["0xZZ"]}' \
    'an address such as 0x7f12 should stand here'
  refused '{"type":"OBJECT"}' 'the object has no "address"'
  refused '{"address":"0x1","type":"A"}{"address":"0x1","type":"A"}' \
    'an object stands here a second time'
  refused '{"type":"A","x":'"$(printf '[%.0s' {1..40})" \
    'it is nested too deep for a heap dump'
  v8 | sed 's/"edges":\[3,1,6,/"edges":[3,1,7,/' >dump
  expect 2 heap import dump -o graph
  complained 'the edge leads to no node'
  v8 | sed 's/, 0,2,18\],/],/' >dump
  expect 2 heap import dump -o graph
  complained 'there are fewer edges than the nodes say'
  expect 2 heap import dump -o dump
  complained 'dump is the dump itself'
  expect 2 heap import dump -o /nowhere/graph
  complained '/nowhere/graph: No such file or directory'
  expect 2 heap improt dump
  complained "unknown action 'improt' (did you mean 'import'?)"
}

# hprof_of: a dump whose heap is on standard input.
hprof_of() {
  printf 'JAVA PROFILE 1.0.2\0'; u 4 8; u 8 0
  record 0x1c
}

test_hprof_faults() {
  { { u 2 0; u 2 1; u 8 6; u 1 2; } | class 0x300 0
    u 1 0x21; u 8 0x40; u 4 0; u 8 0x300; u 4 7; u 8 0; } >heap
  head -c $(($(stat -c %s heap) - 1)) heap | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'dump: byte 145: the object is shorter than its class says'
  { u 1 0x21; u 8 0x40; u 4 0; u 8 0x300; u 4 0; } | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'the dump has no class 0x300'
  { u 1 0x23; u 8 0x40; u 4 0; u 4 1; u 1 3; u 1 0; } | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'there is no type of values 3'
  { u 1 0x23; u 8 0x40; u 4 0; u 4 0xffffffff; u 1 11; u 8 0; } | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'the file is cut off: 34359738360 bytes should follow, and 8 do'
  { u 1 0x77; u 8 0x40; } | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'dump: byte 40: there is no part 0x77 of a heap'
  : | hprof_of >dump
  expect 2 heap import dump -o graph
  complained 'the file has no heap'
}

test_stat() {
  hprof >dump
  expect 0 heap import dump -o graph
  expect 0 heap stat graph
  row '^objects +8  reachable'
  row '^unreachable-objects +1 '
  row '^weak-edges +1$'
  printed 'what most is only reached through'
  expect 0 heap stat graph --format json
  printed '"figures"'
  row '"objects": ?8'
  printed 'com.example.Node'
  expect 0 heap stat graph -f csv
  row '^objects,8$'
  expect 0 heap stat graph -f markdown --most 1
  expect 0 heap stat graph -f latex
  head -c 40 graph >cut
  expect 2 heap stat cut
  complained 'cut: byte 40: '
  expect 2 heap stat graph --format xml
  complained "unknown format 'xml'"
}

# ---------------------------------------------------------------------------
# The workload.

# figure NAME: a number of the record in `out`.
figure() { grep -oE "\"$1\": ?[0-9]+" out | sed -n 1p | grep -oE '[0-9]+$'; }

run_heap() { # COLLECTOR PARAMETERS [OPTION...]
  exits 0 "$collectors/$1" --run "heap:file=graph$2" --pin none "${@:3}"
  row '"status": ?"ok"'
}

graph() { hprof >dump; expect 0 heap import dump -o graph; }

test_workload() {
  graph
  cp graph small
  # A multiple of less than some blocks of a collector is no heap.
  awk 'BEGIN { print "reapmark-heap 1"
    for (i = 1; i < 20000; i++) print "o 0 64", i + 1
    print "o 0 64\nr 1\nt T\nend 20000 19999 1 1" }' >graph
  run_heap mark-sweep ,collections=2,mutations=100 --heap 3x
  run_heap mark-sweep ,collections=0,mutations=0,drops=0
  # 60 % of the mutations replace, each one object.
  run_heap mark-sweep ,collections=3,mutations=50,replace=60
  expect 0 run -w heap:file=graph,mutations=10 -c mark-sweep --heap 2x -n 1 -o results
  printed heap
  expect 0 describe heap:file=small,mutations=0
  # Eight objects and one weak reference, two tables of them, and one of the roots, of
  # two objects each.
  row '^objects +15 '
}

test_workload_faults() {
  graph
  exits 2 "$collectors/mark-sweep" --run heap
  said 'workload heap: no heap (file=GRAPH, which reapmark heap import makes)'
  exits 2 "$collectors/mark-sweep" --run heap:file=nowhere
  said 'workload heap: nowhere: No such file or directory'
  head -c 50 graph >cut
  exits 2 "$collectors/mark-sweep" --run heap:file=cut
  said 'workload heap: cut: byte '
  expect 2 run -w heap:file=cut -c mark-sweep --heap 2x -n 1 -o results
  said 'cut: byte '
  printf 'reapmark-heap 1\nend 0 0 0 0\n' >empty
  exits 2 "$collectors/mark-sweep" --run heap:file=empty
  said 'workload heap: the graph has no roots'
}

# ---------------------------------------------------------------------------
# Dumps of the programs that are installed.

needs() { type -P "$1" >/dev/null || skip "$1 is not installed (package $2)"; }

# real DUMP: a dump with the words `planted-secret` in many texts.
real() {
  grep -q planted-secret "$1" || fail "the dump has no secret"
  expect 0 heap import "$1" -o graph
  ! grep -q planted-secret graph || fail "the graph has the secret"
  expect 0 heap stat graph --most 3
  row '^on-cycles-percent'
}

test_java() {
  needs javac openjdk-17-jdk-headless
  cat >Secret.java <<'END'
import java.util.*;
public class Secret {
  static List<String> kept = new ArrayList<>();
  static java.lang.ref.WeakReference<Object> weak;
  public static void main(String[] words) throws Exception {
    for (int i = 0; i < 1000; i++) kept.add("planted-secret-" + i);
    weak = new java.lang.ref.WeakReference<>(kept);
    java.lang.management.ManagementFactory.getPlatformMXBean(
        com.sun.management.HotSpotDiagnosticMXBean.class).dumpHeap(words[0], true);
  }
}
END
  java -Xmx128m Secret.java heap.hprof >/dev/null
  real heap.hprof
  has graph 't java.lang.String'
  counted 0 '^weak-edges +0$' out
}

test_node() {
  needs node nodejs
  node -e 'global.kept = []; for (let i = 0; i < 1000; i++) kept.push("planted-secret-" + i);
    global.weak = new WeakRef(kept); require("v8").writeHeapSnapshot("node.heapsnapshot")'
  real node.heapsnapshot
  has graph 't Array'
}

test_ruby_itself() {
  needs ruby ruby
  command ruby -robjspace -e 'KEPT = (0..999).map { |i| "planted-secret-#{i}" }
    File.open("ruby.json", "w") { |f| ObjectSpace.dump_all(output: f) }'
  real ruby.json
  has graph 't String'
}

test_python() {
  needs python3 python3
  cat >program.py <<'END'
import weakref
class Node:
    pass
kept = []
for i in range(1000):
    node = Node()
    node.itself = node
    node.text = "planted-secret-%d" % i
    kept.append(node)
weak = weakref.ref(kept[0])
END
  exits 0 python3 "$scripts/heap_of_python.py" python.graph program.py
  ! grep -q planted-secret python.graph || fail "the graph has the secret"
  expect 0 heap import python.graph -o graph
  counted 1 '^t __main__.Node$' graph
  node=$(grep '^t ' graph | grep -n '__main__.Node$' | cut -d: -f1)
  counted 1000 "^o $((node - 1)) " graph
  expect 0 heap stat graph
  row '^on-cycles-percent'
}

run_test "$4"
