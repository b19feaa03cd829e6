/*
 * lockenv index: a folder of packages becomes a channel.
 */
#include "cli/app.h"

#include "base/fs.h"
#include "cli/index_folder.h"
#include "conda/subdir.h"
#include "store/indexer.h"

#define BROKEN_SHOWN 20

struct context {
	struct lk_args subdirs;
	bool no_shards, no_zst, skip_broken, verify, dry_run, move;
};

struct indexers LK_VEC_OF(struct lk_indexer *);

/* ---- what is told ---- */

static const char *change_name(enum lk_index_change change)
{
	static const char *const names[] = {
		[LK_INDEX_SAME] = "same",
		[LK_INDEX_ADDED] = "added",
		[LK_INDEX_CHANGED] = "changed",
		[LK_INDEX_GONE] = "gone",
		[LK_INDEX_BROKEN] = "broken",
	};
	return names[change];
}

static size_t count(const struct lk_index_facts *facts, enum lk_index_change change)
{
	size_t n = 0;
	for (size_t i = 0; i < facts->n_items; i++) {
		n += facts->items[i].change == change;
	}
	return n;
}

static void put_items(
	struct lk_jw *w, const struct lk_index_facts *facts, enum lk_index_change change)
{
	lk_jw_key(w, change_name(change));
	lk_jw_array(w);
	for (size_t i = 0; i < facts->n_items; i++) {
		const struct lk_index_item *item = &facts->items[i];
		if (item->change != change) {
			continue;
		}
		if (change == LK_INDEX_BROKEN) {
			lk_jw_object(w);
			lk_jw_key_string(w, "file", item->fn);
			lk_jw_key_string(w, "why", lk_str_of(item->why->message));
			lk_jw_end(w);
		} else {
			lk_jw_string(w, item->fn);
		}
	}
	lk_jw_end(w);
}

static void tell_json(struct lk_app *app, const char *path, const struct context *c,
	const struct indexers *indexers)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "channel", lk_str_of(path));
	lk_jw_key(&w, "dry_run");
	lk_jw_bool(&w, c->dry_run);
	lk_jw_key(&w, "subdirs");
	lk_jw_array(&w);
	for (size_t i = 0; i < indexers->len; i++) {
		const struct lk_index_facts *facts = lk_indexer_facts(indexers->items[i]);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "subdir", facts->subdir);
		lk_jw_key_uint(&w, "packages", facts->n_packages);
		lk_jw_key_uint(&w, "names", facts->n_names);
		lk_jw_key_uint(&w, "read", facts->n_read);
		lk_jw_key_uint(&w, "bytes_read", facts->bytes_read);
		put_items(&w, facts, LK_INDEX_ADDED);
		put_items(&w, facts, LK_INDEX_CHANGED);
		put_items(&w, facts, LK_INDEX_GONE);
		put_items(&w, facts, LK_INDEX_BROKEN);
		lk_jw_strings(&w, "written", facts->written, facts->n_written);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell_text(struct lk_app *app, const struct context *c, const struct indexers *indexers)
{
	for (size_t i = 0; i < indexers->len; i++) {
		const struct lk_index_facts *facts = lk_indexer_facts(indexers->items[i]);
		lk_app_text(app, facts->subdir, 0);
		lk_buf_appendf(&app->out, ": %zu packages of %zu names (", facts->n_packages,
			facts->n_names);
		for (unsigned k = LK_INDEX_ADDED; k <= LK_INDEX_BROKEN; k++) {
			size_t n = count(facts, (enum lk_index_change)k);
			if (n > 0) {
				lk_buf_appendf(&app->out, "%zu %s, ", n,
					change_name((enum lk_index_change)k));
			}
		}
		lk_buf_appendf(&app->out, "%zu read)%s\n", facts->n_read,
			facts->n_written == 0 ? ": up to date"
				: c->dry_run  ? ": would be written"
					      : "");
	}
}

