/*
 * The diff for a reviewer's terminal: the summary, then what was asked for and what came of it,
 * most risky first. An upgrade is one line; what came or went along with something else, and what
 * was only built again, are named in paragraphs under the reason that they share.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/map.h"
#include "lock/lock_diff_out_priv.h"

#define MARK 2          /* column of a line's mark */
#define NAME 4          /* column of its name */
#define NOTE 6          /* of what belongs to it on further lines */
#define NAME_WIDTH 26   /* at most, unless a name is longer */
#define CHANGE_WIDTH 26 /* the same for what moved */
#define GROWTH_WIDTH 7
#define GROWTH_LEAST 1000 /* bytes that are worth telling */

struct text {
	struct lk_out out;
	const struct lk_lock_diff *diff;
	struct lk_diff_groups groups;
	lk_str channel;      /* where most packages come from: not told */
	struct lk_buf piece; /* empty between uses */
};

/* The piece that was put together in t->piece. */
static void put_piece(struct text *t, size_t indent, size_t gap, enum lk_colour colour)
{
	lk_out_piece(&t->out, indent, gap, colour, lk_buf_view(&t->piece));
	lk_buf_clear(&t->piece);
}

static lk_str or_none(lk_str text)
{
	return text.len > 0 ? text : LK_STR("(none)");
}

/* "LABEL FROM -> TO" as one piece where a line has room for it, else as two. */
static void put_move(struct text *t, size_t indent, const char *label, lk_str from, lk_str to)
{
	size_t gap = t->out.column > NAME ? 2 : 0;
	from = or_none(from);
	to = or_none(to);
	lk_buf_appendf(&t->piece, "%s" LK_STR_FMT, label, LK_STR_ARG(from));
	size_t width = lk_out_width(&t->out, lk_buf_view(&t->piece));
	bool is_long = indent + width + 4 + lk_out_width(&t->out, to) > LK_OUT_COLUMNS;
	if (is_long) {
		put_piece(t, indent, gap, LK_PLAIN);
		lk_out_newline(&t->out);
	} else {
		lk_buf_putc(&t->piece, ' ');
	}
	lk_buf_puts(&t->piece, "-> ");
	lk_buf_put(&t->piece, to);
	put_piece(t, indent, gap, LK_PLAIN);
}

static void put_mark(struct text *t, enum lk_colour colour, const char *mark)
{
	lk_out_pad_to(&t->out, MARK);
	lk_out_puts(&t->out, colour, mark);
	lk_out_pad_to(&t->out, NAME);
}

/* ---- platforms ---- */

/* "linux-64, osx-arm64" under which changes stand that only these have. */
static void put_set(struct text *t, uint32_t index)
{
	const struct lk_diff_set *set = &t->groups.sets[index];
	if (set->is_all) {
		return;
	}
	lk_out_pad_to(&t->out, MARK);
	for (size_t i = 0; i < set->n; i++) {
		lk_buf_put(&t->piece, t->diff->platforms[set->platforms[i]].subdir);
		lk_buf_putc(&t->piece, i + 1 < set->n ? ',' : ':');
		put_piece(t, MARK, i == 0 ? 0 : 1, LK_DIM);
	}
	lk_out_newline(&t->out);
}

static void put_heading(struct text *t, enum lk_colour colour, const char *title, size_t n)
{
	lk_out_newline(&t->out);
	lk_out_puts(&t->out, colour == LK_PLAIN || colour == LK_DIM ? LK_BOLD : colour, title);
	if (n > 0) {
		lk_out_printf(&t->out, LK_PLAIN, " (%zu)", n);
	}
	lk_out_newline(&t->out);
}

/* ---- lines outside the packages ---- */

