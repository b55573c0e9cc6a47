/*
 * Connections. Sockets are watched edge-triggered: what is known of each is kept here, so an end that cannot be handled yet never
 * wakes the loop again. A connection at rest has no buffer: bytes go through one shared chunk, and only what the receiver does not
 * take at once is kept, during which its sender is not read.
 */
#define _GNU_SOURCE
#include "proxy.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

#include "base.h"

/* Moves of one connection before the others have their turn. */
#define TURNS 16
#define ACCEPTS 64
#define EVENTS 64
/* When the machine has no more files, accepting is tried again after this. */
#define RETRY_MS 1000

struct link;

struct side {
	struct link *link;
	int fd;
	bool readable, writable, hung_up;
};

/* What goes one way. */
struct flow {
	char *kept;
	size_t start, length;
	bool ended; /* the sender has said all */
	bool done;  /* and the receiver knows */
};

/* A connection: side 0 is the client, side 1 the container; flow i comes from side i. */
struct link {
	struct side side[2];
	struct flow flow[2];
	bool connecting, queued;
	struct link *next;
};

static struct {
	int epoll, listener;
	const struct endpoint *to;
	size_t links, most;
	bool paused;
	struct link *queue, **tail;
} proxy;

static char chunk[CHUNK_BYTES];

static void enqueue(struct link *link)
{
	if (link->queued)
		return;
	link->queued = true;
	link->next = NULL;
	*proxy.tail = link;
	proxy.tail = &link->next;
}

static void pause_accepts(bool paused)
{
	struct epoll_event event = {.events = paused ? 0 : EPOLLIN};
	if (paused != proxy.paused && epoll_ctl(proxy.epoll, EPOLL_CTL_MOD, proxy.listener, &event) < 0)
		abort();
	proxy.paused = paused;
}

