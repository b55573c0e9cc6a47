/* The process's standard streams: pipes, or a terminal handed over by the runtime. */
#pragma once

#include <stdbool.h>

struct streams {
	int out, err;  /* read ends, non-blocking; for a terminal `out` is the master and `err` is -1 */
	int in;        /* write end, non-blocking; for a terminal the master again (another descriptor); -1: none */
	int child[3];  /* what the runtime gets; closed by streams_close_child */
};

/* Makes pipes (and /dev/null for stdin when `want_stdin` is false). For a terminal the child gets /dev/null three times. False with errno on failure. */
bool streams_open(struct streams *streams, bool tty, bool want_stdin);
void streams_close_child(struct streams *streams);

/* Listens on the socket `console` of the working directory. -1 with errno on failure. */
int console_listen(void);

/* Accepts the runtime's connection and takes the terminal out of it (SCM_RIGHTS). -1 on failure. */
int console_receive(int listener);

void terminal_resize(int master, unsigned rows, unsigned columns);
