#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base.h"
#include "protocol.h"

/* Nobody is turned away while the loop is busy. */
#define BACKLOG 1024

int client_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "ctl"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	mode_t mask = umask(0177);
	int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound < 0 || listen(fd, BACKLOG) < 0)
		close_fd(&fd);
	return fd;
}

struct client *client_accept(int listener, const char *spill_dir, bool *full)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd = RETRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	if (fd < 0) {
		*full = errno == EMFILE || errno == ENFILE;
		return NULL;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || (peer.uid != 0 && peer.uid != geteuid())) {
		close(fd);
		return NULL;
	}
	/* What the reader gets at once, and must hold while its own reader is slow. */
	int buffer = SOCKET_BUFFER_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	struct client *client = must(calloc(1, sizeof(*client)));
	client->fd = fd;
	client->out = queue_new(QUEUE_MEMORY_BYTES, spill_dir);
	return client;
}

void client_free(struct client *client)
{
	close(client->fd);
	queue_free(client->out);
	free(client);
}

void client_say(struct client *client, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		abort();
	if (!queue_append(client->out, text, (size_t)length))
		client->dead = true;
	client_flush(client);
}

/* It takes no more output. What it has sent before may still wait to be read: its end is seen there. */
static void lose(struct client *client)
{
	client->hung_up = true;
	client->wants[1] = client->wants[2] = false;
	client->dead = client->dead || client->input_ended;
}

void client_output(struct client *client, int stream, const char *data, size_t length, bool raw)
{
	if (client->role != CLIENT_ATTACHED || !client->wants[stream] || client->dead || client->closing)
		return;
	unsigned char header[FRAME_HEADER_BYTES] = {
	    (unsigned char)stream, 0, 0, 0,
	    (unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length,
	};
	size_t header_length = raw ? 0 : sizeof(header);
	size_t sent = 0;
	if (queue_empty(client->out)) {
		struct iovec parts[2] = {{header, header_length}, {(void *)data, length}};
		ssize_t n = RETRY(writev(client->fd, parts, 2));
		if (n < 0 && errno != EAGAIN) {
			lose(client);
			return;
		}
		sent = n < 0 ? 0 : (size_t)n;
	}
	size_t skipped = sent < header_length ? sent : header_length;
	bool kept = skipped == header_length || queue_append(client->out, header + skipped, header_length - skipped);
	sent -= skipped;
	if (!kept || (sent < length && !queue_append(client->out, data + sent, length - sent)))
		client->dead = true;
}

void client_flush(struct client *client)
{
	if (client->dead || client->hung_up)
		return;
	if (!queue_drain(client->out, client->fd)) {
		lose(client);
	} else if (client->closing && queue_empty(client->out) && !client->said_all) {
		shutdown(client->fd, SHUT_WR);
		client->said_all = true;
		client->dead = client->input_ended;
	}
}

void clients_bound(struct client *clients, long long most)
{
	for (;;) {
		struct client *furthest = NULL;
		long long sum = 0;
		for (struct client *client = clients; client; client = client->next) {
			if (client->dead)
				continue;
			long long behind = queue_on_disk(client->out);
			sum += behind;
			if (!furthest || behind > queue_on_disk(furthest->out))
				furthest = client;
		}
		if (sum <= most)
			return;
		furthest->dead = true;
	}
}
