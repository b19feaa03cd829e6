/*
 * Trees in parallel.
 */
#include "install/trees.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/relay.h"
#include "base/workers.h"
#include "store/seal.h"

/* Memory for decoding: one window of 128 MiB, the largest that packages come with, or 16 of the
 * usual 8 MiB. */
#define WINDOWS_MAX ((size_t)136 << 20)

/* One package's turn: the large ones come first, so that the workers end about together. */
struct turn {
	size_t index; /* of the record */
	uint64_t size;
};

struct ensure {
	struct lk_cache *cache;
	const struct lk_record *records;
	struct lk_tree_options options;
	const struct turn *turns;
	struct lk_trees trees;
	bool *missing;
	struct lk_relay relay;
};

static int cmp_turn(const void *a, const void *b)
{
	const struct turn *x = a;
	const struct turn *y = b;
	if (x->size != y->size) {
		return x->size > y->size ? -1 : 1;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct turn *make_turns(const struct lk_record *records, size_t n)
{
	struct turn *turns = lk_calloc(n, sizeof(*turns));
	for (size_t i = 0; i < n; i++) {
		turns[i] = (struct turn){i, records[i].has_size ? records[i].size : 0};
	}
	if (n > 0) {
		qsort(turns, n, sizeof(*turns), cmp_turn);
	}
	return turns;
}

/* In the first round, what others extract just now is left for a second one that waits for them. */
static int ensure_item(void *ctx, size_t item, struct lk_error *err)
{
	struct ensure *ensure = ctx;
	size_t index = ensure->turns[item].index;
	const struct lk_report *report = &ensure->relay.items[index].report;
	if (ensure->trees.items[index].fd >= 0 || ensure->missing[index]) {
		return 0;
	}
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while extracting");
	}
	int rc = lk_tree_ensure(ensure->cache, &ensure->records[index], &ensure->options, report,
		&ensure->trees.items[index], err);
	if (rc == LK_E_NOT_FOUND && !ensure->options.wait) {
		return 0;
	}
	if (rc == LK_E_OFFLINE) {
		ensure->missing[index] = true;
		return 0;
	}
	lk_relay_step(&ensure->relay, "extract");
	return rc;
}

static int fail_missing(const struct lk_cache *cache, size_t count, size_t n,
	const struct lk_record *first, struct lk_error *err)
{
	const char *names = lk_cache_names(cache);
	if (lk_cache_is_writable(cache)) {
		lk_fail(err, LK_E_OFFLINE,
			"%zu of %zu packages are not in the cache, '" LK_STR_FMT "' first", count,
			n, LK_STR_ARG(first->fn));
		lk_error_hint(
			err, "run lockenv fetch where there is a network, or give --from DIR");
	} else if (names[0] != '\0') {
		lk_fail(err, LK_E_OFFLINE,
			"%zu of %zu packages are not in '%s', '" LK_STR_FMT "' first", count, n,
			names, LK_STR_ARG(first->fn));
		lk_error_hint(err, "name a further place that has them with --from");
	} else {
		lk_fail(err, LK_E_OFFLINE, "there is nowhere to take %zu packages from", n);
		lk_error_hint(err, "name a place that has them with --from");
	}
	return err->code;
}

/* MISSING has one flag for each record. */
static int check_missing(const struct lk_cache *cache, const struct lk_record *records, size_t n,
	const bool *missing, const struct lk_report *report, struct lk_error *err)
{
	bool has_cache = lk_cache_is_writable(cache);
	bool has_any = lk_cache_names(cache)[0] != '\0';
	size_t count = 0;
	const struct lk_record *first = NULL;
	for (size_t i = 0; i < n; i++) {
		if (missing[i]) {
			first = first ? first : &records[i];
			count++;
		}
		if (missing[i] && has_any) {
			lk_warn(report, "%s: '" LK_STR_FMT "'",
				has_cache ? "not in the cache" : "missing",
				LK_STR_ARG(records[i].url));
		}
	}
	return count == 0 ? 0 : fail_missing(cache, count, n, first, err);
}

int lk_trees_find(const struct lk_cache *cache, const struct lk_record *records, size_t n,
	const struct lk_report *report, struct lk_error *err)
{
	bool *LK_AUTO_FREE missing = lk_calloc(n, sizeof(bool));
	for (size_t i = 0; i < n; i++) {
		int rc = lk_cache_find(cache, &records[i], err);
		missing[i] = rc == LK_E_NOT_FOUND;
		if (rc < 0 && !missing[i]) {
			return rc;
		}
	}
	lk_error_clear(err);
	return check_missing(cache, records, n, missing, report, err);
}

int lk_trees_ensure(struct lk_cache *cache, const struct lk_record *records, size_t n,
	const struct lk_tree_options *options, unsigned jobs, const struct lk_report *report,
	struct lk_trees *ret, struct lk_error *err)
{
	struct turn *LK_AUTO_FREE turns = make_turns(records, n);
	struct ensure ensure = {
		.cache = cache, .records = records, .options = *options, .turns = turns};
	ensure.trees = (struct lk_trees){lk_calloc(n, sizeof(struct lk_tree)), n};
	ensure.missing = lk_calloc(n, sizeof(bool));
	for (size_t i = 0; i < n; i++) {
		ensure.trees.items[i].fd = -1;
	}
	ensure.options.claims = lk_cache_is_writable(cache) ? lk_claims_new(cache) : NULL;
	ensure.options.gate = lk_gate_new(WINDOWS_MAX);
	lk_relay_init(&ensure.relay, report, n);
	int rc = lk_workers_run(jobs, n, ensure_item, &ensure, err);
	ensure.options.wait = true;
	rc = rc < 0 ? rc : lk_workers_run(jobs, n, ensure_item, &ensure, err);
	lk_relay_flush(&ensure.relay);
	lk_claims_free(ensure.options.claims);
	lk_gate_free(ensure.options.gate);
	if (rc == 0) {
		rc = check_missing(cache, records, n, ensure.missing, report, err);
	}
	lk_relay_done(&ensure.relay);
	lk_free(ensure.missing);
	if (rc < 0) {
		lk_trees_done(&ensure.trees);
		return rc;
	}
	*ret = ensure.trees;
	return 0;
}

int lk_trees_settle(struct lk_trees *trees, int synced_fd, struct lk_error *err)
{
	struct stat synced = {0};
	bool done = synced_fd >= 0 && fstat(synced_fd, &synced) == 0;
	for (size_t i = 0; i < trees->n; i++) {
		struct lk_tree *tree = &trees->items[i];
		struct stat st;
		if (!tree->fresh) {
			continue;
		}
		done = done && fstat(tree->fd, &st) == 0 && st.st_dev == synced.st_dev;
		if (!done && (fstat(tree->fd, &synced) < 0 || syncfs(tree->fd) < 0)) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot sync '%s'", tree->path);
		}
		done = true;
		lk_seal_settle(tree->fd);
		tree->fresh = false;
	}
	return 0;
}

bool lk_trees_lost(const struct lk_trees *trees)
{
	for (size_t i = 0; i < trees->n; i++) {
		const struct lk_tree *tree = &trees->items[i];
		struct stat opened;
		struct stat named;
		bool there = fstat(tree->fd, &opened) == 0 && stat(tree->path, &named) == 0 &&
			opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
		if (!there && !tree->movable) {
			return true;
		}
	}
	return false;
}

void lk_trees_done(struct lk_trees *trees)
{
	for (size_t i = 0; i < trees->n; i++) {
		lk_tree_done(&trees->items[i]);
	}
	lk_free(trees->items);
	trees->items = NULL;
	trees->n = 0;
}
