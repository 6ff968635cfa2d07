/* Checks.java: compares what is alive at the end of a replay with what should be. */
import java.io.IOException;
import java.lang.ref.WeakReference;

final class Checks {
  final Object[] objects = new Object[Replay.number("alive")];
  long lost, left;

  void has(boolean right, String what) {
    if (!right)
      Replay.wrong(what);
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
    byte[] payload = Objects.payload(object);
    has((payload == null ? 0 : payload.length) == bytes,
        "an object has another payload than it should");
    has(Objects.read(payload) == Objects.read(Objects.stamped(bytes, number)),
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
        case Code.HAS_ROOT:
          is((a == 0 ? m.registers : a == 1 ? Replay.globals : m.locals)[w[at]], w[at + 1],
              (a == 0 ? "register " : a == 1 ? "global " : "thread-local root ") + w[at]);
          at += 2;
          break;
        case Code.HAS_SHAPE:
          shape(a, objects[w[at] - 1], w[at + 1], w[at + 2], w[at + 3], w[at + 4]);
          at += 5;
          break;
        case Code.HAS_SLOT:
          slot(objects[w[at] - 1], w[at + 1], w[at + 2]);
          at += 3;
          break;
        case Code.HAS_TARGET:
          if (objects[w[at] - 1] instanceof WeakReference)
            is(((WeakReference<?>) objects[w[at] - 1]).get(), w[at + 1], "a weak reference");
          at += 2;
          break;
        case Code.HAS_WATCHED:
          boolean alive = Replay.watched[w[at++]].get() != null;
          if (a == 1 && !alive)
            lost++;
          else if (a == 0 && alive)
            left++;
          break;
        case Code.NEXT:
          m.load(a);
          at = 0;
          break;
        case Code.END:
          return;
        default:
          throw new IllegalStateException("a word of unknown code " + (word & 0xff));
      }
    }
  }
}
