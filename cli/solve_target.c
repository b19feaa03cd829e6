/*
 * The targets of a solve: its platforms, and the virtual packages that machines of each offer. The
 * machine that it runs on is looked at for --host this only.
 */
#include "cli/solve_request_priv.h"

#include <stdlib.h>
#include <string.h>

#include "conda/subdir.h"

int lk_solve_gather_platforms(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	struct lk_strs names = {0};
	for (size_t i = 0; i < m->options->platforms.len; i++) {
		lk_solve_push_unique(&names, lk_str_of(m->options->platforms.items[i]));
	}
	for (size_t i = 0; m->options->platforms.len == 0 && i < r->n_files; i++) {
		for (size_t k = 0; k < r->files[i].platforms.n; k++) {
			lk_solve_push_unique(&names, r->files[i].platforms.items[k]);
		}
	}
	bool is_said = names.len > 0;
	for (size_t i = 0; r->has_old && !is_said && i < r->old.n_platforms; i++) {
		lk_solve_push_unique(&names, r->old.platforms[i].subdir);
	}
	if (names.len == 0) {
		lk_solve_push_unique(&names, lk_str_of(lk_subdir_native()));
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

/* One of the virtual packages that have an option or a variable of their own. */
struct named_virtual {
	const char *name;
	const char *value; /* NULL: not said */
};

/* Is the package NAME with VALUE about machines of SUBDIR at all? */
static bool concerns(lk_str subdir, const char *name, const char *value)
{
	static const struct {
		const char *name, *os;
	} bound[] = {
		{"__glibc", "linux"},
		{"__linux", "linux"},
		{"__osx", "osx"},
		{"__win", "win"},
	};
	for (size_t i = 0; i < LK_COUNTOF(bound); i++) {
		if (strcmp(name, bound[i].name) == 0) {
			return lk_str_is(lk_subdir_os(subdir), bound[i].os);
		}
	}
	return strcmp(name, "__archspec") != 0 || strncmp(value, "x86_64", 6) != 0 ||
		lk_str_is(lk_subdir_arch(subdir), "x86_64");
}

/* "NAME=VERSION", "NAME=VERSION=BUILD" or "NAME=" for what VALUE says of NAME. */
static lk_str virtual_text(
	const struct lk_solve_target *target, const struct named_virtual *v, struct lk_arena *arena)
{
	bool none = !*v->value || strcmp(v->value, "none") == 0;
	bool archspec = !none && strcmp(v->name, "__archspec") == 0;
	bool generic = lk_str_is(lk_subdir_arch(target->subdir), v->value);
	return lk_str_printf(arena, "%s=%s%s", v->name,
		!archspec         ? ""
			: generic ? "0="
				  : "1=",
		none ? "" : v->value);
}

static int set_virtuals(const struct lk_solve_maker *m, struct lk_solve_target *target,
	const struct named_virtual *list, size_t n)
{
	struct lk_arena *arena = &m->request->arena;
	for (size_t i = 0; i < n; i++) {
		const char *value = list[i].value;
		if (!value || !concerns(target->subdir, list[i].name, value)) {
			continue;
		}
		bool none = !*value || strcmp(value, "none") == 0;
		bool named = strcmp(list[i].name, "__archspec") == 0;
		if (!none && !named && !lk_is_digit(*value)) {
			lk_fail(m->err, LK_E_USAGE, "'%s' is no version of %s", value,
				list[i].name);
			lk_error_hint(m->err, "write numbers such as 12.6, or none");
			return LK_E_USAGE;
		}
		int rc = lk_virtuals_set_text(
			&target->virtuals, virtual_text(target, &list[i], arena), arena, m->err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int set_from_environment(const struct lk_solve_maker *m, struct lk_solve_target *target)
{
	struct lk_host_overrides o = lk_app_overrides();
	const struct named_virtual list[] = {
		{"__cuda", o.cuda},
		{"__cuda_arch", o.cuda_arch},
		{"__glibc", o.glibc},
		{"__linux", o.linux_},
		{"__osx", o.osx},
		{"__win", o.win},
		{"__archspec", o.archspec},
	};
	return set_virtuals(m, target, list, LK_COUNTOF(list));
}

static int set_from_options(const struct lk_solve_maker *m, struct lk_solve_target *target)
{
	const struct lk_solve_options *o = m->options;
	const struct named_virtual list[] = {
		{"__cuda", o->cuda},
		{"__cuda_arch", o->cuda_arch},
		{"__glibc", o->glibc},
		{"__archspec", o->archspec},
	};
	int rc = set_virtuals(m, target, list, LK_COUNTOF(list));
	for (size_t i = 0; rc == 0 && i < o->virtuals.len; i++) {
		rc = lk_virtuals_set_text(&target->virtuals, lk_str_of(o->virtuals.items[i]),
			&m->request->arena, m->err);
	}
	return rc;
}

/* CEP 46: __cuda_arch is there only beside __cuda, as MAJOR.MINOR. */
static int check_cuda_arch(const struct lk_solve_maker *m, struct lk_solve_target *target)
{
	struct lk_arena *arena = &m->request->arena;
	const struct lk_virtual *arch = lk_virtuals_find(&target->virtuals, LK_STR("__cuda_arch"));
	if (!arch) {
		return 0;
	}
	for (size_t i = 0; i < arch->version.len; i++) {
		if (!lk_is_digit(arch->version.ptr[i]) && arch->version.ptr[i] != '.') {
			lk_fail(m->err, LK_E_USAGE, "'" LK_STR_FMT "' is no compute capability",
				LK_STR_ARG(arch->version));
			lk_error_hint(m->err, "write two numbers such as 9.0, without letters");
			return LK_E_USAGE;
		}
	}
	if (lk_virtuals_find(&target->virtuals, LK_STR("__cuda"))) {
		return 0;
	}
	if (m->options->cuda_arch) {
		lk_fail(m->err, LK_E_USAGE, "--cuda-arch says nothing without __cuda");
		lk_error_hint(m->err, "give the driver's CUDA version too, with --cuda");
		return LK_E_USAGE;
	}
	return lk_virtuals_set_text(&target->virtuals, LK_STR("__cuda_arch="), arena, m->err);
}

/* What --host describes: its platform and virtual packages. */
struct described {
	lk_str platform; /* empty: there is no --host */
	struct lk_virtuals virtuals;
};

static int read_host(const struct lk_solve_maker *m, struct described *ret)
{
	const char *host = m->options->host;
	if (!host) {
		return 0;
	}
	int rc = lk_app_host(m->app, strcmp(host, "this") == 0 ? NULL : host, true, &ret->virtuals,
		&ret->platform, m->err);
	if (rc < 0) {
		return rc;
	}
	if (ret->platform.len == 0) {
		lk_fail(m->err, LK_E_USAGE, "the profile '%s' does not say its platform", host);
		lk_error_hint(m->err, "make one on the machine with 'lockenv info --json'");
		return LK_E_USAGE;
	}
	for (size_t t = 0; t < m->request->n_targets; t++) {
		if (lk_str_eq(m->request->targets[t].subdir, ret->platform)) {
			return 0;
		}
	}
	lk_fail(m->err, LK_E_USAGE,
		"--host describes a machine of " LK_STR_FMT ", which is not solved for",
		LK_STR_ARG(ret->platform));
	lk_error_hint(m->err, "add --platform " LK_STR_FMT, LK_STR_ARG(ret->platform));
	return LK_E_USAGE;
}

static void copy_virtuals(const struct lk_virtuals *from, struct lk_virtuals *to)
{
	for (size_t i = 0; i < from->len; i++) {
		lk_vec_push(to, from->items[i]);
	}
}

static bool same_virtual(const struct lk_virtual *a, const struct lk_virtual *b)
{
	return a && lk_str_eq(a->version, b->version) && lk_str_eq(a->build, b->build);
}

/* Tells what was taken for granted: the packages of DEFAULTS that nobody has said anything of. */
static void tell_defaults(const struct lk_solve_maker *m, const struct lk_solve_target *target,
	const struct lk_virtuals *defaults)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1024);
	for (size_t i = 0; i < defaults->len; i++) {
		const struct lk_virtual *v = &defaults->items[i];
		if (lk_str_is(v->name, "__unix") ||
			!same_virtual(lk_virtuals_find(&target->virtuals, v->name), v)) {
			continue;
		}
		lk_str value = lk_str_is(v->name, "__archspec") ? v->build : v->version;
		lk_buf_appendf(&text, "%s" LK_STR_FMT " " LK_STR_FMT, text.len > 0 ? ", " : "",
			LK_STR_ARG(v->name), LK_STR_ARG(value));
	}
	if (!m->options->cuda && !lk_virtuals_find(&target->virtuals, LK_STR("__cuda"))) {
		lk_buf_appendf(&text, "%sno __cuda", text.len > 0 ? ", " : "");
	}
	if (text.len > 0) {
		lk_note(&m->app->report, 0,
			LK_STR_FMT " is taken to have %s; --cuda, --glibc, --archspec, --virtual "
				   "or --host say otherwise",
			LK_STR_ARG(target->subdir), lk_buf_cstr(&text));
	}
}

/* What --host says, else the existing lock's target, else the platform's defaults; then
 * CONDA_OVERRIDE_*; then options. */
static int gather_virtuals_of(const struct lk_solve_maker *m, struct lk_solve_target *target,
	const struct described *host)
{
	const struct lk_lock_platform *old = lk_solve_old_platform(m->request, target->subdir);
	struct lk_virtuals defaults = {0};
	if (lk_str_eq(target->subdir, host->platform)) {
		copy_virtuals(&host->virtuals, &target->virtuals);
	} else if (old) {
		copy_virtuals(&old->solved_with, &target->virtuals);
	} else {
		lk_virtuals_default(target->subdir, &m->request->arena, &defaults);
		copy_virtuals(&defaults, &target->virtuals);
	}
	int rc = set_from_environment(m, target);
	if (rc == 0) {
		rc = set_from_options(m, target);
	}
	if (rc == 0) {
		rc = check_cuda_arch(m, target);
	}
	if (rc == 0 && defaults.len > 0) {
		tell_defaults(m, target, &defaults);
	}
	lk_vec_done(&defaults);
	return rc;
}

int lk_solve_gather_virtuals(const struct lk_solve_maker *m)
{
	struct described host = {0};
	int rc = read_host(m, &host);
	for (size_t i = 0; rc == 0 && i < m->request->n_targets; i++) {
		rc = gather_virtuals_of(m, &m->request->targets[i], &host);
	}
	lk_vec_done(&host.virtuals);
	return rc;
}
