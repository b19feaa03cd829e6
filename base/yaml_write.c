/*
 * The YAML emitter with one style, and the decision which text needs quotes.
 */
#include <yaml.h>

#include "base/yaml.h"

#define INDENT 2

struct lk_yaml_writer {
	yaml_emitter_t emitter;
	struct lk_buf *out;
	enum lk_code failed;             /* LK_OK, LK_E_FORMAT or LK_E_BUG: the first trouble */
	struct LK_VEC_OF(bool) mappings; /* for each open collection: is it a mapping? */
};

/* Words that are null, true or false to some reader of YAML 1.1 or 1.2, in any case of letters. */
static bool is_typed_word(lk_str text)
{
	static const char *const words[] = {
		"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"};
	for (size_t i = 0; i < LK_COUNTOF(words); i++) {
		if (lk_str_eq_nocase(text, lk_str_of(words[i]))) {
			return true;
		}
	}
	return false;
}

/* Skips digits and underscores, returns how many digits there were. */
static size_t skip_digits(lk_str *text)
{
	size_t digits = 0;
	size_t n = 0;
	while (n < text->len && (lk_is_digit(text->ptr[n]) || text->ptr[n] == '_')) {
		digits += lk_is_digit(text->ptr[n]);
		n++;
	}
	*text = lk_str_skip(*text, n);
	return digits;
}

static bool skip_char(lk_str *text, const char *any_of)
{
	if (text->len == 0 || text->ptr[0] == '\0' || !strchr(any_of, text->ptr[0])) {
		return false;
	}
	*text = lk_str_skip(*text, 1);
	return true;
}

/* 0x1f, 0o17, 0b1, with underscores. */
static bool is_based_number(lk_str text)
{
	if (!skip_char(&text, "0") || !skip_char(&text, "xXoObB") || text.len == 0) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (lk_hex_digit(text.ptr[i]) < 0 && text.ptr[i] != '_') {
			return false;
		}
	}
	return true;
}

/* Integers, reals with point or exponent, base 60 (1:30, 1:30.5), infinities and not-a-number. */
static bool is_number(lk_str text)
{
	bool sign = skip_char(&text, "+-");
	if (lk_str_eq_nocase(text, LK_STR(".inf")) || lk_str_eq_nocase(text, LK_STR(".nan")) ||
		is_based_number(text)) {
		return true;
	}
	/* "_1" is a word to all readers, "+_1" a number to some. */
	if (text.len == 0 || (text.ptr[0] == '_' && !sign)) {
		return false;
	}
	size_t digits = skip_digits(&text);
	while (digits > 0 && skip_char(&text, ":")) {
		if (skip_digits(&text) == 0) {
			return false;
		}
	}
	if (skip_char(&text, ".")) {
		digits += skip_digits(&text);
	}
	if (digits > 0 && skip_char(&text, "eE")) {
		(void)skip_char(&text, "+-");
		if (skip_digits(&text) == 0) {
			return false;
		}
	}
	return digits > 0 && text.len == 0;
}

/* A date, alone or with a time after it: 2024-01-31, 2024-1-31T10:00:00Z. */
static bool is_timestamp(lk_str text)
{
	if (skip_digits(&text) != 4 || !skip_char(&text, "-")) {
		return false;
	}
	size_t month = skip_digits(&text);
	if (month < 1 || month > 2 || !skip_char(&text, "-")) {
		return false;
	}
	size_t day = skip_digits(&text);
	return day >= 1 && day <= 2 && (text.len == 0 || skip_char(&text, "Tt "));
}

/* Would a reader take the plain text for syntax? */
static bool is_syntax(lk_str text)
{
	char first = text.ptr[0];
	char last = text.ptr[text.len - 1];
	bool lone_dash = first == '-' && (text.len == 1 || text.ptr[1] == ' ');
	if (strchr(",[]{}#&*!|>'\"%@`?:", first) || lone_dash || first == ' ' || last == ' ' ||
		last == ':') {
		return true;
	}
	return lk_str_starts(text, LK_STR("---")) || lk_str_starts(text, LK_STR("...")) ||
		lk_str_find(text, LK_STR(": ")) != SIZE_MAX ||
		lk_str_find(text, LK_STR(" #")) != SIZE_MAX;
}

/* Text that only double quotes can carry on one line: control characters and line breaks, and what
 * libyaml does not print as it is (byte order marks, characters beyond the basic plane). */
static bool needs_escapes(lk_str text)
{
	while (text.len > 0) {
		uint32_t c = 0;
		size_t len = lk_utf8_decode(text, &c);
		bool shown = (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0xfffe && c != 0xfeff);
		if (!shown || c == 0x2028 || c == 0x2029) {
			return true;
		}
		text = lk_str_skip(text, len);
	}
	return false;
}

