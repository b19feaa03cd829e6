/*
 * lockenv merge: three locks made one, by hand or for git.
 *
 * Until the merged lock is known to be good nothing is written: where the sides collide the file
 * stays as ours, whole and valid, never half-merged.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "cli/git.h"
#include "cli/git_driver.h"
#include "cli/lock_arg.h"
#include "lock/lock_merge.h"

#define MAX_LINES 20 /* of what collides, without -v */

struct context {
	const char *output;
	const char *path;
	const char *prefer;
	bool resolve;
	bool install;
	struct lk_git_driver_options driver;
};

/* The three sides, in the order of enum lk_git_stage. */
struct sides {
	struct lk_lock_arg locks[LK_GIT_N_STAGES];
	bool has_base;
	const char *name;   /* what the merged lock is called in messages */
	const char *output; /* where it goes */
	bool for_git;       /* git knows the path: it can be resolved from there */
};

static const char *const side_names[LK_GIT_N_STAGES] = {"base", "ours", "theirs"};

static void sides_done(struct sides *sides)
{
	for (size_t i = 0; i < LK_GIT_N_STAGES; i++) {
		lk_lock_arg_done(&sides->locks[i]);
	}
}

/* Where there is no common ancestor git gives an empty file. */
static bool is_blank(const struct lk_buf *text)
{
	return lk_str_trim(lk_buf_view(text)).len == 0;
}

