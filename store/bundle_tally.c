/*
 * Progress over several threads.
 */
#include <unistd.h>

#include "store/bundle_tally_priv.h"

void lk_bundle_tally_init(struct lk_bundle_tally *tally, const struct lk_report *report,
	const char *stage, uint64_t total, uint64_t bytes_all)
{
	*tally = (struct lk_bundle_tally){.report = report,
		.stage = stage,
		.caller = gettid(),
		.total = total,
		.bytes_all = bytes_all};
}

int lk_bundle_tally_add(
	struct lk_bundle_tally *tally, uint64_t bytes, unsigned members, struct lk_error *err)
{
	uint64_t all_bytes = atomic_fetch_add(&tally->bytes, bytes) + bytes;
	uint64_t done = atomic_fetch_add(&tally->done, members) + members;
	if (gettid() == tally->caller) {
		const struct lk_progress progress = {
			.stage = tally->stage,
			.done = done,
			.total = tally->total,
			.bytes = all_bytes,
			.bytes_all = tally->bytes_all,
		};
		lk_report_progress(tally->report, &progress);
		if (lk_report_stop(tally->report)) {
			atomic_store(&tally->stopped, true);
		}
	}
	return atomic_load(&tally->stopped) ? lk_fail(err, LK_E_INTERRUPTED, "interrupted") : 0;
}
