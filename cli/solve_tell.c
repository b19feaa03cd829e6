/*
 * Reasons and suggestions as lines for people and as JSON for programs.
 */
#include "cli/solve_tell.h"

#include "cli/instant.h"

#define BRIEF_LINES 8u /* with the error's own line and its hint: ten */
#define MAX_JSON_DEPTH 40
#define MAX_JOINED 3  /* reasons in one line */
#define MAX_LINE 400u /* bytes of a line, beyond which no further reason is put */

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

static void put_reasons(struct lk_jw *w, const struct lk_reason *reasons, size_t n)
{
	lk_jw_key(w, "reasons");
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		const struct lk_reason *reason = &reasons[i];
		unsigned next = i + 1 < n ? reason[1].depth : 0;
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
	put_reasons(w, solution->reasons, solution->n_reasons);
	lk_jw_key(w, "suggestions");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_suggestions; i++) {
		put_suggestion(app, w, task, &solution->suggestions[i]);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

/* Our own TEXT as a tree; NULL, and it is left out, should it not be one. */
static struct lk_json_doc *doc_of(const struct lk_buf *text)
{
	struct lk_json_doc *doc = NULL;
	struct lk_error err = LK_ERROR_INIT;
	return lk_json_parse(lk_buf_view(text), "solve", MAX_JSON_DEPTH, &doc, &err) < 0 ? NULL
											 : doc;
}

void lk_tell_unsat(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_error *err)
{
	add_lines(app, solution);
	hint(app, task, solution, err);
	if (app->common.json) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
		struct lk_jw w;
		lk_jw_init(&w, &text, false);
		put_conflict(app, &w, task, solution);
		app->conflict = doc_of(&text);
	}
}

/* --- an answer --- */

/* A few reasons in one line. */
static void put_joined(const struct lk_reason *reasons, size_t n, struct lk_buf *line)
{
	for (size_t i = 0; i < n && i < MAX_JOINED; i++) {
		if (i > 0 && line->len + reasons[i].text.len > MAX_LINE) {
			lk_buf_puts(line, "; …");
			break;
		}
		lk_buf_appendf(
			line, "%s" LK_STR_FMT, i > 0 ? "; " : ": ", LK_STR_ARG(reasons[i].text));
	}
}

/* "numpy 1.26.4, not 2.1.3: why". ALL: everything was to be updated. */
static void note_behind(
	struct lk_app *app, const char *where, const struct lk_behind *behind, bool all)
{
	bool builds = lk_str_eq(behind->version, behind->not_version);
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(16384);
	lk_buf_appendf(&line, "%s" LK_STR_FMT " " LK_STR_FMT, where, LK_STR_ARG(behind->name),
		LK_STR_ARG(behind->version));
	if (builds) {
		lk_buf_appendf(&line, " " LK_STR_FMT, LK_STR_ARG(behind->build));
	}
	lk_buf_appendf(&line, ", not " LK_STR_FMT,
		LK_STR_ARG(builds ? behind->not_build : behind->not_version));
	put_joined(behind->reasons, behind->n_reasons, &line);
	lk_note(&app->report,
		behind->is_updated || (all && behind->is_root) ? 0
			: behind->is_root                      ? 1
							       : 2,
		"%s", lk_buf_cstr(&line));
}

/* "libblas 3.9.0 -> 3.10.0: why"; what is new or gone is told where names were updated, else with
 * -v. */
static void note_move(
	struct lk_app *app, const char *where, const struct lk_move *move, bool updating)
{
	bool is_new = move->from_version.len == 0;
	bool is_gone = move->to_version.len == 0;
	bool builds = lk_str_eq(move->from_version, move->to_version);
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(16384);
	lk_buf_appendf(&line, "%s" LK_STR_FMT " " LK_STR_FMT, where, LK_STR_ARG(move->name),
		LK_STR_ARG(is_new ? move->to_version : move->from_version));
	if (is_new) {
		lk_buf_puts(&line, " is new");
	} else if (is_gone) {
		lk_buf_puts(&line, " goes: nothing needs it any more");
	} else if (builds) {
		lk_buf_appendf(&line, " " LK_STR_FMT " -> " LK_STR_FMT,
			LK_STR_ARG(move->from_build), LK_STR_ARG(move->to_build));
	} else {
		lk_buf_appendf(&line, " -> " LK_STR_FMT, LK_STR_ARG(move->to_version));
	}
	put_joined(move->reasons, move->n_reasons, &line);
	lk_note(&app->report, (is_new || is_gone) && !updating ? 1 : 0, "%s", lk_buf_cstr(&line));
}

