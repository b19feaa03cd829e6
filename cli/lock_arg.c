/*
 * Reading a lock for a command.
 */
#include "cli/lock_arg.h"

#include <fcntl.h>

#include "base/fs.h"
#include "conda/subdir.h"

#define NAMES_MAX ((size_t)4096)

/* The first member of a bundle, and the NUL behind its name. */
static bool is_bundle(const struct lk_buf *text)
{
	static const char magic[] = "MANIFEST";
	return text->len >= sizeof(magic) && memcmp(text->ptr, magic, sizeof(magic)) == 0;
}

static int load(const char *path, struct lk_lock_arg *ret, struct lk_error *err)
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

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_there(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* What a damaged bundle asks for. */
static int advise(int rc, struct lk_error *err)
{
	if (rc == LK_E_INTEGRITY && err->hint[0] == '\0') {
		lk_error_hint(err, "copy the bundle again");
	}
	return rc;
}

static int open_bundle(const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	*ret = (struct lk_lock_arg){.path = path};
	lk_buf_init(&ret->text, LK_LOCK_MAX_BYTES);
	return advise(lk_bundle_open(path, &ret->bundle, err), err);
}

int lk_lock_arg_open(const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	/* A FIFO is not touched twice: who writes into it would see its reader go. */
	if ((is_file(path) || !is_there(path)) && lk_bundle_is(path)) {
		return open_bundle(path, ret, err);
	}
	int rc = load(path, ret, err);
	if (rc == 0 && is_bundle(&ret->text) && is_file(path)) {
		/* It could not be read a moment ago. */
		lk_lock_arg_done(ret);
		return open_bundle(path, ret, err);
	}
	if (rc == 0 && is_bundle(&ret->text)) {
		rc = lk_fail(err, LK_E_USAGE, "'%s' is a bundle, but not in a file", path);
	}
	if ((rc == LK_E_USAGE && ret->text.len > 0) ||
		(rc == LK_E_FORMAT && is_there(path) && !is_file(path))) {
		lk_error_hint(err, "write it into a file first: a bundle is read in place");
	}
	return rc;
}

lk_str lk_lock_arg_signed(const struct lk_lock_arg *arg, const char **ret_path)
{
	*ret_path = arg->bundle ? lk_bundle_path(arg->bundle) : arg->path;
	return arg->bundle ? lk_bundle_manifest_text(arg->bundle) : lk_buf_view(&arg->text);
}

static int fail_choice(const struct lk_lock_arg *arg, const char *name, struct lk_error *err)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(arg->bundle);
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(NAMES_MAX);
	for (size_t i = 0; i < manifest->n_locks; i++) {
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i > 0 ? ", " : "",
			LK_STR_ARG(lk_manifest_name(&manifest->entries[i])));
	}
	if (manifest->n_locks == 0) {
		lk_fail(err, LK_E_USAGE, "bundle '%s' has no lock", arg->path);
		lk_error_hint(err, "give a lock, and the bundle with --from");
	} else if (name) {
		lk_fail(err, LK_E_USAGE, "bundle '%s' has no lock '%s'", arg->path, name);
		lk_error_hint(err, "it has: %s", lk_buf_cstr(&names));
	} else {
		lk_fail(err, LK_E_USAGE, "bundle '%s' has %zu locks", arg->path, manifest->n_locks);
		lk_error_hint(err, "choose one with --lock: %s", lk_buf_cstr(&names));
	}
	return err->code;
}

int lk_lock_arg_choose(struct lk_lock_arg *arg, const char *name, struct lk_error *err)
{
	if (!arg->bundle && name) {
		lk_fail(err, LK_E_USAGE, "--lock %s: '%s' is no bundle to choose from", name,
			arg->path);
		lk_error_hint(err, "leave --lock out");
		return LK_E_USAGE;
	}
	if (!arg->bundle) {
		return 0;
	}
	const struct lk_manifest *manifest = lk_bundle_manifest(arg->bundle);
	arg->entry = name                ? lk_manifest_find_lock(manifest, lk_str_of(name))
		: manifest->n_locks == 1 ? manifest->entries
					 : NULL;
	if (!arg->entry) {
		return fail_choice(arg, name, err);
	}
	arg->shown = lk_asprintf("%s:" LK_STR_FMT, arg->path, LK_STR_ARG(arg->entry->path));
	return advise(lk_bundle_read_lock(arg->bundle, arg->entry, &arg->text, err), err);
}

int lk_lock_arg_read(
	struct lk_app *app, const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	if (is_file(path) && lk_bundle_is(path)) {
		*ret = (struct lk_lock_arg){.path = path};
		lk_fail(err, LK_E_USAGE, "'%s' is a bundle, but a lock is wanted here", path);
		lk_error_hint(err, "take its locks out with 'tar xf %s locks'", path);
		return LK_E_USAGE;
	}
	int rc = load(path, ret, err);
	return rc < 0 ? rc : lk_lock_arg_parse(app, ret, err);
}

int lk_lock_arg_parse(struct lk_app *app, struct lk_lock_arg *ret, struct lk_error *err)
{
	const char *shown = ret->shown ? ret->shown : ret->path;
	int rc = lk_lock_parse(lk_buf_view(&ret->text), shown, &app->report, &ret->lock, err);
	ret->parsed = rc == 0;
	return rc;
}

void lk_lock_arg_done(struct lk_lock_arg *arg)
{
	if (arg->parsed) {
		lk_lock_done(&arg->lock);
	}
	lk_buf_done(&arg->text);
	lk_bundle_free(arg->bundle);
	arg->bundle = NULL;
	lk_free(arg->shown);
	arg->shown = NULL;
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

const struct lk_env_var *lk_lock_arg_variables(struct lk_app *app, const struct lk_lock *lock)
{
	struct lk_env_var *variables =
		lk_arena_calloc(&app->arena, lock->n_variables + 1, sizeof(*variables));
	for (size_t i = 0; i < lock->n_variables; i++) {
		variables[i].name = lock->variables[i].name;
		variables[i].value = lock->variables[i].value;
	}
	return variables;
}
