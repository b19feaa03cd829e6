/*
 * A lock as a bill of materials: what CycloneDX and SPDX have in common.
 *
 *     struct lk_sbom sbom;
 *     lk_sbom_make(&lock, &sbom);
 *     sbom.components[i].needs ...
 *     lk_sbom_done(&sbom);
 *
 * A component is an archive. Archives that several platforms share (noarch) stand once and need
 * what they need on any of them. Components are sorted by name, then by reference; everything
 * follows from the lock alone.
 */
#ifndef LK_LOCK_SBOM_H
#define LK_LOCK_SBOM_H

#include "base/json.h"
#include "lock/lockfile.h"

/* What is said about a component's licence: one of these, or nothing. */
struct lk_sbom_licence {
	lk_str expression; /* of SPDX, canonical */
	lk_str text;       /* that is no such expression */
};

struct lk_sbom_component {
	const struct lk_record *record; /* of the lock */
	lk_str ref;                     /* unique: CHANNEL/SUBDIR/FILE, as a rule */
	lk_str purl;                    /* package URL, type conda */
	lk_str url;                     /* the archive's, a valid URI */
	struct lk_sbom_licence licence;
	struct lk_strs licence_refs; /* "LicenseRef-…" of the expression */
	const uint32_t *needs;       /* components, ascending, each once */
	size_t n_needs;
};

struct lk_sbom_platform {
	const struct lk_lock_platform *platform;
	const uint32_t *roots; /* components that the specs ask for, ascending, each once */
	size_t n_roots;
};

struct lk_sbom {
	struct lk_arena arena;
	const struct lk_lock *lock;
	lk_str name; /* of the environment */
	struct lk_sbom_component *components;
	size_t n_components;
	struct lk_sbom_platform *platforms; /* beside the lock's */
	char uuid[37];                      /* of all that a document can say */
};

/* NAME is the environment's, "environment" when it is empty; it and the lock must outlive RET. The
 * lock may be what an environment's conda-meta says, without hashes. */
void lk_sbom_make(const struct lk_lock *lock, lk_str name, struct lk_sbom *ret);
void lk_sbom_done(struct lk_sbom *sbom);

/* What the lock says of the platform beside its packages, a "NAME=VALUE" each, in the order of the
 * file: spec, pin, solved-with. Owned by ARENA, the vector by the caller. */
struct lk_sbom_fact {
	const char *name;
	lk_str value;
};
struct lk_sbom_facts LK_VEC_OF(struct lk_sbom_fact);
void lk_sbom_platform_facts(
	const struct lk_lock_platform *platform, struct lk_arena *arena, struct lk_sbom_facts *ret);
/* The same of the header: channel, channel-priority, exclude-newer. */
void lk_sbom_header_facts(const struct lk_lock *lock, struct lk_sbom_facts *ret);

/* How a format writes the digests of an archive. */
struct lk_sbom_digests {
	const char *list, *algorithm, *value; /* keys */
	const char *sha256;                   /* its name; MD5 is "MD5" in both formats */
};
/* The record's digests as FORMAT has them; nothing when it has none. */
void lk_sbom_put_digests(
	const struct lk_sbom_digests *format, const struct lk_record *record, struct lk_jw *w);

#endif
