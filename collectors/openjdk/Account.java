/* Account.java: how long a thread ran, and for how long it was ready to run and
 * did not run (run-queue delay), by the kernel. */
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

final class Account {
  final FileChannel file;
  final ByteBuffer text = ByteBuffer.allocateDirect(96);
  long ran, waited, turns; /* how often it got a processor */

  Account(Path path) throws IOException {
    file = FileChannel.open(path);
  }

  /* False if the thread has ended, or if the kernel does not tell. */
  boolean read() {
    text.clear();
    int n;
    try {
      n = file.read(text, 0);
    } catch (IOException e) {
      return false;
    }
    if (n <= 0)
      return false;
    ran = waited = turns = 0;
    int i = 0;
    for (; i < n && text.get(i) != ' '; i++)
      ran = 10 * ran + text.get(i) - '0';
    for (i++; i < n && text.get(i) != ' '; i++)
      waited = 10 * waited + text.get(i) - '0';
    for (i++; i < n && text.get(i) >= '0'; i++)
      turns = 10 * turns + text.get(i) - '0';
    return true;
  }

  /* The threads of the JVM: all that there are before the mutators. */
  static final List<Account> strangers = new ArrayList<>();

  static void findStrangers() throws IOException {
    String own = Files.readSymbolicLink(Paths.get("/proc/thread-self")).getFileName().toString();
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Paths.get("/proc/self/task"))) {
      for (Path task : tasks)
        if (!task.getFileName().toString().equals(own))
          add(task.resolve("schedstat"));
    }
  }

  /* Adds the account of a thread, if the thread has not ended meanwhile. */
  static void add(Path path) throws IOException {
    try {
      strangers.add(new Account(path));
    } catch (NoSuchFileException e) {
      return;
    }
  }

  static synchronized long strangersRan() {
    long sum = 0;
    for (Account a : strangers)
      if (a.read())
        sum += a.ran;
    return sum;
  }
}
