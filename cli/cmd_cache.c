/*
 * lockenv cache: what the cache is, what it holds, and whether that is whole.
 */
#include "cli/app.h"

#include <limits.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "store/audit.h"
#include "store/inventory.h"
#include "store/usage.h"

struct context {
	const char *output;
	bool verify, dry_run;
};

/* ---- inventory ---- */

static void put_inventory_json(struct lk_app *app, const struct lk_inventory *inventory)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key(&w, "archives");
	lk_jw_array(&w);
	for (size_t i = 0; i < inventory->entries.len; i++) {
		const struct lk_inventory_entry *entry = &inventory->entries.items[i];
		lk_jw_object(&w);
		lk_jw_key_hex(&w, "sha256", entry->sha256.bytes, LK_SHA256_LEN);
		lk_jw_key_uint(&w, "size", entry->size);
		lk_jw_key_string(&w, "fn", entry->fn);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static int write_inventory(struct lk_app *app, const struct context *c,
	const struct lk_inventory *inventory, struct lk_error *err)
{
	if (app->common.json) {
		put_inventory_json(app, inventory);
	}
	if (!c->output && !app->common.json) {
		lk_inventory_write(inventory, &app->out);
	}
	if (!c->output) {
		return lk_app_check_size(app, "write it to a file with -o FILE", err);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INVENTORY_MAX_BYTES);
	lk_inventory_write(inventory, &text);
	if (text.overflow) {
		return lk_fail(err, LK_E_FORMAT, "an inventory of more than %zu MB",
			LK_INVENTORY_MAX_BYTES / 1000000);
	}
	int rc = lk_fs_write_atomic(AT_FDCWD, c->output, text.ptr, text.len, 0, err);
	if (rc == 0) {
		lk_note(&app->report, 0, "%zu archives are listed in %s", inventory->entries.len,
			c->output);
	}
	return rc;
}

static int inventory(
	struct lk_app *app, const struct context *c, struct lk_cache *cache, struct lk_error *err)
{
	struct lk_inventory found;
	int rc = lk_inventory_take(cache, c->verify, app->common.jobs, &app->report, &found, err);
	if (rc == 0) {
		rc = write_inventory(app, c, &found, err);
		lk_inventory_done(&found);
	}
	return rc;
}

/* ---- verify ---- */

static void put_audit_json(struct lk_app *app, const struct lk_audit *audit)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_uint(&w, "archives", audit->n_archives);
	lk_jw_key_uint(&w, "trees", audit->n_trees);
	lk_jw_key(&w, "damaged");
	lk_jw_array(&w);
	for (size_t i = 0; i < audit->findings.len; i++) {
		const struct lk_audit_finding *finding = &audit->findings.items[i];
		lk_jw_object(&w);
		lk_jw_key_string(&w, "path", finding->path);
		lk_jw_key_string(&w, "why", finding->why);
		lk_jw_key(&w, "set_aside");
		lk_jw_bool(&w, finding->aside);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void put_audit(struct lk_app *app, const struct lk_audit *audit)
{
	for (size_t i = 0; i < audit->findings.len; i++) {
		const struct lk_audit_finding *finding = &audit->findings.items[i];
		lk_app_text(app, finding->path, 0);
		lk_buf_puts(&app->out, ": ");
		lk_app_text(app, finding->why, 0);
		lk_buf_puts(&app->out, finding->aside ? " (set aside)\n" : "\n");
	}
	lk_buf_appendf(&app->out, "%zu archives and %zu trees checked, %zu damaged\n",
		audit->n_archives, audit->n_trees, audit->findings.len);
}

static int verify(
	struct lk_app *app, const struct context *c, struct lk_cache *cache, struct lk_error *err)
{
	struct lk_audit audit;
	int rc = lk_audit_run(cache, !c->dry_run, app->common.jobs, &app->report, &audit, err);
	if (rc < 0) {
		return rc;
	}
	(app->common.json ? put_audit_json : put_audit)(app, &audit);
	app->status = audit.findings.len > 0 ? 1 : 0;
	lk_audit_done(&audit);
	return 0;
}

/* ---- path, info ---- */

/* As it is configured, there or not. */
static int tell_path(struct lk_app *app, struct lk_error *err)
{
	const char *path;
	int rc = lk_app_cache_path(app, &path, err);
	if (rc == 0 && app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "path", lk_str_of(path));
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
	} else if (rc == 0) {
		lk_app_text(app, lk_str_of(path), 0);
		lk_buf_putc(&app->out, '\n');
	}
	return rc;
}

struct sum {
	size_t n;
	uint64_t bytes;
};

static void put_info_json(
	struct lk_app *app, const char *where, const struct sum *sums, uint64_t own)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "cache", lk_str_of(where));
	for (unsigned i = 0; i < LK_USAGE_KINDS; i++) {
		lk_jw_key(&w, lk_usage_kind_name(i));
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "entries", sums[i].n);
		lk_jw_key_uint(&w, "bytes", sums[i].bytes);
		lk_jw_end(&w);
	}
	lk_jw_key_uint(&w, "own_bytes", own);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void put_size_line(struct lk_app *app, const char *what, const struct sum *sum)
{
	lk_buf_appendf(&app->out, "%-10s %7zu  ", what, sum->n);
	lk_buf_put_size(&app->out, sum->bytes);
	lk_buf_putc(&app->out, '\n');
}

