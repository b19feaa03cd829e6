/*
 * Start, wait with a limit, read, and end what is left.
 */
#include "base/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often the child is looked after: while its pipe is open, and for its end after that. */
#define TICK_MS 20
#define END_TICK_MS 2
/* A killed process that is still there after this time hangs in the kernel; it is left behind. */
#define KILL_MS 5000

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A pipe that no other program inherits; the end to write lies above the descriptors that the child
 * gets, so that setting those up cannot close it. */
static int open_pipe(int report_fd, int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) != 0) {
		return errno;
	}
	int above = report_fd > STDERR_FILENO ? report_fd + 1 : STDERR_FILENO + 1;
	int write_fd = fcntl(fds[1], F_DUPFD_CLOEXEC, above);
	int error = errno;
	close(fds[1]);
	fds[1] = write_fd;
	if (write_fd < 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		error = write_fd < 0 ? error : errno;
		close(fds[0]);
		if (write_fd >= 0) {
			close(write_fd);
		}
		return error;
	}
	return 0;
}

/* Nothing to read or to show, and the pipe where the child reports. */
static int set_actions(posix_spawn_file_actions_t *actions, int report_fd, int write_fd)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_WRONLY};
	int rc = 0;
	for (int fd = 0; rc == 0 && fd <= STDERR_FILENO; fd++) {
		rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", flags[fd], 0);
	}
	return rc == 0 ? posix_spawn_file_actions_adddup2(actions, write_fd, report_fd) : rc;
}

/* In a process group of its own, so that a limit ends whatever the child started too; no signal is
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
static int start(const struct lk_watched *what, int write_fd, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int rc = posix_spawnattr_init(&attributes);
	if (rc != 0) {
		return rc;
	}
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = set_attributes(&attributes);
		rc = rc == 0 ? set_actions(&actions, what->report_fd, write_fd) : rc;
		if (rc == 0) {
			rc = posix_spawn(ret_pid, what->program, &actions, &attributes,
				(char *const *)what->argv, (char *const *)what->env);
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
	for (int64_t deadline = now_ms() + KILL_MS; now_ms() < deadline;) {
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
static enum lk_watched_end watch(const struct lk_watched *what, pid_t pid, int fd, int64_t deadline,
	struct lk_buf *out, int *ret_status)
{
	enum lk_watched_end end = LK_WATCHED_ENDED;
	for (bool open = true;;) {
		bool ended = has_ended(pid);
		open = open && drain(fd, out);
		if (out->overflow) {
			end = LK_WATCHED_LOUD;
		} else if (!ended && now_ms() >= deadline) {
			end = LK_WATCHED_LATE;
		} else if (!ended && what->report && lk_report_stop(what->report)) {
			end = LK_WATCHED_STOPPED;
		}
		if (ended || end != LK_WATCHED_ENDED) {
			break;
		}
		pause_ms(open ? fd : -1, open ? TICK_MS : END_TICK_MS);
	}
	kill(-pid, SIGKILL);
	bool known = fetch_status(pid, ret_status);
	return end == LK_WATCHED_ENDED && !known ? LK_WATCHED_LOST : end;
}

int lk_watched_run(const struct lk_watched *what, struct lk_buf *out, enum lk_watched_end *ret_end,
	int *ret_status)
{
	int64_t deadline = now_ms() + what->limit_ms;
	int fds[2];
	int rc = open_pipe(what->report_fd, fds);
	if (rc != 0) {
		return rc;
	}
	pid_t pid = -1;
	rc = start(what, fds[1], &pid);
	close(fds[1]);
	*ret_status = 0;
	if (rc == 0) {
		*ret_end = watch(what, pid, fds[0], deadline, out, ret_status);
	}
	close(fds[0]);
	return rc;
}
