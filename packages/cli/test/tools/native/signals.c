/*
 * Sends signals in every way there is, to itself and to a child that ignores them. Prints a line for each: via which system
 * call, the signal, the target's process ID (as named where there is none), what comes of it: 0 delivered, 1 ignored, 2 already
 * pending, 3 the queue is full, 5 it exists, or the error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(int sig)
{
	(void)sig;
}

static void tell(const char *via, int sig, int target, int result)
{
	printf("%s %d %d %d\n", via, sig, target, result);
}

/* -errno of a call that must fail. */
static int failure(long result)
{
	return result < 0 ? -errno : 1000;
}

int main(void)
{
	int self = getpid(), ready[2], pipes[2];
	siginfo_t info = { .si_code = SI_QUEUE };
	struct rlimit none = { 0, 0 };
	char byte;

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		signal(sig, nothing);
	signal(SIGUSR1, nothing);
	signal(SIGPIPE, nothing);
	signal(SIGALRM, nothing);
	if (pipe(ready) || pipe(pipes))
		return 1;
	pid_t child = fork();
	if (child == 0) {
		setpgid(0, 0);
		close(pipes[0]);
		signal(SIGUSR2, SIG_IGN);
		sigset_t blocked;
		sigemptyset(&blocked);
		sigaddset(&blocked, SIGUSR1);
		sigaddset(&blocked, SIGRTMIN + 9);
		sigprocmask(SIG_BLOCK, &blocked, 0);
		if (write(ready[1], "x", 1) != 1)
			return 1;
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	int pidfd = syscall(SYS_pidfd_open, child, 0);

	kill(self, SIGUSR1);
	tell("kill", SIGUSR1, self, 0);
	syscall(SYS_tkill, self, SIGRTMIN);
	tell("tkill", SIGRTMIN, self, 0);
	raise(SIGRTMAX);
	tell("tgkill", SIGRTMAX, self, 0);
	sigqueue(child, SIGUSR1, (union sigval){ .sival_int = 7 });
	tell("rt_sigqueueinfo", SIGUSR1, child, 0);
	kill(child, SIGUSR1);
	tell("kill", SIGUSR1, child, 2);
	kill(-child, SIGUSR2);
	tell("kill", SIGUSR2, child, 1);
	info.si_signo = SIGRTMIN + 3;
	syscall(SYS_rt_tgsigqueueinfo, self, self, SIGRTMIN + 3, &info);
	tell("rt_tgsigqueueinfo", SIGRTMIN + 3, self, 0);
	if (pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGRTMIN + 9, 0, 0);
		tell("pidfd_send_signal", SIGRTMIN + 9, child, 0);
	}
	kill(child, 0);
	tell("kill", 0, child, 5);

	tell("kill", 99, self, failure(kill(self, 99)));
	tell("kill", SIGTERM, 4194305, failure(kill(4194305, SIGTERM)));
	tell("tkill", SIGTERM, 4194306, failure(syscall(SYS_tkill, 4194306, SIGTERM)));
	prlimit(child, RLIMIT_SIGPENDING, &none, 0);
	tell("rt_sigqueueinfo", SIGRTMIN + 9, child, sigqueue(child, SIGRTMIN + 9, (union sigval){}) ? 3 : 1000);

	close(pipes[0]);
	if (write(pipes[1], "x", 1) == 1)
		return 1;
	tell("kernel", SIGPIPE, self, 0);
	ualarm(50000, 0);
	pause();
	tell("kernel", SIGALRM, self, 0);

	/* From here on an ordinary user, who may not. */
	if (setresuid(65534, 65534, 65534) == 0) {
		tell("kill", SIGTERM, getppid(), failure(kill(getppid(), SIGTERM)));
		tell("tgkill", SIGTERM, getppid(), failure(syscall(SYS_tgkill, getppid(), getppid(), SIGTERM)));
		if (pidfd >= 0)
			tell("pidfd_send_signal", SIGINT, child, failure(syscall(SYS_pidfd_send_signal, pidfd, SIGINT, 0, 0)));
		tell("kill", SIGKILL, child, failure(kill(child, SIGKILL)));
	}
	fflush(stdout);
	/* The child is root's, and this is nobody: it ends with its parent's standard input. */
	printf("child %d\n", child);
	return 0;
}
