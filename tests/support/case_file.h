/*
 * Resolver cases as text (tests/cases/resolver): channel records in short form, then questions.
 *
 *     channels A, B
 *     A/noarch: x 1.0 h_0 | depends y >=2, z <3 | constrains c <3 | extra g: p, q
 *     A/noarch: x 1.0 h_1 | number 1 | track t | flags f | time 5 | indexed 6
 *     B/linux-64: y 2 0 | license MIT | md5 HEX | sha256 HEX | fn y-2-0.tar.bz2
 *     == a title
 *     # What the case proves and, where it is known from elsewhere, where from.
 *     specs x, y >=2
 *     pins y <3
 *     virtuals __cuda=12.2
 *     priority flexible
 *     newer 100
 *     channels B, A
 *     lock A/noarch: x 1.0 h_0
 *     update x              (or "update all")
 *     known x, y
 *     solution x-1.0-h_0, A/y-2-0 [g], z-1-0.tar.bz2
 *     walk x, y
 *     reason text that one line of the explanation holds
 *     error text that the summary holds
 *     hint text that the hint holds
 *     warning text that one warning holds
 *     moved lib 1 0 -> 2 0: reason; reason        (or "new lib 2 0: …", "gone lib 1 0")
 *
 * What stands before the first question holds for all; `channels` in a question is another order of
 * them. Lists are separated by ", ". A `solution` names every package; without one there is none.
 * There are as many warnings as `warning` lines; where there is a `moved` line, these are all
 * moves.
 */
#ifndef TESTS_SUPPORT_CASE_FILE_H
#define TESTS_SUPPORT_CASE_FILE_H

#include "resolver/task.h"

struct case_strs LK_VEC_OF(lk_str);

struct case_question {
	lk_str title, why;
	struct case_strs channels, specs, pins, virtuals, update, known, solution, walk, reasons,
		errors, hints, warnings, moved;
	struct lk_records locked;
	enum lk_channel_priority priority;
	uint64_t newer;
	bool update_all, has_solution;
};

struct case_file {
	struct lk_arena arena;
	struct case_strs channels;
	struct lk_records records;
	struct {
		struct case_question *items;
		size_t len, cap;
	} questions;
};

static inline void case_list(lk_str text, struct case_strs *list)
{
	size_t at;

	while ((at = lk_str_find(text, LK_STR(", "))) != SIZE_MAX) {
		lk_vec_push(list, lk_str_trim(lk_str_slice(text, 0, at)));
		text = lk_str_skip(text, at + 2);
	}
	if (lk_str_trim(text).len) {
		lk_vec_push(list, lk_str_trim(text));
	}
}

static inline struct lk_str_list case_str_list(struct lk_arena *arena, lk_str text)
{
	struct case_strs list = {0};
	lk_str *items;

	case_list(text, &list);
	items = lk_arena_calloc(arena, list.len, sizeof(*items));
	for (size_t i = 0; i < list.len; i++) {
		items[i] = list.items[i];
	}
	struct lk_str_list result = {items, list.len};
	lk_vec_done(&list);
	return result;
}

static inline bool case_key(lk_str line, const char *key, lk_str *ret_rest)
{
	size_t n = strlen(key);

	if (line.len < n || memcmp(line.ptr, key, n) != 0 || (line.len > n && line.ptr[n] != ' ')) {
		return false;
	}
	*ret_rest = lk_str_trim(lk_str_skip(line, n));
	return true;
}

/* "group: spec, …"; false when it is not understood. */
static inline bool case_extra(struct lk_arena *arena, struct lk_record *record, lk_str text)
{
	struct lk_extra *extra = lk_arena_calloc(arena, record->n_extra + 1, sizeof(*extra));
	size_t colon = lk_str_find_char(text, ':');

	if (colon == SIZE_MAX) {
		return false;
	}
	for (size_t i = 0; i < record->n_extra; i++) {
		extra[i] = record->extra[i];
	}
	extra[record->n_extra].group = lk_str_trim(lk_str_slice(text, 0, colon));
	extra[record->n_extra].depends = case_str_list(arena, lk_str_skip(text, colon + 1));
	record->extra = extra;
	record->n_extra++;
	return true;
}

