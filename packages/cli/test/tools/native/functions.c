/* Functions that take a known time, call themselves, and are left without return. */
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone))

FUNCTION void naps(int milliseconds)
{
	usleep(milliseconds * 1000);
	__asm__ volatile("");
}

FUNCTION int descends(int depth)
{
	int below;

	usleep(1000);
	below = depth > 1 ? descends(depth - 1) : 0;
	__asm__ volatile("" : "+r"(below));
	return below + 1;
}

static jmp_buf away;

FUNCTION void leaves(int how)
{
	usleep(100);
	if (how)
		longjmp(away, 1);
	__asm__ volatile("");
}

int main(void)
{
	char line[16];

	while (read(0, line, sizeof(line)) > 0) {
		for (int i = 0; i < 20; i++)
			naps(2);
		for (int i = 0; i < 5; i++)
			naps(40);
		for (int i = 0; i < 3; i++)
			descends(10);
		for (int i = 0; i < 40; i++)
			if (!setjmp(away))
				leaves(1);
		for (int i = 0; i < 7; i++)
			leaves(0);
		if (write(1, "done\n", 5) != 5)
			return 1;
	}
	return 0;
}
