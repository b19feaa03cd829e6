/*
 * Locks and environments, named on the command line and read as one kind of thing.
 */
#include "cli/env_arg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/map.h"
#include "cli/git.h"
#include "conda/history.h"
#include "conda/subdir.h"
#include "install/stamp.h"
#include "resolver/why.h"

#define PINNED_MAX ((size_t)1 << 20)

static bool is_missing(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR;
}

/* Is WORD the name of a lock or environment, there or not, rather than of a package? */
static bool is_path(const char *word)
{
	lk_str text = lk_str_of(word);
	struct stat st;
	if (lk_str_ends(text, LK_STR(".lock"))) {
		return true;
	}
	if (lk_str_find(text, LK_STR("::")) != SIZE_MAX) {
		return false;
	}
	return lk_str_find_char(text, '/') != SIZE_MAX || lk_str_find_char(text, ':') != SIZE_MAX ||
		stat(word, &st) == 0;
}

int lk_env_args(struct lk_app *app, const struct lk_env_options *options,
	const struct lk_args *args, bool name_first, const char **ret_what, bool *ret_is_prefix,
	const char **ret_name, struct lk_error *err)
{
	const char *prefix = NULL;
	int rc = lk_app_prefix(app, options->prefix, options->name, &prefix, err);
	if (rc < 0) {
		return rc;
	}
	bool has_name = args->len == 2 ||
		(args->len == 1 && (name_first || prefix || !is_path(args->items[0])));
	size_t n_what = args->len - has_name;
	if (prefix &&
		(n_what > 0 ||
			(has_name && lk_str_ends(lk_str_of(args->items[0]), LK_STR(".lock"))))) {
		lk_fail(err, LK_E_USAGE, "two things to look into: '%s' and '%s'", args->items[0],
			prefix);
		lk_error_hint(err, "give a lock, or a prefix");
		return LK_E_USAGE;
	}
	struct stat st = {0};
	*ret_what = prefix ? prefix : n_what > 0 ? args->items[0] : LK_DEFAULT_LOCK;
	*ret_is_prefix = prefix || (stat(*ret_what, &st) == 0 && S_ISDIR(st.st_mode));
	*ret_name = has_name ? args->items[args->len - 1] : NULL;
	return 0;
}

static int no_environment(const char *prefix, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "there is no environment '%s'", prefix);
	lk_error_hint(err, "make one with 'lockenv install LOCK -p %s'", prefix);
	return LK_E_USAGE;
}

/* *RET_FD is the caller's to close, whatever comes back. */
static int open_prefix(const char *prefix, int *ret_fd, struct lk_error *err)
{
	struct stat st;
	*ret_fd = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0) {
		return is_missing(errno)
			? no_environment(prefix, err)
			: lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", prefix);
	}
	if (fstatat(*ret_fd, "conda-meta", &st, 0) < 0) {
		lk_fail(err, LK_E_USAGE, "'%s' is no environment: it has no conda-meta", prefix);
		lk_error_hint(err, "give a lock, or a prefix with -p");
		return LK_E_USAGE;
	}
	return 0;
}

/* What conda wrote before 4.2 may name neither file nor subdir: the address ends in both. */
static void complete_from_url(struct lk_record *record)
{
	size_t file = lk_str_rfind_char(record->url, '/');
	if (file == SIZE_MAX) {
		return;
	}
	lk_str folder = lk_str_slice(record->url, 0, file);
	size_t subdir = lk_str_rfind_char(folder, '/');
	if (record->fn.len == 0) {
		record->fn = lk_str_skip(record->url, file + 1);
	}
	if (record->subdir.len == 0 && subdir != SIZE_MAX) {
		lk_str last = lk_str_skip(folder, subdir + 1);
		bool known = lk_subdir_is_valid(last) || lk_str_is(last, "noarch");
		record->subdir = known ? last : record->subdir;
	}
}

/* The short name of a channel whose URL, with the subdir, conda-meta holds. */
static lk_str short_channel(lk_str url, lk_str subdir, lk_str alias)
{
	url = lk_str_trim_end(url, '/');
	if (subdir.len > 0 && url.len > subdir.len + 1 && lk_str_ends(url, subdir) &&
		url.ptr[url.len - subdir.len - 1] == '/') {
		url = lk_str_slice(url, 0, url.len - subdir.len - 1);
	}
	bool ours =
		url.len > alias.len + 1 && lk_str_starts(url, alias) && url.ptr[alias.len] == '/';
	return ours ? lk_str_skip(url, alias.len + 1) : url;
}

