import java.util.Scanner;

/** Collects all garbage as often as each line of standard input says, and prints the nanoseconds that it took. */
public final class Collect {
	public static void main(String[] arguments) {
		var lines = new Scanner(System.in);
		while (lines.hasNextLong()) {
			long times = lines.nextLong();
			long begin = System.nanoTime();
			for (long i = 0; i < times; i++) System.gc();
			System.out.println(System.nanoTime() - begin);
		}
	}
}