static int info(
	struct lk_app *app, const struct context *c, struct lk_cache *cache, struct lk_error *err)
{
	struct sum sums[LK_USAGE_KINDS] = {0};
	struct lk_usage usage;
	(void)c;
	int rc = lk_usage_read(cache, (1u << LK_USAGE_KINDS) - 1, &app->report, &usage, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < usage.entries.len; i++) {
		sums[usage.entries.items[i].kind].n++;
		sums[usage.entries.items[i].kind].bytes += usage.entries.items[i].bytes;
	}
	uint64_t own = lk_usage_total(&usage);
	lk_usage_done(&usage);
	if (app->common.json) {
		put_info_json(app, lk_cache_path(cache), sums, own);
		return 0;
	}
	lk_app_text(app, lk_str_of(lk_cache_path(cache)), 0);
	lk_buf_putc(&app->out, '\n');
	for (unsigned i = 0; i < LK_USAGE_KINDS; i++) {
		put_size_line(app, lk_usage_kind_name(i), &sums[i]);
	}
	lk_buf_puts(&app->out, "free without it: ");
	lk_buf_put_size(&app->out, own);
	lk_buf_putc(&app->out, '\n');
	return 0;
}

/* ---- all ---- */

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	static const struct {
		const char *name;
		int (*run)(struct lk_app *app, const struct context *c, struct lk_cache *cache,
			struct lk_error *err);
		bool changes;
	} commands[] = {
		{"inventory", inventory, false},
		{"verify", verify, true},
		{"info", info, false},
	};
	const struct context *c = context;
	size_t i = 0;
	if (strcmp(args->items[0], "path") == 0) {
		return tell_path(app, err);
	}
	while (i < LK_COUNTOF(commands) && strcmp(args->items[0], commands[i].name) != 0) {
		i++;
	}
	if (i == LK_COUNTOF(commands)) {
		lk_fail(err, LK_E_USAGE, "unknown cache command '%s'", args->items[0]);
		lk_error_hint(err, "one of: inventory, verify, info, path");
		return err->code;
	}
	struct lk_cache *cache = NULL;
	bool changes = commands[i].changes && !c->dry_run;
	int rc = (changes ? lk_app_cache_existing : lk_app_cache_look)(app, &cache, err);
	if (rc == LK_E_NOT_FOUND) {
		rc = LK_E_USAGE;
		err->code = LK_E_USAGE;
		lk_error_hint(err, "give --cache DIR or set LOCKENV_CACHE");
	}
	rc = rc < 0 ? rc : commands[i].run(app, c, cache, err);
	lk_cache_free(cache);
	return rc;
}

static const struct lk_opt options[] = {
	{"output", 'o', LK_OPT_STRING, offsetof(struct context, output), "FILE",
		"inventory: the file to write (default: standard output)", NULL},
	{"verify", 0, LK_OPT_FLAG, offsetof(struct context, verify), NULL,
		"inventory: hash every archive, leave out what is damaged", NULL},
	{"dry-run", 0, LK_OPT_FLAG, offsetof(struct context, dry_run), NULL,
		"verify: change nothing", NULL},
};

const struct lk_cmd lk_cmd_cache = {
	.name = "cache",
	.arguments = "inventory|verify|info|path",
	.summary = "what the cache holds, and whether it is whole",
	.description =
		"inventory lists the archives of the cache and of those below it, one line each: "
		"sha256, size, file name; 'pack --delta-from' leaves out what such a list has. "
		"verify hashes every archive and every extracted file; what is damaged in the "
		"writable cache is set aside in its tmp folder, so that it is fetched or extracted "
		"again, and the exit code is 1. info tells how much there is of what, and path "
		"where it is.",
	.examples = {"lockenv cache inventory -o far.txt",
		"lockenv cache verify --cache /mnt/cache"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
