/*
 * A prefix against its records, and its records against its state.
 */
#include "install/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/workers.h"
#include "conda/history.h"
#include "install/journal.h"
#include "install/site.h"
#include "install/verify_priv.h"

#define META "conda-meta/"
#define HISTORY "history"

struct meta {
	int fd;
	struct lk_strs names; /* of *.json */
	struct lk_verify_record *records;
	struct lk_arena arena;
};

void lk_verify_find(struct lk_verify *verify, enum lk_finding_kind kind, lk_str path,
	lk_str package, unsigned what, lk_str detail)
{
	lk_vec_push(&verify->findings,
		(struct lk_finding){kind, path, package, what, lk_str_dup(&verify->arena, detail)});
}

/* ---- conda-meta ---- */

static int read_record(void *ctx, size_t index, struct lk_error *err)
{
	struct meta *meta = ctx;
	struct lk_verify_record *record = &meta->records[index];
	struct lk_error fault = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_PREFIX_RECORD_MAX_BYTES);
	char *LK_AUTO_FREE shown = lk_asprintf(META "%s", record->name.ptr);
	int rc = lk_fs_read_beneath(meta->fd, record->name.ptr, &text, &fault);
	if (rc == 0) {
		rc = lk_prefix_record_parse(lk_buf_view(&text), shown, &record->record, &fault);
	}
	record->readable = rc == 0;
	if (rc < 0) {
		record->fault = lk_asprintf("%s", fault.message);
	}
	return rc == LK_E_INTERRUPTED ? lk_fail(err, rc, "interrupted while verifying") : 0;
}

static int list_records(struct meta *meta, struct lk_error *err)
{
	struct lk_strs all = {0};
	int rc = lk_fs_list(meta->fd, ".", &meta->arena, &all, err);
	for (size_t i = 0; rc == 0 && i < all.len; i++) {
		if (lk_str_ends(all.items[i], LK_STR(".json"))) {
			lk_vec_push(&meta->names, all.items[i]);
		}
	}
	lk_vec_done(&all);
	meta->records = lk_arena_calloc(&meta->arena, meta->names.len + 1, sizeof(*meta->records));
	for (size_t i = 0; i < meta->names.len; i++) {
		meta->records[i].name = meta->names.items[i];
	}
	return rc;
}

/* Does the history tell of an install of ours? */
static bool was_ours(int meta_fd)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_HISTORY_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	return lk_fs_read_beneath(meta_fd, HISTORY, &text, &ignored) == 0 &&
		lk_str_find(lk_buf_view(&text), LK_STR("# cmd: lockenv ")) != SIZE_MAX;
}

static void read_state(struct lk_verify *verify, int meta_fd)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	int rc = lk_fs_read_beneath(meta_fd, LK_STAMP_NAME, &text, &ignored);
	bool whole = rc == 0 &&
		lk_stamp_parse(lk_str_dup(&verify->arena, lk_buf_view(&text)), &verify->stamp);
	bool ours = rc != LK_E_NOT_FOUND || was_ours(meta_fd);
	verify->state = whole ? LK_VERIFY_KNOWN : ours ? LK_VERIFY_DAMAGED : LK_VERIFY_FOREIGN;
	verify->stateless = rc == LK_E_NOT_FOUND;
}

static int read_meta(struct lk_verify *verify, struct meta *meta, int root_fd, const char *prefix,
	unsigned jobs, struct lk_error *err)
{
	struct stat status;
	int rc = lk_meta_open(root_fd, &meta->fd, err);
	if (rc == 0) {
		rc = list_records(meta, err);
	}
	if (rc == LK_E_NOT_FOUND ||
		(rc == 0 && meta->names.len == 0 &&
			fstatat(meta->fd, HISTORY, &status, AT_SYMLINK_NOFOLLOW) < 0)) {
		lk_fail(err, LK_E_USAGE, "'%s' is no environment", prefix);
		lk_error_hint(err, "give the folder of one, which has conda-meta in it");
		return err->code;
	}
	if (rc == 0) {
		read_state(verify, meta->fd);
		rc = lk_workers_run(jobs, meta->names.len, read_record, meta, err);
	}
	return rc;
}

