/*
 * Mirrors: servers that stand for others.
 *
 * A rule gives a URL prefix the mirrors that files below it are fetched from, in order; the longest
 * prefix decides. The address in locks and records stays what it was: only the transfer goes
 * elsewhere, and where bytes have a hash that hash decides about them, whoever sent them. The
 * address itself is asked only where it is among its own mirrors.
 */
#ifndef LK_FETCH_MIRROR_H
#define LK_FETCH_MIRROR_H

#include "base/err.h"
#include "base/str.h"
#include "fetch/http.h"

/* As many mirrors has a rule at most. */
#define LK_MIRRORS_MAX LK_HTTP_PLACES_MAX

struct lk_mirror {
	lk_str url;       /* without slash at its end */
	lk_str auth_url;  /* the same with the credentials it was given with; never shown */
	unsigned trouble; /* tries in a row that failed, counted by the transfers */
};

struct lk_mirror_rule {
	lk_str prefix; /* a URL without slash at its end */
	struct lk_mirror **mirrors;
	size_t n;
};

/* A mirror is one, however many rules name it. */
struct lk_mirrors {
	struct LK_VEC_OF(struct lk_mirror_rule) rules;
	struct LK_VEC_OF(struct lk_mirror *) all;
};

void lk_mirrors_done(struct lk_mirrors *mirrors);

/* Adds a rule; one for the same PREFIX that is there already stays and this one is void. LK_E_USAGE
 * for a prefix or mirror that is no http or https URL (S3 and OCI are not supported), and for none
 * or too many of them. Strings are owned by ARENA. */
int lk_mirrors_add(struct lk_mirrors *mirrors, lk_str prefix, const lk_str *urls, size_t n,
	struct lk_arena *arena, struct lk_error *err) LK_MUST_USE;

/* The rule for URL, which has no credentials, or NULL. */
const struct lk_mirror_rule *lk_mirrors_find(const struct lk_mirrors *mirrors, lk_str url);

#endif
