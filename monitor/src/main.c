/* One event loop: the runtime, the process's streams, the log, the clients. PROTOCOL.md tells the story. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base.h"
#include "client.h"
#include "logfile.h"
#include "oom.h"
#include "options.h"
#include "protocol.h"
#include "runtime.h"
#include "streams.h"

enum state { WAITING, STARTING, RUNNING, DRAINING, EXITED, RELEASED };

static struct {
	struct options options;
	struct runtime_call call;
	enum state state;
	int epoll, signals, listener, console;
	struct streams streams;
	struct queue *input;       /* stdin not yet taken by the process */
	bool input_closing;        /* close stdin when `input` is empty */
	bool in_watched;
	struct logfile *log;
	struct client *clients;
	pid_t runtime, process, deleter;
	bool had_control, listener_paused;
	bool terminal_rests;       /* nobody has it open */
	struct client *creditor;   /* who bounds the log; NULL: nobody */
	long long credit_end;      /* where the log may get to, as logfile_written counts */
	bool held;                 /* it is there: output is not read */
	int client_count;
	int exit_code, signal, oom;
	struct timespec started, finished;
	long long deadline_ms;     /* monotonic; 0: none */
	char buffer[65536];
} m = {.listener = -1, .console = -1, .streams = {-1, -1, -1, {-1, -1, -1}}};

/* Markers for epoll: the address says which; clients use their own. */
static char SIGNALS, LISTENER, CONSOLE, OUT, ERR, IN;

static long long monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void watch(int fd, void *marker, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = marker};
	if (epoll_ctl(m.epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno == EEXIST)
		epoll_ctl(m.epoll, EPOLL_CTL_MOD, fd, &event);
}

static void unwatch_close(int *fd)
{
	if (*fd >= 0)
		epoll_ctl(m.epoll, EPOLL_CTL_DEL, *fd, NULL);
	close_fd(fd);
}

/* --- output that waits ---------------------------------------------------------------------------------- */

/* Only what runs waits: the rest of a process that has ended is little. */
static void update_hold(void)
{
	bool hold = m.creditor && m.log && m.state == RUNNING && logfile_written(m.log) >= m.credit_end;
	if (hold == m.held)
		return;
	m.held = hold;
	if (hold) {
		epoll_ctl(m.epoll, EPOLL_CTL_DEL, m.streams.out, NULL);
		epoll_ctl(m.epoll, EPOLL_CTL_DEL, m.streams.err, NULL);
		return;
	}
	if (m.streams.out >= 0)
		watch(m.streams.out, &OUT, m.terminal_rests ? EPOLLIN | EPOLLET : EPOLLIN);
	if (m.streams.err >= 0)
		watch(m.streams.err, &ERR, EPOLLIN);
}

/* --- clients ------------------------------------------------------------------------------------------ */

