/*
 * Solving and writing.
 */
#include "cli/solve_run.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/fetching.h"
#include "cli/solve_artifacts.h"
#include "cli/solve_platform.h"
#include "cli/solve_relations.h"
#include "cli/solve_tell.h"
#include "lock/lock_diff.h"
#include "lock/lock_graph.h"

/* What one run comes to. */
struct outcome {
	struct lk_app *app;
	const struct lk_solve_options *options;
	const struct lk_solve_request *request;
	const struct lk_solve_edit *edit; /* of a file; NULL: none */
	const struct lk_lock *lock;
	bool changed;      /* the lock */
	bool file_changed; /* the edited file */
};

static void make_diff(const struct outcome *o, struct lk_lock *empty, struct lk_lock_diff *ret)
{
	struct lk_diff_options wanted = {.whole_platforms = true};
	lk_lock_init(empty, NULL, 0, LK_STR("strict"));
	lk_lock_diff_make(o->request->has_old ? &o->request->old : empty, o->lock, &wanted, ret);
}

static void put_diff(const struct outcome *o, struct lk_jw *w)
{
	struct lk_lock empty;
	struct lk_lock_diff diff;
	make_diff(o, &empty, &diff);
	lk_jw_key(w, "diff");
	lk_lock_diff_json(&diff, w);
	lk_lock_diff_done(&diff);
	lk_lock_done(&empty);
}

