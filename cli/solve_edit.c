/*
 * Edits of the file, or the lock's own specs, before they are solved.
 */
#include "cli/solve_edit.h"

#include <fcntl.h>

#include "base/fs.h"
#include "cli/lock_arg.h"
#include "conda/envspec_edit.h"
#include "lock/lock_graph.h"
#include "resolver/why.h"

#define MAX_HINTED 10 /* names in a hint */
#define MAX_BYTES ((size_t)4 << 20)

/* One edit at work. */
struct editing {
	struct lk_app *app;
	const struct lk_solve_options *options;
	struct lk_solve_edit *edit;
	const char *lock; /* its path */
	bool yaml;
	struct lk_error *err;
};

static size_t count(const struct lk_args *args)
{
	return args ? args->len : 0;
}

/* --- a name that the file does not ask for --- */

/* Does the lock say that NAME was asked for when it was made? Then an earlier run was cut short. */
static bool was_asked_for(
	const struct lk_lock *lock, lk_str name, struct lk_arena *arena, struct lk_strs *ret_names)
{
	bool found = false;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_str_list *specs = &lock->platforms[i].specs;
		for (size_t k = 0; k < specs->n; k++) {
			const struct lk_matchspec *spec;
			struct lk_error ignored = LK_ERROR_INIT;
			if (lk_matchspec_parse(
				    specs->items[k], LK_SPEC_USER, arena, &spec, &ignored) == 0) {
				found = found || lk_str_eq(spec->name, name);
				lk_vec_push(ret_names, spec->name);
			}
		}
	}
	lk_solve_sort_names(ret_names);
	return found;
}

/* NAME is in PLATFORM, but as a dependency: says of whom. False: it is not. */
static bool tell_dependency(const struct editing *e, const struct lk_lock_platform *platform,
	lk_str name, const char *where)
{
	struct lk_lock_graph graph;
	lk_lock_graph_make(platform, &graph);
	uint32_t at = lk_lock_graph_find(&graph, name);
	uint32_t way[1] = {0};
	bool found = at != LK_GRAPH_NONE && lk_lock_graph_way(&graph, at, way, 1) > 1;
	if (found) {
		const struct lk_record *by = &platform->packages[graph.nodes[at].via];
		lk_str root = platform->packages[way[0]].name;
		lk_fail(e->err, LK_E_USAGE,
			"%s does not ask for '" LK_STR_FMT "': it is there because " LK_STR_FMT
			" " LK_STR_FMT " needs it",
			where, LK_STR_ARG(name), LK_STR_ARG(by->name), LK_STR_ARG(by->version));
		lk_error_hint(e->err, "it goes when '" LK_STR_FMT "' does", LK_STR_ARG(root));
	}
	lk_lock_graph_done(&graph);
	return found;
}

static void hint_names(const struct editing *e, const struct lk_strs *names)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(sizeof(e->err->hint));
	for (size_t i = 0; i < names->len && i < MAX_HINTED; i++) {
		lk_buf_appendf(
			&text, "%s" LK_STR_FMT, i > 0 ? ", " : "", LK_STR_ARG(names->items[i]));
	}
	lk_error_hint(e->err, "it asks for %s%s", names->len > 0 ? lk_buf_cstr(&text) : "nothing",
		names->len > MAX_HINTED ? ", …" : "");
}

/* 0 when there is nothing to take out because that was done before; else why there is not. */
static int not_asked_for(const struct editing *e, lk_str name)
{
	const char *where = e->edit->path ? e->edit->path : e->lock;
	struct lk_lock_arg lock = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_strs names = {0};
	lk_str near[LK_MAX_NEAR];
	int rc = LK_E_USAGE;
	bool told = false;
	if (lk_lock_arg_read(e->app, e->lock, &lock, &ignored) == 0) {
		rc = was_asked_for(&lock.lock, name, &e->app->arena, &names) ? 0 : rc;
		for (size_t i = 0; rc < 0 && !told && i < lock.lock.n_platforms; i++) {
			told = tell_dependency(e, &lock.lock.platforms[i], name, where);
		}
	}
	if (rc < 0 && !told) {
		lk_fail(e->err, rc, "%s does not ask for '" LK_STR_FMT "'", where,
			LK_STR_ARG(name));
		if (lk_near_names(name, names.items, names.len, near) > 0) {
			lk_error_hint(
				e->err, "did you mean '" LK_STR_FMT "'?", LK_STR_ARG(near[0]));
		} else {
			hint_names(e, &names);
		}
	}
	lk_vec_done(&names);
	lk_lock_arg_done(&lock);
	return rc;
}

/* --- the file --- */

