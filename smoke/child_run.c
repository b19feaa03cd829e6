/*
 * The runner's end: start, wait with a limit, judge what came.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/watched.h"
#include "smoke/child.h"

static void fail(struct lk_smoke_level *level, struct lk_arena *arena, const char *reason,
	const char *detail)
{
	level->status = LK_SMOKE_FAILED;
	level->reason = lk_str_printf(arena, "%s%s", reason, detail);
}

static void judge(struct lk_smoke_level *level, struct lk_arena *arena, lk_str text,
	enum lk_watched_end end, int status)
{
	char detail[128] = "";
	if (end == LK_WATCHED_LATE) {
		fail(level, arena, "still running at the time limit", "");
	} else if (end == LK_WATCHED_LOUD) {
		fail(level, arena, "reported more than a report can hold", "");
	} else if (end == LK_WATCHED_STOPPED) {
		fail(level, arena, "interrupted", "");
	} else if (end == LK_WATCHED_LOST) {
		fail(level, arena, "cannot tell how its process ended", "");
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		/* A level is what the kernel takes first. */
		fail(level, arena, "killed from outside (signal 9): ",
			"the kernel does so when memory has run out");
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
	const struct lk_level_context *context, unsigned limit_seconds,
	const struct lk_report *report, struct lk_arena *arena, struct lk_smoke_level *ret)
{
	*ret = (struct lk_smoke_level){
		.name = lk_str_of(level->name),
		.device = level->per_device ? context->device : -1,
	};
	char device[16];
	snprintf(device, sizeof(device), "%d", context->device);
	const char *const words[] = {program, "--level", level->name, "--device", device,
		"--needs-cuda", context->needs_cuda ? context->needs_cuda : "", "--",
		context->prefix, NULL};
	const struct lk_watched what = {
		.program = program,
		.argv = words,
		.env = (const char *const *)environ,
		.report_fd = LK_CHILD_FD,
		.limit_ms = limit_seconds < UINT_MAX / 1000 ? limit_seconds * 1000 : UINT_MAX,
		.report = report,
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_CHILD_REPORT_MAX);
	enum lk_watched_end end;
	int status;
	double begin = lk_level_seconds();
	int rc = lk_watched_run(&what, &text, &end, &status);
	if (rc != 0) {
		fail(ret, arena, "cannot start lockenv-smoke: ", strerror(rc));
	} else {
		judge(ret, arena, lk_buf_view(&text), end, status);
	}
	ret->seconds = lk_level_seconds() - begin;
}
