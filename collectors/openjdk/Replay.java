/* Replay.java: replays a trace inside the JVM (../runtimes/README.md says what a
 * replayer does; ../runtimes/words.h, what it reads).
 *
 * An object of the trace is an array of references, of its slots and then of its
 * payload, which is an array of bytes, or null; an object without slots is its
 * payload alone.  So an object of both is two of Java's, with headers of 16 bytes
 * each.  Registers are an array of references too: a store into a register has
 * the barrier of a store into the heap, which a variable of a Java program has
 * not. */
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class Replay {
  /* The codes of words.h, in its order. */
  static final int END = 0, NEXT = 1, STEP = 2, NEW = 3, NEW_FINAL = 4, LOAD = 5, STORE = 6,
      STORE_TAKE = 7, STORE_NULL = 8, COPY = 9, MOVE = 10, CLEAR = 11, PAYLOAD = 12, LEAVE = 13,
      GLOBAL_LOAD = 14, GLOBAL_STORE = 15, GLOBAL_CLEAR = 16, TLS_LOAD = 17, TLS_STORE = 18,
      TLS_CLEAR = 19, WEAK_NEW = 20, WEAK_GET = 21, WEAK_DROP = 22, FINALIZER = 26, COLLECT = 28,
      WATCH = 29, WAIT = 30, TURN = 31, PASS = 32, DETACH = 33, HAS_ROOT = 34, HAS_SHAPE = 35,
      HAS_SLOT = 36, HAS_TARGET = 37, HAS_WATCHED = 39;

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

  /* ------------------------------------------------------------------------ *
   * Objects.
   * ------------------------------------------------------------------------ */

  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static byte[] stamped(int bytes, int number) {
    byte[] payload = new byte[bytes];
    if (bytes >= 8)
      LONG.set(payload, 0, number & 0xffffffffL);
    else
      for (int i = 0; i < bytes && i < 4; i++)
        payload[i] = (byte) (number >>> 8 * i);
    return payload;
  }

  static Object make(int slots, int bytes, int number) {
    if (slots == 0)
      return stamped(bytes, number);
    Object[] object = new Object[slots + 1];
    if (bytes > 0)
      object[slots] = stamped(bytes, number);
    return object;
  }

  static byte[] payload(Object object) {
    if (object instanceof byte[])
      return (byte[]) object;
    Object[] array = (Object[]) object;
    return (byte[]) array[array.length - 1];
  }

  static long read(byte[] payload) {
    if (payload == null)
      return 0;
    if (payload.length >= 8)
      return (long) LONG.get(payload, 0);
    long sum = 0;
    for (int i = 0; i < payload.length; i++)
      sum |= (payload[i] & 0xffL) << 8 * i;
    return sum;
  }

  /* A finalizable object: when it was found dead, the reference waits in the
   * queue.  References that wait for nothing would die, so a list has them. */
  static final class Finalizable extends PhantomReference<Object> {
    static final ReferenceQueue<Object> queue = new ReferenceQueue<>();
    static final Finalizable list = new Finalizable(null);
    Finalizable before = this, after = this;

    Finalizable(Object object) {
      super(object, queue);
    }

    static void add(Object object) {
      Finalizable f = new Finalizable(object);
      synchronized (list) {
        f.before = list;
        f.after = list.after;
        list.after.before = f;
        list.after = f;
      }
    }

    static void takeOne() {
      Finalizable f = (Finalizable) queue.poll();
      if (f == null)
        return;
      synchronized (list) {
        f.before.after = f.after;
        f.after.before = f.before;
      }
    }

    static void takeAll() {
      while (queue.poll() != null) {
      }
      list.before = list.after = list;
    }
  }

  /* ------------------------------------------------------------------------ *
   * Run-queue delay: how long a thread was ready to run and did not run.  What
   * other threads of the JVM may have caused is the collector's, and stays.
   * ------------------------------------------------------------------------ */

  static final class Account {
    final FileChannel file;
    final ByteBuffer text = ByteBuffer.allocateDirect(96);
    long ran, waited;

    Account(Path path) throws IOException {
      file = FileChannel.open(path);
    }

    boolean read() throws IOException {
      text.clear();
      int n = file.read(text, 0);
      if (n <= 0)
        return false;
      ran = waited = 0;
      int i = 0;
      for (; i < n && text.get(i) != ' '; i++)
        ran = 10 * ran + text.get(i) - '0';
      for (i++; i < n && text.get(i) != ' '; i++)
        waited = 10 * waited + text.get(i) - '0';
      return true;
    }
  }

  /* The threads of the JVM: all that there are before the mutators. */
  static final List<Account> strangers = new ArrayList<>();

  static void findStrangers() throws IOException {
    String own = Files.readSymbolicLink(Paths.get("/proc/thread-self")).getFileName().toString();
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Paths.get("/proc/self/task"))) {
      for (Path task : tasks)
        if (!task.getFileName().toString().equals(own))
          strangers.add(new Account(task.resolve("schedstat")));
    }
  }

  static synchronized long strangersRan() throws IOException {
    long sum = 0;
    for (Account a : strangers)
      if (a.read())
        sum += a.ran;
    return sum;
  }

  /* ------------------------------------------------------------------------ *
   * A thread of the trace.
   * ------------------------------------------------------------------------ */

  static final class Mutator extends Thread {
    static final long SLOW = 50_000, REFRESH = 10_000_000;

    final int first;
    final Object[] registers = new Object[number("registers")];
    final Object[] locals = new Object[TLS];
    final int[] window = new int[CHUNK];
    final ByteBuffer bytes = ByteBuffer.allocateDirect(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    final long[] steps;
    int count;
    long payloads;
    boolean measured;

    long begin, refresh, instrument, skipped, delayed, ownDelay;
    long strangersBefore;
    Account account;

    Mutator(int first, int steps) {
      this.first = first;
      this.steps = new long[timed ? steps : 0];
    }

    /* A thread runs once, and a mutator in every replay. */
    Thread thread() {
      return new Thread(this::perform);
    }

    void perform() {
      try {
        count = 0;
        payloads = instrument = skipped = delayed = ownDelay = 0;
        if (measured && timed) {
          account = new Account(Paths.get("/proc/thread-self/schedstat"));
          if (account.read())
            strangersBefore = strangersRan();
          else
            account = null;
        }
        load(first);
        begin = System.nanoTime();
        refresh = begin + REFRESH;
        replay();
      } catch (Throwable t) {
        fail(t);
      }
    }

    void load(int chunk) throws IOException {
      bytes.clear();
      for (long at = (long) chunk * 4 * CHUNK; bytes.hasRemaining();) {
        int n = words.read(bytes, at);
        if (n < 0)
          throw new IOException("the words are cut short");
        at += n;
      }
      bytes.flip();
      bytes.asIntBuffer().get(window);
    }

    /* Reading words is no work of the program's. */
    void goOn(int chunk) throws IOException {
      long from = System.nanoTime();
      load(chunk);
      long took = System.nanoTime() - from;
      skipped += took;
      begin += took;
    }

    /* A step that took long ends now.  Returns how long it took without the time
     * in which the thread was kept from running. */
    long correct(long took, long now) throws IOException {
      if (!measured)
        return took;
      footprint.sample();
      if (account != null) {
        long waited = account.waited;
        account.read();
        long delay = account.waited - waited;
        if (delay > 0) {
          long ran = strangersRan();
          long own = Math.min(Math.max(ran - strangersBefore, 0), delay);
          strangersBefore = Math.max(ran, strangersBefore);
          ownDelay += own;
          if (took > SLOW) {
            long others = Math.min(delay - own, took);
            delayed += others;
            took -= others;
          }
        }
      }
      long after = System.nanoTime();
      instrument += after - now;
      refresh = after + REFRESH;
      begin = after;
      return took;
    }

    void step() throws IOException {
      long now = System.nanoTime(), took = now - begin;
      begin = now;
      if (took > SLOW || now > refresh)
        took = correct(took, now);
      steps[count++] = took;
    }

    void replay() throws IOException, InterruptedException {
      final Object[] r = registers, g = globals, l = locals;
      final int[] w = window;
      long sum = 0;
      int at = 0;
      for (;;) {
        int word = w[at++], a = word >>> 8;
        switch (word & 0xff) {
          case NEW:
            r[a] = make(w[at], w[at + 1], w[at + 2]);
            at += 3;
            break;
          case LOAD:
            r[a] = ((Object[]) r[w[at]])[w[at + 1]];
            at += 2;
            break;
          case STORE:
            ((Object[]) r[w[at]])[w[at + 1]] = r[a];
            at += 2;
            break;
          case STORE_TAKE:
            ((Object[]) r[w[at]])[w[at + 1]] = r[a];
            r[a] = null;
            at += 2;
            break;
          case STORE_NULL:
            ((Object[]) r[a])[w[at++]] = null;
            break;
          case COPY:
            r[a] = r[w[at++]];
            break;
          case MOVE:
            r[a] = r[w[at]];
            r[w[at++]] = null;
            break;
          case CLEAR:
            r[a] = null;
            break;
          case PAYLOAD:
            sum += Replay.read(payload(r[a]));
            break;
          case LEAVE:
            for (int end = a + w[at++]; a < end; a++)
              r[a] = null;
            break;
          case GLOBAL_LOAD:
            r[a] = g[w[at++]];
            break;
          case GLOBAL_STORE:
            g[w[at++]] = r[a];
            break;
          case GLOBAL_CLEAR:
            g[a] = null;
            break;
          case TLS_LOAD:
            r[a] = l[w[at++]];
            break;
          case TLS_STORE:
            l[w[at++]] = r[a];
            break;
          case TLS_CLEAR:
            l[a] = null;
            break;
          case STEP:
            if (timed)
              step();
            break;
          case NEXT:
            goOn(a);
            at = 0;
            break;
          case END:
            payloads = sum;
            return;
          default:
            at = seldom(word & 0xff, a, at);
        }
      }
    }

    /* What is apart from the loop, so that the loop is compiled well.  Returns
     * where the next instruction is. */
    int seldom(int code, int a, int at) throws InterruptedException {
      final Object[] r = registers;
      final int[] w = window;
      switch (code) {
        case NEW_FINAL:
          r[a] = make(w[at], w[at + 1], w[at + 2]);
          Finalizable.add(r[a]);
          return at + 3;
        case WEAK_NEW:
          r[a] = new WeakReference<>(r[w[at]]);
          return at + 1;
        case WEAK_GET:
          r[a] = ((WeakReference<?>) r[w[at]]).get();
          if (r[a] == null)
            wrong("a weak reference to a live object was cleared");
          return at + 1;
        case WEAK_DROP:
          ((WeakReference<?>) r[w[at]]).get();
          r[a] = null;
          return at + 1;
        case FINALIZER:
          Finalizable.takeOne();
          return at;
        case COLLECT:
          collect();
          return at;
        case WATCH:
          watched[w[at]] = new WeakReference<>(r[a]);
          return at + 1;
        case WAIT:
          waitForAll(w[at]);
          return at + 1;
        case TURN:
          waitForTurn(w[at]);
          return at + 1;
        case PASS:
          pass(w[at]);
          return at + 1;
        case DETACH:
          java.util.Arrays.fill(locals, null);
          return at;
        default:
          throw new IllegalStateException("a word of unknown code " + code);
      }
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
    java.util.Arrays.fill(globals, null);
    for (Mutator m : mutators) {
      java.util.Arrays.fill(m.registers, null);
      java.util.Arrays.fill(m.locals, null);
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
    java.util.Arrays.fill(watched, null);
    Finalizable.takeAll();
  }

  /* Replays until the JVM has compiled what there is to compile: until it
   * compiles for less than a hundredth of the time. */
  static int warmUp(int most) throws InterruptedException {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    Runtime runtime = Runtime.getRuntime();
    long compiled = compiler.getTotalCompilationTime(), since = System.nanoTime();
    int replays = 0, quiet = 0;
    while (replays < most && quiet < 2) {
      long used = runtime.totalMemory() - runtime.freeMemory();
      replayAll();
      forget();
      replays++;
      long took = (System.nanoTime() - since) / 1_000_000;
      if (took >= 100) {
        long now = compiler.getTotalCompilationTime();
        quiet = now - compiled <= took / 100 ? quiet + 1 : 0;
        compiled = now;
        since = System.nanoTime();
      }
      long all = runtime.totalMemory() - runtime.freeMemory();
      if (!collects && all + 2 * (all - used) > runtime.maxMemory())
        break; /* what is measured needs the room */
    }
    return replays;
  }

  /* ------------------------------------------------------------------------ *
   * What is alive in the end.
   * ------------------------------------------------------------------------ */

  static final class Checks {
    final Object[] objects = new Object[number("alive")];
    long lost, left;

    void has(boolean right, String what) {
      if (!right)
        wrong(what);
    }

    /* Whether it is number x - 1, or null if x is 0. */
    void is(Object object, int x, String what) {
      if (x == 0)
        has(object == null, what + " holds an object and should hold none");
      else if (object == null)
        has(false, what + " holds no object and should hold one");
      else if (objects[x - 1] == null)
        objects[x - 1] = object;
      else
        has(objects[x - 1] == object, what + " holds another object than it should");
    }

    void shape(int kind, Object object, int slots, int bytes, int number, int full) {
      if (kind == 1) {
        has(object instanceof WeakReference, "an object is no weak reference and should be one");
        return;
      }
      boolean right = slots == 0 ? object instanceof byte[]
          : object instanceof Object[] && ((Object[]) object).length == slots + 1;
      has(right, "an object has another shape than it should");
      if (!right)
        return;
      byte[] payload = payload(object);
      has((payload == null ? 0 : payload.length) == bytes,
          "an object has another payload than it should");
      has(Replay.read(payload) == Replay.read(stamped(bytes, number)),
          "an object is another one than it should be");
      for (int i = 0; i < slots; i++)
        if (((Object[]) object)[i] != null)
          full--;
      has(full == 0, "an object has more or fewer references than it should");
    }

    void slot(Object object, int slot, int x) {
      if (object instanceof Object[] && slot < ((Object[]) object).length - 1)
        is(((Object[]) object)[slot], x, "a slot");
    }

    void run(Mutator m, int first) throws IOException {
      m.load(first);
      final int[] w = m.window;
      for (int at = 0;;) {
        int word = w[at++], a = word >>> 8;
        switch (word & 0xff) {
          case HAS_ROOT:
            is((a == 0 ? m.registers : a == 1 ? globals : m.locals)[w[at]], w[at + 1],
                (a == 0 ? "register " : a == 1 ? "global " : "thread-local root ") + w[at]);
            at += 2;
            break;
          case HAS_SHAPE:
            shape(a, objects[w[at] - 1], w[at + 1], w[at + 2], w[at + 3], w[at + 4]);
            at += 5;
            break;
          case HAS_SLOT:
            slot(objects[w[at] - 1], w[at + 1], w[at + 2]);
            at += 3;
            break;
          case HAS_TARGET:
            if (objects[w[at] - 1] instanceof WeakReference)
              is(((WeakReference<?>) objects[w[at] - 1]).get(), w[at + 1], "a weak reference");
            at += 2;
            break;
          case HAS_WATCHED:
            boolean alive = watched[w[at++]].get() != null;
            if (a == 1 && !alive)
              lost++;
            else if (a == 0 && alive)
              left++;
            break;
          case NEXT:
            m.load(a);
            at = 0;
            break;
          case END:
            return;
          default:
            throw new IllegalStateException("a word of unknown code " + (word & 0xff));
        }
      }
    }
  }

  static long watchedAlive() {
    long alive = 0;
    for (WeakReference<Object> w : watched)
      if (w != null && w.get() != null)
        alive++;
    return alive;
  }

  /* ------------------------------------------------------------------------ *
   * What the JVM tells of its heap.
   * ------------------------------------------------------------------------ */

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

  /* ------------------------------------------------------------------------ *
   * The run.
   * ------------------------------------------------------------------------ */

  static final BufferedReader answers = new BufferedReader(new InputStreamReader(System.in));

  static void meet(PrintStream out, String moment) throws IOException {
    out.println(moment);
    out.flush();
    answers.readLine();
  }

  @SuppressWarnings("unchecked")
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
    PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out));
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
      findStrangers();
    collect();
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long[] before = collections();
    footprint.read();
    meet(out, "begin");
    long compiled = compiler.getTotalCompilationTime();
    long begin = System.nanoTime();
    replayAll();
    long end = System.nanoTime();
    compiled = compiler.getTotalCompilationTime() - compiled;
    footprint.read();
    long[] after = collections();
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
    out.println("footprint " + footprint.now + " " + footprint.peak);
    tellSteps(out);
    tellPauses(out, begin, end);
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
    java.util.Arrays.fill(checks.objects, null);
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
