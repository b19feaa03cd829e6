/*
 * The diff for a reviewer's terminal: the summary, then what was asked for and what came of it,
 * most risky first. An upgrade is one line; what came or went along with something else, and what
 * was only built again, are named in paragraphs under the reason that they share.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/map.h"
#include "lock/lock_diff_out_priv.h"

void lk_text_piece(struct lk_text *t, size_t indent, size_t gap, enum lk_colour colour)
{
	lk_out_piece(&t->out, indent, gap, colour, lk_buf_view(&t->piece));
	lk_buf_clear(&t->piece);
}

static lk_str or_none(lk_str text)
{
	return text.len > 0 ? text : LK_STR("(none)");
}

void lk_text_move(struct lk_text *t, size_t indent, const char *label, lk_str from, lk_str to)
{
	size_t gap = t->out.column > LK_TEXT_NAME ? 2 : 0;
	from = or_none(from);
	to = or_none(to);
	lk_buf_appendf(&t->piece, "%s" LK_STR_FMT, label, LK_STR_ARG(from));
	size_t width = lk_out_width(&t->out, lk_buf_view(&t->piece));
	bool is_long = indent + width + 4 + lk_out_width(&t->out, to) > LK_OUT_COLUMNS;
	if (is_long) {
		lk_text_piece(t, indent, gap, LK_PLAIN);
		lk_out_newline(&t->out);
	} else {
		lk_buf_putc(&t->piece, ' ');
	}
	lk_buf_puts(&t->piece, "-> ");
	lk_buf_put(&t->piece, to);
	lk_text_piece(t, indent, gap, LK_PLAIN);
}

void lk_text_mark(struct lk_text *t, enum lk_colour colour, const char *mark)
{
	lk_out_pad_to(&t->out, LK_TEXT_MARK);
	lk_out_puts(&t->out, colour, mark);
	lk_out_pad_to(&t->out, LK_TEXT_NAME);
}

/* ---- platforms ---- */

/* "linux-64, osx-arm64" under which changes stand that only these have. */
static void put_set(struct lk_text *t, uint32_t index)
{
	const struct lk_diff_set *set = &t->groups.sets[index];
	if (set->is_all) {
		return;
	}
	lk_out_pad_to(&t->out, LK_TEXT_MARK);
	for (size_t i = 0; i < set->n; i++) {
		lk_buf_put(&t->piece, t->diff->platforms[set->platforms[i]].subdir);
		lk_buf_putc(&t->piece, i + 1 < set->n ? ',' : ':');
		lk_text_piece(t, LK_TEXT_MARK, i == 0 ? 0 : 1, LK_DIM);
	}
	lk_out_newline(&t->out);
}

static void put_heading(struct lk_text *t, enum lk_colour colour, const char *title, size_t n)
{
	lk_out_newline(&t->out);
	lk_out_puts(&t->out, colour == LK_PLAIN || colour == LK_DIM ? LK_BOLD : colour, title);
	if (n > 0) {
		lk_out_printf(&t->out, LK_PLAIN, " (%zu)", n);
	}
	lk_out_newline(&t->out);
}

/* ---- lines outside the packages ---- */

static void put_edit(struct lk_text *t, const struct lk_lock_edit *edit)
{
	static const struct {
		const char *mark;
		enum lk_colour colour;
	} marks[] = {
		[LK_EDIT_ADDED] = {"+", LK_GREEN},
		[LK_EDIT_REMOVED] = {"-", LK_RED},
		[LK_EDIT_CHANGED] = {"~", LK_YELLOW},
		[LK_EDIT_REORDERED] = {"~", LK_YELLOW},
		[LK_EDIT_RENAMED] = {"~", LK_YELLOW},
	};
	bool is_spec = edit->field == LK_EDIT_SPECS || edit->field == LK_EDIT_PINS;
	lk_text_mark(t, marks[edit->kind].colour, marks[edit->kind].mark);
	if (edit->key.len > 0 && !(is_spec && edit->kind == LK_EDIT_CHANGED)) {
		lk_out_piece(&t->out, LK_TEXT_NAME, 0, marks[edit->kind].colour, edit->key);
	}
	lk_str only = edit->from.len > 0 ? edit->from : edit->to;
	if (edit->kind == LK_EDIT_REORDERED) {
		lk_out_piece(&t->out, LK_TEXT_NAME, 0, LK_YELLOW,
			edit->field == LK_EDIT_CHANNELS
				? LK_STR("the same in another order (the first wins)")
				: LK_STR("the same in another order"));
	} else if (edit->kind == LK_EDIT_CHANGED || edit->kind == LK_EDIT_RENAMED) {
		lk_text_move(t, LK_TEXT_NOTE, edit->kind == LK_EDIT_RENAMED ? "named " : "",
			edit->from, edit->to);
	} else if (only.len > 0) {
		lk_out_piece(&t->out, LK_TEXT_NOTE, 2, LK_PLAIN, only);
	}
	lk_out_newline(&t->out);
}

