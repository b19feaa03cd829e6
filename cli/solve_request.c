/*
 * Joining the sources of a solve. One function a question: which old lock, specs, channels, policy.
 */
#include "cli/solve_request_priv.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/channels.h"
#include "cli/instant.h"
#include "cli/solve_edit.h"

#define MAX_LINKS 40       /* as many as Linux follows */
#define RELATIONS_DEPTH 10 /* as CEP 42 recommends */

const char *lk_priority_text(enum lk_channel_priority priority)
{
	static const char *const texts[] = {"strict", "flexible", "disabled"};
	return texts[priority];
}

static bool priority_of(lk_str text, enum lk_channel_priority *ret)
{
	for (unsigned i = LK_PRIORITY_STRICT; i <= LK_PRIORITY_DISABLED; i++) {
		if (lk_str_is(text, lk_priority_text(i))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* A lock that is a symlink stays one: what it points to is replaced. A loop ends at open(2). */
const char *lk_solve_follow_links(const char *path, struct lk_arena *arena)
{
	char target[PATH_MAX];
	for (unsigned i = 0; i < MAX_LINKS; i++) {
		ssize_t len = readlink(path, target, sizeof(target));
		if (len <= 0 || (size_t)len == sizeof(target)) {
			break;
		}
		lk_str dir = lk_path_dirname(lk_str_of(path));
		path = target[0] == '/' || dir.len == 0
			? lk_arena_strndup(arena, target, (size_t)len)
			: lk_arena_printf(
				  arena, LK_STR_FMT "/%.*s", LK_STR_ARG(dir), (int)len, target);
	}
	return path;
}

/* Better known now than after the solve. */
static int check_output_folder(const struct lk_solve_maker *m)
{
	lk_str dir = lk_path_dirname(lk_str_of(m->request->target));
	const char *folder = lk_arena_strndup(&m->request->arena, dir.ptr, dir.len);
	struct stat st;
	bool writes = !m->options->dry_run && !m->options->locked;
	if (!writes || dir.len == 0 || (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))) {
		return 0;
	}
	lk_fail(m->err, LK_E_FS, "cannot write '%s': there is no folder '%s'", m->request->output,
		folder);
	lk_error_hint(m->err, "make the folder first, or check the path after --output");
	return LK_E_FS;
}

static int read_old_lock(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	struct stat st;
	if (m->options->lock) {
		r->old = *m->options->lock;
		r->has_old = true;
		r->borrows_old = true;
		return 0;
	}
	r->target = lk_solve_follow_links(r->output, &r->arena);
	if (stat(r->target, &st) == 0 && !S_ISREG(st.st_mode)) {
		lk_fail(m->err, LK_E_USAGE, "'%s' is not a regular file", r->output);
		lk_error_hint(m->err, "--dry-run writes nothing and prints what would change");
		return LK_E_USAGE;
	}
	lk_buf_init(&r->old_text, LK_LOCK_MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, r->target, &r->old_text, m->err);
	if (rc == LK_E_NOT_FOUND) {
		return check_output_folder(m);
	}
	if (rc < 0) {
		return rc;
	}
	rc = lk_lock_parse(lk_buf_view(&r->old_text), r->output, &m->app->report, &r->old, m->err);
	if (rc < 0) {
		if (!m->err->hint[0]) {
			lk_error_hint(m->err,
				"an existing lock is kept as far as the specs allow; mend it "
				"or move it away");
		}
		return rc;
	}
	r->has_old = true;
	return 0;
}

int lk_solve_add_channel(const struct lk_solve_maker *m, lk_str reference)
{
	struct lk_solve_request *r = m->request;
	return lk_app_add_channel(m->app, reference, &r->arena, &r->channels, m->err);
}

static int add_channels(const struct lk_solve_maker *m, const lk_str *references, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = lk_solve_add_channel(m, references[i]);
	}
	return rc;
}

/* environment.yml's channels; *RET_ANY tells whether there were any. */
static int add_file_channels(const struct lk_solve_maker *m, bool *ret_any)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->request->n_files; i++) {
		const struct lk_envspec *file = &m->request->files[i];
		*ret_any = *ret_any || file->channels.n > 0;
		rc = add_channels(m, file->channels.items, file->channels.n);
	}
	return rc;
}

