/*
 * lockenv tree: what needs what, drawn.
 */
#include "cli/app.h"

#include "cli/env_arg.h"
#include "lock/lock_tree.h"

#define MAX_DEPTH 64 /* that is drawn; deeper lines say how deep they are */

struct context {
	struct lk_env_options env;
	const char *charset;
	unsigned depth; /* 0: not given */
	bool invert;
};

struct strokes {
	const char *through, *blank, *branch, *last;
};

struct tree {
	struct lk_app *app;
	const struct lk_lock_platform *platform;
	const struct lk_lock_graph *graph;
	const struct strokes *strokes;
	bool up, told_orphans;
	bool is_last[MAX_DEPTH + 1]; /* of the line that each depth had last */
	bool *seen, *open;           /* beside the packages: it has a line; it was taken apart */
};

static void put_strokes(struct tree *t, const struct lk_branch *line)
{
	struct lk_buf *out = &t->app->out;
	if (line->depth > MAX_DEPTH) {
		lk_buf_appendf(out, "[%u] ", line->depth);
		return;
	}
	t->is_last[line->depth] = line->is_last;
	for (uint32_t d = 1; d < line->depth; d++) {
		lk_buf_puts(out, t->is_last[d] ? t->strokes->blank : t->strokes->through);
	}
	if (line->depth > 0) {
		lk_buf_puts(out, line->is_last ? t->strokes->last : t->strokes->branch);
	}
}

static void put_package(struct tree *t, const struct lk_branch *line)
{
	struct lk_app *app = t->app;
	const struct lk_record *r = &t->platform->packages[line->package];
	lk_app_text(app, r->name, 0);
	lk_buf_putc(&app->out, ' ');
	lk_app_text(app, r->version, 0);
	if (r->build.len > 0) {
		lk_buf_putc(&app->out, ' ');
		lk_app_text(app, r->build, 0);
	}
	bool says_more = line->spec.len > 0 && !lk_str_eq(line->spec, r->name);
	if (says_more && (t->up || line->depth == 0)) {
		lk_buf_puts(&app->out, " (");
		lk_app_text(app, line->spec, 0);
		lk_buf_putc(&app->out, ')');
	}
	lk_buf_puts(&app->out, line->is_again ? " (*)" : line->is_cut ? " ..." : "");
}

static bool draw(void *ctx, const struct lk_branch *line)
{
	struct tree *t = ctx;
	struct lk_buf *out = &t->app->out;
	if (line->is_orphan && !t->told_orphans && t->platform->specs.n > 0) {
		lk_buf_puts(out, out->len > 0 ? "\nno spec leads to:\n" : "no spec leads to:\n");
	}
	t->told_orphans = t->told_orphans || line->is_orphan;
	put_strokes(t, line);
	switch (line->kind) {
	case LK_BRANCH_PACKAGE:
		put_package(t, line);
		break;
	case LK_BRANCH_VIRTUAL:
		lk_app_text(t->app, line->spec, 0);
		lk_buf_puts(out, line->is_cut ? " ..." : "");
		break;
	case LK_BRANCH_MISSING:
		lk_app_text(t->app, line->spec, 0);
		lk_buf_puts(out, " (missing)");
		break;
	case LK_BRANCH_SPEC:
		lk_buf_puts(out, "spec: ");
		lk_app_text(t->app, line->spec, 0);
		break;
	}
	lk_buf_putc(out, '\n');
	return !out->overflow;
}

static bool note(void *ctx, const struct lk_branch *line)
{
	struct tree *t = ctx;
	if (line->kind == LK_BRANCH_PACKAGE) {
		t->seen[line->package] = true;
		t->open[line->package] =
			t->open[line->package] || (!line->is_again && !line->is_cut);
	}
	return true;
}

static void put_edge(struct lk_jw *w, lk_str from, lk_str to, lk_str spec, const char *what)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "from", from);
	lk_jw_key_string(w, "to", to);
	lk_jw_key_string(w, "spec", spec);
	if (what) {
		lk_jw_key(w, what);
		lk_jw_bool(w, true);
	}
	lk_jw_end(w);
}

/* Does the tree show what hangs on the edge between USER and what it needs, NEEDED or (NONE) none
 * of the packages? */
static bool shows_edge(const struct tree *t, size_t user, uint32_t needed, bool up_leaf)
{
	if (needed == LK_GRAPH_NONE) {
		return t->up ? up_leaf && t->seen[user] : t->open[user];
	}
	return t->up ? t->open[needed] && t->seen[user] : t->open[user];
}

static void put_edges(struct tree *t, lk_str name, struct lk_jw *w)
{
	for (size_t i = 0; i < t->platform->n_packages; i++) {
		const struct lk_graph_node *node = &t->graph->nodes[i];
		const struct lk_record *r = &t->platform->packages[i];
		for (size_t e = 0; e < node->n_needs; e++) {
			uint32_t to = node->needs[e].to;
			if (shows_edge(t, i, to, false)) {
				put_edge(w, r->name, t->platform->packages[to].name,
					r->depends.items[node->needs[e].spec], NULL);
			}
		}
		for (size_t l = 0; l < node->n_leaves; l++) {
			const struct lk_graph_leaf *leaf = &node->leaves[l];
			if (shows_edge(t, i, LK_GRAPH_NONE, lk_str_eq(leaf->name, name))) {
				put_edge(w, r->name, leaf->name, r->depends.items[leaf->spec],
					leaf->is_virtual ? "virtual" : "missing");
			}
		}
	}
}

