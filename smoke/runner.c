/*
 * All levels, one after the other.
 */
#include "smoke/smoke.h"

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
	return 0;
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
	const struct lk_level_context context = {.prefix = prefix};
	ret->levels = lk_arena_calloc(&ret->arena, lk_n_levels, sizeof(*ret->levels));
	for (size_t i = 0; i < lk_n_levels; i++) {
		struct lk_smoke_level *level = &ret->levels[ret->n_levels++];
		lk_child_run(program, &lk_levels[i], &context,
			options->limit_seconds ? options->limit_seconds : DEFAULT_LIMIT_SECONDS,
			&ret->arena, level);
		if (level->status == LK_SMOKE_ABSENT && is_required(options, &lk_levels[i])) {
			level->status = LK_SMOKE_FAILED;
			level->reason = lk_str_printf(&ret->arena, "required, but " LK_STR_FMT,
				LK_STR_ARG(level->reason));
		}
	}
	return 0;
}

void lk_smoke_result_done(struct lk_smoke_result *result)
{
	lk_arena_done(&result->arena);
}

int lk_smoke_exit_code(const struct lk_smoke_result *result)
{
	bool passed = false;
	for (size_t i = 0; i < result->n_levels; i++) {
		if (result->levels[i].status == LK_SMOKE_FAILED) {
			return 1;
		}
		passed = passed || result->levels[i].status == LK_SMOKE_PASSED;
	}
	return passed ? 0 : 77;
}
