/*
 * lockenv why: what a package is there for, and who bounds it.
 */
#include "cli/app.h"

#include "cli/env_arg.h"
#include "cli/table.h"
#include "lock/lock_why.h"

#define MAX_ROWS 20 /* of a list, unless --verbose asks for all */
#define MAX_WAY 12  /* names of a way */
#define WAY_ENDS 5  /* of a longer one */

struct context {
	struct lk_env_options env;
};

struct teller {
	struct lk_app *app;
	const struct lk_env_arg *arg;
	const struct lk_lock_platform *platform;
	const struct lk_why *why;
};

static size_t shown(const struct teller *t, size_t n)
{
	return n > MAX_ROWS + 1 && t->app->common.verbose == 0 ? MAX_ROWS : n;
}

static void put_rest(struct teller *t, size_t n)
{
	if (shown(t, n) < n) {
		lk_buf_appendf(&t->app->out, "  and %zu more: -v shows them\n", n - shown(t, n));
	}
}

static void put_subject(struct teller *t)
{
	struct lk_buf *out = &t->app->out;
	lk_app_text(t->app, t->why->name, 0);
	if (t->why->package != LK_GRAPH_NONE) {
		const struct lk_record *r = &t->platform->packages[t->why->package];
		lk_buf_putc(out, ' ');
		lk_app_text(t->app, r->version, 0);
		lk_buf_puts(out, r->build.len > 0 ? " " : "");
		lk_app_text(t->app, r->build, 0);
		lk_buf_puts(out, " of ");
		lk_app_text(t->app, r->channel, 0);
		lk_buf_putc(out, '/');
		lk_app_text(t->app, r->subdir, 0);
	} else {
		const struct lk_virtual *known =
			lk_virtuals_find(&t->platform->solved_with, t->why->name);
		lk_buf_puts(out, " is virtual: what the machine offers");
		if (t->why->floor.len > 0) {
			lk_buf_puts(out, "; it takes at least ");
			lk_app_text(t->app, t->why->floor, 0);
		}
		if (known && !t->arg->is_prefix) {
			lk_buf_puts(out, "; solved with ");
			lk_app_text(t->app, known->version, 0);
		}
	}
	lk_buf_putc(out, '\n');
}

/* One way, with the spec in the place of the package that it asks for. */
static void put_way(struct teller *t, const struct lk_why_way *way)
{
	struct lk_buf *out = &t->app->out;
	size_t skip_from = way->n > MAX_WAY ? WAY_ENDS : way->n;
	size_t skip_to = way->n > MAX_WAY ? way->n - WAY_ENDS : way->n;
	uint32_t package = way->first;
	lk_buf_puts(out, "  ");
	lk_app_text(t->app, t->platform->specs.items[way->spec], 0);
	for (size_t i = 1; i < way->n; i++) {
		package = t->why->next[package];
		if (i == skip_from) {
			lk_buf_appendf(out, " -> ... %zu more ...", skip_to - skip_from);
		} else if (i < skip_from || i >= skip_to) {
			lk_buf_puts(out, " -> ");
			lk_app_text(t->app, t->platform->packages[package].name, 0);
		}
	}
	if (t->why->package == LK_GRAPH_NONE && way->n > 0) {
		lk_buf_puts(out, " -> ");
		lk_app_text(t->app, t->why->name, 0);
	}
	lk_buf_putc(out, '\n');
}

static void put_ways(struct teller *t)
{
	size_t n = t->why->n_ways;
	if (n == 0) {
		lk_buf_puts(
			&t->app->out, t->platform->specs.n > 0 ? "\nno spec leads to it\n" : "");
		return;
	}
	lk_buf_puts(&t->app->out, "\nfrom the specs:\n");
	for (size_t i = 0; i < shown(t, n); i++) {
		put_way(t, &t->why->ways[i]);
	}
	put_rest(t, n);
}

static void put_asks(struct teller *t, const char *title, const struct lk_why_ask *asks, size_t n)
{
	struct lk_table LK_CLEANUP(lk_table_done) table = {.n_columns = 4, .indent = 2};
	if (n == 0) {
		return;
	}
	lk_buf_appendf(&t->app->out, "\n%s:\n", title);
	for (size_t i = 0; i < shown(t, n); i++) {
		const struct lk_record *r = &t->platform->packages[asks[i].package];
		lk_table_cell(&table, r->name);
		lk_table_cell(&table, r->version);
		lk_table_cell(&table, r->build);
		lk_table_cell(&table, asks[i].spec);
	}
	lk_table_put(&table, t->app);
	put_rest(t, n);
}

static void put_text(struct teller *t)
{
	const struct lk_why *why = t->why;
	put_subject(t);
	put_ways(t);
	put_asks(t, "needed by", why->needs, why->n_needs);
	if (why->n_needs == 0 && why->package != LK_GRAPH_NONE) {
		lk_buf_puts(&t->app->out, "\nno package needs it\n");
	}
	put_asks(t, "bounded by", why->bounds, why->n_bounds);
	if (why->pins.n > 0) {
		lk_buf_puts(&t->app->out, "\npinned to:\n");
	}
	for (size_t i = 0; i < why->pins.n; i++) {
		lk_buf_puts(&t->app->out, "  ");
		lk_app_text(t->app, why->pins.items[i], 0);
		lk_buf_putc(&t->app->out, '\n');
	}
}

