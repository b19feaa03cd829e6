/*
 * A lock held against a policy. Each distinct address, licence and spec is judged once.
 */
#include "lock/check_priv.h"

#include "lock/lock_world_priv.h"

/* Verdicts by text: 1 where it passes for every package, 0 where exceptions decide. */
static bool passes_for_all(struct lk_map *verdicts, lk_str text, const struct lk_policy *policy,
	bool (*passes)(const struct lk_policy *policy, lk_str package, lk_str text))
{
	uint32_t known = lk_map_get(verdicts, text);
	return (known != LK_MAP_NONE ? known
				     : lk_map_add(verdicts, text,
					       passes(policy, LK_STR(""), text) ? 1 : 0)) == 1;
}

static void check_channels(const struct lk_lock *lock, lk_str platform,
	const struct lk_policy *policy, struct lk_findings *findings)
{
	struct lk_map LK_CLEANUP(lk_map_done) verdicts = {0};
	for (size_t p = 0; p < lock->n_platforms; p++) {
		const struct lk_lock_platform *one = &lock->platforms[p];
		for (size_t i = 0; i < one->n_packages; i++) {
			lk_str name = one->packages[i].name;
			lk_str source = lk_check_source(&one->packages[i]);
			if (!passes_for_all(&verdicts, source, policy, lk_policy_allows_channel) &&
				lk_check_wants(platform, one) &&
				!lk_policy_allows_channel(policy, name, source)) {
				lk_findings_add(findings, LK_FINDING_CHANNEL_DENIED, one->subdir,
					name,
					"from " LK_STR_FMT ", which the policy does not allow",
					LK_STR_ARG(source));
			}
		}
	}
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_str url = lock->channels[i].url;
		if (lk_map_get(&verdicts, url) == LK_MAP_NONE &&
			!lk_policy_allows_channel(policy, LK_STR(""), url)) {
			lk_findings_add(findings, LK_FINDING_CHANNEL_DENIED, LK_STR(""), LK_STR(""),
				"channel " LK_STR_FMT
				" is not allowed by the policy (no package comes from it)",
				LK_STR_ARG(url));
		}
	}
}

static void add_license(struct lk_findings *findings, const struct lk_lock_platform *one,
	const struct lk_record *record)
{
	if (lk_str_trim(record->license).len == 0) {
		lk_findings_add(findings, LK_FINDING_LICENSE_DENIED, one->subdir, record->name,
			"no licence is stated, which the policy does not allow");
	} else {
		lk_findings_add(findings, LK_FINDING_LICENSE_DENIED, one->subdir, record->name,
			"licence '" LK_STR_FMT "' is not allowed by the policy",
			LK_STR_ARG(record->license));
	}
}

static void check_licenses(const struct lk_lock *lock, lk_str platform,
	const struct lk_policy *policy, struct lk_findings *findings)
{
	struct lk_map LK_CLEANUP(lk_map_done) verdicts = {0};
	for (size_t p = 0; p < lock->n_platforms; p++) {
		const struct lk_lock_platform *one = &lock->platforms[p];
		for (size_t i = 0; lk_check_wants(platform, one) && i < one->n_packages; i++) {
			const struct lk_record *record = &one->packages[i];
			if (!passes_for_all(
				    &verdicts, record->license, policy, lk_policy_allows_license) &&
				!lk_policy_allows_license(policy, record->name, record->license)) {
				add_license(findings, one, record);
			}
		}
	}
}

static void add_denied(struct lk_findings *findings, const struct lk_lock_platform *one,
	const struct lk_record *record, const struct lk_policy_package *denied)
{
	lk_findings_add(findings, LK_FINDING_PACKAGE_DENIED, one->subdir, record->name,
		LK_STR_FMT " " LK_STR_FMT " is denied by '" LK_STR_FMT "'%s" LK_STR_FMT,
		LK_STR_ARG(record->version), LK_STR_ARG(record->build),
		LK_STR_ARG(denied->spec->text), denied->reason.len > 0 ? ": " : "",
		LK_STR_ARG(denied->reason));
}

