/*
 * Entries of a diff in the order of a page, their counts and the words of its head.
 */
#include "lock/lock_diff_page_priv.h"

#include <stdlib.h>

static bool fails(const struct lk_policy *policy, const struct lk_page_entry *entry)
{
	if (!policy) {
		return false;
	}
	return entry->package ? lk_policy_fails_package(policy, entry->package->change)
			      : lk_policy_fails(policy, entry->kind, (lk_str){NULL, 0});
}

static void add(struct lk_diff_page *page, struct lk_page_entry entry)
{
	entry.fails = fails(page->options->policy, &entry);
	page->n_failing += entry.fails ? 1 : 0;
	enum lk_severity severity = lk_change_severity(entry.kind);
	page->by_kind[entry.kind]++;
	page->by_severity[severity]++;
	page->worst = severity < page->worst ? severity : page->worst;
	for (size_t i = 0; entry.set && i < entry.set->n; i++) {
		page->by_platform[entry.set->platforms[i]][severity]++;
	}
	if (entry.platform) {
		page->by_platform[entry.platform - page->diff->platforms][severity]++;
	}
	lk_vec_push(&page->entries, entry);
}

static void add_edits(struct lk_diff_page *page, enum lk_change kind)
{
	const struct lk_lock_edits *header = &page->diff->edits;
	for (size_t i = 0; i < header->n; i++) {
		if (header->items[i].change == kind) {
			add(page, (struct lk_page_entry){.kind = kind, .edit = &header->items[i]});
		}
	}
	const struct lk_diff_groups *groups = &page->groups;
	for (size_t i = 0; i < groups->n_edits; i++) {
		const struct lk_edit_group *group = &groups->edits[i];
		if (group->edit->change == kind) {
			add(page,
				(struct lk_page_entry){.kind = kind,
					.set = &groups->sets[group->set],
					.edit = group->edit});
		}
	}
}

static void add_requirements(struct lk_diff_page *page, enum lk_change kind)
{
	const struct lk_diff_groups *groups = &page->groups;
	for (size_t i = 0; i < groups->n_requirements; i++) {
		const struct lk_requirement_group *group = &groups->requirements[i];
		if (lk_requirement_kind(group->requirement) == kind) {
			add(page,
				(struct lk_page_entry){.kind = kind,
					.set = &groups->sets[group->set],
					.requirement = group->requirement});
		}
	}
}

static void add_platforms(struct lk_diff_page *page, enum lk_change kind)
{
	for (size_t i = 0; i < page->diff->n_platforms; i++) {
		const struct lk_platform_diff *platform = &page->diff->platforms[i];
		if ((kind == LK_CHANGE_PLATFORM_REMOVED && !platform->to) ||
			(kind == LK_CHANGE_PLATFORM_ADDED && !platform->from)) {
			add(page, (struct lk_page_entry){.kind = kind, .platform = platform});
		}
	}
}

static void add_packages(struct lk_diff_page *page, enum lk_change kind)
{
	const struct lk_diff_groups *groups = &page->groups;
	for (size_t i = 0; i < groups->n_packages; i++) {
		const struct lk_package_group *group = &groups->packages[i];
		if (group->change->kind == kind) {
			add(page,
				(struct lk_page_entry){.kind = kind,
					.set = &groups->sets[group->set],
					.package = group});
		}
	}
}

/* Do the changed packages come from several channels? */
static bool has_many_channels(const struct lk_diff_groups *groups)
{
	lk_str first = {NULL, 0};
	for (size_t i = 0; i < groups->n_packages; i++) {
		const struct lk_package_change *change = groups->packages[i].change;
		lk_str channel = (change->to ? change->to : change->from)->channel;
		if (first.len > 0 && !lk_str_eq(first, channel)) {
			return true;
		}
		first = channel;
	}
	return false;
}

static void add_move(struct lk_page_moves *moves, lk_str from, lk_str to)
{
	for (size_t i = 0; i < moves->len; i++) {
		struct lk_page_move *move = &moves->items[i];
		if (lk_str_eq(move->from, from) && lk_str_eq(move->to, to)) {
			move->n++;
			return;
		}
	}
	lk_vec_push(moves, (struct lk_page_move){from, to, 1});
}

