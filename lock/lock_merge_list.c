/*
 * Lists of named values merged: each value by the rule of three, and the order too.
 *
 * The order is that of the lead, the side that moved what both have (ours, if neither did). What
 * the other side adds follows what stands before it there. Additions of both at one place stand one
 * after the other, the lead's first.
 */
#include "lock/lock_merge_priv.h"

struct lists {
	struct lk_merger *m;
	struct lk_merge_collision what;
	const struct lk_merge_items *base, *ours, *theirs;
	struct lk_map in_base, in_ours, in_theirs;
};

/* The merged list as a chain, so that inserting costs the same everywhere. */
struct link {
	const struct lk_merge_item *item;
	bool only_lead; /* the other side does not have it */
	uint32_t next;
};
struct chain {
	struct LK_VEC_OF(struct link) links; /* the first one is no item, but the start */
	struct lk_map at;                    /* key to link */
};

static void index_items(const struct lk_merge_items *list, struct lk_map *map)
{
	for (size_t i = 0; i < list->n; i++) {
		lk_map_add(map, list->items[i].key, (uint32_t)i);
	}
}

static const struct lk_merge_item *find(
	const struct lk_merge_items *list, const struct lk_map *map, lk_str key)
{
	uint32_t at = lk_map_get(map, key);
	return at == LK_MAP_NONE ? NULL : &list->items[at];
}

static bool same_item(const struct lk_merge_item *a, const struct lk_merge_item *b)
{
	return a && b ? lk_str_eq(a->value, b->value) : a == b;
}

static lk_str value_of(const struct lk_merge_item *item)
{
	return item ? item->value : (lk_str){NULL, 0};
}

/* Of KEY, which one side at least has: the merged item, NULL when it goes. */
static const struct lk_merge_item *settle(struct lists *l, lk_str key)
{
	const struct lk_merge_item *base = find(l->base, &l->in_base, key);
	const struct lk_merge_item *ours = find(l->ours, &l->in_ours, key);
	const struct lk_merge_item *theirs = find(l->theirs, &l->in_theirs, key);
	enum lk_merge_side side = lk_merge_rule(
		same_item(ours, theirs), same_item(ours, base), same_item(theirs, base));
	if (side == LK_MERGE_NEITHER) {
		struct lk_merge_collision collision = l->what;
		collision.key = ours ? ours->name : theirs->name;
		collision.base = value_of(base);
		collision.ours = value_of(ours);
		collision.theirs = value_of(theirs);
		side = lk_merge_collide(l->m, collision);
	}
	return side == LK_MERGE_THEIRS ? theirs : ours;
}

/* The names of the items of LIST that OTHER has too, joined, for people. */
static lk_str order_text(
	struct lists *l, const struct lk_merge_items *list, const struct lk_map *other)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list->n && !text.overflow; i++) {
		if (lk_map_get(other, list->items[i].key) != LK_MAP_NONE) {
			lk_buf_puts(&text, text.len > 0 ? ", " : "");
			lk_buf_put(&text, list->items[i].name);
		}
	}
	return lk_str_shorten(l->m->arena, lk_str_dup(l->m->arena, lk_buf_view(&text)), 160);
}

/* Have A and B what both of them and OURS and THEIRS have in the same order? */
static bool same_order(
	const struct lists *l, const struct lk_merge_items *a, const struct lk_merge_items *b)
{
	size_t i = 0;
	size_t j = 0;
	for (;;) {
		while (i < a->n &&
			(lk_map_get(&l->in_ours, a->items[i].key) == LK_MAP_NONE ||
				lk_map_get(&l->in_theirs, a->items[i].key) == LK_MAP_NONE)) {
			i++;
		}
		while (j < b->n &&
			(lk_map_get(&l->in_ours, b->items[j].key) == LK_MAP_NONE ||
				lk_map_get(&l->in_theirs, b->items[j].key) == LK_MAP_NONE)) {
			j++;
		}
		if (i == a->n || j == b->n) {
			return i == a->n && j == b->n;
		}
		if (!lk_str_eq(a->items[i++].key, b->items[j++].key)) {
			return false;
		}
	}
}

static enum lk_merge_side collide_order(struct lists *l)
{
	struct lk_merge_collision collision = l->what;
	collision.ours = order_text(l, l->ours, &l->in_theirs);
	collision.theirs = order_text(l, l->theirs, &l->in_ours);
	return lk_merge_collide(l->m, collision);
}

static enum lk_merge_side choose_lead(struct lists *l, enum lk_merge_order order)
{
	if (same_order(l, l->ours, l->theirs)) {
		return l->m->prefer;
	}
	enum lk_merge_side lead = lk_merge_rule(
		false, same_order(l, l->ours, l->base), same_order(l, l->theirs, l->base));
	if (lead == LK_MERGE_NEITHER && order != LK_ORDER_FREE) {
		lead = collide_order(l);
	}
	return lead;
}

