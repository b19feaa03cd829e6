/*
 * A lock held against what an environment file asks for.
 */
#include "lock/check_priv.h"

#include "conda/matchspec.h"

struct comparison {
	const struct lk_lock *lock;
	const struct lk_check_wanted *wanted;
	struct lk_findings *findings;
};

/* Which texts there are; the index of the first. */
static void index_texts(const struct lk_str_list *list, struct lk_map *ret)
{
	for (size_t i = 0; i < list->n; i++) {
		lk_map_add(ret, list->items[i], (uint32_t)i);
	}
}

static bool has(const struct lk_map *map, lk_str text)
{
	return lk_map_get(map, text) != LK_MAP_NONE;
}

#define ADD(c, kind, platform, package, ...)                                                       \
	lk_findings_add((c)->findings, (kind), (platform), (package), __VA_ARGS__)

static void compare_platforms(
	const struct comparison *c, const struct lk_map *asked_for, lk_str platform)
{
	const struct lk_str_list *wanted = &c->wanted->platforms;
	for (size_t i = 0; i < wanted->n; i++) {
		lk_str subdir = wanted->items[i];
		bool looked_at = platform.len == 0 || lk_str_eq(platform, subdir);
		if (looked_at && !lk_lock_find_platform(c->lock, subdir)) {
			ADD(c, LK_FINDING_PLATFORMS, subdir, LK_STR(""),
				LK_STR_FMT " asks for this platform, the lock does not have it",
				LK_STR_ARG(c->wanted->file));
		}
	}
	for (size_t i = 0; wanted->n > 0 && i < c->lock->n_platforms; i++) {
		const struct lk_lock_platform *one = &c->lock->platforms[i];
		if (lk_check_wants(platform, one) && !has(asked_for, one->subdir)) {
			ADD(c, LK_FINDING_PLATFORMS, one->subdir, LK_STR(""),
				"the lock has this platform, " LK_STR_FMT " does not ask for it",
				LK_STR_ARG(c->wanted->file));
		}
	}
}

static void index_channels(const struct lk_channel *channels, size_t n, struct lk_map *ret)
{
	for (size_t i = 0; i < n; i++) {
		lk_map_add(ret, channels[i].url, (uint32_t)i);
	}
}

/* Tells the lock's channels that the file does not name; are those that it does in its order? */
static bool same_channels_of_lock(const struct comparison *c, const struct lk_map *named)
{
	const struct lk_check_wanted *wanted = c->wanted;
	struct lk_map LK_CLEANUP(lk_map_done) extra = {0};
	index_texts(&wanted->extra_channels, &extra);
	bool same = true;
	size_t at = 0;
	for (size_t i = 0; i < c->lock->n_channels; i++) {
		lk_str url = c->lock->channels[i].url;
		if (has(named, url)) {
			same = same && at < wanted->n_channels &&
				lk_str_eq(wanted->channels[at].url, url);
			at++;
		} else if (!wanted->any_channels && !has(&extra, url)) {
			ADD(c, LK_FINDING_CHANNELS, LK_STR(""), LK_STR(""),
				"the lock is solved with channel " LK_STR_FMT ", which " LK_STR_FMT
				" does not name",
				LK_STR_ARG(url), LK_STR_ARG(wanted->file));
		}
	}
	return same;
}

static void compare_channels(const struct comparison *c)
{
	const struct lk_check_wanted *wanted = c->wanted;
	struct lk_map LK_CLEANUP(lk_map_done) named = {0};
	struct lk_map LK_CLEANUP(lk_map_done) locked = {0};
	index_channels(wanted->channels, wanted->n_channels, &named);
	index_channels(c->lock->channels, c->lock->n_channels, &locked);
	bool all_there = true;
	bool same_order = same_channels_of_lock(c, &named);
	for (size_t i = 0; i < wanted->n_channels; i++) {
		if (!has(&locked, wanted->channels[i].url)) {
			all_there = false;
			ADD(c, LK_FINDING_CHANNELS, LK_STR(""), LK_STR(""),
				LK_STR_FMT " names channel " LK_STR_FMT
					   ", which the lock is not solved with",
				LK_STR_ARG(wanted->file), LK_STR_ARG(wanted->channels[i].url));
		}
	}
	if (all_there && !same_order) {
		ADD(c, LK_FINDING_CHANNELS, LK_STR(""), LK_STR(""),
			"the channels stand in another order in " LK_STR_FMT
			": the first has priority",
			LK_STR_ARG(wanted->file));
	}
}

