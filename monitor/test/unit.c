/* Tests of the modules without a loop: escape, logfile, queue, clients, options, oom. Prints `N checks, N failed`; built with ASan and UBSan. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base.h"
#include "client.h"
#include "escape.h"
#include "logfile.h"
#include "oom.h"
#include "options.h"
#include "protocol.h"
#include "queue.h"
#include "runtime.h"

static int checks, failures;

#define CHECK(condition) check((condition), #condition, __func__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __func__, __LINE__)

static bool check(bool holds, const char *what, const char *where, int line)
{
	checks++;
	if (!holds) {
		failures++;
		printf("FAILED %s:%d: %s\n", where, line, what);
	}
	return holds;
}

static void check_text(const char *actual, const char *expected, const char *where, int line)
{
	if (!check(strcmp(actual, expected) == 0, "texts are equal", where, line))
		printf("  is        %.300s\n  should be %.300s\n", actual, expected);
}

/* --- files ---------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/skiff-unit-XXXXXX";

/* Full path of a name in the test's folder; good until the fourth next call. */
static const char *at(const char *name)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static bool exists(const char *name)
{
	return access(at(name), F_OK) == 0;
}

/* The whole file with a final zero; empty when there is none. Freed by the caller. */
static char *content(const char *name, size_t *length)
{
	cleanup_fd int fd = open(at(name), O_RDONLY | O_CLOEXEC);
	struct stat status = {0};
	if (fd >= 0 && fstat(fd, &status) < 0)
		abort();
	char *text = must(calloc(1, (size_t)status.st_size + 1));
	size_t done = 0;
	for (ssize_t n; fd >= 0 && (n = read(fd, text + done, (size_t)status.st_size - done)) > 0;)
		done += (size_t)n;
	if (length)
		*length = done;
	return text;
}

