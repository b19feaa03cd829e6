/*
 * Which scripts run, in which order, and running one.
 */
#include "install/scripts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/link_order.h"
#include "install/site.h"
#include "install/spawn.h"

#define MESSAGES ".messages.txt"
#define MAX_MESSAGES ((size_t)1 << 20)
#define MAX_LINE ((size_t)32 << 10) /* of what is told, escaped */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

static bool is_wanted(const struct lk_scripts *scripts, lk_str package)
{
	for (size_t i = 0; i < scripts->only.n; i++) {
		if (lk_str_eq(scripts->only.items[i], package)) {
			return scripts->run;
		}
	}
	return scripts->run && scripts->only.n == 0;
}

static void skip(struct lk_scripts *scripts, lk_str package, lk_str path)
{
	const struct lk_script script = {
		lk_str_dup(scripts->arena, package), lk_str_dup(scripts->arena, path)};
	lk_note(scripts->report, 0, "not run: '" LK_STR_FMT "' of package '" LK_STR_FMT "'",
		LK_STR_ARG(path), LK_STR_ARG(package));
	lk_vec_push(&scripts->skipped, script);
}

/* "NAME=value" of SETTINGS, and what is inherited besides; NULL-ended. */
static const char *const *make_env(
	const struct lk_scripts *scripts, const char *const *settings, struct lk_arena *arena)
{
	size_t n = 0;
	size_t used = 0;
	while (scripts->env && scripts->env[n]) {
		n++;
	}
	size_t n_settings = 0;
	while (settings[n_settings]) {
		n_settings++;
	}
	const char **env = lk_arena_calloc(arena, n + n_settings + 1, sizeof(*env));
	for (size_t i = 0; i < n_settings; i++) {
		env[used++] = settings[i];
	}
	for (size_t i = 0; i < n; i++) {
		lk_str name = lk_str_of(scripts->env[i]);
		bool is_set = lk_str_starts(name, LK_STR("BASH_ENV="));
		name = lk_str_slice(name, 0, lk_str_find_char(name, '=') + 1);
		for (size_t k = 0; k < n_settings && !is_set; k++) {
			is_set = lk_str_starts(lk_str_of(settings[k]), name);
		}
		if (!is_set) {
			env[used++] = scripts->env[i];
		}
	}
	return env;
}

static const char *inherited_path(const struct lk_scripts *scripts)
{
	for (size_t i = 0; scripts->env && scripts->env[i]; i++) {
		if (strncmp(scripts->env[i], "PATH=", strlen("PATH=")) == 0) {
			return scripts->env[i] + strlen("PATH=");
		}
	}
	return DEFAULT_PATH;
}

/* What a script has to say to people; each line is a note. */
static void tell_messages(const struct lk_scripts *scripts, lk_str package)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_MESSAGES);
	int LK_AUTO_CLOSE fd = open(scripts->prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (lk_fs_read_beneath(fd, MESSAGES, &text, &ignored) == 0) {
		lk_str rest = lk_buf_view(&text);
		lk_str line;
		while (rest.len > 0 && lk_str_split(&rest, '\n', &line)) {
			if (lk_str_trim(line).len > 0) {
				lk_note(scripts->report, 0, LK_STR_FMT ": " LK_STR_FMT,
					LK_STR_ARG(package), LK_STR_ARG(line));
			}
		}
	}
	(void)unlinkat(fd, MESSAGES, 0);
}

/* Escaped, for a NUL would end it. */
static void tell_line(void *ctx, lk_str line)
{
	const struct lk_scripts *scripts = ctx;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_LINE);
	lk_buf_put_escaped(&text, line);
	lk_note(scripts->report, -1, "%s", lk_buf_cstr(&text));
}

/* Is the prefix still the directory PREFIX_FD, and an environment? */
static int check_place(const struct lk_scripts *scripts, int prefix_fd,
	const struct lk_record *record, lk_str path, struct lk_error *err)
{
	struct stat held;
	struct stat named;
	bool is_there = lstat(scripts->prefix, &named) == 0;
	bool is_same = is_there && fstat(prefix_fd, &held) == 0 && held.st_dev == named.st_dev &&
		held.st_ino == named.st_ino;
	if (is_same && lk_site_is_environment(prefix_fd)) {
		return 0;
	}
	lk_fail(err, LK_E_FS, "'" LK_STR_FMT "' of package '" LK_STR_FMT "' %s '%s'",
		LK_STR_ARG(path), LK_STR_ARG(record->name),
		!is_there         ? "removed"
			: is_same ? "took the environment out of"
				  : "put something else in the place of",
		scripts->prefix);
	lk_error_hint(err, "install without its link scripts: they do what no script may");
	return err->code;
}