static void index_variables(const struct lk_lock_variable *variables, size_t n, struct lk_map *ret)
{
	for (size_t i = 0; i < n; i++) {
		lk_map_add(ret, variables[i].name, (uint32_t)i);
	}
}

/* Their values may be nobody's business: only names are told. */
static void compare_variables(const struct comparison *c)
{
	const struct lk_check_wanted *wanted = c->wanted;
	const struct lk_lock *lock = c->lock;
	struct lk_map LK_CLEANUP(lk_map_done) named = {0};
	struct lk_map LK_CLEANUP(lk_map_done) locked = {0};
	index_variables(wanted->variables, wanted->n_variables, &named);
	index_variables(lock->variables, lock->n_variables, &locked);
	for (size_t i = 0; i < wanted->n_variables; i++) {
		const struct lk_lock_variable *want = &wanted->variables[i];
		uint32_t at = lk_map_get(&locked, want->name);
		if (at == LK_MAP_NONE || !lk_str_eq(lock->variables[at].value, want->value)) {
			ADD(c, LK_FINDING_VARIABLES, LK_STR(""), LK_STR(""),
				"variable " LK_STR_FMT " of " LK_STR_FMT " %s the lock",
				LK_STR_ARG(want->name), LK_STR_ARG(wanted->file),
				at == LK_MAP_NONE ? "is not in" : "has another value in");
		}
	}
	for (size_t i = 0; i < lock->n_variables; i++) {
		if (!has(&named, lock->variables[i].name)) {
			ADD(c, LK_FINDING_VARIABLES, LK_STR(""), LK_STR(""),
				"variable " LK_STR_FMT " of the lock is not in " LK_STR_FMT,
				LK_STR_ARG(lock->variables[i].name), LK_STR_ARG(wanted->file));
		}
	}
}

/* A spec by what it means: its canonical form, or its text when it is none. */
struct meaning {
	lk_str text, canonical, name;
	bool paired; /* has its like, or another of its name, on the other side */
};

struct meanings {
	struct meaning *items;
	size_t n;
};

static struct meanings meanings_of(const struct lk_str_list *specs, struct lk_arena *arena)
{
	struct meanings all = {lk_arena_calloc(arena, specs->n, sizeof(*all.items)), specs->n};
	for (size_t i = 0; i < specs->n; i++) {
		struct meaning *one = &all.items[i];
		const struct lk_matchspec *spec;
		struct lk_error ignored = LK_ERROR_INIT;
		*one = (struct meaning){.text = specs->items[i], .canonical = specs->items[i]};
		if (lk_matchspec_parse(one->text, LK_SPEC_USER, arena, &spec, &ignored) == 0) {
			struct lk_buf LK_CLEANUP(lk_buf_done) text =
				LK_BUF_INIT((size_t)2 * LK_SPEC_MAX_LEN);
			lk_matchspec_canonical(spec, &text);
			one->canonical = lk_str_dup(arena, lk_buf_view(&text));
			one->name = spec->name;
		}
	}
	return all;
}

static bool same_meanings(const struct meanings *a, const struct meanings *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		same = lk_str_eq(a->items[i].canonical, b->items[i].canonical);
	}
	return same;
}

/* Pairs each spec of A with an equal one of B; *RET_ALL tells whether none is left over. */
static void pair_equal(struct meanings *a, struct meanings *b, bool *ret_all)
{
	struct lk_map LK_CLEANUP(lk_map_done) index = {0};
	*ret_all = a->n == b->n;
	for (size_t i = 0; i < b->n; i++) {
		lk_map_add(&index, b->items[i].canonical, (uint32_t)i);
	}
	for (size_t i = 0; i < a->n; i++) {
		uint32_t at = lk_map_get(&index, a->items[i].canonical);
		if (at == LK_MAP_NONE || b->items[at].paired) {
			*ret_all = false;
		} else {
			a->items[i].paired = true;
			b->items[at].paired = true;
		}
	}
}

