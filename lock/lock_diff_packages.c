/*
 * What changed about the packages of a platform, and how risky that is.
 */
#include <stdlib.h>

#include "conda/cuda_build.h"
#include "lock/lock_diff_facts_priv.h"
#include "lock/lock_diff_priv.h"

struct changes LK_VEC_OF(struct lk_package_change);

static bool same_sha256(const struct lk_record *a, const struct lk_record *b)
{
	return a->has_sha256 && b->has_sha256 && lk_sha256_eq(&a->sha256, &b->sha256);
}

/* ---- where it comes from ---- */

/* Where a record's archive lies. */
struct place {
	lk_str channel_url; /* of its channel; empty: there is no such channel */
	lk_str base;        /* the folder above its subdir */
	bool is_derived;    /* it lies where the channel, the subdir and its name say */
};

static struct place place_of(
	const struct lk_record *record, const struct lk_lock *lock, const struct lk_map *channels)
{
	struct place place = {.base = record->url};
	uint32_t at = lk_map_get(channels, record->channel);
	if (at != LK_MAP_NONE) {
		place.channel_url = lock->channels[at].url;
	}
	size_t tail = record->subdir.len + record->fn.len + 2;
	if (record->url.len > tail) {
		lk_str rest = lk_str_skip(record->url, record->url.len - tail);
		if (rest.ptr[0] == '/' && lk_str_ends(rest, record->fn) &&
			lk_str_starts(lk_str_skip(rest, 1), record->subdir)) {
			place.base.len -= tail;
		}
	}
	place.is_derived = lk_str_eq(place.base, place.channel_url);
	return place;
}

/* scheme://host of a URL. */
static lk_str server_of(lk_str url)
{
	size_t colon = lk_str_find(url, LK_STR("://"));
	size_t start = colon == SIZE_MAX ? 0 : colon + 3;
	size_t slash = lk_str_find_char(lk_str_skip(url, start), '/');
	return slash == SIZE_MAX ? url : lk_str_slice(url, 0, start + slash);
}

/* The same channel by name or by URL; elsewhere the same server. A channel whose URL changed under
 * its name is told once, by the header. */
static bool same_channel(const struct lk_diff_maker *m, const struct lk_record *from,
	const struct lk_record *to, bool *ret_same_place)
{
	if (lk_str_eq(from->url, to->url) && lk_str_eq(from->channel, to->channel)) {
		*ret_same_place = true;
		return true;
	}
	struct place old = place_of(from, m->from, &m->channels_from);
	struct place new = place_of(to, m->to, &m->channels_to);
	bool same = lk_str_eq(from->channel, to->channel) ||
		(old.channel_url.len > 0 && lk_str_eq(old.channel_url, new.channel_url));
	if (old.is_derived && new.is_derived) {
		*ret_same_place = same;
		return same;
	}
	*ret_same_place = lk_str_eq(old.base, new.base);
	return same && lk_str_eq(server_of(old.base), server_of(new.base));
}

static bool same_file(const struct lk_record *a, const struct lk_record *b)
{
	bool same_md5 = a->has_md5 == b->has_md5 &&
		(!a->has_md5 || memcmp(&a->md5, &b->md5, sizeof(a->md5)) == 0);
	bool same_size = a->has_size == b->has_size && (!a->has_size || a->size == b->size);
	return same_md5 && same_size && lk_str_eq(a->fn, b->fn);
}

/* ---- kinds ---- */

static unsigned bit_if(bool condition, enum lk_change change)
{
	return condition ? 1u << change : 0;
}

/* In conda's order; texts that are no versions in the order of bytes. */
static unsigned version_kinds(lk_str from, lk_str to, bool same_build)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *old;
	const struct lk_version *new;
	if (lk_str_eq(from, to)) {
		return bit_if(!same_build, LK_CHANGE_REBUILT);
	}
	if (lk_version_parse(from, &arena, &old, &ignored) < 0 ||
		lk_version_parse(to, &arena, &new, &ignored) < 0) {
		return 1u << (lk_str_cmp(from, to) < 0 ? LK_CHANGE_MAJOR : LK_CHANGE_DOWNGRADED);
	}
	static const enum lk_change steps[] = {LK_CHANGE_MAJOR, LK_CHANGE_MINOR, LK_CHANGE_PATCH};
	int order = lk_version_cmp(old, new);
	enum lk_change change = order == 0 ? LK_CHANGE_REBUILT
		: order > 0                ? LK_CHANGE_DOWNGRADED
					   : steps[lk_version_step(old, new)];
	return 1u << change;
}

/* Same version and build, other bytes. */
static enum lk_change other_content(const struct lk_record *from, const struct lk_record *to)
{
	lk_str old;
	lk_str new;
	bool other_kind = lk_archive_kind_of(from->fn, &old) != lk_archive_kind_of(to->fn, &new);
	return other_kind && lk_str_eq(old, new) ? LK_CHANGE_REPACKED : LK_CHANGE_HASH;
}

