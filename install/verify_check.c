/*
 * Looking at each path, by several workers.
 */
#include "install/verify_priv.h"

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "install/dirs.h"

#define CHECKS_PER_ITEM 64
#define MAX_DETAIL_BYTES ((size_t)16 * 1024)

/* What one item found. */
struct found {
	struct lk_findings findings; /* details are owned by ARENA */
	struct lk_arena arena;
	uint64_t bytes;
};

struct checking {
	int root_fd;
	const struct lk_checks *checks;
	struct found *found; /* one for each item */
	struct lk_relay relay;
};

static bool same_path(const struct lk_checks *checks, size_t a, size_t b)
{
	return lk_str_eq(checks->items[a].path, checks->items[b].path);
}

/* Where item INDEX begins: not between two checks of one path. */
static size_t item_start(const struct lk_checks *checks, size_t index)
{
	size_t at = index * CHECKS_PER_ITEM;
	while (at > 0 && at < checks->len && same_path(checks, at - 1, at)) {
		at++;
	}
	return at < checks->len ? at : checks->len;
}

static void note(struct found *found, const struct lk_check *check, unsigned what,
	const struct lk_buf *detail)
{
	bool missing = (what & LK_DIFFERS_MISSING) != 0;
	lk_vec_push(&found->findings,
		(struct lk_finding){.kind = missing ? LK_FINDING_MISSING : LK_FINDING_CHANGED,
			.path = check->path,
			.package = check->package,
			.what = what & ~(unsigned)LK_DIFFERS_MISSING,
			.detail = lk_str_dup(&found->arena, lk_buf_view(detail))});
}

/* The checks FROM..TO have one path: it is good when one of them says so. */
static int check_group(struct checking *checking, struct found *found, struct lk_dirs *dirs,
	size_t from, size_t to, const struct lk_report *report, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) detail = LK_BUF_INIT(MAX_DETAIL_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT(MAX_DETAIL_BYTES);
	const struct lk_check *first = &checking->checks->items[from];
	unsigned what = LK_DIFFERS_MISSING;
	int dirfd = -1;
	int rc = lk_dirs_enter(dirs, lk_path_dirname(first->path), &dirfd, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		what = first->optional ? 0 : what;
	} else if (rc < 0) {
		what = LK_DIFFERS_UNREADABLE;
		lk_buf_puts(&detail, err->message);
		lk_error_clear(err);
	}
	for (size_t i = from; rc == 0 && what != 0 && i < to; i++) {
		const struct lk_check *check = &checking->checks->items[i];
		uint64_t bytes = 0;
		lk_buf_clear(&other);
		rc = lk_check_path(dirfd, lk_path_basename(check->path).ptr, check, report, &what,
			i == from ? &detail : &other, &bytes, err);
		found->bytes += bytes;
		if (rc < 0) {
			return rc;
		}
	}
	if (what != 0) {
		note(found, first, what, &detail);
	}
	return 0;
}

static int check_item(void *ctx, size_t index, struct lk_error *err)
{
	struct checking *checking = ctx;
	const struct lk_report *report = &checking->relay.items[index].report;
	const struct lk_checks *checks = checking->checks;
	struct found *found = &checking->found[index];
	size_t end = item_start(checks, index + 1);
	struct lk_dirs dirs;
	int rc = 0;
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while verifying");
	}
	lk_dirs_init(&dirs, checking->root_fd);
	dirs.existing = true;
	size_t from = item_start(checks, index);
	while (rc == 0 && from < end) {
		size_t to = from + 1;
		while (to < end && same_path(checks, from, to)) {
			to++;
		}
		rc = check_group(checking, found, &dirs, from, to, report, err);
		from = to;
	}
	lk_dirs_done(&dirs);
	if (rc == 0) {
		lk_relay_bytes(&checking->relay, "verify", found->bytes);
		lk_relay_step(&checking->relay, "verify");
	}
	return rc;
}

int lk_verify_check(int root_fd, const struct lk_checks *checks, unsigned jobs,
	const struct lk_report *report, struct lk_verify *verify, struct lk_error *err)
{
	size_t n = (checks->len + CHECKS_PER_ITEM - 1) / CHECKS_PER_ITEM;
	struct checking checking = {
		.root_fd = root_fd, .checks = checks, .found = lk_calloc(n, sizeof(struct found))};
	lk_relay_init(&checking.relay, report, n);
	int rc = lk_workers_run(jobs, n, check_item, &checking, err);
	lk_relay_flush(&checking.relay);
	lk_relay_done(&checking.relay);
	for (size_t i = 0; i < n; i++) {
		struct found *found = &checking.found[i];
		for (size_t f = 0; f < found->findings.len; f++) {
			const struct lk_finding *finding = &found->findings.items[f];
			lk_verify_find(verify, finding->kind, finding->path, finding->package,
				finding->what, finding->detail);
		}
		verify->bytes += found->bytes;
		lk_vec_done(&found->findings);
		lk_arena_done(&found->arena);
	}
	verify->n_paths = checks->len;
	lk_free(checking.found);
	return rc;
}