static int run_script(struct lk_scripts *scripts, const struct lk_record *record, lk_str path,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const char *prefix = scripts->prefix;
	const char *file = lk_arena_printf(&arena, "%s/" LK_STR_FMT, prefix, LK_STR_ARG(path));
	const char *folder = lk_arena_printf(&arena, "%s/bin", prefix);
	const char *const settings[] = {
		lk_arena_printf(&arena, "PREFIX=%s", prefix),
		lk_arena_printf(&arena, "SOURCE_DIR=%s", prefix),
		lk_arena_printf(&arena, "CONDA_PREFIX=%s", prefix),
		lk_arena_printf(&arena, "CONDA_DEFAULT_ENV=%s", prefix),
		"CONDA_SHLVL=1",
		"ROOT_PREFIX=",
		lk_arena_printf(&arena, "PATH=%s:%s", folder, inherited_path(scripts)),
		lk_arena_printf(&arena, "PKG_NAME=" LK_STR_FMT, LK_STR_ARG(record->name)),
		lk_arena_printf(&arena, "PKG_VERSION=" LK_STR_FMT, LK_STR_ARG(record->version)),
		lk_arena_printf(
			&arena, "PKG_BUILDNUM=%llu", (unsigned long long)record->build_number),
		NULL,
	};
	const char *const argv[] = {"bash", file, NULL};
	int LK_AUTO_CLOSE dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", folder);
	}
	const struct lk_spawn spawn = {
		dirfd, "/bin/bash", argv, make_env(scripts, settings, &arena), -1, -1};
	const struct lk_listener listener = {tell_line, scripts, scripts->report};
	int status = 0;
	lk_note(scripts->report, 1, "running '%s'", file);
	int rc = lk_spawn_listen(&spawn, &listener, &status, err);
	if (rc == LK_E_NOT_FOUND) {
		return lk_fail(err, LK_E_FS, "cannot run '%s': no /bin/bash here", file);
	}
	tell_messages(scripts, record->name);
	if (rc == 0 && status != 0 && lk_report_stop(scripts->report)) {
		return lk_fail(err, LK_E_INTERRUPTED,
			"interrupted in '%s' of package '" LK_STR_FMT "'", file,
			LK_STR_ARG(record->name));
	}
	if (rc == 0 && status != 0) {
		lk_fail(err, LK_E_FS, "'%s' of package '" LK_STR_FMT "' ended with %d", file,
			LK_STR_ARG(record->name), status);
		lk_error_hint(err,
			"what it said stands above; without --run-link-scripts it does "
			"not run");
		return LK_E_FS;
	}
	return rc;
}

