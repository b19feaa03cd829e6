/*
 * The lines of a report: their one writer and their one reader.
 */
#include <inttypes.h>

#include "base/str.h"
#include "smoke/child.h"

static const char *const statuses[] = {
	[LK_SMOKE_PASSED] = "passed",
	[LK_SMOKE_FAILED] = "failed",
	[LK_SMOKE_ABSENT] = "absent",
};

/* Line breaks would end the value, tabs a part of it. */
static void put_value(struct lk_buf *out, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		lk_buf_putc(out, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
	}
}

static void put_number(struct lk_buf *out, const char *key, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	lk_buf_appendf(out, "\n%s %" PRIu64, key, bits);
}

void lk_child_report_put(const struct lk_level_report *report,
	const struct lk_smoke_libraries *libraries, struct lk_buf *out)
{
	lk_buf_appendf(out, "status %s\nreason ", statuses[report->status]);
	put_value(out, lk_str_of(report->reason));
	if (report->has_error) {
		put_number(out, "error", report->error);
		put_number(out, "bound", report->bound);
		lk_buf_appendf(out, "\ncases %u", report->cases);
	}
	for (size_t i = 0; i < libraries->len; i++) {
		const struct lk_smoke_library *library = &libraries->items[i];
		lk_buf_appendf(out, "\nlibrary %s\t", library->inside ? "inside" : "outside");
		put_value(out, library->version);
		lk_buf_putc(out, '\t');
		put_value(out, library->path);
	}
	lk_buf_puts(out, "\nend\n");
}

static bool parse_status(lk_str value, enum lk_smoke_status *ret)
{
	for (size_t i = 0; i < LK_COUNTOF(statuses); i++) {
		if (lk_str_is(value, statuses[i])) {
			*ret = (enum lk_smoke_status)i;
			return true;
		}
	}
	return false;
}

static bool parse_number(lk_str value, double *ret)
{
	uint64_t bits;
	if (!lk_str_to_u64(value, &bits)) {
		return false;
	}
	memcpy(ret, &bits, sizeof(bits));
	return true;
}

static bool parse_cases(lk_str value, unsigned *ret)
{
	uint64_t cases;
	if (!lk_str_to_u64(value, &cases) || cases > UINT32_MAX) {
		return false;
	}
	*ret = (unsigned)cases;
	return true;
}

static bool parse_library(lk_str value, struct lk_smoke_libraries *libraries)
{
	lk_str where;
	lk_str version;
	if (!lk_str_split(&value, '\t', &where) || !lk_str_split(&value, '\t', &version) ||
		!value.ptr) {
		return false;
	}
	bool inside = lk_str_is(where, "inside");
	lk_vec_push(libraries,
		(struct lk_smoke_library){
			.path = value,
			.version = version,
			.inside = inside,
		});
	return inside || lk_str_is(where, "outside");
}

/* False for a line that has no place in a report. */
static bool parse_line(lk_str key, lk_str value, struct lk_smoke_level *level, bool *has_status,
	struct lk_smoke_libraries *libraries)
{
	if (lk_str_is(key, "status")) {
		*has_status = true;
		return parse_status(value, &level->status);
	}
	if (lk_str_is(key, "reason")) {
		level->reason = value;
		return true;
	}
	if (lk_str_is(key, "error")) {
		level->has_error = true;
		return parse_number(value, &level->error);
	}
	if (lk_str_is(key, "bound")) {
		return parse_number(value, &level->bound);
	}
	if (lk_str_is(key, "cases")) {
		return parse_cases(value, &level->cases);
	}
	return lk_str_is(key, "library") && parse_library(value, libraries);
}

/* What was parsed still points into the text; the arena gets it when the whole report is good. */
static void keep(const struct lk_smoke_level *parsed, const struct lk_smoke_libraries *libraries,
	struct lk_arena *arena, struct lk_smoke_level *level)
{
	struct lk_smoke_library *items = lk_arena_calloc(arena, libraries->len, sizeof(*items));
	for (size_t i = 0; i < libraries->len; i++) {
		items[i] = (struct lk_smoke_library){
			.path = lk_str_dup(arena, libraries->items[i].path),
			.version = lk_str_dup(arena, libraries->items[i].version),
			.inside = libraries->items[i].inside,
		};
	}
	*level = *parsed;
	level->reason = lk_str_dup(arena, parsed->reason);
	level->libraries = items;
	level->n_libraries = libraries->len;
}

bool lk_child_report_parse(lk_str text, struct lk_arena *arena, struct lk_smoke_level *level)
{
	struct lk_smoke_level parsed = *level;
	struct lk_smoke_libraries libraries = {0};
	bool has_status = false;
	bool good = true;
	bool ended = false;
	lk_str line;
	while (good && !ended && lk_str_split(&text, '\n', &line)) {
		size_t space = lk_str_find_char(line, ' ');
		lk_str key = lk_str_slice(line, 0, space);
		lk_str value = lk_str_skip(line, space == SIZE_MAX ? line.len : space + 1);
		ended = lk_str_is(line, "end");
		good = ended || parse_line(key, value, &parsed, &has_status, &libraries);
	}
	/* One line break after "end", and nothing more. */
	good = good && ended && has_status && text.ptr && text.len == 0;
	if (good) {
		keep(&parsed, &libraries, arena, level);
	}
	lk_vec_done(&libraries);
	return good;
}
