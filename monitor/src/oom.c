#include "oom.h"

#include <fcntl.h>
#include <string.h>

#include "base.h"

bool oom_killed(const char *path)
{
	char text[1024];
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *count = strstr(text, "oom_kill ");
	return count && strtol(count + strlen("oom_kill "), NULL, 10) > 0;
}
