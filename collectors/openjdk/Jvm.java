/* Jvm.java: what the JVM tells of its heap and its pauses. */
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Paths;

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

  /* The safepoints in the JVM's log:
   *   [123ns] Safepoint "G1CollectForAllocation", ..., Reaching safepoint: 4 ns,
   *   ..., Total: 5 ns
   * The time is that of the end. */
  static void tellPauses(PrintStream out, long begin, long end) throws IOException {
    long reaching = 0, longest = 0, others = 0, marked = 0;
    for (String line : Files.readAllLines(Paths.get("/proc/self/fd/4"))) {
      long total = in(line, "Total: "), to = in(line, "[");
      if (total == 0 || to < begin || to - total > end)
        continue;
      int quote = line.indexOf('"') + 1;
      String operation = line.substring(quote, line.indexOf('"', quote));
      if (!operation.matches("(G1|Z|X|Shenandoah|Parallel|Gen|Serial|Collect|CGC).*")) {
        others++;
        continue;
      }
      out.println("pause " + (to - total) + " " + to);
      long sync = in(line, "Reaching safepoint: ");
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
