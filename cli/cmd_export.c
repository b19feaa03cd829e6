/*
 * lockenv export: a lock, or an environment as if it were one, as the file of another tool.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/map.h"
#include "cli/env_arg.h"
#include "cli/instant.h"
#include "lock/exchange.h"

struct context {
	const char *to;
	const char *output;
	const char *prefix, *name;
	struct lk_args platforms;
	bool md5, sha256;
	bool from_specs;
	bool strict;
};

struct format {
	const char *name;
	lk_export_writer *write;
	unsigned parts; /* of a lock that it carries */
	bool several;   /* platforms in one file */
};

static const struct format formats[] = {
	{"explicit", lk_export_explicit, LK_EXPORT_EXPLICIT_PARTS, false},
	{"conda-lock", lk_export_conda_lock, LK_EXPORT_CONDA_LOCK_PARTS, true},
	{"pixi", lk_export_pixi, LK_EXPORT_PIXI_PARTS, true},
	{"pixi-v7", lk_export_pixi_v7, LK_EXPORT_PIXI_V7_PARTS, true},
	{"environment", lk_export_environment, LK_EXPORT_ENVIRONMENT_PARTS, false},
	{"micromamba", lk_export_micromamba, LK_EXPORT_MICROMAMBA_PARTS, false},
	{"cyclonedx", lk_export_cyclonedx, LK_EXPORT_CYCLONEDX_PARTS, true},
	{"spdx", lk_export_spdx, LK_EXPORT_SPDX_PARTS, true},
};

/* In the order of the table. */
#define FORMAT_NAMES "explicit|conda-lock|pixi|pixi-v7|environment|micromamba|cyclonedx|spdx"

static int find_format(const char *name, const struct format **ret, struct lk_error *err)
{
	for (size_t i = 0; name && i < LK_COUNTOF(formats); i++) {
		if (strcmp(name, formats[i].name) == 0) {
			*ret = &formats[i];
			return 0;
		}
	}
	lk_fail(err, LK_E_USAGE, "export needs the format to write");
	lk_error_hint(err, "--to " FORMAT_NAMES);
	return LK_E_USAGE;
}

static int check_options(
	const struct context *c, const struct format *format, bool json, struct lk_error *err)
{
	if ((c->md5 || c->sha256) && format->write != lk_export_explicit) {
		return lk_fail(err, LK_E_USAGE, "'--md5' and '--sha256' are for --to explicit");
	}
	if (c->md5 && c->sha256) {
		return lk_fail(err, LK_E_USAGE, "'--md5' or '--sha256', not both");
	}
	if (c->from_specs && format->write != lk_export_environment) {
		return lk_fail(err, LK_E_USAGE, "'--from-specs' is for --to environment");
	}
	if (json && !c->output) {
		lk_fail(err, LK_E_USAGE, "'--json' tells about the file, and there is none");
		lk_error_hint(err, "give one with -o FILE");
		return LK_E_USAGE;
	}
	return 0;
}

/* The platforms that were asked for, as LOCK's own; all of them where nobody asked and the format
 * holds several. */
static int choose_platforms(struct lk_app *app, const struct context *c,
	const struct format *format, const struct lk_lock_arg *arg, struct lk_lock *lock,
	struct lk_error *err)
{
	size_t n = c->platforms.len > 0 ? c->platforms.len : 1;
	if (c->platforms.len == 0 && format->several) {
		return 0;
	}
	if (n > 1 && !format->several) {
		lk_fail(err, LK_E_USAGE, "a file of format %s holds one platform", format->name);
		lk_error_hint(err, "write one file for each --platform");
		return LK_E_USAGE;
	}
	bool *wanted = lk_arena_calloc(&app->arena, lock->n_platforms, sizeof(*wanted));
	for (size_t i = 0; i < n; i++) {
		const struct lk_lock_platform *platform;
		const char *subdir = c->platforms.len > 0 ? c->platforms.items[i] : NULL;
		int rc = lk_lock_arg_platform(arg, subdir, true, &platform, err);
		if (rc < 0) {
			return rc;
		}
		wanted[platform - arg->lock.platforms] = true;
	}
	struct lk_lock_platform *chosen =
		lk_arena_calloc(&app->arena, lock->n_platforms, sizeof(*chosen));
	size_t n_chosen = 0;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		if (wanted[i]) {
			chosen[n_chosen++] = lock->platforms[i];
		}
	}
	lock->platforms = chosen;
	lock->n_platforms = n_chosen;
	return 0;
}

