/*
 * A lock out of three: header, then platform by platform, package by package; then what no single
 * side could see: packages that nothing needs any more, dependencies that nothing meets.
 */
#include "lock/lock_merge_priv.h"

#include <stdlib.h>

#include "lock/lock_facts.h"
#include "lock/lock_graph.h"
#include "lock/lock_rules_priv.h"

/* The three sides of one platform; a side that does not have it has an empty one. */
struct platforms {
	const struct lk_lock_platform *base, *ours, *theirs;
};

enum lk_merge_side lk_merge_collide(struct lk_merger *m, struct lk_merge_collision collision)
{
	lk_vec_push(&m->collisions, collision);
	return m->prefer;
}

static const struct lk_channel *find_channel(const struct lk_lock *lock, lk_str name)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		if (lk_str_eq(lock->channels[i].name, name)) {
			return &lock->channels[i];
		}
	}
	return NULL;
}

/* Does the record's address follow from its channel in LOCK? */
static bool is_derived(
	struct lk_merger *m, const struct lk_lock *lock, const struct lk_record *record)
{
	const struct lk_channel *channel = find_channel(lock, record->channel);
	return channel &&
		lk_str_eq(record->url, lk_lock_derived_url(channel->url, record, m->arena));
}

static bool same_archive(const struct lk_record *a, const struct lk_record *b)
{
	return a->has_sha256 == b->has_sha256 && lk_sha256_eq(&a->sha256, &b->sha256) &&
		a->has_md5 == b->has_md5 && memcmp(&a->md5, &b->md5, sizeof(a->md5)) == 0 &&
		a->has_size == b->has_size && a->size == b->size;
}

/* Would both locks write the same lines for it? An address that follows from the channel is none of
 * them. */
static bool same_record(struct lk_merger *m, const struct lk_lock *lock_a,
	const struct lk_record *a, const struct lk_lock *lock_b, const struct lk_record *b)
{
	if (!a || !b) {
		return a == b;
	}
	return same_archive(a, b) && lk_str_eq(a->version, b->version) &&
		lk_str_eq(a->build, b->build) && lk_str_eq(a->subdir, b->subdir) &&
		lk_str_eq(a->fn, b->fn) && lk_str_eq(a->channel, b->channel) &&
		lk_str_eq(a->license, b->license) &&
		lk_str_list_eq(&a->active_extras, &b->active_extras) &&
		lk_str_list_eq(&a->depends, &b->depends) &&
		lk_str_list_eq(&a->constrains, &b->constrains) &&
		(lk_str_eq(a->url, b->url) ||
			(is_derived(m, lock_a, a) && is_derived(m, lock_b, b)));
}

static bool same_virtuals(const struct lk_virtuals *a, const struct lk_virtuals *b)
{
	if (a->len != b->len) {
		return false;
	}
	for (size_t i = 0; i < a->len; i++) {
		if (!lk_str_eq(a->items[i].name, b->items[i].name) ||
			!lk_str_eq(a->items[i].version, b->items[i].version) ||
			!lk_str_eq(a->items[i].build, b->items[i].build)) {
			return false;
		}
	}
	return true;
}

/* NULL: the lock does not have the platform. */
static bool same_platform(struct lk_merger *m, const struct lk_lock *lock_a,
	const struct lk_lock_platform *a, const struct lk_lock *lock_b,
	const struct lk_lock_platform *b)
{
	if (!a || !b) {
		return a == b;
	}
	bool same = a->n_packages == b->n_packages && lk_str_list_eq(&a->specs, &b->specs) &&
		lk_str_list_eq(&a->pins, &b->pins) &&
		same_virtuals(&a->solved_with, &b->solved_with);
	for (size_t i = 0; same && i < a->n_packages; i++) {
		same = lk_str_eq(a->packages[i].name, b->packages[i].name) &&
			same_record(m, lock_a, &a->packages[i], lock_b, &b->packages[i]);
	}
	return same;
}

/* The header. */

