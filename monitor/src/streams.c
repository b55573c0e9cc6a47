#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base.h"

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Containers run as other users: they must be able to open /proc/self/fd/1 again, so the pipes are open to all. */
static bool open_pipe(int *mine, int *theirs, bool i_read)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	*mine = ends[i_read ? 0 : 1];
	*theirs = ends[i_read ? 1 : 0];
	set_nonblocking(*mine);
	if (fchmod(*theirs, 0666) < 0)
		return false;
	return true;
}

bool streams_open(struct streams *streams, bool tty, bool want_stdin)
{
	*streams = (struct streams){-1, -1, -1, {-1, -1, -1}};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return false;
	if (tty) {
		streams->child[0] = streams->child[1] = streams->child[2] = null;
		return true;
	}
	if (!open_pipe(&streams->out, &streams->child[1], true) || !open_pipe(&streams->err, &streams->child[2], true))
		return false;
	if (!want_stdin) {
		streams->child[0] = null;
		return true;
	}
	close(null);
	return open_pipe(&streams->in, &streams->child[0], false);
}

void streams_close_child(struct streams *streams)
{
	for (int i = 0; i < 3; i++) {
		int fd = streams->child[i];
		for (int j = i; j < 3; j++)
			if (streams->child[j] == fd)
				streams->child[j] = -1;
		if (fd >= 0)
			close(fd);
	}
}

int console_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "console"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		close_fd(&fd);
	return fd;
}

int console_receive(int listener)
{
	cleanup_fd int connection = RETRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	char name[128], control[CMSG_SPACE(sizeof(int))];
	struct iovec body = {name, sizeof(name)};
	struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int master = -1;
	unlink("console");
	if (connection < 0 || RETRY(recvmsg(connection, &message, MSG_CMSG_CLOEXEC)) < 0)
		return -1;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&master, CMSG_DATA(header), sizeof(int));
	set_nonblocking(master);
	return master;
}

void terminal_resize(int master, unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	ioctl(master, TIOCSWINSZ, &size);
}
