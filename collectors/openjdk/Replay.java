/* Replay.java: replays a trace inside the JVM (../runtimes/README.md says what a
 * replayer does; ../runtimes/words.h, what it reads).
 *
 * Registers are an array of references: a store into a register has the barrier
 * of a store into the heap, which a variable of a Java program has not. */
import static java.util.Arrays.fill;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.nio.channels.FileChannel;
import java.nio.file.Paths;
import java.util.HashMap;
import java.util.Map;

public final class Replay {
  static final int CHUNK = 1 << 14, GLOBALS = 64, TLS = 16;

  /* ------------------------------------------------------------------------ *
   * The arguments, and what all threads share.
   * ------------------------------------------------------------------------ */

  static final Map<String, String> arguments = new HashMap<>();
  static boolean timed, collects;
  static Object[] globals;
  static WeakReference<Object>[] watched;
  static Mutator[] mutators;
  static FileChannel words;

  static int number(String name) {
    return Integer.parseInt(arguments.get(name));
  }

  /* The first of several mistakes of the runtime. */
  static volatile String wrong;

  static synchronized void wrong(String text) {
    if (wrong == null)
      wrong = text;
  }

  /* Threads wait for each other here. */
  static final Object meeting = new Object();
  static int arrived;
  static volatile int turn;
  static final int SPINS = 2000;

  static void waitForAll(int nth) throws InterruptedException {
    synchronized (meeting) {
      arrived++;
      meeting.notifyAll();
      while (arrived < nth * mutators.length)
        meeting.wait();
    }
  }

  static void waitForTurn(int mine) throws InterruptedException {
    for (int i = 0; i < SPINS && turn != mine; i++)
      Thread.onSpinWait();
    if (turn == mine)
      return;
    synchronized (meeting) {
      while (turn != mine)
        meeting.wait();
    }
  }

  static void pass(int next) {
    if (mutators.length == 1) {
      turn = next;
      return;
    }
    synchronized (meeting) {
      turn = next;
      meeting.notifyAll();
    }
  }

  static void fail(Throwable t) {
    if (t instanceof OutOfMemoryError)
      Runtime.getRuntime().halt(3);
    System.err.println("replay: " + t);
    Runtime.getRuntime().halt(1);
  }

  static void collect() {
    if (collects)
      System.gc();
  }

  /* ------------------------------------------------------------------------ *
   * A replay of the whole trace.
   * ------------------------------------------------------------------------ */

  static void dropRoots() {
    fill(globals, null);
    for (Mutator m : mutators) {
      fill(m.registers, null);
      fill(m.locals, null);
    }
  }

  static void replayAll() throws InterruptedException {
    arrived = turn = 0;
    Thread[] threads = new Thread[mutators.length];
    for (int i = 1; i < threads.length; i++) {
      threads[i] = mutators[i].thread();
      threads[i].start();
    }
    mutators[0].perform();
    for (int i = 1; i < threads.length; i++)
      threads[i].join();
  }

  static void forget() {
    dropRoots();
    fill(watched, null);
    Finalizable.takeAll();
  }

  /* CPU time of this thread, ns: on a busy machine the clock says nothing of how
   * often the program ran. */
  static long worked() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  static final long SPARE = 8 << 20; /* for what threads have taken and not used */

  /* Replays until the JVM has compiled what there is to compile: until it
   * compiles for at most a fiftieth of the time. */
  static int warmUp(int most) throws InterruptedException {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    Runtime runtime = Runtime.getRuntime();
    long compiled = compiler.getTotalCompilationTime(), since = worked();
    int replays = 0, quiet = 0;
    while (replays < most && quiet < 2) {
      long used = runtime.totalMemory() - runtime.freeMemory();
      replayAll();
      forget();
      replays++;
      long took = (worked() - since) / 1_000_000;
      if (took >= 100) {
        long now = compiler.getTotalCompilationTime();
        quiet = now - compiled <= took / 50 ? quiet + 1 : 0;
        compiled = now;
        since = worked();
      }
      long all = runtime.totalMemory() - runtime.freeMemory();
      if (!collects && all + 3 * (all - used) + SPARE > runtime.maxMemory())
        break; /* what is measured needs the room */
    }
    return replays;
  }