static lk_str merge_value(
	struct lk_merger *m, enum lk_merge_field field, lk_str base, lk_str ours, lk_str theirs)
{
	enum lk_merge_side side = lk_merge_rule(
		lk_str_eq(ours, theirs), lk_str_eq(ours, base), lk_str_eq(theirs, base));
	if (side == LK_MERGE_NEITHER) {
		side = lk_merge_collide(m,
			(struct lk_merge_collision){
				.field = field, .base = base, .ours = ours, .theirs = theirs});
	}
	return side == LK_MERGE_THEIRS ? theirs : ours;
}

static struct lk_merge_items items_of_channels(struct lk_merger *m, const struct lk_lock *lock)
{
	struct lk_merge_item *items = lk_arena_calloc(m->arena, lock->n_channels, sizeof(*items));
	for (size_t i = 0; i < lock->n_channels; i++) {
		const struct lk_channel *channel = &lock->channels[i];
		items[i] = (struct lk_merge_item){channel->name, channel->name, channel->url};
	}
	return (struct lk_merge_items){items, lock->n_channels};
}

static void merge_channels(struct lk_merger *m, struct lk_lock *into)
{
	struct lk_merge_items base = items_of_channels(m, m->base);
	struct lk_merge_items ours = items_of_channels(m, m->ours);
	struct lk_merge_items theirs = items_of_channels(m, m->theirs);
	struct lk_merge_items merged =
		lk_merge_lists(m, (struct lk_merge_collision){.field = LK_MERGE_CHANNELS},
			LK_ORDER_DECIDES, &base, &ours, &theirs);
	into->channels = lk_arena_calloc(m->arena, merged.n, sizeof(*into->channels));
	into->n_channels = merged.n;
	for (size_t i = 0; i < merged.n; i++) {
		const struct lk_merge_item *item = &merged.items[i];
		into->channels[i] = (struct lk_channel){item->key, item->value, item->value};
	}
}

static struct lk_merge_items items_of_variables(struct lk_merger *m, const struct lk_lock *lock)
{
	struct lk_merge_item *items = lk_arena_calloc(m->arena, lock->n_variables, sizeof(*items));
	for (size_t i = 0; i < lock->n_variables; i++) {
		const struct lk_lock_variable *variable = &lock->variables[i];
		items[i] = (struct lk_merge_item){variable->name, variable->name, variable->value};
	}
	return (struct lk_merge_items){items, lock->n_variables};
}

static void merge_variables(struct lk_merger *m, struct lk_lock *into)
{
	struct lk_merge_items base = items_of_variables(m, m->base);
	struct lk_merge_items ours = items_of_variables(m, m->ours);
	struct lk_merge_items theirs = items_of_variables(m, m->theirs);
	struct lk_merge_items merged =
		lk_merge_lists(m, (struct lk_merge_collision){.field = LK_MERGE_VARIABLES},
			LK_ORDER_FREE, &base, &ours, &theirs);
	into->variables = lk_arena_calloc(m->arena, merged.n, sizeof(*into->variables));
	into->n_variables = merged.n;
	for (size_t i = 0; i < merged.n; i++) {
		into->variables[i] =
			(struct lk_lock_variable){merged.items[i].key, merged.items[i].value};
	}
}

static void merge_header(struct lk_merger *m, struct lk_lock *into)
{
	merge_channels(m, into);
	into->channel_priority = merge_value(m, LK_MERGE_CHANNEL_PRIORITY,
		m->base->channel_priority, m->ours->channel_priority, m->theirs->channel_priority);
	into->exclude_newer = merge_value(m, LK_MERGE_EXCLUDE_NEWER, m->base->exclude_newer,
		m->ours->exclude_newer, m->theirs->exclude_newer);
	merge_variables(m, into);
}

/* A platform's lists. */

static struct lk_str_list merge_specs(struct lk_merger *m, struct lk_merge_collision what,
	enum lk_merge_order order, const struct lk_str_list *base, const struct lk_str_list *ours,
	const struct lk_str_list *theirs)
{
	struct lk_merge_items base_items = lk_merge_items_of_specs(m, base);
	struct lk_merge_items ours_items = lk_merge_items_of_specs(m, ours);
	struct lk_merge_items theirs_items = lk_merge_items_of_specs(m, theirs);
	struct lk_merge_items merged =
		lk_merge_lists(m, what, order, &base_items, &ours_items, &theirs_items);
	lk_str *items = lk_arena_calloc(m->arena, merged.n, sizeof(*items));
	for (size_t i = 0; i < merged.n; i++) {
		items[i] = merged.items[i].value;
	}
	return (struct lk_str_list){items, merged.n};
}

