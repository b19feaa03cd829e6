/*
 * lockenv audit: what would fail after shipping, found before. Runs nothing, writes nothing.
 */
#include "cli/audited.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "audit/prefix_walk.h"
#include "base/fs.h"
#include "cli/audit_packages.h"
#include "cli/env_arg.h"
#include "cli/exit.h"
#include "cli/install_arg.h"
#include "cli/sources.h"
#include "conda/subdir.h"

/* Locks tell where packages come from, not where they will lie. */
#define NOWHERE "/prefix"

struct run {
	struct lk_app *app;
	const struct lk_audit_options *options;
	struct lk_nodes nodes;
	struct lk_jw w;
	size_t n_findings; /* in all environments */
};

/* ---- what was found ---- */

static bool is_ignored(const struct lk_audit_options *options, const struct lk_audited *a,
	const struct lk_flaw *flaw)
{
	const struct lk_survey_file *file = &a->survey.files.items[flaw->file];
	for (size_t i = 0; i < options->ignores.len; i++) {
		lk_str pattern = lk_str_of(options->ignores.items[i]);
		bool hit = lk_str_glob(pattern, file->path, false) ||
			(flaw->what.len > 0 && lk_str_glob(pattern, flaw->what, false));
		if (!hit && file->package != LK_SURVEY_NONE) {
			const struct lk_survey_package *package =
				&a->survey.packages.items[file->package];
			hit = lk_str_glob(pattern, package->name, false) ||
				lk_str_glob(pattern, package->dist, false);
		}
		if (hit) {
			return true;
		}
	}
	return false;
}

static void count(const struct lk_audit_options *options, struct lk_audited *a)
{
	for (size_t i = 0; i < a->flaws.list.len; i++) {
		struct lk_flaw *flaw = &a->flaws.list.items[i];
		if (options->strict && flaw->level == LK_FLAW_HINT) {
			flaw->level = LK_FLAW_FINDING;
		}
		flaw->ignored = flaw->level != LK_FLAW_NOTE && is_ignored(options, a, flaw);
		a->n_ignored += flaw->ignored;
		a->n_findings += !flaw->ignored && flaw->level == LK_FLAW_FINDING;
		a->n_hints += !flaw->ignored && flaw->level == LK_FLAW_HINT;
		a->n_notes += flaw->level == LK_FLAW_NOTE;
	}
	for (size_t i = 0; i < a->survey.files.len; i++) {
		const struct lk_elf *elf = a->survey.files.items[i].seen.elf;
		a->n_elf += elf != NULL && lk_machine_takes(a->links.machine, elf);
	}
}

/* Flaws, and how bad the package is that each is about. */
struct ranked {
	struct lk_flaw flaw;
	unsigned rank;    /* the worst kind of its package at its level */
	uint32_t package; /* LK_SURVEY_NONE is last */
	lk_str path;
};

static int ranked_order(const void *a, const void *b)
{
	const struct ranked *left = a;
	const struct ranked *right = b;
	if (left->flaw.level != right->flaw.level) {
		return left->flaw.level > right->flaw.level ? -1 : 1;
	}
	if (left->rank != right->rank) {
		return left->rank < right->rank ? -1 : 1;
	}
	if (left->package != right->package) {
		return left->package < right->package ? -1 : 1;
	}
	if (left->flaw.kind != right->flaw.kind) {
		return left->flaw.kind < right->flaw.kind ? -1 : 1;
	}
	int order = lk_str_cmp(left->flaw.what, right->flaw.what);
	order = order ? order : (int)left->flaw.ignored - (int)right->flaw.ignored;
	order = order ? order : lk_str_cmp(left->path, right->path);
	return order ? order : lk_str_cmp(left->flaw.text, right->flaw.text);
}

/* Findings before hints; within these the worst package first, its flaws together. */
static void sort(struct lk_audited *a)
{
	enum {
		LEVELS = LK_FLAW_FINDING + 1
	};
	size_t n = a->flaws.list.len;
	size_t slots = a->survey.packages.len + 1;
	unsigned *ranks LK_AUTO_FREE = lk_calloc(slots * LEVELS, sizeof(*ranks));
	struct ranked *ranked LK_AUTO_FREE = lk_calloc(n, sizeof(*ranked));
	for (size_t i = 0; i < slots * LEVELS; i++) {
		ranks[i] = LK_FLAW_KINDS;
	}
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			const struct lk_flaw *flaw = &a->flaws.list.items[i];
			const struct lk_survey_file *file = &a->survey.files.items[flaw->file];
			size_t slot = file->package == LK_SURVEY_NONE ? slots - 1 : file->package;
			unsigned *rank = &ranks[slot * LEVELS + flaw->level];
			*rank = flaw->kind < *rank ? flaw->kind : *rank;
			ranked[i] = (struct ranked){*flaw, *rank, file->package, file->path};
		}
	}
	if (n > 0) {
		qsort(ranked, n, sizeof(*ranked), ranked_order);
	}
	for (size_t i = 0; i < n; i++) {
		a->flaws.list.items[i] = ranked[i].flaw;
	}
}

