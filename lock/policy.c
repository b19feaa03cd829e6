/*
 * A policy asked.
 */
#include "lock/policy.h"

bool lk_policy_fails(const struct lk_policy *policy, enum lk_change kind, lk_str package)
{
	const struct lk_policy_diff *diff = &policy->diff;
	uint32_t bit = (uint32_t)1 << kind;
	bool fails = !diff->given || (diff->fail & bit);
	for (size_t i = 0; fails && i < diff->n_except; i++) {
		const struct lk_policy_kinds *except = &diff->except[i];
		fails = !(except->kinds & bit) || package.len == 0 ||
			!lk_str_glob(except->package, package, false);
	}
	return fails;
}

bool lk_policy_fails_package(const struct lk_policy *policy, const struct lk_package_change *change)
{
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (lk_package_has(change, kind) && lk_policy_fails(policy, kind, change->name)) {
			return true;
		}
	}
	return false;
}

static bool names_channel(const struct lk_str_list *list, lk_str url)
{
	for (size_t i = 0; i < list->n; i++) {
		if (lk_str_glob(list->items[i], url, false)) {
			return true;
		}
	}
	return false;
}

bool lk_policy_allows_channel(const struct lk_policy *policy, lk_str package, lk_str url)
{
	const struct lk_policy_channels *channels = &policy->channels;
	for (size_t i = 0; package.len > 0 && i < channels->n_except; i++) {
		if (lk_str_glob(channels->except[i].package, package, false) &&
			names_channel(&channels->except[i].allow, url)) {
			return true;
		}
	}
	return !names_channel(&channels->deny, url) &&
		(channels->allow.n == 0 || names_channel(&channels->allow, url));
}

bool lk_policy_allows_license(const struct lk_policy *policy, lk_str package, lk_str license)
{
	const struct lk_policy_licenses *rules = &policy->licenses;
	if (lk_license_passes(license, &rules->allow, &rules->deny, NULL)) {
		return true;
	}
	for (size_t i = 0; package.len > 0 && i < rules->n_except; i++) {
		const struct lk_policy_more_licenses *except = &rules->except[i];
		if (lk_str_glob(except->package, package, false) &&
			lk_license_passes(license, &rules->allow, &rules->deny, &except->allow)) {
			return true;
		}
	}
	return false;
}
