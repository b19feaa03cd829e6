/*
 * Reading a lock for a command.
 */
#include "cli/lock_arg.h"

#include <fcntl.h>

#include "base/fs.h"
#include "conda/subdir.h"

int lk_lock_arg_load(const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	*ret = (struct lk_lock_arg){.path = path};
	lk_buf_init(&ret->text, LK_LOCK_MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, path, &ret->text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_fail(err, LK_E_USAGE, "there is no lock '%s'", path);
		lk_error_hint(err, "make one with 'lockenv solve -o %s'", path);
		return LK_E_USAGE;
	}
	return rc;
}

int lk_lock_arg_read(
	struct lk_app *app, const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	int rc = lk_lock_arg_load(path, ret, err);
	return rc < 0 ? rc : lk_lock_arg_parse(app, ret, err);
}

int lk_lock_arg_parse(struct lk_app *app, struct lk_lock_arg *ret, struct lk_error *err)
{
	int rc = lk_lock_parse(lk_buf_view(&ret->text), ret->path, &app->report, &ret->lock, err);
	ret->parsed = rc == 0;
	return rc;
}

void lk_lock_arg_done(struct lk_lock_arg *arg)
{
	if (arg->parsed) {
		lk_lock_done(&arg->lock);
	}
	lk_buf_done(&arg->text);
	arg->parsed = false;
}

static int no_platform(const struct lk_lock_arg *arg, const char *subdir, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	for (size_t i = 0; i < arg->lock.n_platforms; i++) {
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i ? ", " : "",
			LK_STR_ARG(arg->lock.platforms[i].subdir));
	}
	lk_fail(err, LK_E_HOST, "the lock has no platform %s", subdir);
	lk_error_file(err, arg->path);
	lk_error_hint(err, "it has: %s; choose one with --platform, or solve again for %s",
		lk_buf_cstr(&names), subdir);
	return LK_E_HOST;
}

int lk_lock_arg_platform(const struct lk_lock_arg *arg, const char *wanted, bool any_single,
	const struct lk_lock_platform **ret, struct lk_error *err)
{
	const struct lk_lock *lock = &arg->lock;
	const char *subdir = wanted ? wanted : lk_subdir_native();
	const struct lk_lock_platform *platform = lk_lock_find_platform(lock, lk_str_of(subdir));
	if (platform) {
		*ret = platform;
		return 0;
	}
	if (!wanted && any_single && lock->n_platforms == 1) {
		*ret = &lock->platforms[0];
		return 0;
	}
	return no_platform(arg, subdir, err);
}
