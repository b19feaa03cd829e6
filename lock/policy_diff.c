/*
 * A policy asked about a whole diff.
 */
#include "lock/policy.h"

bool lk_policy_fails_package(const struct lk_policy *policy, const struct lk_package_change *change)
{
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (lk_package_has(change, kind) && lk_policy_fails(policy, kind, change->name)) {
			return true;
		}
	}
	return false;
}

static bool fails(const struct lk_policy *policy, enum lk_change kind)
{
	return lk_policy_fails(policy, kind, (lk_str){NULL, 0});
}

static size_t count_edits(const struct lk_policy *policy, const struct lk_lock_edits *edits)
{
	size_t n = 0;
	for (size_t i = 0; i < edits->n; i++) {
		enum lk_change kind = edits->items[i].change;
		n += kind != LK_CHANGE_COUNT && fails(policy, kind) ? 1 : 0;
	}
	return n;
}

static size_t count_platform(
	const struct lk_policy *policy, const struct lk_platform_diff *platform)
{
	size_t n = count_edits(policy, &platform->edits);
	n += !platform->from && fails(policy, LK_CHANGE_PLATFORM_ADDED) ? 1 : 0;
	n += !platform->to && fails(policy, LK_CHANGE_PLATFORM_REMOVED) ? 1 : 0;
	for (size_t i = 0; i < platform->n_requirements; i++) {
		n += fails(policy, lk_requirement_kind(&platform->requirements[i])) ? 1 : 0;
	}
	for (size_t i = 0; i < platform->n_changes; i++) {
		n += lk_policy_fails_package(policy, &platform->changes[i]) ? 1 : 0;
	}
	return n;
}

size_t lk_policy_count_failing(const struct lk_policy *policy, const struct lk_lock_diff *diff)
{
	size_t n = count_edits(policy, &diff->edits);
	for (size_t i = 0; i < diff->n_platforms; i++) {
		n += count_platform(policy, &diff->platforms[i]);
	}
	return n;
}
