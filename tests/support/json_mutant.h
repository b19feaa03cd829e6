/*
 * Texts that are nearly a given JSON text: values, keys and members replaced, doubled, dropped,
 * buried; then perhaps bytes changed. The same seed gives the same texts everywhere.
 *
 *     struct json_mutant m = {.seed = PICK_SEED, .text = LK_BUF_INIT(1 << 20), .odd_keys = ...};
 *     json_mutant_make(&m, original);
 *     ... m.text ...
 *     json_mutant_done(&m);
 */
#ifndef TESTS_SUPPORT_JSON_MUTANT_H
#define TESTS_SUPPORT_JSON_MUTANT_H

#include "base/str.h"
#include "tests/support/pick.h"

/* Where values and members stand in a text. */
struct json_span {
	size_t from, to;
};

struct json_spans LK_VEC_OF(struct json_span);

struct json_mutant {
	uint64_t seed;
	const char *const *odd_keys, *const *odd_values; /* text that may replace one */
	size_t n_odd_keys, n_odd_values;

	struct lk_buf text;
	struct json_spans values, members, strings; /* strings: without their quotes */
};

static inline bool json_mutant_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline void json_mutant_skip_blanks(const struct json_mutant *m, size_t *at)
{
	while (*at < m->text.len && json_mutant_is_blank(m->text.ptr[*at])) {
		++*at;
	}
}

static inline bool json_mutant_is_at(struct json_mutant *m, size_t *at, char c)
{
	json_mutant_skip_blanks(m, at);
	return *at < m->text.len && m->text.ptr[*at] == c;
}

static inline void json_mutant_find_string(struct json_mutant *m, size_t *at)
{
	size_t from = ++*at;

	while (*at < m->text.len && m->text.ptr[*at] != '"') {
		*at += m->text.ptr[*at] == '\\' ? 2 : 1;
	}
	if (*at < m->text.len) {
		lk_vec_push(&m->strings, (struct json_span){from, *at});
		++*at;
	}
}

/* Values of damaged text are found as far as it goes. */
static inline void json_mutant_find_value(struct json_mutant *m, size_t *at, int depth)
{
	bool object = json_mutant_is_at(m, at, '{');
	size_t from = *at;

	if (object || json_mutant_is_at(m, at, '[')) {
		char close = object ? '}' : ']';

		++*at;
		while (!json_mutant_is_at(m, at, close) && *at < m->text.len && depth < 300) {
			size_t member = *at;

			if (object && json_mutant_is_at(m, at, '"')) {
				json_mutant_find_string(m, at);
				*at += json_mutant_is_at(m, at, ':');
			}
			json_mutant_find_value(m, at, depth + 1);
			lk_vec_push(&m->members, (struct json_span){member, *at});
			*at += json_mutant_is_at(m, at, ',');
			*at += *at == member; /* whatever it is, get on */
		}
		*at += *at < m->text.len;
	} else if (json_mutant_is_at(m, at, '"')) {
		json_mutant_find_string(m, at);
	} else {
		while (*at < m->text.len && !strchr(",]} \t\n\r", m->text.ptr[*at])) {
			++*at;
		}
	}
	if (*at <= m->text.len) {
		lk_vec_push(&m->values, (struct json_span){from, *at});
	}
}

static inline void json_mutant_find_spans(struct json_mutant *m)
{
	size_t at = 0;

	lk_vec_clear(&m->values);
	lk_vec_clear(&m->members);
	lk_vec_clear(&m->strings);
	json_mutant_find_value(m, &at, 0);
}

static inline struct json_span json_mutant_any_span(
	struct json_mutant *m, const struct json_spans *spans)
{
	struct json_span none = {m->text.len, m->text.len};

	return spans->len > 0 ? spans->items[pick_from(&m->seed, spans->len)] : none;
}

static inline void json_mutant_put_at(struct json_mutant *m, struct json_span span, lk_str with)
{
	struct lk_buf text = LK_BUF_INIT(m->text.max);
	size_t to = span.to < m->text.len ? span.to : m->text.len;
	size_t from = span.from < to ? span.from : to;

	lk_buf_append(&text, m->text.ptr, from);
	lk_buf_put(&text, with);
	lk_buf_append(&text, m->text.ptr + to, m->text.len - to);
	lk_buf_done(&m->text);
	m->text = text;
}

static inline void json_mutant_put_copy(
	struct json_mutant *m, struct json_span span, const char *before, struct json_span of)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) copy = LK_BUF_INIT(m->text.max);

	lk_buf_puts(&copy, before);
	lk_buf_put(&copy, lk_str_slice(lk_buf_view(&m->text), of.from, of.to));
	json_mutant_put_at(m, span, lk_buf_view(&copy));
}

static inline struct json_span json_mutant_after(struct json_span span)
{
	return (struct json_span){span.to, span.to};
}

static inline void json_mutant_escape_one(struct json_mutant *m)
{
	struct json_span string = json_mutant_any_span(m, &m->strings);

	if (string.to > string.from && string.to <= m->text.len) {
		size_t at = string.from + pick_from(&m->seed, string.to - string.from);
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};

		json_mutant_put_at(m, (struct json_span){at, at + 1},
			lk_str_printf(&arena, "\\u%04x", (unsigned char)m->text.ptr[at]));
	}
}

