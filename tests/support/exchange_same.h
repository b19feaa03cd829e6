/*
 * What comes back of a lock that went through another tool's format.
 */
#ifndef LK_TESTS_EXCHANGE_SAME_H
#define LK_TESTS_EXCHANGE_SAME_H

#include "lock/exchange.h"
#include "lock/import_lock.h"

static inline bool exchange_same_list(const struct lk_str_list *a, const struct lk_str_list *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		same = lk_str_eq(a->items[i], b->items[i]);
	}
	return same;
}

/* Is the name of DEPENDENCY the beginning of one of LIST? */
static inline bool exchange_names(const struct lk_str_list *list, lk_str dependency)
{
	size_t n = 0;
	while (n < dependency.len &&
		lk_str_find_char(LK_STR(" <>=!~["), dependency.ptr[n]) == SIZE_MAX) {
		n++;
	}
	lk_str name = lk_str_slice(dependency, 0, n);
	for (size_t i = 0; i < list->n; i++) {
		if (lk_str_starts(list->items[i], name)) {
			return true;
		}
	}
	return false;
}

/* The first thing that differs of what a format of PARTS carries; NULL when nothing does. */
static inline const char *exchange_record_fault(
	const struct lk_record *a, const struct lk_record *b, unsigned parts)
{
	if (!lk_str_eq(a->name, b->name) || !lk_str_eq(a->version, b->version) ||
		!lk_str_eq(a->build, b->build)) {
		return "name, version, build";
	}
	if (!lk_str_eq(a->url, b->url) || !lk_str_eq(a->fn, b->fn) ||
		!lk_str_eq(a->subdir, b->subdir) || !lk_str_eq(a->channel, b->channel)) {
		return "address";
	}
	if (!lk_sha256_eq(&a->sha256, &b->sha256) || a->has_md5 != b->has_md5 ||
		memcmp(&a->md5, &b->md5, sizeof(a->md5)) != 0) {
		return "hashes";
	}
	for (size_t i = 0; i < a->depends.n; i++) {
		if (!exchange_names(&b->depends, a->depends.items[i])) {
			return "a dependency";
		}
	}
	if (!(parts & LK_PART_CONSTRAINS)) {
		return NULL;
	}
	return exchange_same_list(&a->depends, &b->depends) &&
			exchange_same_list(&a->constrains, &b->constrains) &&
			lk_str_eq(a->license, b->license) && a->has_size == b->has_size &&
			a->size == b->size
		? NULL
		: "depends, constrains, license, size";
}

/* The same of two locks; *RET_NAME gets the package. */
static inline const char *exchange_fault(
	const struct lk_lock *a, const struct lk_lock *b, unsigned parts, lk_str *ret_name)
{
	*ret_name = (lk_str){0};
	if (a->n_platforms != b->n_platforms) {
		return "platforms";
	}
	for (size_t i = 0; i < a->n_platforms; i++) {
		const struct lk_lock_platform *left = &a->platforms[i];
		const struct lk_lock_platform *right = &b->platforms[i];
		if (!lk_str_eq(left->subdir, right->subdir) ||
			left->n_packages != right->n_packages) {
			return "packages";
		}
		for (size_t k = 0; k < left->n_packages; k++) {
			const char *fault = exchange_record_fault(
				&left->packages[k], &right->packages[k], parts);
			if (fault) {
				*ret_name = left->packages[k].name;
				return fault;
			}
		}
	}
	return NULL;
}

#endif