static struct lk_merge_items items_of_virtuals(
	struct lk_merger *m, const struct lk_virtuals *virtuals)
{
	struct lk_merge_item *items = lk_arena_calloc(m->arena, virtuals->len, sizeof(*items));
	for (size_t i = 0; i < virtuals->len; i++) {
		const struct lk_virtual *virtual = &virtuals->items[i];
		items[i] = (struct lk_merge_item){virtual->name, virtual->name,
			lk_str_printf(m->arena, LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(virtual->version), LK_STR_ARG(virtual->build))};
	}
	return (struct lk_merge_items){items, virtuals->len};
}

static int by_name(const void *a, const void *b)
{
	const struct lk_virtual *left = a;
	const struct lk_virtual *right = b;
	return lk_str_cmp(left->name, right->name);
}

static struct lk_virtuals merge_virtuals(struct lk_merger *m, const struct platforms *p)
{
	struct lk_merge_items base = items_of_virtuals(m, &p->base->solved_with);
	struct lk_merge_items ours = items_of_virtuals(m, &p->ours->solved_with);
	struct lk_merge_items theirs = items_of_virtuals(m, &p->theirs->solved_with);
	struct lk_merge_items merged = lk_merge_lists(m,
		(struct lk_merge_collision){
			.field = LK_MERGE_SOLVED_WITH, .subdir = p->ours->subdir},
		LK_ORDER_FREE, &base, &ours, &theirs);
	struct lk_virtuals virtuals = {
		lk_arena_calloc(m->arena, merged.n, sizeof(*virtuals.items)), merged.n, merged.n};
	for (size_t i = 0; i < merged.n; i++) {
		lk_str value = merged.items[i].value;
		size_t equals = lk_str_find_char(value, '=');
		virtuals.items[i] = (struct lk_virtual){merged.items[i].key,
			lk_str_slice(value, 0, equals), lk_str_skip(value, equals + 1)};
	}
	if (merged.n > 0) {
		qsort(virtuals.items, merged.n, sizeof(*virtuals.items), by_name);
	}
	return virtuals;
}

/* A platform's packages. */

/* "2.1.3 py312h58c1407_0 from conda-forge" */
static lk_str record_text(struct lk_merger *m, const struct lk_record *record)
{
	return record ? lk_str_printf(m->arena, LK_STR_FMT " " LK_STR_FMT " from " LK_STR_FMT,
				LK_STR_ARG(record->version), LK_STR_ARG(record->build),
				LK_STR_ARG(record->channel))
		      : (lk_str){NULL, 0};
}

/* Two sides may have the same build with other content: then the texts say so. */
static enum lk_merge_side collide_package(struct lk_merger *m, lk_str subdir, lk_str name,
	const struct lk_record *base, const struct lk_record *ours, const struct lk_record *theirs)
{
	struct lk_merge_collision collision = {
		.field = LK_MERGE_PACKAGES,
		.subdir = subdir,
		.key = name,
		.base = record_text(m, base),
		.ours = record_text(m, ours),
		.theirs = record_text(m, theirs),
	};
	if (ours && theirs && lk_str_eq(collision.ours, collision.theirs)) {
		const char *how = same_archive(ours, theirs) ? "other metadata" : "another archive";
		collision.theirs = lk_str_printf(
			m->arena, LK_STR_FMT " with %s", LK_STR_ARG(collision.theirs), how);
	}
	return lk_merge_collide(m, collision);
}

/* RECORD as it stands in LOCK, put into the merged lock INTO: an address that follows from the
 * channel follows from the merged channel. */
static struct lk_record move_record(struct lk_merger *m, const struct lk_lock *into,
	const struct lk_lock *lock, const struct lk_record *record)
{
	struct lk_record moved = *record;
	const struct lk_channel *from = find_channel(lock, record->channel);
	const struct lk_channel *to = find_channel(into, record->channel);
	if (from && to && !lk_str_eq(from->url, to->url) && is_derived(m, lock, record)) {
		moved.url = lk_lock_derived_url(to->url, record, m->arena);
	}
	return moved;
}

