/*
 * Merging and writing conda-meta/state.
 */
#include "install/state.h"

#include "base/fs.h"
#include "base/json.h"
#include "install/write.h"

#define MAX_DEPTH 16
#define OURS "lockenv"

struct merge {
	const struct lk_env_var *variables;
	size_t n;
	const struct lk_json *before; /* what an earlier lock set; NULL: nothing */
	const struct lk_report *report;
	struct lk_jw *w;
};

static const struct lk_env_var *find(const struct merge *m, lk_str name)
{
	for (size_t i = 0; i < m->n; i++) {
		if (lk_str_eq(m->variables[i].name, name)) {
			return &m->variables[i];
		}
	}
	return NULL;
}

/* The member NAME, whatever bytes that has. */
struct search {
	lk_str name;
	const struct lk_json *found;
};

static int is_it(void *ctx, lk_str key, const struct lk_json *member)
{
	struct search *search = ctx;
	if (lk_str_eq(key, search->name)) {
		search->found = member;
	}
	return 0;
}

static bool was_ours(const struct merge *m, lk_str name, const struct lk_json *value)
{
	struct search search = {.name = name};
	(void)lk_json_each(m->before, is_it, &search);
	return search.found && lk_json_kind(value) == LK_JSON_STRING &&
		lk_str_eq(lk_json_string(search.found), lk_json_string(value));
}

/* A variable that stays: somebody's own. */
static int put_kept(void *ctx, lk_str name, const struct lk_json *value)
{
	struct merge *m = ctx;
	const struct lk_env_var *ours = find(m, name);
	bool was = was_ours(m, name, value);
	if (ours && !was && !lk_str_eq(lk_json_string(value), ours->value)) {
		lk_warn(m->report,
			"the variable '" LK_STR_FMT "' was set to '" LK_STR_FMT
			"' in conda-meta/state; the lock sets it to '" LK_STR_FMT "'",
			LK_STR_ARG(name), LK_STR_ARG(lk_json_string(value)),
			LK_STR_ARG(ours->value));
	}
	if (!ours && !was) {
		lk_jw_key_str(m->w, name);
		lk_jw_value(m->w, value);
	}
	return 0;
}

static void put_ours(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++) {
		lk_jw_key_str(m->w, m->variables[i].name);
		lk_jw_string(m->w, m->variables[i].value);
	}
}

static int put_other(void *ctx, lk_str key, const struct lk_json *member)
{
	struct merge *m = ctx;
	if (!lk_str_is(key, "env_vars") && !lk_str_is(key, OURS)) {
		lk_jw_key_str(m->w, key);
		lk_jw_value(m->w, member);
	}
	return 0;
}

static void put_state(struct merge *m, const struct lk_json *root)
{
	lk_jw_object(m->w);
	(void)lk_json_each(root, put_other, m);
	lk_jw_key(m->w, "env_vars");
	lk_jw_object(m->w);
	(void)lk_json_each(lk_json_get(root, "env_vars"), put_kept, m);
	put_ours(m);
	lk_jw_end(m->w);
	if (m->n > 0) {
		lk_jw_key(m->w, OURS);
		lk_jw_object(m->w);
		put_ours(m);
		lk_jw_end(m->w);
	}
	lk_jw_end(m->w);
	lk_buf_putc(m->w->out, '\n');
}

int lk_state_merge(lk_str text, const char *file, const struct lk_env_var *variables, size_t n,
	const struct lk_report *report, struct lk_buf *out, bool *ret_changed, struct lk_error *err)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	struct lk_jw w;
	struct merge merge = {variables, n, NULL, report, &w};
	size_t start = out->len;
	/* Without a word of ours in it the file is somebody else's, whole or not. */
	if (n == 0 && lk_str_find(text, LK_STR("\"" OURS "\"")) == SIZE_MAX) {
		lk_buf_put(out, text);
		*ret_changed = false;
		return 0;
	}
	if (text.ptr) {
		int rc = lk_json_parse(text, file, MAX_DEPTH, &doc, err);
		if (rc == 0 && lk_json_kind(lk_json_root(doc)) != LK_JSON_OBJECT) {
			rc = lk_fail_at(err, file, 1, 1, "this is no JSON object");
		}
		if (rc < 0) {
			lk_error_hint(
				err, "mend it or take it away: variables are to be set there");
			return rc;
		}
	}
	const struct lk_json *root = doc ? lk_json_root(doc) : NULL;
	merge.before = lk_json_get(root, OURS);
	lk_jw_init(&w, out, true);
	put_state(&merge, root);
	*ret_changed = !text.ptr || !lk_str_eq(text, lk_str_skip(lk_buf_view(out), start));
	return out->overflow ? lk_fail(err, LK_E_FORMAT, "'%s' becomes too large", file) : 0;
}

int lk_state_write(int old_fd, int meta_fd, const struct lk_env_var *variables, size_t n,
	const struct lk_report *report, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) old = LK_BUF_INIT(LK_ENV_VARS_MAX_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) new = LK_BUF_INIT(2 * LK_ENV_VARS_MAX_BYTES);
	const struct timespec when = {.tv_sec = LK_WRITE_EPOCH};
	bool changed;
	int rc = old_fd < 0 ? LK_E_NOT_FOUND
			    : lk_fs_read_beneath(old_fd, LK_ENV_VARS_STATE, &old, err);
	bool found = rc == 0;
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = 0;
	}
	if (rc == 0) {
		lk_str text = found ? lk_str_n(lk_buf_cstr(&old), old.len) : (lk_str){0};
		rc = lk_state_merge(
			text, LK_ENV_VARS_STATE, variables, n, report, &new, &changed, err);
	}
	if (rc < 0 || (!found && n == 0)) {
		return rc;
	}
	return lk_write_new(
		meta_fd, "state", lk_buf_view(&new), 0644, when, LK_ENV_VARS_STATE, err);
}
