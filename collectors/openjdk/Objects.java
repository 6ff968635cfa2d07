/* Objects.java: the objects of a trace in Java.
 *
 * An object is an array of references, those of its slots and then its payload,
 * which is an array of bytes, or null.  An object without slots is its payload
 * alone.  So an object with both is two of Java's, with a header of 16 bytes
 * each, where a class made for it would need one header of 12. */
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

final class Objects {
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /* So many bytes of payload have room for the number of the object. */
  static final int STAMP = 8;

  static byte[] stamped(int bytes, int number) {
    byte[] payload = new byte[bytes];
    if (bytes >= STAMP)
      LONG.set(payload, 0, number & 0xffffffffL);
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

  /* The number of the object with this payload; 0 if it is not known. */
  static long read(byte[] payload) {
    return payload == null || payload.length < STAMP ? 0 : (long) LONG.get(payload, 0);
  }
}
