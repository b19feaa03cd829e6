/*
 * The diff for a reviewer's terminal: most risky first, 80 columns, one package a line with notes
 * below it.
 */
#include "lock/lock_diff.h"

#include <inttypes.h>

#include "base/map.h"

#define COLUMNS 80
#define NAME_MAX_WIDTH 32

enum colour {
	PLAIN,
	BOLD,
	RED,
	GREEN,
	YELLOW,
	CRITICAL,
};

struct text {
	const struct lk_diff_text_options *options;
	struct lk_buf *out;
};

/* How each kind of change is marked, in the order of enum lk_change. */
static const struct heading {
	char mark;
	enum colour colour;
} headings[LK_CHANGE_COUNT] = {
	[LK_CHANGE_HASH] = {'!', CRITICAL},
	[LK_CHANGE_CUDA] = {'!', RED},
	[LK_CHANGE_CHANNEL] = {'!', RED},
	[LK_CHANGE_SCRIPTS] = {'!', RED},
	[LK_CHANGE_REQUIREMENT] = {'!', RED},
	[LK_CHANGE_DOWNGRADED] = {'v', YELLOW},
	[LK_CHANGE_REMOVED] = {'-', RED},
	[LK_CHANGE_LICENSE] = {'!', YELLOW},
	[LK_CHANGE_REPACKED] = {'~', YELLOW},
	[LK_CHANGE_VARIABLES] = {'~', YELLOW},
	[LK_CHANGE_PLATFORM_REMOVED] = {'-', YELLOW},
	[LK_CHANGE_MAJOR] = {'^', YELLOW},
	[LK_CHANGE_MINOR] = {'^', PLAIN},
	[LK_CHANGE_PATCH] = {'^', PLAIN},
	[LK_CHANGE_ADDED] = {'+', GREEN},
	[LK_CHANGE_PLATFORM_ADDED] = {'+', PLAIN},
	[LK_CHANGE_REBUILT] = {'~', PLAIN},
	[LK_CHANGE_DEPENDS] = {'~', PLAIN},
	[LK_CHANGE_ORIGIN] = {'~', PLAIN},
	[LK_CHANGE_SPECS] = {'~', PLAIN},
	[LK_CHANGE_SETTINGS] = {'~', PLAIN},
};

static void begin(struct text *t, enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "",
		[BOLD] = "\033[1m",
		[RED] = "\033[31m",
		[GREEN] = "\033[32m",
		[YELLOW] = "\033[33m",
		[CRITICAL] = "\033[1;31m",
	};
	if (t->options->colour) {
		lk_buf_puts(t->out, codes[colour]);
	}
}

static void end(struct text *t, enum colour colour)
{
	if (t->options->colour && colour != PLAIN) {
		lk_buf_puts(t->out, "\033[0m");
	}
}

/* Text of ours in a colour. */
static void paint(struct text *t, enum colour colour, const char *text)
{
	begin(t, colour);
	lk_buf_puts(t->out, text);
	end(t, colour);
}

/* Text of others: escaped; returns how many bytes that came to. */
static size_t put(struct text *t, lk_str text)
{
	size_t before = t->out->len;
	lk_buf_put_escaped(t->out, text);
	return t->out->len - before;
}

static void put_padded(struct text *t, lk_str text, size_t width)
{
	for (size_t n = put(t, text); n < width; n++) {
		lk_buf_putc(t->out, ' ');
	}
}

static void put_indent(struct text *t, size_t n)
{
	while (n-- > 0) {
		lk_buf_putc(t->out, ' ');
	}
}

/* "FROM -> TO" that begins at COLUMN; in two lines where one is too short. */
static void put_arrow(struct text *t, size_t column, lk_str from, lk_str to)
{
	bool wraps = column + from.len + 4 + to.len > COLUMNS;
	put(t, from.len > 0 ? from : LK_STR("(none)"));
	if (wraps) {
		lk_buf_putc(t->out, '\n');
		put_indent(t, column);
		lk_buf_puts(t->out, "-> ");
	} else {
		lk_buf_puts(t->out, " -> ");
	}
	put(t, to.len > 0 ? to : LK_STR("(none)"));
}