static int cmp_records(const void *a, const void *b)
{
	const struct lk_record *left = a;
	const struct lk_record *right = b;
	int c = lk_str_cmp(left->name, right->name);
	c = c ? c : lk_str_cmp(left->version, right->version);
	c = c ? c : lk_str_cmp(left->build, right->build);
	c = c ? c : lk_str_cmp(left->channel, right->channel);
	c = c ? c : lk_str_cmp(left->subdir, right->subdir);
	return c ? c : lk_str_cmp(left->fn, right->fn);
}

/* The lines of conda-meta/pinned that say something. */
static int read_pins(
	struct lk_app *app, int prefix_fd, struct lk_str_list *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(PINNED_MAX);
	int rc = lk_fs_read_beneath(prefix_fd, "conda-meta/pinned", &text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		return 0;
	}
	if (rc < 0) {
		return rc;
	}
	lk_str rest = lk_str_dup(&app->arena, lk_buf_view(&text));
	lk_str line;
	lk_str *items = lk_arena_calloc(&app->arena, rest.len / 2 + 1, sizeof(*items));
	size_t n = 0;
	while (lk_str_split(&rest, '\n', &line)) {
		line = lk_str_trim(lk_str_slice(line, 0, lk_str_find_char(line, '#')));
		if (line.len > 0) {
			items[n++] = line;
		}
	}
	*ret = (struct lk_str_list){items, n};
	return 0;
}

/* What conda-meta/history says was asked for, of what is there. A history that cannot be read has
 * nothing. */
static struct lk_str_list asked_in_history(
	int prefix_fd, const struct lk_lock_platform *platform, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_HISTORY_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_askeds asked = {0};
	if (lk_fs_read_beneath(prefix_fd, "conda-meta/history", &text, &ignored) == 0) {
		lk_history_asked(lk_buf_view(&text), arena, &asked);
	}
	lk_str *items = lk_arena_calloc(arena, asked.len, sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; i < asked.len; i++) {
		if (lk_lock_find_package(platform, asked.items[i].name)) {
			items[n++] = asked.items[i].spec;
		}
	}
	lk_vec_done(&asked);
	return (struct lk_str_list){items, n};
}

/* The stamp knows; else any package that is not for all platforms. */
static lk_str platform_of(
	struct lk_app *app, int prefix_fd, const struct lk_prefix_records *records)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_stamp stamp;
	if (lk_fs_read_beneath(prefix_fd, "conda-meta/" LK_STAMP_NAME, &text, &ignored) == 0 &&
		lk_stamp_parse(lk_buf_view(&text), &stamp) && lk_subdir_is_valid(stamp.subdir)) {
		return lk_str_dup(&app->arena, stamp.subdir);
	}
	for (size_t i = 0; i < records->len; i++) {
		lk_str subdir = records->items[i].record.subdir;
		if (lk_subdir_is_valid(subdir) && !lk_str_is(subdir, "noarch")) {
			return subdir;
		}
	}
	return lk_str_of(lk_subdir_native());
}

static int read_prefix(
	struct lk_app *app, const char *prefix, struct lk_env_arg *ret, struct lk_error *err)
{
	struct lk_arena *arena = &app->arena;
	struct lk_lock_platform *platform = &ret->installed;
	const struct lk_config *config;
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_app_config(app, &config, err);
	if (rc < 0) {
		return rc;
	}
	rc = open_prefix(prefix, &fd, err);
	if (rc < 0) {
		return rc;
	}
	rc = lk_meta_read(1, fd, &ret->records, err);
	if (rc == 0) {
		rc = read_pins(app, fd, &platform->pins, err);
	}
	if (rc < 0) {
		return lk_wrap(err, "reading the environment '%s'", prefix);
	}
	size_t n = ret->records.len;
	struct lk_record *packages = lk_arena_calloc(arena, n, sizeof(*packages));
	for (size_t i = 0; i < n; i++) {
		packages[i] = ret->records.items[i].record;
		packages[i].url = lk_url_without_credentials(packages[i].url, arena);
		complete_from_url(&packages[i]);
		packages[i].channel =
			short_channel(lk_url_without_credentials(packages[i].channel, arena),
				packages[i].subdir, config->channel_alias);
	}
	if (n > 0) {
		qsort(packages, n, sizeof(*packages), cmp_records);
	}
	platform->subdir = platform_of(app, fd, &ret->records);
	platform->packages = packages;
	platform->n_packages = n;
	platform->specs = asked_in_history(fd, platform, arena);
	if (platform->specs.n == 0) {
		platform->specs = lk_meta_asked(&ret->records, arena);
	}
	lk_virtuals_default(platform->subdir, arena, &platform->solved_with);
	lk_lock_requires(platform, arena);
	ret->platform = platform;
	return 0;
}