static yaml_scalar_style_t style_of(lk_str text)
{
	if (needs_escapes(text)) {
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	}
	if (text.len == 0 || is_syntax(text) || is_typed_word(text) || is_number(text) ||
		is_timestamp(text)) {
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	}
	return YAML_PLAIN_SCALAR_STYLE;
}

static int write_out(void *data, unsigned char *bytes, size_t len)
{
	lk_buf_append(data, bytes, len);
	return 1;
}

static void fail(struct lk_yaml_writer *writer, enum lk_code code)
{
	if (writer->failed == LK_OK) {
		writer->failed = code;
	}
}

/* Emits EVENT unless something failed before. libyaml refuses what has no place where it comes. */
static void emit(struct lk_yaml_writer *writer, yaml_event_t *event, int initialized)
{
	if (!initialized) {
		lk_mem_lost();
	}
	if (writer->failed != LK_OK) {
		yaml_event_delete(event);
	} else if (!yaml_emitter_emit(&writer->emitter, event)) {
		if (writer->emitter.error == YAML_MEMORY_ERROR) {
			lk_mem_lost();
		}
		fail(writer, LK_E_BUG);
	}
}

struct lk_yaml_writer *lk_yaml_writer_new(struct lk_buf *out)
{
	struct lk_yaml_writer *writer = lk_calloc(1, sizeof(*writer));
	yaml_emitter_t *emitter = &writer->emitter;
	if (!yaml_emitter_initialize(emitter)) {
		lk_mem_lost();
	}
	writer->out = out;
	yaml_emitter_set_output(emitter, write_out, out);
	yaml_emitter_set_encoding(emitter, YAML_UTF8_ENCODING);
	yaml_emitter_set_unicode(emitter, 1);
	yaml_emitter_set_indent(emitter, INDENT);
	yaml_emitter_set_width(emitter, -1);
	yaml_emitter_set_break(emitter, YAML_LN_BREAK);
	yaml_event_t event;
	emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	return writer;
}

void lk_yaml_writer_free(struct lk_yaml_writer *writer)
{
	if (writer) {
		yaml_emitter_delete(&writer->emitter);
		lk_vec_done(&writer->mappings);
		lk_free(writer);
	}
}

void lk_yaml_mapping(struct lk_yaml_writer *writer)
{
	yaml_event_t event;
	lk_vec_push(&writer->mappings, true);
	emit(writer, &event,
		yaml_mapping_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

void lk_yaml_sequence(struct lk_yaml_writer *writer)
{
	yaml_event_t event;
	lk_vec_push(&writer->mappings, false);
	emit(writer, &event,
		yaml_sequence_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
}

void lk_yaml_end(struct lk_yaml_writer *writer)
{
	if (writer->mappings.len == 0) {
		fail(writer, LK_E_BUG);
		return;
	}
	yaml_event_t event;
	bool mapping = writer->mappings.items[--writer->mappings.len];
	emit(writer, &event,
		mapping ? yaml_mapping_end_event_initialize(&event)
			: yaml_sequence_end_event_initialize(&event));
}

static void put_scalar(struct lk_yaml_writer *writer, lk_str text, yaml_scalar_style_t style)
{
	yaml_event_t event;
	emit(writer, &event,
		yaml_scalar_event_initialize(&event, NULL, NULL,
			(const yaml_char_t *)(text.ptr ? text.ptr : ""), (int)text.len, 1, 1,
			style));
}

void lk_yaml_string(struct lk_yaml_writer *writer, lk_str text)
{
	if (text.len > INT32_MAX || !lk_utf8_is_valid(text)) {
		fail(writer, LK_E_FORMAT);
		return;
	}
	put_scalar(writer, text, style_of(text));
}

void lk_yaml_cstring(struct lk_yaml_writer *writer, const char *text)
{
	lk_yaml_string(writer, lk_str_of(text));
}

void lk_yaml_plain(struct lk_yaml_writer *writer, const char *text)
{
	put_scalar(writer, lk_str_of(text), YAML_PLAIN_SCALAR_STYLE);
}

int lk_yaml_finish(struct lk_yaml_writer *writer, struct lk_error *err)
{
	yaml_event_t event;
	if (writer->mappings.len > 0) {
		fail(writer, LK_E_BUG);
	}
	emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
	emit(writer, &event, yaml_stream_end_event_initialize(&event));
	if (writer->failed == LK_E_BUG) {
		return lk_fail(err, LK_E_BUG, "the writing of a YAML document went wrong");
	}
	if (writer->failed != LK_OK) {
		return lk_fail(err, LK_E_FORMAT, "text to be written as YAML is not valid UTF-8");
	}
	if (writer->out->overflow) {
		return lk_fail(err, LK_E_FORMAT, "a YAML document is larger than %zu bytes",
			writer->out->max);
	}
	return LK_OK;
}
