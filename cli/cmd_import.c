/*
 * lockenv import: the lock file of another tool as a lock.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "cli/lock_arg.h"
#include "cli/solve_request.h"
#include "lock/import_lock.h"

struct context {
	struct lk_solve_options
		solve; /* output, platforms, virtuals, cuda, glibc, without_pip, … */
	const char *environment;
	struct lk_args categories;
	bool without_source;
	bool strict;
};

static struct lk_str_list list_of(struct lk_app *app, const struct lk_args *args)
{
	lk_str *items = lk_arena_calloc(&app->arena, args->len, sizeof(*items));
	for (size_t i = 0; i < args->len; i++) {
		items[i] = lk_str_of(args->items[i]);
	}
	return (struct lk_str_list){items, args->len};
}

/* --cuda, --glibc and --virtual as one list of "NAME=VER". */
static struct lk_str_list virtuals_of(struct lk_app *app, const struct lk_solve_options *options)
{
	const struct {
		const char *name, *value;
	} named[] = {{"__cuda", options->cuda}, {"__glibc", options->glibc}};
	lk_str *items = lk_arena_calloc(
		&app->arena, options->virtuals.len + LK_COUNTOF(named), sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; i < LK_COUNTOF(named); i++) {
		if (named[i].value) {
			bool none = strcmp(named[i].value, "none") == 0;
			items[n++] = lk_str_printf(
				&app->arena, "%s=%s", named[i].name, none ? "" : named[i].value);
		}
	}
	for (size_t i = 0; i < options->virtuals.len; i++) {
		items[n++] = lk_str_of(options->virtuals.items[i]);
	}
	return (struct lk_str_list){items, n};
}

static int read_file(const char *path, struct lk_buf *text, struct lk_error *err)
{
	int rc = lk_fs_read_file(AT_FDCWD, path, text, err);
	if (rc == LK_E_NOT_FOUND) {
		rc = lk_fail(err, LK_E_USAGE, "there is no file '%s'", path);
		lk_error_hint(err, "check the path");
	}
	return rc;
}

static void put_json(
	struct lk_app *app, const struct context *c, const struct lk_imported *imported)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lock", lk_str_of(c->solve.output));
	lk_jw_key_string(&w, "format", lk_str_of(imported->format));
	lk_jw_key(&w, "complete");
	lk_jw_bool(&w, app->n_warnings == 0);
	if (imported->pip.n > 0) {
		lk_jw_strings(&w, "pip", imported->pip.items, imported->pip.n);
	}
	lk_jw_key(&w, "platforms");
	lk_jw_object(&w);
	for (size_t i = 0; i < imported->lock.n_platforms; i++) {
		const struct lk_lock_platform *platform = &imported->lock.platforms[i];
		lk_jw_key_str(&w, platform->subdir);
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "packages", platform->n_packages);
		lk_jw_strings(&w, "specs", platform->specs.items, platform->specs.n);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell(struct lk_app *app, const struct lk_lock *lock)
{
	lk_note(&app->report, 0,
		"the file does not hold the specs that were solved: the packages that nothing else "
		"needs stand for them");
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT((size_t)1 << 20);
		for (size_t k = 0; k < platform->specs.n; k++) {
			lk_buf_appendf(&names, "%s" LK_STR_FMT, k > 0 ? ", " : "",
				LK_STR_ARG(platform->specs.items[k]));
		}
		lk_note(&app->report, 0, LK_STR_FMT ": %zu packages", LK_STR_ARG(platform->subdir),
			platform->n_packages);
		lk_note(&app->report, 1, LK_STR_FMT " specs: %s", LK_STR_ARG(platform->subdir),
			lk_buf_cstr(&names));
	}
}

/* What does not fit together is told; the lock is written all the same, as the file has it. */
static void check(struct lk_app *app, const struct lk_lock *lock)
{
	size_t before = app->n_warnings;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		struct lk_error ignored = LK_ERROR_INIT;
		if (lk_lock_check_consistent(&lock->platforms[i], &app->report, &ignored) < 0) {
			continue; /* told as warnings */
		}
	}
	if (app->n_warnings > before) {
		lk_note(&app->report, 0,
			"a target with other virtual packages is described by --cuda, --glibc and "
			"--virtual; what else does not hold is mended by lockenv solve");
	}
}

static int write_lock(struct lk_app *app, const struct context *c,
	const struct lk_imported *imported, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(&imported->lock, &text, err);
	if (rc < 0) {
		return rc;
	}
	check(app, &imported->lock);
	if (c->strict && app->n_warnings > 0) {
		lk_fail(err, LK_E_FINDING, "the lock would not be all that the file says");
		lk_error_hint(
			err, "see the warnings above; without --strict it is written all the same");
		return LK_E_FINDING;
	}
	const char *target = lk_solve_follow_links(c->solve.output, &app->arena);
	rc = lk_fs_write_atomic(AT_FDCWD, target, text.ptr, text.len, 0, err);
	if (rc == 0 && app->common.json) {
		put_json(app, c, imported);
	}
	if (rc == 0) {
		tell(app, &imported->lock);
		lk_note(&app->report, 0, "wrote %s", c->solve.output);
	}
	return rc;
}

