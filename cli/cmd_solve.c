/*
 * lockenv solve: specs and channels in, env.lock out.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <limits.h>

#include "base/fs.h"
#include "cli/fetching.h"
#include "cli/solve_artifacts.h"
#include "cli/solve_platform.h"
#include "cli/solve_relations.h"
#include "cli/solve_request.h"
#include "cli/solve_tell.h"
#include "lock/lock_diff.h"

static int write_lock(struct lk_app *app, const struct lk_solve_request *request,
	const struct lk_buf *text, struct lk_error *err)
{
	int rc = lk_fs_write_atomic(AT_FDCWD, request->target, text->ptr, text->len, 0, err);
	if (rc < 0) {
		return rc;
	}
	lk_note(&app->report, 0, "wrote %s", request->output);
	return 0;
}

static void put_json(struct lk_app *app, const struct lk_solve_request *request,
	const struct lk_lock *lock, bool changed)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lock", lk_str_of(request->output));
	lk_jw_key(&w, "changed");
	lk_jw_bool(&w, changed);
	if (request->pip.len > 0) {
		lk_jw_strings(&w, "pip", request->pip.items, request->pip.len);
	}
	lk_jw_key(&w, "platforms");
	lk_jw_object(&w);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		lk_jw_key_str(&w, lock->platforms[i].subdir);
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "packages", lock->platforms[i].n_packages);
		lk_put_told(app, &w, lock->platforms[i].subdir);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell_summary(struct lk_app *app, const struct lk_lock *lock)
{
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		uint64_t bytes = 0;
		for (size_t k = 0; k < platform->n_packages; k++) {
			bytes += platform->packages[k].size;
		}
		lk_note(&app->report, 0, LK_STR_FMT ": %zu packages, %.1f MB to download",
			LK_STR_ARG(platform->subdir), platform->n_packages, (double)bytes / 1e6);
	}
}

/* What changes against the existing lock, for --dry-run and --locked. */
static void show_change(
	struct lk_app *app, const struct lk_solve_request *request, const struct lk_lock *lock)
{
	struct lk_lock empty;
	lk_lock_init(&empty, NULL, 0, LK_STR("strict"));
	struct lk_lock_diff diff;
	struct lk_diff_options wanted = {.whole_platforms = true};
	lk_lock_diff_make(request->has_old ? &request->old : &empty, lock, &wanted, &diff);
	struct lk_diff_text_options options = {.colour = app->color_out};
	lk_lock_diff_text(&diff, &options, &app->out);
	lk_lock_diff_done(&diff);
	lk_lock_done(&empty);
}

static int finish(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_solve_request *request, const struct lk_lock *lock, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(lock, &text, err);
	if (rc < 0) {
		return rc;
	}
	bool changed = !request->has_old ||
		!lk_str_eq(lk_buf_view(&text), lk_buf_view(&request->old_text));
	if (app->common.json) {
		put_json(app, request, lock, changed);
	}
	if (!changed) {
		lk_note(&app->report, 0, "%s is up to date", request->output);
		return 0;
	}
	if (options->locked || options->dry_run) {
		app->status = options->locked ? 1 : 0;
		lk_note(&app->report, 0, "%s would change", request->output);
		if (!app->common.json) {
			show_change(app, request, lock);
		}
		return 0;
	}
	tell_summary(app, lock);
	return write_lock(app, request, &text, err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct lk_solve_options *options = context;
	struct lk_solve_request LK_CLEANUP(lk_solve_request_done) request = {0};
	struct lk_cache *cache = NULL;
	struct lk_fetch *fetch = NULL;
	struct lk_lock lock;
	int rc = lk_solve_request_make(app, options, args, &request, err);
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
		if (rc == 0) {
			rc = finish(app, options, &request, &lock, err);
			lk_lock_done(&lock);
		}
	}
	lk_fetch_free(fetch);
	lk_cache_free(cache);
	return rc;
}

#define FIELD(name) offsetof(struct lk_solve_options, name)

