/* Scope cleanup and small wrappers used everywhere. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

#define cleanup_fd __attribute__((cleanup(close_fd)))
#define cleanup_free __attribute__((cleanup(free_pointer)))

#define RETRY(call)                                                                                                    \
	({                                                                                                             \
		__typeof__(call) result_;                                                                              \
		do                                                                                                     \
			result_ = (call);                                                                              \
		while (result_ == -1 && errno == EINTR);                                                               \
		result_;                                                                                               \
	})

static inline struct timespec now_realtime(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* Memory is asked for in small pieces; when even that fails the monitor cannot do its work. */
static inline void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}
