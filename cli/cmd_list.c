/*
 * lockenv list: the packages of a lock or a prefix.
 */
#include "cli/app.h"

#include <stdlib.h>

#include "cli/env_arg.h"
#include "cli/record_json.h"
#include "cli/table.h"

struct context {
	struct lk_env_options env;
	const char *sort;
	bool long_form;
};

struct lister {
	struct lk_app *app;
	const struct lk_matchspec *spec; /* NULL: none */
	lk_str part;                     /* of a name; empty: any */
	struct lk_record_refs rows;
};

/* A plain word: what names are made of and nothing else. */
static bool is_word(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!lk_is_alnum(text.ptr[i]) &&
			lk_str_find_char(LK_STR("-_."), text.ptr[i]) == SIZE_MAX) {
			return false;
		}
	}
	return text.len > 0;
}

static int read_filter(struct lister *l, lk_str filter, struct lk_error *err)
{
	if (is_word(filter)) {
		l->part = lk_str_lower(&l->app->arena, filter);
		return 0;
	}
	return lk_matchspec_parse(filter, LK_SPEC_USER, &l->app->arena, &l->spec, err);
}

static bool is_wanted(const struct lister *l, const struct lk_record *record)
{
	if (!l->spec) {
		return lk_str_find(record->name, l->part) != SIZE_MAX;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *version;
	return lk_version_parse(record->version, &arena, &version, &ignored) == 0 &&
		lk_matchspec_matches(l->spec, record, version) &&
		lk_matchspec_channel_matches(l->spec, record->channel,
			lk_record_channel_url(record), lk_str_of(LK_CHANNEL_ALIAS));
}

/* Largest first, then as they stand: by name. */
static int cmp_size(const void *a, const void *b)
{
	const struct lk_record *left = *(const struct lk_record *const *)a;
	const struct lk_record *right = *(const struct lk_record *const *)b;
	if (left->size != right->size) {
		return left->size > right->size ? -1 : 1;
	}
	return left < right ? -1 : left > right;
}

static lk_str size_text(struct lk_app *app, const struct lk_record *record)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(32);
	if (record->size > 0) {
		lk_buf_put_size(&text, record->size);
	}
	return lk_str_dup(&app->arena, lk_buf_view(&text));
}

static void put_table(struct lister *l, bool long_form)
{
	struct lk_table LK_CLEANUP(lk_table_done) table = {0};
	static const char *const heads[] = {
		"Name", "Version", "Build", "Channel", ">Size", "License", NULL};
	lk_table_heads(&table, heads, long_form ? 6 : 4);
	for (size_t i = 0; i < l->rows.len; i++) {
		const struct lk_record *r = l->rows.items[i];
		lk_table_cell(&table, r->name);
		lk_table_cell(&table, r->version);
		lk_table_cell(&table, r->build);
		lk_table_cell(&table, r->channel);
		if (long_form) {
			lk_table_cell(&table, size_text(l->app, r));
			lk_table_cell(&table, r->license);
		}
	}
	lk_table_put(&table, l->app);
}

static void put_json(struct lister *l)
{
	struct lk_jw w;
	lk_jw_init(&w, &l->app->out, true);
	lk_jw_array(&w);
	for (size_t i = 0; i < l->rows.len; i++) {
		lk_jw_object(&w);
		lk_put_record(&w, l->rows.items[i]);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&l->app->out, '\n');
}

/* A question that nothing answers is no failure, but what may have been meant is told. */
static void tell_none(struct lk_app *app, const struct lk_env_arg *arg, const char *filter)
{
	struct lk_error near = LK_ERROR_INIT;
	(void)lk_env_arg_lacks(arg, lk_str_of(filter), &near);
	lk_note(&app->report, 0, "%s; %s", near.message, near.hint);
}

static int list(struct lister *l, const struct context *c, const struct lk_env_arg *arg,
	const char *filter, struct lk_error *err)
{
	const struct lk_lock_platform *platform = arg->platform;
	int rc = filter ? read_filter(l, lk_str_of(filter), err) : 0;
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < platform->n_packages; i++) {
		if (is_wanted(l, &platform->packages[i])) {
			lk_vec_push(&l->rows, &platform->packages[i]);
		}
	}
	bool by_size = c->sort && strcmp(c->sort, "size") == 0;
	if (by_size && l->rows.len > 0) {
		qsort(l->rows.items, l->rows.len, sizeof(*l->rows.items), cmp_size);
	}
	if (l->rows.len == 0 && filter) {
		tell_none(l->app, arg, filter);
	}
	if (l->app->common.json) {
		put_json(l);
	} else {
		put_table(l, c->long_form || by_size);
	}
	return 0;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_env_arg LK_CLEANUP(lk_env_arg_done) arg = {0};
	struct lister l = {.app = app};
	const char *filter;
	int rc = lk_env_arg_get(app, &c->env, args, false, &arg, &filter, err);
	if (rc == 0) {
		rc = list(&l, c, &arg, filter, err);
	}
	lk_vec_done(&l.rows);
	return rc;
}

static const struct lk_opt options[] = {
	LK_ENV_OPTION_ROWS(struct context, env),
	{"long", 'l', LK_OPT_FLAG, offsetof(struct context, long_form), NULL,
		"size and licence too", NULL},
	{"sort", 0, LK_OPT_STRING, offsetof(struct context, sort), "KEY",
		"name (default), or size: largest first, and --long", "name|size"},
};

const struct lk_cmd lk_cmd_list = {
	.name = "list",
	.arguments = "[LOCK|PREFIX] [NAME|SPEC]",
	.summary = "the packages of a lock or an environment",
	.description =
		"Prints name, version, build and channel of every package, sorted by name; with "
		"--json all that the lock or the environment's records say. NAME, a plain word, "
		"lists the packages with it in their names; a SPEC, such as '*cuda*', '^numpy$', "
		"'numpy >=2' or 'nvidia::*', what it matches. Without LOCK and PREFIX: env.lock "
		"in "
		"the current folder. LOCK may be REV:PATH of a git repository.",
	.examples = {"lockenv list env.lock --sort size", "lockenv list -p ./env cuda --json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 2,
	.run = run,
};