static int gather_channels(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	int rc = 0;
	if (r->explicit_list) {
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < m->options->channels.len; i++) {
		rc = lk_solve_add_channel(m, lk_str_of(m->options->channels.items[i]));
	}
	if (rc < 0) {
		return rc;
	}
	if (m->options->override_channels) {
		return r->channels.len > 0 ? 0 : lk_app_no_channel(m->err);
	}
	bool from_files = false;
	rc = add_file_channels(m, &from_files);
	if (rc < 0 || from_files) {
		return rc;
	}
	if (r->has_old) {
		for (size_t i = 0; rc == 0 && i < r->old.n_channels; i++) {
			rc = lk_solve_add_channel(m, r->old.channels[i].url);
		}
		const struct lk_args *more = r->edit ? r->edit->channels : NULL;
		for (size_t i = 0; rc == 0 && more && i < more->len; i++) {
			rc = lk_solve_add_channel(m, lk_str_of(more->items[i]));
		}
		return rc;
	}
	if (m->config->channels.n > 0) {
		return add_channels(m, m->config->channels.items, m->config->channels.n);
	}
	return r->channels.len > 0 ? 0 : lk_solve_add_channel(m, LK_STR("conda-forge"));
}

static int add_repodata_fn(const struct lk_solve_maker *m, lk_str name)
{
	if (!lk_path_is_component(name) || !lk_str_ends(name, LK_STR(".json"))) {
		lk_fail(m->err, LK_E_USAGE, "'" LK_STR_FMT "' is no name of a repodata file",
			LK_STR_ARG(name));
		lk_error_hint(m->err, "for example current_repodata.json");
		return LK_E_USAGE;
	}
	lk_solve_push_unique(&m->request->repodata_fns, lk_str_dup(&m->request->arena, name));
	return 0;
}

/* Those of the command line, else of the configuration; after all others repodata.json, which holds
 * whatever they hold. */
static int gather_repodata_fns(const struct lk_solve_maker *m)
{
	const lk_str usual = LK_STR("repodata.json");
	const struct lk_args *given = &m->options->repodata_fns;
	const struct lk_str_list *configured = &m->config->repodata_fns;
	size_t n = given->len ? given->len : configured->n;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		lk_str name = given->len ? lk_str_of(given->items[i]) : configured->items[i];
		if (lk_str_eq(name, usual)) {
			break;
		}
		rc = add_repodata_fn(m, name);
	}
	return rc < 0 ? rc : add_repodata_fn(m, usual);
}

static int gather_policy(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	r->priority = LK_PRIORITY_STRICT;
	if (m->options->channel_priority) {
		(void)priority_of(lk_str_of(m->options->channel_priority), &r->priority);
	} else if (r->has_old) {
		(void)priority_of(r->old.channel_priority, &r->priority);
	} else if (m->config->channel_priority.len > 0 &&
		!priority_of(m->config->channel_priority, &r->priority)) {
		return lk_fail(m->err, LK_E_USAGE, "channel_priority '" LK_STR_FMT "' is unknown",
			LK_STR_ARG(m->config->channel_priority));
	}
	r->update_all = m->options->update_all;
	r->relations_depth = m->config->channel_relations_max_depth;
	if (m->options->channel_relations && r->relations_depth == 0) {
		r->relations_depth = RELATIONS_DEPTH;
	}
	if (m->options->exclude_newer) {
		return lk_instant_parse(
			lk_str_of(m->options->exclude_newer), &r->exclude_newer, m->err);
	}
	if (r->has_old && r->old.exclude_newer.len > 0) {
		return lk_instant_parse(r->old.exclude_newer, &r->exclude_newer, m->err);
	}
	return 0;
}

void lk_solve_sort_names(struct lk_strs *names)
{
	size_t n = 0;
	if (names->len > 1) {
		qsort(names->items, names->len, sizeof(*names->items), lk_str_cmp_qsort);
	}
	for (size_t i = 0; i < names->len; i++) {
		if (n == 0 || !lk_str_eq(names->items[i], names->items[n - 1])) {
			names->items[n++] = names->items[i];
		}
	}
	names->len = n;
}