  static long watchedAlive() {
    long alive = 0;
    for (WeakReference<Object> w : watched)
      if (w != null && w.get() != null)
        alive++;
    return alive;
  }

  /* ------------------------------------------------------------------------ *
   * The run.
   * ------------------------------------------------------------------------ */

  static final BufferedReader answers = new BufferedReader(new InputStreamReader(System.in));

  static void meet(PrintStream out, String moment) throws IOException {
    out.println(moment);
    out.flush();
    answers.readLine();
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  static void makeThreads() {
    globals = new Object[GLOBALS];
    watched = new WeakReference[number("watched")];
    String[] chains = arguments.get("threads").split(",");
    mutators = new Mutator[chains.length];
    for (int i = 0; i < chains.length; i++) {
      String[] chain = chains[i].split(":");
      mutators[i] = new Mutator(Integer.parseInt(chain[0]), Integer.parseInt(chain[1]));
    }
  }

  static void tellSteps(PrintStream out) {
    StringBuilder line = new StringBuilder();
    for (Mutator m : mutators)
      for (int i = 0; i < m.count; i++) {
        line.append(line.length() == 0 ? "steps " : " ").append(m.steps[i]);
        if (line.length() > 4000) {
          out.println(line);
          line.setLength(0);
        }
      }
    if (line.length() > 0)
      out.println(line);
  }

  static void run() throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out));
    timed = number("timed") == 1;
    collects = number("collects") == 1;
    meet(out, "ready");
    words = FileChannel.open(Paths.get("/proc/self/fd/3"));
    makeThreads();
    long from = System.nanoTime();
    int replays = warmUp(number("warm-up"));
    long warm = System.nanoTime() - from;

    for (Mutator m : mutators)
      m.measured = true;
    if (timed)
      Account.findStrangers();
    collect();
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long[] before = Jvm.collections();
    Jvm.footprint.read();
    meet(out, "begin");
    long compiled = compiler.getTotalCompilationTime();
    long begin = System.nanoTime();
    replayAll();
    long end = System.nanoTime();
    compiled = compiler.getTotalCompilationTime() - compiled;
    Jvm.footprint.read();
    long[] after = Jvm.collections();
    meet(out, "end");

    long payloads = 0, delayed = 0, own = 0;
    for (Mutator m : mutators) {
      payloads += m.payloads;
      delayed += m.delayed;
      own += m.ownDelay;
    }
    out.println("clock " + begin + " " + end + " " + mutators[0].instrument + " "
        + mutators[0].skipped);
    out.println("delay " + delayed + " " + own);
    out.println("payloads " + Long.toUnsignedString(payloads));
    out.println("footprint " + Jvm.footprint.now + " " + Jvm.footprint.peak);
    tellSteps(out);
    Jvm.tellPauses(out, begin, end);
    if (collects) {
      out.println("counter minor-collections " + (after[0] - before[0]));
      out.println("counter full-collections " + (after[1] - before[1]));
    }
    out.println("counter warm-up-replays " + replays);
    out.println("counter warm-up-ns " + warm);
    out.println("counter compiled-ns " + 1_000_000 * compiled);

    collect();
    Checks checks = new Checks();
    checks.run(mutators[0], number("checks"));
    fill(checks.objects, null);
    dropRoots();
    collect();
    out.println("survivors " + checks.lost + " " + (collects ? checks.left : 0) + " "
        + (collects ? watchedAlive() : 0));
    if (wrong != null)
      out.println("wrong " + wrong);
    out.println("done");
    out.flush();
  }

  public static void main(String[] words) {
    for (String word : words) {
      int at = word.indexOf('=');
      arguments.put(word.substring(0, at), word.substring(at + 1));
    }
    try {
      run();
    } catch (Throwable t) {
      fail(t);
    }
    System.exit(0);
  }
}
