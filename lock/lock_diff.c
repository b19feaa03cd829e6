/*
 * Two locks compared by value: header lines, then platform by platform; and the words for it.
 */
#include "lock/lock_diff.h"

#include "lock/lock_diff_priv.h"

/* FROM or TO is NULL for a platform that only the other lock has. */
static struct lk_platform_diff compare_platform(struct lk_diff_maker *m,
	const struct lk_lock_platform *from, const struct lk_lock_platform *to)
{
	static const struct lk_lock_platform nothing;
	const struct lk_lock_platform *old = from ? from : &nothing;
	const struct lk_lock_platform *new = to ? to : &nothing;
	struct lk_platform_diff diff = {
		.subdir = (from ? old : new)->subdir, .from = from, .to = to};
	if ((from && to) || m->options->whole_platforms) {
		diff.edits = lk_diff_edits(m, old, new);
	}
	lk_diff_packages(m, old, new, &diff);
	if (from && to) {
		lk_diff_requirements(m, old, new, &diff);
	}
	return diff;
}

static void compare_platforms(struct lk_diff_maker *m, struct lk_lock_diff *ret)
{
	lk_str wanted = m->options->platform;
	size_t n_from = m->from->n_platforms;
	size_t n_to = m->to->n_platforms;
	struct lk_platform_diff *platforms =
		lk_arena_calloc(m->arena, n_from + n_to, sizeof(*platforms));
	size_t i = 0;
	size_t j = 0;
	while (i < n_from || j < n_to) {
		int order = i == n_from ? 1
			: j == n_to
			? -1
			: lk_str_cmp(m->from->platforms[i].subdir, m->to->platforms[j].subdir);
		lk_str subdir =
			order <= 0 ? m->from->platforms[i].subdir : m->to->platforms[j].subdir;
		const struct lk_lock_platform *old = order <= 0 ? &m->from->platforms[i++] : NULL;
		const struct lk_lock_platform *new = order >= 0 ? &m->to->platforms[j++] : NULL;
		if (wanted.len == 0 || lk_str_eq(subdir, wanted)) {
			platforms[ret->n_platforms++] = compare_platform(m, old, new);
		}
	}
	ret->platforms = platforms;
}

static void index_channels(const struct lk_lock *lock, struct lk_map *map)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_map_add(map, lock->channels[i].name, (uint32_t)i);
	}
}

void lk_lock_diff_make(const struct lk_lock *from, const struct lk_lock *to,
	const struct lk_diff_options *options, struct lk_lock_diff *ret)
{
	static const struct lk_diff_options defaults;
	*ret = (struct lk_lock_diff){.knows_scripts = options && options->scripts};
	lk_arena_init(&ret->arena);
	struct lk_diff_maker m = {.options = options ? options : &defaults,
		.arena = &ret->arena,
		.from = from,
		.to = to};
	index_channels(from, &m.channels_from);
	index_channels(to, &m.channels_to);
	ret->edits = lk_diff_headers(&m);
	compare_platforms(&m, ret);
	ret->n_scripts_unknown = m.n_scripts_unknown;
	lk_map_done(&m.scripts);
	lk_map_done(&m.channels_from);
	lk_map_done(&m.channels_to);
}

void lk_lock_diff_done(struct lk_lock_diff *diff)
{
	lk_arena_done(&diff->arena);
	*diff = (struct lk_lock_diff){0};
}

bool lk_platform_diff_is_empty(const struct lk_platform_diff *diff)
{
	return diff->from && diff->to && diff->edits.n == 0 && diff->n_changes == 0;
}

bool lk_lock_diff_is_empty(const struct lk_lock_diff *diff)
{
	bool empty = diff->edits.n == 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		empty = empty && lk_platform_diff_is_empty(&diff->platforms[i]);
	}
	return empty;
}

size_t lk_lock_edits_count(const struct lk_lock_edits *edits, enum lk_change change)
{
	size_t n = 0;
	for (size_t i = 0; i < edits->n; i++) {
		n += edits->items[i].change == change ? 1 : 0;
	}
	return n;
}

size_t lk_platform_diff_count(const struct lk_platform_diff *platform, enum lk_change change)
{
	size_t n = lk_lock_edits_count(&platform->edits, change);
	n += change == LK_CHANGE_PLATFORM_ADDED && !platform->from ? 1 : 0;
	n += change == LK_CHANGE_PLATFORM_REMOVED && !platform->to ? 1 : 0;
	for (size_t i = 0; i < platform->n_requirements; i++) {
		n += change == lk_requirement_kind(&platform->requirements[i]) ? 1 : 0;
	}
	for (size_t i = 0; i < platform->n_changes; i++) {
		n += lk_package_has(&platform->changes[i], change) ? 1 : 0;
	}
	return n;
}

/* ---- words ---- */