static bool has_name(const struct lk_strs *sorted, lk_str name)
{
	return sorted->len > 0 &&
		bsearch(&name, sorted->items, sorted->len, sizeof(name), lk_str_cmp_qsort);
}

/* The names that LOCK has, sorted, each once. */
static void names_of(const struct lk_lock *lock, struct lk_strs *ret)
{
	for (size_t i = 0; i < lock->n_platforms; i++) {
		for (size_t k = 0; k < lock->platforms[i].n_packages; k++) {
			lk_vec_push(ret, lock->platforms[i].packages[k].name);
		}
	}
	lk_solve_sort_names(ret);
}

/* There is nothing of NAME to update. */
static int no_such_package(const struct lk_solve_maker *m, lk_str name, const struct lk_strs *names)
{
	lk_str near[LK_MAX_NEAR];
	size_t n = lk_near_names(name, names->items, names->len, near);
	lk_fail(m->err, LK_E_USAGE, "'%s' has no package '" LK_STR_FMT "' to update",
		m->request->output, LK_STR_ARG(name));
	if (n > 0) {
		lk_error_hint(m->err, "did you mean '" LK_STR_FMT "'?", LK_STR_ARG(near[0]));
	} else {
		lk_error_hint(m->err, "'lockenv add " LK_STR_FMT "' asks for it", LK_STR_ARG(name));
	}
	return LK_E_USAGE;
}

/* --update: NAME, or a spec that it must then match. */
static int gather_update(
	const struct lk_solve_maker *m, const char *text, const struct lk_strs *names)
{
	struct lk_solve_request *r = m->request;
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(lk_str_of(text), LK_SPEC_USER, &r->arena, &spec, m->err);
	if (rc < 0) {
		return rc;
	}
	if (spec->name_kind != LK_PATTERN_EXACT || spec->when || lk_name_is_virtual(spec->name)) {
		lk_fail(m->err, LK_E_USAGE, "'%s' names no one package to update", text);
		lk_error_hint(m->err, "write NAME, or NAME=VERSION for a certain version");
		return LK_E_USAGE;
	}
	if (r->has_old && !has_name(names, spec->name)) {
		return no_such_package(m, spec->name, names);
	}
	lk_solve_push_unique(&r->update, spec->name);
	if (!lk_solve_is_bare(spec)) {
		lk_vec_push(&r->demands, spec);
	}
	return 0;
}

static int gather_updates(const struct lk_solve_maker *m)
{
	struct lk_strs names = {0};
	int rc = 0;
	names_of(&m->request->old, &names);
	for (size_t i = 0; rc == 0 && i < m->options->update.len; i++) {
		rc = gather_update(m, m->options->update.items[i], &names);
	}
	lk_vec_done(&names);
	return rc;
}

/* Those of the command line, then of the files as far as they apply to the target. */
static void add_given_specs(const struct lk_solve_maker *m, struct lk_solve_target *target)
{
	const struct lk_solve_request *r = m->request;
	for (size_t i = 0; i < m->args->len; i++) {
		lk_vec_push(&target->specs, lk_str_of(m->args->items[i]));
	}
	for (size_t i = 0; i < r->n_files; i++) {
		for (size_t k = 0; k < r->files[i].n_specs; k++) {
			const struct lk_envspec_line *line = &r->files[i].specs[k];
			if (lk_envspec_line_applies(line, target->subdir)) {
				lk_vec_push(&target->specs, line->text);
			}
		}
	}
}

static int gather_specs(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	for (size_t t = 0; t < r->n_targets; t++) {
		struct lk_solve_target *target = &r->targets[t];
		add_given_specs(m, target);
		const struct lk_lock_platform *old = lk_solve_old_platform(r, target->subdir);
		for (size_t k = 0; m->args->len == 0 && r->n_files == 0 && old && k < old->specs.n;
			k++) {
			lk_vec_push(&target->specs, old->specs.items[k]);
		}
		if (r->edit && !r->edit->path) {
			int rc = lk_solve_edit_specs(r->edit, &target->specs, &r->arena, m->err);
			if (rc < 0) {
				return rc;
			}
		}
		if (target->specs.len == 0 && !m->options->lock) {
			lk_fail(m->err, LK_E_USAGE, "nothing to solve for " LK_STR_FMT,
				LK_STR_ARG(target->subdir));
			lk_error_hint(m->err,
				"give specs, -f FILE, or an environment.yml beside '%s'",
				r->output);
			return LK_E_USAGE;
		}
	}
	return 0;
}

