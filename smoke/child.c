/*
 * The child's end: run the level, look where its libraries came from, tell.
 */
#include "smoke/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A computation that is right proves nothing when its libraries are not the environment's. */
static void judge_provenance(
	const struct lk_smoke_libraries *libraries, struct lk_level_report *report)
{
	for (size_t i = 0; i < libraries->len; i++) {
		if (!libraries->items[i].inside && report->status == LK_SMOKE_PASSED) {
			lk_level_say(report, LK_SMOKE_FAILED,
				LK_STR_FMT " lies outside the environment",
				LK_STR_ARG(libraries->items[i].path));
		}
	}
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);
		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return false;
		}
		bytes += written;
		len -= (size_t)written;
	}
	return true;
}

static const struct lk_level *find_level(const char *name)
{
	for (size_t i = 0; i < lk_n_levels; i++) {
		if (strcmp(name, lk_levels[i].name) == 0) {
			return &lk_levels[i];
		}
	}
	return NULL;
}

int lk_child_main(const char *level, const struct lk_level_context *context)
{
	const struct lk_level *chosen = find_level(level);
	if (!chosen) {
		return 2;
	}
	/* No level outlives its runner, and a crash leaves no core file in the user's folder. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(const struct rlimit){0, 0});
	struct lk_level_report report = {.status = LK_SMOKE_FAILED};
	chosen->run(context, &report);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct lk_smoke_libraries libraries = {0};
	lk_provenance(context->prefix, report.driver_folder, &arena, &libraries);
	if (report.maps) {
		lk_provenance_of_maps(
			report.maps, context->prefix, report.driver_folder, &arena, &libraries);
		lk_free(report.maps);
	}
	judge_provenance(&libraries, &report);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_CHILD_REPORT_MAX);
	lk_child_report_put(&report, &libraries, &text);
	lk_vec_done(&libraries);
	return !text.overflow && write_all(LK_CHILD_FD, text.ptr, text.len) ? 0 : 1;
}