static void put_roots(const struct tree *t, struct lk_jw *w)
{
	const struct lk_lock_graph *graph = t->graph;
	size_t e = 0;
	for (size_t i = 0; i < t->platform->specs.n; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "spec", t->platform->specs.items[i]);
		lk_jw_key(w, "packages");
		lk_jw_array(w);
		for (; e < graph->n_roots && graph->roots[e].spec == i; e++) {
			lk_jw_string(w, t->platform->packages[graph->roots[e].to].name);
		}
		lk_jw_end(w);
		lk_jw_end(w);
	}
}

static void put_json(struct tree *t, const struct lk_env_arg *arg, lk_str name)
{
	struct lk_jw w;
	lk_jw_init(&w, &t->app->out, true);
	lk_jw_object(&w);
	lk_env_arg_json(arg, &w);
	lk_jw_key(&w, "specs");
	lk_jw_array(&w);
	put_roots(t, &w);
	lk_jw_end(&w);
	lk_jw_key(&w, "packages");
	lk_jw_array(&w);
	for (size_t i = 0; i < t->platform->n_packages; i++) {
		const struct lk_record *r = &t->platform->packages[i];
		if (t->seen[i]) {
			lk_jw_object(&w);
			lk_jw_key_string(&w, "name", r->name);
			lk_jw_key_string(&w, "version", r->version);
			lk_jw_key_string(&w, "build", r->build);
			lk_jw_key_string(&w, "channel", r->channel);
			lk_jw_key_string(&w, "subdir", r->subdir);
			lk_jw_key(&w, "orphan");
			lk_jw_bool(&w, t->graph->nodes[i].root == LK_GRAPH_NONE);
			lk_jw_end(&w);
		}
	}
	lk_jw_end(&w);
	lk_jw_key(&w, "edges");
	lk_jw_array(&w);
	put_edges(t, name, &w);
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&t->app->out, '\n');
}

static int show(struct tree *t, const struct context *c, const struct lk_env_arg *arg, lk_str name,
	struct lk_error *err)
{
	struct lk_app *app = t->app;
	const struct lk_lock_tree_options options = {
		.name = name,
		.up = c->invert,
		.depth = c->depth > 0 ? c->depth : UINT32_MAX,
	};
	int rc = lk_lock_tree_walk(t->graph, &options, app->common.json ? note : draw, t, err);
	if (rc == LK_E_NOT_FOUND) {
		return lk_env_arg_lacks(arg, name, err);
	}
	if (rc == 0 && app->common.json) {
		put_json(t, arg, name);
	}
	return rc < 0 ? rc
		      : lk_app_check_size(
				app, "draw less of it: --depth N, or the tree of one NAME", err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	static const struct strokes utf8 = {"│   ", "    ", "├── ", "└── "};
	static const struct strokes ascii = {"|   ", "    ", "|-- ", "`-- "};
	const struct context *c = context;
	struct lk_env_arg LK_CLEANUP(lk_env_arg_done) arg = {0};
	const char *name;
	int rc = lk_env_arg_get(app, &c->env, args, false, &arg, &name, err);
	if (rc == 0 && c->invert && !name) {
		lk_fail(err, LK_E_USAGE, "--invert without a NAME");
		lk_error_hint(err, "name the package whose needers are wanted");
		rc = LK_E_USAGE;
	}
	if (rc < 0) {
		return rc;
	}
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) graph;
	lk_lock_graph_make(arg.platform, &graph);
	struct tree t = {
		.app = app,
		.platform = arg.platform,
		.graph = &graph,
		.strokes = c->charset && strcmp(c->charset, "ascii") == 0 ? &ascii : &utf8,
		.up = c->invert,
		.seen = lk_arena_calloc(&app->arena, arg.platform->n_packages, sizeof(*t.seen)),
		.open = lk_arena_calloc(&app->arena, arg.platform->n_packages, sizeof(*t.open)),
	};
	return show(&t, c, &arg, lk_str_lower(&app->arena, lk_str_of(name)), err);
}

static const struct lk_opt options[] = {
	LK_ENV_OPTION_ROWS(struct context, env),
	{"invert", 'i', LK_OPT_FLAG, offsetof(struct context, invert), NULL,
		"who needs NAME, up to the specs; NAME may be a virtual package", NULL},
	{"depth", 0, LK_OPT_UINT, offsetof(struct context, depth), "N",
		"no more than N levels below the first", NULL},
	{"charset", 0, LK_OPT_STRING, offsetof(struct context, charset), "SET",
		"draw with utf8 (default) or ascii", "utf8|ascii"},
};

const struct lk_cmd lk_cmd_tree = {
	.name = "tree",
	.arguments = "[LOCK|PREFIX] [NAME]",
	.summary = "what needs what in a lock or an environment",
	.description =
		"Draws the packages below the specs that ask for them, or what is below NAME; with "
		"--invert what is above it, with what each asks of the other. (*) marks a package "
		"whose own dependencies stand further up, ... what --depth cuts off. What no spec "
		"leads to comes last. --json has the same as a flat graph. Without LOCK and "
		"PREFIX: "
		"env.lock in the current folder. LOCK may be REV:PATH of a git repository.",
	.examples = {"lockenv tree env.lock --depth 2", "lockenv tree --invert __cuda"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 2,
	.run = run,
};
