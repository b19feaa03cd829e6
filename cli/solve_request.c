/*
 * Joining the sources of a solve. One function a question: which specs, channels, platforms,
 * targets.
 */
#include "cli/solve_request.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/instant.h"
#include "conda/subdir.h"

#define MAX_LINKS 40 /* as many as Linux follows */

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

struct maker {
	struct lk_app *app;
	const struct lk_solve_options *options;
	const struct lk_args *args;
	const struct lk_config *config;
	struct lk_solve_request *request;
	struct lk_error *err;
};

/* A lock that is a symlink stays one: what it points to is replaced. A loop ends at open(2). */
static const char *follow_links(const char *path, struct lk_arena *arena)
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
static int check_output_folder(const struct maker *m)
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

static int read_old_lock(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	struct stat st;
	r->target = follow_links(r->output, &r->arena);
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

static int refuse_kind(const struct maker *m, const struct lk_envspec *file)
{
	if (file->explicit_urls) {
		lk_fail_at(m->err, file->file.ptr, 0, 0, "an @EXPLICIT list cannot be solved");
		lk_error_hint(m->err, "it already names exact packages; give specs instead");
		return LK_E_FORMAT;
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

static int check_specs(const struct maker *m, const struct lk_envspec *file)
{
	for (size_t i = 0; i < file->n_specs; i++) {
		const struct lk_matchspec *spec;
		int rc = lk_matchspec_parse(
			file->specs[i].text, LK_SPEC_USER, &m->request->arena, &spec, m->err);
		if (rc < 0) {
			point_into_file(file, &file->specs[i], m->err);
			return rc;
		}
	}
	return 0;
}

/* -f FILEs; without them and without specs environment.yml beside the lock, when it is there. */
static int read_files(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	struct lk_args paths = {0};
	for (size_t i = 0; i < m->options->files.len; i++) {
		lk_vec_push(&paths, m->options->files.items[i]);
	}
	lk_str dir = lk_path_dirname(lk_str_of(r->output));
	const char *beside = dir.len
		? lk_arena_printf(&r->arena, LK_STR_FMT "/environment.yml", LK_STR_ARG(dir))
		: "environment.yml";
	struct stat st;
	if (paths.len == 0 && m->args->len == 0 && stat(beside, &st) == 0) {
		lk_vec_push(&paths, beside);
	}
	r->files = lk_arena_calloc(&r->arena, paths.len, sizeof(*r->files));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < paths.len; i++) {
		rc = lk_envspec_read(paths.items[i], &m->app->report, &r->files[i], m->err);
		if (rc == 0) {
			r->n_files++;
			rc = refuse_kind(m, &r->files[i]);
		}
		if (rc == 0) {
			rc = check_specs(m, &r->files[i]);
		}
	}
	lk_vec_done(&paths);
	return rc;
}

static int add_channel(const struct maker *m, lk_str reference)
{
	struct lk_solve_request *r = m->request;
	struct lk_strs expanded = {0};
	lk_config_expand_channel(m->config, reference, &r->arena, &expanded);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < expanded.len; i++) {
		struct lk_channel channel;
		lk_str full = lk_str_of(lk_app_expand_home(m->app, expanded.items[i]));
		rc = lk_channel_resolve(full, r->alias, &r->arena, &channel, m->err);
		bool known = false;
		for (size_t k = 0; rc == 0 && k < r->channels.len; k++) {
			known = known || lk_str_eq(r->channels.items[k].url, channel.url);
		}
		if (rc == 0 && !known) {
			lk_vec_push(&r->channels, channel);
		}
	}
	lk_vec_done(&expanded);
	return rc;
}

static int add_channels(const struct maker *m, const lk_str *references, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = add_channel(m, references[i]);
	}
	return rc;
}

