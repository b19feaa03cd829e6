/*
 * Does the lock answer its environment file? Asked is what a solve of that file would ask.
 */
#include "cli/checked.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "cli/solve_request.h"

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The environment file that a lock answers by their names: environment.yml for env.lock, which is
 * what solve reads and writes when nothing is said; else NAME.yml or NAME.yaml for NAME.lock. NULL
 * when there is none: which files another lock was solved from, nobody knows. */
static const char *file_beside(struct lk_app *app, const char *lock)
{
	lk_str path = lk_str_of(lock);
	lk_str dir = lk_path_dirname(path);
	lk_str name = lk_path_basename(path);
	lk_str end = LK_STR(".lock");
	if (lk_str_is(name, "env.lock")) {
		const char *usual = lk_arena_printf(&app->arena, LK_STR_FMT "%senvironment.yml",
			LK_STR_ARG(dir), dir.len > 0 ? "/" : "");
		if (is_file(usual)) {
			return usual;
		}
	}
	if (!lk_str_ends(name, end) || name.len == end.len) {
		return NULL;
	}
	static const char *const endings[] = {"yml", "yaml"};
	for (size_t i = 0; i < LK_COUNTOF(endings); i++) {
		const char *beside = lk_arena_printf(&app->arena, LK_STR_FMT ".%s",
			LK_STR_ARG(lk_str_slice(path, 0, path.len - end.len)), endings[i]);
		if (is_file(beside)) {
			return beside;
		}
	}
	return NULL;
}

/* The files of -f, unless that is none; else the one beside the lock. */
static void find_files(struct lk_app *app, const struct lk_check_options *options, const char *lock,
	struct lk_args *ret)
{
	for (size_t i = 0; i < options->files.len; i++) {
		if (strcmp(options->files.items[i], "none") != 0) {
			lk_vec_push(ret, options->files.items[i]);
		}
	}
	const char *beside = options->files.len == 0 ? file_beside(app, lock) : NULL;
	if (beside) {
		lk_vec_push(ret, beside);
	}
}

/* "a.yml, b.yml" */
static const char *names_of(struct lk_app *app, const struct lk_args *files)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)1 << 20);
	for (size_t i = 0; i < files->len; i++) {
		lk_buf_appendf(&text, "%s%s", i ? ", " : "", files->items[i]);
	}
	return lk_arena_strndup(&app->arena, lk_buf_cstr(&text), text.len);
}

static void compare(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_solve_request *request, const struct lk_args *files,
	struct lk_checked *checked)
{
	const struct lk_lock *lock = &checked->arg.lock;
	struct lk_strs platforms = {0};
	struct lk_strs extra = {0};
	checked->file = names_of(app, files);
	for (size_t i = 0; i < request->n_files; i++) {
		for (size_t k = 0; k < request->files[i].platforms.n; k++) {
			lk_vec_push(&platforms, request->files[i].platforms.items[k]);
		}
	}
	for (size_t i = 0; i < request->artifacts.len; i++) {
		lk_vec_push(&extra, request->artifacts.items[i].address.channel.url);
	}
	/* The targets are the lock's platforms, and in their order. */
	struct lk_str_list *specs =
		lk_arena_calloc(&app->arena, request->n_targets, sizeof(*specs));
	for (size_t i = 0; i < request->n_targets; i++) {
		const struct lk_strs *given = &request->targets[i].specs;
		specs[i] = (struct lk_str_list){given->items, given->len};
	}
	struct lk_check_wanted wanted = {
		.file = lk_str_of(checked->file),
		.channels = request->channels.items,
		.n_channels = request->channels.len,
		.extra_channels = {extra.items, extra.len},
		.any_channels = request->relations_depth > 0,
		.platforms = {platforms.items, platforms.len},
		.variables = request->variables,
		.n_variables = request->n_variables,
		.specs = specs,
	};
	lk_check_wanted(lock, lk_str_of(options->platform), &wanted, &checked->findings);
	lk_vec_done(&platforms);
	lk_vec_done(&extra);
}

/* What to do about a lock that does not answer its files. */
static void set_hints(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_args *files, size_t first, struct lk_checked *checked)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)1 << 20);
	lk_buf_puts(&text, "lock again: lockenv solve");
	bool usual = options->files.len == 0 &&
		lk_str_is(lk_path_basename(lk_str_of(files->items[0])), "environment.yml");
	for (size_t i = 0; !usual && i < files->len; i++) {
		lk_buf_puts(&text, " -f ");
		lk_buf_put_shell_word(&text, lk_str_of(files->items[i]));
	}
	lk_buf_puts(&text, " -o ");
	lk_buf_put_shell_word(&text, lk_str_of(checked->arg.path));
	lk_str hint = lk_str_dup(&app->arena, lk_buf_view(&text));
	for (size_t i = first; i < checked->findings.list.len; i++) {
		checked->findings.list.items[i].hint = hint;
	}
}

int lk_check_file(struct lk_app *app, const struct lk_check_options *options,
	struct lk_checked *checked, struct lk_error *err)
{
	const struct lk_lock *lock = &checked->arg.lock;
	const struct lk_args no_specs = {0};
	struct lk_solve_options solve = {
		.output = checked->arg.path, .lock = lock, .without_pip = true};
	find_files(app, options, checked->arg.path, &solve.files);
	if (solve.files.len == 0) {
		return 0;
	}
	for (size_t i = 0; i < lock->n_platforms; i++) {
		lk_str subdir = lock->platforms[i].subdir;
		lk_vec_push(
			&solve.platforms, lk_arena_strndup(&app->arena, subdir.ptr, subdir.len));
	}
	/* What a solve has to tell, it told. */
	struct lk_report report = app->report;
	app->report = (struct lk_report){0};
	struct lk_solve_request request = {0};
	int rc = lk_solve_request_make(app, &solve, &no_specs, &request, err);
	app->report = report;
	if (rc == 0) {
		size_t first = checked->findings.list.len;
		compare(app, options, &request, &solve.files, checked);
		set_hints(app, options, &solve.files, first, checked);
	}
	lk_solve_request_done(&request);
	lk_vec_done(&solve.files);
	lk_vec_done(&solve.platforms);
	return rc;
}
