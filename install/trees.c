/*
 * Trees in parallel.
 */
#include "install/trees.h"

#include "base/relay.h"
#include "base/workers.h"

struct ensure {
	struct lk_cache *cache;
	const struct lk_record *records;
	struct lk_tree_options options;
	struct lk_trees trees;
	bool *missing;
	struct lk_relay relay;
};

/* In the first round, what others extract just now is left for a second one that waits for them. */

static int ensure_item(void *ctx, size_t index, struct lk_error *err)
{
	struct ensure *ensure = ctx;
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

static int check_missing(
	const struct ensure *ensure, const struct lk_report *report, struct lk_error *err)
{
	size_t count = 0;
	const struct lk_record *first = NULL;
	for (size_t i = 0; i < ensure->trees.n; i++) {
		if (ensure->missing[i]) {
			const struct lk_record *record = &ensure->records[i];
			first = first ? first : record;
			count++;
			lk_warn(report, "not in the cache: '" LK_STR_FMT "'",
				LK_STR_ARG(record->url));
		}
	}
	if (count == 0) {
		return 0;
	}
	lk_fail(err, LK_E_OFFLINE,
		"%zu of %zu packages are not in the cache, '" LK_STR_FMT "' first", count,
		ensure->trees.n, LK_STR_ARG(first->fn));
	lk_error_hint(err, "run lockenv fetch where there is a network, or give --from DIR");
	return err->code;
}

int lk_trees_ensure(struct lk_cache *cache, const struct lk_record *records, size_t n,
	const struct lk_tree_options *options, unsigned jobs, const struct lk_report *report,
	struct lk_trees *ret, struct lk_error *err)
{
	struct ensure ensure = {.cache = cache, .records = records, .options = *options};
	ensure.trees = (struct lk_trees){lk_calloc(n, sizeof(struct lk_tree)), n};
	ensure.missing = lk_calloc(n, sizeof(bool));
	for (size_t i = 0; i < n; i++) {
		ensure.trees.items[i].fd = -1;
	}
	ensure.options.claims = lk_claims_new(cache);
	lk_relay_init(&ensure.relay, report, n);
	int rc = lk_workers_run(jobs, n, ensure_item, &ensure, err);
	ensure.options.wait = true;
	rc = rc < 0 ? rc : lk_workers_run(jobs, n, ensure_item, &ensure, err);
	lk_relay_flush(&ensure.relay);
	lk_claims_free(ensure.options.claims);
	if (rc == 0) {
		rc = check_missing(&ensure, report, err);
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

void lk_trees_done(struct lk_trees *trees)
{
	for (size_t i = 0; i < trees->n; i++) {
		lk_tree_done(&trees->items[i]);
	}
	lk_free(trees->items);
	trees->items = NULL;
	trees->n = 0;
}
