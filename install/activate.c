/*
 * The steps of activation and deactivation.
 */
#include "install/activate.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "install/env_vars.h"
#include "install/site.h"

#define MAX_LEVEL 10000
#define MAX_PATH_LIST ((size_t)1 << 20) /* bytes; the kernel passes less on */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct work {
	const struct lk_activate_options *options;
	struct lk_arena *arena;
	const struct lk_report *report;
	struct lk_activate_steps *steps;
	const char *active; /* prefix of the active environment, or NULL */
	unsigned level;     /* 0 when none is active */
};

static const char *look(const struct work *w, const char *name)
{
	return w->options->lookup(w->options->ctx, name);
}

static const char *look_level(const struct work *w, const char *name, unsigned level)
{
	return look(w, lk_arena_printf(w->arena, "%s%u", name, level));
}

static void step(struct work *w, enum lk_activate_kind kind, const char *name, lk_str value)
{
	struct lk_activate_step step = {
		kind, lk_str_dup(w->arena, lk_str_of(name)), lk_str_dup(w->arena, value)};
	lk_vec_push(w->steps, step);
}

static void set(struct work *w, const char *name, const char *value)
{
	step(w, LK_ACTIVATE_SET, name, lk_str_of(value));
}

static void unset(struct work *w, const char *name)
{
	step(w, LK_ACTIVATE_UNSET, name, (lk_str){0});
}

static struct work begin(const struct lk_activate_options *options, struct lk_arena *arena,
	const struct lk_report *report, struct lk_activate_steps *steps)
{
	struct work w = {options, arena, report, steps, NULL, 0};
	uint64_t level = 0;
	const char *prefix = look(&w, "CONDA_PREFIX");
	const char *count = look(&w, "CONDA_SHLVL");
	/* What is no count, or has no prefix, is somebody's own variable. */
	if (prefix && *prefix && lk_str_to_u64(lk_str_trim(lk_str_of(count)), &level) &&
		level > 0 && level <= MAX_LEVEL) {
		w.active = prefix;
		w.level = (unsigned)level;
	}
	return w;
}

/* "base" for conda's own environment, the name of one in an envs folder, else the path. */
static const char *default_env(const struct work *w, const char *prefix)
{
	struct stat st;
	lk_str path = lk_str_of(prefix);
	if (stat(lk_arena_printf(w->arena, "%s/condabin", prefix), &st) == 0) {
		return "base";
	}
	bool named = lk_str_is(lk_path_basename(lk_path_dirname(path)), "envs");
	return named ? lk_path_basename(path).ptr : prefix;
}

/* A prompt is expanded by the shell each time it is shown: what would be is not put there. */
static const char *prompt_of(const struct work *w, const char *name)
{
	char *prompt = lk_arena_printf(w->arena, "(%s) ", name);
	for (char *c = prompt; *c; c++) {
		if (strchr("\\$`%!", *c)) {
			*c = '?';
		}
	}
	return prompt;
}

/* PATH with the programs of WITHOUT taken out where they stand first, and those of WITH put there,
 * or to the front. Either may be NULL. */
static const char *path_of(const struct work *w, const char *without, const char *with)
{
	const char *path = look(w, "PATH");
	lk_str rest = lk_str_of(path ? path : DEFAULT_PATH);
	lk_str gone = without ? lk_str_printf(w->arena, "%s/bin", without) : (lk_str){0};
	size_t at = 0;
	struct lk_strs parts = {0};
	lk_str part;
	bool found = false;
	while (rest.len > 0 && lk_str_split(&rest, ':', &part)) {
		if (!found && without && lk_str_eq(lk_str_trim_end(part, '/'), gone)) {
			found = true;
			at = parts.len;
			continue;
		}
		lk_vec_push(&parts, part);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(MAX_PATH_LIST);
	for (size_t i = 0; i <= parts.len; i++) {
		if (i == at && with) {
			lk_buf_appendf(&out, "%s%s/bin", out.len > 0 ? ":" : "", with);
		}
		if (i < parts.len) {
			lk_buf_puts(&out, i > 0 || out.len > 0 ? ":" : "");
			lk_buf_put(&out, parts.items[i]);
		}
	}
	lk_vec_done(&parts);
	return lk_arena_strndup(w->arena, lk_buf_cstr(&out), out.len);
}

/* Scripts that another shell could source and this one cannot. */
static void warn_of_others(const struct work *w, const char *folder, const struct lk_strs *names)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) missed = LK_BUF_INIT(1024);
	lk_str suffix = lk_str_of(w->options->suffix);
	for (size_t i = 0; i < names->len; i++) {
		lk_str name = names->items[i];
		if (!lk_str_ends(name, LK_STR(".sh"))) {
			continue;
		}
		bool has = false;
		lk_str twin = lk_str_printf(w->arena, LK_STR_FMT LK_STR_FMT, (int)name.len - 3,
			name.ptr, LK_STR_ARG(suffix));
		for (size_t k = 0; k < names->len && !has; k++) {
			has = lk_str_eq(names->items[k], twin);
		}
		if (!has) {
			lk_buf_puts(&missed, missed.len > 0 ? ", " : "");
			lk_buf_put(&missed, name);
		}
	}
	if (missed.len > 0) {
		lk_warn(w->report, "%s has scripts without a form for this shell (%s): %s", folder,
			w->options->suffix, lk_buf_cstr(&missed));
	}
}