static void write_file(const char *name, const char *text)
{
	cleanup_fd int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static void check_file(const char *name, const char *expected, const char *where, int line)
{
	cleanup_free char *text = content(name, NULL);
	check_text(text, expected, where, line);
}
#define CHECK_FILE(name, expected) check_file((name), (expected), __func__, __LINE__)

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* --- escape --------------------------------------------------------------------------------------------- */

static const char *escaped(const char *in, size_t length)
{
	static char out[1024];
	out[json_escape(out, in, length)] = 0;
	return out;
}
#define ESCAPED(literal) escaped(literal, sizeof(literal) - 1)

static void test_each_byte(void)
{
	for (int byte = 0; byte < 256; byte++) {
		char in = (char)byte, expected[8];
		if (byte == '"' || byte == '\\')
			snprintf(expected, sizeof(expected), "\\%c", byte);
		else if (byte == '\n' || byte == '\r')
			snprintf(expected, sizeof(expected), "\\%c", byte == '\n' ? 'n' : 'r');
		else if (byte < 0x20 || byte == '<' || byte == '>' || byte == '&')
			snprintf(expected, sizeof(expected), "\\u%04x", byte);
		else if (byte < 0x80)
			snprintf(expected, sizeof(expected), "%c", byte);
		else
			snprintf(expected, sizeof(expected), "\\ufffd");
		CHECK_TEXT(escaped(&in, 1), expected);
	}
}

static void test_utf8(void)
{
	CHECK_TEXT(ESCAPED(""), "");
	CHECK_TEXT(ESCAPED("a\tb"), "a\\u0009b");
	CHECK_TEXT(ESCAPED("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	CHECK_TEXT(ESCAPED("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\\u2028\\u2029\xe2\x80\xaa");
	CHECK_TEXT(ESCAPED("\xef\xbf\xbd"), "\xef\xbf\xbd");
	/* the first and the last of each length */
	CHECK_TEXT(ESCAPED("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
		   "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void test_bad_utf8(void)
{
	CHECK_TEXT(ESCAPED("\xc0\xaf"), "\\ufffd\\ufffd");                             /* overlong */
	CHECK_TEXT(ESCAPED("\xe0\x9f\xbf"), "\\ufffd\\ufffd\\ufffd");                  /* overlong */
	CHECK_TEXT(ESCAPED("\xf0\x8f\xbf\xbf"), "\\ufffd\\ufffd\\ufffd\\ufffd");       /* overlong */
	CHECK_TEXT(ESCAPED("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");                  /* surrogate */
	CHECK_TEXT(ESCAPED("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");       /* over U+10FFFF */
	CHECK_TEXT(ESCAPED("\xf5\x80\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");
	CHECK_TEXT(ESCAPED("\x80x\xbf"), "\\ufffdx\\ufffd");                           /* lone continuations */
	CHECK_TEXT(ESCAPED("\xe2\x82"), "\\ufffd\\ufffd");                             /* cut off at the end */
	CHECK_TEXT(ESCAPED("\xf0\x9f\x98"), "\\ufffd\\ufffd\\ufffd");
	CHECK_TEXT(ESCAPED("\xc3"), "\\ufffd");
	CHECK_TEXT(ESCAPED("\xe2\x82\x41"), "\\ufffd\\ufffd" "A");                     /* broken by ASCII */
	CHECK_TEXT(ESCAPED("\xf0\x9f\x98\xc3\xa9"), "\\ufffd\\ufffd\\ufffd\xc3\xa9");  /* broken by another character */
}

/* Not a byte beyond the input is read, not one beyond the stated growth is written: ASan watches both. */
static void test_escape_bounds(void)
{
	for (size_t length = 0; length < 8; length++) {
		char *in = must(malloc(length ? length : 1)), *out = must(malloc(length * ESCAPE_GROWTH + 1));
		memset(in, 0xf0, length);
		CHECK(json_escape(out, in, length) == length * ESCAPE_GROWTH);
		memset(in, 1, length);
		CHECK(json_escape(out, in, length) == length * ESCAPE_GROWTH);
		free(in);
		free(out);
	}
}

/* --- logfile -------------------------------------------------------------------------------------------- */

static const struct timespec clock_reading = {1767323045, 123456789}; /* 2026-01-02T03:04:05.123456789Z */
#define OUT_END "\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.123456789Z\"}\n"
#define ERR_END "\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05.123456789Z\"}\n"
#define RECORD(line) "{\"log\":\"" line OUT_END

static struct logfile *open_named(const char *name, long long max_size, int max_files, bool compress)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s", at(name));
	const struct logfile_options options = {.path = path, .max_size = max_size, .max_files = max_files, .compress = compress};
	return logfile_open(&options);
}

static void append(struct logfile *log, int stream, const char *text)
{
	logfile_append(log, stream, text, strlen(text), clock_reading);
}

static void test_times(void)
{
	char out[32];
	CHECK(format_rfc3339(out, clock_reading) == 30);
	CHECK_TEXT(out, "2026-01-02T03:04:05.123456789Z");
	format_rfc3339(out, (struct timespec){1767323045, 0});
	CHECK_TEXT(out, "2026-01-02T03:04:05Z");
	format_rfc3339(out, (struct timespec){1767323045, 120000000});
	CHECK_TEXT(out, "2026-01-02T03:04:05.12Z");
	format_rfc3339(out, (struct timespec){0, 1});
	CHECK_TEXT(out, "1970-01-01T00:00:00.000000001Z");
}

static void test_records(void)
{
	struct logfile *log = open_named("records", 0, 1, false);
	append(log, 1, "one\ntw");
	append(log, 2, "err\n");
	CHECK_FILE("records", RECORD("one\\n") "{\"log\":\"err\\n" ERR_END);
	append(log, 1, "o\n\nlast \xe2\x82");
	append(log, 1, "\xac<");
	logfile_finish(log, clock_reading);
	logfile_finish(log, clock_reading);
	logfile_close(log);
	CHECK_FILE("records", RECORD("one\\n") "{\"log\":\"err\\n" ERR_END RECORD("two\\n") RECORD("\\n") RECORD("last \xe2\x82\xac\\u003c"));
	log = open_named("records-2", 0, 1, false);
	logfile_finish(log, clock_reading);
	logfile_close(log);
	CHECK_FILE("records-2", "");
}

static void test_attrs(void)
{
	const struct logfile_options options = {.path = at("attrs"), .max_files = 1, .attrs = "{\"tag\":\"x\"}"};
	struct logfile *log = logfile_open(&options);
	append(log, 2, "a\n");
	logfile_close(log);
	CHECK_FILE("attrs", "{\"log\":\"a\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"x\"},\"time\":\"2026-01-02T03:04:05.123456789Z\"}\n");
}

struct piece {
	long length;
	bool newline;
};

/* Checks that the file is exactly these records: runs of `x`. */
static void check_pieces(const char *name, int count, const struct piece *pieces)
{
	cleanup_free char *text = content(name, NULL);
	const char *rest = text;
	for (int i = 0; i < count; i++) {
		long expected = pieces[i].length;
		const char *end = pieces[i].newline ? "\\n" OUT_END : OUT_END;
		if (!CHECK(strncmp(rest, "{\"log\":\"", 8) == 0))
			return;
		rest += 8;
		if (!CHECK((long)strspn(rest, "x") == expected))
			return;
		rest += expected;
		if (!CHECK(strncmp(rest, end, strlen(end)) == 0))
			return;
		rest += strlen(end);
	}
	CHECK(*rest == 0);
}

static void append_run(struct logfile *log, size_t length, size_t step, bool newline)
{
	cleanup_free char *run = must(malloc(length + 1));
	memset(run, 'x', length);
	run[length] = '\n';
	length += newline ? 1 : 0;
	for (size_t done = 0; done < length; done += step)
		logfile_append(log, 1, run + done, step < length - done ? step : length - done, clock_reading);
}

static void test_long_lines(void)
{
	static const size_t steps[] = {1 << 20, LOG_RECORD_BYTES, 7000, 1};
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		char name[32];
		snprintf(name, sizeof(name), "long-%zu", i);
		struct logfile *log = open_named(name, 0, 1, false);
		append_run(log, 40000, steps[i], true);
		append_run(log, LOG_RECORD_BYTES, steps[i], true);
		append_run(log, LOG_RECORD_BYTES - 1, steps[i], true);
		append_run(log, LOG_RECORD_BYTES + 5, steps[i], false);
		logfile_finish(log, clock_reading);
		logfile_close(log);
		check_pieces(name, 8, (const struct piece[]){{16384, false}, {16384, false}, {7232, true}, {16384, false}, {0, true}, {16383, true}, {16384, false}, {5, false}});
	}
}

/* The largest record there is: each byte grows six-fold. */
static void test_worst_records(void)
{
	cleanup_free char *worst = must(malloc(3 * LOG_RECORD_BYTES));
	memset(worst, 0xff, 3 * LOG_RECORD_BYTES);
	struct logfile *log = open_named("worst", 0, 1, false);
	logfile_append(log, 1, worst, 3 * LOG_RECORD_BYTES, clock_reading);
	logfile_append(log, 2, worst, LOG_RECORD_BYTES - 1, clock_reading);
	append(log, 2, "\n");
	logfile_close(log);
	size_t length, end = strlen(OUT_END) + 8;
	cleanup_free char *text = content("worst", &length);
	CHECK(length == 4 * end + 2 + (4 * LOG_RECORD_BYTES - 1) * 6L);
}

static void test_rotation(void)
{
	size_t record = strlen(RECORD("0\\n"));
	struct logfile *log = open_named("rotated", (long long)record * 2, 3, false);
	append(log, 1, "0\n1\n");
	CHECK(!exists("rotated.1"));
	append(log, 1, "2\n3\n4\n5\n6\n");
	CHECK_FILE("rotated", RECORD("6\\n"));
	CHECK_FILE("rotated.1", RECORD("4\\n") RECORD("5\\n"));
	CHECK_FILE("rotated.2", RECORD("2\\n") RECORD("3\\n"));
	CHECK(!exists("rotated.3"));
	logfile_close(log);
	log = open_named("rotated", (long long)record * 2, 3, false);
	append(log, 1, "7\n8\n");
	logfile_close(log);
	CHECK_FILE("rotated", RECORD("8\\n"));
	CHECK_FILE("rotated.1", RECORD("6\\n") RECORD("7\\n"));
}

static void test_rotation_of_one_file(void)
{
	struct logfile *log = open_named("single", (long long)strlen(RECORD("0\\n")) * 2, 1, false);
	append(log, 1, "0\n1\n2\n");
	CHECK_FILE("single", RECORD("2\\n"));
	append(log, 1, "a line larger than the file may be, which is written all the same because it must be somewhere, is it not?\n");
	CHECK(!exists("single.1"));
	append(log, 1, "3\n");
	logfile_close(log);
	CHECK_FILE("single", RECORD("3\\n"));
}

/* A record too large for any file gets one for itself; a limit without end asks for no million renames. */
static void test_odd_rotations(void)
{
	struct logfile *log = open_named("odd", 1, 2147483647, false);
	append(log, 1, "0\n1\n2\n");
	logfile_close(log);
	CHECK_FILE("odd", RECORD("2\\n"));
	CHECK_FILE("odd.1", RECORD("1\\n"));
	CHECK_FILE("odd.2", RECORD("0\\n"));
	CHECK(!exists("odd.3"));
}

/* The live file cannot be made anew: everything stays where it was, nothing older is lost. */
static void test_rotation_that_fails(void)
{
	mkdir(at("sub"), 0700);
	struct logfile *log = open_named("sub/log", (long long)strlen(RECORD("0\\n")), 3, false);
	append(log, 1, "0\n1\n");
	struct rlimit before, none;
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	append(log, 1, "2\n3\n4\n5\n");
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_FILE("sub/log.2", RECORD("0\\n"));
	CHECK_FILE("sub/log", RECORD("1\\n") RECORD("2\\n") RECORD("3\\n") RECORD("4\\n") RECORD("5\\n"));
	append(log, 1, "6\n");
	logfile_close(log);
	CHECK_FILE("sub/log", RECORD("6\\n"));
	CHECK(exists("sub/log.1"));
	CHECK_FILE("sub/log.2", RECORD("0\\n"));
}

static void reap_compressor(struct logfile *log)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);
	CHECK(pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(!logfile_reaped(log, pid + 1));
	CHECK(logfile_reaped(log, pid));
	CHECK(!logfile_reaped(log, pid));
}

static void check_unpacked(const char *name, const char *expected, const char *where, int line)
{
	char command[300], text[1000];
	snprintf(command, sizeof(command), "gzip -dc %s", at(name));
	FILE *pipe = popen(command, "re");
	text[fread(text, 1, sizeof(text) - 1, pipe)] = 0;
	check(pclose(pipe) == 0, "gzip accepts it", where, line);
	check_text(text, expected, where, line);
}
#define CHECK_UNPACKED(name, expected) check_unpacked((name), (expected), __func__, __LINE__)

static void test_compression(void)
{
	struct logfile *log = open_named("packed", (long long)strlen(RECORD("0\\n")), 3, true);
	append(log, 1, "0\n1\n");
	reap_compressor(log);
	CHECK(!exists("packed.1"));
	CHECK_UNPACKED("packed.1.gz", RECORD("0\\n"));
	append(log, 1, "2\n");
	reap_compressor(log);
	append(log, 1, "3\n");
	reap_compressor(log);
	logfile_close(log);
	CHECK_FILE("packed", RECORD("3\\n"));
	CHECK_UNPACKED("packed.1.gz", RECORD("2\\n"));
	CHECK_UNPACKED("packed.2.gz", RECORD("1\\n"));
	CHECK(!exists("packed.3.gz") && !exists("packed.1") && !exists("packed.2"));
}

/* Faster than the compressor: the live file grows to twice its size at most, then the compressor is awaited. No line is lost. */
static void test_compressor_that_is_behind(void)
{
	struct logfile *log = open_named("fast", (long long)strlen(RECORD("0\\n")), 9, true);
	append(log, 1, "0\n1\n2\n3\n4\n5\n");
	while (waitpid(-1, NULL, 0) > 0)
		;
	logfile_close(log);
	CHECK_FILE("fast", RECORD("5\\n"));
	CHECK_UNPACKED("fast.1.gz", RECORD("3\\n") RECORD("4\\n"));
	CHECK_UNPACKED("fast.2.gz", RECORD("1\\n") RECORD("2\\n"));
	CHECK_UNPACKED("fast.3.gz", RECORD("0\\n"));
	CHECK(!exists("fast.4.gz"));
}

/* A compressor that was killed leaves both: the plain one is whole. */
static void test_unfinished_compression(void)
{
	write_file("half.1", "plain\n");
	write_file("half.1.gz", "rubbish");
	write_file("half", "old\n");
	struct logfile *log = open_named("half", 5, 3, false);
	append(log, 1, "0\n");
	logfile_close(log);
	CHECK_FILE("half.1", "old\n");
	CHECK_FILE("half.2", "plain\n");
	CHECK(!exists("half.1.gz") && !exists("half.2.gz"));
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* The disk fills in the middle of a record: the torn one stays alone on its line, the next one is whole again. */
static void test_torn_write(void)
{
	struct logfile *log = open_named("torn", 0, 1, false);
	append(log, 1, "0\n");
	limit_files(strlen(RECORD("0\\n")) + 12);
	append(log, 1, "1\n2\n");
	append(log, 1, "3\n");
	limit_files(RLIM_INFINITY);
	append(log, 1, "4\n");
	append(log, 1, "5\n");
	logfile_close(log);
	CHECK_FILE("torn", RECORD("0\\n") "{\"log\":\"1\\n\"" "\n" RECORD("4\\n") RECORD("5\\n"));
}

/* It fills between two records: nothing is torn, what does not fit is lost, and the size is known for the rotation. */
static void test_lost_records(void)
{
	size_t record = strlen(RECORD("0\\n"));
	struct logfile *log = open_named("lost", (long long)record * 2, 2, false);
	limit_files(record);
	append(log, 1, "0\n");
	append(log, 1, "1\n");
	limit_files(RLIM_INFINITY);
	append(log, 1, "2\n");
	CHECK_FILE("lost", RECORD("0\\n") RECORD("2\\n"));
	append(log, 1, "3\n");
	logfile_close(log);
	CHECK_FILE("lost", RECORD("3\\n"));
	CHECK_FILE("lost.1", RECORD("0\\n") RECORD("2\\n"));
}

static void test_torn_by_a_predecessor(void)
{
	write_file("crashed", "{\"log\":\"half");
	struct logfile *log = open_named("crashed", 0, 1, false);
	append(log, 1, "0\n");
	logfile_close(log);
	CHECK_FILE("crashed", "{\"log\":\"half\n" RECORD("0\\n"));
}

static void test_full_device(void)
{
	const struct logfile_options options = {.path = "/dev/full", .max_size = 10, .max_files = 1};
	struct logfile *log = logfile_open(&options);
	append(log, 1, "lost\n");
	append_run(log, 100000, 1 << 20, true);
	logfile_finish(log, clock_reading);
	logfile_close(log);
	const struct logfile_options nowhere = {.path = "/nowhere/at/all", .max_files = 1};
	CHECK(logfile_open(&nowhere) == NULL && errno == ENOENT);
}

/* --- queue ---------------------------------------------------------------------------------------------- */

static char pattern_byte(size_t position)
{
	return (char)(position * 2654435761u >> 13);
}

static bool append_pattern(struct queue *queue, size_t *position, size_t length)
{
	cleanup_free char *data = must(malloc(length + 1));
	for (size_t i = 0; i < length; i++)
		data[i] = pattern_byte(*position + i);
	if (!queue_append(queue, data, length))
		return false;
	*position += length;
	return true;
}

/* Takes at most `most` bytes out of the pipe and compares them with the pattern. */
static bool take_pattern(int fd, size_t *position, size_t most)
{
	char data[4096];
	while (most > 0) {
		ssize_t n = read(fd, data, most < sizeof(data) ? most : sizeof(data));
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		for (ssize_t i = 0; i < n; i++)
			if (data[i] != pattern_byte(*position + (size_t)i))
				return false;
		*position += (size_t)n;
		most -= (size_t)n;
	}
	return true;
}

static void test_queue_in_memory(void)
{
	int ends[2];
	size_t in = 0, out = 0;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
	struct queue *queue = queue_new(10000, NULL);
	CHECK(queue_empty(queue) && queue_room(queue) == 10000);
	CHECK(append_pattern(queue, &in, 0) && queue_empty(queue));
	CHECK(append_pattern(queue, &in, 4000) && append_pattern(queue, &in, 6000));
	CHECK(queue_room(queue) == 0 && !append_pattern(queue, &in, 1));
	CHECK(queue_drain(queue, ends[1]) && queue_empty(queue) && queue_room(queue) == 10000);
	CHECK(!append_pattern(queue, &in, 10001) && queue_empty(queue));
	CHECK(take_pattern(ends[0], &out, 1 << 20) && out == in);
	queue_free(queue);
	queue_free(NULL);
	close(ends[0]);
	close(ends[1]);
}

/* Odd steps through a ring of odd size: every wrap and growth comes up. */
static void test_queue_order(const char *spill_dir, size_t memory, int rounds)
{
	int ends[2];
	size_t in = 0, out = 0;
	bool right = true;
	unsigned seed = 12345;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
	struct queue *queue = queue_new(memory, spill_dir);
	for (int i = 0; i < rounds && right; i++) {
		seed = seed * 1103515245 + 12345;
		append_pattern(queue, &in, (seed >> 8) % 30000);
		right = queue_drain(queue, ends[1]) && take_pattern(ends[0], &out, (seed >> 16) % 25000);
	}
	while (right && out < in)
		right = queue_drain(queue, ends[1]) && take_pattern(ends[0], &out, 1 << 20);
	CHECK(right && queue_empty(queue) && in == out && in > 1000000);
	queue_free(queue);
	close(ends[0]);
	close(ends[1]);
}

static bool folder_is_empty(const char *name)
{
	return rmdir(at(name)) == 0 && mkdir(at(name), 0700) == 0;
}

/* Bytes on disk of the newest descriptor, which is the spill file. */
static long long spilled_bytes(void)
{
	struct stat status;
	long long bytes = -1;
	for (int fd = 3; fd < 64; fd++)
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			bytes = (long long)status.st_blocks * 512;
	return bytes;
}

static void test_queue_spills(void)
{
	int ends[2];
	size_t in = 0, out = 0, total = 40 << 20;
	long long most = 0;
	mkdir(at("spill"), 0700);
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
	struct queue *queue = queue_new(QUEUE_MEMORY_BYTES, at("spill"));
	int before = open_descriptors();
	CHECK(append_pattern(queue, &in, QUEUE_MEMORY_BYTES));
	CHECK(open_descriptors() == before);
	while (in < total)
		if (!CHECK(append_pattern(queue, &in, 65536)))
			break;
	CHECK(open_descriptors() == before + 1 && folder_is_empty("spill"));
	CHECK(spilled_bytes() >= (long long)(total - QUEUE_MEMORY_BYTES) && !queue_empty(queue));
	while (out < in / 2 && queue_drain(queue, ends[1]) && take_pattern(ends[0], &out, 1 << 20))
		;
	most = spilled_bytes();
	CHECK(most <= (long long)(total / 2 + (6 << 20)));
	while (out < in && queue_drain(queue, ends[1]) && take_pattern(ends[0], &out, 1 << 20))
		;
	CHECK(out == in && queue_empty(queue) && spilled_bytes() == 0);
	CHECK(append_pattern(queue, &in, 100) && queue_drain(queue, ends[1]) && take_pattern(ends[0], &out, 100) && out == in);
	queue_free(queue);
	CHECK(open_descriptors() == before);
	close(ends[0]);
	close(ends[1]);
}

static void test_queue_without_disk(void)
{
	size_t in = 0;
	struct queue *queue = queue_new(20000, "/nowhere/at/all");
	CHECK(append_pattern(queue, &in, 20000) && !append_pattern(queue, &in, 1));
	queue_free(queue);
	queue = queue_new(20000, at("spill"));
	in = 0;
	limit_files(65536);
	CHECK(append_pattern(queue, &in, 20000) && append_pattern(queue, &in, 65536) && !append_pattern(queue, &in, 1));
	limit_files(RLIM_INFINITY);
	queue_free(queue);
}

/* 1 GiB behind is the most. */
static void test_queue_limit(void)
{
	size_t block = 64 << 20;
	cleanup_free char *data = must(calloc(1, block));
	struct queue *queue = queue_new(QUEUE_MEMORY_BYTES, at("spill"));
	bool all = true;
	for (int i = 0; i < 16; i++)
		all = queue_append(queue, data, block) && all;
	CHECK(all && !queue_append(queue, data, QUEUE_MEMORY_BYTES + 1) && !queue_append(queue, data, 1));
	queue_free(queue);
}

static void test_queue_reader_gone(void)
{
	int ends[2];
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
	struct queue *queue = queue_new(100, NULL);
	CHECK(queue_append(queue, "x", 1));
	close(ends[0]);
	CHECK(!queue_drain(queue, ends[1]));
	queue_free(queue);
	close(ends[1]);
}

/* --- clients -------------------------------------------------------------------------------------------- */

static struct client *new_reader(int *peer, struct client *next)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	struct client *client = must(calloc(1, sizeof(*client)));
	client->fd = ends[0];
	client->role = CLIENT_ATTACHED;
	client->wants[1] = true;
	client->out = queue_new(QUEUE_MEMORY_BYTES, at("spill"));
	client->next = next;
	*peer = ends[1];
	return client;
}

static void say_much(struct client *client, size_t mebibytes)
{
	cleanup_free char *data = must(calloc(1, 1 << 20));
	for (size_t i = 0; i < mebibytes; i++)
		client_output(client, 1, data, 1 << 20, true);
}

static int living(const struct client *clients)
{
	int count = 0;
	for (; clients; clients = clients->next)
		count += !clients->dead;
	return count;
}

static long long held(const struct client *clients)
{
	long long sum = 0;
	for (; clients; clients = clients->next)
		sum += clients->dead ? 0 : queue_on_disk(clients->out);
	return sum;
}

static void test_clients_share_the_disk(void)
{
	const long long most = 24 << 20;
	int peers[4];
	struct client *near = new_reader(&peers[0], NULL);
	struct client *far = new_reader(&peers[1], near);
	struct client *second = new_reader(&peers[2], far);
	struct client *clients = new_reader(&peers[3], second);
	say_much(near, 3);
	say_much(second, 8);
	say_much(far, 10);
	clients_bound(clients, most);
	CHECK(living(clients) == 4 && held(clients) > 18 << 20);
	say_much(far, 4);
	clients_bound(clients, most);
	CHECK(far->dead && living(clients) == 3 && held(clients) <= most);
	/* Alone it may have all. */
	say_much(second, 12);
	clients_bound(clients, most);
	CHECK(living(clients) == 3 && held(clients) > 20 << 20);
	/* One gulp can be too much for several. */
	say_much(second, 40);
	say_much(clients, 30);
	clients_bound(clients, most);
	CHECK(second->dead && clients->dead && !near->dead && queue_on_disk(near->out) > 0);
	/* What was read is given back, and counts no more. */
	char taken[65536];
	while (!queue_empty(near->out)) {
		client_flush(near);
		while (read(peers[0], taken, sizeof(taken)) > 0)
			;
	}
	CHECK(!near->dead && held(clients) == 0);
	while (clients) {
		struct client *next = clients->next;
		client_free(clients);
		clients = next;
	}
	for (int i = 0; i < 4; i++)
		close(peers[i]);
}

/* --- options -------------------------------------------------------------------------------------------- */

/* Parses words up to NULL. */
static const char *parse(struct options *options, ...)
{
	static char *argv[64];
	int argc = 1;
	va_list words;
	va_start(words, options);
	argv[0] = (char *)"skiff-monitor";
	while ((argv[argc] = va_arg(words, char *)))
		argc++;
	va_end(words);
	optind = 0;
	return options_parse(options, argc, argv);
}
#define NEEDED "--dir", "/d", "--id", "i", "--bundle", "/b"
#define REFUSED(...) CHECK(parse(&options, __VA_ARGS__, NULL) != NULL)
#define TAKEN(...) CHECK(parse(&options, __VA_ARGS__, NULL) == NULL)

static void test_options(void)
{
	struct options options;
	TAKEN(NEEDED, "--", "/usr/bin/crun", "--root", "/r");
	CHECK(!options.exec && !options.tty && !options.stdin_open && !options.stdin_once && !options.log.path && !options.oom_file);
	CHECK(options.rows == 0 && options.columns == 0 && options.log.max_size == 0 && options.log.max_files == 1);
	CHECK_TEXT(options.spill_dir, "/var/tmp");
	CHECK_TEXT(options.runtime[0], "/usr/bin/crun");
	CHECK_TEXT(options.runtime[2], "/r");
	CHECK(options.runtime[3] == NULL);
	TAKEN("--dir", "/d", "--kind", "exec", "--id", "i", "--process", "/p", "--tty", "--rows", "24", "--columns", "80", "--stdin", "--stdin-once", "--log",
	      "/l", "--log-max-size", "1000", "--log-max-files", "7", "--log-compress", "--log-attrs", "{}", "--spill-dir", "/s", "--oom-file", "/o", "--", "r");
	CHECK(options.exec && options.tty && options.stdin_open && options.stdin_once && options.log.compress);
	CHECK(options.rows == 24 && options.columns == 80 && options.log.max_size == 1000 && options.log.max_files == 7);
	CHECK_TEXT(options.log.attrs, "{}");
	CHECK_TEXT(options.oom_file, "/o");
	CHECK_TEXT(options.spill_dir, "/s");
	TAKEN("--kind", "container", NEEDED, "r");
}

static void test_bad_options(void)
{
	struct options options;
	REFUSED(NEEDED);
	REFUSED(NEEDED, "--");
	REFUSED("--id", "i", "--bundle", "/b", "r");
	REFUSED("--dir", "/d", "--bundle", "/b", "r");
	REFUSED("--dir", "/d", "--id", "i", "r");
	REFUSED("--kind", "exec", NEEDED, "r");
	REFUSED("--kind", "pod", NEEDED, "r");
	REFUSED("--nonsense", NEEDED, "r");
	REFUSED("-x", NEEDED, "r");
	REFUSED(NEEDED, "--dir");
	static const char *const bad[] = {"", "x", "-1", "1x", "1 ", "0x10", "99999999999999999999", "9223372036854775807"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(NEEDED, "--rows", bad[i], "r");
		REFUSED(NEEDED, "--columns", bad[i], "r");
		REFUSED(NEEDED, "--log-max-size", bad[i], "r");
		REFUSED(NEEDED, "--log-max-files", bad[i], "r");
	}
	REFUSED(NEEDED, "--rows", "65536", "r");
	REFUSED(NEEDED, "--log-max-files", "0", "r");
	TAKEN(NEEDED, "--rows", "65535", "--log-max-size", "0", "r");
}

/* --- oom, runtime --------------------------------------------------------------------------------------- */

static bool oom_of(const char *text)
{
	write_file("oom", text);
	return oom_killed(at("oom"));
}

static void test_oom(void)
{
	CHECK(!oom_of("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"));
	CHECK(oom_of("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"));
	CHECK(oom_of("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n"));
	CHECK(!oom_of("low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\noom_group_kill 1\n"));
	CHECK(!oom_of("") && !oom_killed(NULL) && !oom_killed("/nowhere"));
}

static void test_runtime_files(void)
{
	if (chdir(folder) < 0)
		abort();
	CHECK(runtime_pid() == 0);
	write_file("pid", "");
	CHECK(runtime_pid() == 0);
	write_file("pid", "4711\n");
	CHECK(runtime_pid() == 4711);
	write_file("pid", "-1");
	CHECK(runtime_pid() == 0);
	cleanup_free char *none = runtime_message(-1);
	CHECK_TEXT(none, "\"\"");
	write_file("runtime.log", "say \"no\"\n");
	cleanup_free char *message = runtime_message(-1);
	CHECK_TEXT(message, "\"say \\\"no\\\"\\n\"");
	CHECK(runtime_says("say") && !runtime_says("yes"));
	cleanup_free char *long_text = must(calloc(1, 3 * RUNTIME_MESSAGE_BYTES));
	memset(long_text, 'a', 3 * RUNTIME_MESSAGE_BYTES - 2);
	long_text[3 * RUNTIME_MESSAGE_BYTES - 2] = 'z';
	write_file("runtime.log", long_text);
	cleanup_free char *end = runtime_message(-1);
	CHECK(strlen(end) == RUNTIME_MESSAGE_BYTES + 2 && strcmp(end + RUNTIME_MESSAGE_BYTES, "z\"") == 0);
}

static void remove_folder(void)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	CHECK(system(command) == 0);
}

int main(void)
{
	if (!mkdtemp(folder))
		abort();
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	int before = open_descriptors();
	test_each_byte();
	test_utf8();
	test_bad_utf8();
	test_escape_bounds();
	test_times();
	test_records();
	test_attrs();
	test_long_lines();
	test_worst_records();
	test_rotation();
	test_rotation_of_one_file();
	test_odd_rotations();
	test_rotation_that_fails();
	test_compression();
	test_compressor_that_is_behind();
	test_unfinished_compression();
	test_torn_write();
	test_lost_records();
	test_torn_by_a_predecessor();
	test_full_device();
	test_queue_in_memory();
	test_queue_order(NULL, 10007, 1000);
	test_queue_spills();
	test_queue_order(at("spill"), 20011, 1000);
	test_queue_without_disk();
	test_queue_limit();
	test_queue_reader_gone();
	test_clients_share_the_disk();
	test_options();
	test_bad_options();
	test_oom();
	test_runtime_files();
	CHECK(open_descriptors() == before);
	remove_folder();
	printf("%d checks, %d failed\n", checks, failures);
	return failures ? 1 : 0;
}
