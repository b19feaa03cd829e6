/*
 * The head of a diff: how much changed, how risky that is, on which platforms, how large.
 */
#include <inttypes.h>

#include "lock/lock_diff_out_priv.h"

/* How often each kind occurs as the leading one, what several platforms share once. */
static void count_kinds(const struct lk_lock_diff *diff, const struct lk_diff_groups *groups,
	size_t counts[LK_CHANGE_COUNT])
{
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		counts[kind] = groups->counts[kind] + lk_lock_edits_count(&diff->edits, kind);
	}
	for (size_t i = 0; i < groups->n_edits; i++) {
		if (groups->edits[i].edit->change != LK_CHANGE_COUNT) {
			counts[groups->edits[i].edit->change]++;
		}
	}
	for (size_t i = 0; i < groups->n_requirements; i++) {
		counts[lk_requirement_kind(groups->requirements[i].requirement)]++;
	}
	for (size_t i = 0; i < diff->n_platforms; i++) {
		counts[LK_CHANGE_PLATFORM_ADDED] += diff->platforms[i].from ? 0 : 1;
		counts[LK_CHANGE_PLATFORM_REMOVED] += diff->platforms[i].to ? 0 : 1;
	}
}

/* "  medium    removed 12, licence changed 3" */
static void put_severity(
	struct lk_out *out, enum lk_severity severity, const size_t counts[LK_CHANGE_COUNT])
{
	const size_t indent = 12;
	enum lk_colour colour = lk_out_severity_colour(severity);
	size_t n_left = 0;
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		n_left += counts[kind] > 0 && lk_change_severity(kind) == severity ? 1 : 0;
	}
	if (n_left == 0) {
		return;
	}
	lk_out_pad_to(out, 2);
	lk_out_puts(out, colour, lk_severity_name(severity));
	lk_out_pad_to(out, indent);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (counts[kind] == 0 || lk_change_severity(kind) != severity) {
			continue;
		}
		struct lk_buf piece = LK_BUF_INIT(128);
		lk_buf_appendf(&piece, "%s %zu%s", lk_change_title(kind), counts[kind],
			--n_left > 0 ? "," : "");
		lk_out_piece(out, indent, 1, colour, lk_buf_view(&piece));
		lk_buf_done(&piece);
	}
	lk_out_newline(out);
}

/* ---- the table of platforms ---- */

static void put_right(struct lk_out *out, enum lk_colour colour, size_t end, lk_str text)
{
	size_t width = lk_out_width(out, text);
	lk_out_pad_to(out, end > width ? end - width : 0);
	lk_out_put(out, colour, text);
}

static void put_number(struct lk_out *out, enum lk_colour colour, size_t end, size_t n)
{
	struct lk_buf text = LK_BUF_INIT(32);
	if (n > 0) {
		lk_buf_appendf(&text, "%zu", n);
	} else {
		lk_buf_putc(&text, '.');
	}
	put_right(out, n > 0 ? colour : LK_DIM, end, lk_buf_view(&text));
	lk_buf_done(&text);
}

static const char *const columns[LK_SEVERITY_COUNT] = {
	[LK_SEVERITY_CRITICAL] = "crit",
	[LK_SEVERITY_HIGH] = "high",
	[LK_SEVERITY_MEDIUM] = "med",
	[LK_SEVERITY_LOW] = "low",
	[LK_SEVERITY_INFO] = "info",
};
/* Where columns end. */
enum {
	COUNTS_END = 20, /* the first count; they take five columns each */
	PACKAGES_END = 50,
	SIZE_END = 60,
	GROWTH_END = 70,
	DOWNLOAD_END = LK_OUT_COLUMNS,
};

static size_t count_severity(const struct lk_platform_diff *platform, enum lk_severity severity)
{
	size_t n = 0;
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (lk_change_severity(kind) == severity) {
			n += platform->counts[kind] + lk_lock_edits_count(&platform->edits, kind);
		}
	}
	for (size_t i = 0; i < platform->n_requirements; i++) {
		enum lk_change kind = lk_requirement_kind(&platform->requirements[i]);
		n += lk_change_severity(kind) == severity ? 1 : 0;
	}
	return n;
}

