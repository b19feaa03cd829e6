/*
 * The lock and the prefix of an install.
 */
#include "cli/install_arg.h"

#include "base/fs.h"
#include "cli/signing.h"

/* The lock's file name without ".lock", beside it; of a lock in a bundle its name, beside that. */
static int default_prefix(
	struct lk_app *app, const struct lk_lock_arg *arg, const char **ret, struct lk_error *err)
{
	lk_str path = lk_str_of(arg->path);
	if (arg->entry) {
		lk_str dir = lk_path_dirname(path);
		*ret = lk_arena_printf(&app->arena, LK_STR_FMT "%s" LK_STR_FMT, LK_STR_ARG(dir),
			dir.len > 0 ? "/" : "", LK_STR_ARG(lk_manifest_name(arg->entry)));
		return 0;
	}
	if (!lk_str_ends(path, LK_STR(".lock")) || lk_path_basename(path).len == strlen(".lock")) {
		lk_fail(err, LK_E_USAGE, "no prefix given, and '%s' does not end in .lock",
			arg->path);
		lk_error_hint(err, "say where to install with -p PREFIX");
		return LK_E_USAGE;
	}
	*ret = lk_arena_strndup(&app->arena, path.ptr, path.len - strlen(".lock"));
	return 0;
}

int lk_install_arg_prefix(struct lk_app *app, const char *given, const char *name,
	const struct lk_lock_arg *arg, const char **ret, struct lk_error *err)
{
	const char *prefix;
	int rc = lk_app_prefix(app, given, name, &prefix, err);
	if (rc == 0 && !prefix) {
		rc = default_prefix(app, arg, &prefix, err);
	}
	if (rc < 0) {
		return rc;
	}
	char *LK_AUTO_FREE absolute = NULL;
	rc = lk_path_absolute(prefix, &absolute, err);
	if (rc == 0) {
		*ret = lk_arena_strndup(&app->arena, absolute, strlen(absolute));
	}
	return rc;
}

int lk_install_arg_read(struct lk_app *app, const char *path, const char *lock,
	bool require_signature, struct lk_lock_arg *ret, struct lk_error *err)
{
	const char *signed_path;
	int rc = lk_lock_arg_open(path, ret, err);
	if (rc == 0) {
		lk_str text = lk_lock_arg_signed(ret, &signed_path);
		rc = lk_app_check_signature(app, require_signature, signed_path, text, err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_choose(ret, lock, err);
	}
	return rc < 0 ? rc : lk_lock_arg_parse(app, ret, err);
}

void lk_install_arg_check_packed(
	struct lk_app *app, const struct lk_lock_arg *arg, const struct lk_lock_platform *platform)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	for (size_t i = 0; arg->entry && i < arg->entry->platforms.n; i++) {
		lk_str name = arg->entry->platforms.items[i];
		if (lk_str_eq(name, platform->subdir)) {
			return;
		}
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i > 0 ? ", " : "", LK_STR_ARG(name));
	}
	if (arg->entry) {
		lk_warn(&app->report, "the bundle was packed for %s, not for " LK_STR_FMT,
			lk_buf_cstr(&names), LK_STR_ARG(platform->subdir));
	}
}
