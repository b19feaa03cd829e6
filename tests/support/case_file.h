/*
 * Resolver cases as text (tests/cases/resolver): channel records in short form, then questions.
 *
 *     channels A, B
 *     A/noarch: x 1.0 h_0 | depends y >=2, z <3 | constrains c <3 | track t | time 5 | extra g: p,
 * q A/noarch: x 1.0 h_1 | number 1 | flags f | sha256 HEX
 *     == a title
 *     specs x, y >=2        pins y <3          virtuals __cuda=12.2       priority flexible
 *     newer 100             lock A/noarch: x 1.0 h_0      update x        update all     known x, y
 *     solution x-1.0-h_0, A/y-2-0 [g]
 *     walk x, y
 *     reason text that one line of the explanation holds
 *     error text that the summary holds   hint text that the hint holds
 *     warning text that one warning holds
 *
 * What stands before the first question holds for all. Lists are separated by ", ". A `solution`
 * names every package; `reason` and `error` mean that there is none. There
 * are as many warnings as `warning` lines.
 */
#ifndef TESTS_SUPPORT_CASE_FILE_H
#define TESTS_SUPPORT_CASE_FILE_H

#include "resolver/task.h"

struct case_strs LK_VEC_OF(lk_str);

struct case_question {
	lk_str title;
	struct case_strs specs, pins, virtuals, update, known, solution, walk, reasons, errors,
		hints, warnings;
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

	if (line.len <= n || memcmp(line.ptr, key, n) != 0 || line.ptr[n] != ' ') {
		return false;
	}
	*ret_rest = lk_str_trim(lk_str_skip(line, n));
	return true;
}

static inline void case_extra(struct lk_arena *arena, struct lk_record *record, lk_str text)
{
	struct lk_extra *extra = lk_arena_calloc(arena, record->n_extra + 1, sizeof(*extra));
	size_t colon = lk_str_find_char(text, ':');

	for (size_t i = 0; i < record->n_extra; i++) {
		extra[i] = record->extra[i];
	}
	extra[record->n_extra].group = lk_str_trim(lk_str_slice(text, 0, colon));
	extra[record->n_extra].depends = case_str_list(arena, lk_str_skip(text, colon + 1));
	record->extra = extra;
	record->n_extra++;
}

/* "A/noarch: x 1.0 h_0 | depends …"; false when LINE is none. */
static inline bool case_record(struct lk_arena *arena, lk_str line, struct lk_record *ret)
{
	size_t colon = lk_str_find(line, LK_STR(": "));
	lk_str where = lk_str_slice(line, 0, colon == SIZE_MAX ? 0 : colon);
	size_t slash = lk_str_rfind_char(where, '/');
	lk_str rest;
	lk_str part;
	lk_str nvb;
	lk_str value;

	if (slash == SIZE_MAX || lk_str_find_char(where, ' ') != SIZE_MAX) {
		return false;
	}
	*ret = (struct lk_record){
		.channel = lk_str_slice(where, 0, slash), .subdir = lk_str_skip(where, slash + 1)};
	rest = lk_str_skip(line, colon + 2);
	(void)lk_str_split(&rest, '|', &part);
	nvb = lk_str_trim(part);
	(void)lk_str_split(&nvb, ' ', &ret->name);
	(void)lk_str_split(&nvb, ' ', &ret->version);
	(void)lk_str_split(&nvb, ' ', &ret->build);
	ret->fn = lk_str_printf(arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT ".conda",
		LK_STR_ARG(ret->name), LK_STR_ARG(ret->version), LK_STR_ARG(ret->build));
	while (lk_str_split(&rest, '|', &part)) {
		part = lk_str_trim(part);
		if (case_key(part, "depends", &value)) {
			ret->depends = case_str_list(arena, value);
		} else if (case_key(part, "constrains", &value)) {
			ret->constrains = case_str_list(arena, value);
		} else if (case_key(part, "track", &value)) {
			ret->track_features = case_str_list(arena, value);
		} else if (case_key(part, "flags", &value)) {
			ret->flags = case_str_list(arena, value);
		} else if (case_key(part, "extra", &value)) {
			case_extra(arena, ret, value);
		} else if (case_key(part, "fn", &value)) {
			ret->fn = value;
		} else if (case_key(part, "sha256", &value)) {
			ret->has_sha256 = lk_unhex(value, ret->sha256.bytes, LK_SHA256_LEN);
		} else if (case_key(part, "time", &value)) {
			(void)lk_str_to_u64(value, &ret->timestamp);
		} else if (case_key(part, "number", &value)) {
			(void)lk_str_to_u64(value, &ret->build_number);
		} else {
			return false;
		}
	}
	ret->url = lk_str_printf(arena, "https://h/" LK_STR_FMT "/" LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(ret->channel), LK_STR_ARG(ret->subdir), LK_STR_ARG(ret->fn));
	return ret->build.len > 0;
}

/* False when the line is not understood. */
static inline bool case_question_line(struct case_file *file, struct case_question *q, lk_str line)
{
	struct lk_record record;
	lk_str value;

	if (case_key(line, "specs", &value)) {
		case_list(value, &q->specs);
	} else if (case_key(line, "pins", &value)) {
		case_list(value, &q->pins);
	} else if (case_key(line, "virtuals", &value)) {
		case_list(value, &q->virtuals);
	} else if (case_key(line, "known", &value)) {
		case_list(value, &q->known);
	} else if (case_key(line, "update", &value)) {
		q->update_all = lk_str_is(value, "all");
		case_list(value, &q->update);
	} else if (case_key(line, "walk", &value)) {
		case_list(value, &q->walk);
	} else if (case_key(line, "solution", &value)) {
		q->has_solution = true;
		case_list(value, &q->solution);
	} else if (case_key(line, "reason", &value)) {
		lk_vec_push(&q->reasons, value);
	} else if (case_key(line, "error", &value)) {
		lk_vec_push(&q->errors, value);
	} else if (case_key(line, "hint", &value)) {
		lk_vec_push(&q->hints, value);
	} else if (case_key(line, "warning", &value)) {
		lk_vec_push(&q->warnings, value);
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
		if (line.len == 0 || line.ptr[0] == '#') {
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
		lk_vec_done(&q->locked);
	}
	lk_vec_done(&file->questions);
	lk_vec_done(&file->channels);
	lk_vec_done(&file->records);
	lk_arena_done(&file->arena);
}

#endif
