/* Account.java: how long a thread ran, and for how long it was ready to run and
 * did not run (run-queue delay), by the kernel. */
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

final class Account {
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
}