/* A package whose channel the other side took out has nowhere to come from. Told once for each
 * channel of a platform. */
static void need_channel(struct lk_merger *m, const struct lk_lock *into, lk_str subdir,
	const struct lk_lock *lock, const struct lk_record *record)
{
	if (find_channel(into, record->channel) || !is_derived(m, lock, record)) {
		return;
	}
	lk_str place = lk_str_printf(m->arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(subdir),
		LK_STR_ARG(record->channel));
	uint32_t n_lost = m->lost.len;
	if (lk_map_add(&m->lost, place, n_lost) != n_lost) {
		return;
	}
	lk_str text =
		lk_str_printf(m->arena, "'" LK_STR_FMT "' comes from it", LK_STR_ARG(record->name));
	struct lk_merge_collision collision = {
		.field = LK_MERGE_CHANNELS, .subdir = subdir, .key = record->channel};
	*(lock == m->ours ? &collision.ours : &collision.theirs) = text;
	(void)lk_merge_collide(m, collision);
}

static const struct lk_record *next_record(const struct lk_lock_platform *p, size_t at)
{
	return at < p->n_packages ? &p->packages[at] : NULL;
}

static lk_str smaller_name(lk_str name, const struct lk_record *record)
{
	bool smaller = record && (!name.ptr || lk_str_cmp(record->name, name) < 0);
	return smaller ? record->name : name;
}

/* RECORD when it is NAME's; then *AT goes on. */
static const struct lk_record *take_named(const struct lk_record *record, lk_str name, size_t *at)
{
	if (!record || !lk_str_eq(record->name, name)) {
		return NULL;
	}
	(*at)++;
	return record;
}

static void merge_packages(struct lk_merger *m, const struct lk_lock *into,
	const struct platforms *p, struct lk_lock_platform *merged)
{
	size_t room = p->ours->n_packages + p->theirs->n_packages;
	struct lk_record *packages = lk_arena_calloc(m->arena, room, sizeof(*packages));
	size_t b = 0;
	size_t o = 0;
	size_t t = 0;
	size_t n = 0;
	for (;;) {
		const struct lk_record *base = next_record(p->base, b);
		const struct lk_record *ours = next_record(p->ours, o);
		const struct lk_record *theirs = next_record(p->theirs, t);
		lk_str name = smaller_name((lk_str){NULL, 0}, base);
		name = smaller_name(smaller_name(name, ours), theirs);
		if (!base && !ours && !theirs) {
			break;
		}
		base = take_named(base, name, &b);
		ours = take_named(ours, name, &o);
		theirs = take_named(theirs, name, &t);
		enum lk_merge_side side =
			lk_merge_rule(same_record(m, m->ours, ours, m->theirs, theirs),
				same_record(m, m->ours, ours, m->base, base),
				same_record(m, m->theirs, theirs, m->base, base));
		if (side == LK_MERGE_NEITHER) {
			side = collide_package(m, merged->subdir, name, base, ours, theirs);
		}
		const struct lk_lock *lock = side == LK_MERGE_THEIRS ? m->theirs : m->ours;
		const struct lk_record *taken = side == LK_MERGE_THEIRS ? theirs : ours;
		if (taken) {
			need_channel(m, into, merged->subdir, lock, taken);
			packages[n++] = move_record(m, into, lock, taken);
		}
	}
	merged->packages = packages;
	merged->n_packages = n;
}

/* What nothing needs any more. */

/* Has SIDE the package NAME without any spec that leads to it? */
static bool is_loose(const struct lk_lock_graph *side, lk_str name)
{
	uint32_t at = lk_lock_graph_find(side, name);
	return at != LK_GRAPH_NONE && side->nodes[at].root == LK_GRAPH_NONE;
}

