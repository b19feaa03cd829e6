/*
 * lockenv solve: specs and channels in, env.lock out.
 */
#include "cli/app.h"

#include <limits.h>

#include "cli/solve_options.h"
#include "cli/solve_run.h"

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	return lk_solve_run(app, context, args, NULL, err);
}

static const struct lk_opt options[] = {
	{"file", 'f', LK_OPT_LIST, LK_SOLVE_FIELD(files), "FILE",
		"environment.yml or a list of specs; repeatable", NULL},
	LK_SOLVE_ROW_WITHOUT_PIP,
	{"channel", 'c', LK_OPT_LIST, LK_SOLVE_FIELD(channels), "CHANNEL",
		"channel name, URL or path, highest priority first; repeatable", NULL},
	{"override-channels", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(override_channels), NULL,
		"use the channels of the command line only", NULL},
	{"channel-relations", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(channel_relations), NULL,
		"add the channels that channels declare to build upon or to override", NULL},
	{"repodata-fn", 0, LK_OPT_LIST, LK_SOLVE_FIELD(repodata_fns), "NAME",
		"repodata file to try first, such as current_repodata.json; repeatable", NULL},
	LK_SOLVE_ROW_OUTPUT,
	{"platform", 0, LK_OPT_LIST, LK_SOLVE_FIELD(platforms), "P",
		"platform to solve for; repeatable (default: this host's)", NULL},
	LK_SOLVE_ROWS_TARGET,
	{"channel-priority", 0, LK_OPT_STRING, LK_SOLVE_FIELD(channel_priority), "HOW",
		"strict (default), flexible or disabled", "strict|flexible|disabled"},
	{"exclude-newer", 0, LK_OPT_STRING, LK_SOLVE_FIELD(exclude_newer), "DATE",
		"ignore packages newer than this date or instant", NULL},
	{"pin", 0, LK_OPT_LIST, LK_SOLVE_FIELD(pins), "SPEC",
		"if the package is taken, then so; repeatable, instead of the lock's and "
		".condarc's; "
		"none drops all",
		NULL},
	{"update", 0, LK_OPT_LIST, LK_SOLVE_FIELD(update), "NAME",
		"give NAME[=VERSION] its best version, moving what must; repeatable", NULL},
	{"update-all", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(update_all), NULL,
		"keep nothing of the existing lock", NULL},
	{"locked", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(locked), NULL,
		"write nothing; exit 1 if the lock would change", NULL},
	LK_SOLVE_ROWS_LAST,
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
