/* Bytes waiting for a reader: in memory first, then in an unlinked file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* `spill_dir` NULL: memory only, and the queue is full at `memory_bytes`. */
struct queue *queue_new(size_t memory_bytes, const char *spill_dir);
void queue_free(struct queue *queue);

/* Appends everything or, when there is no room (or the disk fails), nothing and returns false. */
bool queue_append(struct queue *queue, const void *data, size_t length);

/* What its file takes of the disk: consumed parts that were not given back yet included. */
long long queue_on_disk(const struct queue *queue);

/* Room left in memory: for queues without a spill directory. */
size_t queue_room(const struct queue *queue);
bool queue_empty(const struct queue *queue);

/* Writes to `fd` (non-blocking) what it takes. Returns false when the reader is gone. */
bool queue_drain(struct queue *queue, int fd);
