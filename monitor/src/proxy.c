/*
 * skiff-proxy: forwards one port of the host to a container where the kernel cannot translate (IPv6 to IPv4).
 *
 *   skiff-proxy --protocol tcp|udp --listen ADDRESS --port N --to ADDRESS --to-port N [--confirm]
 *
 * Says `ready PORT` on stdout once it holds the port (0: any free one), or `failed ERRNO-NAME text` and ends with 1. It has left the
 * caller's session by then. With --confirm it ends unless a line comes on stdin: who starts it can write down its pid first, and when
 * that one dies before, nothing is left. Then it lets go of stdio, and runs until SIGTERM.
 */
#define _GNU_SOURCE
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base.h"

/* Connections of one port. Fewer when the process may not have two files for each. */
#define CONNECTIONS_MOST 16384
#define FILES_OWN 16
#define NOBODY 65534

struct options {
	bool udp, confirm;
	struct endpoint listen, to;
};

static const char *errno_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {EADDRINUSE, "EADDRINUSE"}, {EADDRNOTAVAIL, "EADDRNOTAVAIL"}, {EACCES, "EACCES"}, {EPERM, "EPERM"},
	    {EAFNOSUPPORT, "EAFNOSUPPORT"}, {EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"},
	    {ENOBUFS, "ENOBUFS"}, {ENOMEM, "ENOMEM"}, {ENODEV, "ENODEV"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "EUNKNOWN";
}

static _Noreturn void fail(int number, const char *text)
{
	printf("failed %s %s\n", errno_name(number), text ? text : strerror(number));
	exit(1);
}

static void set_address(struct endpoint *endpoint, const char *text)
{
	if (inet_pton(AF_INET, text, &endpoint->address.v4.sin_addr) == 1) {
		endpoint->address.any.sa_family = AF_INET;
		endpoint->size = sizeof(endpoint->address.v4);
	} else if (inet_pton(AF_INET6, text, &endpoint->address.v6.sin6_addr) == 1) {
		endpoint->address.any.sa_family = AF_INET6;
		endpoint->size = sizeof(endpoint->address.v6);
	} else {
		fail(EINVAL, "not an IP address");
	}
}

/* The port is at the same place in both families. */
static void set_port(struct endpoint *endpoint, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || port > 65535)
		fail(EINVAL, "not a port");
	endpoint->address.v4.sin_port = htons((uint16_t)port);
}

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
	    {"protocol", required_argument, NULL, 'p'}, {"listen", required_argument, NULL, 'l'},
	    {"port", required_argument, NULL, 'n'},     {"to", required_argument, NULL, 't'},
	    {"to-port", required_argument, NULL, 'm'},  {"confirm", no_argument, NULL, 'c'},
	    {NULL, 0, NULL, 0},
	};
	const char *protocol = "", *port = "", *to_port = "";
	struct options options = {0};
	for (int found; (found = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (found) {
		case 'p': protocol = optarg; break;
		case 'l': set_address(&options.listen, optarg); break;
		case 'n': port = optarg; break;
		case 't': set_address(&options.to, optarg); break;
		case 'm': to_port = optarg; break;
		case 'c': options.confirm = true; break;
		default: fail(EINVAL, "unknown option");
		}
	}
	options.udp = strcmp(protocol, "udp") == 0;
	if ((!options.udp && strcmp(protocol, "tcp") != 0) || !options.listen.size || !options.to.size || optind < argc)
		fail(EINVAL, "usage: skiff-proxy --protocol tcp|udp --listen IP --port N --to IP --to-port N [--confirm]");
	set_port(&options.listen, port);
	set_port(&options.to, to_port);
	if (options.to.address.v4.sin_port == 0)
		fail(EINVAL, "not a port");
	return options;
}

/* An IPv6 listener leaves IPv4 alone. A TCP port is taken again while old connections time out, a UDP port is never shared. */
static int hold(const struct options *options)
{
	const int on = 1;
	int family = options->listen.address.any.sa_family;
	int type = (options->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(family, type, 0);
	if (fd < 0 || (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    (!options->udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
	    bind(fd, &options->listen.address.any, options->listen.size) < 0 ||
	    (!options->udp && listen(fd, SOMAXCONN) < 0))
		fail(errno, NULL);
	return fd;
}

static unsigned port_of(int fd)
{
	struct endpoint self = {.size = sizeof(self.address)};
	if (getsockname(fd, &self.address.any, &self.size) < 0)
		fail(errno, NULL);
	return ntohs(self.address.v4.sin_port);
}

/* Returns how many files the process may have open. */
static size_t raise_files(void)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* Nothing of the caller's is kept: neither its files, signals, session or folder, nor, once the port is held, its rights. */
static void leave_caller(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setsid();
	if (chdir("/") < 0)
		fail(errno, NULL);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0) &&
	    errno != EINVAL && errno != EPERM) /* EINVAL, EPERM: a user namespace without that user */
		fail(errno, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static bool confirmed(void)
{
	char answer;
	return RETRY(read(STDIN_FILENO, &answer, 1)) == 1;
}

static void close_stdio(void)
{
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			exit(1);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 256);
	opterr = 0;
	struct options options = parse(argc, argv);
	syscall(SYS_close_range, 3, ~0u, 0);
	int listener = hold(&options);
	size_t files = raise_files();
	leave_caller();
	printf("ready %u\n", port_of(listener));
	if (options.confirm && !confirmed())
		return 0;
	close_stdio();
	if (options.udp)
		proxy_udp(listener, &options.to);
	size_t most = files > FILES_OWN + 2 ? (files - FILES_OWN) / 2 : 1;
	proxy_tcp(listener, &options.to, most < CONNECTIONS_MOST ? most : CONNECTIONS_MOST);
}