static inline bool case_list_field(struct lk_arena *arena, struct lk_record *record, lk_str part)
{
	struct {
		const char *key;
		struct lk_str_list *list;
	} const fields[] = {{"depends", &record->depends}, {"constrains", &record->constrains},
		{"track", &record->track_features}, {"flags", &record->flags}};
	lk_str value;

	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		if (case_key(part, fields[i].key, &value)) {
			*fields[i].list = case_str_list(arena, value);
			return true;
		}
	}
	return false;
}

/* One part of a record behind a "|"; false when it is not understood. */
static inline bool case_field(struct lk_arena *arena, struct lk_record *record, lk_str part)
{
	lk_str value;

	if (case_list_field(arena, record, part)) {
		return true;
	}
	if (case_key(part, "extra", &value)) {
		return case_extra(arena, record, value);
	} else if (case_key(part, "fn", &value)) {
		record->fn = value;
	} else if (case_key(part, "license", &value)) {
		record->license = value;
	} else if (case_key(part, "md5", &value)) {
		record->has_md5 = lk_unhex(value, record->md5.bytes, LK_MD5_LEN);
		return record->has_md5;
	} else if (case_key(part, "sha256", &value)) {
		record->has_sha256 = lk_unhex(value, record->sha256.bytes, LK_SHA256_LEN);
		return record->has_sha256;
	} else if (case_key(part, "time", &value)) {
		return lk_str_to_u64(value, &record->timestamp);
	} else if (case_key(part, "indexed", &value)) {
		return lk_str_to_u64(value, &record->indexed_timestamp);
	} else if (case_key(part, "number", &value)) {
		return lk_str_to_u64(value, &record->build_number);
	} else {
		return false;
	}
	return true;
}

/* Takes the part up to the next " | " off *LINE. */
static inline bool case_part(lk_str *line, lk_str *ret_part)
{
	size_t at = lk_str_find(*line, LK_STR(" | "));
	bool some = line->len > 0;

	at = at == SIZE_MAX ? line->len : at;
	*ret_part = lk_str_trim(lk_str_slice(*line, 0, at));
	*line = lk_str_skip(*line, at + 3 < line->len ? at + 3 : line->len);
	return some;
}

/* "A/noarch: x 1.0 h_0 | depends …"; false when LINE is none. */
static inline bool case_record(struct lk_arena *arena, lk_str line, struct lk_record *ret)
{
	size_t colon = lk_str_find(line, LK_STR(": "));
	lk_str where = lk_str_slice(line, 0, colon == SIZE_MAX ? 0 : colon);
	size_t slash = lk_str_rfind_char(where, '/');
	lk_str part;
	lk_str nvb;

	if (slash == SIZE_MAX || lk_str_find_char(where, ' ') != SIZE_MAX) {
		return false;
	}
	*ret = (struct lk_record){
		.channel = lk_str_slice(where, 0, slash), .subdir = lk_str_skip(where, slash + 1)};
	line = lk_str_skip(line, colon + 2);
	(void)case_part(&line, &nvb);
	(void)lk_str_split(&nvb, ' ', &ret->name);
	(void)lk_str_split(&nvb, ' ', &ret->version);
	(void)lk_str_split(&nvb, ' ', &ret->build);
	ret->fn = lk_str_printf(arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT ".conda",
		LK_STR_ARG(ret->name), LK_STR_ARG(ret->version), LK_STR_ARG(ret->build));
	while (case_part(&line, &part)) {
		if (!case_field(arena, ret, part)) {
			return false;
		}
	}
	ret->url = lk_str_printf(arena, "https://h/" LK_STR_FMT "/" LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(ret->channel), LK_STR_ARG(ret->subdir), LK_STR_ARG(ret->fn));
	return ret->build.len > 0;
}

