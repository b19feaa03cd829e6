/*
 * Versions as byte keys.
 *
 * A segment of the normal form always alternates: integer, letters, integer, letters … (a segment
 * that starts with letters got a zero). That makes this code, in which memcmp gives the order:
 *
 *     integer   length of its digits without leading zeros, then these digits; zero is one byte 0
 *     letters   KEY_DEV, or KEY_LETTERS letters 0, or KEY_POST
 *     segment   integer (letters integer)* KEY_END
 *     head      epoch (an integer), then the segments of the main part
 *     local     the segments of the local part
 *
 * Every piece tells its own end, so two keys differ first where the versions do. Trailing zero
 * segments are not counted into the length; where one key ends, the rest of the other is compared
 * with zeros. The "stem" of a key, for prefix matching, ends with the last atom that was written:
 * it lacks the implied zero after letters and the last KEY_END, but has trailing zero segments.
 */
#include "conda/version.h"

#include "conda/spec_text_priv.h"

enum key_byte {
	KEY_DEV = 1,
	KEY_LETTERS = 2,
	KEY_END = 3,
	KEY_POST = 4,
};

#define LONG_RUN 255  /* from here a run's length takes four more bytes */
#define SHORT_KEY 128 /* bytes; nearly all keys are shorter, and those are written once */

struct part {
	uint32_t len;    /* without trailing zero segments */
	uint32_t stem;   /* 0: there is no such part */
	uint32_t parent; /* the stem without the last segment */
};

struct lk_version {
	lk_str text;
	const unsigned char *head_key;
	const unsigned char *local_key;
	struct part head, local;
	uint32_t epoch_len;
};

struct parser {
	lk_str text;
	struct lk_error *err;
};

/* Counts bytes, and writes those that there is room for. */
struct writer {
	unsigned char *out;
	uint32_t len, room;
};

static void put_byte(struct writer *w, unsigned char byte)
{
	if (w->len < w->room) {
		w->out[w->len] = byte;
	}
	w->len++;
}

static void put_integer(struct writer *w, lk_str digits)
{
	while (digits.len > 0 && digits.ptr[0] == '0') {
		digits = lk_str_skip(digits, 1);
	}
	if (digits.len < LONG_RUN) {
		put_byte(w, (unsigned char)digits.len);
	} else {
		put_byte(w, LONG_RUN);
		for (int shift = 24; shift >= 0; shift -= 8) {
			put_byte(w, (unsigned char)(digits.len >> shift));
		}
	}
	for (size_t i = 0; i < digits.len; i++) {
		put_byte(w, (unsigned char)digits.ptr[i]);
	}
}

/* GLUED: the part's trailing separator belongs to this run. */
static void put_letters(struct writer *w, lk_str letters, bool glued)
{
	if (!glued && lk_str_eq_nocase(letters, LK_STR("dev"))) {
		put_byte(w, KEY_DEV);
		return;
	}
	if (!glued && lk_str_eq_nocase(letters, LK_STR("post"))) {
		put_byte(w, KEY_POST);
		return;
	}
	put_byte(w, KEY_LETTERS);
	for (size_t i = 0; i < letters.len; i++) {
		put_byte(w, (unsigned char)lk_lower(letters.ptr[i]));
	}
	if (glued) {
		put_byte(w, '_');
	}
	put_byte(w, 0);
}

static size_t run_len(lk_str s)
{
	size_t n = 0;
	while (n < s.len && lk_is_digit(s.ptr[n]) == lk_is_digit(s.ptr[0])) {
		n++;
	}
	return n;
}

/* One segment, not empty; *ret_stem is where its written atoms end. Is it more than [0]? */
static bool put_segment(struct writer *w, lk_str segment, bool glued, uint32_t *ret_stem)
{
	bool zero = true;
	bool after_integer = false;
	while (segment.len > 0) {
		lk_str run = lk_str_slice(segment, 0, run_len(segment));
		segment = lk_str_skip(segment, run.len);
		if (lk_is_digit(run.ptr[0])) {
			uint32_t before = w->len;
			put_integer(w, run);
			zero = zero && w->len == before + 1;
			after_integer = true;
			continue;
		}
		if (!after_integer) {
			put_integer(w, LK_STR(""));
		}
		put_letters(w, run, glued && segment.len == 0);
		zero = false;
		after_integer = false;
	}
	if (glued && after_integer) {
		put_letters(w, LK_STR(""), true);
		zero = false;
		after_integer = false;
	}
	*ret_stem = w->len;
	if (!after_integer) {
		put_integer(w, LK_STR(""));
	}
	put_byte(w, KEY_END);
	return !zero;
}

static bool is_separator(char c)
{
	return c == '.' || c == '_' || c == '-';
}

static int fail(struct parser *p, const char *at, const char *reason)
{
	return lk_spec_fail(p->err, p->text, (size_t)(at - p->text.ptr),
		"bad version '" LK_STR_FMT "': %s", LK_STR_ARG(lk_str_trim(p->text)), reason);
}

