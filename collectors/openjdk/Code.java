/* Code.java: the codes of ../runtimes/words.h, in its order. */
final class Code {
  static final int END = 0, NEXT = 1, STEP = 2, NEW = 3, NEW_FINAL = 4, LOAD = 5, STORE = 6,
      STORE_TAKE = 7, STORE_NULL = 8, COPY = 9, MOVE = 10, CLEAR = 11, PAYLOAD = 12, LEAVE = 13,
      GLOBAL_LOAD = 14, GLOBAL_STORE = 15, GLOBAL_CLEAR = 16, TLS_LOAD = 17, TLS_STORE = 18,
      TLS_CLEAR = 19, WEAK_NEW = 20, WEAK_GET = 21, WEAK_DROP = 22, FINALIZER = 26, COLLECT = 28,
      WATCH = 29, WAIT = 30, TURN = 31, PASS = 32, DETACH = 33, HAS_ROOT = 34, HAS_SHAPE = 35,
      HAS_SLOT = 36, HAS_TARGET = 37, HAS_WATCHED = 39;
}