static void drop_loose(
	struct lk_merger *m, const struct platforms *p, struct lk_lock_platform *merged)
{
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) all;
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) ours;
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) theirs;
	lk_lock_graph_make(merged, &all);
	lk_lock_graph_make(p->ours, &ours);
	lk_lock_graph_make(p->theirs, &theirs);
	struct lk_record *kept = lk_arena_calloc(m->arena, merged->n_packages, sizeof(*kept));
	size_t n = 0;
	for (size_t i = 0; i < merged->n_packages; i++) {
		const struct lk_record *record = &merged->packages[i];
		if (all.nodes[i].root != LK_GRAPH_NONE || is_loose(&ours, record->name) ||
			is_loose(&theirs, record->name)) {
			kept[n++] = *record;
		} else {
			lk_vec_push(&m->dropped, (struct lk_merge_dropped){merged->subdir, record});
		}
	}
	merged->packages = kept;
	merged->n_packages = n;
}

/* Platforms. */

static struct lk_lock_platform merge_both(
	struct lk_merger *m, const struct lk_lock *into, const struct platforms *p)
{
	struct lk_lock_platform merged = {.subdir = p->ours->subdir};
	struct lk_merge_collision what = {.field = LK_MERGE_SPECS, .subdir = merged.subdir};
	merged.specs = merge_specs(
		m, what, LK_ORDER_TIES, &p->base->specs, &p->ours->specs, &p->theirs->specs);
	what.field = LK_MERGE_PINS;
	merged.pins = merge_specs(
		m, what, LK_ORDER_FREE, &p->base->pins, &p->ours->pins, &p->theirs->pins);
	merged.solved_with = merge_virtuals(m, p);
	merge_packages(m, into, p, &merged);
	drop_loose(m, p, &merged);
	return merged;
}

static struct lk_lock_platform take_whole(struct lk_merger *m, const struct lk_lock *into,
	const struct lk_lock *lock, const struct lk_lock_platform *platform)
{
	struct lk_lock_platform taken = *platform;
	struct lk_record *packages =
		lk_arena_calloc(m->arena, platform->n_packages, sizeof(*packages));
	for (size_t i = 0; i < platform->n_packages; i++) {
		need_channel(m, into, platform->subdir, lock, &platform->packages[i]);
		packages[i] = move_record(m, into, lock, &platform->packages[i]);
	}
	taken.packages = packages;
	return taken;
}

struct finder {
	struct lk_merger *m;
	lk_str subdir;
};

/* More than this nobody reads. */
#define MAX_UNMET 1000

static void note_unmet(void *ctx, const struct lk_lock_fault *fault)
{
	const struct finder *f = ctx;
	if (f->m->unmet.len < MAX_UNMET) {
		lk_vec_push(&f->m->unmet,
			lk_str_printf(f->m->arena, LK_STR_FMT ": " LK_STR_FMT "%s%s",
				LK_STR_ARG(f->subdir), LK_STR_ARG(fault->package),
				fault->package.len > 0 ? " " : "", fault->text));
	}
}

static void check_platform(struct lk_merger *m, const struct lk_lock_platform *platform)
{
	struct finder f = {m, platform->subdir};
	lk_lock_each_fault(platform, note_unmet, &f);
}

/* One platform of the merged lock; false when it goes. */
static bool merge_platform(struct lk_merger *m, const struct lk_lock *into, lk_str subdir,
	struct lk_lock_platform *ret)
{
	static const struct lk_lock_platform none;
	const struct lk_lock_platform *base = lk_lock_find_platform(m->base, subdir);
	const struct lk_lock_platform *ours = lk_lock_find_platform(m->ours, subdir);
	const struct lk_lock_platform *theirs = lk_lock_find_platform(m->theirs, subdir);
	size_t n_before = m->collisions.len;
	enum lk_merge_side side = lk_merge_rule(same_platform(m, m->ours, ours, m->theirs, theirs),
		same_platform(m, m->ours, ours, m->base, base),
		same_platform(m, m->theirs, theirs, m->base, base));
	bool both = side == LK_MERGE_NEITHER && ours && theirs;
	if (side == LK_MERGE_NEITHER && !both) {
		side = lk_merge_collide(m,
			(struct lk_merge_collision){
				.field = LK_MERGE_PLATFORMS,
				.key = subdir,
				.base = LK_STR("there"),
				.ours = ours ? LK_STR("changed") : LK_STR(""),
				.theirs = theirs ? LK_STR("changed") : LK_STR(""),
			});
	}
	const struct lk_lock_platform *taken = side == LK_MERGE_THEIRS ? theirs : ours;
	if (!taken) {
		return false;
	}
	if (both) {
		struct platforms p = {base ? base : &none, ours, theirs};
		*ret = merge_both(m, into, &p);
	} else {
		*ret = take_whole(m, into, side == LK_MERGE_THEIRS ? m->theirs : m->ours, taken);
	}
	lk_lock_requires(ret, m->arena);
	if (m->collisions.len == n_before || m->prefer != LK_MERGE_NEITHER) {
		check_platform(m, ret);
	}
	return true;
}

