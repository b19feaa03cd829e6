/*
 * One failure looks as if its platform were the only one; of several each has its lines under its
 * own message.
 */
#include "cli/solve_failures.h"

#define MAX_JSON_DEPTH 48

void lk_solve_failure_take(struct lk_app *app, lk_str platform, struct lk_error *err,
	struct lk_solve_failures *failures)
{
	struct lk_solve_failure failure = {
		.platform = lk_str_dup(&app->arena, platform),
		.message = lk_str_dup(&app->arena, lk_str_of(err->message)),
		.hint = lk_str_dup(&app->arena, lk_str_of(err->hint)),
		.conflict = app->conflict,
	};
	for (size_t i = 0; i < app->explanation.len; i++) {
		lk_vec_push(&failure.lines, app->explanation.items[i]);
	}
	lk_vec_clear(&app->explanation);
	app->conflict = NULL;
	lk_error_clear(err);
	lk_vec_push(failures, failure);
}

static void add_line(struct lk_app *app, const char *before, lk_str text)
{
	lk_vec_push(&app->explanation,
		lk_str_printf(&app->arena, "%s" LK_STR_FMT, before, LK_STR_ARG(text)));
}

static int put_member(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_jw *w = ctx;
	lk_jw_key_str(w, key);
	lk_jw_value(w, member);
	return 0;
}

/* {"platforms": {P: {"message", "hint", and what its conflict has}}}. */
static struct lk_json_doc *join_conflicts(const struct lk_solve_failures *failures)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
	struct lk_json_doc *doc = NULL;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_jw w;
	lk_jw_init(&w, &text, false);
	lk_jw_object(&w);
	lk_jw_key(&w, "platforms");
	lk_jw_object(&w);
	for (size_t i = 0; i < failures->len; i++) {
		const struct lk_solve_failure *failure = &failures->items[i];
		lk_jw_key_str(&w, failure->platform);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "message", failure->message);
		lk_jw_opt_string(&w, "hint", failure->hint);
		if (failure->conflict) {
			(void)lk_json_each(lk_json_root(failure->conflict), put_member, &w);
		}
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	int rc = lk_json_parse(lk_buf_view(&text), "solve", MAX_JSON_DEPTH, &doc, &err);
	return rc < 0 ? NULL : doc;
}

static int tell_one(struct lk_app *app, struct lk_solve_failure *failure, size_t n_platforms,
	struct lk_error *err)
{
	lk_fail(err, LK_E_UNSAT, LK_STR_FMT, LK_STR_ARG(failure->message));
	if (failure->hint.len > 0) {
		lk_error_hint(err, LK_STR_FMT, LK_STR_ARG(failure->hint));
	}
	for (size_t i = 0; i < failure->lines.len; i++) {
		lk_vec_push(&app->explanation, failure->lines.items[i]);
	}
	app->conflict = failure->conflict;
	failure->conflict = NULL;
	return n_platforms > 1 ? lk_wrap(err, LK_STR_FMT, LK_STR_ARG(failure->platform))
			       : LK_E_UNSAT;
}

int lk_solve_failures_tell(struct lk_app *app, struct lk_solve_failures *failures,
	size_t n_platforms, struct lk_error *err)
{
	if (failures->len == 1) {
		tell_one(app, &failures->items[0], n_platforms, err);
		lk_solve_failures_done(failures);
		return LK_E_UNSAT;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	for (size_t i = 0; i < failures->len; i++) {
		const struct lk_solve_failure *failure = &failures->items[i];
		lk_buf_appendf(
			&names, "%s" LK_STR_FMT, i > 0 ? ", " : "", LK_STR_ARG(failure->platform));
		add_line(app, "",
			lk_str_printf(&app->arena, LK_STR_FMT ": " LK_STR_FMT,
				LK_STR_ARG(failure->platform), LK_STR_ARG(failure->message)));
		for (size_t k = 0; k < failure->lines.len; k++) {
			if (lk_str_find(failure->message, lk_str_trim(failure->lines.items[k])) ==
				SIZE_MAX) {
				add_line(app, "  ", failure->lines.items[k]);
			}
		}
		if (failure->hint.len > 0) {
			add_line(app, "  hint: ", failure->hint);
		}
	}
	if (app->common.json) {
		app->conflict = join_conflicts(failures);
	}
	lk_fail(err, LK_E_UNSAT, "%zu of %zu platforms have no answer: %s", failures->len,
		n_platforms, lk_buf_cstr(&names));
	lk_error_hint(err, "nothing is written; %s",
		failures->len < n_platforms ? "the others can be solved alone by --platform"
					    : "what each platform wants is told with it");
	lk_solve_failures_done(failures);
	return LK_E_UNSAT;
}

void lk_solve_failures_done(struct lk_solve_failures *failures)
{
	for (size_t i = 0; i < failures->len; i++) {
		lk_vec_done(&failures->items[i].lines);
		lk_json_doc_free(failures->items[i].conflict);
	}
	lk_vec_done(failures);
}