static void for_controls(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void for_controls(const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		abort();
	for (struct client *client = m.clients; client; client = client->next)
		if (client->role == CLIENT_CONTROL && client->greeted)
			client_say(client, "%s", text);
}

static void close_when_flushed(enum client_role role)
{
	for (struct client *client = m.clients; client; client = client->next)
		if (client->role == role && !client->closing) {
			client->closing = true;
			client_flush(client);
		}
}

static bool input_open(void)
{
	return m.input && m.state <= RUNNING && (m.state < RUNNING || m.streams.in >= 0);
}

static void update_watch(struct client *client)
{
	uint32_t events = 0;
	client->reading_paused = client->role == CLIENT_ATTACHED && client->wants[0] && input_open() && queue_room(m.input) == 0;
	if (client->hung_up && client->reading_paused) { /* a hang-up cannot be masked: out of the set until there is room */
		epoll_ctl(m.epoll, EPOLL_CTL_DEL, client->fd, NULL);
		client->watched = 0;
		return;
	}
	if (!client->input_ended && !client->reading_paused)
		events |= EPOLLIN;
	if (!client->hung_up && !queue_empty(client->out))
		events |= EPOLLOUT;
	if (events != client->watched)
		watch(client->fd, client, events);
	client->watched = events;
}

static void resume_listener(void);
static void end_input(struct client *client);

static bool control_left(void)
{
	for (struct client *client = m.clients; client; client = client->next)
		if (client->role == CLIENT_CONTROL && !client->dead)
			return true;
	return false;
}

static void sweep_clients(void)
{
	for (struct client **at = &m.clients; *at;) {
		struct client *client = *at;
		if (client->dead) {
			if (client == m.creditor) {
				m.creditor = NULL;
				update_hold();
			}
			if (!client->input_ended)
				end_input(client);
			*at = client->next;
			client_free(client);
			m.client_count--;
			resume_listener();
		} else {
			update_watch(client);
			at = &client->next;
		}
	}
}

static void accept_client(void)
{
	bool full = false;
	struct client *client = client_accept(m.listener, m.options.spill_dir, &full);
	if (client) {
		client->next = m.clients;
		m.clients = client;
		m.client_count++;
	}
	if (full || m.client_count >= CLIENTS_MAX) {
		epoll_ctl(m.epoll, EPOLL_CTL_DEL, m.listener, NULL);
		m.listener_paused = true;
	}
}

/* Somebody has left: there is room for the next one. */
static void resume_listener(void)
{
	if (!m.listener_paused || m.listener < 0)
		return;
	m.listener_paused = false;
	watch(m.listener, &LISTENER, EPOLLIN);
}

/* --- stdin -------------------------------------------------------------------------------------------- */

static void pump_input(void)
{
	if (!m.input)
		return;
	if (m.streams.in >= 0 && !queue_drain(m.input, m.streams.in)) {
		unwatch_close(&m.streams.in);
		m.in_watched = false;
	}
	bool waiting = m.streams.in >= 0 && !queue_empty(m.input);
	if (m.streams.in >= 0 && !waiting && m.input_closing && !m.options.tty) {
		unwatch_close(&m.streams.in);
		m.in_watched = false;
	} else if (m.streams.in >= 0 && waiting != m.in_watched) {
		if (waiting)
			watch(m.streams.in, &IN, EPOLLOUT);
		else
			epoll_ctl(m.epoll, EPOLL_CTL_DEL, m.streams.in, NULL);
		m.in_watched = waiting;
	}
}

static void take_input(struct client *client, const char *data, size_t length)
{
	if (!client->wants[0] || !input_open())
		return; /* nobody reads it: swallowed */
	queue_append(m.input, data, length);
	if (m.state == RUNNING)
		pump_input();
}

static void end_input(struct client *client)
{
	client->input_ended = true;
	if (client->role == CLIENT_ATTACHED && client->wants[0] && m.options.stdin_once) {
		m.input_closing = true;
		if (m.state == RUNNING)
			pump_input();
	}
}

/* --- hello -------------------------------------------------------------------------------------------- */

static void say_exited(struct client *client)
{
	client_say(client, "exited %d %d %d %lld.%09ld %lld.%09ld\n", m.exit_code, m.signal, m.oom, (long long)m.started.tv_sec, m.started.tv_nsec,
		   (long long)m.finished.tv_sec, m.finished.tv_nsec);
}

static void greet(struct client *client)
{
	const char *name = m.state == WAITING ? "waiting" : m.state < EXITED ? "running" : "exited";
	client->greeted = true;
	client_say(client, "hello %d %s %d %d %lld.%09ld\n", PROTOCOL_VERSION, name, getpid(), m.process, (long long)m.started.tv_sec,
		   m.started.tv_nsec);
	if (m.state >= EXITED && m.process)
		say_exited(client);
}

/* The runtime is done: those who came meanwhile learn how it went. */
static void greet_all(void)
{
	for (struct client *client = m.clients; client; client = client->next)
		if (client->role == CLIENT_CONTROL && !client->greeted)
			greet(client);
}

static void hello(struct client *client)
{
	client->role = CLIENT_CONTROL;
	m.had_control = true;
	if (m.state == WAITING)
		m.deadline_ms = 0;
	if (m.state != STARTING)
		greet(client);
}

/* --- start -------------------------------------------------------------------------------------------- */

/*
 * What a runtime that gave up leaves is about to end. Were we gone by then, it would be init's, and until that looks after it a dead process
 * that everybody in the container sees.
 */
static void reap_leftovers(void)
{
	long long deadline = monotonic_ms() + DRAIN_TIMEOUT_MS;
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		long long left = deadline - monotonic_ms();
		if (pid < 0 || left <= 0)
			return;
		struct timespec wait = {left / 1000, left % 1000 * 1000000};
		if (pid == 0)
			sigtimedwait(&child, NULL, &wait);
	}
}