static void put_json(
	struct lk_app *app, const struct context *c, const struct format *format, size_t n_warnings)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "file", lk_str_of(c->output));
	lk_jw_key_string(&w, "format", lk_str_of(format->name));
	lk_jw_key(&w, "complete");
	lk_jw_bool(&w, n_warnings == 0);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static int write_out(struct lk_app *app, const struct context *c, const struct format *format,
	const struct lk_buf *text, struct lk_error *err)
{
	if (!c->output) {
		lk_buf_put(&app->out, lk_buf_view(text));
		return 0;
	}
	int rc = lk_fs_write_atomic(AT_FDCWD, c->output, text->ptr, text->len, 0, err);
	if (rc == 0 && app->common.json) {
		put_json(app, c, format, app->n_warnings);
	}
	if (rc == 0) {
		lk_note(&app->report, 0, "wrote %s", c->output);
	}
	return rc;
}

/* Is the file that is to be written the very lock that is exported? */
static bool is_source(const struct context *c, const struct lk_lock *lock)
{
	const char *source = lock->file.ptr;
	return source && c->output && lk_fs_same_file(source, c->output);
}

static int refuse_source(const struct context *c, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "'%s' is the lock itself, which the export would replace",
		c->output);
	lk_error_hint(err, "give another file with -o FILE");
	return LK_E_USAGE;
}

static int refuse_loss(const struct format *format, struct lk_error *err)
{
	lk_fail(err, LK_E_FINDING, "%s cannot carry all that the lock says", format->name);
	lk_error_hint(err, "see the warnings above; without --strict it is written all the same");
	return LK_E_FINDING;
}

/* Of the environment that install makes of the lock, where nobody says otherwise. */
static lk_str name_of(const char *path)
{
	lk_str name = lk_path_basename(lk_str_of(path));
	if (lk_str_ends(name, LK_STR(".lock"))) {
		name.len -= sizeof(".lock") - 1;
	}
	for (size_t i = 0; i < name.len; i++) {
		if (lk_str_find_char(LK_STR("/ :#"), name.ptr[i]) != SIZE_MAX) {
			return (lk_str){0}; /* CEP 24 */
		}
	}
	return name;
}

static int read_source_date(struct lk_app *app, lk_str *ret, struct lk_error *err)
{
	bool given = false;
	uint64_t seconds = 0;
	int rc = lk_instant_source_date(&given, &seconds, err);
	if (rc == 0 && given) {
		*ret = lk_instant_text(seconds * 1000, &app->arena);
	}
	return rc;
}