/* Steps for the scripts of PREFIX in FOLDER, backwards where they undo. */
static int source(
	struct work *w, const char *prefix, const char *name, bool backwards, struct lk_error *err)
{
	struct lk_strs names = {0};
	struct stat st;
	const char *folder = lk_arena_printf(w->arena, "%s/etc/conda/%s", prefix, name);
	int rc = w->options->no_scripts ? 0 : lk_fs_list(AT_FDCWD, folder, w->arena, &names, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = 0;
	}
	for (size_t i = 0; i < names.len; i++) {
		lk_str script = names.items[backwards ? names.len - 1 - i : i];
		const char *path =
			lk_arena_printf(w->arena, "%s/" LK_STR_FMT, folder, LK_STR_ARG(script));
		if (lk_str_ends(script, lk_str_of(w->options->suffix)) && stat(path, &st) == 0 &&
			S_ISREG(st.st_mode)) {
			step(w, LK_ACTIVATE_SOURCE, name, lk_str_of(path));
		}
	}
	if (!backwards && strcmp(w->options->suffix, ".sh") != 0) {
		warn_of_others(w, folder, &names);
	}
	lk_vec_done(&names);
	return rc;
}

static const char *saved_name(const struct work *w, unsigned level, lk_str name)
{
	return lk_arena_printf(w->arena, "__CONDA_SHLVL_%u_" LK_STR_FMT, level, LK_STR_ARG(name));
}

/* Its own variables; with SAVE_LEVEL what they overwrite is remembered first. */
static void set_vars(struct work *w, const struct lk_env_vars *vars, const unsigned *save_level)
{
	for (size_t i = 0; i < vars->len; i++) {
		const struct lk_env_var *var = &vars->items[i];
		const char *old = look(w, var->name.ptr);
		if (save_level && old) {
			set(w, saved_name(w, *save_level, var->name), old);
		}
		if (old && !lk_str_is(var->value, old)) {
			lk_note(w->report, 1, "overwriting the variable " LK_STR_FMT,
				LK_STR_ARG(var->name));
		}
		step(w, LK_ACTIVATE_SET, var->name.ptr, var->value);
	}
}

static void set_names(struct work *w, const char *prefix, unsigned level)
{
	const char *name = default_env(w, prefix);
	const char *prompt = prompt_of(w, name);
	step(w, LK_ACTIVATE_PROMPT, "", lk_str_of(prompt));
	set(w, "CONDA_PREFIX", prefix);
	set(w, "CONDA_SHLVL", lk_arena_printf(w->arena, "%u", level));
	set(w, "CONDA_DEFAULT_ENV", name);
	set(w, "CONDA_PROMPT_MODIFIER", prompt);
}

static int check(const char *prefix, struct lk_arena *arena, struct lk_error *err)
{
	struct stat st;
	int rc = lk_site_check_prefix(prefix, err);
	if (rc < 0) {
		return rc;
	}
	if (stat(lk_arena_printf(arena, "%s/conda-meta", prefix), &st) != 0) {
		lk_fail_errno(err, LK_E_USAGE, errno, "no environment at '%s'", prefix);
		lk_error_hint(
			err, "make it with 'lockenv install LOCK -p PREFIX', or name another");
		return LK_E_USAGE;
	}
	return 0;
}