static uint32_t insert(struct chain *chain, uint32_t after, struct link link)
{
	uint32_t at = (uint32_t)chain->links.len;
	link.next = chain->links.items[after].next;
	lk_vec_push(&chain->links, link);
	chain->links.items[after].next = at;
	lk_map_add(&chain->at, link.item->key, at);
	return at;
}

/* What OTHER has beside the chain, each behind the one before it. False when something stands where
 * the lead added too. */
static bool insert_additions(
	struct lists *l, struct chain *chain, const struct lk_merge_items *other)
{
	bool certain = true;
	uint32_t after = 0;
	for (size_t i = 0; i < other->n; i++) {
		uint32_t at = lk_map_get(&chain->at, other->items[i].key);
		if (at != LK_MAP_NONE) {
			after = at;
			continue;
		}
		const struct lk_merge_item *item = settle(l, other->items[i].key);
		if (!item) {
			continue;
		}
		uint32_t next = chain->links.items[after].next;
		while (next != 0 && chain->links.items[next].only_lead) {
			certain = false;
			after = next;
			next = chain->links.items[after].next;
		}
		after = insert(chain, after, (struct link){.item = item});
	}
	return certain;
}

static struct lk_merge_items take(struct lk_merger *m, const struct chain *chain)
{
	struct lk_merge_item *items = lk_arena_calloc(m->arena, chain->links.len, sizeof(*items));
	size_t n = 0;
	for (uint32_t at = chain->links.items[0].next; at != 0; at = chain->links.items[at].next) {
		items[n++] = *chain->links.items[at].item;
	}
	return (struct lk_merge_items){items, n};
}

/* Both sides add at one place where the order decides. */
static void collide_place(struct lists *l)
{
	struct lk_merge_collision collision = l->what;
	collision.base = order_text(l, l->base, &l->in_base);
	collision.ours = order_text(l, l->ours, &l->in_ours);
	collision.theirs = order_text(l, l->theirs, &l->in_theirs);
	(void)lk_merge_collide(l->m, collision);
}

static struct lk_merge_items merge(struct lists *l, enum lk_merge_order order)
{
	enum lk_merge_side lead = choose_lead(l, order);
	bool is_ours = lead != LK_MERGE_THEIRS;
	const struct lk_merge_items *first = is_ours ? l->ours : l->theirs;
	const struct lk_merge_items *other = is_ours ? l->theirs : l->ours;
	const struct lk_map *in_other = is_ours ? &l->in_theirs : &l->in_ours;
	struct chain chain = {0};
	lk_vec_push(&chain.links, (struct link){0});
	uint32_t after = 0;
	for (size_t i = 0; i < first->n; i++) {
		lk_str key = first->items[i].key;
		const struct lk_merge_item *item = settle(l, key);
		bool only_lead = lk_map_get(in_other, key) == LK_MAP_NONE;
		if (item) {
			after = insert(
				&chain, after, (struct link){.item = item, .only_lead = only_lead});
		}
	}
	if (!insert_additions(l, &chain, other) && order == LK_ORDER_DECIDES) {
		collide_place(l);
	}
	struct lk_merge_items merged = take(l->m, &chain);
	lk_vec_done(&chain.links);
	lk_map_done(&chain.at);
	return merged;
}

struct lk_merge_items lk_merge_lists(struct lk_merger *m, struct lk_merge_collision what,
	enum lk_merge_order order, const struct lk_merge_items *base,
	const struct lk_merge_items *ours, const struct lk_merge_items *theirs)
{
	struct lists l = {.m = m, .what = what, .base = base, .ours = ours, .theirs = theirs};
	index_items(base, &l.in_base);
	index_items(ours, &l.in_ours);
	index_items(theirs, &l.in_theirs);
	struct lk_merge_items merged = merge(&l, order);
	lk_map_done(&l.in_base);
	lk_map_done(&l.in_ours);
	lk_map_done(&l.in_theirs);
	return merged;
}

static lk_str name_of_spec(struct lk_merger *m, lk_str text)
{
	const struct lk_matchspec *spec;
	struct lk_error ignored = LK_ERROR_INIT;
	bool known = lk_matchspec_parse(text, LK_SPEC_USER, m->arena, &spec, &ignored) == 0 &&
		spec->name.len > 0;
	return known ? spec->name : text;
}

struct lk_merge_items lk_merge_items_of_specs(struct lk_merger *m, const struct lk_str_list *specs)
{
	struct lk_merge_item *items = lk_arena_calloc(m->arena, specs->n, sizeof(*items));
	struct lk_map counts = {0};
	for (size_t i = 0; i < specs->n; i++) {
		lk_str name = name_of_spec(m, specs->items[i]);
		uint32_t seen = lk_map_add(&counts, name, 0);
		lk_map_set(&counts, name, seen + 1);
		/* No text of a lock holds a line feed. */
		lk_str key = lk_str_printf(m->arena, LK_STR_FMT "\n%u", LK_STR_ARG(name), seen);
		items[i] = (struct lk_merge_item){key, name, specs->items[i]};
	}
	lk_map_done(&counts);
	return (struct lk_merge_items){items, specs->n};
}
