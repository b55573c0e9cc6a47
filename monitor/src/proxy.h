/* The two kinds of forwarding of skiff-proxy, and the endpoint type they share. */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* Bytes of one read, largest datagram, and most that waits for a slow receiver in one direction of one connection. */
#define CHUNK_BYTES 65536

struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t size;
};

/* Forwards connections until the process is ended; at most `most` at a time, the others wait to be accepted. */
_Noreturn void proxy_tcp(int listener, const struct endpoint *to, size_t most);

/* Forwards datagrams and their answers until the process is ended. */
_Noreturn void proxy_udp(int listener, const struct endpoint *to);