/* Locks that hold the old bytes of a file stop working: whoever publishes should know. */
static void warn_changed(struct lk_app *app, const struct indexers *indexers)
{
	for (size_t i = 0; i < indexers->len; i++) {
		const struct lk_index_facts *facts = lk_indexer_facts(indexers->items[i]);
		for (size_t k = 0; k < facts->n_items; k++) {
			if (facts->items[k].change == LK_INDEX_CHANGED) {
				lk_warn(&app->report,
					"'" LK_STR_FMT "/" LK_STR_FMT "' has other bytes than when "
					"it was indexed before: locks that name it will refuse it",
					LK_STR_ARG(facts->subdir), LK_STR_ARG(facts->items[k].fn));
			}
		}
	}
}

/* ---- broken packages ---- */

struct broken {
	lk_str subdir;
	const struct lk_error *why;
};
struct brokens LK_VEC_OF(struct broken);

static void collect_broken(const struct indexers *indexers, struct brokens *ret)
{
	for (size_t i = 0; i < indexers->len; i++) {
		const struct lk_index_facts *facts = lk_indexer_facts(indexers->items[i]);
		for (size_t k = 0; k < facts->n_items; k++) {
			if (facts->items[k].change == LK_INDEX_BROKEN) {
				lk_vec_push(
					ret, (struct broken){facts->subdir, facts->items[k].why});
			}
		}
	}
}

static lk_str why_line(struct lk_app *app, const struct broken *broken)
{
	return lk_str_printf(
		&app->arena, LK_STR_FMT ": %s", LK_STR_ARG(broken->subdir), broken->why->message);
}

/* What cannot be read is worth less than what must not be believed. */
static enum lk_code code_of(const struct brokens *brokens)
{
	for (size_t i = 0; i < brokens->len; i++) {
		if (brokens->items[i].why->code == LK_E_INTEGRITY) {
			return LK_E_INTEGRITY;
		}
	}
	return brokens->items[0].why->code;
}

/* One alone is told as the error that it is. */
static int fail_broken(struct lk_app *app, const struct brokens *brokens, struct lk_error *err)
{
	if (brokens->len == 1) {
		*err = *brokens->items[0].why;
		if (err->hint[0] == '\0') {
			lk_error_hint(err, "mend or remove it, or leave it out with --skip-broken");
		}
		return err->code;
	}
	for (size_t i = 0; i < brokens->len && i < BROKEN_SHOWN; i++) {
		lk_vec_push(&app->explanation, why_line(app, &brokens->items[i]));
	}
	if (brokens->len > BROKEN_SHOWN) {
		lk_vec_push(&app->explanation,
			lk_str_printf(&app->arena, "and %zu more", brokens->len - BROKEN_SHOWN));
	}
	lk_fail(err, code_of(brokens), "%zu packages cannot be indexed; the index stays as it was",
		brokens->len);
	lk_error_hint(err, "mend or remove them, or leave them out with --skip-broken");
	return err->code;
}

static int check_broken(struct lk_app *app, const struct context *c,
	const struct indexers *indexers, struct lk_error *err)
{
	struct brokens brokens = {0};
	int rc = 0;
	collect_broken(indexers, &brokens);
	if (brokens.len > 0 && !c->skip_broken) {
		rc = fail_broken(app, &brokens, err);
	}
	for (size_t i = 0; i < brokens.len && rc == 0; i++) {
		lk_str line = why_line(app, &brokens.items[i]);
		lk_warn(&app->report, "left out: " LK_STR_FMT, LK_STR_ARG(line));
	}
	lk_vec_done(&brokens);
	return rc;
}

/* ---- the run ---- */

static int fail_loose(const char *path, const struct lk_index_folder *folder, struct lk_error *err)
{
	char *LK_AUTO_FREE whole = NULL;
	int rc = lk_path_absolute(path, &whole, err);
	if (rc < 0) {
		return rc;
	}
	lk_str base = lk_path_basename(lk_str_of(whole));
	if (lk_subdir_is_known(base)) {
		lk_fail(err, LK_E_USAGE, "'%s' is a subdir of a channel, not a channel", path);
		lk_error_hint(err, "index the folder above it");
		return err->code;
	}
	lk_fail(err, LK_E_USAGE,
		"'%s' has %zu packages that lie in no subdir, such as '" LK_STR_FMT
		"': no client would find them",
		path, folder->loose.len, LK_STR_ARG(folder->loose.items[0]));
	lk_error_hint(err, "move each into the folder of its subdir, or have --move do it");
	return err->code;
}