static void put_bytes(struct text *t, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	if (bytes < 1000) {
		lk_buf_appendf(t->out, "%" PRIu64 " B", bytes);
		return;
	}
	size_t unit = 0;
	uint64_t divisor = 1000;
	while (unit + 1 < LK_COUNTOF(units) && bytes / divisor >= 1000) {
		divisor *= 1000;
		unit++;
	}
	uint64_t tenths = bytes / (divisor / 10);
	lk_buf_appendf(t->out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

/* ---- lines outside the packages ---- */

static void put_edit(struct text *t, const struct lk_lock_edit *edit)
{
	static const struct {
		char mark;
		enum colour colour;
	} marks[] = {
		[LK_EDIT_ADDED] = {'+', GREEN},
		[LK_EDIT_REMOVED] = {'-', RED},
		[LK_EDIT_CHANGED] = {'~', YELLOW},
		[LK_EDIT_REORDERED] = {'~', YELLOW},
		[LK_EDIT_RENAMED] = {'~', YELLOW},
	};
	begin(t, marks[edit->kind].colour);
	lk_buf_appendf(t->out, "    %c ", marks[edit->kind].mark);
	put(t, edit->key);
	end(t, marks[edit->kind].colour);
	size_t column = 6 + edit->key.len + (edit->key.len > 0 ? 2 : 0);
	lk_str only = edit->from.len > 0 ? edit->from : edit->to;
	if (edit->kind == LK_EDIT_REORDERED) {
		lk_buf_puts(t->out, "same items, other order (the first wins)");
	} else if (edit->kind == LK_EDIT_CHANGED || edit->kind == LK_EDIT_RENAMED) {
		lk_buf_puts(t->out, edit->key.len > 0 ? "  " : "");
		put_arrow(t, column, edit->from, edit->to);
	} else if (only.len > 0) {
		lk_buf_puts(t->out, edit->key.len > 0 ? "  " : "");
		put(t, only);
	}
	lk_buf_putc(t->out, '\n');
}

static void put_edits(struct text *t, const struct lk_lock_edits *edits)
{
	static const char *const titles[] = {
		[LK_EDIT_REQUIRES_DEPENDS] = "the host must have",
		[LK_EDIT_REQUIRES_CONSTRAINS] = "the host must have, if at all",
		[LK_EDIT_SPECS] = "specs",
		[LK_EDIT_PINS] = "pins",
		[LK_EDIT_SOLVED_WITH] = "solved with",
		[LK_EDIT_CHANNELS] = "channels",
		[LK_EDIT_CHANNEL_PRIORITY] = "channel priority",
		[LK_EDIT_EXCLUDE_NEWER] = "exclude newer than",
		[LK_EDIT_VARIABLES] = "variables",
	};
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		if (i == 0 || edit->field != edits->items[i - 1].field) {
			lk_buf_puts(t->out, "  ");
			paint(t, BOLD, titles[edit->field]);
			lk_buf_putc(t->out, '\n');
		}
		put_edit(t, edit);
	}
}

/* ---- packages ---- */

static void put_note(struct text *t, const char *label, lk_str from, lk_str to)
{
	lk_buf_appendf(t->out, "        %s  ", label);
	put_arrow(t, 8 + strlen(label) + 2, from, to);
	lk_buf_putc(t->out, '\n');
}

static void put_hashes(struct text *t, const struct lk_record *from, const struct lk_record *to)
{
	char hex[LK_HEX_MAX];
	lk_hex(from->sha256.bytes, sizeof(from->sha256.bytes), hex);
	lk_buf_appendf(t->out, "        - %s\n", from->has_sha256 ? hex : "(no sha256)");
	lk_hex(to->sha256.bytes, sizeof(to->sha256.bytes), hex);
	lk_buf_appendf(t->out, "        + %s\n", to->has_sha256 ? hex : "(no sha256)");
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
			lk_buf_appendf(t->out, "        %c %s ", mark, label);
			put(t, from->items[i]);
			lk_buf_putc(t->out, '\n');
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

static void put_notes(struct text *t, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (!from || !to) {
		return;
	}
	if (lk_package_has(change, LK_CHANGE_HASH)) {
		put_hashes(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_CHANNEL)) {
		put_note(t, "channel", from->channel, to->channel);
	}
	if (lk_package_has(change, LK_CHANGE_LICENSE)) {
		put_note(t, "licence", from->license, to->license);
	}
	if (lk_package_has(change, LK_CHANGE_DEPENDS)) {
		put_needs(t, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_ORIGIN) && !lk_str_eq(from->url, to->url)) {
		put_note(t, "address", from->url, to->url);
	}
}

static void put_version_and_build(struct text *t, const struct lk_record *record)
{
	put(t, record->version);
	lk_buf_puts(t->out, "  ");
	put(t, record->build);
}

/* Version and build: what moved of them, or both where nothing did. */
static void put_version(struct text *t, const struct lk_package_change *change, size_t column)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (change->kind == LK_CHANGE_ADDED) {
		put_version_and_build(t, to);
		lk_buf_puts(t->out, "  ");
		put(t, to->channel);
	} else if (change->kind == LK_CHANGE_REMOVED) {
		put_version_and_build(t, from);
	} else if (!lk_str_eq(from->version, to->version)) {
		put_arrow(t, column, from->version, to->version);
	} else if (!lk_str_eq(from->build, to->build)) {
		column += put(t, from->version) + 2;
		lk_buf_puts(t->out, "  ");
		put_arrow(t, column, from->build, to->build);
	} else {
		put_version_and_build(t, to);
	}
}

static void put_change(struct text *t, const struct lk_package_change *change, size_t width)
{
	const struct heading *heading = &headings[change->kind];
	begin(t, heading->colour);
	lk_buf_appendf(t->out, "    %c ", heading->mark);
	put_padded(t, change->name, width);
	end(t, heading->colour);
	lk_buf_puts(t->out, "  ");
	size_t name = change->name.len > width ? change->name.len : width;
	put_version(t, change, 6 + name + 2);
	lk_buf_putc(t->out, '\n');
	put_notes(t, change);
}

/* The packages of one kind under a heading. */
static void put_group(struct text *t, const struct lk_platform_diff *platform, enum lk_change kind)
{
	if (platform->counts[kind] == 0) {
		return;
	}
	size_t first = 0;
	while (platform->changes[first].kind != kind) {
		first++;
	}
	const struct lk_package_change *changes = platform->changes + first;
	size_t width = 0;
	for (size_t i = 0; i < platform->counts[kind]; i++) {
		size_t len = changes[i].name.len;
		width = len > width && len <= NAME_MAX_WIDTH ? len : width;
	}
	lk_buf_puts(t->out, "  ");
	paint(t, kind == LK_CHANGE_HASH ? CRITICAL : BOLD, lk_change_title(kind));
	lk_buf_appendf(t->out, " (%zu)\n", platform->counts[kind]);
	for (size_t i = 0; i < platform->counts[kind]; i++) {
		put_change(t, &changes[i], width);
	}
}

/* ---- platforms ---- */

static void put_counts(struct text *t, const struct lk_platform_diff *platform)
{
	const char *separator = "  ";
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (platform->counts[kind] > 0) {
			lk_buf_appendf(t->out, "%s%zu ", separator, platform->counts[kind]);
			paint(t, headings[kind].colour, lk_change_title(kind));
			separator = ", ";
		}
	}
	lk_buf_puts(t->out, platform->n_changes > 0 ? "\n" : "  no package changed\n");
}

