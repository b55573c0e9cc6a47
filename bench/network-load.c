/*
 * Load on networks, for network-cases.ts; linked statically, so that it runs in a container of any image.
 *   serve PORT                        answers HTTP requests with 200 and 13 bytes, connections kept open
 *   sink PORT                         takes what connections send, and answers each with one byte at its end
 *   http ADDRESS PORT COUNT WIDTH     COUNT requests over WIDTH kept connections
 *   send ADDRESS PORT MEGABYTES       one connection; ends when the other side has it all
 *   dns ADDRESS NAME COUNT WIDTH      COUNT queries for A, WIDTH at once; fails when one has no answer within a second
 * Those that measure print a line of numbers: nanoseconds in all, and for single answers the 50th and the 99th percentile.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WIDTH = 256, CHUNK = 1 << 16 };

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in address_of(const char *ip, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) fail(ip);
    return address;
}

static int open_to(const char *ip, int port, int type) {
    struct sockaddr_in address = address_of(ip, port);
    int fd, one = 1;
    for (long long end = now() + 5000000000LL;;) {
        fd = socket(AF_INET, type, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) break;
        if (fd < 0 || errno != ECONNREFUSED || now() > end) fail("connect");
        close(fd); /* the server is about to start */
        usleep(10000);
    }
    if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int by_size(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static void report(long long took, long long *each, int count) {
    if (!each) {
        printf("%lld\n", took);
        return;
    }
    qsort(each, (size_t)count, sizeof *each, by_size);
    printf("%lld %lld %lld\n", took, each[count / 2], each[(int)(count * 0.99)]);
}

static void serve(int port, int is_http) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, world\n";
    static char buffer[CHUNK];
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = address_of("0.0.0.0", port);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0) fail("listen");
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t got = read(fd, buffer, sizeof buffer);
            if (got > 0 && is_http) got = write(fd, answer, sizeof answer - 1);
            if (got == 0 && !is_http && write(fd, "", 1) != 1) got = -1;
            if (got <= 0) close(fd);
        }
    }
}

static void http(const char *ip, int port, int count, int width) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
    static long long sent_at[MOST_WIDTH];
    char buffer[4096];
    long long *each = calloc((size_t)count, sizeof *each);
    struct pollfd fds[MOST_WIDTH];
    for (int i = 0; i < width; i++) fds[i] = (struct pollfd){.fd = open_to(ip, port, SOCK_STREAM), .events = POLLIN};
    long long start = now();
    int sent = 0, done = 0;
    for (int i = 0; i < width && sent < count; i++, sent++) {
        sent_at[i] = now();
        if (write(fds[i].fd, request, sizeof request - 1) < 0) fail("write");
    }
    while (done < count) {
        if (poll(fds, (nfds_t)width, 5000) <= 0) fail("no answer");
        for (int i = 0; i < width; i++) {
            if (!fds[i].revents) continue;
            if (read(fds[i].fd, buffer, sizeof buffer) <= 0) fail("read");
            each[done++] = now() - sent_at[i];
            if (sent == count) continue;
            sent++;
            sent_at[i] = now();
            if (write(fds[i].fd, request, sizeof request - 1) < 0) fail("write");
        }
    }
    report(now() - start, each, count);
}

static void send_all(const char *ip, int port, long long megabytes) {
    static char buffer[CHUNK];
    int fd = open_to(ip, port, SOCK_STREAM);
    long long start = now(), left = megabytes * 1000000;
    while (left > 0) {
        ssize_t put = write(fd, buffer, left < CHUNK ? (size_t)left : CHUNK);
        if (put <= 0) fail("write");
        left -= put;
    }
    shutdown(fd, SHUT_WR);
    if (read(fd, buffer, 1) != 1) fail("read");
    report(now() - start, NULL, 0);
}

/* Header, name and type of a query; the first two bytes are its id. */
static size_t format_query(unsigned char *query, const char *name) {
    static const unsigned char head[12] = {0, 0, 1, 0, 0, 1};
    memcpy(query, head, sizeof head);
    size_t at = sizeof head;
    while (*name) {
        size_t length = strcspn(name, ".");
        query[at++] = (unsigned char)length;
        memcpy(query + at, name, length);
        at += length;
        name += length + (name[length] == '.');
    }
    memcpy(query + at, "\0\0\1\0\1", 5);
    return at + 5;
}

static void dns(const char *ip, const char *name, int count, int width) {
    static long long sent_at[1 << 16];
    unsigned char query[512], answer[2048];
    long long *each = calloc((size_t)count, sizeof *each);
    size_t length = format_query(query, name);
    int fd = open_to(ip, 53, SOCK_DGRAM), sent = 0, done = 0;
    struct timeval patience = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    long long start = now();
    while (done < count) {
        for (; sent < count && sent - done < width; sent++) {
            query[0] = (unsigned char)(sent >> 8);
            query[1] = (unsigned char)sent;
            sent_at[sent & 0xffff] = now();
            if (send(fd, query, length, 0) < 0) fail("send");
        }
        ssize_t got = recv(fd, answer, sizeof answer, 0);
        if (got < 12) fail("no answer");
        if ((answer[3] & 15) != 0 || answer[7] == 0) {
            fprintf(stderr, "rcode %d, %d answers\n", answer[3] & 15, answer[7]);
            exit(1);
        }
        each[done++] = now() - sent_at[answer[0] << 8 | answer[1]];
    }
    report(now() - start, each, count);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (argc == 3 && !strcmp(mode, "serve")) serve(atoi(argv[2]), 1);
    else if (argc == 3 && !strcmp(mode, "sink")) serve(atoi(argv[2]), 0);
    else if (argc == 6 && !strcmp(mode, "http")) http(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    else if (argc == 5 && !strcmp(mode, "send")) send_all(argv[2], atoi(argv[3]), atoll(argv[4]));
    else if (argc == 6 && !strcmp(mode, "dns")) dns(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
    else {
        fprintf(stderr, "see network-load.c\n");
        return 2;
    }
    return 0;
}