static void end_link(struct link *link, bool reset)
{
	const struct linger now = {.l_onoff = 1};
	for (int i = 0; i < 2; i++) {
		if (reset && link->side[i].fd >= 0)
			setsockopt(link->side[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close_fd(&link->side[i].fd);
		free(link->flow[i].kept);
	}
	free(link);
	proxy.links--;
	pause_accepts(false);
}

static bool watch(struct side *side, struct link *link, int fd)
{
	const int on = 1, idle_seconds = 60;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = side};
	side->link = link;
	side->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
	return epoll_ctl(proxy.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void open_link(int client)
{
	struct link *link = must(calloc(1, sizeof(*link)));
	link->side[1].fd = -1;
	proxy.links++;
	bool good = watch(&link->side[0], link, client);
	int fd = socket(proxy.to->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	link->connecting = true;
	good = good && fd >= 0 && (connect(fd, &proxy.to->address.any, proxy.to->size) == 0 || errno == EINPROGRESS);
	link->side[1].fd = fd;
	/* Both sides are watched: an event of either finds the link complete. */
	if (!good || !watch(&link->side[1], link, fd))
		end_link(link, true);
}

static void accept_some(void)
{
	for (int i = 0; i < ACCEPTS && proxy.links < proxy.most; i++) {
		int fd = accept4(proxy.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			open_link(fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			pause_accepts(true);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
	if (proxy.links >= proxy.most)
		pause_accepts(true);
}

static void give_up(struct flow *flow)
{
	free(flow->kept);
	flow->kept = NULL;
	flow->length = 0;
	flow->ended = flow->done = true;
}

/* Returns what was not taken; all of it is gone when the receiver is. */
static size_t send_on(struct flow *flow, struct side *receiver, const char *data, size_t length)
{
	while (length > 0 && receiver->writable) {
		ssize_t n = RETRY(send(receiver->fd, data, length, MSG_NOSIGNAL));
		if (n >= 0) {
			data += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN) {
			receiver->writable = false;
		} else {
			give_up(flow);
			return 0;
		}
	}
	return length;
}

static void keep(struct flow *flow, const char *data, size_t length)
{
	flow->kept = must(malloc(length));
	memcpy(flow->kept, data, length);
	flow->start = 0;
	flow->length = length;
}

/* Returns whether something arrived. An error is an end: what came before it is still delivered, what would go there is not. */
static bool receive(struct link *link, int from, size_t *length)
{
	struct side *sender = &link->side[from];
	ssize_t n = RETRY(recv(sender->fd, chunk, sizeof(chunk), 0));
	if (n < 0 && errno == EAGAIN) {
		sender->readable = false;
		return false;
	}
	if (n < 0)
		give_up(&link->flow[1 - from]);
	if (n <= 0) {
		link->flow[from].ended = true;
		return false;
	}
	*length = (size_t)n;
	/* A short read has emptied the socket; an end that came with it was said before. */
	if ((size_t)n < sizeof(chunk) && !sender->hung_up)
		sender->readable = false;
	return true;
}

/* One move of one flow. Returns whether another may follow. */
static bool move(struct link *link, int from)
{
	struct flow *flow = &link->flow[from];
	struct side *sender = &link->side[from], *receiver = &link->side[1 - from];
	size_t length = 0;
	if (flow->done)
		return false;
	if (flow->length > 0) {
		size_t left = send_on(flow, receiver, flow->kept + flow->start, flow->length);
		if (flow->done)
			return false;
		flow->start += flow->length - left;
		flow->length = left;
		if (left > 0)
			return false;
		free(flow->kept);
		flow->kept = NULL;
	}
	if (!flow->ended && sender->readable && receive(link, from, &length)) {
		size_t left = send_on(flow, receiver, chunk, length);
		if (left > 0)
			keep(flow, chunk + length - left, left);
	}
	if (flow->ended && !flow->done && flow->length == 0) {
		shutdown(receiver->fd, SHUT_WR);
		flow->done = true;
	}
	return !flow->done && flow->length == 0 && sender->readable;
}

/* Returns whether the container has answered; the link is gone when it refused. */
static bool connected(struct link *link)
{
	int problem = 0;
	socklen_t size = sizeof(problem);
	if (!link->side[1].writable)
		return false;
	if (getsockopt(link->side[1].fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 || problem != 0) {
		end_link(link, true);
		return false;
	}
	link->connecting = false;
	return true;
}

static void run(struct link *link)
{
	if (link->connecting && !connected(link))
		return;
	bool more = true;
	for (int turn = 0; more && turn < TURNS; turn++) {
		more = move(link, 0);
		more = move(link, 1) || more;
	}
	if (link->flow[0].done && link->flow[1].done)
		end_link(link, false);
	else if (more)
		enqueue(link);
}

static void note(struct side *side, uint32_t events)
{
	bool broken = events & (EPOLLERR | EPOLLHUP);
	side->readable = side->readable || broken || (events & (EPOLLIN | EPOLLRDHUP));
	side->writable = side->writable || broken || (events & EPOLLOUT);
	side->hung_up = side->hung_up || broken || (events & EPOLLRDHUP);
	enqueue(side->link);
}

/* Links end only here, after all events of a round were noted. */
static void run_queue(void)
{
	struct link *next, *link = proxy.queue;
	proxy.queue = NULL;
	proxy.tail = &proxy.queue;
	for (; link; link = next) {
		next = link->next;
		link->queued = false;
		run(link);
	}
}

_Noreturn void proxy_tcp(int listener, const struct endpoint *to, size_t most)
{
	struct epoll_event events[EVENTS], accepts = {.events = EPOLLIN};
	proxy.epoll = epoll_create1(EPOLL_CLOEXEC);
	proxy.listener = listener;
	proxy.to = to;
	proxy.most = most;
	proxy.tail = &proxy.queue;
	if (proxy.epoll < 0 || epoll_ctl(proxy.epoll, EPOLL_CTL_ADD, listener, &accepts) < 0)
		abort();
	for (;;) {
		bool out_of_files = proxy.paused && proxy.links < proxy.most;
		int n = epoll_wait(proxy.epoll, events, EVENTS, proxy.queue ? 0 : out_of_files ? RETRY_MS : -1);
		bool asked = out_of_files && n == 0;
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				note(events[i].data.ptr, events[i].events);
			else
				asked = true;
		run_queue();
		if (asked) {
			pause_accepts(false);
			accept_some();
		}
	}
}
