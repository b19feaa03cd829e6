/*
 * Reasons and suggestions as lines for people and as JSON for programs.
 */
#include "cli/solve_tell.h"

#include "cli/instant.h"

#define BRIEF_LINES 8u /* with the error's own line and its hint: ten */
#define MAX_JSON_DEPTH 40

/* --- the explanation's lines --- */

/* The depth of reasons up to which all fit into N lines. */
static unsigned fitting_depth(const struct lk_solution *solution, size_t n)
{
	unsigned depth = 0;
	for (;; depth++) {
		size_t lines = 0;
		bool deeper = false;
		for (size_t i = 0; i < solution->n_reasons; i++) {
			lines += solution->reasons[i].depth <= depth + 1;
			deeper = deeper || solution->reasons[i].depth > depth;
		}
		if (!deeper || lines > n) {
			return depth;
		}
	}
}

static void add_line(struct lk_app *app, unsigned depth, lk_str text)
{
	lk_vec_push(&app->explanation,
		lk_str_printf(
			&app->arena, "%*s" LK_STR_FMT, (int)(2 * depth), "", LK_STR_ARG(text)));
}

/* All lines with --verbose; else the ones nearest to the collision. */
static void add_lines(struct lk_app *app, const struct lk_solution *solution)
{
	bool all = app->common.verbose > 0 || solution->n_reasons <= BRIEF_LINES;
	unsigned depth = fitting_depth(solution, BRIEF_LINES - 1);
	size_t room = BRIEF_LINES - 1;
	size_t left_out = 0;

	for (size_t i = 0; !all && i < solution->n_reasons; i++) {
		room -= solution->reasons[i].depth <= depth && room > 0;
	}
	for (size_t i = 0; i < solution->n_reasons; i++) {
		const struct lk_reason *reason = &solution->reasons[i];
		bool deeper = reason->depth == depth + 1 && room > 0;

		if (all || (reason->depth <= depth && app->explanation.len < BRIEF_LINES - 1) ||
			deeper) {
			room -= !all && deeper;
			add_line(app, reason->depth, reason->text);
		} else {
			left_out++;
		}
	}
	if (left_out > 0) {
		add_line(app, 0,
			lk_str_printf(&app->arena, "(%zu more line%s with --verbose)", left_out,
				left_out == 1 ? "" : "s"));
	}
}

/* --- suggestions --- */

/* "__cuda=12.8" as the option that says it. */
static lk_str virtual_option(struct lk_app *app, lk_str text)
{
	static const char *const options[][2] = {
		{"__cuda=", "--cuda"},
		{"__cuda_arch=", "--cuda-arch"},
		{"__glibc=", "--glibc"},
		{"__archspec=1=", "--archspec"},
	};
	for (size_t i = 0; i < LK_COUNTOF(options); i++) {
		lk_str prefix = lk_str_of(options[i][0]);
		if (lk_str_starts(text, prefix)) {
			return lk_str_printf(&app->arena, "%s " LK_STR_FMT, options[i][1],
				LK_STR_ARG(lk_str_skip(text, prefix.len)));
		}
	}
	return lk_str_printf(&app->arena, "--virtual " LK_STR_FMT, LK_STR_ARG(text));
}

static lk_str suggestion_text(
	struct lk_app *app, const struct lk_task *task, const struct lk_suggestion *suggestion)
{
	struct lk_arena *arena = &app->arena;
	const struct lk_matchspec *spec = suggestion->kind == LK_SUGGEST_UNPIN
		? task->pins[suggestion->index]
		: task->specs[suggestion->index];
	switch (suggestion->kind) {
	case LK_SUGGEST_SPEC:
		return lk_str_printf(arena,
			"'" LK_STR_FMT "' instead of '" LK_STR_FMT "' (gives " LK_STR_FMT ")",
			LK_STR_ARG(suggestion->text), LK_STR_ARG(spec->text),
			LK_STR_ARG(suggestion->version));
	case LK_SUGGEST_DROP:
		return lk_str_printf(arena, "leaving out '" LK_STR_FMT "'", LK_STR_ARG(spec->text));
	case LK_SUGGEST_UNPIN:
		return lk_str_printf(
			arena, "leaving out the pin '" LK_STR_FMT "'", LK_STR_ARG(spec->text));
	case LK_SUGGEST_VIRTUAL:
		return virtual_option(app, suggestion->text);
	case LK_SUGGEST_NEWER:
		return lk_str_printf(arena, "--exclude-newer " LK_STR_FMT,
			LK_STR_ARG(lk_instant_text(suggestion->instant, arena)));
	default:
		return LK_STR("--channel-priority flexible");
	}
}