/* PREFIX above, or in place of, what is active. */
static int enter(
	struct work *w, const char *prefix, const struct lk_env_vars *vars, struct lk_error *err)
{
	bool stack = w->active && w->options->stack;
	bool again = w->active && strcmp(w->active, prefix) == 0;
	unsigned level = again ? w->level : w->level + 1;
	const unsigned save_level = w->level;
	int rc = 0;
	if (w->active && (again || !stack)) {
		rc = source(w, w->active, "deactivate.d", true, err);
	}
	set(w, "PATH", path_of(w, stack && !again ? NULL : w->active, prefix));
	set_names(w, prefix, level);
	if (w->active && !again) {
		set(w, lk_arena_printf(w->arena, "CONDA_PREFIX_%u", w->level), w->active);
	}
	if (stack && !again) {
		set(w, lk_arena_printf(w->arena, "CONDA_STACKED_%u", level), "true");
	}
	set_vars(w, vars, again ? NULL : &save_level);
	return rc < 0 ? rc : source(w, prefix, "activate.d", false, err);
}

int lk_activate(const char *prefix, const struct lk_activate_options *options,
	struct lk_arena *arena, const struct lk_report *report, struct lk_activate_steps *ret,
	struct lk_error *err)
{
	struct work w = begin(options, arena, report, ret);
	struct lk_env_vars vars = {0};
	int rc = check(prefix, arena, err);
	if (rc == 0) {
		rc = lk_env_vars_read(prefix, arena, report, &vars, err);
	}
	if (rc == 0) {
		rc = enter(&w, prefix, &vars, err);
	}
	lk_vec_done(&vars);
	return rc;
}

/* Back to what the variables were, or gone. */
static void restore_vars(struct work *w, const struct lk_env_vars *vars, unsigned level)
{
	for (size_t i = 0; i < vars->len; i++) {
		const char *name = saved_name(w, level, vars->items[i].name);
		const char *saved = look(w, name);
		if (saved) {
			set(w, vars->items[i].name.ptr, saved);
			unset(w, name);
		} else {
			unset(w, vars->items[i].name.ptr);
		}
	}
}

/* To the environment below, which may be none (NULL). */
static int leave(struct work *w, const char *below, bool stacked, const struct lk_env_vars *vars,
	const struct lk_env_vars *vars_below, struct lk_error *err)
{
	unsigned level = w->level - 1;
	set(w, "PATH", path_of(w, w->active, stacked ? NULL : below));
	int rc = source(w, w->active, "deactivate.d", true, err);
	restore_vars(w, vars, level);
	if (!below) {
		step(w, LK_ACTIVATE_PROMPT, "", LK_STR(""));
		unset(w, "CONDA_PREFIX");
		unset(w, "CONDA_DEFAULT_ENV");
		unset(w, "CONDA_PROMPT_MODIFIER");
		set(w, "CONDA_SHLVL", "0");
		return rc;
	}
	unset(w, lk_arena_printf(w->arena, "CONDA_PREFIX_%u", level));
	if (stacked) {
		unset(w, lk_arena_printf(w->arena, "CONDA_STACKED_%u", w->level));
	}
	set_names(w, below, level);
	set_vars(w, vars_below, NULL);
	return rc < 0 ? rc : source(w, below, "activate.d", false, err);
}

int lk_deactivate(const struct lk_activate_options *options, struct lk_arena *arena,
	const struct lk_report *report, struct lk_activate_steps *ret, struct lk_error *err)
{
	struct work w = begin(options, arena, report, ret);
	struct lk_env_vars vars = {0};
	struct lk_env_vars vars_below = {0};
	if (!w.active) {
		return 0;
	}
	const char *below = look_level(&w, "CONDA_PREFIX_", w.level - 1);
	bool stacked = look_level(&w, "CONDA_STACKED_", w.level) != NULL;
	below = w.level > 1 && below && *below ? below : NULL;
	int rc = lk_env_vars_read(w.active, arena, report, &vars, err);
	if (rc == 0 && below) {
		rc = lk_env_vars_read(below, arena, report, &vars_below, err);
	}
	if (rc == 0) {
		rc = leave(&w, below, stacked, &vars, &vars_below, err);
	}
	lk_vec_done(&vars);
	lk_vec_done(&vars_below);
	return rc;
}
