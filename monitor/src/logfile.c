#define _GNU_SOURCE
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base.h"
#include "escape.h"
#include "protocol.h"
#include "runtime.h"

/* Room for one record at its worst and many ordinary ones. */
#define BATCH_BYTES (128 * 1024)

/* The start of a line whose end has not come yet. */
struct pending {
	char *data;
	size_t length;
};

struct logfile {
	struct logfile_options options;
	int fd;
	long long size;      /* of the file, with what waits in the batch */
	long long written;   /* in all */
	bool torn;           /* the file ends in the middle of a record */
	pid_t compressor;    /* 0: none */
	char *batch;
	size_t batched, capacity, attrs_length;
	struct pending pending[2];
	char tail[2][512];   /* `","stream":...,"time":"..."}\n` of the current clock reading */
	size_t tail_length[2];
};

/* Readable, to see how it ends. */
static int open_log(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* Whoever wrote it before may have died in the middle of a record. */
static bool ends_torn(int fd, off_t size)
{
	char last = '\n';
	return size > 0 && RETRY(pread(fd, &last, 1, size - 1)) == 1 && last != '\n';
}

struct logfile *logfile_open(const struct logfile_options *options)
{
	int fd = open_log(options->path);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	struct logfile *log = must(calloc(1, sizeof(*log)));
	log->options = *options;
	log->fd = fd;
	log->size = status.st_size;
	log->torn = ends_torn(fd, status.st_size);
	log->attrs_length = options->attrs ? strlen(options->attrs) + 9 : 0;
	log->capacity = BATCH_BYTES + log->attrs_length;
	return log;
}

size_t format_rfc3339(char *out, struct timespec time)
{
	struct tm parts;
	gmtime_r(&time.tv_sec, &parts);
	size_t length = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
	if (time.tv_nsec) {
		length += (size_t)sprintf(out + length, ".%09ld", time.tv_nsec);
		while (out[length - 1] == '0')
			length--;
	}
	out[length++] = 'Z';
	out[length] = 0;
	return length;
}

/* Some of the batch is lost. */
static void measure(struct logfile *log)
{
	struct stat status;
	if (fstat(log->fd, &status) == 0)
		log->size = status.st_size;
}

static void flush_batch(struct logfile *log)
{
	size_t done = 0;
	if (log->torn && log->batched > 0 && RETRY(write(log->fd, "\n", 1)) == 1)
		log->torn = false;
	while (done < log->batched && !log->torn) {
		ssize_t n = RETRY(write(log->fd, log->batch + done, log->batched - done));
		if (n < 0) {
			log->torn = done > 0 && log->batch[done - 1] != '\n';
			break;
		}
		done += (size_t)n;
	}
	bool lost = done < log->batched;
	log->batched = 0;
	if (lost)
		measure(log);
}

/* Name of the n-th older file. */
static char *older(const struct logfile *log, int n, bool compressed)
{
	char *name;
	if (asprintf(&name, "%s.%d%s", log->options.path, n, compressed ? ".gz" : "") < 0)
		abort();
	return name;
}

static bool has_older(const struct logfile *log, int n)
{
	cleanup_free char *plain = older(log, n, false);
	cleanup_free char *packed = older(log, n, true);
	return access(plain, F_OK) == 0 || access(packed, F_OK) == 0;
}

/* The plain file wins over a compressed one of the same number: that one is unfinished. */
static void move_older(const struct logfile *log, int from, int to)
{
	cleanup_free char *plain = older(log, from, false);
	cleanup_free char *packed = older(log, from, true);
	cleanup_free char *plain_target = older(log, to, false);
	cleanup_free char *packed_target = older(log, to, true);
	if (rename(plain, plain_target) == 0) {
		unlink(packed);
		unlink(packed_target);
	} else if (rename(packed, packed_target) == 0) {
		unlink(plain_target);
	}
}

/* The live file has grown to twice its size while the last one was compressed: now it is waited for. */
static void await_compressor(struct logfile *log)
{
	int status;
	if (RETRY(waitpid(log->compressor, &status, 0)) >= 0 || errno == ECHILD)
		log->compressor = 0;
}

static bool must_rotate(struct logfile *log, size_t record)
{
	long long most = log->options.max_size;
	long long size = log->size + (long long)record;
	if (most <= 0 || log->size == 0 || size <= most)
		return false;
	if (log->compressor && size > 2 * most)
		await_compressor(log);
	return log->compressor == 0;
}

static void compress_newest(struct logfile *log)
{
	cleanup_free char *name = older(log, 1, false);
	pid_t pid = fork();
	if (pid < 0)
		return;
	if (pid == 0) {
		plain_child();
		execl("/bin/gzip", "gzip", "-n", "-f", name, (char *)NULL);
		_exit(127);
	}
	log->compressor = pid;
}

static void start_anew(struct logfile *log, int fd)
{
	log->fd = fd;
	log->size = 0;
	log->torn = false;
}

static void rotate(struct logfile *log)
{
	flush_batch(log);
	if (log->options.max_files <= 1) {
		if (ftruncate(log->fd, 0) == 0)
			start_anew(log, log->fd);
		return;
	}
	int free_number = 1;
	while (free_number < log->options.max_files - 1 && has_older(log, free_number))
		free_number++;
	for (int n = free_number; n > 1; n--)
		move_older(log, n - 1, n);
	cleanup_free char *newest = older(log, 1, false);
	cleanup_free char *stale = older(log, 1, true);
	if (rename(log->options.path, newest) < 0)
		return;
	int fd = open_log(log->options.path);
	if (fd < 0) {
		rename(newest, log->options.path);
		return;
	}
	unlink(stale);
	close(log->fd);
	start_anew(log, fd);
	if (log->options.compress)
		compress_newest(log);
}

long long logfile_written(const struct logfile *log)
{
	return log->written;
}

bool logfile_reaped(struct logfile *log, pid_t pid)
{
	if (!log || log->compressor != pid)
		return false;
	log->compressor = 0;
	return true;
}

/* Makes the ends of records for this reading of the clock. */
static void set_time(struct logfile *log, struct timespec now)
{
	char time[32];
	format_rfc3339(time, now);
	for (int i = 0; i < 2; i++)
		log->tail_length[i] = (size_t)snprintf(log->tail[i], sizeof(log->tail[i]), ",\"time\":\"%s\"}\n", time);
}

static void add(struct logfile *log, const char *data, size_t length)
{
	memcpy(log->batch + log->batched, data, length);
	log->batched += length;
}

static void write_record(struct logfile *log, int stream, const char *data, size_t length, bool newline)
{
	static const char head[] = "{\"log\":\"";
	static const char *const middle[2] = {"\",\"stream\":\"stdout\"", "\",\"stream\":\"stderr\""};
	const char *attrs = log->options.attrs;
	size_t most = sizeof(head) + (length + 1) * ESCAPE_GROWTH + 32 + log->attrs_length + log->tail_length[stream];
	if (log->batched + most > log->capacity)
		flush_batch(log);
	size_t before = log->batched;
	add(log, head, sizeof(head) - 1);
	log->batched += json_escape(log->batch + log->batched, data, length);
	if (newline)
		add(log, "\\n", 2);
	add(log, middle[stream], strlen(middle[stream]));
	if (attrs) {
		add(log, ",\"attrs\":", 9);
		add(log, attrs, log->attrs_length - 9);
	}
	add(log, log->tail[stream], log->tail_length[stream]);
	size_t record = log->batched - before;
	if (must_rotate(log, record)) {
		cleanup_free char *copy = must(malloc(record));
		memcpy(copy, log->batch + before, record);
		log->batched = before;
		rotate(log);
		add(log, copy, record);
	}
	log->size += (long long)record;
	log->written += (long long)record;
}

/* Joins a piece to the unfinished line; returns the whole when it is complete. */
static void keep(struct pending *pending, const char *data, size_t length)
{
	if (!pending->data)
		pending->data = must(malloc(LOG_RECORD_BYTES));
	memcpy(pending->data + pending->length, data, length);
	pending->length += length;
}

void logfile_append(struct logfile *log, int stream, const char *data, size_t length, struct timespec now)
{
	int index = stream - 1;
	struct pending *pending = &log->pending[index];
	if (!log->batch)
		log->batch = must(malloc(log->capacity));
	set_time(log, now);
	while (length > 0) {
		size_t room = LOG_RECORD_BYTES - pending->length;
		size_t window = length < room ? length : room;
		const char *end = memchr(data, '\n', window);
		size_t piece = end ? (size_t)(end - data) : window;
		bool complete = end != NULL || piece == room;
		if (!complete || pending->length > 0)
			keep(pending, data, piece);
		if (complete) {
			if (pending->length > 0)
				write_record(log, index, pending->data, pending->length, end != NULL);
			else
				write_record(log, index, data, piece, end != NULL);
			pending->length = 0;
		}
		piece += end ? 1 : 0;
		data += piece;
		length -= piece;
	}
	flush_batch(log);
}

void logfile_finish(struct logfile *log, struct timespec now)
{
	if (!log->batch)
		return;
	set_time(log, now);
	for (int i = 0; i < 2; i++) {
		if (log->pending[i].length > 0)
			write_record(log, i, log->pending[i].data, log->pending[i].length, false);
		log->pending[i].length = 0;
	}
	flush_batch(log);
}

void logfile_close(struct logfile *log)
{
	if (!log)
		return;
	close(log->fd);
	for (int i = 0; i < 2; i++)
		free(log->pending[i].data);
	free(log->batch);
	free(log);
}
