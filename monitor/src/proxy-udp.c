/*
 * Datagrams. Each client has a socket of its own towards the container, so that answers find their way back; the one unused
 * longest makes room for a new one. Answers leave from the address that the client has written to.
 */
#define _GNU_SOURCE
#include "proxy.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

#include "base.h"

#define SESSIONS_MOST 1024
#define IDLE_SECONDS 90
#define BUCKETS 256
#define EVENTS 64
/* Datagrams of one socket before the others have their turn. */
#define TURNS 64

struct session {
	int fd;
	struct endpoint client;
	union {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;
	} local;
	time_t used;
	struct session *older, *newer; /* by use */
	struct session *chain;         /* in its bucket, or among the ended */
};

static struct {
	int epoll, listener;
	bool v6;
	const struct endpoint *to;
	size_t sessions;
	struct session *oldest, *newest, *ended;
	struct session *bucket[BUCKETS];
} proxy;

static char chunk[CHUNK_BYTES];

static time_t now_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool same_client(const struct endpoint *a, const struct endpoint *b)
{
	if (!proxy.v6)
		return a->address.v4.sin_port == b->address.v4.sin_port &&
		       a->address.v4.sin_addr.s_addr == b->address.v4.sin_addr.s_addr;
	return a->address.v6.sin6_port == b->address.v6.sin6_port &&
	       a->address.v6.sin6_scope_id == b->address.v6.sin6_scope_id &&
	       memcmp(&a->address.v6.sin6_addr, &b->address.v6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

static struct session **bucket_of(const struct endpoint *client)
{
	const unsigned char *bytes = proxy.v6 ? client->address.v6.sin6_addr.s6_addr
					      : (const unsigned char *)&client->address.v4.sin_addr;
	uint32_t hash = 2166136261u ^ client->address.v4.sin_port;
	for (size_t i = 0; i < (proxy.v6 ? 16 : 4); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return &proxy.bucket[(hash ^ hash >> 16) % BUCKETS];
}

static void unlink_use(struct session *session)
{
	*(session->older ? &session->older->newer : &proxy.oldest) = session->newer;
	*(session->newer ? &session->newer->older : &proxy.newest) = session->older;
}

static void link_newest(struct session *session)
{
	session->used = now_seconds();
	session->older = proxy.newest;
	session->newer = NULL;
	*(proxy.newest ? &proxy.newest->newer : &proxy.oldest) = session;
	proxy.newest = session;
}

static void touch(struct session *session)
{
	unlink_use(session);
	link_newest(session);
}

/* Its memory stays until the round is over: an event of it may still wait there. */
static void end_session(struct session *session)
{
	struct session **place = bucket_of(&session->client);
	while (*place != session)
		place = &(*place)->chain;
	*place = session->chain;
	unlink_use(session);
	close_fd(&session->fd);
	session->chain = proxy.ended;
	proxy.ended = session;
	proxy.sessions--;
}

static void free_ended(void)
{
	for (struct session *next; proxy.ended; proxy.ended = next) {
		next = proxy.ended->chain;
		free(proxy.ended);
	}
}

static int connect_out(void)
{
	int fd = socket(proxy.to->address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &proxy.to->address.any, proxy.to->size) < 0)
		close_fd(&fd);
	return fd;
}

static struct session *open_session(const struct endpoint *client)
{
	if (proxy.sessions >= SESSIONS_MOST)
		end_session(proxy.oldest);
	cleanup_fd int fd = connect_out();
	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && proxy.oldest) {
		end_session(proxy.oldest);
		fd = connect_out();
	}
	if (fd < 0)
		return NULL;
	struct session *session = must(calloc(1, sizeof(*session)));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
	if (epoll_ctl(proxy.epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(session);
		return NULL;
	}
	struct session **place = bucket_of(client);
	session->fd = fd;
	fd = -1;
	session->client = *client;
	session->chain = *place;
	*place = session;
	link_newest(session);
	proxy.sessions++;
	return session;
}

static struct session *session_of(const struct endpoint *client)
{
	for (struct session *session = *bucket_of(client); session; session = session->chain) {
		if (same_client(&session->client, client)) {
			touch(session);
			return session;
		}
	}
	return open_session(client);
}

/* The interface is left to the routes, but for addresses that mean nothing without one. */
static void note_local(struct session *session, struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *local = &session->local.v6;
			memcpy(local, CMSG_DATA(part), sizeof(*local));
			if (IN6_IS_ADDR_MULTICAST(&local->ipi6_addr))
				local->ipi6_addr = in6addr_any;
			else if (!IN6_IS_ADDR_LINKLOCAL(&local->ipi6_addr))
				local->ipi6_ifindex = 0;
		} else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
			memcpy(&session->local.v4, CMSG_DATA(part), sizeof(session->local.v4));
			session->local.v4.ipi_ifindex = 0;
		}
	}
}