/* environment.yml's channels; *RET_ANY tells whether there were any. */
static int add_file_channels(const struct maker *m, bool *ret_any)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->request->n_files; i++) {
		const struct lk_envspec *file = &m->request->files[i];
		*ret_any = *ret_any || file->channels.n > 0;
		rc = add_channels(m, file->channels.items, file->channels.n);
	}
	return rc;
}

static int gather_channels(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->options->channels.len; i++) {
		rc = add_channel(m, lk_str_of(m->options->channels.items[i]));
	}
	if (rc < 0) {
		return rc;
	}
	if (m->options->override_channels) {
		if (r->channels.len == 0) {
			lk_fail(m->err, LK_E_USAGE, "--override-channels without any --channel");
			lk_error_hint(m->err, "give at least one: -c conda-forge");
			return LK_E_USAGE;
		}
		return 0;
	}
	bool from_files = false;
	rc = add_file_channels(m, &from_files);
	if (rc < 0 || from_files) {
		return rc;
	}
	if (r->has_old) {
		for (size_t i = 0; rc == 0 && i < r->old.n_channels; i++) {
			rc = add_channel(m, r->old.channels[i].url);
		}
		return rc;
	}
	if (m->config->channels.n > 0) {
		return add_channels(m, m->config->channels.items, m->config->channels.n);
	}
	return r->channels.len > 0 ? 0 : add_channel(m, LK_STR("conda-forge"));
}

/* channel::name specs may name a channel that is not in the list: it comes last. */
static int gather_spec_channels(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	int rc = 0;
	for (size_t t = 0; t < r->n_targets; t++) {
		for (size_t i = 0; rc == 0 && i < r->targets[t].specs.len; i++) {
			const struct lk_matchspec *spec;
			rc = lk_matchspec_parse(r->targets[t].specs.items[i], LK_SPEC_USER,
				&r->arena, &spec, m->err);
			if (rc == 0 && spec->warning) {
				lk_warn(&m->app->report, "'" LK_STR_FMT "': %s",
					LK_STR_ARG(r->targets[t].specs.items[i]), spec->warning);
			}
			if (rc == 0 && spec->channel.len > 0 &&
				lk_str_find_char(spec->channel, '*') == SIZE_MAX) {
				rc = add_channel(m, spec->channel);
			}
		}
	}
	return rc;
}

static int gather_policy(const struct maker *m)
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
	for (size_t i = 0; i < m->config->pinned_packages.n; i++) {
		lk_vec_push(&r->pins, m->config->pinned_packages.items[i]);
	}
	r->update_all = m->options->update_all;
	if (m->options->exclude_newer) {
		return lk_instant_parse(
			lk_str_of(m->options->exclude_newer), &r->exclude_newer, m->err);
	}
	if (r->has_old && r->old.exclude_newer.len > 0) {
		return lk_instant_parse(r->old.exclude_newer, &r->exclude_newer, m->err);
	}
	return 0;
}

static bool locks_name(const struct lk_lock *lock, lk_str name)
{
	for (size_t i = 0; i < lock->n_platforms; i++) {
		for (size_t k = 0; k < lock->platforms[i].n_packages; k++) {
			if (lk_str_eq(lock->platforms[i].packages[k].name, name)) {
				return true;
			}
		}
	}
	return false;
}

static int gather_updates(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	for (size_t i = 0; i < m->options->update.len; i++) {
		lk_str name = lk_str_of(m->options->update.items[i]);
		if (r->has_old && !locks_name(&r->old, name)) {
			lk_fail(m->err, LK_E_USAGE,
				"'%s' has no package '" LK_STR_FMT "' to update", r->output,
				LK_STR_ARG(name));
			lk_error_hint(m->err, "'lockenv list %s' shows what it has", r->output);
			return LK_E_USAGE;
		}
		lk_vec_push(&r->update, name);
	}
	return 0;
}

static void push_unique(struct lk_strs *list, lk_str text)
{
	for (size_t i = 0; i < list->len; i++) {
		if (lk_str_eq(list->items[i], text)) {
			return;
		}
	}
	lk_vec_push(list, text);
}