/* Both lists of platforms are sorted. */
static void merge_platforms(struct lk_merger *m, struct lk_lock *into)
{
	const struct lk_lock *ours = m->ours;
	const struct lk_lock *theirs = m->theirs;
	into->platforms = lk_arena_calloc(
		m->arena, ours->n_platforms + theirs->n_platforms, sizeof(*into->platforms));
	size_t o = 0;
	size_t t = 0;
	while (o < ours->n_platforms || t < theirs->n_platforms) {
		int order = o == ours->n_platforms ? 1
			: t == theirs->n_platforms
			? -1
			: lk_str_cmp(ours->platforms[o].subdir, theirs->platforms[t].subdir);
		lk_str subdir =
			order <= 0 ? ours->platforms[o].subdir : theirs->platforms[t].subdir;
		o += order <= 0;
		t += order >= 0;
		if (merge_platform(m, into, subdir, &into->platforms[into->n_platforms])) {
			into->n_platforms++;
		}
	}
}

static void take_findings(struct lk_merger *m, struct lk_lock_merge *ret)
{
	struct lk_merge_collision *collisions =
		lk_arena_calloc(m->arena, m->collisions.len, sizeof(*collisions));
	for (size_t i = 0; i < m->collisions.len; i++) {
		collisions[i] = m->collisions.items[i];
	}
	struct lk_merge_dropped *dropped =
		lk_arena_calloc(m->arena, m->dropped.len, sizeof(*dropped));
	for (size_t i = 0; i < m->dropped.len; i++) {
		dropped[i] = m->dropped.items[i];
	}
	lk_str *unmet = lk_arena_calloc(m->arena, m->unmet.len, sizeof(*unmet));
	for (size_t i = 0; i < m->unmet.len; i++) {
		unmet[i] = m->unmet.items[i];
	}
	ret->collisions = collisions;
	ret->n_collisions = m->collisions.len;
	ret->dropped = dropped;
	ret->n_dropped = m->dropped.len;
	ret->unmet = (struct lk_str_list){unmet, m->unmet.len};
	lk_vec_done(&m->collisions);
	lk_vec_done(&m->dropped);
	lk_vec_done(&m->unmet);
	lk_map_done(&m->lost);
}

void lk_lock_merge_make(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, enum lk_merge_side prefer, struct lk_lock_merge *ret)
{
	static const struct lk_lock nothing;
	*ret = (struct lk_lock_merge){0};
	lk_arena_init(&ret->lock.arena);
	struct lk_merger m = {
		.prefer = prefer,
		.arena = &ret->lock.arena,
		.base = base ? base : &nothing,
		.ours = ours,
		.theirs = theirs,
	};
	merge_header(&m, &ret->lock);
	merge_platforms(&m, &ret->lock);
	take_findings(&m, ret);
	/* Not merged but kept: a fact is one of the archive, whichever side has looked. */
	lk_lock_keep_facts(&ret->lock, ours);
	lk_lock_keep_facts(&ret->lock, theirs);
}

void lk_lock_merge_done(struct lk_lock_merge *merge)
{
	lk_lock_done(&merge->lock);
	*merge = (struct lk_lock_merge){0};
}

bool lk_lock_merge_is_clean(const struct lk_lock_merge *merge)
{
	return merge->n_collisions == 0 && merge->unmet.n == 0;
}