static void count_moves(struct lk_diff_page *page)
{
	for (size_t i = 0; i < page->groups.n_packages; i++) {
		const struct lk_package_change *change = page->groups.packages[i].change;
		if (lk_package_has(change, LK_CHANGE_CHANNEL)) {
			add_move(&page->moves, change->from->channel, change->to->channel);
		}
	}
}

void lk_diff_page_make(const struct lk_lock_diff *diff, const struct lk_diff_page_options *options,
	struct lk_diff_page *ret)
{
	*ret = (struct lk_diff_page){.diff = diff, .options = options, .worst = LK_SEVERITY_COUNT};
	ret->by_platform =
		lk_arena_calloc(&ret->arena, diff->n_platforms, sizeof(*ret->by_platform));
	lk_diff_groups_make(diff, &ret->groups);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		add_edits(ret, kind);
		add_requirements(ret, kind);
		add_platforms(ret, kind);
		add_packages(ret, kind);
	}
	count_moves(ret);
	ret->many_channels = has_many_channels(&ret->groups);
	ret->many_platforms = diff->n_platforms > 1;
}

void lk_diff_page_done(struct lk_diff_page *page)
{
	lk_vec_done(&page->entries);
	lk_vec_done(&page->moves);
	lk_diff_groups_done(&page->groups);
	lk_arena_done(&page->arena);
}

/* ---- words ---- */

#define NO_BREAK "\u00a0" /* a space that ends no line */

lk_str lk_page_bytes(struct lk_arena *arena, uint64_t bytes)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(32);
	lk_buf_put_size(&text, bytes);
	lk_str whole = lk_buf_view(&text);
	size_t space = lk_str_find_char(whole, ' ');
	return lk_str_printf(arena, LK_STR_FMT NO_BREAK LK_STR_FMT,
		LK_STR_ARG(lk_str_slice(whole, 0, space)),
		LK_STR_ARG(lk_str_skip(whole, space + 1)));
}

const char *lk_diff_page_heading(enum lk_severity severity)
{
	static const char *const headings[] = {
		[LK_SEVERITY_CRITICAL] = "Critical",
		[LK_SEVERITY_HIGH] = "High risk",
		[LK_SEVERITY_MEDIUM] = "Medium risk",
		[LK_SEVERITY_LOW] = "Low risk",
		[LK_SEVERITY_INFO] = "For information",
	};
	return headings[severity];
}

lk_str lk_diff_page_verdict(struct lk_diff_page *page)
{
	size_t critical = page->by_severity[LK_SEVERITY_CRITICAL];
	size_t high = page->by_severity[LK_SEVERITY_HIGH];
	size_t medium = page->by_severity[LK_SEVERITY_MEDIUM];
	switch (page->worst) {
	case LK_SEVERITY_CRITICAL:
		return lk_str_printf(&page->arena,
			"%zu critical change%s: find out why before you merge.", critical,
			critical == 1 ? "" : "s");
	case LK_SEVERITY_HIGH:
		return lk_str_printf(&page->arena,
			"Nothing critical; %zu change%s of high risk to read.", high,
			high == 1 ? "" : "s");
	case LK_SEVERITY_MEDIUM:
		return lk_str_printf(&page->arena,
			"Nothing critical or of high risk; %zu change%s of medium risk.", medium,
			medium == 1 ? "" : "s");
	case LK_SEVERITY_LOW:
		return LK_STR("Only changes of low risk.");
	case LK_SEVERITY_INFO:
		return LK_STR("No package is another one; for information only.");
	default:
		return LK_STR("No difference.");
	}
}

lk_str lk_diff_page_note(struct lk_diff_page *page)
{
	size_t unknown = page->diff->n_scripts_unknown;
	if (!page->diff->knows_scripts || unknown == 0) {
		return (lk_str){NULL, 0};
	}
	return lk_str_printf(&page->arena,
		"Whether %zu new archive%s link scripts is not known: %s not in the cache.",
		unknown, unknown == 1 ? " has" : "s have", unknown == 1 ? "it is" : "they are");
}
