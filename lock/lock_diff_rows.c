/*
 * Packages in the text of a diff: lines and paragraphs, with reasons and notes.
 */
#include <stdlib.h>

#include "base/map.h"
#include "lock/lock_diff_facts_priv.h"
#include "lock/lock_diff_out_priv.h"

#define NAME_WIDTH 26   /* at most, unless a name is longer */
#define CHANGE_WIDTH 26 /* the same for what moved */
#define GROWTH_WIDTH 7
#define GROWTH_LEAST 1000 /* bytes that are worth telling */

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
static void add_reason(struct lk_text *t, const struct lk_package_change *change)
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
static void put_reason(struct lk_text *t, const struct lk_package_change *change)
{
	add_reason(t, change);
	lk_out_cut(&t->out, 2, LK_DIM, lk_buf_view(&t->piece));
	lk_buf_clear(&t->piece);
}

/* "needed by libtorch < pytorch < spec pytorch-gpu" on a line of its own. */
static void put_way(struct lk_text *t, const struct lk_package_change *change)
{
	const unsigned max = 6;
	unsigned n = 0;
	if (!change->way || change->way->spec.len == 0) {
		return;
	}
	lk_out_newline(&t->out);
	lk_out_pad_to(&t->out, LK_TEXT_NOTE);
	lk_out_puts(&t->out, LK_DIM,
		!change->way->needed_by ? "asked for by"
			: change->to    ? "needed by"
					: "was needed by");
	for (const struct lk_way *way = change->way->needed_by; way; way = way->needed_by) {
		if (n++ < max || !way->needed_by) {
			lk_out_piece(&t->out, LK_TEXT_NOTE + 2, 1, LK_DIM, way->name);
			lk_out_piece(&t->out, LK_TEXT_NOTE + 2, 1, LK_DIM, LK_STR("<"));
		} else if (n == max + 1) {
			lk_out_piece(&t->out, LK_TEXT_NOTE + 2, 1, LK_DIM, LK_STR("... <"));
		}
	}
	lk_buf_puts(&t->piece, "spec ");
	lk_buf_put(&t->piece, change->way->spec);
	lk_text_piece(t, LK_TEXT_NOTE + 2, 1, LK_DIM);
}

/* ---- notes ---- */

static void put_hashes(struct lk_text *t, const struct lk_record *from, const struct lk_record *to)
{
	const struct lk_record *records[] = {from, to};
	for (size_t i = 0; i < LK_COUNTOF(records); i++) {
		char hex[LK_HEX_MAX];
		lk_hex(records[i]->sha256.bytes, sizeof(records[i]->sha256.bytes), hex);
		lk_out_newline(&t->out);
		lk_out_pad_to(&t->out, LK_TEXT_NOTE);
		lk_out_puts(&t->out, LK_PLAIN, i == 0 ? "- " : "+ ");
		lk_out_puts(&t->out, LK_PLAIN, records[i]->has_sha256 ? hex : "(no sha256)");
	}
}

/* The items of FROM that TO lacks. */
static void put_list_notes(struct lk_text *t, const char *label, const struct lk_str_list *from,
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
			lk_text_piece(t, LK_TEXT_NOTE, 0, LK_PLAIN);
		}
	}
}

static void put_needs(struct lk_text *t, const struct lk_record *from, const struct lk_record *to)
{
	put_list_notes(t, "depends", &from->depends, &to->depends, '-');
	put_list_notes(t, "depends", &to->depends, &from->depends, '+');
	put_list_notes(t, "constrains", &from->constrains, &to->constrains, '-');
	put_list_notes(t, "constrains", &to->constrains, &from->constrains, '+');
	put_list_notes(t, "extra", &from->active_extras, &to->active_extras, '-');
	put_list_notes(t, "extra", &to->active_extras, &from->active_extras, '+');
}

static void put_origin(struct lk_text *t, const struct lk_record *from, const struct lk_record *to)
{
	if (!lk_str_eq(from->subdir, to->subdir)) {
		lk_text_move(t, LK_TEXT_NOTE, "", from->subdir, to->subdir);
		return;
	}
	lk_str old;
	lk_str new;
	(void)lk_archive_kind_of(from->fn, &old);
	(void)lk_archive_kind_of(to->fn, &new);
	if (!lk_str_eq(from->url, to->url) && lk_str_eq(old, new)) {
		lk_text_move(t, LK_TEXT_NOTE, "address ", from->url, to->url);
	} else if (!lk_str_eq(from->fn, to->fn) && lk_str_eq(from->version, to->version)) {
		lk_text_move(t, LK_TEXT_NOTE, "file ", from->fn, to->fn);
	}
}

