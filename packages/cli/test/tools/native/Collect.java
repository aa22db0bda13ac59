// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;

/** At a line of standard input collects so many times, says what the JVM itself counted, and waits for its end. */
class Collect {
  static byte[][] garbage;

  public static void main(String[] arguments) throws Exception {
    long[] before = counts();
    System.out.println("ready");
    System.in.read();
    for (int time = 0; time < Integer.parseInt(arguments[0]); time++) {
      garbage = new byte[64][];
      for (int index = 0; index < garbage.length; index++) garbage[index] = new byte[64 << 10];
      System.gc();
    }
    StringBuilder json = new StringBuilder("{");
    int index = 0;
    for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans())
      json.append(json.length() > 1 ? "," : "")
          .append(String.format("\"%s\":%d", bean.getName(), bean.getCollectionCount() - before[index++]));
    System.out.println(json.append("}"));
    System.in.read();
    System.in.read();
  }

  static long[] counts() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(bean -> bean.getCollectionCount()).toArray();
  }
}
