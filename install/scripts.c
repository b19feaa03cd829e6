/*
 * Post-link scripts.
 */
#include "install/scripts.h"

#include "base/fs.h"
#include "install/spawn.h"

#define SUFFIX "-post-link.sh"

static lk_str post_link_of(const struct lk_layout_package *package)
{
	for (size_t i = 0; package->package != NULL && i < package->package->scripts.n; i++) {
		lk_str script = package->package->scripts.items[i];
		if (lk_str_ends(script, LK_STR(SUFFIX))) {
			return script;
		}
	}
	return lk_str_n(NULL, 0);
}

size_t lk_scripts_count(const struct lk_layout *layout, const struct lk_report *report)
{
	size_t count = 0;
	for (size_t i = 0; i < layout->n_packages; i++) {
		lk_str script = post_link_of(&layout->packages[i]);
		if (script.len > 0) {
			count++;
			lk_note(report, 1,
				"package '" LK_STR_FMT "' has the link script '" LK_STR_FMT "'",
				LK_STR_ARG(layout->packages[i].record.name), LK_STR_ARG(script));
		}
	}
	return count;
}

static int run_script(const struct lk_layout *layout, const struct lk_layout_package *package,
	lk_str script, int prefix_fd, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_record *record = &package->record;
	const char *prefix = lk_str_dup(&arena, layout->prefix).ptr;
	const char *path = lk_arena_printf(&arena, "%s/" LK_STR_FMT, prefix, LK_STR_ARG(script));
	const char *const env[] = {
		lk_arena_printf(&arena, "PREFIX=%s", prefix),
		lk_arena_printf(&arena, "ROOT_PREFIX=%s", prefix),
		lk_arena_printf(&arena, "PATH=%s/bin:/usr/local/bin:/usr/bin:/bin", prefix),
		lk_arena_printf(&arena, "PKG_NAME=" LK_STR_FMT, LK_STR_ARG(record->name)),
		lk_arena_printf(&arena, "PKG_VERSION=" LK_STR_FMT, LK_STR_ARG(record->version)),
		lk_arena_printf(
			&arena, "PKG_BUILDNUM=%llu", (unsigned long long)record->build_number),
		NULL,
	};
	const char *const argv[] = {"bash", path, NULL};
	const struct lk_spawn spawn = {prefix_fd, "/bin/bash", argv, env, -1, 2};
	int status = 0;
	int rc = lk_spawn_wait(&spawn, &status, err);
	if (rc == LK_E_NOT_FOUND) {
		return lk_fail(err, LK_E_FS, "cannot run '%s': no /bin/bash here", path);
	}
	if (rc == 0 && status != 0) {
		return lk_fail(err, LK_E_FS, "'%s' of package '" LK_STR_FMT "' ended with %d", path,
			LK_STR_ARG(record->name), status);
	}
	return rc;
}

int lk_scripts_run(const struct lk_layout *layout, int prefix_fd, struct lk_error *err)
{
	uint32_t *LK_AUTO_FREE by_rank = lk_calloc(layout->n_packages, sizeof(*by_rank));
	int rc = 0;
	for (uint32_t i = 0; i < layout->n_packages; i++) {
		by_rank[layout->packages[i].rank] = i;
	}
	for (size_t i = 0; rc == 0 && i < layout->n_packages; i++) {
		const struct lk_layout_package *package = &layout->packages[by_rank[i]];
		lk_str script = post_link_of(package);
		if (script.len > 0) {
			rc = run_script(layout, package, script, prefix_fd, err);
		}
	}
	return rc;
}