void lk_solve_push_unique(struct lk_strs *list, lk_str text)
{
	for (size_t i = 0; i < list->len; i++) {
		if (lk_str_eq(list->items[i], text)) {
			return;
		}
	}
	lk_vec_push(list, text);
}

/* --pin, else the old lock's pins, else those of the configuration. */
static void add_pins(const struct lk_solve_maker *m, struct lk_solve_target *target)
{
	const struct lk_args *given = &m->options->pins;
	const struct lk_lock_platform *old = lk_solve_old_platform(m->request, target->subdir);
	struct lk_str_list kept = old ? old->pins : m->config->pinned_packages;
	for (size_t i = 0; i < given->len; i++) {
		if (strcmp(given->items[i], "none") != 0) {
			lk_solve_push_unique(&target->pins, lk_str_of(given->items[i]));
		}
	}
	for (size_t i = 0; given->len == 0 && i < kept.n; i++) {
		lk_solve_push_unique(&target->pins, kept.items[i]);
	}
}

static int gather_pins(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	for (size_t t = 0; t < r->n_targets; t++) {
		struct lk_solve_target *target = &r->targets[t];
		add_pins(m, target);
		for (size_t i = 0; i < target->pins.len; i++) {
			const struct lk_matchspec *ignored;
			int rc = lk_matchspec_parse(
				target->pins.items[i], LK_SPEC_USER, &r->arena, &ignored, m->err);
			if (rc < 0) {
				return lk_wrap(m->err, "a pin");
			}
		}
	}
	return 0;
}

int lk_solve_request_make(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_args *specs, struct lk_solve_request *ret, struct lk_error *err)
{
	lk_arena_init(&ret->arena);
	ret->output = options->output ? options->output : "env.lock";
	struct lk_solve_maker m = {app, options, specs, NULL, ret, err};
	int rc = lk_app_config(app, &m.config, err);
	if (rc < 0) {
		return rc;
	}
	ret->alias = m.config->channel_alias;
	int (*const steps[])(const struct lk_solve_maker *) = {
		read_old_lock,
		lk_solve_read_files,
		gather_policy,
		gather_repodata_fns,
		gather_updates,
		lk_solve_gather_platforms,
		lk_solve_gather_pip,
		gather_specs,
		lk_solve_gather_artifacts,
		gather_pins,
		gather_channels,
		lk_solve_gather_spec_channels,
		lk_solve_gather_variables,
		lk_solve_gather_virtuals,
	};
	for (size_t i = 0; i < LK_COUNTOF(steps); i++) {
		rc = steps[i](&m);
		if (rc < 0) {
			return rc;
		}
	}
	lk_channels_name(&ret->channels, ret->alias, &ret->arena);
	return 0;
}

void lk_solve_request_done(struct lk_solve_request *request)
{
	for (size_t i = 0; i < request->n_targets; i++) {
		lk_vec_done(&request->targets[i].specs);
		lk_vec_done(&request->targets[i].pins);
		lk_vec_done(&request->targets[i].virtuals);
	}
	for (size_t i = 0; i < request->n_files; i++) {
		lk_envspec_done(&request->files[i]);
	}
	if (request->has_old && !request->borrows_old) {
		lk_lock_done(&request->old);
	}
	lk_buf_done(&request->old_text);
	lk_vec_done(&request->channels);
	lk_vec_done(&request->all_channels);
	lk_vec_done(&request->artifacts);
	lk_map_done(&request->artifact_index);
	lk_vec_done(&request->update);
	lk_vec_done(&request->demands);
	lk_vec_done(&request->repodata_fns);
	lk_vec_done(&request->pip);
	lk_arena_done(&request->arena);
}
