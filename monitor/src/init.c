/* PID 1 for `--init`: starts the program, forwards signals to it, reaps orphans, ends with its exit code. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child leads its own process group in the foreground of the terminal, if there is one. */
static void become(char **argv, const sigset_t *before)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(argv[0], argv);
	int problem = errno;
	fprintf(stderr, "docker-init: %s: %s\n", argv[0], strerror(problem));
	_exit(problem == ENOENT ? 127 : 126);
}

/* Returns the exit code of `child` once it has ended, -1 before. */
static int reap(pid_t child)
{
	int status, code = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return code;
}

int main(int argc, char **argv)
{
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
	sigset_t all, before;
	siginfo_t info;
	if (first >= argc) {
		fprintf(stderr, "usage: docker-init -- program [argument...]\n");
		return 125;
	}
	sigfillset(&all);
	const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTTOU, SIGTTIN};
	for (size_t i = 0; i < sizeof(synchronous) / sizeof(*synchronous); i++)
		sigdelset(&all, synchronous[i]);
	sigprocmask(SIG_SETMASK, &all, &before);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	pid_t child = fork();
	if (child < 0) {
		perror("docker-init: fork");
		return 126;
	}
	if (child == 0)
		become(argv + first, &before);
	for (;;) {
		int number = sigwaitinfo(&all, &info);
		if (number == SIGCHLD) {
			int code = reap(child);
			if (code >= 0)
				return code;
		} else if (number > 0) {
			kill(child, number);
		}
	}
}
