/*
 * What a check found, for people and as JSON.
 */
#include "cli/checked.h"

#define SHOWN_PACKAGES 5

static void put_list(const struct lk_strs *texts, size_t max, struct lk_buf *out)
{
	for (size_t i = 0; i < texts->len && i < max; i++) {
		lk_buf_puts(out, i == 0 ? "" : ", ");
		lk_buf_put(out, texts->items[i]);
	}
	if (texts->len > max) {
		lk_buf_appendf(out, " and %zu more", texts->len - max);
	}
	lk_buf_puts(out, texts->len > 0 ? ": " : "");
}

void lk_check_put_finding(const struct lk_finding *finding, size_t max_packages, struct lk_buf *out)
{
	put_list(&finding->platforms, SIZE_MAX, out);
	put_list(&finding->packages, max_packages, out);
	lk_buf_put(out, finding->message);
}

static void tell_finding(struct lk_app *app, const char *path, const struct lk_finding *finding)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT((size_t)16 << 20);
	/* The reader's own words have the place in front. */
	if (finding->kind != LK_FINDING_UNKNOWN) {
		lk_buf_appendf(&line, "%s: ", path);
	}
	lk_check_put_finding(finding, app->common.verbose > 0 ? SIZE_MAX : SHOWN_PACKAGES, &line);
	if (finding->level == LK_LEVEL_WARNING) {
		lk_warn(&app->report, "%s", lk_buf_cstr(&line));
	} else if (finding->level == LK_LEVEL_NOTE) {
		lk_note(&app->report, 1, "%s", lk_buf_cstr(&line));
	} else {
		lk_app_text(app, lk_buf_view(&line), 0);
		lk_buf_putc(&app->out, '\n');
	}
}

static void tell_verdict(struct lk_app *app, const char *path, const struct lk_verdict *verdict)
{
	lk_str line = verdict->fit == LK_FIT_YES
		? lk_str_printf(&app->arena, "%s: %s meets it (" LK_STR_FMT ")", path,
			  verdict->node->name, LK_STR_ARG(verdict->platform))
		: lk_str_printf(&app->arena, "%s: %s %s: " LK_STR_FMT, path, verdict->node->name,
			  verdict->fit == LK_FIT_NO ? "does not meet it" : "is not judged",
			  LK_STR_ARG(verdict->why));
	lk_app_text(app, line, 0);
	lk_buf_putc(&app->out, '\n');
}

/* "env.lock is consistent, up to date with environment.yml and fit for this host" */
static void tell_success(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_nodes *nodes, const struct lk_checked *checked)
{
	const char *parts[4] = {"consistent"};
	size_t n = 1;
	size_t n_fit = 0;
	for (size_t i = 0; i < checked->verdicts.len; i++) {
		n_fit += checked->verdicts.items[i].fit == LK_FIT_YES;
	}
	if (checked->file) {
		parts[n++] = lk_arena_printf(&app->arena, "up to date with %s", checked->file);
	}
	if (options->policy) {
		parts[n++] = lk_arena_printf(&app->arena, "within %s", options->policy);
	}
	if (n_fit > 0) {
		parts[n++] = nodes->fleet ? lk_arena_printf(&app->arena, "fit for %zu of %zu hosts",
						    n_fit, checked->verdicts.len)
					  : lk_arena_printf(&app->arena, "fit for %s",
						    checked->verdicts.items[0].node->name);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT((size_t)1 << 20);
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&line, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " and ", parts[i]);
	}
	lk_note(&app->report, 0, "%s is %s", checked->arg.path, lk_buf_cstr(&line));
}

/* What an installer can do without, so that it is no finding unless a policy says so. */
static void note_integrity(struct lk_app *app, const struct lk_checked *checked)
{
	const struct lk_lock *lock = &checked->arg.lock;
	size_t no_md5 = 0;
	size_t no_size = 0;
	for (size_t p = 0; p < lock->n_platforms; p++) {
		for (size_t i = 0; i < lock->platforms[p].n_packages; i++) {
			no_md5 += !lock->platforms[p].packages[i].has_md5;
			no_size += !lock->platforms[p].packages[i].has_size;
		}
	}
	if (no_md5 + no_size > 0) {
		lk_note(&app->report, 1,
			"%s: %zu packages have no md5, %zu have no size; all have a sha256",
			checked->arg.path, no_md5, no_size);
	}
}

void lk_check_tell(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_nodes *nodes, const struct lk_checked *checked)
{
	const char *path = checked->arg.path;
	for (size_t i = 0; i < checked->findings.list.len; i++) {
		tell_finding(app, path, &checked->findings.list.items[i]);
	}
	if (app->common.verbose > 0) {
		note_integrity(app, checked);
	}
	for (size_t i = 0; i < checked->verdicts.len; i++) {
		const struct lk_verdict *verdict = &checked->verdicts.items[i];
		if (nodes->fleet || verdict->fit != LK_FIT_YES) {
			tell_verdict(app, path, verdict);
		}
	}
	if (checked->findings.n_findings == 0 && checked->n_unfit == 0) {
		tell_success(app, options, nodes, checked);
	}
}

