/*
 * lockenv digest: the tree digest that an install would have, without installing.
 *
 * lockenv-install has it as an option, --digest.
 */
#include "cli/digest_tell.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/fs.h"
#include "cli/install_arg.h"
#include "install/install.h"

/* Where packages are extracted when the cache can only be read: nothing is written near PREFIX. */
static int make_scratch(struct lk_app *app, struct lk_tree_place *ret, struct lk_error *err)
{
	const char *parent = getenv("TMPDIR");
	char *name = NULL;
	parent = parent && parent[0] == '/' ? parent : "/tmp";
	int LK_AUTO_CLOSE dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot extract packages in '%s'", parent);
		lk_error_hint(err, "name a folder that can be written with TMPDIR");
		return err->code;
	}
	int rc = lk_fs_temp_dir(dir, "lockenv-digest", &app->arena, &name, err);
	if (rc < 0) {
		lk_error_hint(err, "name a folder that can be written with TMPDIR");
		return rc;
	}
	ret->path = lk_arena_printf(&app->arena, "%s/%s", parent, name);
	ret->fd = lk_fs_open_dir(dir, name);
	return ret->fd >= 0 ? 0 : lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", ret->path);
}

static void remove_scratch(const struct lk_tree_place *scratch)
{
	struct lk_error ignored = LK_ERROR_INIT;
	if (scratch->path != NULL) {
		(void)!lk_fs_remove_tree(AT_FDCWD, scratch->path, &ignored);
	}
}

static void tell(struct lk_app *app, const char *prefix, const struct lk_lock_platform *platform,
	const struct lk_install_result *result)
{
	if (!app->common.json) {
		lk_buf_appendf(&app->out, "sha256:%s\n", result->tree_digest);
		return;
	}
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "prefix", lk_str_of(prefix));
	lk_jw_key_string(&w, "platform", platform->subdir);
	lk_jw_key_string(&w, "tree_digest", lk_str_of(result->tree_digest));
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

int lk_digest_tell(struct lk_app *app, const struct lk_digest_request *request,
	struct lk_lock_arg *arg, const struct lk_lock_platform *platform, const char *prefix,
	struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	struct lk_records missing = {0};
	struct lk_sources sources = {
		request->from, LK_STEAL(arg->bundle), request->no_cache, false};
	struct lk_tree_place scratch = {-1, NULL};
	struct lk_install_result result = {0};
	const struct lk_install_options options = {
		.strict = request->strict,
		.verify = request->verify,
		.jobs = app->common.jobs,
		.subdir = platform->subdir,
		.specs = platform->specs,
		.now = (int64_t)time(NULL),
	};
	int rc = lk_sources_open(app, &sources, &cache, err);
	if (rc == 0) {
		rc = lk_sources_import(app, &sources, cache, platform->packages,
			platform->n_packages, &missing, err);
	}
	bool apart = rc == 0 && !lk_cache_is_writable(cache);
	if (apart) {
		rc = make_scratch(app, &scratch, err);
	}
	if (rc == 0) {
		rc = lk_install_predict(cache, prefix, platform->packages, platform->n_packages,
			arg->lock.channels, arg->lock.n_channels, &options, apart ? &scratch : NULL,
			&app->report, &result, err);
	}
	lk_close_p(&scratch.fd);
	remove_scratch(&scratch);
	lk_vec_done(&missing);
	lk_cache_free(cache);
	if (rc == 0) {
		tell(app, prefix, platform, &result);
	}
	return rc;
}

#ifndef LK_CLI_OFFLINE
struct context {
	const char *prefix, *name, *lock, *platform;
	struct lk_args from;
	bool no_cache, verify, strict, require_signature;
};

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	const struct lk_lock_platform *platform = NULL;
	const char *prefix = NULL;
	const struct lk_digest_request request = {&c->from, c->no_cache, c->verify, c->strict};
	int rc = lk_install_arg_read(app, args->items[0], c->lock, c->require_signature, &arg, err);
	if (rc == 0) {
		rc = lk_install_arg_prefix(app, c->prefix, c->name, &arg, &prefix, err);
	}
	if (rc == 0) {
		rc = lk_sources_check(&c->from, err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_platform(&arg, c->platform, false, &platform, err);
	}
	if (rc < 0 || platform == NULL) {
		return rc;
	}
	lk_install_arg_check_packed(app, &arg, platform);
	return lk_digest_tell(app, &request, &arg, platform, prefix, err);
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX",
		"where it would be installed (default: the lock's name without .lock, beside it)",
		NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME", "an environment of the envs folder",
		NULL},
	{"lock", 0, LK_OPT_STRING, FIELD(lock), "NAME",
		"the lock to take, of a bundle with several", NULL},
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"this platform of the lock (default: this host's)", NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "BUNDLE|DIR",
		"take what is missing from this bundle, folder or cache; repeatable", NULL},
	{"no-cache", 0, LK_OPT_FLAG, FIELD(no_cache), NULL,
		"keep nothing: extract below TMPDIR, straight from the bundle", NULL},
	{"verify", 0, LK_OPT_FLAG, FIELD(verify), NULL,
		"hash again every file that comes from the cache", NULL},
	{"require-signature", 0, LK_OPT_FLAG, FIELD(require_signature), NULL,
		"refuse what is not signed (FILE.sig) by a key that is trusted here", NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL,
		"refuse clobbered files and links that point outside, as install does", NULL},
};

const struct lk_cmd lk_cmd_digest = {
	.name = "digest",
	.arguments = "LOCK|BUNDLE",
	.summary = "the tree digest an install would have, without installing",
	.description =
		"Prints the digest that lockenv install LOCK -p PREFIX prints and notes, from the "
		"lock and the packages alone: the prefix is not looked at, and nothing is written "
		"in it or beside it. Packages that the cache has only as archives are extracted "
		"into the cache, as an install does; where that cannot be written, below TMPDIR, "
		"for the moment.\n"
		"\n"
		"The digest is the same for every machine, user, umask, link mode and number of "
		"workers, and whether python packages are compiled or not: two environments with "
		"one digest are the same, file for file. It depends on the path of the prefix, "
		"which is written into files. What it is made of is in docs/install.md.",
	.examples = {"lockenv digest env.lock -p /opt/env",
		"lockenv digest env.lockpack --no-cache -p /opt/env --platform linux-aarch64"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
#endif
