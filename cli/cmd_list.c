/*
 * lockenv list: the packages of a lock or a prefix.
 */
#include "cli/app.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/lock_arg.h"
#include "install/meta.h"

struct context {
	const char *prefix;
	const char *name;
	const char *platform;
};

struct row {
	lk_str name, version, build, channel, subdir;
	uint64_t size;
};
struct rows LK_VEC_OF(struct row);

/* The last components of a channel URL that conda-meta holds: channel name and subdir apart. */
static lk_str short_channel(lk_str url, lk_str subdir)
{
	lk_str end = lk_str_slice(url, url.len - (url.len > subdir.len ? subdir.len : 0), url.len);
	if (url.len > subdir.len + 1 && lk_str_eq(end, subdir)) {
		url = lk_str_slice(url, 0, url.len - subdir.len - 1);
	}
	lk_str alias = LK_STR(LK_CHANNEL_ALIAS "/");
	return lk_str_starts(url, alias) ? lk_str_skip(url, alias.len) : url;
}

static void push_record(struct lk_app *app, const struct lk_record *r, struct rows *rows)
{
	lk_vec_push(rows,
		(struct row){
			.name = lk_str_dup(&app->arena, r->name),
			.version = lk_str_dup(&app->arena, r->version),
			.build = lk_str_dup(&app->arena, r->build),
			.channel = lk_str_dup(&app->arena, short_channel(r->channel, r->subdir)),
			.subdir = lk_str_dup(&app->arena, r->subdir),
			.size = r->size,
		});
}

static bool is_missing(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR;
}

static int list_prefix(
	struct lk_app *app, const char *prefix, struct rows *rows, struct lk_error *err)
{
	struct lk_prefix_records LK_CLEANUP(lk_prefix_records_done) records = {0};
	int LK_AUTO_CLOSE fd = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && is_missing(errno)) {
		lk_fail(err, LK_E_USAGE, "there is no environment '%s'", prefix);
		lk_error_hint(err, "make one with 'lockenv install LOCK -p %s'", prefix);
		return LK_E_USAGE;
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", prefix);
	}
	if (fstatat(fd, "conda-meta", &st, 0) < 0) {
		lk_fail(err, LK_E_USAGE, "'%s' is no environment: it has no conda-meta", prefix);
		lk_error_hint(err, "give a lock, or a prefix with -p");
		return LK_E_USAGE;
	}
	int rc = lk_meta_read(fd, &records, err);
	if (rc < 0) {
		return lk_wrap(err, "reading the environment '%s'", prefix);
	}
	for (size_t i = 0; i < records.len; i++) {
		push_record(app, &records.items[i].record, rows);
	}
	return 0;
}

static int list_lock(struct lk_app *app, const struct context *c, const char *path,
	struct lk_lock_arg *arg, struct rows *rows, struct lk_error *err)
{
	const struct lk_lock_platform *platform;
	int rc = lk_lock_arg_read(app, path, arg, err);
	if (rc == 0) {
		rc = lk_lock_arg_platform(arg, c->platform, true, &platform, err);
	}
	for (size_t i = 0; rc == 0 && i < platform->n_packages; i++) {
		const struct lk_record *r = &platform->packages[i];
		lk_vec_push(rows,
			(struct row){
				r->name, r->version, r->build, r->channel, r->subdir, r->size});
	}
	return rc;
}

static size_t widest(size_t width, lk_str text)
{
	return text.len > width ? text.len : width;
}

static void put_table(struct lk_app *app, const struct rows *rows)
{
	size_t name = 4;
	size_t version = 7;
	size_t build = 5;
	for (size_t i = 0; i < rows->len; i++) {
		name = widest(name, rows->items[i].name);
		version = widest(version, rows->items[i].version);
		build = widest(build, rows->items[i].build);
	}
	lk_buf_appendf(&app->out, "%-*s  %-*s  %-*s  Channel\n", (int)name, "Name", (int)version,
		"Version", (int)build, "Build");
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = &rows->items[i];
		lk_app_text(app, row->name, name + 2);
		lk_app_text(app, row->version, version + 2);
		lk_app_text(app, row->build, build + 2);
		lk_app_text(app, row->channel, 0);
		lk_buf_putc(&app->out, '\n');
	}
}

static void put_json(struct lk_app *app, const struct rows *rows)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_array(&w);
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = &rows->items[i];
		lk_jw_object(&w);
		lk_jw_key_string(&w, "name", row->name);
		lk_jw_key_string(&w, "version", row->version);
		lk_jw_key_string(&w, "build", row->build);
		lk_jw_key_string(&w, "channel", row->channel);
		lk_jw_key_string(&w, "subdir", row->subdir);
		if (row->size) {
			lk_jw_key_uint(&w, "size", row->size);
		}
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const char *what = args->len ? args->items[0] : NULL;
	const char *prefix = NULL;
	struct stat st = {0};
	int rc = lk_app_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc == 0 && (what != NULL) == (prefix != NULL)) {
		rc = lk_fail(err, LK_E_USAGE, "list needs one lock or one prefix");
		lk_error_hint(err, "lockenv list env.lock, or lockenv list -p PREFIX");
	} else if (rc == 0 && what && stat(what, &st) < 0 && is_missing(errno)) {
		rc = lk_fail(err, LK_E_USAGE, "there is no lock or environment '%s'", what);
		lk_error_hint(err, "give the path of one, or -n NAME");
	} else if (rc == 0 && what && S_ISDIR(st.st_mode)) {
		prefix = what;
	}
	struct rows rows = {0};
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	if (rc == 0) {
		rc = prefix ? list_prefix(app, prefix, &rows, err)
			    : list_lock(app, c, what, &arg, &rows, err);
	}
	if (rc == 0) {
		(app->common.json ? put_json : put_table)(app, &rows);
	}
	lk_vec_done(&rows);
	return rc;
}

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, offsetof(struct context, prefix), "PREFIX",
		"list this environment", NULL},
	{"name", 'n', LK_OPT_STRING, offsetof(struct context, name), "NAME",
		"list this environment of the envs folder", NULL},
	{"platform", 0, LK_OPT_STRING, offsetof(struct context, platform), "P",
		"this platform of the lock (default: this host's)", NULL},
};

const struct lk_cmd lk_cmd_list = {
	.name = "list",
	.arguments = "[LOCK|PREFIX]",
	.summary = "the packages of a lock or an environment",
	.description = "Prints name, version, build and channel of every package, sorted by name.",
	.examples = {"lockenv list env.lock", "lockenv list -p ./env --json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