static const char *const titles[] = {
	[LK_EDIT_REQUIRES_DEPENDS] = "",
	[LK_EDIT_REQUIRES_CONSTRAINS] = "",
	[LK_EDIT_SPECS] = "specs",
	[LK_EDIT_PINS] = "pins",
	[LK_EDIT_SOLVED_WITH] = "solved with",
	[LK_EDIT_CHANNELS] = "channels",
	[LK_EDIT_CHANNEL_PRIORITY] = "channel priority",
	[LK_EDIT_EXCLUDE_NEWER] = "exclude newer than",
	[LK_EDIT_VARIABLES] = "variables",
};

/* The header's lines about channels, or the others. */
static void put_header(struct lk_text *t, bool channels)
{
	const struct lk_lock_edits *edits = &t->diff->edits;
	const struct lk_lock_edit *before = NULL;
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		bool is_channel =
			edit->field == LK_EDIT_CHANNELS || edit->field == LK_EDIT_CHANNEL_PRIORITY;
		if (is_channel != channels) {
			continue;
		}
		if (!before || before->field != edit->field) {
			put_heading(t, lk_out_change_colour(edit->change), titles[edit->field], 0);
		}
		before = edit;
		put_edit(t, edit);
	}
}

static void put_platform_edits(struct lk_text *t)
{
	const struct lk_edit_group *before = NULL;
	for (size_t i = 0; i < t->groups.n_edits; i++) {
		const struct lk_edit_group *group = &t->groups.edits[i];
		if (group->edit->change == LK_CHANGE_COUNT) {
			continue;
		}
		bool is_new = !before || before->edit->field != group->edit->field;
		if (is_new) {
			put_heading(t, LK_PLAIN, titles[group->edit->field], 0);
		}
		if (is_new || before->set != group->set) {
			put_set(t, group->set);
		}
		before = group;
		put_edit(t, group->edit);
	}
}

/* "__cuda >=12.4" without the name, for the right side of an arrow. */
static lk_str without_name(lk_str spec, lk_str name)
{
	return lk_str_starts(spec, name) && spec.len > name.len
		? lk_str_trim(lk_str_skip(spec, name.len))
		: spec;
}

static void put_requirement(struct lk_text *t, const struct lk_requirement_change *requirement)
{
	lk_str name = requirement->name;
	enum lk_colour colour = lk_out_change_colour(lk_requirement_kind(requirement));
	lk_text_mark(t, colour, requirement->rose ? "!" : "~");
	lk_out_piece(&t->out, LK_TEXT_NAME, 0, colour, name);
	lk_str from = without_name(requirement->from, name);
	lk_str to = without_name(requirement->to, name);
	if (!lk_str_eq(from, to)) {
		lk_text_move(t, LK_TEXT_NOTE, "", from, to);
	}
	if (requirement->must_be_there != requirement->had_to_be_there) {
		lk_out_piece(&t->out, LK_TEXT_NOTE, 2, LK_PLAIN,
			requirement->must_be_there ? LK_STR("must be there now")
						   : LK_STR("need not be there any more"));
	} else if (!requirement->must_be_there) {
		lk_out_piece(&t->out, LK_TEXT_NOTE, 2, LK_PLAIN, LK_STR("where there is one"));
	}
	if (requirement->by) {
		lk_buf_puts(&t->piece, requirement->to.len > 0 ? "by " : "was asked for by ");
		lk_buf_put(&t->piece, requirement->by->name);
		if (requirement->n_by > 1) {
			lk_buf_appendf(&t->piece, " and %zu more", requirement->n_by - 1);
		}
		lk_text_piece(t, LK_TEXT_NOTE, 2, LK_DIM);
	}
	lk_out_newline(&t->out);
}

