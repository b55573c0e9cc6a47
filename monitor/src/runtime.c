#define _GNU_SOURCE
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base.h"
#include "escape.h"
#include "protocol.h"

#define MAX_ARGS 64

struct args {
	char *list[MAX_ARGS];
	int count;
};

static void push(struct args *args, const char *text)
{
	if (args->count >= MAX_ARGS - 1)
		abort();
	args->list[args->count++] = must(strdup(text));
	args->list[args->count] = NULL;
}

static void push_path(struct args *args, const char *dir, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	push(args, path);
	free(path);
}

/* The socket lies in the monitor's working directory; by this name its path is short, whatever the directory's length. */
static void push_console(struct args *args)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/cwd/console", getpid());
	push(args, path);
}

static void free_args(struct args *args)
{
	for (int i = 0; i < args->count; i++)
		free(args->list[i]);
}

#define cleanup_args __attribute__((cleanup(free_args)))

/* The monitor protects itself from the OOM killer; what it starts must not inherit that. */
static void plain_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t ignored = write(fd, "0", 1);
	(void)ignored;
	close(fd);
}

void plain_child(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	plain_oom_score();
}

/* In the child: plain signal state, the given streams, then the program. */
static pid_t spawn(char *const argv[], const int stdio[3])
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	plain_child();
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			_exit(126);
	if (chdir("/") == 0)
		execvp(argv[0], argv);
	_exit(127);
}

static void push_runtime(struct args *args, const struct runtime_call *call)
{
	for (int i = 0; call->argv[i]; i++)
		push(args, call->argv[i]);
}

pid_t runtime_start(const struct runtime_call *call, const int stdio[3])
{
	cleanup_args struct args args = {0};
	push_runtime(&args, call);
	push(&args, "--log");
	push_path(&args, call->dir, "runtime.log");
	push(&args, "--log-format");
	push(&args, "json");
	push(&args, call->exec ? "exec" : "run");
	push(&args, "--detach");
	push(&args, "--pid-file");
	push_path(&args, call->dir, "pid");
	if (call->tty) {
		push(&args, "--console-socket");
		push_console(&args);
	}
	push(&args, call->exec ? "--process" : "--bundle");
	push(&args, call->exec ? call->process : call->bundle);
	push(&args, call->id);
	return spawn(args.list, stdio);
}

pid_t runtime_delete(const struct runtime_call *call)
{
	cleanup_args struct args args = {0};
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int stdio[3] = {null, null, null};
	push_runtime(&args, call);
	push(&args, "delete");
	push(&args, "--force");
	push(&args, call->id);
	return spawn(args.list, stdio);
}

/* Reads at most `size` bytes from the end of a file. */
static size_t read_tail(const char *path, char *out, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return 0;
	off_t from = status.st_size > (off_t)size ? status.st_size - (off_t)size : 0;
	ssize_t n = RETRY(pread(fd, out, size, from));
	return n > 0 ? (size_t)n : 0;
}

pid_t runtime_pid(void)
{
	char text[32] = {0};
	if (read_tail("pid", text, sizeof(text) - 1) == 0)
		return 0;
	long pid = strtol(text, NULL, 10);
	return pid > 0 ? (pid_t)pid : 0;
}

bool runtime_says(const char *text)
{
	char raw[RUNTIME_MESSAGE_BYTES + 1];
	raw[read_tail("runtime.log", raw, sizeof(raw) - 1)] = 0;
	return strstr(raw, text) != NULL;
}

char *runtime_message(int fallback_fd)
{
	char raw[RUNTIME_MESSAGE_BYTES];
	size_t length = read_tail("runtime.log", raw, sizeof(raw));
	if (length == 0 && fallback_fd >= 0) {
		ssize_t n = RETRY(read(fallback_fd, raw, sizeof(raw)));
		length = n > 0 ? (size_t)n : 0;
	}
	char *quoted = must(malloc(length * ESCAPE_GROWTH + 3));
	quoted[0] = '"';
	size_t escaped = json_escape(quoted + 1, raw, length);
	memcpy(quoted + 1 + escaped, "\"", 2);
	return quoted;
}