static void check_packages_of(const struct lk_lock_platform *one, const struct lk_policy *policy,
	struct lk_findings *findings)
{
	struct lk_lock_world LK_CLEANUP(lk_lock_world_done) w;
	lk_lock_world_init(&w, one, &one->solved_with);
	for (size_t d = 0; d < policy->n_denied; d++) {
		const struct lk_policy_package *denied = &policy->denied[d];
		if (denied->spec->name_kind == LK_PATTERN_EXACT) {
			const struct lk_record *record =
				lk_lock_find_package(one, denied->spec->name);
			if (record && lk_lock_world_matches(&w, denied->spec, record)) {
				add_denied(findings, one, record, denied);
			}
			continue;
		}
		for (size_t i = 0; i < one->n_packages; i++) {
			const struct lk_record *record = &one->packages[i];
			/* The name first: it takes no version to be parsed. */
			if (lk_pattern_matches(denied->spec->name_pattern, record->name) &&
				lk_lock_world_matches(&w, denied->spec, record)) {
				add_denied(findings, one, record, denied);
			}
		}
	}
}

struct ceilings {
	const struct lk_policy *policy;
	struct lk_findings *findings;
	lk_str platform;
};

static void add_unmet(void *ctx, const struct lk_lock_unmet *unmet)
{
	const struct ceilings *c = ctx;
	for (size_t i = 0; i < c->policy->n_requires; i++) {
		const struct lk_policy_ceiling *ceiling = &c->policy->requires_[i];
		if (lk_str_eq(ceiling->name, unmet->name)) {
			lk_findings_add(c->findings, LK_FINDING_REQUIREMENT, c->platform,
				unmet->package,
				"needs '" LK_STR_FMT "', while the policy says '" LK_STR_FMT "'",
				LK_STR_ARG(unmet->requirement), LK_STR_ARG(ceiling->text));
		}
	}
}

/* Judged is the weakest host of the policy; beyond that it is as the platform was solved for. */
static void check_requires_of(const struct lk_lock_platform *one, const struct lk_policy *policy,
	struct lk_findings *findings)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_virtuals host = {0};
	struct ceilings c = {policy, findings, one->subdir};
	int rc = 0;
	for (size_t i = 0; i < one->solved_with.len; i++) {
		lk_vec_push(&host, one->solved_with.items[i]);
	}
	for (size_t i = 0; rc == 0 && i < policy->n_requires; i++) {
		const struct lk_policy_ceiling *ceiling = &policy->requires_[i];
		rc = lk_virtuals_set(
			&host, ceiling->name, ceiling->version, LK_STR(""), &arena, &err);
	}
	if (rc == 0) {
		rc = lk_lock_each_unmet(one, &host, add_unmet, &c, &err);
	}
	if (rc < 0) {
		lk_findings_add(findings, LK_FINDING_REQUIREMENT, one->subdir, LK_STR(""), "%s",
			err.message);
	}
	lk_vec_done(&host);
}

static void check_integrity_of(const struct lk_lock_platform *one,
	const struct lk_policy_integrity *integrity, struct lk_findings *findings)
{
	for (size_t i = 0; i < one->n_packages; i++) {
		const struct lk_record *record = &one->packages[i];
		if (integrity->md5 && !record->has_md5) {
			lk_findings_add(findings, LK_FINDING_INTEGRITY, one->subdir, record->name,
				"no md5, which the policy demands");
		}
		if (integrity->size && !record->has_size) {
			lk_findings_add(findings, LK_FINDING_INTEGRITY, one->subdir, record->name,
				"no size, which the policy demands");
		}
	}
}

void lk_check_policy(const struct lk_lock *lock, lk_str platform, const struct lk_policy *policy,
	struct lk_findings *findings)
{
	check_channels(lock, platform, policy, findings);
	check_licenses(lock, platform, policy, findings);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *one = &lock->platforms[i];
		if (lk_check_wants(platform, one)) {
			check_packages_of(one, policy, findings);
			check_requires_of(one, policy, findings);
			check_integrity_of(one, &policy->integrity, findings);
		}
	}
}
