/* Calling the OCI runtime: start and delete. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct runtime_call {
	char *const *argv;   /* the runtime and its global arguments, NULL at the end */
	bool exec;           /* exec session, else container */
	const char *id;
	const char *bundle;  /* container */
	const char *process; /* exec: file with the OCI process */
	const char *dir;     /* absolute: pid file, log, console socket */
	bool tty;
};

/* Starts `RUNTIME run|exec --detach ...` with these standard streams. Returns its pid, or -1. */
pid_t runtime_start(const struct runtime_call *call, const int stdio[3]);

/* Starts `RUNTIME delete --force ID`. Returns its pid, or -1. */
pid_t runtime_delete(const struct runtime_call *call);

/* In a child, before exec: default signal actions, empty mask, ordinary OOM score. */
void plain_child(void);

/* True when `text` is in the end of the runtime's log. */
bool runtime_says(const char *text);

/* The pid that the runtime left in the pid file; 0 when there is none. */
pid_t runtime_pid(void);

/* The end of the runtime's log as a JSON string with its quotes; `fallback_fd` is read (non-blocking) when the log is empty. Freed by the caller. */
char *runtime_message(int fallback_fd);