static int read_lock(
	struct lk_app *app, const char *path, struct lk_lock_arg *ret, struct lk_error *err)
{
	struct stat st;
	bool in_git = strchr(path, ':') != NULL;
	if (!in_git && strcmp(path, LK_DEFAULT_LOCK) != 0 && stat(path, &st) < 0 &&
		is_missing(errno)) {
		lk_fail(err, LK_E_USAGE, "there is no lock or environment '%s'", path);
		lk_error_hint(err, "give the path of one, or -n NAME");
		return LK_E_USAGE;
	}
	return lk_git_read_lock(app, path, ret, err);
}

int lk_env_arg_read(struct lk_app *app, const struct lk_env_options *options, const char *what,
	bool is_prefix, struct lk_env_arg *ret, struct lk_error *err)
{
	const char *wanted = options ? options->platform : NULL;
	*ret = (struct lk_env_arg){.path = what, .is_prefix = is_prefix};
	int rc = is_prefix ? read_prefix(app, what, ret, err)
			   : read_lock(app, what, &ret->lock, err);
	if (rc < 0 || (!is_prefix && !options)) {
		return rc;
	}
	if (!is_prefix) {
		return lk_lock_arg_platform(&ret->lock, wanted, true, &ret->platform, err);
	}
	if (wanted && !lk_str_is(ret->platform->subdir, wanted)) {
		lk_fail(err, LK_E_USAGE, "the environment '%s' is for " LK_STR_FMT ", not %s", what,
			LK_STR_ARG(ret->platform->subdir), wanted);
		lk_error_hint(err, "leave --platform away: it chooses among a lock's platforms");
		return LK_E_USAGE;
	}
	return 0;
}

void lk_env_arg_done(struct lk_env_arg *arg)
{
	lk_lock_arg_done(&arg->lock);
	lk_prefix_records_done(&arg->records);
	lk_vec_done(&arg->installed.solved_with);
}

int lk_env_arg_get(struct lk_app *app, const struct lk_env_options *options,
	const struct lk_args *args, bool name_first, struct lk_env_arg *ret, const char **ret_name,
	struct lk_error *err)
{
	const char *what;
	bool is_prefix;
	struct stat st;
	int rc = lk_env_args(app, options, args, name_first, &what, &is_prefix, ret_name, err);
	if (rc == 0 && !name_first && args->len == 1 && *ret_name && !is_prefix &&
		stat(what, &st) < 0 && is_missing(errno)) {
		lk_fail(err, LK_E_USAGE,
			"there is no lock or environment '%s', nor an '%s' to look for it in",
			*ret_name, what);
		lk_error_hint(err, "give the path of a lock or environment, or -n NAME");
		return LK_E_USAGE;
	}
	return rc < 0 ? rc : lk_env_arg_read(app, options, what, is_prefix, ret, err);
}

int lk_env_arg_lacks(const struct lk_env_arg *arg, lk_str name, struct lk_error *err)
{
	const struct lk_lock_platform *platform = arg->platform;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str *known = lk_arena_calloc(&arena, platform->n_packages, sizeof(*known));
	for (size_t i = 0; i < platform->n_packages; i++) {
		known[i] = platform->packages[i].name;
	}
	lk_str near[LK_MAX_NEAR];
	size_t n = lk_near_names(name, known, platform->n_packages, near);
	lk_fail(err, LK_E_FINDING, "'%s' has no package '" LK_STR_FMT "' for " LK_STR_FMT,
		arg->path, LK_STR_ARG(name), LK_STR_ARG(platform->subdir));
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(1024);
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i ? ", " : "", LK_STR_ARG(near[i]));
	}
	if (n > 0) {
		lk_error_hint(err, "it has %s", lk_buf_cstr(&names));
	} else {
		lk_error_hint(err, "'lockenv list %s' shows what it has", arg->path);
	}
	return LK_E_FINDING;
}

void lk_env_arg_json(const struct lk_env_arg *arg, struct lk_jw *w)
{
	lk_jw_key_string(w, arg->is_prefix ? "prefix" : "lock", lk_str_of(arg->path));
	lk_jw_key_string(w, "platform", arg->platform->subdir);
}