static void put_requirements(struct lk_text *t, bool rose)
{
	const struct lk_requirement_group *before = NULL;
	for (size_t i = 0; i < t->groups.n_requirements; i++) {
		const struct lk_requirement_group *group = &t->groups.requirements[i];
		if (group->requirement->rose != rose) {
			continue;
		}
		if (!before) {
			put_heading(t, rose ? LK_RED : LK_PLAIN,
				rose ? "the host must offer more" : "the host may offer less", 0);
		}
		if (!before || before->set != group->set) {
			put_set(t, group->set);
		}
		before = group;
		put_requirement(t, group->requirement);
	}
}

/* ---- sections ---- */

static void put_kind(struct lk_text *t, enum lk_change kind)
{
	const struct lk_package_group *groups = t->groups.packages;
	size_t n = t->groups.counts[kind];
	if (n == 0) {
		return;
	}
	while (groups->change->kind != kind) {
		groups++;
	}
	bool in_paragraphs =
		kind == LK_CHANGE_ADDED || kind == LK_CHANGE_REMOVED || kind == LK_CHANGE_REBUILT;
	put_heading(t, lk_out_severity_colour(lk_change_severity(kind)), lk_change_title(kind), n);
	for (size_t i = 0; i < n;) {
		size_t first = i;
		while (i < n && groups[i].set == groups[first].set) {
			i++;
		}
		put_set(t, groups[first].set);
		if (in_paragraphs) {
			lk_text_paragraphs(t, groups + first, i - first);
		} else {
			lk_text_lines(t, groups + first, i - first);
		}
	}
}

static void put_kinds(struct lk_text *t, enum lk_change first, enum lk_change last)
{
	for (enum lk_change kind = first; kind <= last; kind++) {
		put_kind(t, kind);
	}
}

/* The channel that most packages of the new lock (of the old one where it has none) come from. */
static lk_str main_channel(const struct lk_lock_diff *diff)
{
	struct lk_map LK_CLEANUP(lk_map_done) counts = {0};
	lk_str best = LK_STR("");
	uint32_t most = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		const struct lk_platform_diff *platform = &diff->platforms[i];
		const struct lk_lock_platform *side = platform->to ? platform->to : platform->from;
		for (size_t k = 0; k < side->n_packages;) {
			lk_str channel = side->packages[k].channel;
			uint32_t n = lk_map_get(&counts, channel);
			n = n == LK_MAP_NONE ? 0 : n;
			while (k < side->n_packages &&
				lk_str_eq(side->packages[k].channel, channel)) {
				n++;
				k++;
			}
			lk_map_set(&counts, channel, n);
			best = n > most ? channel : best;
			most = n > most ? n : most;
		}
	}
	return best;
}

static void put_unknown_scripts(struct lk_text *t)
{
	size_t n = t->diff->n_scripts_unknown;
	if (t->diff->knows_scripts && n > 0) {
		lk_out_printf(&t->out, LK_DIM,
			"link scripts not known of %zu archive%s that the cache does not have", n,
			n == 1 ? "" : "s");
		lk_out_newline(&t->out);
	}
}

static void put_details(struct lk_text *t)
{
	put_kind(t, LK_CHANGE_HASH);
	put_header(t, true);
	put_requirements(t, true);
	put_kinds(t, LK_CHANGE_CUDA, LK_CHANGE_REQUIREMENT);
	put_platform_edits(t);
	put_header(t, false);
	put_requirements(t, false);
	put_kinds(t, LK_CHANGE_DOWNGRADED, LK_CHANGE_ORIGIN);
}

void lk_lock_diff_text(const struct lk_lock_diff *diff, const struct lk_diff_text_options *options,
	struct lk_buf *out)
{
	if (lk_lock_diff_is_empty(diff)) {
		lk_buf_puts(out, "no difference\n");
		return;
	}
	struct lk_text t = {.diff = diff,
		.channel = main_channel(diff),
		.piece = LK_BUF_INIT(2 * LK_LOCK_MAX_BYTES)};
	lk_out_init(&t.out, out, options->colour);
	lk_diff_groups_make(diff, &t.groups);
	lk_diff_stat(&t.out, diff, &t.groups);
	put_unknown_scripts(&t);
	if (!options->stat) {
		put_details(&t);
	}
	lk_diff_groups_done(&t.groups);
	lk_buf_done(&t.piece);
	lk_out_done(&t.out);
}
