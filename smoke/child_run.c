/*
 * The runner's end: start, wait with a limit, read, judge what came.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "smoke/child.h"

#define REPORT_MAX ((size_t)1 << 20)

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

/* In a process group of its own, so that a limit ends whatever the level started too. */
static int start(const char *program, const char *level, const char *prefix, int write_fd,
		pid_t *ret_pid)
{
	char fd_text[16];
	snprintf(fd_text, sizeof(fd_text), "%d", write_fd);
	char *words[] = {lk_strdup(program), lk_strdup("--level"), lk_strdup(level), lk_strdup("--fd"),
		lk_strdup(fd_text), lk_strdup("--"), prefix ? lk_strdup(prefix) : NULL, NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawn(ret_pid, program, &actions, &attributes, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	for (size_t i = 0; words[i]; i++) {
		lk_free(words[i]);
	}
	return rc;
}

/* Reads until the end of the pipe; false when the limit came first. */
static bool read_report(int fd, double deadline, struct lk_buf *out)
{
	for (;;) {
		double left = deadline - seconds_now();
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int ready = left > 0 ? poll(&wait, 1, (int)(left * 1000) + 1) : 0;
		if (ready < 0 && errno == EINTR) {
			continue;
		}
		if (ready <= 0) {
			return false;
		}
		char bytes[4096];
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got <= 0) {
			return true;
		}
		lk_buf_append(out, bytes, (size_t)got);
	}
}

/* Waits for the process until DEADLINE, then ends its group. True when it ended by itself. */
static bool reap(pid_t pid, double deadline, int *ret_status)
{
	bool by_itself = true;
	for (;;) {
		pid_t done = waitpid(pid, ret_status, WNOHANG);
		if (done == pid || (done < 0 && errno != EINTR)) {
			break;
		}
		if (seconds_now() >= deadline && by_itself) {
			by_itself = false;
			kill(-pid, SIGKILL);
		}
		const struct timespec pause = {0, 2000000};
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	return by_itself;
}

static void parse_library(lk_str value, struct lk_arena *arena, struct lk_smoke_level *level)
{
	lk_str where;
	lk_str version;
	struct lk_smoke_library *grown =
			lk_arena_calloc(arena, level->n_libraries + 1, sizeof(*grown));
	if (!lk_str_split(&value, '\t', &where) || !lk_str_split(&value, '\t', &version)) {
		return;
	}
	if (level->n_libraries > 0) {
		memcpy(grown, level->libraries, level->n_libraries * sizeof(*grown));
	}
	grown[level->n_libraries++] = (struct lk_smoke_library){
			.path = lk_str_dup(arena, value),
			.version = lk_str_dup(arena, version),
			.inside = lk_str_is(where, "inside"),
	};
	level->libraries = grown;
}

/* True when the report is whole. */
static bool parse_report(lk_str text, struct lk_arena *arena, struct lk_smoke_level *level)
{
	lk_str line;
	bool has_status = false;
	while (lk_str_split(&text, '\n', &line)) {
		size_t space = lk_str_find_char(line, ' ');
		lk_str key = lk_str_slice(line, 0, space);
		lk_str value = space == SIZE_MAX ? (lk_str){0} : lk_str_skip(line, space + 1);
		if (lk_str_is(key, "end")) {
			return has_status;
		}
		if (lk_str_is(key, "status")) {
			has_status = true;
			level->status = lk_str_is(value, "passed")   ? LK_SMOKE_PASSED
					: lk_str_is(value, "absent") ? LK_SMOKE_ABSENT
								     : LK_SMOKE_FAILED;
		} else if (lk_str_is(key, "reason")) {
			level->reason = lk_str_dup(arena, value);
		} else if (lk_str_is(key, "error")) {
			level->has_error = true;
			level->error = strtod(lk_str_dup(arena, value).ptr, NULL);
		} else if (lk_str_is(key, "bound")) {
			level->bound = strtod(lk_str_dup(arena, value).ptr, NULL);
		} else if (lk_str_is(key, "cases")) {
			uint64_t cases = 0;
			(void)lk_str_to_u64(value, &cases);
			level->cases = (unsigned)cases;
		} else if (lk_str_is(key, "library")) {
			parse_library(value, arena, level);
		}
	}
	return false;
}

static void judge(struct lk_smoke_level *level, struct lk_arena *arena, const struct lk_buf *text,
		bool in_time, int status)
{
	char detail[128] = "";
	if (!in_time) {
		fail(level, arena, "still running at the time limit", "");
	} else if (WIFSIGNALED(status)) {
		snprintf(detail, sizeof(detail), "signal %d (%s)", WTERMSIG(status),
				strsignal(WTERMSIG(status)));
		fail(level, arena, "crashed: ", detail);
	} else if (!parse_report(lk_buf_view(text), arena, level)) {
		snprintf(detail, sizeof(detail), "%d", WEXITSTATUS(status));
		fail(level, arena, "ended without a result, exit status ", detail);
	} else if (level->status == LK_SMOKE_PASSED && WEXITSTATUS(status) != 0) {
		snprintf(detail, sizeof(detail), "%d", WEXITSTATUS(status));
		fail(level, arena, "computed, but ended with exit status ", detail);
	}
}

void lk_child_run(const char *program, const struct lk_level *level, const char *prefix,
		unsigned limit_seconds, struct lk_arena *arena, struct lk_smoke_level *ret)
{
	*ret = (struct lk_smoke_level){.name = lk_str_of(level->name)};
	double begin = seconds_now();
	double deadline = begin + limit_seconds;
	int fds[2];
	if (pipe(fds) != 0) {
		fail(ret, arena, "cannot make a pipe: ", strerror(errno));
		return;
	}
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	pid_t pid;
	int rc = start(program, level->name, prefix, fds[1], &pid);
	close(fds[1]);
	if (rc != 0) {
		fail(ret, arena, "cannot start lockenv-smoke: ", strerror(rc));
	} else {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(REPORT_MAX);
		int status = 0;
		bool in_time = read_report(fds[0], deadline, &text);
		in_time = reap(pid, in_time ? deadline : 0, &status) && in_time;
		judge(ret, arena, &text, in_time, status);
	}
	close(fds[0]);
	ret->seconds = seconds_now() - begin;
}
