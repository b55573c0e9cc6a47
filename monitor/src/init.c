/*
 * PID 1 for `--init`: starts the program, forwards signals to it, reaps orphans, ends with its exit code.
 * As `-e -- program`: reads more environment from standard input (each `NAME=value\0`, an empty one at the end), gives the program
 * /dev/null instead, and becomes it. So what is secret is in no file and in nobody's description of the container.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* More than the kernel takes as one program's arguments and environment. */
#define ENVIRONMENT_MAX (8 << 20)

/* Returns what was read up to the empty entry, NULL when it is not there or too much. */
static char *read_entries(void)
{
	size_t used = 0, room = 64 << 10;
	char *text = malloc(room);
	while (text && !(used >= 1 && text[used - 1] == 0 && (used == 1 || text[used - 2] == 0))) {
		if (used == room) {
			room *= 2;
			char *more = room > ENVIRONMENT_MAX ? NULL : realloc(text, room);
			if (!more)
				free(text);
			text = more;
			continue;
		}
		ssize_t n = read(STDIN_FILENO, text + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(text);
			return NULL;
		}
		used += (size_t)n;
	}
	return text;
}

static int with_environment(char **argv)
{
	char *entries = read_entries();
	int null = open("/dev/null", O_RDONLY);
	if (!entries || null < 0 || dup2(null, STDIN_FILENO) < 0) {
		fprintf(stderr, "docker-init: the environment cannot be read\n");
		return 125;
	}
	if (null != STDIN_FILENO)
		close(null);
	for (char *entry = entries; *entry; entry += strlen(entry) + 1)
		putenv(entry);
	execvp(argv[0], argv);
	int problem = errno;
	fprintf(stderr, "%s: %s\n", argv[0], strerror(problem));
	return problem == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "-e") == 0 && strcmp(argv[2], "--") == 0)
		return with_environment(argv + 3);
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