static const struct {
	const char *name, *title;
	enum lk_severity severity;
} kinds[LK_CHANGE_COUNT] = {
	[LK_CHANGE_HASH] = {"hash-changed", "same version, other hash", LK_SEVERITY_CRITICAL},
	[LK_CHANGE_CUDA] = {"cuda-changed", "CUDA <-> CPU", LK_SEVERITY_HIGH},
	[LK_CHANGE_CHANNEL] = {"channel-changed", "channel changed", LK_SEVERITY_HIGH},
	[LK_CHANGE_SCRIPTS] = {"scripts-added", "new link scripts", LK_SEVERITY_HIGH},
	[LK_CHANGE_GPU] = {"gpu-lost", "no code for a GPU any more", LK_SEVERITY_HIGH},
	[LK_CHANGE_GLIBC] = {"glibc-rose", "takes a newer glibc", LK_SEVERITY_HIGH},
	[LK_CHANGE_REQUIREMENT] = {"requirement-rose", "requirement rose", LK_SEVERITY_HIGH},
	[LK_CHANGE_DOWNGRADED] = {"downgraded", "downgraded", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_REMOVED] = {"removed", "removed", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_LICENSE] = {"license-changed", "licence changed", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_REPACKED] = {"repacked", "same build, other format", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_VARIABLES] = {"variables-changed", "variables changed", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_PLATFORM_REMOVED] = {"platform-removed", "platform removed", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_MAJOR] = {"upgraded-major", "major upgrade", LK_SEVERITY_MEDIUM},
	[LK_CHANGE_MINOR] = {"upgraded-minor", "minor upgrade", LK_SEVERITY_LOW},
	[LK_CHANGE_PATCH] = {"upgraded-patch", "patch upgrade", LK_SEVERITY_LOW},
	[LK_CHANGE_ADDED] = {"added", "added", LK_SEVERITY_LOW},
	[LK_CHANGE_PLATFORM_ADDED] = {"platform-added", "new platform", LK_SEVERITY_LOW},
	[LK_CHANGE_REBUILT] = {"rebuilt", "rebuilt", LK_SEVERITY_LOW},
	[LK_CHANGE_DEPENDS] = {"depends-changed", "dependencies changed", LK_SEVERITY_INFO},
	[LK_CHANGE_FACTS] = {"facts-changed", "other facts", LK_SEVERITY_INFO},
	[LK_CHANGE_ORIGIN] = {"origin-changed", "address or file changed", LK_SEVERITY_INFO},
	[LK_CHANGE_SPECS] = {"specs-changed", "specs changed", LK_SEVERITY_INFO},
	[LK_CHANGE_SETTINGS] = {"settings-changed", "settings changed", LK_SEVERITY_INFO},
};

enum lk_severity lk_change_severity(enum lk_change change)
{
	return kinds[change].severity;
}

const char *lk_change_name(enum lk_change change)
{
	return kinds[change].name;
}

const char *lk_change_title(enum lk_change change)
{
	return kinds[change].title;
}

enum lk_change lk_change_of(lk_str name)
{
	enum lk_change change = LK_CHANGE_HASH;
	while (change < LK_CHANGE_COUNT && !lk_str_is(name, kinds[change].name)) {
		change++;
	}
	return change;
}

const char *lk_severity_name(enum lk_severity severity)
{
	static const char *const names[LK_SEVERITY_COUNT] = {
		[LK_SEVERITY_CRITICAL] = "critical",
		[LK_SEVERITY_HIGH] = "high",
		[LK_SEVERITY_MEDIUM] = "medium",
		[LK_SEVERITY_LOW] = "low",
		[LK_SEVERITY_INFO] = "info",
	};
	return names[severity];
}

const char *lk_edit_field_name(enum lk_edit_field field)
{
	static const char *const names[] = {
		[LK_EDIT_REQUIRES_DEPENDS] = "requires.depends",
		[LK_EDIT_REQUIRES_CONSTRAINS] = "requires.constrains",
		[LK_EDIT_SPECS] = "specs",
		[LK_EDIT_PINS] = "pins",
		[LK_EDIT_SOLVED_WITH] = "solved-with",
		[LK_EDIT_CHANNELS] = "channels",
		[LK_EDIT_CHANNEL_PRIORITY] = "channel-priority",
		[LK_EDIT_EXCLUDE_NEWER] = "exclude-newer",
		[LK_EDIT_VARIABLES] = "variables",
	};
	return names[field];
}

const char *lk_edit_kind_name(enum lk_edit_kind kind)
{
	static const char *const names[] = {
		[LK_EDIT_ADDED] = "added",
		[LK_EDIT_REMOVED] = "removed",
		[LK_EDIT_CHANGED] = "changed",
		[LK_EDIT_REORDERED] = "reordered",
		[LK_EDIT_RENAMED] = "renamed",
	};
	return names[kind];
}
