/*
 * A small world to judge specs in, with our own matcher: the packages of one platform of a lock and
 * a set of virtual packages.
 *
 * A lock does not hold every key that a spec may ask for; build_number, flags, track_features and
 * license_family are not judged.
 */
#ifndef LK_LOCK_LOCK_WORLD_PRIV_H
#define LK_LOCK_LOCK_WORLD_PRIV_H

#include "base/map.h"
#include "lock/lockfile.h"

struct lk_lock_world {
	struct lk_arena arena;
	const struct lk_lock_platform *platform;
	const struct lk_virtuals *virtuals;
	const struct lk_version **versions; /* beside the packages; NULL until asked for */
	struct lk_map parsed;               /* spec text to index into specs */
	struct LK_VEC_OF(const struct lk_matchspec *) specs;
	struct lk_map names;  /* of the packages, to their index; empty until asked for */
	struct lk_map ranges; /* text of a version range to index into version_specs */
	struct LK_VEC_OF(const struct lk_version_spec *) version_specs; /* NULL: it is none */
	struct lk_error ignored;
};

/* Borrows both. */
void lk_lock_world_init(struct lk_lock_world *w, const struct lk_lock_platform *platform,
	const struct lk_virtuals *virtuals);
void lk_lock_world_done(struct lk_lock_world *w);

/* A spec without the keys that are not judged, parsed once for each text and owned by the world.
 * NULL when it is no spec; err then says why. */
const struct lk_matchspec *lk_lock_world_spec(
	struct lk_lock_world *w, lk_str text, enum lk_spec_origin origin, struct lk_error *err);

/* Is TEXT, of a channel, a plain "NAME" or "NAME RANGE" ("numpy >=1.21,<3") that a package of the
 * platform answers? Nearly all dependencies are and are spared being parsed; false says nothing. */
bool lk_lock_world_plainly_met(struct lk_lock_world *w, lk_str text);

/* RECORD is one of the platform's. */
bool lk_lock_world_matches(
	struct lk_lock_world *w, const struct lk_matchspec *spec, const struct lk_record *record);
/* Is there anything that SPEC matches? */
bool lk_lock_world_is_met(struct lk_lock_world *w, const struct lk_matchspec *spec);
/* Is everything of SPEC's name matched by it? */
bool lk_lock_world_is_kept(struct lk_lock_world *w, const struct lk_matchspec *spec);
/* Does SPEC's condition hold, if it has one? */
bool lk_lock_world_is_live(struct lk_lock_world *w, const struct lk_matchspec *spec);

#endif
