/*
 * lockenv clean: what the cache need not hold any more.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <limits.h>
#include <time.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/amount.h"
#include "cli/lock_arg.h"
#include "install/meta.h"
#include "store/clean.h"

#define IDLE_S ((int64_t)24 * 60 * 60) /* work in tmp/ that nobody does any more */

struct context {
	const char *older_than, *max_size;
	struct lk_args keep, keep_prefix;
	bool all, archives, trees, repodata, tmp, dry_run;
};

/* What must stay, and what it is borrowed from. */
struct kept {
	struct lk_records records;
	struct LK_VEC_OF(struct lk_lock_arg *) locks;
	struct LK_VEC_OF(struct lk_prefix_records) prefixes;
};

static void kept_done(struct kept *kept)
{
	for (size_t i = 0; i < kept->locks.len; i++) {
		lk_lock_arg_done(kept->locks.items[i]);
		lk_free(kept->locks.items[i]);
	}
	for (size_t i = 0; i < kept->prefixes.len; i++) {
		lk_prefix_records_done(&kept->prefixes.items[i]);
	}
	lk_vec_done(&kept->locks);
	lk_vec_done(&kept->prefixes);
	lk_vec_done(&kept->records);
}

static int keep_lock(struct lk_app *app, const char *path, struct kept *kept, struct lk_error *err)
{
	struct lk_lock_arg *arg = lk_calloc(1, sizeof(*arg));
	lk_vec_push(&kept->locks, arg);
	int rc = lk_lock_arg_read(app, path, arg, err);
	for (size_t i = 0; rc == 0 && i < arg->lock.n_platforms; i++) {
		for (size_t k = 0; k < arg->lock.platforms[i].n_packages; k++) {
			lk_vec_push(&kept->records, arg->lock.platforms[i].packages[k]);
		}
	}
	return rc;
}

static int keep_prefix(const char *path, struct kept *kept, struct lk_error *err)
{
	struct lk_prefix_records records = {0};
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? 0 : lk_meta_read(1, fd, &records, err);
	if (rc < 0) {
		return lk_wrap(err, "reading the environment '%s'", path);
	}
	if (records.len == 0) {
		lk_prefix_records_done(&records);
		lk_fail(err, LK_E_USAGE, "'%s' is no environment", path);
		lk_error_hint(err, "nothing was removed; check the path after --keep-prefix");
		return err->code;
	}
	for (size_t i = 0; i < records.len; i++) {
		lk_vec_push(&kept->records, records.items[i].record);
	}
	lk_vec_push(&kept->prefixes, records);
	return 0;
}

static int read_kept(
	struct lk_app *app, const struct context *c, struct kept *ret, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < c->keep.len && rc == 0; i++) {
		rc = keep_lock(app, c->keep.items[i], ret, err);
	}
	for (size_t i = 0; i < c->keep_prefix.len && rc == 0; i++) {
		rc = keep_prefix(c->keep_prefix.items[i], ret, err);
	}
	return rc;
}

static unsigned chosen_kinds(const struct context *c)
{
	unsigned kinds = (c->archives ? 1u << LK_USAGE_ARCHIVE : 0) |
		(c->trees ? 1u << LK_USAGE_TREE : 0) | (c->repodata ? 1u << LK_USAGE_REPODATA : 0) |
		(c->tmp ? 1u << LK_USAGE_TMP : 0);
	if (kinds == 0 && (c->keep.len > 0 || c->keep_prefix.len > 0)) {
		/* What locks and environments need is archives and trees. */
		return 1u << LK_USAGE_ARCHIVE | 1u << LK_USAGE_TREE | 1u << LK_USAGE_TMP;
	}
	return kinds ? kinds : (1u << LK_USAGE_KINDS) - 1;
}

static int make_options(const struct context *c, struct lk_clean_options *ret, struct lk_error *err)
{
	int64_t now = (int64_t)time(NULL);
	uint64_t age;
	bool any = c->all || c->older_than || c->max_size || c->keep.len > 0 ||
		c->keep_prefix.len > 0 || c->archives || c->trees || c->repodata || c->tmp;
	if (!any) {
		lk_fail(err, LK_E_USAGE, "nothing says what may go");
		lk_error_hint(err,
			"for example: --older-than 30d, --max-size 50G, --keep LOCK, "
			"--trees, or --all");
		return err->code;
	}
	*ret = (struct lk_clean_options){
		.kinds = chosen_kinds(c),
		.idle_before = now - IDLE_S,
		.dry_run = c->dry_run,
	};
	int rc = 0;
	if (c->older_than) {
		rc = lk_age_parse(lk_str_of(c->older_than), &age, err);
		ret->by_age = true;
		ret->before = rc == 0 && age < (uint64_t)now ? now - (int64_t)age : 0;
	}
	if (rc == 0 && c->max_size) {
		rc = lk_size_parse(lk_str_of(c->max_size), &ret->max_size, err);
		ret->by_size = true;
	}
	return rc;
}

