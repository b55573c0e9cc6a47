#define _GNU_SOURCE
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base.h"
#include "protocol.h"

#define PUNCH_BYTES (512 * 1024)

/* Ring of memory; when it is full, bytes go to the file, and the ring is filled again from there: order is kept
 * because nothing enters the ring from outside while the file holds something. */
struct queue {
	char *memory;
	size_t capacity, limit, head, length;
	const char *spill_dir;
	int file;
	off_t read_at, write_at, punched;
};

struct queue *queue_new(size_t memory_bytes, const char *spill_dir)
{
	struct queue *queue = must(calloc(1, sizeof(*queue)));
	queue->limit = memory_bytes;
	queue->spill_dir = spill_dir;
	queue->file = -1;
	return queue;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	close_fd(&queue->file);
	free(queue->memory);
	free(queue);
}

size_t queue_room(const struct queue *queue)
{
	return queue->limit - queue->length;
}

static bool spilled(const struct queue *queue)
{
	return queue->write_at > queue->read_at;
}

long long queue_on_disk(const struct queue *queue)
{
	return queue->write_at - queue->punched;
}

bool queue_empty(const struct queue *queue)
{
	return queue->length == 0 && !spilled(queue);
}

static void grow(struct queue *queue, size_t wanted)
{
	size_t capacity = queue->capacity ? queue->capacity : 4096;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > queue->limit)
		capacity = queue->limit;
	if (capacity == queue->capacity)
		return;
	char *memory = must(malloc(capacity));
	for (size_t i = 0; i < queue->length;) {
		size_t at = (queue->head + i) % queue->capacity;
		size_t run = queue->capacity - at < queue->length - i ? queue->capacity - at : queue->length - i;
		memcpy(memory + i, queue->memory + at, run);
		i += run;
	}
	free(queue->memory);
	queue->memory = memory;
	queue->capacity = capacity;
	queue->head = 0;
}

static void put(struct queue *queue, const char *data, size_t length)
{
	if (queue->length + length > queue->capacity)
		grow(queue, queue->length + length);
	while (length > 0) {
		size_t at = (queue->head + queue->length) % queue->capacity;
		size_t run = queue->capacity - at < length ? queue->capacity - at : length;
		memcpy(queue->memory + at, data, run);
		queue->length += run;
		data += run;
		length -= run;
	}
}

/* Not every file system has O_TMPFILE. */
static int open_unlinked(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	cleanup_free char *name = NULL;
	if (fd >= 0 || asprintf(&name, "%s/skiff-XXXXXX", dir) < 0)
		return fd;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static bool spill(struct queue *queue, const char *data, size_t length)
{
	if (!queue->spill_dir || queue->write_at - queue->read_at + (off_t)length > QUEUE_SPILL_BYTES)
		return false;
	if (queue->file < 0)
		queue->file = open_unlinked(queue->spill_dir);
	if (queue->file < 0)
		return false;
	for (size_t done = 0; done < length;) {
		ssize_t n = RETRY(pwrite(queue->file, data + done, length - done, queue->write_at + (off_t)done));
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	queue->write_at += (off_t)length;
	return true;
}

bool queue_append(struct queue *queue, const void *data, size_t length)
{
	if (!spilled(queue) && length <= queue_room(queue)) {
		put(queue, data, length);
		return true;
	}
	return spill(queue, data, length);
}

/* Gives the consumed part of the file back to the file system. */
static void give_back(struct queue *queue)
{
	if (queue->read_at == queue->write_at) {
		queue->read_at = queue->write_at = queue->punched = 0;
		if (ftruncate(queue->file, 0) < 0)
			close_fd(&queue->file);
	} else if (queue->read_at - queue->punched >= PUNCH_BYTES) {
		if (fallocate(queue->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, queue->punched, queue->read_at - queue->punched) == 0)
			queue->punched = queue->read_at;
	}
}

static bool refill(struct queue *queue)
{
	char chunk[16384];
	while (spilled(queue) && queue_room(queue) >= sizeof(chunk)) {
		off_t left = queue->write_at - queue->read_at;
		ssize_t n = RETRY(pread(queue->file, chunk, left < (off_t)sizeof(chunk) ? (size_t)left : sizeof(chunk), queue->read_at));
		if (n <= 0)
			return false;
		put(queue, chunk, (size_t)n);
		queue->read_at += n;
		give_back(queue);
	}
	return true;
}

bool queue_drain(struct queue *queue, int fd)
{
	while (!queue_empty(queue)) {
		if (queue->length == 0 && !refill(queue))
			return false;
		size_t run = queue->capacity - queue->head < queue->length ? queue->capacity - queue->head : queue->length;
		ssize_t n = RETRY(write(fd, queue->memory + queue->head, run));
		if (n < 0)
			return errno == EAGAIN;
		queue->head = (queue->head + (size_t)n) % queue->capacity;
		queue->length -= (size_t)n;
	}
	free(queue->memory);
	queue->memory = NULL;
	queue->capacity = queue->head = 0;
	return true;
}
