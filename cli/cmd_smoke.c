/*
 * lockenv smoke: do the libraries of the environment really run here?
 */
#include "cli/app.h"

#include <fcntl.h>

#include "base/fs.h"
#include "cli/instant.h"
#include "cli/smoke_origin.h"

#define RECEIPT_MAX ((size_t)8 << 20)

struct context {
	const char *prefix, *name, *device, *receipt;
	struct lk_args require;
	unsigned limit;
};

static void put_json(const struct lk_smoke_result *result, struct lk_buf *out)
{
	struct lk_jw w;
	lk_jw_init(&w, out, true);
	lk_smoke_json(result, &w);
	lk_buf_putc(out, '\n');
}

static int two_prefixes(const char *argument, const char *option, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "two environments: '%s' and '%s'", argument, option);
	lk_error_hint(err, "give one of them");
	return LK_E_USAGE;
}

static int choose_prefix(struct lk_app *app, const struct context *c, const struct lk_args *args,
	char **ret, struct lk_error *err)
{
	const char *prefix = NULL;
	int rc = lk_app_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc == 0 && args->len > 0) {
		rc = prefix ? two_prefixes(args->items[0], prefix, err) : 0;
		prefix = args->items[0];
	}
	return rc == 0 && prefix ? lk_path_absolute(prefix, ret, err) : rc;
}

static int choose_device(const char *text, int *ret, struct lk_error *err)
{
	*ret = 0;
	if (text && !lk_smoke_device_parse(text, ret)) {
		lk_fail(err, LK_E_USAGE, "'%s' is no device", text);
		lk_error_hint(err, "a number from 0, in the driver's order, or 'all'");
		return LK_E_USAGE;
	}
	return 0;
}

static int put_receipt(
	struct lk_app *app, const char *file, struct lk_smoke_result *result, struct lk_error *err)
{
	uint64_t now;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(RECEIPT_MAX);
	int rc = lk_instant_now(&now, err);
	if (rc < 0) {
		return rc;
	}
	result->date = lk_instant_text(now * 1000, &app->arena);
	put_json(result, &text);
	result->date = (lk_str){0};
	if (text.overflow) {
		return lk_fail(err, LK_E_FORMAT, "the receipt is too long");
	}
	return lk_fs_write_atomic(AT_FDCWD, file, text.ptr, text.len, 0, err);
}

static int tell(struct lk_app *app, const struct context *c, struct lk_smoke_result *result,
	struct lk_error *err)
{
	if (app->common.json) {
		put_json(result, &app->out);
	} else {
		lk_smoke_text(result, app->color_out, app->common.verbose > 0, &app->out);
	}
	app->status = lk_smoke_exit_code(result);
	return c->receipt ? put_receipt(app, c->receipt, result, err) : 0;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	char *LK_AUTO_FREE prefix = NULL;
	struct lk_smoke_origin LK_CLEANUP(lk_smoke_origin_done) origin = {0};
	struct lk_smoke_options options = {
		.require = c->require.items,
		.n_require = c->require.len,
		.limit_seconds = c->limit,
		.report = &app->report,
	};
	int rc = choose_prefix(app, c, args, &prefix, err);
	rc = rc < 0 ? rc : choose_device(c->device, &options.device, err);
	if (rc == 0 && c->receipt) { /* said before minutes are spent */
		rc = lk_fs_check_replaceable(AT_FDCWD, c->receipt, err);
	}
	rc = rc < 0 ? rc : lk_smoke_origin_read(app, prefix, &origin, err);
	options.prefix = prefix;
	options.needs_cuda = origin.needs_cuda;
	struct lk_smoke_result result;
	rc = rc < 0 ? rc : lk_smoke_run(&options, &result, err);
	if (rc < 0) {
		return rc;
	}
	lk_smoke_origin_tell(app, &origin, &result);
	rc = tell(app, c, &result, err);
	lk_smoke_result_done(&result);
	return rc;
}

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, offsetof(struct context, prefix), "PREFIX",
		"the environment to test", NULL},
	{"name", 'n', LK_OPT_STRING, offsetof(struct context, name), "NAME",
		"an environment of the envs folder", NULL},
	{"require", 0, LK_OPT_LIST, offsetof(struct context, require), "LEVEL",
		"fail when this level (or 'gpu') cannot run here; repeatable", NULL},
	{"device", 0, LK_OPT_STRING, offsetof(struct context, device), "N",
		"GPU to use, in the driver's order, or 'all' (default: 0)", NULL},
	{"limit", 0, LK_OPT_UINT, offsetof(struct context, limit), "SECONDS",
		"time limit of each level (default: 120)", NULL},
	{"receipt", 0, LK_OPT_STRING, offsetof(struct context, receipt), "FILE",
		"also write what --json prints, with a date, to this file", NULL},
};

const struct lk_cmd lk_cmd_smoke = {
	.name = "smoke",
	.arguments = "[PREFIX]",
	.summary = "compute attention with the environment's own libraries",
	.description =
		"Computes scaled dot-product attention with the libraries of the environment, each "
		"level in a child process of its own, and compares with a float64 reference. A "
		"library that comes from outside the prefix fails the level, and so does a driver "
		"that is too old for the environment or for what its packages ask of __cuda. "
		"Exits with 0 when every level that could run passed, 1 when one failed, 77 when "
		"none could run. With -v all libraries are listed; --json and --receipt tell "
		"everything.",
	.examples = {"lockenv smoke ./env",
		"lockenv smoke ./env --require gpu --device all --receipt receipt.json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