static int gather_platforms(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	struct lk_strs names = {0};
	for (size_t i = 0; i < m->options->platforms.len; i++) {
		push_unique(&names, lk_str_of(m->options->platforms.items[i]));
	}
	for (size_t i = 0; names.len == 0 && i < r->n_files; i++) {
		for (size_t k = 0; k < r->files[i].platforms.n; k++) {
			push_unique(&names, r->files[i].platforms.items[k]);
		}
	}
	for (size_t i = 0; r->has_old && m->options->platforms.len == 0 && r->n_files == 0 &&
		i < r->old.n_platforms;
		i++) {
		push_unique(&names, r->old.platforms[i].subdir);
	}
	if (names.len == 0) {
		push_unique(&names, lk_str_of(lk_subdir_native()));
	}
	qsort(names.items, names.len, sizeof(*names.items), lk_str_cmp_qsort);
	r->targets = lk_arena_calloc(&r->arena, names.len, sizeof(*r->targets));
	r->n_targets = names.len;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		r->targets[i].subdir = lk_str_dup(&r->arena, names.items[i]);
		if (!lk_subdir_is_known(names.items[i]) || lk_str_is(names.items[i], "noarch")) {
			rc = lk_fail(m->err, LK_E_USAGE, "'" LK_STR_FMT "' is no platform",
				LK_STR_ARG(names.items[i]));
			lk_error_hint(
				m->err, "for example linux-64, linux-aarch64, osx-arm64, win-64");
		}
	}
	lk_vec_done(&names);
	return rc;
}

/* Those of the command line, then of the files as far as they apply to the target. */
static void add_given_specs(const struct maker *m, struct lk_solve_target *target)
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

/* Requirements for pip cannot be locked: without leave to go on without them they end the solve. */
static int gather_pip(const struct maker *m, const struct lk_envspec *file)
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
		push_unique(&r->pip, line->text);
	}
	return 0;
}