static void fail_start(int status)
{
	reap_leftovers();
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	cleanup_free char *message = runtime_message(m.streams.err);
	for_controls("failed %d %s\n", code, message);
	unwatch_close(&m.streams.out);
	unwatch_close(&m.streams.err);
	unwatch_close(&m.streams.in);
	m.state = EXITED;
	greet_all();
	close_when_flushed(CLIENT_ATTACHED);
	/* A name that is taken belongs to somebody who runs. */
	m.deleter = m.options.exec || runtime_says("already exist") || runtime_says("given ID already") ? 0 : runtime_delete(&m.call);
	if (m.deleter <= 0)
		m.state = RELEASED;
}

static void go(void)
{
	if (m.state != WAITING)
		return;
	m.state = STARTING;
	if (!streams_open(&m.streams, m.options.tty, m.options.stdin_open)) {
		fail_start(126 << 8);
		return;
	}
	if (m.options.tty) {
		m.console = console_listen();
		if (m.console >= 0)
			watch(m.console, &CONSOLE, EPOLLIN);
	}
	m.runtime = runtime_start(&m.call, m.streams.child);
	streams_close_child(&m.streams);
	if (m.runtime < 0)
		fail_start(126 << 8);
}

static void take_terminal(void)
{
	m.streams.out = console_receive(m.console);
	unwatch_close(&m.console);
	if (m.streams.out < 0)
		return;
	if (m.options.rows || m.options.columns)
		terminal_resize(m.streams.out, m.options.rows, m.options.columns);
	if (m.options.stdin_open)
		m.streams.in = fcntl(m.streams.out, F_DUPFD_CLOEXEC, 3);
}

static void on_started(int status)
{
	if (m.console >= 0)
		take_terminal();
	m.process = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? runtime_pid() : 0;
	if (m.process == 0) {
		fail_start(status);
		return;
	}
	m.started = now_realtime();
	m.state = RUNNING;
	for_controls("started %d %lld.%09ld\n", m.process, (long long)m.started.tv_sec, m.started.tv_nsec);
	greet_all();
	if (m.streams.out >= 0)
		watch(m.streams.out, &OUT, EPOLLIN);
	if (m.streams.err >= 0)
		watch(m.streams.err, &ERR, EPOLLIN);
	pump_input();
}

/* --- output and end ----------------------------------------------------------------------------------- */

static void write_exit_file(void)
{
	FILE *file = fopen("exit.tmp", "we");
	if (!file)
		return;
	fprintf(file, "{\"exitCode\":%d,\"signal\":%d,\"oomKilled\":%s,\"startedAt\":\"%lld.%09ld\",\"finishedAt\":\"%lld.%09ld\"}\n", m.exit_code,
		m.signal, m.oom ? "true" : "false", (long long)m.started.tv_sec, m.started.tv_nsec, (long long)m.finished.tv_sec, m.finished.tv_nsec);
	bool written = fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (fclose(file) == 0 && written)
		rename("exit.tmp", "exit");
}

static void finish(void)
{
	if (m.log)
		logfile_finish(m.log, now_realtime());
	m.oom = oom_killed(m.options.oom_file);
	unwatch_close(&m.streams.in);
	write_exit_file();
	m.state = EXITED;
	m.deadline_ms = 0;
	for (struct client *client = m.clients; client; client = client->next)
		if (client->role == CLIENT_CONTROL)
			say_exited(client);
	close_when_flushed(CLIENT_ATTACHED);
	m.deleter = m.options.exec ? 0 : runtime_delete(&m.call);
	if (m.deleter <= 0)
		m.state = RELEASED;
}