static void note_choice(struct lk_app *app, const char *where, const struct lk_cuda_choice *choice)
{
	lk_note(&app->report, 0,
		"%s" LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT " is locked with%s CUDA: " LK_STR_FMT
		"; '" LK_STR_FMT "'%s asks for the other",
		where, LK_STR_ARG(choice->name), LK_STR_ARG(choice->version),
		LK_STR_ARG(choice->build), choice->has_cuda ? "" : "out",
		LK_STR_ARG(choice->reason), LK_STR_ARG(choice->other),
		choice->needs_cuda ? " with --cuda VERSION" : "");
}

static void put_moves(struct lk_jw *w, const struct lk_solution *solution)
{
	lk_jw_key(w, "moved");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_moves; i++) {
		const struct lk_move *move = &solution->moves[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "name", move->name);
		lk_jw_opt_string(w, "from_version", move->from_version);
		lk_jw_opt_string(w, "from_build", move->from_build);
		lk_jw_opt_string(w, "to_version", move->to_version);
		lk_jw_opt_string(w, "to_build", move->to_build);
		put_reasons(w, move->reasons, move->n_reasons);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_behind(struct lk_jw *w, const struct lk_solution *solution)
{
	lk_jw_key(w, "behind");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_behind; i++) {
		const struct lk_behind *behind = &solution->behind[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "name", behind->name);
		lk_jw_key_string(w, "version", behind->version);
		lk_jw_key_string(w, "build", behind->build);
		lk_jw_key_string(w, "not_version", behind->not_version);
		lk_jw_key_string(w, "not_build", behind->not_build);
		put_reasons(w, behind->reasons, behind->n_reasons);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_choices(struct lk_jw *w, const struct lk_solution *solution)
{
	lk_jw_key(w, "cuda");
	lk_jw_array(w);
	for (size_t i = 0; i < solution->n_cuda; i++) {
		const struct lk_cuda_choice *choice = &solution->cuda[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "name", choice->name);
		lk_jw_key_string(w, "version", choice->version);
		lk_jw_key_string(w, "build", choice->build);
		lk_jw_key(w, "has_cuda");
		lk_jw_bool(w, choice->has_cuda);
		lk_jw_key_string(w, "reason", choice->reason);
		lk_jw_key_string(w, "other_spec", choice->other);
		lk_jw_key(w, "other_needs_cuda");
		lk_jw_bool(w, choice->needs_cuda);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

void lk_tell_answer(struct lk_app *app, const struct lk_task *task, lk_str platform, bool several,
	const struct lk_solution *solution)
{
	const char *where =
		several ? lk_arena_printf(&app->arena, LK_STR_FMT ": ", LK_STR_ARG(platform)) : "";
	for (size_t i = 0; i < solution->n_moves; i++) {
		note_move(app, where, &solution->moves[i], task->n_update > 0);
	}
	for (size_t i = 0; i < solution->n_behind; i++) {
		note_behind(app, where, &solution->behind[i], task->update_all);
	}
	for (size_t i = 0; i < solution->n_cuda; i++) {
		note_choice(app, where, &solution->cuda[i]);
	}
	if (app->common.json) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
		struct lk_jw w;
		lk_jw_init(&w, &text, false);
		lk_jw_object(&w);
		put_choices(&w, solution);
		put_behind(&w, solution);
		put_moves(&w, solution);
		lk_jw_end(&w);
		struct lk_told told = {
			.platform = lk_str_dup(&app->arena, platform), .doc = doc_of(&text)};
		lk_vec_push(&app->told, told);
	}
}

static int put_member(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_jw *w = ctx;
	lk_jw_key_str(w, key);
	lk_jw_value(w, member);
	return 0;
}

void lk_put_told(const struct lk_app *app, struct lk_jw *w, lk_str platform)
{
	for (size_t i = 0; i < app->told.len; i++) {
		if (app->told.items[i].doc && lk_str_eq(app->told.items[i].platform, platform)) {
			(void)lk_json_each(lk_json_root(app->told.items[i].doc), put_member, w);
		}
	}
}