/* ---- one environment ---- */

static int find_machine(lk_str subdir, const struct lk_machine **ret, struct lk_error *err)
{
	*ret = lk_machine_of(subdir);
	if (*ret) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "audit knows no ELF files of " LK_STR_FMT, LK_STR_ARG(subdir));
	lk_error_hint(err, "it looks into environments for Linux; choose one with --platform");
	return LK_E_USAGE;
}

static void judge(struct run *r, struct lk_audited *a, const struct lk_machine *machine,
	const struct lk_lock_platform *platform)
{
	lk_links_make(&a->survey, machine, &a->links);
	lk_judge(&a->survey, &a->links, a->targets.items, a->targets.len, &a->flaws);
	lk_judge_highest(&a->survey, &a->links, &a->highest);
	lk_audit_judge_gpu(r->options, &r->nodes, platform, a);
	count(r->options, a);
	sort(a);
	r->n_findings += a->n_findings;
	if (r->app->common.json) {
		lk_audit_put_json(a, &r->w);
	} else {
		lk_audit_tell(r->app, a);
	}
}

static void audited_done(struct lk_audited *a)
{
	lk_vec_done(&a->highest);
	lk_flaws_done(&a->flaws);
	lk_links_done(&a->links);
	lk_vec_done(&a->targets);
	lk_survey_done(&a->survey);
}

/* ---- a prefix ---- */

/* Whose files they are, by the records in conda-meta. */
static void attribute(struct lk_survey *survey, const struct lk_prefix_records *records)
{
	for (size_t i = 0; i < records->len; i++) {
		const struct lk_prefix_record *record = &records->items[i];
		struct lk_buf LK_CLEANUP(lk_buf_done) dist = LK_BUF_INIT(4096);
		lk_buf_appendf(&dist, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT,
			LK_STR_ARG(record->record.name), LK_STR_ARG(record->record.version),
			LK_STR_ARG(record->record.build));
		uint32_t package =
			lk_survey_add_package(survey, record->record.name, lk_buf_view(&dist));
		for (size_t k = 0; k < record->files.n; k++) {
			uint32_t at = lk_map_get(&survey->by_path, record->files.items[k]);
			if (at != LK_MAP_NONE) {
				survey->files.items[at].package = package;
			}
		}
	}
}

