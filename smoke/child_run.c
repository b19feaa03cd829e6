/*
 * The runner's end: start, wait with a limit, read, judge what came.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "smoke/child.h"

/* How often the child is looked after: while its pipe is open, and for its end after that. */
#define TICK_MS 20
#define END_TICK_MS 2
/* A killed process that is still there after this time hangs in the kernel; it is left behind. */
#define KILL_SECONDS 5

enum outcome {
	ENDED, /* by itself, its status is known */
	LATE,  /* ended at the limit */
	LOUD,  /* ended because it reported without end */
	LOST,  /* someone else took its status */
};

static double seconds_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void fail(struct lk_smoke_level *level, struct lk_arena *arena, const char *reason,
	const char *detail)
{
	level->status = LK_SMOKE_FAILED;
	level->reason = lk_str_printf(arena, "%s%s", reason, detail);
}

/* A pipe that no other program inherits; the end to write lies above the descriptors that the child
 * gets, so that setting those up cannot close it. */
static int open_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) != 0) {
		return errno;
	}
	int write_fd = fcntl(fds[1], F_DUPFD_CLOEXEC, LK_CHILD_FD + 1);
	int error = errno;
	close(fds[1]);
	fds[1] = write_fd;
	if (write_fd < 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		error = write_fd < 0 ? error : errno;
		close(fds[0]);
		close(write_fd);
		return error;
	}
	return 0;
}

/* Nothing to read or to show, and the pipe where the child reports. */
static int set_actions(posix_spawn_file_actions_t *actions, int write_fd)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_WRONLY};
	int rc = 0;
	for (int fd = 0; rc == 0 && fd <= STDERR_FILENO; fd++) {
		rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", flags[fd], 0);
	}
	return rc == 0 ? posix_spawn_file_actions_adddup2(actions, write_fd, LK_CHILD_FD) : rc;
}

/* In a process group of its own, so that a limit ends whatever the level started too; no signal is
 * blocked or ignored. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t set;
	int rc = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	sigemptyset(&set);
	rc = rc == 0 ? posix_spawnattr_setsigmask(attributes, &set) : rc;
	sigfillset(&set);
	sigdelset(&set, SIGKILL);
	sigdelset(&set, SIGSTOP);
	return rc == 0 ? posix_spawnattr_setsigdefault(attributes, &set) : rc;
}

/* 0 or an errno. */
static int spawn_child(const char *program, const char *level,
	const struct lk_level_context *context, int write_fd, pid_t *ret_pid)
{
	char device[16];
	snprintf(device, sizeof(device), "%d", context->device);
	const char *const words[] = {
		program, "--level", level, "--device", device, "--", context->prefix, NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int rc = posix_spawnattr_init(&attributes);
	if (rc != 0) {
		return rc;
	}
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = set_attributes(&attributes);
		rc = rc == 0 ? set_actions(&actions, write_fd) : rc;
		if (rc == 0) {
			rc = posix_spawn(ret_pid, program, &actions, &attributes,
				(char *const *)words, environ);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* Takes what the pipe holds. False when nothing will come any more. */
static bool drain(int fd, struct lk_buf *out)
{
	while (!out->overflow) {
		char bytes[4096];
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got > 0) {
			lk_buf_append(out, bytes, (size_t)got);
		} else if (got == 0 || errno != EINTR) {
			return got < 0 && errno == EAGAIN;
		}
	}
	return true;
}

static void pause_ms(int fd, int milliseconds)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	(void)poll(&wait, 1, milliseconds);
}

/* Has the process ended? Its status stays to be fetched, and so its group is still its own. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};
	int rc = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return rc < 0 ? errno != EINTR : info.si_pid == pid;
}

/* The process is ending or killed: its status, when it can be had. */
static bool fetch_status(pid_t pid, int *ret)
{
	for (double deadline = seconds_now() + KILL_SECONDS; seconds_now() < deadline;) {
		pid_t done = waitpid(pid, ret, WNOHANG);
		if (done == pid) {
			return true;
		}
		if (done < 0 && errno != EINTR) {
			return false;
		}
		pause_ms(-1, END_TICK_MS);
	}
	return false;
}

/* Reads and waits until the process itself ends: a descendant may hold the pipe open longer, and it
 * may close the pipe and go on. Nothing of its group is left then. */
static enum outcome wait_child(
	pid_t pid, int fd, double deadline, struct lk_buf *out, int *ret_status)
{
	enum outcome outcome = ENDED;
	for (bool open = true;;) {
		bool ended = has_ended(pid);
		open = open && drain(fd, out);
		if (out->overflow) {
			outcome = LOUD;
		} else if (!ended && seconds_now() >= deadline) {
			outcome = LATE;
		}
		if (ended || outcome != ENDED) {
			break;
		}
		pause_ms(open ? fd : -1, open ? TICK_MS : END_TICK_MS);
	}
	kill(-pid, SIGKILL);
	bool known = fetch_status(pid, ret_status);
	return outcome == ENDED && !known ? LOST : outcome;
}

static void judge(struct lk_smoke_level *level, struct lk_arena *arena, lk_str text,
	enum outcome outcome, int status)
{
	char detail[128] = "";
	if (outcome == LATE) {
		fail(level, arena, "still running at the time limit", "");
	} else if (outcome == LOUD) {
		fail(level, arena, "reported more than a report can hold", "");
	} else if (outcome == LOST) {
		fail(level, arena, "cannot tell how its process ended", "");
	} else if (WIFSIGNALED(status)) {
		snprintf(detail, sizeof(detail), "signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
		fail(level, arena, "crashed: ", detail);
	} else if (!lk_child_report_parse(text, arena, level)) {
		snprintf(detail, sizeof(detail), "%d", WEXITSTATUS(status));
		fail(level, arena, "ended without a result, exit status ", detail);
	} else if (level->status == LK_SMOKE_PASSED && WEXITSTATUS(status) != 0) {
		snprintf(detail, sizeof(detail), "%d", WEXITSTATUS(status));
		fail(level, arena, "computed, but ended with exit status ", detail);
	}
}

void lk_child_run(const char *program, const struct lk_level *level,
	const struct lk_level_context *context, unsigned limit_seconds, struct lk_arena *arena,
	struct lk_smoke_level *ret)
{
	*ret = (struct lk_smoke_level){
		.name = lk_str_of(level->name),
		.device = level->gpu ? context->device : -1,
	};
	double begin = seconds_now();
	int fds[2];
	int rc = open_pipe(fds);
	if (rc != 0) {
		fail(ret, arena, "cannot make a pipe: ", strerror(rc));
		return;
	}
	pid_t pid;
	rc = spawn_child(program, level->name, context, fds[1], &pid);
	close(fds[1]);
	if (rc != 0) {
		fail(ret, arena, "cannot start lockenv-smoke: ", strerror(rc));
	} else {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_CHILD_REPORT_MAX);
		int status = 0;
		enum outcome outcome =
			wait_child(pid, fds[0], begin + limit_seconds, &text, &status);
		judge(ret, arena, lk_buf_view(&text), outcome, status);
	}
	close(fds[0]);
	ret->seconds = seconds_now() - begin;
}