static void tell_json(
	struct lk_app *app, const struct lk_cache *cache, bool dry, const struct lk_clean_result *r)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "cache", lk_str_of(lk_cache_path(cache)));
	lk_jw_key(&w, "dry_run");
	lk_jw_bool(&w, dry);
	lk_jw_key_uint(&w, "freed", r->freed);
	lk_jw_key_uint(&w, "left", r->left);
	lk_jw_key_uint(&w, "kept", r->kept);
	lk_jw_key_uint(&w, "failed", r->failed);
	lk_jw_key(&w, "removed");
	lk_jw_array(&w);
	for (size_t i = 0; i < r->removed.len; i++) {
		const struct lk_clean_entry *entry = &r->removed.items[i];
		lk_jw_object(&w);
		lk_jw_key_string(&w, "kind", lk_str_of(lk_usage_kind_name(entry->kind)));
		lk_jw_key_string(&w, "path", entry->path);
		lk_jw_key_uint(&w, "bytes", entry->bytes);
		lk_jw_key_uint(&w, "freed", entry->freed);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell_text(struct lk_app *app, bool dry, const struct lk_clean_result *r)
{
	size_t counts[LK_USAGE_KINDS] = {0};
	for (size_t i = 0; i < r->removed.len; i++) {
		const struct lk_clean_entry *entry = &r->removed.items[i];
		counts[entry->kind]++;
		if (dry || app->common.verbose > 0) {
			lk_app_text(app, entry->path, 0);
			lk_buf_puts(&app->out, "  ");
			lk_buf_put_size(&app->out, entry->freed);
			lk_buf_putc(&app->out, '\n');
		}
	}
	lk_buf_appendf(&app->out,
		"%s %zu archives, %zu trees, %zu files of repodata, %zu of unfinished work; ",
		dry ? "would remove" : "removed", counts[LK_USAGE_ARCHIVE], counts[LK_USAGE_TREE],
		counts[LK_USAGE_REPODATA], counts[LK_USAGE_TMP]);
	lk_buf_put_size(&app->out, r->freed);
	lk_buf_puts(&app->out, dry ? " would be free\n" : " freed\n");
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_cache *cache = NULL;
	struct kept kept = {0};
	struct lk_clean_options clean;
	struct lk_clean_result result = {0};
	(void)args;
	int rc = make_options(c, &clean, err);
	if (rc == 0) {
		rc = read_kept(app, c, &kept, err);
	}
	if (rc == 0) {
		rc = lk_app_cache_existing(app, &cache, err);
	}
	if (rc == 0) {
		clean.keep = kept.records.items;
		clean.n_keep = kept.records.len;
		rc = lk_cache_clean(cache, &clean, &app->report, &result, err);
	}
	if (rc == 0 && app->common.json) {
		tell_json(app, cache, c->dry_run, &result);
	} else if (rc == 0) {
		tell_text(app, c->dry_run, &result);
	}
	lk_clean_result_done(&result);
	lk_cache_free(cache);
	kept_done(&kept);
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"older-than", 0, LK_OPT_STRING, FIELD(older_than), "AGE",
		"what was not used for so long, like 30d, 12h or 2w", NULL},
	{"max-size", 0, LK_OPT_STRING, FIELD(max_size), "SIZE",
		"what was used longest ago, until the cache holds at most SIZE, like 50G", NULL},
	{"keep", 0, LK_OPT_LIST, FIELD(keep), "LOCK",
		"never what this lock needs, on any platform; repeatable", NULL},
	{"keep-prefix", 0, LK_OPT_LIST, FIELD(keep_prefix), "PREFIX",
		"never what this environment was made from; repeatable", NULL},
	{"archives", 0, LK_OPT_FLAG, FIELD(archives), NULL, "archives as they were fetched", NULL},
	{"trees", 0, LK_OPT_FLAG, FIELD(trees), NULL, "extracted packages", NULL},
	{"repodata", 0, LK_OPT_FLAG, FIELD(repodata), NULL, "what channels offer", NULL},
	{"tmp", 0, LK_OPT_FLAG, FIELD(tmp), NULL, "work that nobody does any more", NULL},
	{"all", 'a', LK_OPT_FLAG, FIELD(all), NULL, "all of these", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL, "remove nothing; tell what would go",
		NULL},
};

const struct lk_cmd lk_cmd_clean = {
	.name = "clean",
	.arguments = "",
	.summary = "drop what the cache need not hold any more",
	.description =
		"Removes archives, extracted packages, repodata and unfinished work from the "
		"writable cache: all of the kinds named, or of them what --older-than or "
		"--max-size "
		"asks for; never what --keep or --keep-prefix names, and with these alone all that "
		"they do not name. Environments stay whole, unless they were installed with --link "
		"symlink: name those with --keep-prefix. Tells the bytes that are free afterwards: "
		"files that an environment shares by hard links stay on the disk with it. Safe "
		"beside running installs and fetches.",
	.examples = {"lockenv clean --older-than 30d --max-size 50G",
		"lockenv clean --keep a.lock --keep-prefix /opt/envs/b --dry-run"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