/* Segments of a main or local part after what W holds already (the epoch). */
static int put_part(struct parser *p, struct writer *w, lk_str text, bool glued, struct part *ret)
{
	struct part part = {.len = w->len, .stem = w->len, .parent = w->len};
	const char *end = text.ptr + text.len;
	for (const char *at = text.ptr;; at++) {
		const char *start = at;
		while (at < end && !is_separator(*at)) {
			at++;
		}
		if (at == start) {
			return fail(p, at, "a segment is empty");
		}
		part.parent = part.stem;
		lk_str segment = lk_str_n(start, (size_t)(at - start));
		if (put_segment(w, segment, glued && at == end, &part.stem)) {
			part.len = w->len;
		}
		if (at == end) {
			break;
		}
	}
	*ret = part;
	return 0;
}

/* Only known characters, and not both of '-' and '_'. */
static int check_characters(struct parser *p, lk_str text)
{
	char dash = '\0';
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.ptr + i;
		if (*at == '-' || *at == '_') {
			if (dash != '\0' && *at != dash) {
				return fail(p, at, "'-' and '_' may not be mixed");
			}
			dash = *at;
		} else if (!lk_is_alnum(*at) && *at != '.' && *at != '!' && *at != '+') {
			return fail(p, at,
				*at == '*' ? "'*' is not allowed here" : "invalid character");
		}
	}
	return 0;
}

/* Takes "EPOCH!" off *MAIN. */
static int split_epoch(struct parser *p, lk_str *main_part, lk_str *ret_epoch)
{
	size_t bang = lk_str_find_char(*main_part, '!');
	if (bang == SIZE_MAX) {
		*ret_epoch = LK_STR("");
		return 0;
	}
	lk_str epoch = lk_str_slice(*main_part, 0, bang);
	if (epoch.len == 0 || !lk_is_digit(epoch.ptr[0]) || run_len(epoch) != epoch.len) {
		return fail(p, main_part->ptr, "the epoch is not an integer");
	}
	*main_part = lk_str_skip(*main_part, bang + 1);
	size_t second = lk_str_find_char(*main_part, '!');
	if (second != SIZE_MAX) {
		return fail(p, main_part->ptr + second, "two epochs");
	}
	*ret_epoch = epoch;
	return 0;
}

struct pieces {
	lk_str epoch, main, local;
	bool has_local;
	bool glued; /* the main part ended in '_' or '-' */
};

static int split_pieces(struct parser *p, lk_str text, struct pieces *ret)
{
	struct pieces pieces = {.main = text};
	int rc = split_epoch(p, &pieces.main, &pieces.epoch);
	if (rc < 0) {
		return rc;
	}
	size_t plus = lk_str_find_char(pieces.main, '+');
	if (plus != SIZE_MAX) {
		pieces.local = lk_str_skip(pieces.main, plus + 1);
		pieces.main = lk_str_slice(pieces.main, 0, plus);
		pieces.has_local = true;
		size_t second = lk_str_find_char(pieces.local, '+');
		if (second != SIZE_MAX) {
			return fail(p, pieces.local.ptr + second, "two local parts");
		}
	}
	if (pieces.main.len > 1) {
		char last = pieces.main.ptr[pieces.main.len - 1];
		pieces.glued = last == '_' || last == '-';
		pieces.main.len -= pieces.glued;
	}
	*ret = pieces;
	return 0;
}

/* Fills all of VERSION but its text and keys. OUT gets the bytes of both keys, head first, as far
 * as there is ROOM. */
static int encode(struct parser *p, const struct pieces *pieces, unsigned char *out, uint32_t room,
	struct lk_version *version, uint32_t *ret_head, uint32_t *ret_len)
{
	struct writer head = {.out = out, .room = room};
	put_integer(&head, pieces->epoch);
	version->epoch_len = head.len;
	int rc = put_part(p, &head, pieces->main, pieces->glued, &version->head);
	if (rc < 0) {
		return rc;
	}
	uint32_t used = head.len < room ? head.len : room;
	struct writer local = {.out = out + used, .room = room - used};
	if (pieces->has_local) {
		rc = put_part(p, &local, pieces->local, false, &version->local);
		if (rc < 0) {
			return rc;
		}
	}
	*ret_head = head.len;
	*ret_len = head.len + local.len;
	return 0;
}

int lk_version_parse(
	lk_str text, struct lk_arena *arena, const struct lk_version **ret, struct lk_error *err)
{
	struct parser p = {.text = text, .err = err};
	lk_str trimmed = lk_str_trim(text);
	if (trimmed.len == 0) {
		return lk_spec_fail(err, text, 0, "a version is empty");
	}
	if (trimmed.len > LK_VERSION_MAX_LEN) {
		return lk_spec_fail(err, text, LK_VERSION_MAX_LEN,
			"a version is longer than %d bytes", LK_VERSION_MAX_LEN);
	}
	struct pieces pieces = {0};
	struct lk_version shape = {0};
	unsigned char short_key[SHORT_KEY];
	uint32_t head = 0;
	uint32_t len = 0;
	int rc = check_characters(&p, trimmed);
	rc = rc < 0 ? rc : split_pieces(&p, trimmed, &pieces);
	rc = rc < 0 ? rc : encode(&p, &pieces, short_key, SHORT_KEY, &shape, &head, &len);
	if (rc < 0) {
		return rc;
	}
	unsigned char *key = lk_arena_calloc(arena, len, 1);
	if (len <= SHORT_KEY) {
		memcpy(key, short_key, len);
	} else {
		rc = encode(&p, &pieces, key, len, &shape, &head, &len);
	}
	shape.text = lk_str_dup(arena, trimmed);
	shape.head_key = key;
	shape.local_key = key + head;
	struct lk_version *version = lk_arena_calloc(arena, 1, sizeof(*version));
	*version = shape;
	*ret = version;
	return rc;
}

