/* Mutator.java: a thread of the trace, which performs its words. */
import static java.util.Arrays.fill;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Paths;

final class Mutator {
  static final long SLOW = 50_000, REFRESH = 10_000_000;

  final int first;
  final Object[] registers = new Object[Replay.number("registers")];
  final Object[] locals = new Object[Replay.TLS];
  final int[] window = new int[Replay.CHUNK];
  final ByteBuffer bytes = ByteBuffer.allocateDirect(4 * Replay.CHUNK).order(ByteOrder.LITTLE_ENDIAN);
  final long[] steps;
  int count;
  long payloads;
  boolean measured;

  long begin, refresh, instrument, skipped, delayed, ownDelay;
  long strangersBefore;
  long readAt, quick; /* in steps from `quick` on none was slow, and no delay read */
  Account account;

  Mutator(int first, int steps) {
    this.first = first;
    this.steps = new long[Replay.timed ? steps : 0];
  }

  /* A thread runs once, and a mutator in every replay. */
  Thread thread() {
    return new Thread(this::perform);
  }

  void perform() {
    try {
      count = 0;
      payloads = instrument = skipped = delayed = ownDelay = 0;
      if (measured && Replay.timed) {
        account = new Account(Paths.get("/proc/thread-self/schedstat"));
        readAt = System.nanoTime();
        if (account.read())
          strangersBefore = Account.strangersRan();
        else
          account = null;
      }
      load(first);
      begin = quick = System.nanoTime();
      refresh = begin + REFRESH;
      replay();
    } catch (Throwable t) {
      Replay.fail(t);
    }
  }

  void load(int chunk) throws IOException {
    bytes.clear();
    for (long at = (long) chunk * 4 * Replay.CHUNK; bytes.hasRemaining();) {
      int n = Replay.words.read(bytes, at);
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
    quick += took;
  }

  /* Of a delay in so many pieces, read between `now` and `until`: what must lie in
   * the step that ends at `now`.  harness/cell/steps.c says why the rest may lie
   * elsewhere. */
  long within(long took, long now, long until, long delay, long turns) {
    long outside = quick - readAt + until - now;
    long most = Math.min(now - took - quick, turns * SLOW);
    if (delay <= outside + most)
      return 0;
    return Math.min(delay - outside - Math.min(most, (turns - 1) * SLOW), took);
  }

  /* A step that took long ends now.  Returns how long it took without the time
   * in which the thread was kept from running. */
  long correct(long took, long now) throws IOException {
    if (!measured)
      return took;
    if (account != null) {
      long waited = account.waited, turns = account.turns;
      account.read();
      long until = System.nanoTime();
      long delay = account.waited - waited;
      if (delay > 0) {
        long ran = Account.strangersRan();
        long own = Math.min(Math.max(ran - strangersBefore, 0), delay);
        strangersBefore = Math.max(ran, strangersBefore);
        ownDelay += own;
        if (took > SLOW) {
          long others = within(took, now, until, delay - own, account.turns - turns);
          delayed += others;
          took -= others;
        }
      }
    }
    Jvm.footprint.sample();
    readAt = now;
    long after = quick = System.nanoTime();
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
    final Object[] r = registers, g = Replay.globals, l = locals;
    final int[] w = window;
    long sum = 0;
    int at = 0;
    for (;;) {
      int word = w[at++], a = word >>> 8;
      switch (word & 0xff) {
        case Code.NEW:
          r[a] = Objects.make(w[at], w[at + 1], w[at + 2]);
          at += 3;
          break;
        case Code.LOAD:
          r[a] = ((Object[]) r[w[at]])[w[at + 1]];
          at += 2;
          break;
        case Code.STORE:
          ((Object[]) r[w[at]])[w[at + 1]] = r[a];
          at += 2;
          break;
        case Code.STORE_TAKE:
          ((Object[]) r[w[at]])[w[at + 1]] = r[a];
          r[a] = null;
          at += 2;
          break;
        case Code.STORE_NULL:
          ((Object[]) r[a])[w[at++]] = null;
          break;
        case Code.COPY:
          r[a] = r[w[at++]];
          break;
        case Code.MOVE:
          r[a] = r[w[at]];
          r[w[at++]] = null;
          break;
        case Code.CLEAR:
          r[a] = null;
          break;
        case Code.PAYLOAD:
          sum += Objects.read(Objects.payload(r[a]));
          break;
        case Code.LEAVE:
          for (int end = a + w[at++]; a < end; a++)
            r[a] = null;
          break;
        case Code.GLOBAL_LOAD:
          r[a] = g[w[at++]];
          break;
        case Code.GLOBAL_STORE:
          g[w[at++]] = r[a];
          break;
        case Code.GLOBAL_CLEAR:
          g[a] = null;
          break;
        case Code.TLS_LOAD:
          r[a] = l[w[at++]];
          break;
        case Code.TLS_STORE:
          l[w[at++]] = r[a];
          break;
        case Code.TLS_CLEAR:
          l[a] = null;
          break;
        case Code.STEP:
          if (Replay.timed)
            step();
          break;
        case Code.NEXT:
          goOn(a);
          at = 0;
          break;
        case Code.END:
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
      case Code.NEW_FINAL:
        r[a] = Objects.make(w[at], w[at + 1], w[at + 2]);
        Finalizable.add(r[a]);
        return at + 3;
      case Code.WEAK_NEW:
        r[a] = new WeakReference<>(r[w[at]]);
        return at + 1;
      case Code.WEAK_GET:
        r[a] = ((WeakReference<?>) r[w[at]]).get();
        if (r[a] == null)
          Replay.wrong("a weak reference to a live object was cleared");
        return at + 1;
      case Code.WEAK_DROP:
        ((WeakReference<?>) r[w[at]]).get();
        r[a] = null;
        return at + 1;
      case Code.FINALIZER:
        Finalizable.takeOne();
        return at;
      case Code.COLLECT:
        Replay.collect();
        return at;
      case Code.WATCH:
        Replay.watched[w[at]] = new WeakReference<>(r[a]);
        return at + 1;
      case Code.WAIT:
        Replay.waitForAll(w[at]);
        return at + 1;
      case Code.TURN:
        Replay.waitForTurn(w[at]);
        return at + 1;
      case Code.PASS:
        Replay.pass(w[at]);
        return at + 1;
      case Code.DETACH:
        fill(locals, null);
        return at;
      default:
        throw new IllegalStateException("a word of unknown code " + code);
    }
  }
}