static void meta_done(struct meta *meta)
{
	for (size_t i = 0; i < meta->names.len; i++) {
		lk_prefix_record_done(&meta->records[i].record);
		lk_free(meta->records[i].fault);
	}
	lk_close_p(&meta->fd);
	lk_vec_done(&meta->names);
	lk_arena_done(&meta->arena);
}

/* ---- what is to be looked at ---- */

/* "NAME-VERSION-BUILD" */
static lk_str package_of(lk_str file)
{
	lk_str stem = lk_str_slice(file, 0, file.len - strlen(".json"));
	for (int i = 0; i < 2; i++) {
		size_t dash = lk_str_rfind_char(stem, '-');
		stem = dash == SIZE_MAX ? stem : lk_str_slice(stem, 0, dash);
	}
	return stem;
}

static struct lk_verify_record *find_record(const struct meta *meta, lk_str name)
{
	size_t low = 0;
	size_t high = meta->names.len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = lk_str_cmp(meta->names.items[middle], name);
		if (order == 0) {
			return &meta->records[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

/* A file of conda-meta that lockenv wrote, with bytes that the state knows (SHA256 NULL: itself).
 */
static void plan_own(struct lk_verify *verify, lk_str name, lk_str package,
	const struct lk_sha256 *sha256, struct lk_checks *checks)
{
	struct lk_check check = {
		.path = lk_str_printf(&verify->arena, META LK_STR_FMT, LK_STR_ARG(name)),
		.package = package,
		.kind = LK_CHECK_FILE,
		.has_mode = true,
		.mode = 0644,
		.has_sha256 = sha256 != NULL};
	if (sha256 != NULL) {
		check.sha256 = *sha256;
	}
	lk_vec_push(checks, check);
}

/* What the state tells of conda-meta. */
static void plan_state(struct lk_verify *verify, const struct meta *meta, struct lk_checks *checks)
{
	struct lk_sha256 sha256;
	lk_str name;
	lk_str rest = verify->stamp.record_lines;
	if (verify->state == LK_VERIFY_DAMAGED) {
		bool gone = verify->stateless;
		lk_verify_find(verify, gone ? LK_FINDING_MISSING : LK_FINDING_CHANGED,
			LK_STR(META LK_STAMP_NAME), LK_STR(""), gone ? 0 : LK_DIFFERS_CONTENT,
			gone ? LK_STR("") : LK_STR("content"));
	}
	if (verify->state != LK_VERIFY_KNOWN) {
		return;
	}
	while (lk_stamp_next_record(&rest, &name, &sha256)) {
		struct lk_verify_record *record = find_record(meta, name);
		if (record != NULL) {
			record->ours = true;
		}
		plan_own(verify, name, package_of(name), &sha256, checks);
	}
	plan_own(verify, LK_STR(HISTORY), LK_STR(""), &verify->stamp.history, checks);
	plan_own(verify, LK_STR(LK_STAMP_NAME), LK_STR(""), NULL, checks);
}

/* The records: each is a package of its own, or none that can be read. */
static void plan_records(struct lk_verify *verify, struct meta *meta, struct lk_checks *checks)
{
	bool known = verify->state == LK_VERIFY_KNOWN;
	for (size_t i = 0; i < meta->names.len; i++) {
		struct lk_verify_record *record = &meta->records[i];
		lk_str path =
			lk_str_printf(&verify->arena, META LK_STR_FMT, LK_STR_ARG(record->name));
		lk_str package = lk_str_dup(&verify->arena, package_of(record->name));
		if (!record->ours && known) {
			lk_verify_find(verify, LK_FINDING_EXTRA, path, package, 0,
				LK_STR("installed by other means"));
		} else if (!record->ours && !record->readable) {
			lk_verify_find(verify, LK_FINDING_CHANGED, path, package,
				LK_DIFFERS_CONTENT, lk_str_of(record->fault));
		}
		if (record->readable) {
			lk_verify_plan_record(
				record, known && verify->stamp.symlinks, &verify->arena, checks);
			lk_vec_push(&verify->records, record->record);
			record->record = (struct lk_prefix_record){0}; /* taken */
		}
	}
}

/* An exchange that a dead run began: the prefix may be neither the old nor the new. One that goes
 * on is no finding. */
static void find_journals(struct lk_verify *verify, const char *prefix)
{
	struct lk_site site;
	struct lk_error ignored = LK_ERROR_INIT;
	if (prefix[0] != '/' || lk_site_open(prefix, &site, &ignored) < 0) {
		return;
	}
	struct lk_own *owns[] = {&site.inside, &site.beside};
	for (size_t i = 0; i < LK_COUNTOF(owns); i++) {
		struct stat status;
		lk_str path = lk_str_printf(&verify->arena, "%s/" LK_JOURNAL_NAME, owns[i]->name);
		if (owns[i]->base_fd >= 0 &&
			fstatat(owns[i]->base_fd, path.ptr, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			lk_own_check(owns[i], &ignored) == 0) {
			path = i == 0 ? path : lk_str_printf(&verify->arena, "../%s", path.ptr);
			lk_verify_find(verify, LK_FINDING_CHANGED, path, LK_STR(""), 0,
				LK_STR("an exchange did not end: the next lockenv install or "
				       "rollback completes it"));
		}
		lk_error_clear(&ignored);
	}
	lk_site_done(&site);
}

static void check_root(struct lk_verify *verify)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) detail = LK_BUF_INIT(256);
	if (verify->state == LK_VERIFY_KNOWN &&
		lk_check_mode(verify->root.st_mode, verify->stamp.mode, &detail)) {
		lk_verify_find(verify, LK_FINDING_CHANGED, LK_STR("."), LK_STR(""), LK_DIFFERS_MODE,
			lk_buf_view(&detail));
	}
}

/* ---- against a lock ---- */

static lk_str told(const struct lk_record *record, struct lk_arena *arena)
{
	return lk_str_printf(arena, LK_STR_FMT " " LK_STR_FMT, LK_STR_ARG(record->version),
		LK_STR_ARG(record->build));
}

static lk_str path_of(const struct lk_record *record, struct lk_arena *arena)
{
	lk_str file = lk_prefix_record_file_name(record, arena);
	return lk_str_printf(arena, META LK_STR_FMT, LK_STR_ARG(file));
}

static lk_str told_difference(
	const struct lk_record *have, const struct lk_record *want, struct lk_arena *arena)
{
	lk_str is = told(have, arena);
	lk_str wanted = told(want, arena);
	return lk_str_eq(is, wanted)
		? lk_str_printf(arena, "another archive of " LK_STR_FMT " than the lock has",
			  LK_STR_ARG(is))
		: lk_str_printf(arena, LK_STR_FMT ", the lock has " LK_STR_FMT, LK_STR_ARG(is),
			  LK_STR_ARG(wanted));
}

static void compare_step(struct lk_verify *verify, const struct lk_plan_step *step)
{
	struct lk_arena *arena = &verify->arena;
	if (step->have == NULL) {
		lk_verify_find(verify, LK_FINDING_MISSING, path_of(step->want, arena),
			step->want->name, 0, LK_STR("the lock has it"));
		return;
	}
	const struct lk_record *have = &step->have->record;
	lk_str path = path_of(have, arena);
	if (step->want == NULL) {
		lk_verify_find(verify, LK_FINDING_EXTRA, path, have->name, 0,
			LK_STR("the lock does not have it"));
	} else if (step->action == LK_PLAN_REPLACE) {
		lk_verify_find(verify, LK_FINDING_CHANGED, path, have->name, 0,
			told_difference(have, step->want, arena));
	}
}

static int compare_lock(
	struct lk_verify *verify, const struct lk_verify_options *options, struct lk_error *err)
{
	struct lk_plan plan;
	if (options->want == NULL) {
		return 0;
	}
	int rc = lk_plan_make(
		&verify->records, options->want, options->n_want, &verify->arena, &plan, err);
	for (size_t i = 0; rc == 0 && i < plan.n_steps; i++) {
		compare_step(verify, &plan.steps[i]);
	}
	return rc;
}

/* ---- all together ---- */

static int cmp_finding(const void *a, const void *b)
{
	const struct lk_finding *x = a;
	const struct lk_finding *y = b;
	int order = lk_str_cmp(x->path, y->path);
	if (order == 0) {
		order = (int)x->kind - (int)y->kind;
	}
	return order != 0 ? order : lk_str_cmp(x->detail, y->detail);
}

/* NEXT is at the path of LAST too. */
static void unite(struct lk_finding *last, const struct lk_finding *next, struct lk_arena *arena)
{
	last->what |= next->what;
	if (last->kind == next->kind && !lk_str_eq(last->detail, next->detail)) {
		last->detail =
			lk_str_printf(arena, LK_STR_FMT "%s" LK_STR_FMT, LK_STR_ARG(last->detail),
				last->detail.len > 0 ? ", " : "", LK_STR_ARG(next->detail));
	}
}

/* Is FINDING about a record, other than that it is foreign? */
static bool is_of_record(const struct lk_finding *finding)
{
	return finding->kind != LK_FINDING_FOREIGN && lk_str_starts(finding->path, LK_STR(META)) &&
		lk_str_ends(finding->path, LK_STR(".json"));
}

/* Sorted, each path once. */
static void settle(struct lk_verify *verify)
{
	struct lk_finding *items = verify->findings.items;
	size_t n = 0;
	if (items == NULL) {
		return;
	}
	qsort(items, verify->findings.len, sizeof(*items), cmp_finding);
	for (size_t i = 0; i < verify->findings.len; i++) {
		if (n > 0 && lk_str_eq(items[n - 1].path, items[i].path)) {
			unite(&items[n - 1], &items[i], &verify->arena);
		} else {
			items[n++] = items[i];
		}
	}
	verify->findings.len = n;
	for (size_t i = 0; i < n; i++) {
		verify->n_foreign += items[i].kind == LK_FINDING_FOREIGN;
		verify->records_changed = verify->records_changed || is_of_record(&items[i]);
	}
}

/* An install may have exchanged it. */
static int check_same(const char *prefix, const struct stat *root, struct lk_error *err)
{
	struct stat now;
	if (stat(prefix, &now) == 0 && now.st_ino == root->st_ino && now.st_dev == root->st_dev) {
		return 0;
	}
	lk_fail(err, LK_E_FS, "'%s' was replaced while it was verified", prefix);
	lk_error_hint(err, "run it again when the install has ended");
	return err->code;
}

static int verify_meta(struct lk_verify *verify, struct meta *meta, int root_fd, const char *prefix,
	const struct lk_verify_options *options, const struct lk_report *report,
	struct lk_error *err)
{
	struct lk_checks checks = {0};
	int rc = read_meta(verify, meta, root_fd, prefix, options->jobs, err);
	if (rc < 0) {
		return rc;
	}
	plan_state(verify, meta, &checks);
	plan_records(verify, meta, &checks);
	lk_verify_plan_end(&checks, verify->state == LK_VERIFY_KNOWN, &verify->arena);
	check_root(verify);
	find_journals(verify, prefix);
	rc = lk_verify_check(root_fd, &checks, options->jobs, report, verify, err);
	if (rc == 0) {
		rc = lk_verify_foreign(root_fd, report, verify, err);
	}
	if (rc == 0) {
		rc = compare_lock(verify, options, err);
	}
	if (rc == 0) {
		settle(verify);
	}
	lk_vec_done(&checks);
	return rc;
}

int lk_verify_prefix(const char *prefix, const struct lk_verify_options *options,
	const struct lk_report *report, struct lk_verify *ret, struct lk_error *err)
{
	struct meta meta = {.fd = -1};
	*ret = (struct lk_verify){0};
	lk_arena_init(&ret->arena);
	lk_arena_init(&meta.arena);
	int LK_AUTO_CLOSE root = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &ret->root) < 0) {
		bool absent = errno == ENOENT || errno == ENOTDIR;
		lk_fail_errno(
			err, absent ? LK_E_USAGE : LK_E_FS, errno, "cannot open '%s'", prefix);
		lk_error_hint(err, "give the folder of an environment");
		return err->code;
	}
	int rc = verify_meta(ret, &meta, root, prefix, options, report, err);
	meta_done(&meta);
	return rc < 0 ? rc : check_same(prefix, &ret->root, err);
}

void lk_verify_done(struct lk_verify *verify)
{
	lk_prefix_records_done(&verify->records);
	lk_vec_done(&verify->findings);
	lk_arena_done(&verify->arena);
}
