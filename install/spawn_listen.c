/*
 * Listening to a program while it runs, and passing an interruption on to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/spawn.h"

#define MAX_LINE ((size_t)4096)
#define CHUNK_BYTES ((size_t)16 * 1024)
#define PIPE_CHUNKS 64 /* a pipe holds a megabyte at most, unless root says otherwise */
#define TICK_MS 50
#define TICKS_TO_DIE 60 /* from SIGTERM to SIGKILL: three seconds */

struct listening {
	const struct lk_listener *to;
	pid_t pid;
	int fd;             /* what it prints; -1 once all who could print are gone */
	struct lk_buf line; /* begun, not ended */
	unsigned ticks;     /* since it was told to stop */
	bool stopped;
};

static void end_line(struct listening *l)
{
	l->to->line(l->to->ctx, lk_buf_view(&l->line));
	lk_buf_clear(&l->line);
}

static void take(struct listening *l, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\n' || l->line.len == MAX_LINE) {
			end_line(l);
		}
		if (text.ptr[i] != '\n') {
			lk_buf_putc(&l->line, text.ptr[i]);
		}
	}
}

/* What can be read now; the descriptor does not block. False: there is no more at present. */
static bool take_some(struct listening *l)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = l->fd < 0 ? -1 : read(l->fd, chunk, sizeof(chunk));
	if (n > 0) {
		take(l, lk_str_n(chunk, (size_t)n));
	} else if (n == 0 || (l->fd >= 0 && errno != EAGAIN && errno != EINTR)) {
		lk_close_p(&l->fd);
		l->fd = -1;
	}
	return n > 0;
}

/* Has it ended? Its number stays its own until it is reaped. */
static bool has_ended(const struct listening *l)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)l->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == l->pid;
}

static void pass_on(struct listening *l)
{
	if (!l->stopped && lk_report_stop(l->to->report)) {
		l->stopped = true;
		(void)kill(-l->pid, SIGTERM);
		(void)kill(-l->pid, SIGCONT); /* one that was stopped could not end */
	} else if (l->stopped && l->ticks++ == TICKS_TO_DIE) {
		(void)kill(-l->pid, SIGKILL);
	}
}

/* Until it has ended; one that was told to stop, until all that it started have too. */
static void listen_to(struct listening *l)
{
	bool ended = false;
	int pause = 1;
	while (!ended || (l->stopped && l->fd >= 0 && l->ticks <= TICKS_TO_DIE)) {
		struct pollfd waits = {.fd = l->fd, .events = POLLIN};
		bool listens = l->fd >= 0 && !l->stopped;
		/* What prints no more ends at once, most often; what was told to stop may print as
		 * much as it likes: its time goes on. */
		(void)poll(&waits, listens ? 1 : 0, listens || l->stopped ? TICK_MS : pause);
		pause = pause < TICK_MS ? 2 * pause : TICK_MS;
		(void)take_some(l);
		pass_on(l);
		ended = has_ended(l);
	}
	for (size_t i = 0; i < PIPE_CHUNKS && take_some(l); i++) {
	}
	if (l->line.len > 0) {
		end_line(l);
	}
}

int lk_spawn_listen(const struct lk_spawn *spawn, const struct lk_listener *listener,
	int *ret_status, struct lk_error *err)
{
	int ends[2];
	struct listening l = {.to = listener, .line = LK_BUF_INIT(MAX_LINE + 1)};
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot run '%s'", spawn->program);
	}
	struct lk_spawn piped = *spawn;
	piped.output_fd = ends[1];
	l.fd = ends[0];
	int rc = lk_spawn_start(&piped, true, &l.pid, err);
	lk_close_p(&ends[1]);
	if (rc == 0) {
		(void)fcntl(l.fd, F_SETFL, O_NONBLOCK);
		listen_to(&l);
		rc = lk_spawn_reap(spawn, l.pid, ret_status, err);
	}
	lk_close_p(&l.fd);
	lk_buf_done(&l.line);
	return rc;
}