static const struct lk_opt options[] = {
	{"file", 'f', LK_OPT_LIST, FIELD(files), "FILE",
		"environment.yml or a list of specs; repeatable", NULL},
	{"without-pip", 0, LK_OPT_FLAG, FIELD(without_pip), NULL,
		"leave what FILE wants of pip to pip, with a warning each", NULL},
	{"channel", 'c', LK_OPT_LIST, FIELD(channels), "CHANNEL",
		"channel name, URL or path, highest priority first; repeatable", NULL},
	{"override-channels", 0, LK_OPT_FLAG, FIELD(override_channels), NULL,
		"use the channels of the command line only", NULL},
	{"channel-relations", 0, LK_OPT_FLAG, FIELD(channel_relations), NULL,
		"add the channels that channels declare to build upon or to override", NULL},
	{"repodata-fn", 0, LK_OPT_LIST, FIELD(repodata_fns), "NAME",
		"repodata file to try first, such as current_repodata.json; repeatable", NULL},
	{"output", 'o', LK_OPT_STRING, FIELD(output), "LOCK",
		"the lock to write (default: env.lock)", NULL},
	{"platform", 0, LK_OPT_LIST, FIELD(platforms), "P",
		"platform to solve for; repeatable (default: this host's)", NULL},
	{"host", 0, LK_OPT_STRING, FIELD(host), "FILE",
		"solve for the machine that 'info --json' told into FILE; 'this': this one", NULL},
	{"cuda", 0, LK_OPT_STRING, FIELD(cuda), "V", "CUDA version of the target's driver, or none",
		NULL},
	{"cuda-arch", 0, LK_OPT_STRING, FIELD(cuda_arch), "V",
		"lowest compute capability of the target's GPUs", NULL},
	{"glibc", 0, LK_OPT_STRING, FIELD(glibc), "V", "glibc version of the target", NULL},
	{"archspec", 0, LK_OPT_STRING, FIELD(archspec), "A",
		"microarchitecture of the target, such as x86_64_v3", NULL},
	{"virtual", 0, LK_OPT_LIST, FIELD(virtuals), "NAME=VER",
		"a virtual package NAME=VER[=BUILD] of the target; NAME= removes it", NULL},
	{"channel-priority", 0, LK_OPT_STRING, FIELD(channel_priority), "HOW",
		"strict (default), flexible or disabled", "strict|flexible|disabled"},
	{"exclude-newer", 0, LK_OPT_STRING, FIELD(exclude_newer), "DATE",
		"ignore packages newer than this date or instant", NULL},
	{"pin", 0, LK_OPT_LIST, FIELD(pins), "SPEC",
		"if the package is taken, then so; repeatable, instead of the lock's and "
		".condarc's; "
		"none drops all",
		NULL},
	{"update", 0, LK_OPT_LIST, FIELD(update), "NAME",
		"do not keep NAME as it is locked; repeatable", NULL},
	{"update-all", 0, LK_OPT_FLAG, FIELD(update_all), NULL, "keep nothing of the existing lock",
		NULL},
	{"locked", 0, LK_OPT_FLAG, FIELD(locked), NULL,
		"write nothing; exit 1 if the lock would change", NULL},
	{"offline", 0, LK_OPT_FLAG, FIELD(offline), NULL, "use cached repodata only", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL, "write nothing; print what would change",
		NULL},
};

const struct lk_cmd lk_cmd_solve = {
	.name = "solve",
	.arguments = "[SPEC...]",
	.summary = "solve specs against channels and write an exact lock",
	.description =
		"Fetches the channels' repodata, solves the specs with libsolv and writes the "
		"lock. "
		"Earlier specs win where versions trade off. An existing lock is kept as far as "
		"the specs allow. The machine it runs on has no say unless --host asks for it: the "
		"target is described by --platform, --cuda, --glibc, --archspec and --virtual, and "
		"what none of them says is a default that is told and locked. A SPEC is a conda "
		"MatchSpec, or the URL or path of an archive: exactly that file, with what its own "
		"metadata says. FILE may be an @EXPLICIT list: those archives and no others. "
		"Without "
		"SPEC and FILE, "
		"environment.yml beside the lock is read, else the existing lock's own specs. "
		"A lock that is a symlink is written through. When there is no answer, it says "
		"which specs collide, why, and what would do; --verbose tells all of it. A spec "
		"that "
		"asks for CUDA needs a target that has __cuda. -v says why the specs' packages are "
		"not newer, -vv why any is not.",
	.examples = {"lockenv solve --cuda 12.6 'python 3.12.*' pytorch-gpu -o gpu.lock",
		"lockenv solve -f environment.yml --platform linux-64 --platform linux-aarch64"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_solve_options),
	.min_args = 0,
	.max_args = UINT_MAX,
	.run = run,
};
