/*
 * What a team lets into its locks, and which differences between two of them fail a pipeline: the
 * file of `check --policy` and `diff --policy` (docs/policy.md).
 *
 *     lk_policy_read("policy.yml", &policy, err);
 *     lk_policy_fails(&policy, LK_CHANGE_LICENSE, name);
 *     lk_policy_done(&policy);
 *
 * The file is read strictly: a rule that is misspelt would let everything pass.
 */
#ifndef LK_LOCK_POLICY_H
#define LK_LOCK_POLICY_H

#include "conda/matchspec.h"
#include "lock/license.h"
#include "lock/lock_diff.h"

#define LK_POLICY_VERSION 1
#define LK_POLICY_MAX_BYTES ((size_t)1 << 20)

/* Kinds of difference, a bit (1u << enum lk_change) for each. */
struct lk_policy_diff {
	bool given; /* does the file have a section `diff`? */
	uint32_t fail;
	const struct lk_policy_kinds *except;
	size_t n_except;
};

struct lk_policy_kinds {
	lk_str package; /* glob */
	uint32_t kinds;
};

/* URLs, '*' for any run of characters; short names stand for LK_CHANNEL_ALIAS/NAME. */
struct lk_policy_channels {
	struct lk_str_list allow; /* empty: all */
	struct lk_str_list deny;
	const struct lk_policy_more_channels *except;
	size_t n_except;
};

struct lk_policy_more_channels {
	lk_str package; /* glob */
	struct lk_str_list allow;
};

struct lk_policy_licenses {
	struct lk_license_patterns allow; /* empty: all */
	struct lk_license_patterns deny;
	const struct lk_policy_more_licenses *except;
	size_t n_except;
};

struct lk_policy_more_licenses {
	lk_str package; /* glob */
	struct lk_license_patterns allow;
};

struct lk_policy_package {
	const struct lk_matchspec *spec;
	lk_str reason; /* for people; may be empty */
};

/* The weakest host that every lock must install on, as far as NAME goes. */
struct lk_policy_ceiling {
	lk_str text;    /* "__cuda <=12.4" */
	lk_str name;    /* with the two underscores */
	lk_str version; /* of that host; empty: it has no NAME */
};

/* What each package must have beside sha256, which the format demands. */
struct lk_policy_integrity {
	bool md5, size;
};

struct lk_policy {
	struct lk_arena arena;
	lk_str file;
	struct lk_policy_diff diff;
	struct lk_policy_channels channels;
	struct lk_policy_licenses licenses;
	const struct lk_policy_package *denied;
	size_t n_denied;
	const struct lk_policy_ceiling *requires_;
	size_t n_requires;
	struct lk_policy_integrity integrity;
};

/* LK_E_FORMAT with file:line:column; LK_E_USAGE when there is no such file. */
int lk_policy_read(const char *path, struct lk_policy *ret, struct lk_error *err) LK_MUST_USE;
int lk_policy_parse(
	lk_str source, const char *name, struct lk_policy *ret, struct lk_error *err) LK_MUST_USE;
void lk_policy_done(struct lk_policy *policy);

/* Does a difference of KIND fail the pipeline? PACKAGE is empty for what stands outside the
 * packages. All do where the file has no section `diff`. */
bool lk_policy_fails(const struct lk_policy *policy, enum lk_change kind, lk_str package);
/* A package fails by any of its kinds, not only by the one that leads. */
bool lk_policy_fails_package(
	const struct lk_policy *policy, const struct lk_package_change *change);
/* May PACKAGE (empty: none in particular) come from the channel at URL (no slash at its end)? */
bool lk_policy_allows_channel(const struct lk_policy *policy, lk_str package, lk_str url);
bool lk_policy_allows_license(const struct lk_policy *policy, lk_str package, lk_str license);

#endif