static unsigned kinds_of(const struct lk_diff_maker *m, const struct lk_record *from,
	const struct lk_record *to, bool *ret_to_cuda)
{
	bool same_place;
	bool same_version = lk_str_eq(from->version, to->version);
	bool same_build = lk_str_eq(from->build, to->build);
	bool same_source = same_channel(m, from, to, &same_place);
	bool same_needs = lk_str_list_eq(&from->depends, &to->depends) &&
		lk_str_list_eq(&from->constrains, &to->constrains) &&
		lk_str_list_eq(&from->active_extras, &to->active_extras);
	unsigned kinds = bit_if(!same_source, LK_CHANGE_CHANNEL) |
		bit_if(!lk_str_eq(from->license, to->license), LK_CHANGE_LICENSE) |
		bit_if(!lk_str_eq(from->subdir, to->subdir) || (same_source && !same_place),
			LK_CHANGE_ORIGIN) |
		lk_diff_facts_kinds(from, to);
	if (!same_build || !same_needs) {
		kinds |= bit_if(lk_cuda_flips(from, to, ret_to_cuda), LK_CHANGE_CUDA);
	}
	if (!same_version || !same_build) {
		return kinds | version_kinds(from->version, to->version, same_build);
	}
	if (same_source && !same_sha256(from, to)) {
		kinds |= 1u << other_content(from, to);
	} else {
		kinds |= bit_if(!same_file(from, to), LK_CHANGE_ORIGIN);
	}
	return kinds | bit_if(!same_needs, LK_CHANGE_DEPENDS);
}

static enum lk_change most_risky(unsigned kinds)
{
	enum lk_change kind = LK_CHANGE_HASH;
	while (!(kinds >> kind & 1u)) {
		kind++;
	}
	return kind;
}

/* ---- link scripts, sizes ---- */

/* Asked once for each content. */
static enum lk_scripts scripts_of(
	struct lk_diff_maker *m, const struct lk_record *record, bool is_new)
{
	if (!record || !m->options->scripts || !record->has_sha256) {
		return record ? LK_SCRIPTS_UNKNOWN : LK_SCRIPTS_NONE;
	}
	lk_str key = lk_str_n((const char *)record->sha256.bytes, sizeof(record->sha256.bytes));
	uint32_t known = lk_map_get(&m->scripts, key);
	if (known != LK_MAP_NONE) {
		return (enum lk_scripts)known;
	}
	enum lk_scripts scripts = m->options->scripts(m->options->ctx, record);
	lk_map_add(&m->scripts, key, scripts);
	m->n_scripts_unknown += is_new && scripts == LK_SCRIPTS_UNKNOWN ? 1 : 0;
	return scripts;
}

/* A script that is there now is news unless the old package is known to have one. */
static void look_at_scripts(struct lk_diff_maker *m, struct lk_package_change *change)
{
	if (!change->to || (change->from && same_sha256(change->from, change->to))) {
		return;
	}
	change->scripts_to = scripts_of(m, change->to, true);
	if (change->scripts_to == LK_SCRIPTS_UNKNOWN) {
		return;
	}
	change->scripts_from = scripts_of(m, change->from, false);
	if (change->scripts_to == LK_SCRIPTS_SOME && change->scripts_from != LK_SCRIPTS_SOME) {
		change->kinds |= 1u << LK_CHANGE_SCRIPTS;
	}
}

static void look_at_size(struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	change->has_growth = (!from || from->has_size) && (!to || to->has_size);
	if (change->has_growth) {
		change->growth = (int64_t)(to ? to->size : 0) - (int64_t)(from ? from->size : 0);
	}
}

/* FROM or TO is NULL for a package that only the other lock has. */
static void add_change(struct lk_diff_maker *m, struct lk_platform_diff *diff,
	struct changes *changes, const struct lk_record *from, const struct lk_record *to)
{
	struct lk_package_change change = {.name = from ? from->name
			: to                            ? to->name
							: LK_STR(""),
		.from = from,
		.to = to};
	diff->size_from += from ? from->size : 0;
	if (to) {
		diff->size_to += to->size;
		diff->download += from && same_sha256(from, to) ? 0 : to->size;
	}
	if (!diff->from || !diff->to) {
		if (!m->options->whole_platforms) {
			return;
		}
	}
	change.kinds = !from ? 1u << LK_CHANGE_ADDED
		: !to        ? 1u << LK_CHANGE_REMOVED
			     : kinds_of(m, from, to, &change.to_cuda);
	if (change.kinds == 0) {
		return;
	}
	look_at_scripts(m, &change);
	look_at_size(&change);
	change.kind = most_risky(change.kinds);
	diff->counts[change.kind]++;
	lk_vec_push(changes, change);
}

static int by_risk_and_name(const void *a, const void *b)
{
	const struct lk_package_change *left = a;
	const struct lk_package_change *right = b;
	if (left->kind != right->kind) {
		return left->kind < right->kind ? -1 : 1;
	}
	return lk_str_cmp(left->name, right->name);
}

void lk_diff_packages(struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, struct lk_platform_diff *diff)
{
	struct changes changes = {0};
	size_t i = 0;
	size_t j = 0;
	while (i < from->n_packages || j < to->n_packages) {
		int order = i == from->n_packages ? 1
			: j == to->n_packages
			? -1
			: lk_str_cmp(from->packages[i].name, to->packages[j].name);
		const struct lk_record *old = order <= 0 ? &from->packages[i++] : NULL;
		const struct lk_record *new = order >= 0 ? &to->packages[j++] : NULL;
		add_change(m, diff, &changes, old, new);
	}
	struct lk_package_change *items = lk_arena_calloc(m->arena, changes.len, sizeof(*items));
	for (size_t k = 0; k < changes.len; k++) {
		items[k] = changes.items[k];
	}
	if (changes.len > 0) {
		qsort(items, changes.len, sizeof(*items), by_risk_and_name);
	}
	diff->changes = items;
	diff->n_changes = changes.len;
	if (!m->options->no_reasons) {
		lk_diff_reasons(m, from, to, diff, items);
	}
	lk_vec_done(&changes);
}