static int parse_sides(struct lk_app *app, struct sides *sides, struct lk_error *err)
{
	sides->has_base = !is_blank(&sides->locks[LK_GIT_BASE].text);
	for (size_t i = sides->has_base ? 0 : 1; i < LK_GIT_N_STAGES; i++) {
		int rc = lk_lock_arg_parse(app, &sides->locks[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* "env.lock (theirs)" */
static const char *side_name(struct lk_app *app, const char *path, size_t side)
{
	return lk_arena_printf(&app->arena, "%s (%s)", path, side_names[side]);
}

static int read_files(struct lk_app *app, const struct context *c, const struct lk_args *args,
	struct sides *sides, struct lk_error *err)
{
	sides->output = c->output ? c->output : args->items[LK_GIT_OURS];
	sides->name = c->path ? c->path : sides->output;
	sides->for_git = c->path != NULL;
	for (size_t i = 0; i < LK_GIT_N_STAGES; i++) {
		struct lk_lock_arg *lock = &sides->locks[i];
		lock->path = c->path ? side_name(app, c->path, i) : args->items[i];
		int rc = lk_fs_read_file(AT_FDCWD, args->items[i], &lock->text, err);
		if (rc < 0) {
			return rc;
		}
	}
	return parse_sides(app, sides, err);
}

static int taken_out(const char *path, bool by_ours, struct lk_error *err)
{
	int rc = lk_fail(err, LK_E_FINDING, "one side changed '%s', %s took it out", path,
		by_ours ? "ours" : "theirs");
	struct lk_buf LK_CLEANUP(lk_buf_done) word = LK_BUF_INIT(4096);
	lk_buf_put_shell_word(&word, lk_str_of(path));
	lk_error_hint(err, "keep it with 'git add %s', or agree to that with 'git rm %s'",
		lk_buf_cstr(&word), lk_buf_cstr(&word));
	return rc;
}

static int read_stages(struct lk_app *app, const struct context *c, const char *path,
	struct sides *sides, struct lk_error *err)
{
	struct lk_buf texts[LK_GIT_N_STAGES] = {LK_BUF_INIT(LK_LOCK_MAX_BYTES),
		LK_BUF_INIT(LK_LOCK_MAX_BYTES), LK_BUF_INIT(LK_LOCK_MAX_BYTES)};
	bool has[LK_GIT_N_STAGES];
	sides->output = c->output ? c->output : path;
	sides->name = path;
	sides->for_git = true;
	int rc = lk_git_stages(path, texts, has, err);
	for (size_t i = 0; i < LK_GIT_N_STAGES; i++) {
		sides->locks[i].text = texts[i];
		sides->locks[i].path = side_name(app, path, i);
	}
	if (rc < 0) {
		return rc;
	}
	if (!has[LK_GIT_OURS] || !has[LK_GIT_THEIRS]) {
		return taken_out(path, !has[LK_GIT_OURS], err);
	}
	return parse_sides(app, sides, err);
}

/* Every line for people; the first MAX_LINES of them unless verbose. */
static void explain(struct lk_app *app, const struct lk_lock_merge *merge)
{
	size_t n = merge->n_collisions + merge->unmet.n;
	bool all = app->common.verbose > 0 || app->common.json;
	size_t shown = all || n <= MAX_LINES ? n : MAX_LINES;
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(65536);
	for (size_t i = 0; i < shown; i++) {
		lk_buf_clear(&line);
		if (i < merge->n_collisions) {
			lk_merge_collision_text(&merge->collisions[i], &line);
		} else {
			lk_buf_put(&line, merge->unmet.items[i - merge->n_collisions]);
		}
		lk_vec_push(&app->explanation, lk_str_dup(&app->arena, lk_buf_view(&line)));
	}
	if (shown < n) {
		lk_vec_push(&app->explanation,
			lk_str_printf(&app->arena, "and %zu more: --verbose lists all", n - shown));
	}
}

/* "2 packages and 1 spec collide, 1 dependency is not met" */
static void put_counts(const struct lk_lock_merge *merge, struct lk_buf *out)
{
	size_t counts[LK_MERGE_N_FIELDS] = {0};
	size_t left = 0;
	for (size_t i = 0; i < merge->n_collisions; i++) {
		left += counts[merge->collisions[i].field]++ == 0;
	}
	for (size_t f = 0; f < LK_MERGE_N_FIELDS; f++) {
		if (counts[f] == 0) {
			continue;
		}
		left--;
		lk_buf_appendf(out, "%zu %s%s", counts[f],
			lk_merge_field_name((enum lk_merge_field)f, counts[f]),
			left > 1                           ? ", "
				: left == 1                ? " and "
				: merge->n_collisions == 1 ? " collides"
							   : " collide");
	}
	if (merge->unmet.n > 0) {
		lk_buf_appendf(out, "%s%zu %s not met", out->len > 0 ? ", " : "", merge->unmet.n,
			merge->unmet.n == 1 ? "demand is" : "demands are");
	}
}

static int put_conflict(struct lk_app *app, const struct lk_lock_merge *merge, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_OUT_MAX);
	struct lk_jw w;
	lk_jw_init(&w, &text, false);
	lk_lock_merge_json(merge, &w);
	return lk_json_parse(lk_buf_view(&text), "the merge", 16, &app->conflict, err);
}

/* What to do next, with the commands as they are to be typed. */
static void hint(const struct sides *sides, bool written, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(4096);
	struct lk_buf LK_CLEANUP(lk_buf_done) output = LK_BUF_INIT(4096);
	lk_buf_put_shell_word(&name, lk_str_of(sides->name));
	lk_buf_put_shell_word(&output, lk_str_of(sides->for_git ? sides->name : sides->output));
	char *LK_AUTO_FREE add = sides->for_git
		? lk_asprintf("; then: git add %s", lk_buf_cstr(&name))
		: lk_strdup("");
	if (written) {
		lk_error_hint(
			err, "solve it again: lockenv solve -o %s%s", lk_buf_cstr(&output), add);
	} else if (sides->for_git) {
		lk_error_hint(err,
			"it stays as ours; take what collides from one side: lockenv merge "
			"--resolve --prefer ours %s (or theirs); solve that again: lockenv solve "
			"-o %s%s",
			lk_buf_cstr(&name), lk_buf_cstr(&output), add);
	} else {
		lk_error_hint(err,
			"nothing is written; take what collides from one side with --prefer ours "
			"(or theirs), then solve that again: lockenv solve -o %s",
			lk_buf_cstr(&output));
	}
}

static int fail(struct lk_app *app, const struct sides *sides, const struct lk_lock_merge *merge,
	bool written, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) counts = LK_BUF_INIT(1024);
	int rc = put_conflict(app, merge, err);
	if (rc < 0) {
		return rc;
	}
	put_counts(merge, &counts);
	explain(app, merge);
	rc = lk_fail(err, LK_E_FINDING,
		written ? "wrote '%s', which must be solved again: %s" : "cannot merge '%s': %s",
		sides->name, lk_buf_cstr(&counts));
	hint(sides, written, err);
	return rc;
}

static void put_json(
	struct lk_app *app, const struct sides *sides, const struct lk_lock_merge *merge)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lock", lk_str_of(sides->output));
	lk_jw_key(&w, "merge");
	lk_lock_merge_json(merge, &w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell(struct lk_app *app, const struct sides *sides, const struct lk_lock_merge *merge)
{
	for (size_t i = 0; i < merge->n_dropped; i++) {
		const struct lk_record *record = merge->dropped[i].record;
		lk_note(&app->report, 0,
			LK_STR_FMT ": " LK_STR_FMT " " LK_STR_FMT
				   " is left out: nothing needs it any more",
			LK_STR_ARG(merge->dropped[i].subdir), LK_STR_ARG(record->name),
			LK_STR_ARG(record->version));
	}
	for (size_t i = 0; i < merge->n_collisions; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(65536);
		lk_merge_collision_text(&merge->collisions[i], &line);
		lk_note(&app->report, 1, "settled: %s", lk_buf_cstr(&line));
	}
	lk_note(&app->report, 0, "merged %s", sides->name);
}

/* A symlink is written through. */
static int write_lock(const struct sides *sides, const struct lk_lock *lock, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(lock, &text, err);
	if (rc < 0) {
		return lk_wrap(err, "merging '%s'", sides->name);
	}
	char *target = realpath(sides->output, NULL);
	rc = lk_fs_write_atomic(
		AT_FDCWD, target ? target : sides->output, lk_buf_cstr(&text), text.len, 0, err);
	free(target); /* realpath's own allocation */
	return rc;
}

static int merge_sides(struct lk_app *app, const struct context *c, const struct sides *sides,
	struct lk_error *err)
{
	enum lk_merge_side prefer = !c->prefer   ? LK_MERGE_NEITHER
		: strcmp(c->prefer, "ours") == 0 ? LK_MERGE_OURS
						 : LK_MERGE_THEIRS;
	struct lk_lock_merge LK_CLEANUP(lk_lock_merge_done) merge;
	lk_lock_merge_make(sides->has_base ? &sides->locks[LK_GIT_BASE].lock : NULL,
		&sides->locks[LK_GIT_OURS].lock, &sides->locks[LK_GIT_THEIRS].lock, prefer, &merge);
	bool write = prefer != LK_MERGE_NEITHER || lk_lock_merge_is_clean(&merge);
	int rc = write ? write_lock(sides, &merge.lock, err) : 0;
	if (rc < 0) {
		return rc;
	}
	if (!write || merge.unmet.n > 0) {
		return fail(app, sides, &merge, write, err);
	}
	tell(app, sides, &merge);
	if (app->common.json) {
		put_json(app, sides, &merge);
	}
	return 0;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	size_t wanted = c->install ? 0 : c->resolve ? 1 : LK_GIT_N_STAGES;
	if (args->len != wanted) {
		lk_fail(err, LK_E_USAGE, "'merge%s' takes %s",
			c->install           ? " --install-git-driver"
				: c->resolve ? " --resolve"
					     : "",
			c->install           ? "no file"
				: c->resolve ? "one file, the conflicted lock"
					     : "three files: BASE OURS THEIRS");
		lk_error_hint(err, "see 'lockenv merge --help'");
		return LK_E_USAGE;
	}
	if (c->install) {
		return lk_git_driver_install(app, LK_GIT_DRIVER_MERGE, &c->driver, err);
	}
	struct sides LK_CLEANUP(sides_done) sides = {0};
	for (size_t i = 0; i < LK_GIT_N_STAGES; i++) {
		lk_buf_init(&sides.locks[i].text, LK_LOCK_MAX_BYTES);
	}
	int rc = c->resolve ? read_stages(app, c, args->items[0], &sides, err)
			    : read_files(app, c, args, &sides, err);
	return rc < 0 ? rc : merge_sides(app, c, &sides, err);
}

static const struct lk_opt options[] = {
	{"output", 'o', LK_OPT_STRING, offsetof(struct context, output), "FILE",
		"write the merged lock there (default: OURS)", NULL},
	{"path", 'L', LK_OPT_STRING, offsetof(struct context, path), "NAME",
		"what the lock is called in messages: git's %P", NULL},
	{"prefer", 0, LK_OPT_STRING, offsetof(struct context, prefer), "SIDE",
		"what collides is taken from this side, for a lock to solve again", "ours|theirs"},
	{"resolve", 0, LK_OPT_FLAG, offsetof(struct context, resolve), NULL,
		"merge the sides of one conflicted file, as git's index has them", NULL},
	{"install-git-driver", 0, LK_OPT_FLAG, offsetof(struct context, install), NULL,
		"make git merge locks with this", NULL},
	LK_GIT_DRIVER_OPTIONS(struct context, driver),
};

const struct lk_cmd lk_cmd_merge = {
	.name = "merge",
	.arguments = "BASE OURS THEIRS | --resolve LOCK | --install-git-driver",
	.summary = "unite what two sides changed in a lock",
	.description =
		"Merges three locks by value: a package, spec, pin, virtual package, platform or "
		"header field that one side changed is as that side has it. The result must hold "
		"together: every dependency met, every spec answered. Then it is written in place "
		"of OURS; else nothing is written, what collides is listed, and the exit code is "
		"1. An empty BASE means that both sides added the lock. As git's merge driver it "
		"runs in merge, rebase and cherry-pick; a path that it cannot merge stays "
		"conflicted, with our lock, whole and valid, in the work tree. --prefer takes "
		"what collides from one side, and writes the result even where it must be solved "
		"again: 'lockenv solve' then keeps of it what it can.",
	.examples = {"lockenv merge --install-git-driver",
		"lockenv merge --resolve --prefer theirs env.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = LK_GIT_N_STAGES,
	.run = run,
};