/* The text with one more edit done. OP appends the new one. */
static int step(const struct editing *e, const char *word,
	int (*op)(const struct lk_envspec_file *file, lk_str what, struct lk_buf *out,
		enum lk_envspec_effect *ret, struct lk_error *err))
{
	struct lk_buf LK_CLEANUP(lk_buf_done) next = LK_BUF_INIT(MAX_BYTES);
	const struct lk_envspec_file file = {e->edit->path, lk_buf_view(&e->edit->after), e->yaml};
	enum lk_envspec_effect effect = LK_ENVSPEC_ADDED;
	int rc = op(&file, lk_str_of(word), &next, &effect, e->err);
	if (rc == 0) {
		lk_buf_clear(&e->edit->after);
		lk_buf_put(&e->edit->after, lk_buf_view(&next));
	}
	if (rc == 0 && effect == LK_ENVSPEC_SAME) {
		lk_note(&e->app->report, 1, "%s asks for '%s' already", e->edit->path, word);
	}
	return rc;
}

static int remove_op(const struct lk_envspec_file *file, lk_str what, struct lk_buf *out,
	enum lk_envspec_effect *ret, struct lk_error *err)
{
	*ret = LK_ENVSPEC_REPLACED;
	return lk_envspec_remove(file, what, out, err);
}

static int edit_file(const struct editing *e)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count(e->edit->channels); i++) {
		rc = step(e, e->edit->channels->items[i], lk_envspec_add_channel);
	}
	for (size_t i = 0; rc == 0 && i < count(e->edit->add); i++) {
		rc = step(e, e->edit->add->items[i], lk_envspec_add);
	}
	for (size_t i = 0; rc == 0 && i < count(e->edit->remove); i++) {
		rc = step(e, e->edit->remove->items[i], remove_op);
		if (rc == LK_E_NOT_FOUND) {
			rc = not_asked_for(e, lk_str_of(e->edit->remove->items[i]));
		}
	}
	return rc;
}

/* A file that is not there yet begins with its channels: those given, else the configuration's. */
static int begin_file(const struct editing *e)
{
	const struct lk_config *config;
	int rc = lk_app_config(e->app, &config, e->err);
	e->edit->is_new = true;
	if (rc < 0 || !e->yaml || count(e->edit->channels) > 0) {
		return rc;
	}
	for (size_t i = 0; rc == 0 && i < config->channels.n; i++) {
		rc = step(e, config->channels.items[i].ptr, lk_envspec_add_channel);
	}
	return rc < 0 || config->channels.n > 0 ? rc
						: step(e, "conda-forge", lk_envspec_add_channel);
}

/* --- what to edit --- */

static int no_file(const struct editing *e)
{
	lk_fail(e->err, LK_E_USAGE, "there is no '%s' to take anything out of", e->edit->path);
	lk_error_hint(e->err, "check the path");
	return LK_E_USAGE;
}

static int open_file(const struct editing *e)
{
	struct lk_solve_edit *edit = e->edit;
	bool given = e->options->files.len > 0;
	struct stat st;
	int rc = lk_fs_read_file(AT_FDCWD, edit->target, &edit->before, e->err);
	if (rc == 0) {
		lk_buf_put(&edit->after, lk_buf_view(&edit->before));
	}
	if (rc != LK_E_NOT_FOUND) {
		return rc;
	}
	if (!given && stat(e->lock, &st) == 0) {
		edit->path = NULL;
		return 0;
	}
	return edit->remove ? no_file(e) : begin_file(e);
}

/* A name and nothing more. */
static int check_name(const struct editing *e, const char *text)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(lk_str_of(text), LK_SPEC_USER, &arena, &spec, e->err);
	if (rc == 0 && !lk_solve_is_bare(spec)) {
		rc = lk_fail(e->err, LK_E_USAGE, "'%s' is no name of a package", text);
		lk_error_hint(e->err, "a name alone, in lower case, says what is taken out");
	}
	return rc;
}

int lk_solve_edit_make(struct lk_app *app, const struct lk_solve_options *options,
	struct lk_solve_edit *edit, struct lk_error *err)
{
	struct editing e = {.app = app, .options = options, .edit = edit, .err = err};
	e.lock = options->output ? options->output : LK_DEFAULT_LOCK;
	lk_buf_init(&edit->before, MAX_BYTES);
	lk_buf_init(&edit->after, MAX_BYTES);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count(edit->remove); i++) {
		rc = check_name(&e, edit->remove->items[i]);
	}
	if (rc == 0 && options->files.len > 1) {
		rc = lk_fail(
			err, LK_E_USAGE, "one --file can be edited, not %zu", options->files.len);
		lk_error_hint(err, "name the one that is to say it");
	}
	if (rc < 0) {
		return rc;
	}
	edit->path = options->files.len > 0 ? options->files.items[0]
					    : lk_solve_file_beside(e.lock, &app->arena);
	edit->target = lk_solve_follow_links(edit->path, &app->arena);
	e.yaml = lk_envspec_is_yaml(edit->path);
	rc = open_file(&e);
	for (size_t i = 0; rc == 0 && !edit->path && i < count(edit->remove); i++) {
		rc = not_asked_for(&e, lk_str_of(edit->remove->items[i]));
	}
	return rc < 0 || !edit->path ? rc : edit_file(&e);
}