static void put_findings(
	struct lk_jw *w, const struct lk_findings *findings, enum lk_finding_level level)
{
	lk_jw_array(w);
	for (size_t i = 0; i < findings->list.len; i++) {
		const struct lk_finding *finding = &findings->list.items[i];
		if (finding->level != level) {
			continue;
		}
		lk_jw_object(w);
		lk_jw_key_string(w, "kind", lk_str_of(lk_finding_name(finding->kind)));
		lk_jw_strings(w, "platforms", finding->platforms.items, finding->platforms.len);
		lk_jw_strings(w, "packages", finding->packages.items, finding->packages.len);
		lk_jw_key_string(w, "message", finding->message);
		lk_jw_key_string(w, "hint", finding->hint);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_lacks(struct lk_jw *w, const struct lk_verdict *verdict)
{
	lk_jw_array(w);
	for (size_t i = 0; i < verdict->lacks.len; i++) {
		const struct lk_lack *lack = &verdict->lacks.items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "requirement", lack->requirement);
		lk_jw_key_string(w, "package", lack->package);
		lk_jw_key(w, "has");
		if (lack->has.len > 0) {
			lk_jw_string(w, lack->has);
		} else {
			lk_jw_null(w);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_verdict(struct lk_jw *w, const struct lk_verdict *verdict)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "host", lk_str_of(verdict->node->name));
	lk_jw_opt_string(w, "profile", lk_str_of(verdict->node->path));
	lk_jw_opt_string(w, "platform", verdict->platform);
	lk_jw_key(w, "meets");
	if (verdict->fit == LK_FIT_NOT_JUDGED) {
		lk_jw_null(w);
	} else {
		lk_jw_bool(w, verdict->fit == LK_FIT_YES);
	}
	lk_jw_opt_string(w, "reason", verdict->why);
	lk_jw_opt_string(w, "hint", verdict->hint);
	lk_jw_key(w, "unmet");
	put_lacks(w, verdict);
	lk_jw_end(w);
}

static bool is_about(const struct lk_finding *finding, lk_str subdir)
{
	for (size_t i = 0; i < finding->platforms.len; i++) {
		if (lk_str_eq(finding->platforms.items[i], subdir)) {
			return true;
		}
	}
	return false;
}

static void put_platforms(
	const struct lk_check_options *options, const struct lk_checked *checked, struct lk_jw *w)
{
	lk_str wanted = lk_str_of(options->platform);
	lk_jw_array(w);
	for (size_t i = 0; i < checked->arg.lock.n_platforms; i++) {
		const struct lk_lock_platform *one = &checked->arg.lock.platforms[i];
		if (wanted.len > 0 && !lk_str_eq(wanted, one->subdir)) {
			continue;
		}
		size_t n = 0;
		for (size_t k = 0; k < checked->findings.list.len; k++) {
			const struct lk_finding *finding = &checked->findings.list.items[k];
			n += finding->level == LK_LEVEL_FINDING && is_about(finding, one->subdir);
		}
		lk_jw_object(w);
		lk_jw_key_string(w, "platform", one->subdir);
		lk_jw_key_uint(w, "packages", one->n_packages);
		lk_jw_key_uint(w, "findings", n);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static bool is_consistent(const struct lk_findings *findings)
{
	for (size_t i = 0; i < findings->list.len; i++) {
		if (findings->list.items[i].kind <= LK_FINDING_CONSTRAINT) {
			return false;
		}
	}
	return true;
}

void lk_check_put_json(
	const struct lk_check_options *options, const struct lk_checked *checked, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "lock", lk_str_of(checked->arg.path));
	lk_jw_key(w, "ok");
	lk_jw_bool(w, checked->findings.n_findings == 0 && checked->n_unfit == 0);
	lk_jw_key(w, "consistent");
	lk_jw_bool(w, is_consistent(&checked->findings));
	lk_jw_opt_string(w, "file", lk_str_of(checked->file));
	lk_jw_opt_string(w, "policy", lk_str_of(options->policy));
	lk_jw_key(w, "platforms");
	put_platforms(options, checked, w);
	lk_jw_key(w, "findings");
	put_findings(w, &checked->findings, LK_LEVEL_FINDING);
	lk_jw_key(w, "warnings");
	put_findings(w, &checked->findings, LK_LEVEL_WARNING);
	lk_jw_key(w, "notes");
	put_findings(w, &checked->findings, LK_LEVEL_NOTE);
	lk_jw_key(w, "hosts");
	lk_jw_array(w);
	for (size_t i = 0; i < checked->verdicts.len; i++) {
		put_verdict(w, &checked->verdicts.items[i]);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
