/*
 * The child's end: run the level, look where its libraries came from, tell.
 */
#include "smoke/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* In bytes. What libraries keep on disk between runs (compiled kernels) is far smaller. */
#define FILE_MAX ((rlim_t)1 << 30)

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

/* No level outlives its runner, and what goes wrong in it stays in it: a crash leaves no core file,
 * no file grows without end, and where memory runs out the kernel takes this process and not the
 * user's others. (The size of the address space says nothing: CUDA reserves more than there is.) */
static void limit_myself(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(const struct rlimit){0, 0});
	setrlimit(RLIMIT_FSIZE, &(const struct rlimit){FILE_MAX, FILE_MAX});
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, "1000", 4);
		close(fd);
	}
	/* A program that a level starts has nothing to report. */
	fcntl(LK_CHILD_FD, F_SETFD, FD_CLOEXEC);
}

int lk_child_main(const char *level, const struct lk_level_context *context)
{
	const struct lk_level *chosen = find_level(level);
	if (!chosen) {
		return 2;
	}
	limit_myself();
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