static bool has_conda_meta(const char *prefix)
{
	struct stat st;
	char *path LK_AUTO_FREE = lk_asprintf("%s/conda-meta", prefix);
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int read_prefix(struct run *r, const char *prefix, struct lk_env_arg *env,
	struct lk_audited *a, struct lk_error *err)
{
	struct lk_app *app = r->app;
	char *absolute LK_AUTO_FREE = NULL;
	int rc = lk_path_absolute(prefix, &absolute, err);
	if (rc < 0) {
		return rc;
	}
	lk_survey_init(&a->survey, lk_str_of(absolute));
	rc = lk_survey_walk(&a->survey, prefix, app->common.jobs, err);
	if (rc == 0 && has_conda_meta(prefix)) {
		rc = lk_env_arg_read(app, NULL, prefix, true, env, err);
	}
	if (rc == 0) {
		attribute(&a->survey, &env->records);
	}
	return rc;
}

static int audit_prefix(struct run *r, const char *prefix, struct lk_error *err)
{
	struct lk_audited LK_CLEANUP(audited_done) a = {.shown = prefix, .is_prefix = true};
	struct lk_env_arg env = {0};
	const struct lk_machine *machine = NULL;
	int rc = read_prefix(r, prefix, &env, &a, err);
	struct lk_lock_platform platform = env.installed;
	if (rc == 0) {
		platform.subdir = r->options->platform ? lk_str_of(r->options->platform)
			: env.platform                 ? platform.subdir
						       : lk_str_of(lk_subdir_native());
		a.subdir = platform.subdir;
		rc = find_machine(a.subdir, &machine, err);
	}
	if (rc == 0) {
		rc = lk_audit_targets(
			r->app, r->options, &r->nodes, &platform, true, &a.targets, err);
	}
	if (rc == 0) {
		judge(r, &a, machine, &platform);
	}
	lk_env_arg_done(&env);
	return rc;
}

/* ---- a lock ---- */

static int read_packages(struct run *r, struct lk_lock_arg *arg,
	const struct lk_lock_platform *platform, struct lk_audited *a, struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	const struct lk_sources sources = {
		&r->options->from, LK_STEAL(arg->bundle), r->options->no_cache, true};
	int rc = lk_sources_open(r->app, &sources, &cache, err);
	if (rc == 0) {
		rc = lk_audit_packages(cache, platform->packages, platform->n_packages,
			platform->subdir, r->app->common.jobs, &r->app->report, &a->survey, err);
	}
	lk_cache_free(cache);
	return rc;
}

/* The lock NAME of the bundle PATH; or PATH, a lock, and NAME is NULL. */
static int audit_lock(struct run *r, const char *path, const char *name, struct lk_error *err)
{
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	struct lk_audited LK_CLEANUP(audited_done) a = {.shown = path};
	const struct lk_lock_platform *platform = NULL;
	const struct lk_machine *machine = NULL;
	int rc = lk_install_arg_read(r->app, path, name, r->options->require_signature, &arg, err);
	if (rc == 0) {
		rc = lk_lock_arg_platform(&arg, r->options->platform, true, &platform, err);
	}
	if (rc < 0 || !platform) {
		return rc;
	}
	lk_install_arg_check_packed(r->app, &arg, platform);
	a.shown = arg.shown ? arg.shown : path;
	a.subdir = platform->subdir;
	lk_survey_init(&a.survey, LK_STR(NOWHERE));
	rc = find_machine(a.subdir, &machine, err);
	if (rc == 0) {
		rc = lk_audit_targets(
			r->app, r->options, &r->nodes, platform, false, &a.targets, err);
	}
	if (rc == 0) {
		rc = read_packages(r, &arg, platform, &a, err);
	}
	if (rc == 0) {
		judge(r, &a, machine, platform);
	}
	return rc;
}

/* Every lock of a bundle, in its order. */
static int audit_bundle(struct run *r, const char *path, struct lk_error *err)
{
	struct lk_bundle *bundle LK_CLEANUP(lk_bundle_free_p) = NULL;
	int rc = lk_bundle_open(path, &bundle, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	if (manifest->n_locks == 0) {
		return audit_lock(r, path, NULL, err);
	}
	for (size_t i = 0; rc == 0 && i < manifest->n_locks; i++) {
		lk_str name = lk_manifest_name(&manifest->entries[i]);
		rc = audit_lock(r, path, lk_arena_strndup(&r->app->arena, name.ptr, name.len), err);
	}
	return rc;
}

/* ---- the command ---- */

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int audit_any(struct run *r, const char *path, struct lk_error *err)
{
	if (is_folder(path)) {
		return audit_prefix(r, path, err);
	}
	if (!r->options->lock && lk_bundle_is(path)) {
		return audit_bundle(r, path, err);
	}
	return audit_lock(r, path, r->options->lock, err);
}

/* Which environment: -p, -n or the argument. */
static int read_words(struct lk_app *app, const struct lk_audit_options *options,
	const struct lk_args *args, const char **ret, struct lk_error *err)
{
	int rc = lk_app_prefix(app, options->prefix, options->name, ret, err);
	if (rc < 0 || (*ret == NULL) != (args->len == 0)) {
		*ret = *ret || rc < 0 ? *ret : args->items[0];
		return rc;
	}
	lk_fail(err, LK_E_USAGE, "%s",
		*ret ? "too many arguments" : "nothing is given to be audited");
	lk_error_hint(err, "give a lock, a bundle or an environment's folder");
	return LK_E_USAGE;
}

static int audit(struct run *r, const char *path, struct lk_error *err)
{
	bool json = r->app->common.json;
	if (json) {
		lk_jw_init(&r->w, &r->app->out, true);
		lk_jw_object(&r->w);
		lk_jw_key(&r->w, "environments");
		lk_jw_array(&r->w);
	}
	int rc = audit_any(r, path, err);
	if (json && rc == 0) {
		lk_jw_end(&r->w);
		lk_jw_key(&r->w, "ok");
		lk_jw_bool(&r->w, r->n_findings == 0);
		lk_jw_end(&r->w);
		lk_buf_putc(&r->app->out, '\n');
	}
	if (rc == 0 && r->n_findings > 0) {
		r->app->status = LK_EXIT_FINDING;
	}
	return rc < 0 ? rc
		      : lk_app_check_size(r->app, "audit one lock at a time, or use --ignore", err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct lk_audit_options *options = context;
	const struct lk_check_options hosts = {.hosts = options->hosts};
	struct run r = {.app = app, .options = options};
	const char *path = NULL;
	int rc = read_words(app, options, args, &path, err);
	if (rc == 0) {
		rc = lk_audit_check_target(options, err);
	}
	if (rc == 0) {
		rc = lk_audit_check_gpu(options, err);
	}
	if (rc == 0) {
		rc = lk_sources_check(&options->from, err);
	}
	if (rc == 0 && options->hosts.len > 0) {
		rc = lk_check_nodes_read(app, &hosts, &r.nodes, err);
	}
	if (rc == 0) {
		rc = audit(&r, path, err);
	}
	lk_check_nodes_done(&r.nodes);
	return rc;
}

#define FIELD(name) offsetof(struct lk_audit_options, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX", "audit this environment", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME",
		"audit this environment of the envs folder", NULL},
	{"lock", 0, LK_OPT_STRING, FIELD(lock), "NAME",
		"audit this lock of a bundle (default: each)", NULL},
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"this platform of the lock (default: this host's, or its only one)", NULL},
	{"glibc", 0, LK_OPT_STRING, FIELD(glibc), "V",
		"the targets' glibc (default: what the lock requires; of a prefix this host's)",
		NULL},
	{"archspec", 0, LK_OPT_STRING, FIELD(archspec), "A",
		"the targets' processor, such as x86_64_v3", NULL},
	{"gpu", 0, LK_OPT_LIST, FIELD(gpus), "GPUS",
		"the targets' GPUs, such as 7.0,8.6 or sm_90; repeatable (default: a node's, or "
		"what the lock requires)",
		NULL},
	{"cuda", 0, LK_OPT_STRING, FIELD(cuda), "V",
		"the newest CUDA that the targets' driver runs (default: likewise)", NULL},
	{"host", 0, LK_OPT_LIST, FIELD(hosts), "FILE",
		"a target by its node profile (info --json), a folder of them, or 'this' host; "
		"repeatable",
		NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "BUNDLE|DIR",
		"read packages that the cache lacks from this bundle, folder or cache; repeatable",
		NULL},
	{"no-cache", 0, LK_OPT_FLAG, FIELD(no_cache), NULL,
		"read packages from the bundle and --from alone", NULL},
	{"ignore", 0, LK_OPT_LIST, FIELD(ignores), "PATTERN",
		"accept what is found about this path, library, version or package; '*' is any "
		"text; repeatable",
		NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL, "hints are findings too", NULL},
	{"require-signature", 0, LK_OPT_FLAG, FIELD(require_signature), NULL,
		"refuse what is not signed (FILE.sig) by a key that is trusted here", NULL},
};