static int gather_specs(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	for (size_t i = 0; i < r->n_files; i++) {
		int rc = gather_pip(m, &r->files[i]);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t t = 0; t < r->n_targets; t++) {
		struct lk_solve_target *target = &r->targets[t];
		add_given_specs(m, target);
		const struct lk_lock_platform *old =
			r->has_old ? lk_lock_find_platform(&r->old, target->subdir) : NULL;
		for (size_t k = 0; m->args->len == 0 && r->n_files == 0 && old && k < old->specs.n;
			k++) {
			lk_vec_push(&target->specs, old->specs.items[k]);
		}
		if (target->specs.len == 0) {
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

struct named_virtual {
	const char *name;
	const char *value;
	const char *prefix; /* put before the value, for "1=ARCH" */
};

static int set_virtuals(const struct maker *m, struct lk_solve_target *target,
	const struct named_virtual *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = list[i].value;
		if (!value) {
			continue;
		}
		if (strcmp(list[i].name, "__glibc") == 0 &&
			!lk_str_is(lk_subdir_os(target->subdir), "linux")) {
			continue;
		}
		bool none = !*value || strcmp(value, "none") == 0;
		if (!none && !*list[i].prefix && !lk_is_digit(*value)) {
			lk_fail(m->err, LK_E_USAGE, "'%s' is no version of %s", value,
				list[i].name);
			lk_error_hint(m->err, "write numbers such as 12.6, or none");
			return LK_E_USAGE;
		}
		lk_str text = lk_str_printf(&m->request->arena, "%s=%s%s", list[i].name,
			none ? "" : list[i].prefix, none ? "" : value);
		int rc = lk_virtuals_set_text(&target->virtuals, text, &m->request->arena, m->err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* Defaults of the platform, or the existing lock's target; then CONDA_OVERRIDE_*; then options. */
static int gather_virtuals(const struct maker *m, struct lk_solve_target *target)
{
	struct lk_solve_request *r = m->request;
	const struct lk_lock_platform *old =
		r->has_old ? lk_lock_find_platform(&r->old, target->subdir) : NULL;
	if (old) {
		for (size_t i = 0; i < old->solved_with.len; i++) {
			lk_vec_push(&target->virtuals, old->solved_with.items[i]);
		}
	} else {
		lk_virtuals_default(target->subdir, &r->arena, &target->virtuals);
	}
	struct lk_host_overrides o = lk_app_overrides();
	const struct named_virtual from_environment[] = {
		{"__cuda", o.cuda, ""},
		{"__cuda_arch", o.cuda_arch, ""},
		{"__glibc", o.glibc, ""},
		{"__archspec", o.archspec, "1="},
	};
	const struct lk_solve_options *options = m->options;
	const struct named_virtual from_options[] = {
		{"__cuda", options->cuda, ""},
		{"__cuda_arch", options->cuda_arch, ""},
		{"__glibc", options->glibc, ""},
		{"__archspec", options->archspec, "1="},
	};
	int rc = set_virtuals(m, target, from_environment, LK_COUNTOF(from_environment));
	if (rc == 0) {
		rc = set_virtuals(m, target, from_options, LK_COUNTOF(from_options));
	}
	for (size_t i = 0; rc == 0 && i < options->virtuals.len; i++) {
		rc = lk_virtuals_set_text(&target->virtuals, lk_str_of(options->virtuals.items[i]),
			&r->arena, m->err);
	}
	return rc;
}

static void gather_variables(const struct maker *m)
{
	struct lk_solve_request *r = m->request;
	size_t n = 0;
	for (size_t i = 0; i < r->n_files; i++) {
		n += r->files[i].n_variables;
	}
	if (r->n_files == 0 && r->has_old) {
		r->variables = r->old.variables;
		r->n_variables = r->old.n_variables;
		return;
	}
	r->variables = lk_arena_calloc(&r->arena, n, sizeof(*r->variables));
	for (size_t i = 0; i < r->n_files; i++) {
		for (size_t k = 0; k < r->files[i].n_variables; k++) {
			r->variables[r->n_variables++] = (struct lk_lock_variable){
				r->files[i].variables[k].name,
				r->files[i].variables[k].value,
			};
		}
	}
}

int lk_solve_request_make(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_args *specs, struct lk_solve_request *ret, struct lk_error *err)
{
	lk_arena_init(&ret->arena);
	ret->output = options->output ? options->output : "env.lock";
	struct maker m = {app, options, specs, NULL, ret, err};
	int rc = lk_app_config(app, &m.config, err);
	if (rc < 0) {
		return rc;
	}
	ret->alias = m.config->channel_alias;
	int (*const steps[])(const struct maker *) = {
		read_old_lock,
		read_files,
		gather_policy,
		gather_updates,
		gather_platforms,
		gather_specs,
		gather_channels,
		gather_spec_channels,
	};
	for (size_t i = 0; i < LK_COUNTOF(steps); i++) {
		rc = steps[i](&m);
		if (rc < 0) {
			return rc;
		}
	}
	lk_channels_name(&ret->channels, ret->alias, &ret->arena);
	gather_variables(&m);
	for (size_t i = 0; rc == 0 && i < ret->n_targets; i++) {
		rc = gather_virtuals(&m, &ret->targets[i]);
	}
	return rc;
}

void lk_solve_request_done(struct lk_solve_request *request)
{
	for (size_t i = 0; i < request->n_targets; i++) {
		lk_vec_done(&request->targets[i].specs);
		lk_vec_done(&request->targets[i].virtuals);
	}
	for (size_t i = 0; i < request->n_files; i++) {
		lk_envspec_done(&request->files[i]);
	}
	if (request->has_old) {
		lk_lock_done(&request->old);
	}
	lk_buf_done(&request->old_text);
	lk_vec_done(&request->channels);
	lk_vec_done(&request->pins);
	lk_vec_done(&request->update);
	lk_vec_done(&request->pip);
	lk_arena_done(&request->arena);
}