/* The next spec of that name that has no like, or NULL. */
static struct meaning *take_named(
	const struct lk_map *index, const struct meanings *all, lk_str name)
{
	uint32_t at = name.len > 0 ? lk_map_get(index, name) : LK_MAP_NONE;
	return at == LK_MAP_NONE || all->items[at].paired ? NULL : &all->items[at];
}

static void tell_wanted(
	const struct comparison *c, lk_str subdir, const struct meaning *want, struct meaning *have)
{
	lk_str file = c->wanted->file;
	if (!have) {
		ADD(c, LK_FINDING_SPECS, subdir, want->name,
			LK_STR_FMT " asks for '" LK_STR_FMT "', which the lock does not answer",
			LK_STR_ARG(file), LK_STR_ARG(want->text));
		return;
	}
	have->paired = true;
	ADD(c, LK_FINDING_SPECS, subdir, want->name,
		LK_STR_FMT " asks for '" LK_STR_FMT "', the lock answers '" LK_STR_FMT "'",
		LK_STR_ARG(file), LK_STR_ARG(want->text), LK_STR_ARG(have->text));
}

static void index_unpaired(const struct meanings *all, struct lk_map *ret)
{
	for (size_t i = 0; i < all->n; i++) {
		if (!all->items[i].paired && all->items[i].name.len > 0) {
			lk_map_add(ret, all->items[i].name, (uint32_t)i);
		}
	}
}

static void tell_specs(const struct comparison *c, lk_str subdir, const struct meanings *wanted,
	const struct meanings *locked)
{
	struct lk_map LK_CLEANUP(lk_map_done) index = {0};
	index_unpaired(locked, &index);
	for (size_t i = 0; i < wanted->n; i++) {
		const struct meaning *want = &wanted->items[i];
		if (!want->paired) {
			tell_wanted(c, subdir, want, take_named(&index, locked, want->name));
		}
	}
	for (size_t i = 0; i < locked->n; i++) {
		const struct meaning *have = &locked->items[i];
		if (!have->paired) {
			ADD(c, LK_FINDING_SPECS, subdir, have->name,
				"the lock answers '" LK_STR_FMT "', which " LK_STR_FMT
				" does not ask for",
				LK_STR_ARG(have->text), LK_STR_ARG(c->wanted->file));
		}
	}
}

static void compare_specs(const struct comparison *c, const struct lk_lock_platform *one,
	const struct lk_str_list *wanted)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct meanings want = meanings_of(wanted, &arena);
	struct meanings have = meanings_of(&one->specs, &arena);
	if (same_meanings(&want, &have)) {
		return;
	}
	bool only_order;
	pair_equal(&want, &have, &only_order);
	if (only_order) {
		ADD(c, LK_FINDING_SPECS, one->subdir, LK_STR(""),
			"the specs stand in another order in " LK_STR_FMT ": earlier ones win",
			LK_STR_ARG(c->wanted->file));
	} else {
		tell_specs(c, one->subdir, &want, &have);
	}
}

void lk_check_wanted(const struct lk_lock *lock, lk_str platform,
	const struct lk_check_wanted *wanted, struct lk_findings *findings)
{
	struct comparison c = {lock, wanted, findings};
	struct lk_map LK_CLEANUP(lk_map_done) asked_for = {0};
	index_texts(&wanted->platforms, &asked_for);
	compare_platforms(&c, &asked_for, platform);
	compare_channels(&c);
	compare_variables(&c);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *one = &lock->platforms[i];
		bool concerns = wanted->platforms.n == 0 || has(&asked_for, one->subdir);
		if (lk_check_wants(platform, one) && concerns) {
			compare_specs(&c, one, &wanted->specs[i]);
		}
	}
}
