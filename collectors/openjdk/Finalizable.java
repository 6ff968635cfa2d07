/* Finalizable.java: a finalizable object of a trace.  When it was found dead, its
 * reference waits in the queue.  References that nothing refers to would die
 * themselves, so a list has them. */
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;

final class Finalizable extends PhantomReference<Object> {
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