static void put_edit(struct text *t, const struct lk_lock_edit *edit)
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
	put_mark(t, marks[edit->kind].colour, marks[edit->kind].mark);
	if (edit->key.len > 0 && !(is_spec && edit->kind == LK_EDIT_CHANGED)) {
		lk_out_piece(&t->out, NAME, 0, marks[edit->kind].colour, edit->key);
	}
	lk_str only = edit->from.len > 0 ? edit->from : edit->to;
	if (edit->kind == LK_EDIT_REORDERED) {
		lk_out_piece(&t->out, NAME, 0, LK_YELLOW,
			edit->field == LK_EDIT_CHANNELS
				? LK_STR("the same in another order (the first wins)")
				: LK_STR("the same in another order"));
	} else if (edit->kind == LK_EDIT_CHANGED || edit->kind == LK_EDIT_RENAMED) {
		put_move(t, NOTE, edit->kind == LK_EDIT_RENAMED ? "named " : "", edit->from,
			edit->to);
	} else if (only.len > 0) {
		lk_out_piece(&t->out, NOTE, 2, LK_PLAIN, only);
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
static void put_header(struct text *t, bool channels)
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

static void put_platform_edits(struct text *t)
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

static void put_requirement(struct text *t, const struct lk_requirement_change *requirement)
{
	lk_str name = requirement->name;
	enum lk_colour colour = lk_out_change_colour(lk_requirement_kind(requirement));
	put_mark(t, colour, requirement->rose ? "!" : "~");
	lk_out_piece(&t->out, NAME, 0, colour, name);
	lk_str from = without_name(requirement->from, name);
	lk_str to = without_name(requirement->to, name);
	if (!lk_str_eq(from, to)) {
		put_move(t, NOTE, "", from, to);
	}
	if (requirement->must_be_there != requirement->had_to_be_there) {
		lk_out_piece(&t->out, NOTE, 2, LK_PLAIN,
			requirement->must_be_there ? LK_STR("must be there now")
						   : LK_STR("need not be there any more"));
	} else if (!requirement->must_be_there) {
		lk_out_piece(&t->out, NOTE, 2, LK_PLAIN, LK_STR("where there is one"));
	}
	if (requirement->by) {
		lk_buf_puts(&t->piece, requirement->to.len > 0 ? "by " : "was asked for by ");
		lk_buf_put(&t->piece, requirement->by->name);
		if (requirement->n_by > 1) {
			lk_buf_appendf(&t->piece, " and %zu more", requirement->n_by - 1);
		}
		put_piece(t, NOTE, 2, LK_DIM);
	}
	lk_out_newline(&t->out);
}

static void put_requirements(struct text *t, bool rose)
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

/* ---- reasons ---- */

static const struct lk_package_change *first_cause(const struct lk_package_change *change)
{
	while (change->because) {
		change = change->because;
	}
	return change;
}

/* The package that the spec asks for, at the end of the way. */
static lk_str root_of(const struct lk_package_change *change)
{
	const struct lk_way *way = change->way;
	while (way->needed_by) {
		way = way->needed_by;
	}
	return way->name;
}

/* Why in a few words, into t->piece. */
static void add_reason(struct text *t, const struct lk_package_change *change)
{
	const struct lk_package_change *cause = first_cause(change);
	if (!change->way) {
		return;
	}
	if (change->edit && !change->way->needed_by) {
		bool both = change->from && change->to;
		lk_buf_puts(&t->piece,
			both                 ? "spec changed"
				: change->to ? "new in specs"
					     : "no longer in specs");
	} else if (cause != change) {
		lk_buf_puts(&t->piece, "with ");
		lk_buf_put(&t->piece, cause->name);
	} else if (change->way->spec.len > 0) {
		lk_buf_puts(&t->piece, change->way->needed_by ? "via " : "in specs");
		if (change->way->needed_by) {
			lk_buf_put(&t->piece, root_of(change));
		}
	}
}

/* The same to the end of the line. */
static void put_reason(struct text *t, const struct lk_package_change *change)
{
	add_reason(t, change);
	lk_out_cut(&t->out, 2, LK_DIM, lk_buf_view(&t->piece));
	lk_buf_clear(&t->piece);
}

/* "needed by libtorch < pytorch < spec pytorch-gpu" on a line of its own. */
static void put_way(struct text *t, const struct lk_package_change *change)
{
	const unsigned max = 6;
	unsigned n = 0;
	if (!change->way || change->way->spec.len == 0) {
		return;
	}
	lk_out_newline(&t->out);
	lk_out_pad_to(&t->out, NOTE);
	lk_out_puts(&t->out, LK_DIM,
		!change->way->needed_by ? "asked for by"
			: change->to    ? "needed by"
					: "was needed by");
	for (const struct lk_way *way = change->way->needed_by; way; way = way->needed_by) {
		if (n++ < max || !way->needed_by) {
			lk_out_piece(&t->out, NOTE + 2, 1, LK_DIM, way->name);
			lk_out_piece(&t->out, NOTE + 2, 1, LK_DIM, LK_STR("<"));
		} else if (n == max + 1) {
			lk_out_piece(&t->out, NOTE + 2, 1, LK_DIM, LK_STR("... <"));
		}
	}
	lk_buf_puts(&t->piece, "spec ");
	lk_buf_put(&t->piece, change->way->spec);
	put_piece(t, NOTE + 2, 1, LK_DIM);
}

/* ---- notes ---- */

static void put_hashes(struct text *t, const struct lk_record *from, const struct lk_record *to)
{
	const struct lk_record *records[] = {from, to};
	for (size_t i = 0; i < LK_COUNTOF(records); i++) {
		char hex[LK_HEX_MAX];
		lk_hex(records[i]->sha256.bytes, sizeof(records[i]->sha256.bytes), hex);
		lk_out_newline(&t->out);
		lk_out_pad_to(&t->out, NOTE);
		lk_out_puts(&t->out, LK_PLAIN, i == 0 ? "- " : "+ ");
		lk_out_puts(&t->out, LK_PLAIN, records[i]->has_sha256 ? hex : "(no sha256)");
	}
}

/* The items of FROM that TO lacks. */
static void put_list_notes(struct text *t, const char *label, const struct lk_str_list *from,
	const struct lk_str_list *to, char mark)
{
	struct lk_map LK_CLEANUP(lk_map_done) kept = {0};
	for (size_t i = 0; i < to->n; i++) {
		lk_map_add(&kept, to->items[i], 0);
	}
	for (size_t i = 0; i < from->n; i++) {
		if (lk_map_get(&kept, from->items[i]) == LK_MAP_NONE) {
			lk_out_newline(&t->out);
			lk_buf_appendf(&t->piece, "%c %s ", mark, label);
			lk_buf_put(&t->piece, from->items[i]);
			put_piece(t, NOTE, 0, LK_PLAIN);
		}
	}
}

static void put_needs(struct text *t, const struct lk_record *from, const struct lk_record *to)
{
	put_list_notes(t, "depends", &from->depends, &to->depends, '-');
	put_list_notes(t, "depends", &to->depends, &from->depends, '+');
	put_list_notes(t, "constrains", &from->constrains, &to->constrains, '-');
	put_list_notes(t, "constrains", &to->constrains, &from->constrains, '+');
	put_list_notes(t, "extra", &from->active_extras, &to->active_extras, '-');
	put_list_notes(t, "extra", &to->active_extras, &from->active_extras, '+');
}

static void put_origin(struct text *t, const struct lk_record *from, const struct lk_record *to)
{
	if (!lk_str_eq(from->subdir, to->subdir)) {
		put_move(t, NOTE, "", from->subdir, to->subdir);
		return;
	}
	lk_str old;
	lk_str new;
	(void)lk_archive_kind_of(from->fn, &old);
	(void)lk_archive_kind_of(to->fn, &new);
	if (!lk_str_eq(from->url, to->url) && lk_str_eq(old, new)) {
		put_move(t, NOTE, "address ", from->url, to->url);
	} else if (!lk_str_eq(from->fn, to->fn) && lk_str_eq(from->version, to->version)) {
		put_move(t, NOTE, "file ", from->fn, to->fn);
	}
}

static void put_channel(struct text *t, const struct lk_record *from, const struct lk_record *to)
{
	if (lk_str_eq(from->channel, to->channel)) {
		put_move(t, NOTE, "address ", from->url, to->url);
	} else {
		put_move(t, NOTE, "channel ", from->channel, to->channel);
	}
}

static const char *format_of(const struct lk_record *record)
{
	switch (lk_archive_kind_of(record->fn, NULL)) {
	case LK_ARCHIVE_CONDA:
		return ".conda";
	case LK_ARCHIVE_TAR_BZ2:
		return ".tar.bz2";
	case LK_ARCHIVE_WHEEL:
		return ".whl";
	case LK_ARCHIVE_UNKNOWN:
		break;
	}
	return "another format";
}

static void put_scripts(struct text *t, const struct lk_package_change *change)
{
	lk_out_piece(&t->out, NOTE, 2, LK_PLAIN,
		change->scripts_from == LK_SCRIPTS_NONE
			? LK_STR("runs link scripts, the old one none")
			: LK_STR("runs link scripts; whether the old one did is not known"));
}

/* What kinds the line has not told yet. */
static void put_notes(struct text *t, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (lk_package_has(change, LK_CHANGE_SCRIPTS)) {
		put_scripts(t, change);
	}
	if (!from || !to) {
		return;
	}
	if (lk_package_has(change, LK_CHANGE_CUDA)) {
		put_move(t, NOTE,
			change->to_cuda ? "CUDA now: " : "no CUDA any more: ", from->build,
			to->build);
	}
	if (lk_package_has(change, LK_CHANGE_CHANNEL)) {
		put_channel(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_LICENSE)) {
		put_move(t, NOTE, "licence ", from->license, to->license);
	}
	if (lk_package_has(change, LK_CHANGE_REPACKED)) {
		put_move(t, NOTE, "", lk_str_of(format_of(from)), lk_str_of(format_of(to)));
	}
	if (lk_package_has(change, LK_CHANGE_ORIGIN)) {
		put_origin(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_HASH)) {
		put_hashes(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_DEPENDS)) {
		put_needs(t, from, to);
	}
}

/* ---- lines of packages ---- */

struct widths {
	size_t name, change, growth;
};

static const char *mark_of(enum lk_change kind)
{
	switch (kind) {
	case LK_CHANGE_DOWNGRADED:
		return "v";
	case LK_CHANGE_REMOVED:
		return "-";
	case LK_CHANGE_ADDED:
		return "+";
	case LK_CHANGE_MAJOR:
	case LK_CHANGE_MINOR:
	case LK_CHANGE_PATCH:
		return "^";
	default:
		return lk_change_severity(kind) <= LK_SEVERITY_HIGH || kind == LK_CHANGE_LICENSE
			? "!"
			: "~";
	}
}

/* The version, or both, into t->piece. */
static void add_version(struct text *t, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (from && to && !lk_str_eq(from->version, to->version)) {
		lk_buf_put(&t->piece, from->version);
		lk_buf_puts(&t->piece, " -> ");
	}
	lk_buf_put(&t->piece, (to ? to : from)->version);
}

/* What is worth telling of how much the archive grew, over the platforms; 0: nothing. */
static int64_t growth_of(const struct lk_package_group *group)
{
	bool shrinks = -group->growth_min > group->growth_max;
	int64_t growth = shrinks ? group->growth_min : group->growth_max;
	bool is_small = growth < GROWTH_LEAST && growth > -GROWTH_LEAST;
	return group->has_growth && !is_small ? growth : 0;
}

static void measure(struct text *t, const struct lk_package_group *group, struct widths *widths)
{
	const struct lk_package_change *change = group->change;
	size_t name = lk_out_width(&t->out, change->name);
	add_version(t, change);
	size_t version = lk_out_width(&t->out, lk_buf_view(&t->piece));
	lk_buf_clear(&t->piece);
	widths->name = name > widths->name && name <= NAME_WIDTH ? name : widths->name;
	widths->change =
		version > widths->change && version <= CHANGE_WIDTH ? version : widths->change;
	widths->growth = growth_of(group) != 0 ? GROWTH_WIDTH + 2 : widths->growth;
}

static void put_growth(struct text *t, const struct lk_package_group *group, size_t end)
{
	int64_t growth = growth_of(group);
	if (growth == 0 && t->out.column < end) {
		lk_out_pad_to(&t->out, end);
	}
	if (growth == 0) {
		return;
	}
	lk_out_growth(&t->piece, growth);
	size_t width = lk_out_width(&t->out, lk_buf_view(&t->piece));
	if (t->out.column + 1 + width <= end) {
		lk_out_pad_to(&t->out, end - width);
		lk_out_put(&t->out, LK_PLAIN, lk_buf_view(&t->piece));
		lk_buf_clear(&t->piece);
	} else {
		put_piece(t, NOTE, 2, LK_PLAIN);
	}
}

static void put_line(
	struct text *t, const struct lk_package_group *group, const struct widths *widths)
{
	const struct lk_package_change *change = group->change;
	const struct lk_record *record = change->to ? change->to : change->from;
	enum lk_colour colour = lk_out_change_colour(change->kind);
	size_t end = NAME + widths->name + 2 + widths->change + widths->growth;
	put_mark(t, colour, mark_of(change->kind));
	lk_out_piece(&t->out, NOTE, 0, colour, change->name);
	if (t->out.column < NAME + widths->name) {
		lk_out_pad_to(&t->out, NAME + widths->name);
	}
	add_version(t, change);
	put_piece(t, NOTE, 2, LK_PLAIN);
	put_growth(t, group, end);
	put_notes(t, change);
	if ((!change->from || !change->to) && !lk_str_eq(record->channel, t->channel)) {
		lk_buf_puts(&t->piece, "from ");
		lk_buf_put(&t->piece, record->channel);
		put_piece(t, NOTE, 2, LK_PLAIN);
	}
	if (lk_change_severity(change->kind) <= LK_SEVERITY_HIGH ||
		change->kind == LK_CHANGE_DOWNGRADED) {
		put_way(t, change);
	} else {
		put_reason(t, change);
	}
	lk_out_newline(&t->out);
}

static void put_lines(struct text *t, const struct lk_package_group *groups, size_t n)
{
	struct widths widths = {0};
	for (size_t i = 0; i < n; i++) {
		measure(t, &groups[i], &widths);
	}
	for (size_t i = 0; i < n; i++) {
		put_line(t, &groups[i], &widths);
	}
}

/* ---- paragraphs of packages ---- */

struct member {
	const struct lk_package_group *group;
	lk_str reason; /* empty: a line of its own */
	uint32_t n;    /* members of that reason */
};

static int by_reason(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;
	if ((left->reason.len == 0) != (right->reason.len == 0)) {
		return left->reason.len == 0 ? -1 : 1;
	}
	if (left->n != right->n) {
		return left->n > right->n ? -1 : 1;
	}
	int order = lk_str_cmp(left->reason, right->reason);
	return order != 0 ? order
			  : lk_str_cmp(left->group->change->name, right->group->change->name);
}

/* What MEMBER shares with others of its kind. */
static lk_str shared_reason(
	struct text *t, const struct lk_package_change *change, struct lk_arena *arena)
{
	lk_str reason = LK_STR("");
	bool rebuilt = change->kind == LK_CHANGE_REBUILT;
	bool told = (change->kinds & ~(1u << change->kind)) != 0;
	if (told || (rebuilt && !lk_str_eq(change->from->version, change->to->version))) {
		return reason;
	}
	if (change->because || (!rebuilt && change->way && change->way->needed_by)) {
		add_reason(t, change);
		reason = lk_str_dup(arena, lk_buf_view(&t->piece));
		lk_buf_clear(&t->piece);
	} else if (rebuilt) {
		reason = LK_STR("other build");
	}
	return reason;
}

static void put_paragraph(struct text *t, const struct member *members, size_t n)
{
	int64_t bytes = 0;
	enum lk_change kind = members->group->change->kind;
	enum lk_colour colour = lk_out_change_colour(kind);
	for (size_t i = 0; i < n; i++) {
		bytes += members[i].group->has_growth ? members[i].group->growth_max : 0;
	}
	put_mark(t, colour, mark_of(kind));
	lk_buf_put(&t->piece, members->reason);
	lk_buf_appendf(&t->piece, " (%zu", n);
	if (bytes >= GROWTH_LEAST || bytes <= -GROWTH_LEAST) {
		lk_buf_puts(&t->piece, ", ");
		lk_out_growth(&t->piece, bytes);
	}
	lk_buf_puts(&t->piece, "):");
	put_piece(t, NAME, 0, colour);
	for (size_t i = 0; i < n; i++) {
		const struct lk_package_change *change = members[i].group->change;
		const struct lk_record *record = change->to ? change->to : change->from;
		lk_buf_put(&t->piece, change->name);
		if (kind != LK_CHANGE_REBUILT) {
			lk_buf_putc(&t->piece, ' ');
			lk_buf_put(&t->piece, record->version);
		}
		if (kind != LK_CHANGE_REBUILT && !lk_str_eq(record->channel, t->channel)) {
			lk_buf_appendf(&t->piece, " (" LK_STR_FMT ")", LK_STR_ARG(record->channel));
		}
		lk_buf_puts(&t->piece, i + 1 < n ? "," : "");
		put_piece(t, NOTE, 1, LK_PLAIN);
	}
	lk_out_newline(&t->out);
}

/* Lines for what stands for itself, then paragraphs, the longer ones first. */
static void put_paragraphs(struct text *t, const struct lk_package_group *groups, size_t n)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_map LK_CLEANUP(lk_map_done) reasons = {0};
	struct member *members = lk_arena_calloc(&arena, n, sizeof(*members));
	for (size_t i = 0; i < n; i++) {
		lk_str reason = shared_reason(t, groups[i].change, &arena);
		uint32_t before = lk_map_get(&reasons, reason);
		members[i] = (struct member){&groups[i], reason, 0};
		lk_map_set(&reasons, reason, before == LK_MAP_NONE ? 1 : before + 1);
	}
	size_t n_lines = 0;
	for (size_t i = 0; i < n; i++) {
		members[i].n = lk_map_get(&reasons, members[i].reason);
		bool alone = members[i].n == 1;
		members[i].reason = alone ? LK_STR("") : members[i].reason;
		n_lines += members[i].reason.len == 0 ? 1 : 0;
	}
	qsort(members, n, sizeof(*members), by_reason);
	struct widths widths = {0};
	for (size_t i = 0; i < n_lines; i++) {
		measure(t, members[i].group, &widths);
	}
	for (size_t i = 0; i < n_lines; i++) {
		put_line(t, members[i].group, &widths);
	}
	for (size_t i = n_lines; i < n; i += members[i].n) {
		put_paragraph(t, &members[i], members[i].n);
	}
}

/* ---- sections ---- */

static void put_kind(struct text *t, enum lk_change kind)
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
			put_paragraphs(t, groups + first, i - first);
		} else {
			put_lines(t, groups + first, i - first);
		}
	}
}

static void put_kinds(struct text *t, enum lk_change first, enum lk_change last)
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

static void put_unknown_scripts(struct text *t)
{
	size_t n = t->diff->n_scripts_unknown;
	if (t->diff->knows_scripts && n > 0) {
		lk_out_printf(&t->out, LK_DIM,
			"link scripts not known of %zu archive%s that the cache does not have", n,
			n == 1 ? "" : "s");
		lk_out_newline(&t->out);
	}
}

static void put_details(struct text *t)
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
	struct text t = {.diff = diff,
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
