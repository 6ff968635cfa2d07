#!/usr/bin/env bash
# example-heaps.sh FOLDER [REAPMARK]: dumps the heaps of four programs that Debian has, and
# imports them: FOLDER/NAME.graph for each of javac, node, ruby and python that is installed.
# The dumps themselves, which hold all that the programs knew, are removed.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: example-heaps.sh FOLDER [REAPMARK]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
reapmark=${2:-$here/../build/reapmark}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

missing() { echo "example-heaps.sh: no $1.graph: package $2 is missing" >&2; }

import() { # NAME DUMP
  "$reapmark" heap import "$2" -o "$folder/$1.graph"
  rm -f "$2"
}

# The compiler of Java, which has just analysed 1,500 classes and kept their trees.
java_heap() {
  command -v javac >/dev/null || { missing javac openjdk-17-jdk-headless; return 0; }
  cat >"$work/Compile.java" <<'JAVA'
import java.lang.management.ManagementFactory;
import java.nio.file.*;
import java.util.*;
import javax.tools.*;
import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;

/** Compiles a source with many classes, keeps the trees, and dumps the heap. */
public class Compile {
  static List<Object> kept = new ArrayList<>();

  public static void main(String[] words) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
    Path source = Files.createTempDirectory(Path.of(words[0]), "source").resolve("Many.java");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1500; i++)
      text.append("class C" + i + " extends java.util.ArrayList<C" + i + "> {\n"
          + "  java.util.Map<String, C" + (i + 1) % 1500 + "> next;\n"
          + "  int sum(int n) { int s = 0; for (int k = 0; k < n; k++)"
          + " s += size() * k; return s; }\n}\n");
    Files.writeString(source, text);
    JavacTask task = (JavacTask) compiler.getTask(null, files, null,
        List.of("-d", words[0], "-proc:none"), null, files.getJavaFileObjects(source));
    for (CompilationUnitTree tree : task.parse())
      kept.add(tree);
    task.analyze().forEach(kept::add);
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpHeap(words[1], true);
  }
}
JAVA
  java -Xmx1g "$work/Compile.java" "$work" "$work/javac.hprof"
  import javac "$work/javac.hprof"
}

# Node.js with its built-in modules, and lists of the words of their sources.
node_heap() {
  command -v node >/dev/null || { missing node nodejs; return 0; }
  (cd "$work" && node -e '
    const fs = require("fs"), path = require("path"), kept = [];
    const modules = require("module").builtinModules.filter(m => !/^_|\//.test(m));
    for (const m of modules) try { kept.push(require(m)); } catch (e) {}
    // Trees of the sources of functions, as an editor has them.
    for (const m of kept) for (const key of Object.keys(m)) {
      let f; try { f = m[key]; } catch (e) { continue; }
      if (typeof f !== "function") continue;
      const words = String(f).split(/\b/).map((text, at) => ({text, at, next: null}));
      for (let i = 1; i < words.length; i++) words[i - 1].next = words[i];
      kept.push({owner: m, name: key, words, first: words[0]});
    }
    globalThis.kept = kept;
    require("v8").writeHeapSnapshot(process.argv[1]);' "$work/node.heapsnapshot")
  import node "$work/node.heapsnapshot"
}

# Ruby with its parser's trees of the standard library.
ruby_heap() {
  command -v ruby >/dev/null || { missing ruby ruby; return 0; }
  ruby -robjspace -rripper -rrbconfig -e '
    KEPT = Dir[RbConfig::CONFIG["rubylibdir"] + "/*.rb"].sort.first(60).map { |f|
      Ripper.sexp(File.read(f)) }
    GC.start
    File.open(ARGV[0], "w") { |f| ObjectSpace.dump_all(output: f) }' "$work/ruby.json"
  import ruby "$work/ruby.json"
}

# CPython with the syntax trees of its standard library.
python_heap() {
  command -v python3 >/dev/null || { missing python python3; return 0; }
  cat >"$work/trees.py" <<'PYTHON'
import ast, glob, os
kept = {}
for name in sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")))[:60]:
    with open(name, encoding="utf-8") as source:
        kept[name] = ast.parse(source.read())
PYTHON
  python3 "$here/heap_of_python.py" "$work/python.graph" "$work/trees.py"
  import python "$work/python.graph"
}

java_heap
node_heap
ruby_heap
python_heap
