/*
 * Results of install.
 */
#include "cli/install_tell.h"

#include "base/json.h"
#include "cli/install_links.h"
#include "cli/table.h"

#define MAX_MORE ((size_t)1 << 18)

static const struct {
	const char *name, *mark;
} actions[] = {
	[LK_PLAN_ADD] = {"add", "+"},
	[LK_PLAN_KEEP] = {"keep", "="},
	[LK_PLAN_RELINK] = {"relink", "*"},
	[LK_PLAN_REPLACE] = {"replace", "~"},
	[LK_PLAN_REMOVE] = {"remove", "-"},
};

/* ---- as JSON ---- */

/* "1.2-h0_0", or null. */
static void put_release(struct lk_jw *w, const char *key, lk_str version, lk_str build)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 16);
	lk_buf_appendf(&text, LK_STR_FMT "-" LK_STR_FMT, LK_STR_ARG(version), LK_STR_ARG(build));
	if (version.len > 0) {
		lk_jw_key_string(w, key, lk_buf_view(&text));
	} else {
		lk_jw_key(w, key);
		lk_jw_null(w);
	}
}

static void put_steps(struct lk_jw *w, const struct lk_install_result *result)
{
	lk_jw_key(w, "actions");
	lk_jw_array(w);
	for (size_t i = 0; i < result->n_steps; i++) {
		const struct lk_install_step *step = &result->steps[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "name", step->name);
		lk_jw_key_string(w, "action", lk_str_of(actions[step->action].name));
		put_release(w, "from", step->from_version, step->from_build);
		put_release(w, "to", step->to_version, step->to_build);
		lk_jw_opt_string(w, step->missing ? "missing" : "changed", step->fault);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_urls(struct lk_jw *w, const char *key, const struct lk_records *records)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < records->len; i++) {
		lk_jw_string(w, records->items[i].url);
	}
	lk_jw_end(w);
}

void lk_install_tell_scripts(struct lk_jw *w, const struct lk_script *scripts, size_t n)
{
	lk_jw_key(w, "skipped_scripts");
	lk_jw_array(w);
	for (size_t i = 0; scripts && i < n; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "package", scripts[i].package);
		lk_jw_key_string(w, "path", scripts[i].path);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void tell_json(struct lk_app *app, const struct lk_install_telling *telling,
	const struct lk_install_result *result)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "prefix", lk_str_of(telling->prefix));
	lk_jw_key(&w, "dry_run");
	lk_jw_bool(&w, telling->dry_run);
	lk_jw_key(&w, "unchanged");
	lk_jw_bool(&w, result->unchanged);
	lk_jw_key_uint(&w, "added", result->added);
	lk_jw_key_uint(&w, "removed", result->removed);
	lk_jw_key_uint(&w, "replaced", result->replaced);
	lk_jw_key_uint(&w, "kept", result->kept);
	lk_jw_key_uint(&w, "relinked", result->relinked);
	lk_jw_key_uint(&w, "files", result->files);
	lk_install_links_json(result, telling->cache, &w);
	lk_jw_opt_string(&w, "tree_digest", lk_str_of(result->tree_digest));
	lk_install_tell_scripts(&w, result->scripts, result->skipped_scripts);
	put_steps(&w, result);
	if (telling->dry_run) {
		lk_jw_strings(&w, "kept_aside", result->kept_aside.items, result->kept_aside.n);
		put_urls(&w, telling->fetch ? "would_fetch" : "missing", telling->missing);
	}
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* ---- for people ---- */

static lk_str release_of(struct lk_app *app, lk_str version, lk_str build)
{
	return version.len == 0 ? (lk_str){NULL, 0}
				: lk_str_printf(&app->arena, LK_STR_FMT " " LK_STR_FMT,
					  LK_STR_ARG(version), LK_STR_ARG(build));
}

static lk_str describe(struct lk_app *app, const struct lk_install_step *step)
{
	lk_str from = release_of(app, step->from_version, step->from_build);
	lk_str to = release_of(app, step->to_version, step->to_build);
	switch (step->action) {
	case LK_PLAN_REMOVE:
		return from;
	case LK_PLAN_REPLACE:
		return lk_str_printf(&app->arena, LK_STR_FMT " -> " LK_STR_FMT "%s",
			LK_STR_ARG(from), LK_STR_ARG(to),
			lk_str_eq(from, to) ? " (another archive)" : "");
	case LK_PLAN_RELINK:
		if (step->fault.len > 0) {
			return lk_str_printf(&app->arena, LK_STR_FMT " ('" LK_STR_FMT "' %s)",
				LK_STR_ARG(to), LK_STR_ARG(step->fault),
				step->missing ? "is missing" : "was changed");
		}
		return to;
	case LK_PLAN_ADD:
	case LK_PLAN_KEEP:
		break;
	}
	return to;
}

static void tell_steps(struct lk_app *app, const struct lk_install_result *result)
{
	struct lk_table LK_CLEANUP(lk_table_done) table = {.n_columns = 3};
	for (size_t i = 0; i < result->n_steps; i++) {
		const struct lk_install_step *step = &result->steps[i];
		if (step->action == LK_PLAN_KEEP && app->common.verbose == 0) {
			continue;
		}
		lk_table_cell(&table, lk_str_of(actions[step->action].mark));
		lk_table_cell(&table, step->name);
		lk_table_cell(&table, describe(app, step));
	}
	lk_table_put(&table, app);
}

/* What a dry run foresees beside the packages. */
static void tell_ahead(struct lk_app *app, const struct lk_install_telling *telling,
	const struct lk_install_result *result)
{
	for (size_t i = 0; i < result->kept_aside.n; i++) {
		lk_note(&app->report, 0, "'" LK_STR_FMT "' was changed: would be kept aside",
			LK_STR_ARG(result->kept_aside.items[i]));
	}
	for (size_t i = 0; i < telling->missing->len; i++) {
		lk_str url = telling->missing->items[i].url;
		if (telling->fetch) {
			lk_note(&app->report, 0, "would fetch '" LK_STR_FMT "'", LK_STR_ARG(url));
		} else {
			lk_warn(&app->report, "not in the cache: '" LK_STR_FMT "'",
				LK_STR_ARG(url));
		}
	}
}

void lk_install_tell(struct lk_app *app, const struct lk_install_telling *telling,
	const struct lk_install_result *result)
{
	if (app->common.json) {
		tell_json(app, telling, result);
		return;
	}
	if (telling->dry_run || app->common.verbose > 0) {
		tell_steps(app, result);
	}
	if (telling->dry_run) {
		tell_ahead(app, telling, result);
	}
	if (result->unchanged) {
		lk_note(&app->report, 0, "%s is up to date", telling->prefix);
		return;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) more = LK_BUF_INIT(MAX_MORE);
	if (result->relinked > 0) {
		lk_buf_appendf(&more, ", %zu linked anew", result->relinked);
	}
	if (!telling->dry_run) {
		lk_buf_appendf(&more, "; %zu files", result->files);
		lk_install_links_text(result, telling->cache, &more);
	}
	lk_note(&app->report, 0, "%s %s: %zu added, %zu replaced, %zu removed, %zu kept%s",
		telling->dry_run ? "would install" : "installed", telling->prefix, result->added,
		result->replaced, result->removed, result->kept, lk_buf_cstr(&more));
	if (result->tree_digest[0]) {
		lk_note(&app->report, 0, "tree digest sha256:%s", result->tree_digest);
	}
}
