/* Jvm.java: what the JVM tells of its heap and its pauses. */
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class Jvm {
  static final class Footprint {
    long now, peak, due;

    void sample() {
      long t = System.nanoTime();
      if (t < due)
        return;
      due = t + 10_000_000;
      read();
    }

    synchronized void read() {
      now = Runtime.getRuntime().totalMemory();
      peak = Math.max(now, peak);
    }
  }

  static final Footprint footprint = new Footprint();

  /* The collections so far: { young, whole }. */
  static long[] collections() {
    long[] counts = new long[2];
    for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
      String name = bean.getName();
      if (name.endsWith("Pauses") || name.endsWith("Concurrent GC"))
        continue; /* parts of others */
      boolean young = name.equals("Copy") || name.endsWith("Scavenge")
          || name.endsWith("Young Generation") || name.endsWith("Minor Cycles");
      counts[young ? 0 : 1] += bean.getCollectionCount();
    }
    return counts;
  }

  static long in(String line, String key) {
    int at = line.indexOf(key);
    if (at < 0)
      return 0;
    at += key.length();
    int end = at;
    while (end < line.length() && Character.isDigit(line.charAt(end)))
      end++;
    return Long.parseLong(line.substring(at, end));
  }

  /* A phase of a collection, or a collection:
   *   [123ns] GC(4) Phase 1: Mark live objects 5.678ms
   *   [123ns] GC(4)   Evacuate Collection Set: 9.1ms
   *   [123ns] GC(4) Pause Full (Allocation Failure) 49M->21M(61M) 684.682ms
   * ZGC with generations, the only ZGC from JDK 24 on, says first of which one:
   *   [123ns] GC(4) Y: Pause Mark Start (Major) 0.032ms */
  static final Pattern TIMED = Pattern.compile(
      "GC\\(\\d+\\) +(?:[YyOo]: )?(?:Phase \\d+: )?(.+?):? (\\d+\\.\\d+)ms$");

  /* What was done in the safepoint that ends next.  The log tells phases before the
   * collection that they are part of; what they leave of it gets its name. */
  static final class Phases {
    final List<String> names = new ArrayList<>();
    final List<Long> lengths = new ArrayList<>();
    long inside;

    void add(String name, long ns) {
      names.add(name.toLowerCase());
      lengths.add(ns);
    }

    void read(String line) {
      Matcher timed = TIMED.matcher(line);
      if (!timed.find() || timed.group(1).startsWith("Concurrent")
          || timed.group(1).equals("Other"))
        return; /* beside the mutators; what is left */
      String name = timed.group(1);
      long ns = Math.round(Double.parseDouble(timed.group(2)) * 1e6);
      if (name.startsWith("Pause ")) {
        add(name.substring(6).replaceFirst(" (\\(|\\d+[BKMG]->).*", ""), Math.max(0, ns - inside));
        inside = 0;
      } else {
        add(name, ns);
        inside += ns;
      }
    }

    void clear() {
      names.clear();
      lengths.clear();
      inside = 0;
    }

    /* One after the other.  The log rounds some of them to 0.1 ms, so the last ones may
     * have less room than they took. */
    void tell(PrintStream out, long begin, long end) {
      for (int i = 0; i < names.size(); i++)
        begin = tellPhase(out, begin, Math.min(end, begin + lengths.get(i)), names.get(i));
    }
  }

  static long tellPhase(PrintStream out, long begin, long end, String name) {
    if (end > begin)
      out.println("phase " + begin + " " + end + " " + name);
    return end;
  }

  /* The safepoints in the JVM's log:
   *   [123ns] Safepoint "G1CollectForAllocation", ..., Reaching safepoint: 4 ns,
   *   Cleanup: 5 ns, ..., Total: 6 ns
   * The time is that of the end. */
  static void tellPauses(PrintStream out, long begin, long end) throws IOException {
    long reaching = 0, longest = 0, others = 0, marked = 0;
    Phases phases = new Phases();
    for (String line : Files.readAllLines(Paths.get("/proc/self/fd/4"))) {
      long total = in(line, "Total: "), to = in(line, "[");
      if (total == 0) {
        phases.read(line);
        continue;
      }
      if (to < begin || to - total > end) {
        phases.clear();
        continue;
      }
      int quote = line.indexOf('"') + 1;
      String operation = line.substring(quote, line.indexOf('"', quote));
      if (!operation.matches("(G1|Z|X|Shenandoah|Parallel|Gen|Serial|Collect|CGC).*")) {
        others++;
        phases.clear();
        continue;
      }
      long sync = in(line, "Reaching safepoint: ");
      long at = tellPhase(out, to - total, to - total + sync, "stopping");
      at = tellPhase(out, at, at + in(line, "Cleanup: "), "safepoint cleanup");
      phases.tell(out, at, to);
      phases.clear();
      out.println("pause " + (to - total) + " " + to);
      reaching += sync;
      longest = Math.max(longest, sync);
      if (operation.equals("G1PauseRemark"))
        marked++;
    }
    out.println("counter time-to-safepoint-ns " + reaching);
    out.println("counter longest-time-to-safepoint-ns " + longest);
    out.println("counter other-safepoints " + others);
    if (marked > 0)
      out.println("counter whole-collections " + marked);
  }
}
