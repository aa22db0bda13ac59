/*
 * Starts programs in every way there is. Prints a line for each child: its process ID and how. With a program's path as
 * argument that one is started; it does nothing and ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *program;

static void *execute_in_thread(void *how)
{
	execl(program, "threaded", (char *)how, (char *)0);
	return 0;
}

static void child(const char *how)
{
	char *plain[] = { "plain", "two words", "", "quo'te", "line\nfeed", 0 };
	char *few[] = { "few", (char *)how, 0 };

	if (!strcmp(how, "plain"))
		execve(program, plain, environ);
	if (!strcmp(how, "relative") && !chdir("/usr/bin"))
		execve("./true", few, environ);
	if (!strcmp(how, "at"))
		syscall(SYS_execveat, open("/usr", O_PATH), "bin/true", few, environ, 0);
	if (!strcmp(how, "descriptor"))
		fexecve(open(program, O_RDONLY | O_CLOEXEC), few, environ);
	if (!strcmp(how, "missing"))
		execve("/nowhere/at/all", plain, environ);
	if (!strcmp(how, "at-missing"))
		syscall(SYS_execveat, open("/usr", O_PATH), "none", few, environ, 0);
	if (!strcmp(how, "denied"))
		execve("/etc/passwd", few, environ);
	if (!strcmp(how, "null"))
		syscall(SYS_execve, "/nowhere", 0, 0);
	if (!strcmp(how, "threaded")) {
		pthread_t thread;
		pthread_create(&thread, 0, execute_in_thread, (char *)how);
		pthread_join(thread, 0);
	}
	if (!strcmp(how, "many") || !strcmp(how, "long") || !strcmp(how, "many-missing")) {
		static char *many[1001], numbers[1000][8], text[20001];
		for (int i = 0; i < 1000; i++) {
			sprintf(numbers[i], "%d", i);
			many[i] = numbers[i];
		}
		memset(text, 'x', 20000);
		if (!strcmp(how, "long")) {
			many[1] = text;
			many[2] = 0;
		}
		execve(strcmp(how, "many-missing") ? program : "/nowhere", many, environ);
	}
	_exit(7);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "plain", "relative", "at", "descriptor", "missing", "at-missing", "denied", "null",
					    "threaded", "many", "long", "many-missing" };

	program = argc > 1 ? argv[1] : "/bin/true";
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		pid_t pid = fork();
		if (pid == 0)
			child(ways[i]);
		printf("%d %s\n", pid, ways[i]);
		fflush(stdout);
		waitpid(pid, 0, 0);
	}
	return 0;
}
