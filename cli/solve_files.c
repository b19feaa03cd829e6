/*
 * The files of a solve: environment.yml and spec lists, what they leave to pip, their variables.
 */
#include "cli/solve_request_priv.h"

#include "base/fs.h"
#include "cli/solve_edit.h"

/* An @EXPLICIT list is the whole environment. */
static int begin_explicit(
	const struct lk_solve_maker *m, const struct lk_envspec *file, size_t n_files)
{
	const char *wrong = n_files > 1        ? "goes with no other file"
		: m->args->len > 0             ? "goes with no spec"
		: m->options->channels.len > 0 ? "needs no channel"
					       : NULL;
	m->request->explicit_list = true;
	if (wrong) {
		lk_fail_at(m->err, file->file.ptr, 0, 0, "an @EXPLICIT list %s", wrong);
		lk_error_hint(m->err, "give it alone: it names every package of the environment");
		return LK_E_USAGE;
	}
	return 0;
}

/* Turns an error inside a spec into one of its file. The column counts from the spec until now. */
static void point_into_file(
	const struct lk_envspec *file, const struct lk_envspec_line *line, struct lk_error *err)
{
	lk_str text = lk_line_of(file->source, line->line);
	char first = line->column <= text.len ? text.ptr[line->column - 1] : 0;
	lk_error_file(err, file->file.ptr);
	err->line = line->line;
	err->column += line->column - (err->column > 0);
	err->column += first == '\'' || first == '"';
	lk_error_excerpt_from(err, file->source);
}

static int check_specs(const struct lk_solve_maker *m, const struct lk_envspec *file)
{
	for (size_t i = 0; i < file->n_specs; i++) {
		const struct lk_matchspec *spec;
		int rc = lk_matchspec_parse(
			file->specs[i].text, LK_SPEC_USER, &m->request->arena, &spec, m->err);
		if (rc == 0 && file->explicit_urls && spec->url.len == 0) {
			rc = lk_fail_at(m->err, NULL, 0, 1,
				"'" LK_STR_FMT "' is neither the URL nor the path of a package",
				LK_STR_ARG(file->specs[i].text));
			lk_error_hint(m->err, "behind @EXPLICIT each line names an archive");
		}
		if (rc < 0) {
			point_into_file(file, &file->specs[i], m->err);
			return rc;
		}
	}
	return 0;
}

const char *lk_solve_file_beside(const char *output, struct lk_arena *arena)
{
	lk_str dir = lk_path_dirname(lk_str_of(output));
	return dir.len ? lk_arena_printf(arena, LK_STR_FMT "/environment.yml", LK_STR_ARG(dir))
		       : "environment.yml";
}

/* One that is edited is read as it will be. */
static int read_file(const struct lk_solve_maker *m, const char *path, struct lk_envspec *ret)
{
	const struct lk_solve_edit *edit = m->request->edit;
	return edit ? lk_envspec_parse(lk_buf_view(&edit->after), path, lk_envspec_is_yaml(path),
			      &m->app->report, ret, m->err)
		    : lk_envspec_read(path, &m->app->report, ret, m->err);
}

/* -f FILEs; without them and without specs environment.yml beside the lock, when it is there. */
int lk_solve_read_files(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	struct lk_args paths = {0};
	for (size_t i = 0; i < m->options->files.len; i++) {
		lk_vec_push(&paths, m->options->files.items[i]);
	}
	const char *beside = lk_solve_file_beside(r->output, &r->arena);
	struct stat st;
	if (r->edit && r->edit->path) {
		lk_vec_clear(&paths);
		lk_vec_push(&paths, r->edit->path);
	} else if (paths.len == 0 && m->args->len == 0 && stat(beside, &st) == 0) {
		lk_vec_push(&paths, beside);
	}
	r->files = lk_arena_calloc(&r->arena, paths.len, sizeof(*r->files));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < paths.len; i++) {
		rc = read_file(m, paths.items[i], &r->files[i]);
		if (rc == 0) {
			r->n_files++;
			rc = r->files[i].explicit_urls ? begin_explicit(m, &r->files[i], paths.len)
						       : 0;
		}
		if (rc == 0) {
			rc = check_specs(m, &r->files[i]);
		}
	}
	lk_vec_done(&paths);
	return rc;
}

/* Requirements for pip cannot be locked: without leave to go on without them they end the solve. */
static int gather_pip_of(const struct lk_solve_maker *m, const struct lk_envspec *file)
{
	struct lk_solve_request *r = m->request;
	for (size_t i = 0; i < file->n_pip; i++) {
		const struct lk_envspec_line *line = &file->pip[i];
		bool applies = false;
		for (size_t t = 0; t < r->n_targets; t++) {
			applies = applies || lk_envspec_line_applies(line, r->targets[t].subdir);
		}
		if (!applies) {
			continue;
		}
		if (!m->options->without_pip) {
			lk_fail_at(m->err, file->file.ptr, line->line, line->column,
				"'" LK_STR_FMT "' is for pip and cannot be locked",
				LK_STR_ARG(line->text));
			lk_error_excerpt_from(m->err, file->source);
			lk_error_hint(m->err,
				"ask for conda packages instead, or lock the rest by "
				"--without-pip and have pip install these after");
			return LK_E_FORMAT;
		}
		lk_warn(&m->app->report,
			LK_STR_FMT ":%u:%u: '" LK_STR_FMT "' is left to pip: it is not in the lock",
			LK_STR_ARG(file->file), line->line, line->column, LK_STR_ARG(line->text));
		lk_vec_push(&r->pip, line->text);
	}
	return 0;
}

int lk_solve_gather_pip(const struct lk_solve_maker *m)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->request->n_files; i++) {
		rc = gather_pip_of(m, &m->request->files[i]);
	}
	return rc;
}

/* A later file's value replaces an earlier one's. */
static void add_variables(
	struct lk_solve_request *r, const struct lk_envspec *file, struct lk_map *index)
{
	for (size_t k = 0; k < file->n_variables; k++) {
		uint32_t next = (uint32_t)r->n_variables;
		uint32_t at = lk_map_add(index, file->variables[k].name, next);
		r->variables[at] = (struct lk_lock_variable){
			file->variables[k].name, file->variables[k].value};
		r->n_variables += at == next;
	}
}

int lk_solve_gather_variables(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	struct lk_map LK_CLEANUP(lk_map_done) index = {0};
	size_t n = 0;
	for (size_t i = 0; i < r->n_files; i++) {
		n += r->files[i].n_variables;
	}
	if (r->n_files == 0 && r->has_old) {
		r->variables = r->old.variables;
		r->n_variables = r->old.n_variables;
		return 0;
	}
	r->variables = lk_arena_calloc(&r->arena, n, sizeof(*r->variables));
	for (size_t i = 0; i < r->n_files; i++) {
		add_variables(r, &r->files[i], &index);
	}
	return 0;
}