static int read_all(struct lk_app *app, const struct context *c, const char *path,
	const struct lk_strs *subdirs, struct indexers *ret, struct lk_error *err)
{
	const struct lk_index_options options = {
		.no_shards = c->no_shards,
		.no_zst = c->no_zst,
		.verify = c->verify,
		.dry_run = c->dry_run,
		.jobs = app->common.jobs,
		.report = &app->report,
	};
	int rc = 0;
	for (size_t i = 0; i < subdirs->len && rc == 0; i++) {
		struct lk_indexer *indexer;
		rc = lk_indexer_open(path, subdirs->items[i], &options, &indexer, err);
		if (rc == 0) {
			lk_vec_push(ret, indexer);
			rc = lk_indexer_read(indexer, err);
		}
	}
	return rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const char *path = args->items[0];
	struct lk_index_folder folder = {0};
	struct indexers indexers = {0};
	int rc = lk_index_folder_read(app, path, &c->subdirs, &folder, err);
	if (rc == 0 && folder.loose.len > 0) {
		rc = c->move
			? lk_index_folder_move(app, path, c->dry_run, c->skip_broken, &folder, err)
			: fail_loose(path, &folder, err);
	}
	rc = rc < 0 ? rc : read_all(app, c, path, &folder.subdirs, &indexers, err);
	rc = rc < 0 ? rc : check_broken(app, c, &indexers, err);
	for (size_t i = 0; i < indexers.len && rc == 0; i++) {
		rc = lk_indexer_write(indexers.items[i], err);
	}
	if (rc == 0) {
		warn_changed(app, &indexers);
	}
	if (rc == 0 && app->common.json) {
		tell_json(app, path, c, &indexers);
	} else if (rc == 0) {
		tell_text(app, c, &indexers);
	}
	for (size_t i = 0; i < indexers.len; i++) {
		lk_indexer_free(indexers.items[i]);
	}
	lk_vec_done(&indexers);
	lk_index_folder_done(&folder);
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"subdir", 0, LK_OPT_LIST, FIELD(subdirs), "SUBDIR",
		"only this folder of DIR, whatever it is called; repeatable", NULL},
	{"move", 0, LK_OPT_FLAG, FIELD(move), NULL,
		"first move packages at the top of DIR into the folders of their subdirs", NULL},
	{"skip-broken", 0, LK_OPT_FLAG, FIELD(skip_broken), NULL,
		"leave out what cannot be indexed, with a warning each", NULL},
	{"verify", 0, LK_OPT_FLAG, FIELD(verify), NULL,
		"read every package again, whole, with the checks of an install", NULL},
	{"no-shards", 0, LK_OPT_FLAG, FIELD(no_shards), NULL,
		"no repodata_shards.msgpack.zst; one that is there goes", NULL},
	{"no-zst", 0, LK_OPT_FLAG, FIELD(no_zst), NULL,
		"no repodata.json.zst; one that is there goes", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL, "write nothing; tell what would change",
		NULL},
};

const struct lk_cmd lk_cmd_index = {
	.name = "index",
	.arguments = "DIR",
	.summary = "make a folder of packages a channel",
	.description =
		"Writes the index of each subdir in DIR (linux-64, osx-arm64 and so on; noarch is "
		"made where it is missing): repodata.json, repodata.json.zst and shards. DIR is a "
		"channel then: solve -c DIR, or any web server in front of it. The same packages "
		"give the same bytes, on every machine and at every time; files that do not change "
		"are not touched, the others are replaced whole.\n"
		"\n"
		"Of a package its info/index.json is read and its bytes are hashed; one that has "
		"not changed since the last run is not read again (.lockenv-index.json knows its "
		"size and times). A package that is damaged or unsafe, is called otherwise than it "
		"was built, or lies in the wrong subdir ends the run with 5, and the index stays "
		"as it was.\n"
		"\n"
		"What records hold, and how they compare with conda-index's, is in docs/index.md.",
	.examples = {"lockenv index ./channel", "lockenv index --move --skip-broken ./downloads"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