lk_str lk_version_text(const struct lk_version *version)
{
	return version->text;
}

/* What is left of a key where the other one ends: is it below, at or above zeros? */
static int sign_of_rest(const unsigned char *rest, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2) {
		if (rest[i] != 0) {
			return 1;
		}
		if (rest[i + 1] != KEY_END) {
			return rest[i + 1] < KEY_END ? -1 : 1;
		}
	}
	return 0;
}

static int key_cmp(const unsigned char *a, uint32_t a_len, const unsigned char *b, uint32_t b_len)
{
	uint32_t common = a_len < b_len ? a_len : b_len;
	int order = common > 0 ? memcmp(a, b, common) : 0;
	if (order != 0) {
		return order;
	}
	return a_len > common ? sign_of_rest(a + common, a_len - common)
			      : -sign_of_rest(b + common, b_len - common);
}

int lk_version_cmp(const struct lk_version *a, const struct lk_version *b)
{
	if (a == b) {
		return 0;
	}
	int order = key_cmp(a->head_key, a->head.len, b->head_key, b->head.len);
	return order != 0 ? order : key_cmp(a->local_key, a->local.len, b->local_key, b->local.len);
}

static bool key_eq(const unsigned char *a, uint32_t a_len, const unsigned char *b, uint32_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool lk_version_eq(const struct lk_version *a, const struct lk_version *b)
{
	return key_eq(a->head_key, a->head.len, b->head_key, b->head.len) &&
		key_eq(a->local_key, a->local.len, b->local_key, b->local.len);
}

static bool key_has_stem(
	const unsigned char *key, uint32_t key_len, const unsigned char *stem, uint32_t stem_len)
{
	uint32_t common = key_len < stem_len ? key_len : stem_len;
	if (memcmp(key, stem, common) != 0) {
		return false;
	}
	for (uint32_t i = common; i < stem_len; i++) {
		if (stem[i] != ((i - common) % 2 == 0 ? 0 : KEY_END)) {
			return false; /* the key goes on with zero segments, the stem does not */
		}
	}
	return true;
}

bool lk_version_starts_with(const struct lk_version *version, const struct lk_version *prefix)
{
	if (prefix->local.stem == 0) {
		return key_has_stem(
			version->head_key, version->head.len, prefix->head_key, prefix->head.stem);
	}
	return key_eq(version->head_key, version->head.len, prefix->head_key, prefix->head.len) &&
		key_has_stem(version->local_key, version->local.len, prefix->local_key,
			prefix->local.stem);
}

bool lk_version_shares_parent(const struct lk_version *version, const struct lk_version *base)
{
	return key_has_stem(
		version->head_key, version->head.len, base->head_key, base->head.parent);
}

bool lk_version_is_one_segment(const struct lk_version *version)
{
	return version->head.parent == version->epoch_len;
}

/* A walk over the numbers that the segments of a head key begin with. */
struct numbers {
	const unsigned char *at, *end;
};

/* The integer at the walk's place, taken off; zero where the key has ended. */
static lk_str take_integer(struct numbers *w)
{
	const unsigned char *start = w->at;
	if (start >= w->end) {
		return lk_str_n("", 1);
	}
	uint32_t len = start[0];
	w->at++;
	if (len == LONG_RUN) {
		len = (uint32_t)start[1] << 24 | (uint32_t)start[2] << 16 |
			(uint32_t)start[3] << 8 | start[4];
		w->at += 4;
	}
	w->at += len;
	return lk_str_n((const char *)start, (size_t)(w->at - start));
}

/* To the next segment, from behind an integer. */
static void skip_segment(struct numbers *w)
{
	while (w->at < w->end && *w->at != KEY_END) {
		if (*w->at == KEY_LETTERS) {
			w->at += strlen((const char *)w->at);
		}
		w->at++;
		(void)take_integer(w);
	}
	w->at += w->at < w->end ? 1 : 0;
}

unsigned lk_version_step(const struct lk_version *a, const struct lk_version *b)
{
	struct numbers x = {a->head_key, a->head_key + a->head.len};
	struct numbers y = {b->head_key, b->head_key + b->head.len};
	bool same = lk_str_eq(take_integer(&x), take_integer(&y));
	for (unsigned i = 0; i < 2; i++) {
		same = lk_str_eq(take_integer(&x), take_integer(&y)) && same;
		if (!same) {
			return i;
		}
		skip_segment(&x);
		skip_segment(&y);
	}
	return 2;
}
