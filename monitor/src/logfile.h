/* Docker's json-file log: records, rotation, compression. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct logfile;

struct logfile_options {
	const char *path;
	long long max_size; /* bytes; 0: no rotation */
	int max_files;      /* the live one included, at least 1 */
	bool compress;
	const char *attrs; /* JSON object text, or NULL */
};

/* Opens (appends to) the file. NULL with errno when it cannot be opened. */
struct logfile *logfile_open(const struct logfile_options *options);

/* Adds bytes of stream 1 (stdout) or 2 (stderr); complete lines and full 16 KiB pieces become records, on disk when it returns. */
void logfile_append(struct logfile *log, int stream, const char *data, size_t length, struct timespec now);

/* Writes what is left of unfinished lines. */
void logfile_finish(struct logfile *log, struct timespec now);

/* Bytes of all records since it was opened, those that were rotated away and those that could not be written included. */
long long logfile_written(const struct logfile *log);

/* Tells the log that a child of the process has ended: true when it was its compressor. */
bool logfile_reaped(struct logfile *log, pid_t pid);

void logfile_close(struct logfile *log);

/* RFC 3339 with nanoseconds, trailing zeros cut, as Go prints it. `out` has room for 32 bytes. */
size_t format_rfc3339(char *out, struct timespec time);
