/*
 * Packages that specs name by address (a URL or path of an archive): exactly these bytes, whatever
 * channels say of them.
 *
 *     lk_solve_request_make(…)         notes them; their specs then say the full address
 *     lk_solve_load_artifacts(…)       fetches, hashes, reads each one's info/index.json
 *     lk_solve_artifact_sources(…)     for one platform, before the channels' sources
 *     lk_solve_prefer_artifacts(…)     after lk_reach_load
 */
#ifndef LK_CLI_SOLVE_ARTIFACTS_H
#define LK_CLI_SOLVE_ARTIFACTS_H

#include "cli/solve_request.h"
#include "conda/reach.h"
#include "fetch/fetch.h"

/* Once the request's channels are known: fills all_channels, brings the artifacts into the CACHE
 * and fills their records. As lk_fetch_packages; LK_E_INTEGRITY too for an archive that does not
 * say what it is, or another name than its file's. */
int lk_solve_load_artifacts(struct lk_app *app, struct lk_solve_request *request,
	struct lk_cache *cache, struct lk_fetch *fetch, struct lk_error *err) LK_MUST_USE;

/* Those that TARGET's SPECS name, at most as many as specs, into RET. LK_E_UNSAT for one of another
 * platform. */
int lk_solve_artifact_sources(const struct lk_solve_request *request,
	const struct lk_solve_target *target, const struct lk_matchspec *const *specs,
	struct lk_source *ret, size_t *ret_n, struct lk_error *err) LK_MUST_USE;

/* Leaves in REACH, of each artifact, the first record alone. */
void lk_solve_prefer_artifacts(const struct lk_solve_request *request, struct lk_reach *reach);

#endif