/* A line of a question that fills a list; false when it is none. */
static inline bool case_question_list(struct case_question *q, lk_str line)
{
	struct {
		const char *key;
		struct case_strs *list;
		bool whole; /* the line is one item, else items are separated by ", " */
	} const lists[] = {
		{"channels", &q->channels, false},
		{"specs", &q->specs, false},
		{"pins", &q->pins, false},
		{"virtuals", &q->virtuals, false},
		{"known", &q->known, false},
		{"update", &q->update, false},
		{"walk", &q->walk, false},
		{"solution", &q->solution, false},
		{"reason", &q->reasons, true},
		{"error", &q->errors, true},
		{"hint", &q->hints, true},
		{"warning", &q->warnings, true},
		{"moved", &q->moved, true},
	};
	lk_str value;

	for (size_t i = 0; i < LK_COUNTOF(lists); i++) {
		if (!case_key(line, lists[i].key, &value)) {
			continue;
		}
		if (lists[i].whole) {
			lk_vec_push(lists[i].list, value);
		} else {
			case_list(value, lists[i].list);
		}
		q->has_solution = q->has_solution || lists[i].list == &q->solution;
		q->update_all =
			q->update_all || (lists[i].list == &q->update && lk_str_is(value, "all"));
		return true;
	}
	return false;
}

/* False when the line is not understood. */
static inline bool case_question_line(struct case_file *file, struct case_question *q, lk_str line)
{
	struct lk_record record;
	lk_str value;

	if (case_question_list(q, line)) {
		return true;
	}
	if (case_key(line, "#", &value)) {
		q->why = value;
	} else if (case_key(line, "newer", &value)) {
		return lk_str_to_u64(value, &q->newer);
	} else if (case_key(line, "priority", &value)) {
		q->priority = lk_str_is(value, "flexible") ? LK_PRIORITY_FLEXIBLE
			: lk_str_is(value, "disabled")     ? LK_PRIORITY_DISABLED
							   : LK_PRIORITY_STRICT;
	} else if (case_key(line, "lock", &value) && case_record(&file->arena, value, &record)) {
		lk_vec_push(&q->locked, record);
	} else {
		return false;
	}
	return true;
}

/* The number of the first line that is not understood, or 0. TEXT must outlive FILE. */
static inline unsigned case_file_parse(lk_str text, struct case_file *file)
{
	unsigned number = 0;
	lk_str line;

	while (lk_str_split(&text, '\n', &line)) {
		struct lk_record record;
		lk_str value;

		number++;
		line = lk_str_trim(line);
		if (line.len == 0 || (line.ptr[0] == '#' && file->questions.len == 0)) {
			continue;
		}
		if (case_key(line, "==", &value)) {
			lk_vec_push(&file->questions, (struct case_question){.title = value});
		} else if (file->questions.len > 0) {
			if (!case_question_line(
				    file, &file->questions.items[file->questions.len - 1], line)) {
				return number;
			}
		} else if (case_key(line, "channels", &value)) {
			case_list(value, &file->channels);
		} else if (case_record(&file->arena, line, &record)) {
			lk_vec_push(&file->records, record);
		} else {
			return number;
		}
	}
	return 0;
}

static inline void case_file_done(struct case_file *file)
{
	for (size_t i = 0; i < file->questions.len; i++) {
		struct case_question *q = &file->questions.items[i];

		lk_vec_done(&q->channels);
		lk_vec_done(&q->specs);
		lk_vec_done(&q->pins);
		lk_vec_done(&q->virtuals);
		lk_vec_done(&q->update);
		lk_vec_done(&q->known);
		lk_vec_done(&q->solution);
		lk_vec_done(&q->walk);
		lk_vec_done(&q->reasons);
		lk_vec_done(&q->errors);
		lk_vec_done(&q->hints);
		lk_vec_done(&q->warnings);
		lk_vec_done(&q->moved);
		lk_vec_done(&q->locked);
	}
	lk_vec_done(&file->questions);
	lk_vec_done(&file->channels);
	lk_vec_done(&file->records);
	lk_arena_done(&file->arena);
}

#endif