static void put_channel(struct lk_text *t, const struct lk_record *from, const struct lk_record *to)
{
	if (lk_str_eq(from->channel, to->channel)) {
		lk_text_move(t, LK_TEXT_NOTE, "address ", from->url, to->url);
	} else {
		lk_text_move(t, LK_TEXT_NOTE, "channel ", from->channel, to->channel);
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

static void put_scripts(struct lk_text *t, const struct lk_package_change *change)
{
	lk_out_piece(&t->out, LK_TEXT_NOTE, 2, LK_PLAIN,
		change->scripts_from == LK_SCRIPTS_NONE
			? LK_STR("runs link scripts, the old one none")
			: LK_STR("runs link scripts; whether the old one did is not known"));
}

/* "lost sm_70", "gained sm_100 sm_120", "glibc 2.17 -> 2.28" */
static void put_facts(struct lk_text *t, const struct lk_record *from, const struct lk_record *to)
{
	static const char *const labels[] = {"lost ", "gained "};
	const struct lk_record *pairs[2][2] = {{from, to}, {to, from}};
	for (size_t i = 0; i < 2; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) codes = LK_BUF_INIT(65536);
		lk_diff_put_missing_codes(pairs[i][0], pairs[i][1], &codes);
		if (codes.len > 0) {
			lk_buf_puts(&t->piece, labels[i]);
			lk_buf_put(&t->piece, lk_buf_view(&codes));
			lk_text_piece(t, LK_TEXT_NOTE, 2, LK_PLAIN);
		}
	}
	if (!lk_str_eq(from->facts.glibc, to->facts.glibc)) {
		lk_text_move(t, LK_TEXT_NOTE, "glibc ", from->facts.glibc, to->facts.glibc);
	}
}

/* What kinds the line has not told yet. */
static void put_notes(struct lk_text *t, const struct lk_package_change *change)
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
		lk_text_move(t, LK_TEXT_NOTE,
			change->to_cuda ? "CUDA now: " : "no CUDA any more: ", from->build,
			to->build);
	}
	if (lk_diff_tells_facts(change)) {
		put_facts(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_CHANNEL)) {
		put_channel(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_LICENSE)) {
		lk_text_move(t, LK_TEXT_NOTE, "licence ", from->license, to->license);
	}
	if (lk_package_has(change, LK_CHANGE_REPACKED)) {
		lk_text_move(
			t, LK_TEXT_NOTE, "", lk_str_of(format_of(from)), lk_str_of(format_of(to)));
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
static void add_version(struct lk_text *t, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (from && to && !lk_str_eq(from->version, to->version)) {
		lk_buf_put(&t->piece, from->version);
		lk_buf_puts(&t->piece, " -> ");
	}
	if (to) {
		lk_buf_put(&t->piece, to->version);
	} else if (from) {
		lk_buf_put(&t->piece, from->version);
	}
}

/* What is worth telling of how much the archive grew, over the platforms; 0: nothing. */
static int64_t growth_of(const struct lk_package_group *group)
{
	bool shrinks = -group->growth_min > group->growth_max;
	int64_t growth = shrinks ? group->growth_min : group->growth_max;
	bool is_small = growth < GROWTH_LEAST && growth > -GROWTH_LEAST;
	return group->has_growth && !is_small ? growth : 0;
}

static void measure(struct lk_text *t, const struct lk_package_group *group, struct widths *widths)
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

static void put_growth(struct lk_text *t, const struct lk_package_group *group, size_t end)
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
		lk_text_piece(t, LK_TEXT_NOTE, 2, LK_PLAIN);
	}
}

static void put_line(
	struct lk_text *t, const struct lk_package_group *group, const struct widths *widths)
{
	const struct lk_package_change *change = group->change;
	const struct lk_record *record = change->to ? change->to : change->from;
	enum lk_colour colour = lk_out_change_colour(change->kind);
	size_t end = LK_TEXT_NAME + widths->name + 2 + widths->change + widths->growth;
	lk_text_mark(t, colour, mark_of(change->kind));
	lk_out_piece(&t->out, LK_TEXT_NOTE, 0, colour, change->name);
	if (t->out.column < LK_TEXT_NAME + widths->name) {
		lk_out_pad_to(&t->out, LK_TEXT_NAME + widths->name);
	}
	add_version(t, change);
	lk_text_piece(t, LK_TEXT_NOTE, 2, LK_PLAIN);
	put_growth(t, group, end);
	put_notes(t, change);
	if ((!change->from || !change->to) && !lk_str_eq(record->channel, t->channel)) {
		lk_buf_puts(&t->piece, "from ");
		lk_buf_put(&t->piece, record->channel);
		lk_text_piece(t, LK_TEXT_NOTE, 2, LK_PLAIN);
	}
	if (lk_change_severity(change->kind) <= LK_SEVERITY_HIGH ||
		change->kind == LK_CHANGE_DOWNGRADED) {
		put_way(t, change);
	} else {
		put_reason(t, change);
	}
	lk_out_newline(&t->out);
}

void lk_text_lines(struct lk_text *t, const struct lk_package_group *groups, size_t n)
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
	struct lk_text *t, const struct lk_package_change *change, struct lk_arena *arena)
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

static void put_paragraph(struct lk_text *t, const struct member *members, size_t n)
{
	int64_t bytes = 0;
	enum lk_change kind = members->group->change->kind;
	enum lk_colour colour = lk_out_change_colour(kind);
	for (size_t i = 0; i < n; i++) {
		bytes += members[i].group->has_growth ? members[i].group->growth_max : 0;
	}
	lk_text_mark(t, colour, mark_of(kind));
	lk_buf_put(&t->piece, members->reason);
	lk_buf_appendf(&t->piece, " (%zu", n);
	if (bytes >= GROWTH_LEAST || bytes <= -GROWTH_LEAST) {
		lk_buf_puts(&t->piece, ", ");
		lk_out_growth(&t->piece, bytes);
	}
	lk_buf_puts(&t->piece, "):");
	lk_text_piece(t, LK_TEXT_NAME, 0, colour);
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
		lk_text_piece(t, LK_TEXT_NOTE, 1, LK_PLAIN);
	}
	lk_out_newline(&t->out);
}

void lk_text_paragraphs(struct lk_text *t, const struct lk_package_group *groups, size_t n)
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