static void finish_if_drained(void)
{
	if (m.state == DRAINING && m.streams.out < 0 && m.streams.err < 0)
		finish();
}

/*
 * EIO: nobody has the terminal open. The process may open it again, and closing the master would send it SIGHUP: it is kept,
 * edge-triggered, since its hang-up lasts.
 */
static void rest_terminal(int master)
{
	if (!m.terminal_rests)
		watch(master, &OUT, EPOLLIN | EPOLLET);
	m.terminal_rests = true;
}

static void take_output(int *fd, int stream)
{
	for (int rounds = 0; rounds < 16 && !m.held; rounds++) {
		ssize_t n = RETRY(read(*fd, m.buffer, sizeof(m.buffer)));
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && m.options.tty && m.state == RUNNING) {
			rest_terminal(*fd);
			return;
		}
		if (n <= 0) {
			unwatch_close(fd);
			return;
		}
		if (m.terminal_rests) {
			m.terminal_rests = false;
			watch(*fd, &OUT, EPOLLIN);
		}
		if (m.log)
			logfile_append(m.log, stream, m.buffer, (size_t)n, now_realtime());
		for (struct client *client = m.clients; client; client = client->next)
			client_output(client, stream, m.buffer, (size_t)n, m.options.tty);
		clients_bound(m.clients, QUEUE_SPILL_BYTES);
		update_hold();
		if ((size_t)n < sizeof(m.buffer))
			return;
	}
}

static void on_exited(int status)
{
	m.finished = now_realtime();
	m.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	m.exit_code = m.signal ? 128 + m.signal : WEXITSTATUS(status);
	m.state = DRAINING;
	update_hold();
	m.deadline_ms = monotonic_ms() + DRAIN_TIMEOUT_MS;
	if (m.terminal_rests)
		watch(m.streams.out, &OUT, EPOLLIN);
	finish_if_drained();
}

static void on_released(void)
{
	m.state = RELEASED;
}

static void on_child(pid_t pid, int status)
{
	if (pid == m.runtime && m.state == STARTING)
		on_started(status);
	else if (pid == m.process && m.state == RUNNING)
		on_exited(status);
	else if (pid == m.deleter && m.state == EXITED)
		on_released();
	else
		logfile_reaped(m.log, pid);
}

/* While the runtime is at work the process's pid is unknown: its end must wait for its name. */
static void reap(void)
{
	int status;
	pid_t pid;
	struct signalfd_siginfo info[16];
	while (read(m.signals, info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(m.state == STARTING ? m.runtime : -1, &status, WNOHANG)) > 0)
		on_child(pid, status);
}

/* --- lines of clients --------------------------------------------------------------------------------- */

static bool attach(struct client *client, const char *letters)
{
	if (letters[strspn(letters, "ioe-")] != 0)
		return false;
	client->role = CLIENT_ATTACHED;
	client->wants[0] = strchr(letters, 'i') != NULL;
	client->wants[1] = strchr(letters, 'o') != NULL;
	client->wants[2] = strchr(letters, 'e') != NULL;
	client_say(client, "attached\n");
	client->closing = m.state >= EXITED;
	client_flush(client);
	return true;
}

static void send_signal(struct client *client, int number)
{
	bool sent = m.state == RUNNING && kill(m.process, number) == 0;
	client_say(client, "signal %s\n", sent ? "ok" : "gone");
}

static void resize(struct client *client, unsigned rows, unsigned columns)
{
	bool open = m.options.tty && (m.streams.out >= 0 || m.state < RUNNING);
	m.options.rows = rows;
	m.options.columns = columns;
	if (m.options.tty && m.streams.out >= 0)
		terminal_resize(m.streams.out, rows, columns);
	client_say(client, "resize %s\n", open ? "ok" : "gone");
}

/* The last who gave it counts. */
static void credit(struct client *client, long long bytes)
{
	m.creditor = client;
	m.credit_end = (m.log ? logfile_written(m.log) : 0) + bytes;
	update_hold();
}

