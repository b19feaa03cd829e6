/*
 * A cursor over JSON text that is valid or refused.
 */
#include "conda/json_scan_priv.h"

void lk_scan_init(struct lk_scan *scan, lk_str text, const char *file, struct lk_error *err)
{
	const char *start = text.ptr ? text.ptr : "";
	*scan = (struct lk_scan){
		.start = start, .end = start + text.len, .at = start, .file = file, .err = err};
}

/* Lines are counted only here: the good path never pays for them. */
static int fail_at(const struct lk_scan *scan, const char *at, const char *what)
{
	if (scan->partial && at == scan->end) {
		return LK_SCAN_CUT;
	}
	if (scan->transcribed) {
		lk_fail(scan->err, LK_E_FORMAT, "%s", what);
		lk_error_file(scan->err, scan->file);
		return LK_E_FORMAT;
	}
	unsigned line = 1;
	const char *line_start = scan->start;
	for (const char *p = scan->start; (p = memchr(p, '\n', (size_t)(at - p)));) {
		line++;
		line_start = ++p;
	}
	unsigned column = (unsigned)(at - line_start) + 1;
	size_t offset = (size_t)(at - scan->start);
	bool cut = at == scan->end;
	lk_fail_at(scan->err, scan->file, line, column, "%s (byte %zu)",
		cut ? "the text ends in the middle" : what, offset);
	if (cut) {
		lk_error_hint(scan->err, "the file is cut short; get it again");
	}
	return LK_E_FORMAT;
}

int lk_scan_fail(const struct lk_scan *scan, const char *what)
{
	return fail_at(scan, scan->at, what);
}

static size_t utf8_len(const char *p, const char *end)
{
	uint32_t code_point;
	return lk_utf8_decode(lk_str_n(p, (size_t)(end - p)), &code_point);
}

/* The code unit of \uXXXX at P (which points at the backslash), or -1. */
static int32_t unit_at(const char *p, const char *end)
{
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
		return -1;
	}
	int32_t unit = 0;
	for (size_t i = 2; i < 6; i++) {
		int digit = lk_hex_digit(p[i]);
		if (digit < 0) {
			return -1;
		}
		unit = unit * 16 + digit;
	}
	return unit;
}