static int export(struct lk_app *app, const struct context *c, const struct format *format,
	const struct lk_lock *lock, struct lk_error *err)
{
	struct lk_export_options options = {
		.name = name_of(lock->file.ptr), .md5 = c->md5, .from_specs = c->from_specs};
	int rc = is_source(c, lock) ? refuse_source(c, err)
				    : read_source_date(app, &options.created, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
	size_t before = app->n_warnings;
	lk_lock_tell_lost(lock, format->name, c->from_specs ? LK_EXPORT_SPECS_PARTS : format->parts,
		&app->report);
	rc = format->write(lock, &options, &text, &app->report, err);
	if (rc == 0 && c->strict && app->n_warnings > before) {
		rc = refuse_loss(format, err);
	}
	return rc == 0 ? write_out(app, c, format, &text, err) : rc;
}

/* The channels that the packages of an environment are from; their order nobody knows any more. */
static int find_channels(struct lk_app *app, const struct lk_lock_platform *platform,
	struct lk_lock *lock, struct lk_error *err)
{
	struct lk_map LK_CLEANUP(lk_map_done) known = {0};
	const struct lk_config *config;
	int rc = lk_app_config(app, &config, err);
	lock->channels =
		lk_arena_calloc(&app->arena, platform->n_packages, sizeof(*lock->channels));
	for (size_t i = 0; rc == 0 && i < platform->n_packages; i++) {
		lk_str name = platform->packages[i].channel;
		if (name.len == 0 || lk_map_add(&known, name, (uint32_t)i) != (uint32_t)i) {
			continue;
		}
		struct lk_channel *channel = &lock->channels[lock->n_channels++];
		rc = lk_channel_resolve(name, config->channel_alias, &app->arena, channel, err);
		channel->name = name;
	}
	return rc;
}

static int check_addresses(
	const struct lk_env_arg *arg, const struct format *format, struct lk_error *err)
{
	for (size_t i = 0; (format->parts & LK_PART_FILE) && i < arg->platform->n_packages; i++) {
		const struct lk_record *record = &arg->platform->packages[i];
		if (record->url.len > 0) {
			continue;
		}
		lk_fail(err, LK_E_USAGE,
			"the environment '%s' does not say where " LK_STR_FMT " is from", arg->path,
			LK_STR_ARG(record->name));
		lk_error_hint(err, "--to environment names packages without their addresses");
		return LK_E_USAGE;
	}
	return 0;
}

/* An environment as a lock of one platform. What it was solved with it does not say. */
static int lock_of_prefix(struct lk_app *app, const struct context *c, const struct format *format,
	struct lk_env_arg *arg, struct lk_lock *ret, struct lk_error *err)
{
	arg->installed.solved_with.len = 0;
	*ret = (struct lk_lock){
		.file = lk_str_of(arg->path),
		.channel_priority = LK_STR("strict"),
		.platforms = &arg->installed,
		.n_platforms = 1,
	};
	for (size_t i = 0; i < c->platforms.len; i++) {
		if (!lk_str_is(arg->platform->subdir, c->platforms.items[i])) {
			lk_fail(err, LK_E_USAGE,
				"the environment '%s' is for " LK_STR_FMT ", not %s", arg->path,
				LK_STR_ARG(arg->platform->subdir), c->platforms.items[i]);
			lk_error_hint(err, "leave --platform away");
			return LK_E_USAGE;
		}
	}
	if (c->from_specs && arg->platform->specs.n == 0) {
		lk_fail(err, LK_E_USAGE, "the environment '%s' does not say what was asked for",
			arg->path);
		lk_error_hint(err, "export its lock, or leave --from-specs away");
		return LK_E_USAGE;
	}
	int rc = check_addresses(arg, format, err);
	return rc ? rc : find_channels(app, arg->platform, ret, err);
}

static int read_arg(struct lk_app *app, const struct context *c, const struct lk_args *args,
	struct lk_env_arg *ret, struct lk_error *err)
{
	const struct lk_env_options source = {.prefix = c->prefix, .name = c->name};
	const char *what;
	const char *word;
	bool is_prefix;
	int rc = lk_env_args(app, &source, args, false, &what, &is_prefix, &word, err);
	if (rc == 0 && word) {
		rc = lk_fail(err, LK_E_USAGE, "there is no lock or environment '%s'", word);
		lk_error_hint(err, "give the path of one, or -n NAME");
	}
	return rc ? rc : lk_env_arg_read(app, NULL, what, is_prefix, ret, err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const struct format *format;
	struct lk_env_arg LK_CLEANUP(lk_env_arg_done) arg = {0};
	int rc = find_format(c->to, &format, err);
	if (rc == 0) {
		rc = check_options(c, format, app->common.json, err);
	}
	if (rc == 0) {
		rc = read_arg(app, c, args, &arg, err);
	}
	if (rc < 0) {
		return rc;
	}
	struct lk_lock lock = arg.lock.lock; /* with the platforms that are wanted */
	rc = arg.is_prefix ? lock_of_prefix(app, c, format, &arg, &lock, err)
			   : choose_platforms(app, c, format, &arg.lock, &lock, err);
	return rc == 0 ? export(app, c, format, &lock, err) : rc;
}

static const struct lk_opt options[] = {
	{"to", 0, LK_OPT_STRING, offsetof(struct context, to), "FORMAT", "the format to write",
		FORMAT_NAMES},
	{"output", 'o', LK_OPT_STRING, offsetof(struct context, output), "FILE",
		"the file to write (default: standard output)", NULL},
	{"prefix", 'p', LK_OPT_STRING, offsetof(struct context, prefix), "PREFIX",
		"export this environment", NULL},
	{"name", 'n', LK_OPT_STRING, offsetof(struct context, name), "NAME",
		"export this environment of the envs folder", NULL},
	{"platform", 0, LK_OPT_LIST, offsetof(struct context, platforms), "P",
		"platform to write; repeatable (default: all, or this host's where the format "
		"holds "
		"one)",
		NULL},
	{"md5", 0, LK_OPT_FLAG, offsetof(struct context, md5), NULL,
		"explicit: md5 behind the addresses", NULL},
	{"sha256", 0, LK_OPT_FLAG, offsetof(struct context, sha256), NULL,
		"explicit: sha256 behind the addresses (the default)", NULL},
	{"from-specs", 0, LK_OPT_FLAG, offsetof(struct context, from_specs), NULL,
		"environment: the specs instead of exact pins", NULL},
	{"strict", 0, LK_OPT_FLAG, offsetof(struct context, strict), NULL,
		"write nothing, exit 1, when the format cannot carry all of it", NULL},
};

const struct lk_cmd lk_cmd_export = {
	.name = "export",
	.arguments = "[LOCK|PREFIX] --to FORMAT",
	.summary = "a lock or an environment as the file of another tool",
	.description =
		"Writes the lock in the format of another tool, from the lock alone; or what "
		"conda-meta of an environment says. Formats: explicit "
		"(conda, mamba, micromamba, pixi), conda-lock (conda-lock, and micromamba where "
		"the "
		"file's name ends in -lock.yml), pixi and pixi-v7 (pixi.lock version 6 and 7), "
		"environment (environment.yml with exact pins, or with the specs), micromamba (the "
		"same with channel, subdir and sha256 in each pin), cyclonedx (1.6) and spdx "
		"(2.3), bills of materials in JSON. What the format has no place "
		"for is told as a warning, never dropped silently; --strict then writes nothing "
		"and "
		"exits with 1.",
	.examples = {"lockenv export env.lock --to explicit > linux-64.txt",
		"lockenv export -p ./env --to environment -o environment.yml"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