/* False: the line means nothing, the connection is closed. */
static bool take_line(struct client *client, const char *line)
{
	unsigned a, b;
	long long bytes;
	char letters[8];
	if (client->role == CLIENT_NEW) {
		if (sscanf(line, "control %u", &a) == 1 && a == PROTOCOL_VERSION) {
			hello(client);
			return true;
		}
		return sscanf(line, "attach %u %7s", &a, letters) == 2 && a == PROTOCOL_VERSION && attach(client, letters);
	}
	if (strcmp(line, "go") == 0)
		go();
	else if (strcmp(line, "abandon") == 0)
		m.state = m.state == WAITING ? RELEASED : m.state;
	else if (sscanf(line, "signal %u", &a) == 1 && a < 65)
		send_signal(client, (int)a);
	else if (sscanf(line, "resize %u %u", &a, &b) == 2)
		resize(client, a, b);
	else if (sscanf(line, "credit %lld", &bytes) == 1 && bytes >= 0 && bytes <= CREDIT_MAX_BYTES)
		credit(client, bytes);
	else
		return false;
	return true;
}

/* Bytes of a client: lines, until it is an attached one; the rest is stdin. */
static void take_bytes(struct client *client, const char *data, size_t length)
{
	while (length > 0 && !client->dead) {
		if (client->role == CLIENT_ATTACHED) {
			take_input(client, data, length);
			return;
		}
		char byte = *data++;
		length--;
		if (byte != '\n') {
			if (client->line_length >= LINE_MAX_BYTES)
				client->dead = true;
			else
				client->line[client->line_length++] = byte;
			continue;
		}
		client->line[client->line_length] = 0;
		client->line_length = 0;
		if (!take_line(client, client->line))
			client->dead = true;
	}
}

/* Bytes to read of a client that has not said what it wants: its line, not the stdin that may follow. */
static size_t first_line(int fd)
{
	ssize_t n = RETRY(recv(fd, m.buffer, LINE_MAX_BYTES + 1, MSG_PEEK));
	char *end = n > 0 ? memchr(m.buffer, '\n', (size_t)n) : NULL;
	return end ? (size_t)(end - m.buffer) + 1 : LINE_MAX_BYTES + 1;
}

static void read_client(struct client *client)
{
	size_t room = sizeof(m.buffer);
	if (client->role == CLIENT_ATTACHED && client->wants[0] && input_open())
		room = queue_room(m.input) < room ? queue_room(m.input) : room;
	else if (client->role == CLIENT_NEW)
		room = first_line(client->fd);
	if (room == 0)
		return;
	ssize_t n = RETRY(read(client->fd, m.buffer, room));
	if (n > 0)
		take_bytes(client, m.buffer, (size_t)n);
	else if (n == 0 && client->role == CLIENT_ATTACHED && !client->said_all)
		end_input(client);
	else if (n == 0 || errno != EAGAIN)
		client->dead = true;
}

static void serve_client(struct client *client, uint32_t events)
{
	bool known = false;
	for (struct client *other = m.clients; other; other = other->next)
		known = known || other == client;
	if (!known || client->dead)
		return;
	if (events & (EPOLLERR | EPOLLHUP)) {
		client->hung_up = true;
		client->wants[1] = client->wants[2] = false;
	}
	if (client->hung_up && client->input_ended) {
		client->dead = true;
		return;
	}
	if (events & EPOLLOUT)
		client_flush(client);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !client->dead)
		read_client(client);
}

/* --- loop --------------------------------------------------------------------------------------------- */

static void dispatch(struct epoll_event *event)
{
	void *marker = event->data.ptr;
	if (marker == &SIGNALS)
		reap();
	else if (marker == &LISTENER)
		accept_client();
	else if (marker == &CONSOLE && m.console >= 0)
		take_terminal();
	else if (marker == &OUT && m.streams.out >= 0)
		take_output(&m.streams.out, 1);
	else if (marker == &ERR && m.streams.err >= 0)
		take_output(&m.streams.err, 2);
	else if (marker == &IN)
		pump_input();
	else if (marker != &OUT && marker != &ERR && marker != &CONSOLE)
		serve_client(marker, event->events);
}