static void put_json(const struct outcome *o)
{
	struct lk_jw w;
	lk_jw_init(&w, &o->app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lock", lk_str_of(o->request->output));
	lk_jw_key(&w, "changed");
	lk_jw_bool(&w, o->changed);
	if (o->edit) {
		lk_jw_key_string(&w, "file", lk_str_of(o->edit->path));
		lk_jw_key(&w, "file_changed");
		lk_jw_bool(&w, o->file_changed);
	}
	if (o->request->pip.len > 0) {
		lk_jw_strings(&w, "pip", o->request->pip.items, o->request->pip.len);
	}
	lk_jw_key(&w, "platforms");
	lk_jw_object(&w);
	for (size_t i = 0; i < o->lock->n_platforms; i++) {
		lk_jw_key_str(&w, o->lock->platforms[i].subdir);
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "packages", o->lock->platforms[i].n_packages);
		lk_put_told(o->app, &w, o->lock->platforms[i].subdir);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	if (o->changed && o->request->has_old) {
		put_diff(o, &w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&o->app->out, '\n');
}

static void tell_summary(const struct outcome *o)
{
	for (size_t i = 0; i < o->lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &o->lock->platforms[i];
		uint64_t bytes = 0;
		for (size_t k = 0; k < platform->n_packages; k++) {
			bytes += platform->packages[k].size;
		}
		lk_note(&o->app->report, 0, LK_STR_FMT ": %zu packages, %.1f MB to download",
			LK_STR_ARG(platform->subdir), platform->n_packages, (double)bytes / 1e6);
	}
}

/* What changes: the lines of the file, then the packages; a new lock shows itself. */
static void show_change(const struct outcome *o)
{
	if (o->file_changed) {
		lk_buf_appendf(&o->app->out, "%s\n", o->edit->path);
		lk_solve_edit_text(o->edit, &o->app->out);
	}
	if (o->changed && (o->request->has_old || o->options->dry_run || o->options->locked)) {
		struct lk_lock empty;
		struct lk_lock_diff diff;
		struct lk_diff_text_options options = {.colour = o->app->color_out};
		make_diff(o, &empty, &diff);
		lk_lock_diff_text(&diff, &options, &o->app->out);
		lk_lock_diff_done(&diff);
		lk_lock_done(&empty);
	}
}

/* A package that was taken out of the specs stays while others need it. */
static void tell_what_stays(const struct outcome *o, const struct lk_args *removed)
{
	for (size_t i = 0; i < o->lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &o->lock->platforms[i];
		struct lk_lock_graph graph;
		lk_lock_graph_make(platform, &graph);
		for (size_t k = 0; k < removed->len; k++) {
			uint32_t at = lk_lock_graph_find(&graph, lk_str_of(removed->items[k]));
			if (at != LK_GRAPH_NONE && graph.nodes[at].via != LK_GRAPH_NONE) {
				const struct lk_record *by =
					&platform->packages[graph.nodes[at].via];
				lk_note(&o->app->report, 0,
					LK_STR_FMT ": %s stays: " LK_STR_FMT " " LK_STR_FMT
						   " needs it",
					LK_STR_ARG(platform->subdir), removed->items[k],
					LK_STR_ARG(by->name), LK_STR_ARG(by->version));
			}
		}
		lk_lock_graph_done(&graph);
	}
}

static int write_file(const struct outcome *o, const struct lk_buf *text, struct lk_error *err)
{
	struct stat st;
	mode_t mode = stat(o->edit->target, &st) == 0 ? st.st_mode & 07777 : 0;
	return lk_fs_write_atomic(AT_FDCWD, o->edit->target, text->ptr, text->len, mode, err);
}

/* Does the file PATH hold TEXT? A write that fails at its very end, the folder's sync, has taken
 * place. */
static bool holds(const char *path, const struct lk_buf *text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) now = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_error ignored = LK_ERROR_INIT;
	return lk_fs_read_file(AT_FDCWD, path, &now, &ignored) == 0 &&
		lk_str_eq(lk_buf_view(&now), lk_buf_view(text));
}

/* After one of the two could not be written: the file as it was, unless the lock is new. */
static void take_back(const struct outcome *o, const struct lk_buf *lock)
{
	if (!holds(o->edit->target, &o->edit->after) ||
		(o->changed && holds(o->request->target, lock))) {
		return;
	}
	struct lk_error failed = LK_ERROR_INIT;
	int rc = o->edit->is_new ? unlink(o->edit->target)
				 : write_file(o, &o->edit->before, &failed);
	if (rc != 0) {
		lk_warn(&o->app->report,
			"%s is edited, but the lock is as it was: run 'lockenv solve'",
			o->edit->path);
	}
}

/* The file first: a run that is cut short behind it is completed by any other solve. */
static int write_both(const struct outcome *o, const struct lk_buf *lock, struct lk_error *err)
{
	int rc = o->file_changed ? write_file(o, &o->edit->after, err) : 0;
	if (rc == 0 && o->changed) {
		rc = lk_fs_write_atomic(AT_FDCWD, o->request->target, lock->ptr, lock->len, 0, err);
	}
	if (rc < 0 && o->file_changed) {
		take_back(o, lock);
	}
	if (rc == 0 && o->file_changed) {
		lk_note(&o->app->report, 0, "wrote %s", o->edit->path);
	}
	if (rc == 0 && o->changed) {
		lk_note(&o->app->report, 0, "wrote %s", o->request->output);
	}
	return rc;
}

static int finish(struct outcome *o, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(o->lock, &text, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_args *removed = o->edit ? o->edit->remove : NULL;
	bool writes = !o->options->locked && !o->options->dry_run;
	o->edit = o->edit && o->edit->path ? o->edit : NULL;
	o->changed = !o->request->has_old ||
		!lk_str_eq(lk_buf_view(&text), lk_buf_view(&o->request->old_text));
	o->file_changed =
		o->edit && !lk_str_eq(lk_buf_view(&o->edit->before), lk_buf_view(&o->edit->after));
	if (removed) {
		tell_what_stays(o, removed);
	}
	if (o->app->common.json) {
		put_json(o);
	} else {
		show_change(o);
	}
	if (!o->changed) {
		lk_note(&o->app->report, 0, "%s is up to date", o->request->output);
	} else if (writes) {
		tell_summary(o);
	} else {
		lk_note(&o->app->report, 0, "%s would change", o->request->output);
		o->app->status = o->options->locked ? 1 : 0;
	}
	return writes ? write_both(o, &text, err) : 0;
}

int lk_solve_run(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_args *specs, const struct lk_solve_edit *edit, struct lk_error *err)
{
	struct lk_solve_request LK_CLEANUP(lk_solve_request_done) request = {.edit = edit};
	struct lk_cache *cache = NULL;
	struct lk_fetch *fetch = NULL;
	struct lk_lock lock;
	int rc = lk_solve_request_make(app, options, specs, &request, err);
	if (rc == 0) {
		rc = lk_app_cache(app, &cache, err);
	}
	if (rc == 0) {
		rc = lk_app_fetch(app, cache, options->offline, &fetch, err);
	}
	if (rc == 0) {
		rc = lk_solve_follow_relations(app, fetch, &request, err);
	}
	if (rc == 0) {
		rc = lk_solve_load_artifacts(app, &request, cache, fetch, err);
	}
	if (rc == 0) {
		rc = lk_solve_request_run(app, &request, fetch, &lock, err);
	}
	if (rc == 0) {
		struct outcome o = {.app = app,
			.options = options,
			.request = &request,
			.edit = edit,
			.lock = &lock};
		rc = finish(&o, err);
		lk_lock_done(&lock);
	}
	lk_fetch_free(fetch);
	lk_cache_free(cache);
	return rc;
}