/* A value put into as many arrays or objects as come near to what is allowed. */
static inline void json_mutant_bury(struct json_mutant *m)
{
	struct json_span value = json_mutant_any_span(m, &m->values);
	struct lk_buf LK_CLEANUP(lk_buf_done) deep = LK_BUF_INIT(m->text.max);
	unsigned levels = pick_from(&m->seed, 4) ? 248 + pick_from(&m->seed, 12) : 2;
	bool object = pick_from(&m->seed, 2);

	for (unsigned i = 0; i < levels; i++) {
		lk_buf_puts(&deep, object ? "{\"a\":" : "[");
	}
	lk_buf_put(&deep, lk_str_slice(lk_buf_view(&m->text), value.from, value.to));
	for (unsigned i = 0; i < levels; i++) {
		lk_buf_putc(&deep, object ? '}' : ']');
	}
	json_mutant_put_at(m, value, lk_buf_view(&deep));
}

static inline void json_mutant_drop_member(struct json_mutant *m)
{
	struct json_span member = json_mutant_any_span(m, &m->members);

	/* With the comma after it, or else the one before. */
	if (!json_mutant_is_at(m, &member.to, ',')) {
		while (member.from > 0 && json_mutant_is_blank(m->text.ptr[member.from - 1])) {
			member.from--;
		}
		member.from -= member.from > 0 && m->text.ptr[member.from - 1] == ',';
	} else {
		member.to++;
	}
	json_mutant_put_at(m, member, LK_STR(""));
}

/* The text stays well-formed, as a rule. */
static inline void json_mutant_change_tree(struct json_mutant *m)
{
	static const char *const blanks[] = {" ", "\n", "\t\r\n ", ""};
	struct json_span value = json_mutant_any_span(m, &m->values);
	struct json_span member = json_mutant_any_span(m, &m->members);

	switch (pick_from(&m->seed, 10)) {
	case 0:
	case 1:
		json_mutant_put_at(
			m, value, lk_str_of(m->odd_values[pick_from(&m->seed, m->n_odd_values)]));
		break;
	case 2:
		json_mutant_put_copy(m, value, "", json_mutant_any_span(m, &m->values));
		break;
	case 3:
		json_mutant_put_copy(m, json_mutant_after(member), ",", member);
		break;
	case 4:
		json_mutant_put_copy(
			m, json_mutant_after(member), ",", json_mutant_any_span(m, &m->members));
		break;
	case 5:
		json_mutant_put_copy(m, member, "", json_mutant_any_span(m, &m->members));
		break;
	case 6:
		json_mutant_drop_member(m);
		break;
	case 7:
		json_mutant_put_at(m, json_mutant_any_span(m, &m->strings),
			lk_str_of(m->odd_keys[pick_from(&m->seed, m->n_odd_keys)]));
		break;
	case 8:
		json_mutant_put_at(m, json_mutant_after(value),
			lk_str_of(blanks[pick_from(&m->seed, LK_COUNTOF(blanks))]));
		break;
	default:
		if (pick_from(&m->seed, 4)) {
			json_mutant_escape_one(m);
		} else {
			json_mutant_bury(m);
		}
	}
}

static inline void json_mutant_change_bytes(struct json_mutant *m)
{
	static const char alphabet[] = "{}[]\",:\\ue0.-+1 \n\x7f\x80\xc3\xed";
	size_t at = pick_from(&m->seed, m->text.len + 1);
	char byte = alphabet[pick_from(&m->seed, sizeof(alphabet))];
	size_t n = 1 + pick_from(&m->seed, 8);

	switch (pick_from(&m->seed, 5)) {
	case 0:
		if (at < m->text.len) {
			m->text.ptr[at] = (char)(m->text.ptr[at] ^ (1 << (n - 1)));
		}
		break;
	case 1:
		json_mutant_put_at(m, (struct json_span){at, at + 1}, lk_str_n(&byte, 1));
		break;
	case 2:
		json_mutant_put_at(m, (struct json_span){at, at}, lk_str_n(&byte, 1));
		break;
	case 3:
		json_mutant_put_at(m, (struct json_span){at, at + n}, LK_STR(""));
		break;
	default:
		json_mutant_put_at(m, (struct json_span){at, m->text.len}, LK_STR(""));
	}
}

static inline void json_mutant_make(struct json_mutant *m, lk_str original)
{
	unsigned n = 1 + pick_from(&m->seed, 5);

	lk_buf_clear(&m->text);
	lk_buf_put(&m->text, original);
	for (unsigned i = 0; i < n; i++) {
		json_mutant_find_spans(m);
		json_mutant_change_tree(m);
	}
	if (pick_from(&m->seed, 4) == 0) {
		json_mutant_change_bytes(m);
	}
}

static inline void json_mutant_done(struct json_mutant *m)
{
	lk_buf_done(&m->text);
	lk_vec_done(&m->values);
	lk_vec_done(&m->members);
	lk_vec_done(&m->strings);
}

#endif