/* Runs it, or tells that it is left out. A failure is an error, but a warning with LENIENT. */
static int run_or_skip(struct lk_scripts *scripts, int prefix_fd, const struct lk_record *record,
	lk_str path, bool lenient, struct lk_error *err)
{
	if (!is_wanted(scripts, record->name)) {
		skip(scripts, record->name, path);
		return 0;
	}
	if (lk_report_stop(scripts->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted before '" LK_STR_FMT "' ran",
			LK_STR_ARG(path));
	}
	if (scripts->work_fd >= 0) {
		/* Where it cannot be made a run that is killed now goes untold. */
		int mark = openat(scripts->work_fd, LK_SITE_SCRIPTS,
			O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		lk_close_p(&mark);
	}
	lk_vec_push(&scripts->ran, lk_str_dup(scripts->arena, record->name));
	int rc = run_script(scripts, record, path, err);
	if (rc == LK_E_FS && lenient) {
		lk_warn(scripts->report, "%s", err->message);
		lk_error_clear(err);
		rc = 0;
	}
	return rc < 0 ? rc : check_place(scripts, prefix_fd, record, path, err);
}

const struct lk_script *lk_scripts_skipped(const struct lk_scripts *scripts, struct lk_arena *arena)
{
	size_t n = scripts->skipped.len;
	struct lk_script *copy = lk_arena_calloc(arena, n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		copy[i].package = lk_str_dup(arena, scripts->skipped.items[i].package);
		copy[i].path = lk_str_dup(arena, scripts->skipped.items[i].path);
	}
	return copy;
}

void lk_scripts_warn_unused(const struct lk_scripts *scripts)
{
	for (size_t i = 0; i < scripts->only.n; i++) {
		bool found = false;
		for (size_t k = 0; k < scripts->ran.len && !found; k++) {
			found = lk_str_eq(scripts->ran.items[k], scripts->only.items[i]);
		}
		if (!found) {
			lk_warn(scripts->report,
				"no link script of a package '" LK_STR_FMT "' was to be run",
				LK_STR_ARG(scripts->only.items[i]));
		}
	}
}

static bool has_file(const struct lk_prefix_record *record, lk_str path)
{
	for (size_t i = 0; i < record->files.n; i++) {
		if (lk_str_eq(record->files.items[i], path)) {
			return true;
		}
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct lk_prefix_record *const *left = a;
	const struct lk_prefix_record *const *right = b;
	return lk_str_cmp((*left)->record.name, (*right)->record.name);
}

/* The path of the script of NAME for an action, as info/ and records have it. */
static lk_str script_path(lk_str name, const char *action, struct lk_arena *arena)
{
	return lk_str_printf(arena, "bin/." LK_STR_FMT "-%s.sh", LK_STR_ARG(name), action);
}

int lk_scripts_unlink(struct lk_scripts *scripts, int prefix_fd,
	const struct lk_prefix_record *const *records, size_t n, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_prefix_record **sorted = lk_arena_calloc(&arena, n + 1, sizeof(*sorted));
	struct lk_record *plain = lk_arena_calloc(&arena, n + 1, sizeof(*plain));
	for (size_t i = 0; i < n; i++) {
		sorted[i] = records[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < n; i++) {
		plain[i] = sorted[i]->record;
	}
	const uint32_t *order = lk_link_order(plain, n, &arena);
	int rc = 0;
	for (size_t i = n; rc == 0 && i > 0; i--) {
		const struct lk_prefix_record *record = sorted[order[i - 1]];
		lk_str path = script_path(record->record.name, "pre-unlink", &arena);
		const char *file = lk_arena_printf(&arena, "%s/%s", scripts->prefix, path.ptr);
		if (!has_file(record, path) || access(file, F_OK) != 0) {
			continue;
		}
		rc = run_or_skip(scripts, prefix_fd, &record->record, path, true, err);
	}
	return rc;
}

int lk_scripts_before(
	struct lk_scripts *scripts, int prefix_fd, const struct lk_plan *plan, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_prefix_record **gone =
		lk_arena_calloc(&arena, plan->n_steps + 1, sizeof(*gone));
	size_t n = 0;
	for (size_t i = 0; i < plan->n_steps; i++) {
		enum lk_plan_action action = plan->steps[i].action;
		if (action == LK_PLAN_REMOVE || action == LK_PLAN_REPLACE) {
			gone[n++] = plan->steps[i].have;
		}
	}
	return n == 0 ? 0 : lk_scripts_unlink(scripts, prefix_fd, gone, n, err);
}

static int cmp_step(const void *key, const void *step)
{
	const lk_str *name = key;
	const struct lk_plan_step *at = step;
	return lk_str_cmp(*name, at->want ? at->want->name : at->have->record.name);
}

/* Does PACKAGE come, or has it been there? */
static bool comes(const struct lk_plan *plan, const struct lk_layout_package *package)
{
	const struct lk_plan_step *step =
		bsearch(&package->record.name, plan->steps, plan->n_steps, sizeof(*step), cmp_step);
	return step && (step->action == LK_PLAN_ADD || step->action == LK_PLAN_REPLACE);
}

static int run_action(struct lk_scripts *scripts, int prefix_fd, const struct lk_layout *layout,
	const uint32_t *by_rank, const struct lk_plan *plan, const char *action,
	struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < layout->n_packages; i++) {
		const struct lk_layout_package *package = &layout->packages[by_rank[i]];
		if (!package->package || !comes(plan, package)) {
			continue;
		}
		lk_str path = script_path(package->record.name, action, scripts->arena);
		const struct lk_str_list *has = &package->package->scripts;
		for (size_t k = 0; rc == 0 && k < has->n; k++) {
			if (lk_str_eq(has->items[k], path)) {
				rc = run_or_skip(
					scripts, prefix_fd, &package->record, path, false, err);
			}
		}
	}
	return rc;
}

int lk_scripts_after(struct lk_scripts *scripts, int prefix_fd, const struct lk_layout *layout,
	const struct lk_plan *plan, struct lk_error *err)
{
	uint32_t *LK_AUTO_FREE by_rank = lk_calloc(layout->n_packages, sizeof(*by_rank));
	for (uint32_t i = 0; i < layout->n_packages; i++) {
		by_rank[layout->packages[i].rank] = i;
	}
	int rc = run_action(scripts, prefix_fd, layout, by_rank, plan, "pre-link", err);
	if (rc == 0) {
		rc = run_action(scripts, prefix_fd, layout, by_rank, plan, "post-link", err);
	}
	if (scripts->work_fd >= 0) {
		(void)unlinkat(scripts->work_fd, LK_SITE_SCRIPTS, 0);
	}
	return rc;
}
