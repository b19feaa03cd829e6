/*
 * The machines that an environment is audited for.
 */
#include "cli/audited.h"

#include "audit/symver.h"
#include "conda/matchspec.h"
#include "conda/version_spec.h"

int lk_audit_check_target(const struct lk_audit_options *options, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_virtuals none = {0};
	lk_str glibc = lk_str_of(options->glibc);
	bool sound = glibc.len > 0 && lk_is_digit(glibc.ptr[0]) &&
		lk_virtuals_set(&none, LK_STR("__glibc"), glibc, LK_STR(""), &arena, err) == 0;
	lk_vec_done(&none);
	if (options->glibc && !sound) {
		lk_fail(err, LK_E_USAGE, "--glibc %s: that is no version", options->glibc);
		lk_error_hint(err, "give the target's, such as --glibc 2.28");
		return LK_E_USAGE;
	}
	if (options->archspec && lk_x86_level(lk_str_of(options->archspec)) == 0) {
		lk_fail(err, LK_E_USAGE, "--archspec %s: that is no x86-64 processor known here",
			options->archspec);
		lk_error_hint(err, "give a level, such as --archspec x86_64_v3");
		return LK_E_USAGE;
	}
	return 0;
}

/* What a host with VIRTUALS has. */
static struct lk_target target_of(const struct lk_virtuals *virtuals, const char *name)
{
	const struct lk_virtual *glibc = lk_virtuals_find(virtuals, LK_STR("__glibc"));
	const struct lk_virtual *archspec = lk_virtuals_find(virtuals, LK_STR("__archspec"));
	return (struct lk_target){.name = lk_str_of(name),
		.glibc = glibc ? glibc->version : LK_STR(""),
		.level = archspec ? lk_x86_level(archspec->build) : 0};
}

lk_str lk_audit_lower_bound(lk_str spec, const char *name, struct lk_arena *arena)
{
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_matchspec *parsed;
	struct lk_version_bounds bounds;
	if (lk_matchspec_parse(spec, LK_SPEC_REPODATA, arena, &parsed, &ignored) < 0 ||
		!lk_str_is(parsed->name, name) || !parsed->version) {
		return LK_STR("");
	}
	lk_version_spec_bounds(parsed->version, &bounds);
	return bounds.lower ? lk_version_text(bounds.lower) : LK_STR("");
}

/* What any host has that PLATFORM can be installed on; where that is nothing, what it was solved
 * for. */
static struct lk_target required(const struct lk_lock_platform *platform, struct lk_arena *arena)
{
	struct lk_target solved = target_of(&platform->solved_with, NULL);
	struct lk_target target = {.name = LK_STR("")};
	for (size_t i = 0; i < platform->requires_depends.n; i++) {
		lk_str spec = platform->requires_depends.items[i];
		lk_str lower = lk_audit_lower_bound(spec, "__glibc", arena);
		if (lower.len > 0 &&
			(target.glibc.len == 0 || lk_symver_cmp(lower, target.glibc) > 0)) {
			target.glibc = lower;
		}
		if (lk_str_starts(spec, LK_STR("__archspec"))) {
			unsigned level = lk_x86_level_in(spec);
			target.level = level > target.level ? level : target.level;
		}
	}
	target.glibc = target.glibc.len > 0 ? target.glibc : solved.glibc;
	/* Without a word about it a lock is solved for the oldest processors: no promise. */
	if (target.level == 0 && solved.level > 1) {
		target.level = solved.level;
	}
	return target;
}

int lk_audit_targets(struct lk_app *app, const struct lk_audit_options *options,
	const struct lk_nodes *nodes, const struct lk_lock_platform *platform, bool is_prefix,
	struct lk_targets *ret, struct lk_error *err)
{
	struct lk_virtuals host = {0};
	lk_str here = LK_STR("");
	int rc = 0;
	for (size_t i = 0; i < nodes->list.len; i++) {
		const struct lk_node *node = &nodes->list.items[i];
		if (node->platform.len == 0 || lk_str_eq(node->platform, platform->subdir)) {
			lk_vec_push(ret, target_of(&node->virtuals, node->name));
		}
	}
	if (nodes->list.len == 0 && !options->glibc && is_prefix) {
		rc = lk_app_host(app, NULL, false, &host, &here, err);
	}
	if (nodes->list.len == 0 && rc == 0) {
		struct lk_target target = is_prefix && lk_str_eq(here, platform->subdir)
			? target_of(&host, "this host")
			: required(platform, &app->arena);
		lk_vec_push(ret, target);
	}
	for (size_t i = 0; i < ret->len; i++) {
		if (options->glibc) {
			ret->items[i].glibc = lk_str_of(options->glibc);
		}
		if (options->archspec) {
			ret->items[i].level = lk_x86_level(lk_str_of(options->archspec));
		}
	}
	lk_vec_done(&host);
	return rc;
}