static void on_deadline(void)
{
	m.deadline_ms = 0;
	if (m.state == WAITING) {
		m.state = RELEASED;
	} else if (m.state == DRAINING) {
		unwatch_close(&m.streams.out);
		unwatch_close(&m.streams.err);
		finish();
	} else if (m.state == RELEASED) {
		for (struct client *client = m.clients; client; client = client->next)
			client->dead = client->dead || client->said_all;
		sweep_clients();
	}
}

static int wait_ms(void)
{
	if (!m.deadline_ms)
		return -1;
	long long left = m.deadline_ms - monotonic_ms();
	return left < 0 ? 0 : (int)left;
}

/* Nobody has anything to read any more: those who do not leave by themselves are left soon. */
static void hurry_up(void)
{
	for (struct client *client = m.clients; client; client = client->next)
		if (!client->said_all)
			return;
	if (m.clients && !m.deadline_ms)
		m.deadline_ms = monotonic_ms() + DRAIN_TIMEOUT_MS;
}

/* Once released: tell, close the door, and stay only for readers that have not taken everything. */
static bool over(void)
{
	if (m.state != RELEASED)
		return false;
	if (m.listener >= 0) {
		m.deadline_ms = 0;
		unlink("ctl");
		unwatch_close(&m.listener);
		for_controls("released\n");
		close_when_flushed(CLIENT_CONTROL);
		close_when_flushed(CLIENT_ATTACHED);
		for (struct client *client = m.clients; client; client = client->next)
			client->dead = client->dead || client->role == CLIENT_NEW;
		sweep_clients();
		logfile_close(m.log);
		m.log = NULL;
		if (chdir("/") < 0) /* the directory may go */
			return true;
	}
	hurry_up();
	return m.clients == NULL;
}

static void loop(void)
{
	struct epoll_event events[32];
	while (!over()) {
		int count = epoll_wait(m.epoll, events, 32, wait_ms());
		for (int i = 0; i < count; i++)
			dispatch(&events[i]);
		if (m.deadline_ms && monotonic_ms() >= m.deadline_ms)
			on_deadline();
		finish_if_drained();
		sweep_clients();
		if (m.state == WAITING && m.had_control && !control_left())
			m.state = RELEASED;
	}
}

/* --- set-up ------------------------------------------------------------------------------------------- */

static void block_signals(void)
{
	sigset_t all, child;
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	m.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Its death would take the container's output with it. Needs CAP_SYS_RESOURCE; without it the score stays. */
static void protect_from_oom(void)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t ignored = fd < 0 ? 0 : write(fd, "-999", 4);
	(void)ignored;
}

static const char *set_up(void)
{
	syscall(SYS_close_range, 3U, ~0U, 0U);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, 0);
	protect_from_oom();
	if (chdir(m.options.dir) < 0)
		return "the directory cannot be entered";
	block_signals();
	m.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m.epoll < 0 || m.signals < 0)
		return "no descriptors";
	if (m.options.log.path && !(m.log = logfile_open(&m.options.log)))
		return "the log cannot be opened";
	if ((m.listener = client_listen()) < 0)
		return "the socket cannot be made";
	if (m.options.stdin_open)
		m.input = queue_new(STDIN_QUEUE_BYTES, NULL);
	watch(m.signals, &SIGNALS, EPOLLIN);
	watch(m.listener, &LISTENER, EPOLLIN);
	m.deadline_ms = monotonic_ms() + CONNECT_TIMEOUT_MS;
	return NULL;
}

static void leave_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

int main(int argc, char **argv)
{
	const char *problem = options_parse(&m.options, argc, argv);
	m.call = (struct runtime_call){m.options.runtime, m.options.exec, m.options.id, m.options.bundle, m.options.process, m.options.dir, m.options.tty};
	if (!problem)
		problem = set_up();
	if (problem) {
		dprintf(STDOUT_FILENO, "error %s%s%s\n", problem, errno ? ": " : "", errno ? strerror(errno) : "");
		return 1;
	}
	dprintf(STDOUT_FILENO, "ready %d\n", getpid());
	leave_standard_streams();
	loop();
	logfile_close(m.log);
	queue_free(m.input);
	return 0;
}