static void put_ways_json(struct teller *t, struct lk_jw *w)
{
	lk_jw_key(w, "ways");
	lk_jw_array(w);
	for (size_t i = 0; i < t->why->n_ways && !w->out->overflow; i++) {
		const struct lk_why_way *way = &t->why->ways[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "spec", t->platform->specs.items[way->spec]);
		lk_jw_key(w, "packages");
		lk_jw_array(w);
		for (uint32_t p = way->first; p != LK_GRAPH_NONE; p = t->why->next[p]) {
			lk_jw_string(w, t->platform->packages[p].name);
		}
		lk_jw_end(w);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_asks_json(
	struct teller *t, struct lk_jw *w, const char *key, const struct lk_why_ask *asks, size_t n)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		const struct lk_record *r = &t->platform->packages[asks[i].package];
		lk_jw_object(w);
		lk_jw_key_string(w, "name", r->name);
		lk_jw_key_string(w, "version", r->version);
		lk_jw_key_string(w, "build", r->build);
		lk_jw_key_string(w, "spec", asks[i].spec);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_json(struct teller *t)
{
	const struct lk_why *why = t->why;
	bool is_virtual = why->package == LK_GRAPH_NONE;
	const struct lk_virtual *known = lk_virtuals_find(&t->platform->solved_with, why->name);
	struct lk_jw w;
	lk_jw_init(&w, &t->app->out, true);
	lk_jw_object(&w);
	lk_env_arg_json(t->arg, &w);
	lk_jw_key_string(&w, "name", why->name);
	lk_jw_key(&w, "virtual");
	lk_jw_bool(&w, is_virtual);
	if (!is_virtual) {
		const struct lk_record *r = &t->platform->packages[why->package];
		lk_jw_key_string(&w, "version", r->version);
		lk_jw_key_string(&w, "build", r->build);
		lk_jw_key_string(&w, "channel", r->channel);
		lk_jw_key_string(&w, "subdir", r->subdir);
	} else if (known && !t->arg->is_prefix) {
		lk_jw_key_string(&w, "solved_with", known->version);
	}
	lk_jw_opt_string(&w, "at_least", why->floor);
	put_ways_json(t, &w);
	put_asks_json(t, &w, "needed_by", why->needs, why->n_needs);
	put_asks_json(t, &w, "bounded_by", why->bounds, why->n_bounds);
	lk_jw_strings(&w, "pins", why->pins.items, why->pins.n);
	lk_jw_end(&w);
	lk_buf_putc(&t->app->out, '\n');
}

static int lacks(const struct lk_env_arg *arg, lk_str name, struct lk_error *err)
{
	if (!lk_name_is_virtual(name)) {
		return lk_env_arg_lacks(arg, name, err);
	}
	lk_fail(err, LK_E_FINDING, "nothing in '%s' asks for " LK_STR_FMT, arg->path,
		LK_STR_ARG(name));
	lk_error_hint(err, "'lockenv info %s' shows what it requires", arg->path);
	return LK_E_FINDING;
}

static int tell(struct teller *t, lk_str name, struct lk_error *err)
{
	struct lk_app *app = t->app;
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) graph;
	struct lk_why why;
	lk_lock_graph_make(t->platform, &graph);
	int rc = lk_lock_why(&graph, name, &why, err);
	if (rc == LK_E_NOT_FOUND) {
		return lacks(t->arg, name, err);
	}
	if (rc < 0) {
		return rc;
	}
	t->why = &why;
	(app->common.json ? put_json : put_text)(t);
	t->why = NULL;
	lk_lock_why_done(&why);
	return lk_app_check_size(
		app, "name another package, or leave --verbose or --json away", err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_env_arg LK_CLEANUP(lk_env_arg_done) arg = {0};
	const char *name;
	int rc = lk_env_arg_get(app, &c->env, args, true, &arg, &name, err);
	if (rc < 0) {
		return rc;
	}
	struct teller t = {app, &arg, arg.platform, NULL};
	return tell(&t, lk_str_lower(&app->arena, lk_str_of(name)), err);
}

static const struct lk_opt options[] = {
	LK_ENV_OPTION_ROWS(struct context, env),
};

const struct lk_cmd lk_cmd_why = {
	.name = "why",
	.arguments = "[LOCK|PREFIX] NAME",
	.summary = "why a package is there, and who bounds it",
	.description =
		"Shows the shortest way from each spec to NAME, every package that needs it and "
		"what each "
		"asks for, who bounds it (constrains) and pins. NAME may be a virtual package such "
		"as __cuda: then also the lowest version that does for all. --verbose shows long "
		"lists whole. Without LOCK and PREFIX: env.lock in the current folder. LOCK may be "
		"REV:PATH of a git repository.",
	.examples = {"lockenv why libcublas", "lockenv why env.lock __cuda --json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
