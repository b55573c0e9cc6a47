/* Connections to the monitor's socket: lines of a control connection, streams of an attached one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"

enum client_role { CLIENT_NEW, CLIENT_CONTROL, CLIENT_ATTACHED };

struct client {
	int fd;
	enum client_role role;
	bool wants[3];       /* stdin, stdout, stderr */
	bool input_ended;    /* it half-closed */
	bool closing;        /* close once everything is handed over */
	bool said_all;       /* closed towards it; it may still be writing, and would lose our last words if we hung up */
	bool dead;           /* to be freed by the loop */
	bool reading_paused; /* stdin queue is full */
	bool hung_up;        /* the peer takes no more; what it sent is still read */
	bool greeted;        /* a control connection that has its hello */
	uint32_t watched;    /* epoll events asked for */
	struct queue *out;
	char line[256];
	size_t line_length;
	struct client *next;
};

/* Listens on `ctl` in the working directory. -1 with errno on failure. */
int client_listen(void);

/* Accepts one connection of root; NULL when there is none or it is somebody else; `full` is set when there are no descriptors left. */
struct client *client_accept(int listener, const char *spill_dir, bool *full);
void client_free(struct client *client);

/* Queues text for a control connection. */
void client_say(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Queues output of stream 1 or 2 for an attached client that wants it; framed unless `raw`. A client too far behind is marked dead. */
void client_output(struct client *client, int stream, const char *data, size_t length, bool raw);

/* Hands over what the socket takes; marks the client hung up when it is gone, closes its output when all is said. */
void client_flush(struct client *client);

/* Cuts off who is furthest behind until all of the list together hold `most` bytes on disk at most. */
void clients_bound(struct client *clients, long long most);
