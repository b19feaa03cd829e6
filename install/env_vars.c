/*
 * Reading env_vars.d and conda-meta/state.
 */
#include "install/env_vars.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"

#define MAX_DEPTH 16
#define MAX_STRING 131072 /* bytes of "NAME=value" and its NUL: the kernel's MAX_ARG_STRLEN */

bool lk_env_var_is_name(lk_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!lk_is_alnum(name.ptr[i]) && name.ptr[i] != '_') {
			return false;
		}
	}
	return name.len > 0 && !lk_is_digit(name.ptr[0]);
}

/* One file on its way into the list. */
struct reading {
	const char *file;
	struct lk_arena *arena;
	const struct lk_report *report;
	struct lk_env_vars *vars;
	struct lk_map index; /* name to its place in vars */
};

/* The text of VALUE; NULL where it is none, and then what it is. */
static const char *value_of(const struct lk_json *value, struct lk_arena *arena, lk_str *ret)
{
	switch (lk_json_kind(value)) {
	case LK_JSON_STRING:
		*ret = lk_str_dup(arena, lk_json_string(value));
		return NULL;
	case LK_JSON_INT:
		*ret = lk_str_printf(arena, "%lld", (long long)lk_json_int(value, 0));
		return NULL;
	default:
		return "its value is no text";
	}
}

static int add(void *ctx, lk_str name, const struct lk_json *member)
{
	struct reading *r = ctx;
	lk_str value = {0};
	const char *why = value_of(member, r->arena, &value);
	if (!lk_env_var_is_name(name)) {
		why = "that is no name of a variable";
	} else if (lk_str_is(name, "PATH")) {
		why = "that is for programs alone";
	} else if (!why && lk_str_find_char(value, '\0') != SIZE_MAX) {
		why = "its value has a NUL in it";
	} else if (!why && name.len + value.len + 2 > MAX_STRING) {
		why = "its value is longer than a program can be given";
	}
	if (why) {
		lk_warn(r->report, "%s: the variable '" LK_STR_FMT "' is left out: %s", r->file,
			LK_STR_ARG(lk_str_shorten(r->arena, name, 80)), why);
		return 0;
	}
	uint32_t at = lk_map_get(&r->index, name);
	if (at == LK_MAP_NONE) {
		struct lk_env_var var = {.name = lk_str_dup(r->arena, name)};
		at = (uint32_t)r->vars->len;
		lk_map_add(&r->index, var.name, at);
		lk_vec_push(r->vars, var);
	}
	r->vars->items[at].value = value;
	return 0;
}

/* Those that conda-meta/state takes away. */
static void drop_unset(struct lk_env_vars *vars)
{
	size_t n = 0;
	for (size_t i = 0; i < vars->len; i++) {
		if (!lk_str_is(vars->items[i].value, LK_ENV_VARS_UNSET)) {
			vars->items[n++] = vars->items[i];
		}
	}
	vars->len = n;
}

int lk_env_vars_parse(lk_str text, const char *file, bool is_state, struct lk_arena *arena,
	const struct lk_report *report, struct lk_env_vars *vars, struct lk_error *err)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	int rc = lk_json_parse(text, file, MAX_DEPTH, &doc, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_json *object = lk_json_root(doc);
	bool is_object = lk_json_kind(object) == LK_JSON_OBJECT;
	if (is_object && is_state) {
		object = lk_json_get(object, "env_vars");
		if (!object) {
			return 0;
		}
		is_object = lk_json_kind(object) == LK_JSON_OBJECT;
	}
	if (!is_object) {
		lk_fail(err, LK_E_FORMAT, "%s is no object of variables",
			is_state ? "'env_vars'" : "this");
		lk_error_file(err, file);
		return LK_E_FORMAT;
	}
	struct reading reading = {.file = file, .arena = arena, .report = report, .vars = vars};
	for (size_t i = 0; i < vars->len; i++) {
		lk_map_add(&reading.index, vars->items[i].name, (uint32_t)i);
	}
	(void)lk_json_each(object, add, &reading);
	lk_map_done(&reading.index);
	drop_unset(vars);
	return 0;
}

/* A file that is not there sets nothing. Symlinks are followed: a package may bring one, and what
 * is installed by symlink is one. */
static int read_one(const char *file, bool is_state, struct lk_arena *arena,
	const struct lk_report *report, struct lk_env_vars *vars, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_ENV_VARS_MAX_BYTES);
	struct stat status;
	if (stat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
		lk_fail(err, LK_E_FORMAT, "'%s' is not a regular file", file);
		lk_error_hint(err, "move it out of the way");
		return LK_E_FORMAT;
	}
	int rc = lk_fs_read_file(AT_FDCWD, file, &text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		return 0;
	}
	return rc < 0
		? rc
		: lk_env_vars_parse(lk_buf_view(&text), file, is_state, arena, report, vars, err);
}

int lk_env_vars_read(const char *prefix, struct lk_arena *arena, const struct lk_report *report,
	struct lk_env_vars *ret, struct lk_error *err)
{
	struct lk_strs names = {0};
	const char *folder = lk_arena_printf(arena, "%s/etc/conda/env_vars.d", prefix);
	int rc = lk_fs_list(AT_FDCWD, folder, arena, &names, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = 0;
	}
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".json"))) {
			const char *file = lk_arena_printf(
				arena, "%s/" LK_STR_FMT, folder, LK_STR_ARG(names.items[i]));
			rc = read_one(file, false, arena, report, ret, err);
		}
	}
	lk_vec_done(&names);
	const char *state = lk_arena_printf(arena, "%s/" LK_ENV_VARS_STATE, prefix);
	return rc < 0 ? rc : read_one(state, true, arena, report, ret, err);
}
