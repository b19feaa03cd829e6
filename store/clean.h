/*
 * Taking away what the writable folder of a cache need not hold any more.
 *
 * An entry goes when its kind was chosen, nothing keeps it, and a rule asks for it: age, size, or
 * (without either) that it is there. It is renamed into tmp/ before its files are removed, so that
 * whoever looks finds it whole or not at all; a running install that loses a tree by this makes it
 * again. Layers that are only read are never touched. What is at work in tmp/ stays.
 */
#ifndef LK_STORE_CLEAN_H
#define LK_STORE_CLEAN_H

#include "store/usage.h"

struct lk_clean_options {
	unsigned kinds; /* a bit 1 << enum lk_usage_kind each */
	bool by_age;
	int64_t before; /* seconds since 1970: what was used last before that goes */
	bool by_size;
	uint64_t max_size; /* bytes that may stay of KINDS: what was used longest ago goes first */
	/* Archives and trees that stay whatever the rules say. */
	const struct lk_record *keep;
	size_t n_keep;
	int64_t idle_before; /* work in tmp/ that was changed last before that is nobody's */
	bool dry_run;
};

struct lk_clean_entry {
	enum lk_usage_kind kind;
	lk_str path; /* in the cache */
	uint64_t bytes, freed;
};

struct lk_clean_result {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_clean_entry) removed; /* sorted by path */
	uint64_t freed;                                  /* bytes */
	uint64_t left; /* bytes of KINDS that the cache alone still holds */
	size_t kept;   /* entries of KINDS that stay */
	size_t failed; /* entries that should go and could not: each is a warning */
};

/* CACHE: from lk_cache_open_existing, so that a folder that merely has a folder called archives is
 * left alone. LK_E_FS, LK_E_INTERRUPTED. */
int lk_cache_clean(struct lk_cache *cache, const struct lk_clean_options *options,
	const struct lk_report *report, struct lk_clean_result *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_clean_result_done(struct lk_clean_result *result);

#endif