static void put_sizes(struct text *t, const struct lk_platform_diff *platform)
{
	size_t before = platform->from ? platform->from->n_packages : 0;
	size_t after = platform->to ? platform->to->n_packages : 0;
	lk_buf_appendf(t->out, "  packages %zu -> %zu, size ", before, after);
	put_bytes(t, platform->size_from);
	lk_buf_puts(t->out, " -> ");
	put_bytes(t, platform->size_to);
	lk_buf_puts(t->out, ", to download ");
	put_bytes(t, platform->download);
	lk_buf_putc(t->out, '\n');
}

static void put_platform(struct text *t, const struct lk_platform_diff *platform)
{
	begin(t, BOLD);
	put(t, platform->subdir);
	end(t, BOLD);
	lk_buf_puts(t->out,
		!platform->from         ? " (new platform)\n"
			: !platform->to ? " (platform removed)\n"
					: "\n");
	if (t->options->stat) {
		put_counts(t, platform);
	} else {
		put_group(t, platform, LK_CHANGE_HASH);
		put_edits(t, &platform->edits);
		for (enum lk_change kind = LK_CHANGE_HASH + 1; kind < LK_CHANGE_COUNT; kind++) {
			put_group(t, platform, kind);
		}
	}
	put_sizes(t, platform);
}

/* One line that no reader may miss. */
static void put_alarm(struct text *t, const struct lk_lock_diff *diff)
{
	size_t n = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		n += diff->platforms[i].counts[LK_CHANGE_HASH];
	}
	if (n > 0) {
		begin(t, CRITICAL);
		lk_buf_appendf(t->out, "WARNING: %zu package%s the same version but another hash",
			n, n == 1 ? " has" : "s have");
		end(t, CRITICAL);
		lk_buf_puts(t->out, "\n\n");
	}
}

void lk_lock_diff_text(const struct lk_lock_diff *diff, const struct lk_diff_text_options *options,
	struct lk_buf *out)
{
	struct text t = {options, out};
	put_alarm(&t, diff);
	bool nothing = true;
	if (diff->edits.n > 0) {
		paint(&t, BOLD, "all platforms");
		lk_buf_putc(out, '\n');
		put_edits(&t, &diff->edits);
		nothing = false;
	}
	for (size_t i = 0; i < diff->n_platforms; i++) {
		const struct lk_platform_diff *platform = &diff->platforms[i];
		if (lk_platform_diff_is_empty(platform)) {
			continue;
		}
		if (!nothing) {
			lk_buf_putc(out, '\n');
		}
		put_platform(&t, platform);
		nothing = false;
	}
	if (nothing) {
		lk_buf_puts(out, "no difference\n");
	}
}