static bool is_low_surrogate(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Length of the escape at P, with both halves of a surrogate pair; 0 when it is none. */
static size_t escape_len(const char *p, const char *end)
{
	if (end - p < 2) {
		return 0;
	}
	if (p[1] != 'u') {
		return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
	}
	int32_t unit = unit_at(p, end);
	if (unit <= 0 || is_low_surrogate(unit)) {
		return 0;
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		return is_low_surrogate(unit_at(p + 6, end)) ? 12 : 0;
	}
	return 6;
}

/* Length of the character or escape at P inside a string; else negative after setting the error. */
static int char_len(const struct lk_scan *scan, const char *p)
{
	unsigned char c = (unsigned char)*p;
	if (c < 0x20) {
		return fail_at(scan, p, "control character in a string");
	}
	if (c != '\\' && c < 0x80) {
		return 1;
	}
	bool escape = c == '\\';
	size_t n = escape ? escape_len(p, scan->end) : utf8_len(p, scan->end);
	if (n == 0) {
		/* Cut off by the end of the text rather than wrong? */
		size_t left = (size_t)(scan->end - p);
		bool cut = left < (escape ? 12 : 4) && !memchr(p, '"', left);
		return fail_at(scan, cut ? scan->end : p,
			escape ? "bad escape in a string" : "text is not UTF-8");
	}
	return (int)n;
}

int lk_scan_long_string(struct lk_scan *scan, struct lk_scan_text *ret)
{
	const char *first = scan->at + 1;
	const char *p = first;
	bool escaped = false;
	for (;;) {
		for (unsigned n = LK_SCAN_STRIDE;
			n == LK_SCAN_STRIDE && scan->end - p >= LK_SCAN_STRIDE;) {
			n = lk_scan_plain(p);
			p += n;
		}
		if (p == scan->end) {
			return fail_at(scan, p, "");
		}
		if (*p == '"') {
			break;
		}
		escaped |= *p == '\\';
		int n = char_len(scan, p);
		if (n < 0) {
			return n;
		}
		p += n;
	}
	*ret = (struct lk_scan_text){lk_str_n(first, (size_t)(p - first)), escaped};
	scan->at = p + 1;
	return 0;
}

static bool skip_digits(struct lk_scan *scan)
{
	const char *from = scan->at;
	while (scan->at < scan->end && lk_is_digit(*scan->at)) {
		scan->at++;
	}
	return scan->at > from;
}

static bool skip_byte(struct lk_scan *scan, char a, char b)
{
	bool there = scan->at < scan->end && (*scan->at == a || *scan->at == b);
	scan->at += there;
	return there;
}

static int skip_number(struct lk_scan *scan)
{
	skip_byte(scan, '-', '-');
	bool fine = skip_byte(scan, '0', '0') || skip_digits(scan);
	if (fine && skip_byte(scan, '.', '.')) {
		fine = skip_digits(scan);
	}
	if (fine && skip_byte(scan, 'e', 'E')) {
		skip_byte(scan, '+', '-');
		fine = skip_digits(scan);
	}
	if (scan->partial && scan->at == scan->end) {
		return LK_SCAN_CUT; /* further digits may follow */
	}
	return fine ? 0 : lk_scan_fail(scan, "bad number");
}

static int skip_word(struct lk_scan *scan, const char *word)
{
	for (const char *w = word; *w; w++) {
		if (scan->at == scan->end || *scan->at != *w) {
			return lk_scan_fail(scan, "expected a value");
		}
		scan->at++;
	}
	return 0;
}

static int skip_container(struct lk_scan *scan, char open)
{
	char close = open == '{' ? '}' : ']';
	int rc = lk_scan_enter(scan, open);
	if (rc < 0) {
		return rc;
	}
	while ((rc = lk_scan_next(scan, close)) > 0) {
		struct lk_scan_text key = {0};
		if (open == '{' && (rc = lk_scan_key(scan, &key)) < 0) {
			return rc;
		}
		if ((rc = lk_scan_skip(scan, NULL)) < 0) {
			return rc;
		}
	}
	return rc;
}

int lk_scan_skip(struct lk_scan *scan, lk_str *ret_text)
{
	struct lk_scan_text text = {0};
	int rc;
	char c = lk_scan_peek(scan);
	const char *from = scan->at;
	switch (c) {
	case '"':
		rc = lk_scan_string(scan, &text);
		break;
	case '{':
	case '[':
		rc = skip_container(scan, c);
		break;
	case 't':
		rc = skip_word(scan, "true");
		break;
	case 'f':
		rc = skip_word(scan, "false");
		break;
	case 'n':
		rc = skip_word(scan, "null");
		break;
	default:
		if (c != '-' && !lk_is_digit(c)) {
			return lk_scan_fail(scan, "expected a value");
		}
		rc = skip_number(scan);
		break;
	}
	if (rc == 0 && ret_text) {
		*ret_text = lk_str_n(from, (size_t)(scan->at - from));
	}
	return rc;
}

int lk_scan_finish(struct lk_scan *scan)
{
	lk_scan_peek(scan);
	if (scan->at < scan->end) {
		return lk_scan_fail(scan, "something follows the document");
	}
	return scan->partial ? LK_SCAN_CUT : 0;
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Decodes the escape at P, known to be good; returns its length. */
static size_t decode_escape(const char *p, const char *end, char *out, size_t *len)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	if (p[1] != 'u') {
		out[(*len)++] = to[strchr(from, p[1]) - from];
		return 2;
	}
	uint32_t c = (uint32_t)unit_at(p, end);
	size_t n = 6;
	if (c >= 0xd800 && c <= 0xdbff) {
		uint32_t low = (uint32_t)unit_at(p + 6, end);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		n = 12;
	}
	*len += put_utf8(out + *len, c);
	return n;
}

lk_str lk_scan_decode(struct lk_scan_text text, struct lk_arena *arena)
{
	if (!text.escaped) {
		return text.raw;
	}
	/* An escape is never shorter than what it stands for. */
	char *out = lk_arena_calloc(arena, 1, text.raw.len + 1);
	const char *end = text.raw.ptr + text.raw.len;
	size_t len = 0;
	for (const char *p = text.raw.ptr; p < end;) {
		if (*p == '\\') {
			p += decode_escape(p, end, out, &len);
		} else {
			out[len++] = *p++;
		}
	}
	return lk_str_n(out, len);
}

bool lk_scan_is_escaped(struct lk_scan_text text, lk_str key)
{
	const char *end = text.raw.ptr + text.raw.len;
	size_t matched = 0;
	for (const char *p = text.raw.ptr; p < end;) {
		char bytes[4];
		size_t n = 0;
		if (*p == '\\') {
			p += decode_escape(p, end, bytes, &n);
		} else {
			bytes[n++] = *p++;
		}
		if (n > key.len - matched || memcmp(key.ptr + matched, bytes, n) != 0) {
			return false;
		}
		matched += n;
	}
	return matched == key.len;
}

int lk_scan_each(struct lk_scan *scan, lk_scan_member_fn *one, void *ctx)
{
	int rc = lk_scan_enter(scan, '{');
	while (rc == 0 && (rc = lk_scan_next(scan, '}')) > 0) {
		struct lk_scan_text key = {0};
		rc = lk_scan_key(scan, &key);
		if (rc == 0) {
			rc = one(ctx, key);
		}
	}
	return rc;
}

int lk_scan_text_or_none(struct lk_scan *scan, struct lk_arena *arena, lk_str *ret)
{
	*ret = LK_STR("");
	if (lk_scan_peek(scan) != '"') {
		return lk_scan_skip(scan, NULL);
	}
	struct lk_scan_text text = {0};
	int rc = lk_scan_string(scan, &text);
	if (rc == 0) {
		*ret = lk_scan_decode(text, arena);
	}
	return rc;
}
