/*
 * What this host offers. Its GPU driver is asked by lockenv-smoke, in a process that may hang or
 * crash: a driver is code of others, and a static program cannot load it.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/watched.h"
#include "cli/app.h"
#include "conda/profile.h"
#include "conda/subdir.h"

#define PROGRAM "lockenv-smoke"
/* Eight GPUs that sleep take a while to wake. */
#define LIMIT_SECONDS 60

/* The program beside this one; NULL when there is none, or one that others than root and this user
 * can have put or changed there. */
static const char *find_program(struct lk_app *app)
{
	char exe[PATH_MAX];
	struct stat st;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe));
	if (len <= 0 || (size_t)len == sizeof(exe)) {
		return NULL;
	}
	lk_str folder = lk_path_dirname(lk_str_n(exe, (size_t)len));
	const char *path = lk_arena_printf(&app->arena, LK_STR_FMT "/" PROGRAM, LK_STR_ARG(folder));
	bool ours = stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0 &&
		(st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & S_IWOTH) == 0;
	return ours ? path : NULL;
}

static unsigned limit_seconds(void)
{
	uint64_t seconds;
	const char *text = getenv("LOCKENV_DRIVER_LIMIT");
	bool given = text && lk_str_to_u64(lk_str_of(text), &seconds) && seconds > 0 &&
		seconds <= LIMIT_SECONDS;
	return given ? (unsigned)seconds : LIMIT_SECONDS;
}

/* NULL when it answered as it should, and RET is filled; else what it did, for a warning. */
static const char *judge(
	struct lk_app *app, lk_str text, enum lk_watched_end end, int status, struct lk_driver *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	if (end == LK_WATCHED_LATE) {
		return lk_arena_printf(&app->arena, "did not answer within %u s", limit_seconds());
	}
	if (end == LK_WATCHED_LOUD) {
		return "answered without end";
	}
	if (end == LK_WATCHED_ENDED && WIFSIGNALED(status)) {
		return lk_arena_printf(&app->arena, "crashed (%s)", strsignal(WTERMSIG(status)));
	}
	if (end != LK_WATCHED_ENDED || status != 0 ||
		lk_driver_parse(text, &app->arena, ret, &err) < 0) {
		return "gave no answer";
	}
	return NULL;
}

/* *RET_WHY: NULL when RET is what the driver said. */
static int ask(struct lk_app *app, const char *program, struct lk_driver *ret, const char **ret_why,
	struct lk_error *err)
{
	const char *const words[] = {program, "--probe", NULL};
	const struct lk_watched what = {
		.program = program,
		.argv = words,
		.env = (const char *const *)environ,
		.report_fd = STDOUT_FILENO,
		.limit_ms = limit_seconds() * 1000,
		.report = &app->report,
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_DRIVER_MAX_BYTES);
	enum lk_watched_end end;
	int status;
	int rc = lk_watched_run(&what, &text, &end, &status);
	if (rc == 0 && end == LK_WATCHED_STOPPED) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	*ret_why = rc == 0 ? judge(app, lk_buf_view(&text), end, status, ret) : NULL;
	if (rc != 0) {
		/* Not made for this machine, or a root without a C library. */
		lk_note(&app->report, 1, "cannot run '%s': %s", program, strerror(rc));
		lk_driver_of_kernel(&app->arena, ret);
	}
	return 0;
}

int lk_app_driver(struct lk_app *app, const struct lk_driver **ret, struct lk_error *err)
{
	const char *why = NULL;
	*ret = &app->driver;
	if (app->driver_asked) {
		return 0;
	}
	const char *program = find_program(app);
	if (!program) {
		lk_driver_of_kernel(&app->arena, &app->driver);
		if (app->driver.cuda.len > 0) {
			lk_note(&app->report, 0,
				"the GPU driver is known by its kernel module alone: there is "
				"no " PROGRAM " beside this program to ask it");
		}
	} else {
		int rc = ask(app, program, &app->driver, &why, err);
		if (rc < 0) {
			return rc;
		}
	}
	if (why) {
		lk_driver_of_kernel(&app->arena, &app->driver);
		lk_warn(&app->report, "the GPU driver %s: taken for CUDA " LK_STR_FMT "%s", why,
			LK_STR_ARG(app->driver.cuda.len > 0 ? app->driver.cuda : LK_STR("none")),
			app->driver.cuda.len > 0 ? " by its kernel module" : "");
	}
	app->driver_asked = true;
	return 0;
}

int lk_app_host(struct lk_app *app, const char *profile, bool with_driver, struct lk_virtuals *ret,
	lk_str *ret_platform, struct lk_error *err)
{
	lk_str platform = lk_str_of(lk_subdir_native());
	lk_str *platform_out = ret_platform ? ret_platform : &platform;
	*platform_out = platform;
	if (profile) {
		struct lk_profile read;
		int rc = lk_profile_read(profile, &app->arena, &read, err);
		*ret = read.virtuals;
		*platform_out = read.platform;
		return rc;
	}
	struct lk_host_overrides overrides = lk_app_overrides();
	const struct lk_driver *driver = NULL;
	/* Who says what __cuda is need not wait for a driver. */
	if (with_driver && !overrides.cuda) {
		int rc = lk_app_driver(app, &driver, err);
		if (rc < 0) {
			return rc;
		}
	}
	return lk_host_virtuals(&overrides, driver, &app->arena, ret, err);
}