void lk_solve_edit_done(struct lk_solve_edit *edit)
{
	lk_buf_done(&edit->before);
	lk_buf_done(&edit->after);
}

/* --- the lock's own specs --- */

static int add_to_specs(
	struct lk_strs *specs, lk_str text, struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(text, LK_SPEC_USER, arena, &spec, err);
	for (size_t i = 0; rc == 0 && i < specs->len; i++) {
		const struct lk_matchspec *old;
		rc = lk_matchspec_parse(specs->items[i], LK_SPEC_USER, arena, &old, err);
		if (rc == 0 && lk_str_eq(old->name, spec->name)) {
			specs->items[i] =
				lk_envspec_asks(specs->items[i], spec) ? specs->items[i] : text;
			return 0;
		}
	}
	if (rc == 0) {
		lk_vec_push(specs, text);
	}
	return rc;
}

static int remove_from_specs(
	struct lk_strs *specs, lk_str name, struct lk_arena *arena, struct lk_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < specs->len; i++) {
		const struct lk_matchspec *spec;
		int rc = lk_matchspec_parse(specs->items[i], LK_SPEC_USER, arena, &spec, err);
		if (rc < 0) {
			return rc;
		}
		if (!lk_str_eq(spec->name, name)) {
			specs->items[n++] = specs->items[i];
		}
	}
	specs->len = n;
	return 0;
}

int lk_solve_edit_specs(const struct lk_solve_edit *edit, struct lk_strs *specs,
	struct lk_arena *arena, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count(edit->add); i++) {
		rc = add_to_specs(specs, lk_str_of(edit->add->items[i]), arena, err);
	}
	for (size_t i = 0; rc == 0 && i < count(edit->remove); i++) {
		rc = remove_from_specs(specs, lk_str_of(edit->remove->items[i]), arena, err);
	}
	return rc;
}

/* --- the lines that change --- */

static void split(lk_str text, struct lk_strs *ret)
{
	lk_str line;
	text.len -= text.len > 0 && text.ptr[text.len - 1] == '\n';
	while (text.len > 0 && lk_str_split(&text, '\n', &line)) {
		line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r';
		lk_vec_push(ret, line);
	}
}

/* The nearest place behind (*I, *J) where the texts go on alike. */
static void resume(const struct lk_strs *a, const struct lk_strs *b, size_t *i, size_t *j)
{
	size_t left = a->len - *i;
	size_t right = b->len - *j;
	for (size_t sum = 1; sum <= left + right; sum++) {
		for (size_t d = sum > right ? sum - right : 0; d <= sum && d <= left; d++) {
			bool ends = d == left && sum - d == right;
			if (ends ||
				(d < left && sum - d < right &&
					lk_str_eq(a->items[*i + d], b->items[*j + sum - d]))) {
				*i += d;
				*j += sum - d;
				return;
			}
		}
	}
}

static void put_lines(
	const struct lk_strs *lines, size_t from, size_t to, const char *mark, struct lk_buf *out)
{
	for (size_t i = from; lines->items && i < to; i++) {
		lk_buf_puts(out, mark);
		lk_buf_put_escaped(out, lines->items[i]);
		lk_buf_putc(out, '\n');
	}
}

void lk_solve_edit_text(const struct lk_solve_edit *edit, struct lk_buf *out)
{
	struct lk_strs a = {0};
	struct lk_strs b = {0};
	split(lk_buf_view(&edit->before), &a);
	split(lk_buf_view(&edit->after), &b);
	for (size_t i = 0, j = 0; i < a.len || j < b.len;) {
		size_t old = i;
		size_t new = j;
		if (i < a.len && j < b.len && lk_str_eq(a.items[i], b.items[j])) {
			i++;
			j++;
			continue;
		}
		resume(&a, &b, &i, &j);
		put_lines(&a, old, i, "-", out);
		put_lines(&b, new, j, "+", out);
	}
	lk_vec_done(&a);
	lk_vec_done(&b);
}