const struct lk_cmd lk_cmd_audit = {
	.name = "audit",
	.arguments = "LOCK|PREFIX|BUNDLE",
	.summary = "what would fail after shipping, found before, without running anything",
	.description =
		"Reads every program and library of the environment, by content, not by name, and "
		"tells what would fail where it is loaded: libraries that are needed and not found "
		"by the dynamic loader's rules inside the environment, symbol versions that the "
		"library which is found does not define, a newer glibc than the target has, files "
		"for another machine, interpreters that the target does not have, no code for a "
		"GPU "
		"of the target, a CUDA runtime too new for its driver. What may fail is "
		"a hint: processor levels, PTX that a driver has to know, executable stacks, "
		"search paths that lead outside, "
		"libraries found only because another was loaded before. What the host has to "
		"bring, such as the GPU's driver, is told in one line. docs/audit.md has the "
		"rules.\n"
		"\n"
		"Of a lock the packages are read where the cache has them, extracted or as "
		"archives; of a bundle its own. Nothing is installed, run, written or fetched.\n"
		"\n"
		"Exit code 0: no findings; 1: findings; 6: packages are missing, each of which is "
		"named.",
	.examples = {"lockenv audit env.lock --glibc 2.28 --gpu 7.0,9.0",
		"lockenv audit -p /opt/env --host nodes/ --ignore 'libmysqlclient.so.*'"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_audit_options),
	.max_args = 1,
	.run = run,
};