static int import(struct lk_app *app, const struct context *c, const char *path,
	const struct lk_buf *text, struct lk_error *err)
{
	const struct lk_config *config;
	int rc = lk_app_config(app, &config, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_import_options options = {
		.environment = lk_str_of(c->environment),
		.platforms = list_of(app, &c->solve.platforms),
		.categories = list_of(app, &c->categories),
		.virtuals = virtuals_of(app, &c->solve),
		.without_pip = c->solve.without_pip,
		.without_source = c->without_source,
		.alias = config->channel_alias,
	};
	struct lk_imported imported;
	rc = lk_import(lk_buf_view(text), path, &options, &app->report, &imported, err);
	if (rc == 0) {
		rc = write_lock(app, c, &imported, err);
		lk_imported_done(&imported);
	}
	return rc;
}

/* An @EXPLICIT list knows nothing of its packages: solve asks the archives themselves. */
static int solve_list(
	struct lk_app *app, const struct context *c, const char *path, struct lk_error *err)
{
	struct lk_args none = {0};
	struct lk_solve_options options = c->solve;
	options.files = (struct lk_args){.items = &path, .len = 1, .cap = 1};
	lk_note(&app->report, 0,
		"an @EXPLICIT list has addresses alone: what the packages need is read from the "
		"archives");
	return lk_cmd_solve.run(app, &options, &none, err);
}

/* A lock that nobody named is not replaced. */
static int choose_output(struct context *c, struct lk_error *err)
{
	struct stat st;
	if (c->solve.output) {
		return 0;
	}
	c->solve.output = LK_DEFAULT_LOCK;
	if (stat(c->solve.output, &st) < 0) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "%s is there already", c->solve.output);
	lk_error_hint(err, "to replace it say -o %s", c->solve.output);
	return LK_E_USAGE;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	struct context *c = context;
	const char *path = args->items[0];
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_IMPORT_MAX_BYTES);
	int rc = read_file(path, &text, err);
	if (rc < 0) {
		return rc;
	}
	rc = choose_output(c, err);
	if (rc < 0) {
		return rc;
	}
	if (lk_import_is_explicit(lk_buf_view(&text))) {
		return solve_list(app, c, path, err);
	}
	return import(app, c, path, &text, err);
}

#define SOLVE(name) offsetof(struct context, solve.name)

static const struct lk_opt options[] = {
	{"output", 'o', LK_OPT_STRING, SOLVE(output), "LOCK",
		"the lock to write, there or not (default: env.lock, if not there yet)", NULL},
	{"environment", 0, LK_OPT_STRING, offsetof(struct context, environment), "NAME",
		"the environment of a pixi.lock (default: default)", NULL},
	{"category", 0, LK_OPT_LIST, offsetof(struct context, categories), "NAME",
		"category of a conda-lock.yml to take; repeatable (default: main and dev)", NULL},
	{"platform", 0, LK_OPT_LIST, SOLVE(platforms), "P",
		"platform to take; repeatable (default: all of the file)", NULL},
	{"cuda", 0, LK_OPT_STRING, SOLVE(cuda), "V", "CUDA version of the target's driver, or none",
		NULL},
	{"glibc", 0, LK_OPT_STRING, SOLVE(glibc), "V", "glibc version of the target", NULL},
	{"virtual", 0, LK_OPT_LIST, SOLVE(virtuals), "NAME=VER",
		"a virtual package NAME=VER[=BUILD] of the target; NAME= removes it", NULL},
	{"without-pip", 0, LK_OPT_FLAG, SOLVE(without_pip), NULL,
		"leave packages of PyPI to pip, with a warning each", NULL},
	{"without-source", 0, LK_OPT_FLAG, offsetof(struct context, without_source), NULL,
		"leave out packages that pixi builds from source, with a warning each", NULL},
	{"offline", 0, LK_OPT_FLAG, SOLVE(offline), NULL,
		"@EXPLICIT lists: use cached archives only", NULL},
	{"strict", 0, LK_OPT_FLAG, offsetof(struct context, strict), NULL,
		"write nothing, exit 1, when there is anything to warn of", NULL},
};

const struct lk_cmd lk_cmd_import = {
	.name = "import",
	.arguments = "FILE",
	.summary = "the lock file of another tool as a lock",
	.description =
		"Reads a pixi.lock (versions 1 to 7), a conda-lock.yml (version 1) or an @EXPLICIT "
		"list, known by their content, and writes a lock with the same packages. These "
		"files do not hold the specs that were solved: the packages that nothing else "
		"needs "
		"stand for them. What a lock has no place for is told as a warning, and so is what "
		"does not fit together. The packages of an @EXPLICIT list are fetched, because "
		"their metadata and hashes are in the archives alone.",
	.examples = {"lockenv import pixi.lock --environment cuda -o cuda.lock",
		"lockenv import conda-lock.yml --platform linux-64 --cuda 12.6"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