static void put_sizes(struct lk_out *out, const struct lk_platform_diff *platform)
{
	struct lk_buf text = LK_BUF_INIT(64);
	size_t before = platform->from ? platform->from->n_packages : 0;
	size_t after = platform->to ? platform->to->n_packages : 0;
	lk_buf_appendf(&text, "%zu", after);
	if (after != before) {
		lk_buf_appendf(&text, " %+" PRId64, (int64_t)after - (int64_t)before);
	}
	put_right(out, LK_PLAIN, PACKAGES_END, lk_buf_view(&text));
	lk_buf_clear(&text);
	lk_buf_put_size(&text, platform->size_to);
	put_right(out, LK_PLAIN, SIZE_END, lk_buf_view(&text));
	if (platform->size_to != platform->size_from) {
		lk_buf_clear(&text);
		lk_out_growth(&text, (int64_t)platform->size_to - (int64_t)platform->size_from);
		put_right(out, LK_PLAIN, GROWTH_END, lk_buf_view(&text));
	}
	lk_buf_clear(&text);
	lk_buf_put_size(&text, platform->download);
	put_right(out, LK_PLAIN, DOWNLOAD_END, lk_buf_view(&text));
	lk_buf_done(&text);
}

static void put_platform(struct lk_out *out, const struct lk_platform_diff *platform)
{
	lk_out_pad_to(out, 2);
	lk_out_piece(out, 2, 0, LK_BOLD, platform->subdir);
	if (out->column > COUNTS_END - 2) {
		lk_out_newline(out);
	}
	if (!platform->from || !platform->to) {
		bool is_new = !platform->from;
		lk_out_pad_to(out, COUNTS_END - 3);
		lk_out_puts(out, is_new ? LK_GREEN : LK_YELLOW,
			is_new ? "new platform" : "platform removed");
	}
	for (enum lk_severity s = 0; s < LK_SEVERITY_COUNT && platform->from && platform->to; s++) {
		put_number(out, lk_out_severity_colour(s), COUNTS_END + 5 * s,
			count_severity(platform, s));
	}
	put_sizes(out, platform);
	lk_out_newline(out);
}

static void put_table(struct lk_out *out, const struct lk_lock_diff *diff)
{
	for (enum lk_severity s = 0; s < LK_SEVERITY_COUNT; s++) {
		put_right(out, LK_DIM, COUNTS_END + 5 * s, lk_str_of(columns[s]));
	}
	put_right(out, LK_DIM, PACKAGES_END, LK_STR("packages"));
	put_right(out, LK_DIM, SIZE_END, LK_STR("size"));
	put_right(out, LK_DIM, DOWNLOAD_END, LK_STR("download"));
	lk_out_newline(out);
	size_t n_same = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		if (lk_platform_diff_is_empty(&diff->platforms[i])) {
			n_same++;
		} else {
			put_platform(out, &diff->platforms[i]);
		}
	}
	if (n_same > 0) {
		lk_out_printf(
			out, LK_DIM, "  %zu platform%s unchanged", n_same, n_same == 1 ? "" : "s");
		lk_out_newline(out);
	}
}

void lk_diff_stat(
	struct lk_out *out, const struct lk_lock_diff *diff, const struct lk_diff_groups *groups)
{
	size_t counts[LK_CHANGE_COUNT];
	count_kinds(diff, groups, counts);
	if (counts[LK_CHANGE_HASH] > 0) {
		lk_out_printf(out, LK_ALARM,
			"WARNING: %zu package%s the same version but another hash",
			counts[LK_CHANGE_HASH], counts[LK_CHANGE_HASH] == 1 ? " has" : "s have");
		lk_out_newline(out);
	}
	for (enum lk_severity severity = 0; severity < LK_SEVERITY_COUNT; severity++) {
		put_severity(out, severity, counts);
	}
	put_table(out, diff);
}
