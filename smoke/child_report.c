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

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

void lk_child_report_put(const struct lk_level_report *report,
	const struct lk_smoke_libraries *libraries, struct lk_buf *out)
{
	lk_buf_appendf(out, "status %s\nreason ", statuses[report->status]);
	put_value(out, lk_str_of(report->reason));
	for (size_t i = 0; i < report->n_measures; i++) {
		const struct lk_level_measure *m = &report->measures[i];
		lk_buf_appendf(out, "\nmeasure %s\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRIu64,
			m->precision, bits_of(m->error), bits_of(m->bound), m->cases,
			bits_of(m->seconds));
	}
	for (size_t i = 0; i < report->n_facts; i++) {
		lk_buf_puts(out, "\nfact ");
		put_value(out, lk_str_of(report->facts[i].key));
		lk_buf_putc(out, '\t');
		put_value(out, lk_str_of(report->facts[i].value));
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

/* What a report has many of; views of its text. */
struct parts {
	struct LK_VEC_OF(struct lk_smoke_measure) measures;
	struct LK_VEC_OF(struct lk_smoke_fact) facts;
	struct lk_smoke_libraries libraries;
};

static bool parse_measure(lk_str value, struct parts *parts)
{
	struct lk_smoke_measure m = {0};
	lk_str error;
	lk_str bound;
	lk_str cases;
	bool good = lk_str_split(&value, '\t', &m.precision) &&
		lk_str_split(&value, '\t', &error) && lk_str_split(&value, '\t', &bound) &&
		lk_str_split(&value, '\t', &cases) && value.ptr && parse_number(error, &m.error) &&
		parse_number(bound, &m.bound) && parse_cases(cases, &m.cases) &&
		parse_number(value, &m.seconds);
	if (good) {
		lk_vec_push(&parts->measures, m);
	}
	return good && parts->measures.len <= LK_LEVEL_MEASURES;
}

static bool parse_fact(lk_str value, struct parts *parts)
{
	struct lk_smoke_fact fact = {0};
	if (!lk_str_split(&value, '\t', &fact.key) || !value.ptr) {
		return false;
	}
	fact.value = value;
	lk_vec_push(&parts->facts, fact);
	return parts->facts.len <= LK_LEVEL_FACTS;
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
	struct parts *parts)
{
	if (lk_str_is(key, "status")) {
		*has_status = true;
		return parse_status(value, &level->status);
	}
	if (lk_str_is(key, "reason")) {
		level->reason = value;
		return true;
	}
	if (lk_str_is(key, "measure")) {
		return parse_measure(value, parts);
	}
	if (lk_str_is(key, "fact")) {
		return parse_fact(value, parts);
	}
	return lk_str_is(key, "library") && parse_library(value, &parts->libraries);
}

/* What was parsed still points into the text; the arena gets it when the whole report is good. */
static void keep(const struct lk_smoke_level *parsed, const struct parts *parts,
	struct lk_arena *arena, struct lk_smoke_level *level)
{
	size_t n_libraries = parts->libraries.len;
	size_t n_measures = parts->measures.len;
	size_t n_facts = parts->facts.len;
	struct lk_smoke_library *libraries =
		lk_arena_calloc(arena, n_libraries, sizeof(*libraries));
	struct lk_smoke_measure *measures = lk_arena_calloc(arena, n_measures, sizeof(*measures));
	struct lk_smoke_fact *facts = lk_arena_calloc(arena, n_facts, sizeof(*facts));
	for (size_t i = 0; i < n_libraries; i++) {
		libraries[i] = parts->libraries.items[i];
		libraries[i].path = lk_str_dup(arena, libraries[i].path);
		libraries[i].version = lk_str_dup(arena, libraries[i].version);
	}
	for (size_t i = 0; i < n_measures; i++) {
		measures[i] = parts->measures.items[i];
		measures[i].precision = lk_str_dup(arena, measures[i].precision);
	}
	for (size_t i = 0; i < n_facts; i++) {
		facts[i].key = lk_str_dup(arena, parts->facts.items[i].key);
		facts[i].value = lk_str_dup(arena, parts->facts.items[i].value);
	}
	*level = *parsed;
	level->reason = lk_str_dup(arena, parsed->reason);
	level->libraries = libraries;
	level->n_libraries = n_libraries;
	level->measures = measures;
	level->n_measures = n_measures;
	level->facts = facts;
	level->n_facts = n_facts;
}

static void parts_done(struct parts *parts)
{
	lk_vec_done(&parts->measures);
	lk_vec_done(&parts->facts);
	lk_vec_done(&parts->libraries);
}

bool lk_child_report_parse(lk_str text, struct lk_arena *arena, struct lk_smoke_level *level)
{
	struct lk_smoke_level parsed = *level;
	struct parts LK_CLEANUP(parts_done) parts = {0};
	bool has_status = false;
	bool good = true;
	bool ended = false;
	lk_str line;
	while (good && !ended && lk_str_split(&text, '\n', &line)) {
		size_t space = lk_str_find_char(line, ' ');
		lk_str key = lk_str_slice(line, 0, space);
		lk_str value = lk_str_skip(line, space == SIZE_MAX ? line.len : space + 1);
		ended = lk_str_is(line, "end");
		good = ended || parse_line(key, value, &parsed, &has_status, &parts);
	}
	/* One line break after "end", and nothing more. */
	good = good && ended && has_status && text.ptr && text.len == 0;
	if (good) {
		keep(&parsed, &parts, arena, level);
	}
	return good;
}
