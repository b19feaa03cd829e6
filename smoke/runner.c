/*
 * All levels, one after the other.
 */
#include "smoke/smoke.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "smoke/child.h"

#define DEFAULT_LIMIT_SECONDS 120
#define PROGRAM "lockenv-smoke"

/* lockenv-smoke lies beside whoever runs this, or is it. */
static int find_program(char *ret, size_t ret_len, struct lk_error *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot tell where this program lies");
	}
	self[len] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash ||
		snprintf(ret, ret_len, "%.*s/" PROGRAM, (int)(slash - self), self) >=
			(int)ret_len) {
		return lk_fail(err, LK_E_FS, "the path '%s' is too long", self);
	}
	return 0;
}

static int check_program(const char *program, struct lk_error *err)
{
	if (access(program, X_OK) != 0) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot run '%s'", program);
		lk_error_hint(
			err, "it belongs beside lockenv and runs each level in its own process");
		return LK_E_FS;
	}
	return 0;
}

/* A folder that cannot be read holds no library that a level would find: that is not the same as
 * none being there. */
static int check_readable(const char *real, struct lk_error *err)
{
	char *LK_AUTO_FREE lib = lk_asprintf("%s/lib", real);
	DIR *dir = opendir(lib);
	if (dir) {
		closedir(dir);
	} else if (errno != ENOENT) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", lib);
	}
	return 0;
}

/* Every library's real path is compared with the prefix, so it must be the real one too. */
static int resolve_prefix(const char *prefix, char ret[PATH_MAX], struct lk_error *err)
{
	struct stat st;
	if (!realpath(prefix, ret) || stat(ret, &st) != 0) {
		return lk_fail_errno(
			err, LK_E_USAGE, errno, "there is no environment '%s'", prefix);
	}
	if (!S_ISDIR(st.st_mode)) {
		return lk_fail(err, LK_E_USAGE, "there is no environment '%s': it is no directory",
			prefix);
	}
	return check_readable(ret, err);
}

static bool is_required(const struct lk_smoke_options *options, const struct lk_level *level)
{
	for (size_t i = 0; i < options->n_require; i++) {
		if (strcmp(options->require[i], level->name) == 0 ||
			(level->gpu && strcmp(options->require[i], "gpu") == 0)) {
			return true;
		}
	}
	return false;
}

static int check_required_names(const struct lk_smoke_options *options, struct lk_error *err)
{
	for (size_t i = 0; i < options->n_require; i++) {
		bool known = strcmp(options->require[i], "gpu") == 0;
		for (size_t k = 0; k < lk_n_levels; k++) {
			known = known || strcmp(options->require[i], lk_levels[k].name) == 0;
		}
		if (!known) {
			lk_fail(err, LK_E_USAGE, "there is no level '%s'", options->require[i]);
			lk_error_hint(err,
				"one of: gpu, reference, blas, torch-cpu, driver, nvrtc, cublas, "
				"cudnn, nccl, torch-cuda");
			return LK_E_USAGE;
		}
	}
	return 0;
}

bool lk_smoke_device_parse(const char *text, int *ret)
{
	uint64_t ordinal;
	if (strcmp(text, "all") == 0) {
		*ret = LK_SMOKE_ALL_DEVICES;
		return true;
	}
	if (!lk_str_to_u64(lk_str_of(text), &ordinal) || ordinal >= LK_SMOKE_DEVICES_MAX) {
		return false;
	}
	*ret = (int)ordinal;
	return true;
}

/* What every level's process is started with. */
struct run {
	const struct lk_smoke_options *options;
	const char *program;
	struct lk_level_context context;
	struct lk_smoke_result *result;
};

static bool is_stopped(const struct run *r)
{
	return r->options->report && lk_report_stop(r->options->report);
}

static void run_level(struct run *r, const struct lk_level *level)
{
	if (is_stopped(r)) {
		return;
	}
	struct lk_smoke_level *done = &r->result->levels[r->result->n_levels++];
	unsigned limit =
		r->options->limit_seconds ? r->options->limit_seconds : DEFAULT_LIMIT_SECONDS;
	lk_child_run(
		r->program, level, &r->context, limit, r->options->report, &r->result->arena, done);
	if (done->status == LK_SMOKE_ABSENT && is_required(r->options, level)) {
		done->status = LK_SMOKE_FAILED;
		done->reason = lk_str_printf(
			&r->result->arena, "required, but " LK_STR_FMT, LK_STR_ARG(done->reason));
	}
}