/* An earlier datagram's refusal is told to the next call, once: that one is tried again. */
static void to_container(struct session *session, size_t length)
{
	if (send(session->fd, chunk, length, 0) < 0 && errno == ECONNREFUSED)
		send(session->fd, chunk, length, 0);
}

static void take_from_clients(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		struct endpoint client = {0};
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct iovec part = {chunk, sizeof(chunk)};
		struct msghdr message = {.msg_name = &client.address, .msg_namelen = sizeof(client.address), .msg_iov = &part,
					 .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(proxy.listener, &message, 0);
		if (n < 0)
			return;
		client.size = message.msg_namelen;
		struct session *session = session_of(&client);
		if (!session)
			continue;
		note_local(session, &message);
		to_container(session, (size_t)n);
	}
}

static void to_client(struct session *session, size_t length)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(session->local))] = {0};
	size_t size = proxy.v6 ? sizeof(session->local.v6) : sizeof(session->local.v4);
	struct iovec part = {chunk, length};
	struct msghdr message = {.msg_name = &session->client.address, .msg_namelen = session->client.size, .msg_iov = &part,
				 .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(size)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = proxy.v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	header->cmsg_type = proxy.v6 ? IPV6_PKTINFO : IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), &session->local, size);
	sendmsg(proxy.listener, &message, 0);
}

static void take_from_container(struct session *session)
{
	for (int turn = 0; turn < TURNS; turn++) {
		ssize_t n = recv(session->fd, chunk, sizeof(chunk), 0);
		if (n < 0)
			return;
		touch(session);
		to_client(session, (size_t)n);
	}
}

/* Ends what nobody has used for long; returns the milliseconds until the next one may, -1 for none. */
static int expire(void)
{
	time_t now = now_seconds();
	while (proxy.oldest && now - proxy.oldest->used >= IDLE_SECONDS)
		end_session(proxy.oldest);
	free_ended();
	return proxy.oldest ? (int)(proxy.oldest->used + IDLE_SECONDS - now) * 1000 : -1;
}

_Noreturn void proxy_udp(int listener, const struct endpoint *to)
{
	const int on = 1;
	struct endpoint self = {.size = sizeof(self.address)};
	struct epoll_event events[EVENTS], clients = {.events = EPOLLIN};
	proxy.epoll = epoll_create1(EPOLL_CLOEXEC);
	proxy.listener = listener;
	proxy.to = to;
	if (proxy.epoll < 0 || getsockname(listener, &self.address.any, &self.size) < 0)
		abort();
	proxy.v6 = self.address.any.sa_family == AF_INET6;
	if (setsockopt(listener, proxy.v6 ? IPPROTO_IPV6 : IPPROTO_IP, proxy.v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    epoll_ctl(proxy.epoll, EPOLL_CTL_ADD, listener, &clients) < 0)
		abort();
	for (;;) {
		int n = epoll_wait(proxy.epoll, events, EVENTS, expire());
		for (int i = 0; i < n; i++) {
			struct session *session = events[i].data.ptr;
			if (!session)
				take_from_clients();
			else if (session->fd >= 0)
				take_from_container(session);
		}
	}
}