/* What would do, in one line; what the error hints at stays when nothing was found. */
static void hint(struct lk_app *app, const struct lk_task *task, const struct lk_solution *solution,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(sizeof(err->hint));
	for (size_t i = 0; i < solution->n_suggestions; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT, i > 0 ? ", or " : "",
			LK_STR_ARG(suggestion_text(app, task, &solution->suggestions[i])));
	}
	if (solution->n_suggestions > 0) {
		lk_error_hint(err, "%s would do", lk_buf_cstr(&text));
	}
}

/* --- JSON --- */

static void put_reasons(struct lk_jw *w, const struct lk_solution *solution)
{
	lk_jw_key(w, "reasons");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_reasons; i++) {
		const struct lk_reason *reason = &solution->reasons[i];
		unsigned next = i + 1 < solution->n_reasons ? reason[1].depth : 0;
		lk_jw_object(w);
		lk_jw_key_string(w, "text", reason->text);
		if (next > reason->depth) {
			lk_jw_key(w, "because");
			lk_jw_array(w);
			continue;
		}
		lk_jw_end(w);
		for (unsigned depth = reason->depth; depth > next; depth--) {
			lk_jw_end(w);
			lk_jw_end(w);
		}
	}
	lk_jw_end(w);
}

static void put_suggestion(struct lk_app *app, struct lk_jw *w, const struct lk_task *task,
	const struct lk_suggestion *suggestion)
{
	static const char *const kinds[] = {
		[LK_SUGGEST_SPEC] = "spec",
		[LK_SUGGEST_DROP] = "drop",
		[LK_SUGGEST_UNPIN] = "unpin",
		[LK_SUGGEST_VIRTUAL] = "virtual",
		[LK_SUGGEST_NEWER] = "exclude-newer",
		[LK_SUGGEST_FLEXIBLE] = "channel-priority",
	};
	lk_jw_object(w);
	lk_jw_key_string(w, "kind", lk_str_of(kinds[suggestion->kind]));
	lk_jw_key_string(w, "text", suggestion_text(app, task, suggestion));
	switch (suggestion->kind) {
	case LK_SUGGEST_SPEC:
	case LK_SUGGEST_DROP:
		lk_jw_key_string(w, "spec", task->specs[suggestion->index]->text);
		lk_jw_opt_string(w, "instead", suggestion->text);
		lk_jw_opt_string(w, "version", suggestion->version);
		break;
	case LK_SUGGEST_UNPIN:
		lk_jw_key_string(w, "spec", task->pins[suggestion->index]->text);
		break;
	default:
		lk_jw_opt_string(w, "virtual", suggestion->text);
		break;
	}
	lk_jw_end(w);
}

static void put_conflict(struct lk_app *app, struct lk_jw *w, const struct lk_task *task,
	const struct lk_solution *solution)
{
	lk_jw_object(w);
	lk_jw_key(w, "specs");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_culprits; i++) {
		const struct lk_culprit *culprit = &solution->culprits[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "spec",
			(culprit->is_pin ? task->pins : task->specs)[culprit->index]->text);
		lk_jw_key(w, "pin");
		lk_jw_bool(w, culprit->is_pin);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	put_reasons(w, solution);
	lk_jw_key(w, "suggestions");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_suggestions; i++) {
		put_suggestion(app, w, task, &solution->suggestions[i]);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

static void keep_json(
	struct lk_app *app, const struct lk_task *task, const struct lk_solution *solution)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_jw w;
	lk_jw_init(&w, &text, false);
	put_conflict(app, &w, task, solution);
	/* It is our own text; without it the error is told all the same. */
	if (lk_json_parse(lk_buf_view(&text), "conflict", MAX_JSON_DEPTH, &app->conflict, &err) <
		0) {
		app->conflict = NULL;
	}
}

void lk_tell_unsat(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_error *err)
{
	add_lines(app, solution);
	hint(app, task, solution, err);
	if (app->common.json) {
		keep_json(app, task, solution);
	}
}