/* How many devices the level `driver` found; 0 when it found none or did not tell. */
static unsigned count_devices(const struct lk_smoke_result *result)
{
	lk_str text = lk_smoke_fact(result, "driver", "devices");
	uint64_t count;
	bool told = lk_str_to_u64(text, &count);
	return !told ? 0 : count < LK_SMOKE_DEVICES_MAX ? (unsigned)count : LK_SMOKE_DEVICES_MAX;
}

static void run_on_devices(struct run *r)
{
	bool all = r->options->device == LK_SMOKE_ALL_DEVICES;
	unsigned count = all ? count_devices(r->result) : 1;
	/* Where there is none, the levels say so once. */
	for (unsigned d = 0; d < (count > 0 ? count : 1); d++) {
		r->context.device = all ? (int)d : r->options->device;
		for (size_t i = 0; i < lk_n_levels; i++) {
			if (lk_levels[i].per_device) {
				run_level(r, &lk_levels[i]);
			}
		}
	}
}

static void run_all(struct run *r)
{
	for (size_t i = 0; i < lk_n_levels; i++) {
		if (!lk_levels[i].per_device) {
			run_level(r, &lk_levels[i]);
		}
	}
	run_on_devices(r);
}

int lk_smoke_run(
	const struct lk_smoke_options *options, struct lk_smoke_result *ret, struct lk_error *err)
{
	char beside[PATH_MAX];
	char resolved[PATH_MAX];
	const char *program = options->program ? options->program : beside;
	const char *prefix = options->prefix ? resolved : NULL;
	int rc = check_required_names(options, err);
	if (rc == 0 && prefix) {
		rc = resolve_prefix(options->prefix, resolved, err);
	}
	if (rc == 0 && !options->program) {
		rc = find_program(beside, sizeof(beside), err);
	}
	if (rc == 0) {
		rc = check_program(program, err);
	}
	if (rc < 0) {
		return rc;
	}
	*ret = (struct lk_smoke_result){0};
	lk_arena_init(&ret->arena);
	ret->prefix = lk_str_dup(&ret->arena, lk_str_of(prefix));
	ret->needs_cuda = lk_str_dup(&ret->arena, lk_str_of(options->needs_cuda));
	ret->levels = lk_arena_calloc(
		&ret->arena, lk_n_levels * LK_SMOKE_DEVICES_MAX, sizeof(*ret->levels));
	struct run run = {
		.options = options,
		.program = program,
		.context = {.prefix = prefix, .needs_cuda = options->needs_cuda},
		.result = ret,
	};
	run_all(&run);
	if (is_stopped(&run)) {
		lk_smoke_result_done(ret);
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while testing");
	}
	return 0;
}

lk_str lk_smoke_fact(const struct lk_smoke_result *result, const char *level, const char *key)
{
	for (size_t i = 0; i < result->n_levels; i++) {
		const struct lk_smoke_level *l = &result->levels[i];
		for (size_t k = 0; lk_str_is(l->name, level) && k < l->n_facts; k++) {
			if (lk_str_is(l->facts[k].key, key)) {
				return l->facts[k].value;
			}
		}
	}
	return (lk_str){0};
}

void lk_smoke_result_done(struct lk_smoke_result *result)
{
	lk_arena_done(&result->arena);
}

enum lk_smoke_status lk_smoke_verdict(const struct lk_smoke_result *result)
{
	enum lk_smoke_status verdict = LK_SMOKE_ABSENT;
	for (size_t i = 0; i < result->n_levels && verdict != LK_SMOKE_FAILED; i++) {
		if (result->levels[i].status != LK_SMOKE_ABSENT) {
			verdict = result->levels[i].status;
		}
	}
	return verdict;
}

int lk_smoke_exit_code(const struct lk_smoke_result *result)
{
	static const int codes[] = {
		[LK_SMOKE_PASSED] = 0, [LK_SMOKE_FAILED] = 1, [LK_SMOKE_ABSENT] = 77};
	return codes[lk_smoke_verdict(result)];
}
