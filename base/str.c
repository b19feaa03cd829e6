/*
 * Text views: comparison, search, splitting, numbers, hashing, globs, edit distance.
 */
#include "base/str.h"

#include <stdio.h>

int lk_str_cmp(lk_str a, lk_str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
	if (order != 0) {
		return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

int lk_str_cmp_qsort(const void *a, const void *b)
{
	return lk_str_cmp(*(const lk_str *)a, *(const lk_str *)b);
}

bool lk_str_eq_nocase(lk_str a, lk_str b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (lk_lower(a.ptr[i]) != lk_lower(b.ptr[i])) {
			return false;
		}
	}
	return true;
}

bool lk_str_starts(lk_str s, lk_str prefix)
{
	return s.len >= prefix.len && lk_str_eq(lk_str_slice(s, 0, prefix.len), prefix);
}

bool lk_str_ends(lk_str s, lk_str suffix)
{
	return s.len >= suffix.len && lk_str_eq(lk_str_skip(s, s.len - suffix.len), suffix);
}

size_t lk_str_find_char(lk_str s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
	return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

size_t lk_str_rfind_char(lk_str s, char c)
{
	const char *at = s.len ? memrchr(s.ptr, c, s.len) : NULL;
	return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

size_t lk_str_find(lk_str s, lk_str needle)
{
	if (needle.len == 0) {
		return 0;
	}
	const char *at = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
	return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

lk_str lk_str_slice(lk_str s, size_t from, size_t to)
{
	to = to < s.len ? to : s.len;
	from = from < to ? from : to;
	return s.ptr ? lk_str_n(s.ptr + from, to - from) : s;
}

lk_str lk_str_skip(lk_str s, size_t n)
{
	return lk_str_slice(s, n, s.len);
}

lk_str lk_str_trim(lk_str s)
{
	size_t from = 0;
	size_t to = s.len;
	while (from < to && lk_is_space(s.ptr[from])) {
		from++;
	}
	while (to > from && lk_is_space(s.ptr[to - 1])) {
		to--;
	}
	return lk_str_slice(s, from, to);
}

lk_str lk_str_trim_end(lk_str s, char c)
{
	while (s.len > 0 && s.ptr[s.len - 1] == c) {
		s.len--;
	}
	return s;
}

bool lk_str_has_control(lk_str s)
{
	/* Eight at a time: the high bit of a byte of ODD is set where it is below 0x20 or DEL, and
	 * perhaps above such a one; never without one. */
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t highs = ones << 7;
	size_t i = 0;
	for (; s.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t bytes;
		memcpy(&bytes, s.ptr + i, sizeof(bytes));
		uint64_t no_del = bytes ^ (ones * 0x7f);
		uint64_t odd = ((bytes - ones * 0x20) & ~bytes) | ((no_del - ones) & ~no_del);
		if (odd & highs) {
			return true;
		}
	}
	for (; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c < 0x20 || c == 0x7f) {
			return true;
		}
	}
	return false;
}

bool lk_str_split(lk_str *rest, char sep, lk_str *ret_part)
{
	if (!rest->ptr) {
		return false;
	}
	size_t at = lk_str_find_char(*rest, sep);
	if (at == SIZE_MAX) {
		*ret_part = *rest;
		*rest = (lk_str){NULL, 0};
		return true;
	}
	*ret_part = lk_str_slice(*rest, 0, at);
	*rest = lk_str_skip(*rest, at + 1);
	return true;
}

bool lk_str_to_u64(lk_str s, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (!lk_is_digit(s.ptr[i]) || __builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value)) {
			return false;
		}
	}
	if (s.len == 0) {
		return false;
	}
	*ret_value = value;
	return true;
}

static uint64_t load64(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* The 128-bit product folded into 64: each bit of the result depends on all bits of both. */
static uint64_t fold_multiply(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Odd constants with about as many ones as zeros: the fractions of sqrt(2) and sqrt(3). */
#define HASH_KEY_A UINT64_C(0x6a09e667f3bcc909)
#define HASH_KEY_B UINT64_C(0xbb67ae8584caa73b)

uint64_t lk_str_hash_seeded(lk_str s, uint64_t seed)
{
	const uint64_t key = HASH_KEY_B ^ (seed << 32 | seed >> 32);
	uint64_t state = HASH_KEY_A ^ seed ^ (uint64_t)s.len;
	const char *at = s.ptr;
	size_t left = s.len;
	if (left > 32) {
		/* Two chains, since each has to wait for its multiplications. */
		uint64_t other = key;
		for (; left > 32; left -= 32, at += 32) {
			state = fold_multiply(load64(at) ^ state, load64(at + 8) ^ key);
			other = fold_multiply(load64(at + 16) ^ other, load64(at + 24) ^ key);
		}
		state ^= other;
	}
	while (left > 16) {
		state = fold_multiply(load64(at) ^ state, load64(at + 8) ^ key);
		at += 16;
		left -= 16;
	}
	uint64_t low = 0;
	uint64_t high = 0;
	if (left >= 8) { /* two words that may overlap */
		low = load64(at);
		high = load64(at + left - 8);
	} else if (left > 0) {
		char tail[8] = {0};
		memcpy(tail, at, left);
		low = load64(tail);
	}
	return fold_multiply(fold_multiply(low ^ state, high ^ key), HASH_KEY_A);
}

uint64_t lk_str_hash(lk_str s)
{
	return lk_str_hash_seeded(s, 0);
}

size_t lk_utf8_decode(lk_str s, uint32_t *ret_code_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	if (s.len == 0) {
		return 0;
	}
	unsigned char lead = (unsigned char)s.ptr[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (len == 0 || len > s.len || lead > 0xf4) {
		return 0;
	}
	uint32_t code_point = len == 1 ? lead : lead & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];
		if ((next & 0xc0) != 0x80) {
			return 0;
		}
		code_point = code_point << 6 | (next & 0x3fu);
	}
	bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
	if (code_point < smallest[len] || code_point > 0x10ffff || surrogate) {
		return 0;
	}
	*ret_code_point = code_point;
	return len;
}

bool lk_utf8_is_valid(lk_str s)
{
	uint32_t code_point;
	while (s.len > 0) {
		size_t len = lk_utf8_decode(s, &code_point);
		if (len == 0) {
			return false;
		}
		s = lk_str_skip(s, len);
	}
	return true;
}

static bool same_byte(char a, char b, bool nocase)
{
	return nocase ? lk_lower(a) == lk_lower(b) : a == b;
}

bool lk_str_glob(lk_str pattern, lk_str s, bool nocase)
{
	size_t p = 0;
	size_t i = 0;
	size_t after_star = SIZE_MAX; /* in the pattern, after the last '*' met */
	size_t retry = 0;             /* where in S that star's run ends so far */
	while (i < s.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			after_star = ++p;
			retry = i;
		} else if (p < pattern.len && same_byte(pattern.ptr[p], s.ptr[i], nocase)) {
			p++;
			i++;
		} else if (after_star != SIZE_MAX) {
			p = after_star;
			i = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*') {
		p++;
	}
	return p == pattern.len;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;
	return smaller < c ? smaller : c;
}

/* Rows of the distance table: of the prefix before last, the last, and this prefix of A. Cells
 * outside the band of LIMIT around the diagonal hold `beyond`. */
struct distance_rows {
	unsigned *before;
	unsigned *last;
	unsigned *here;
};

/* Fills here[from..to] for the prefix A[0..i); returns the smallest cell. */
static unsigned distance_row(
	const struct distance_rows *rows, lk_str a, lk_str b, size_t i, size_t from, size_t to)
{
	unsigned smallest = UINT32_MAX;
	for (size_t j = from; j <= to; j++) {
		unsigned replaced = rows->last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
		unsigned cell = min3(replaced, rows->last[j] + 1, rows->here[j - 1] + 1);
		bool swapped = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			a.ptr[i - 2] == b.ptr[j - 1];
		if (swapped && rows->before[j - 2] + 1 < cell) {
			cell = rows->before[j - 2] + 1;
		}
		rows->here[j] = cell;
		smallest = cell < smallest ? cell : smallest;
	}
	return smallest;
}

unsigned lk_str_distance(lk_str a, lk_str b, unsigned limit)
{
	limit = limit < UINT32_MAX / 4 ? limit : UINT32_MAX / 4;
	size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;
	if (apart > limit) {
		return limit + 1;
	}
	const unsigned beyond = limit + 1;
	size_t width = b.len + 1;
	unsigned *LK_AUTO_FREE cells = lk_calloc(3 * width, sizeof(*cells));
	struct distance_rows rows = {cells, cells + width, cells + 2 * width};
	for (size_t j = 0; j < width; j++) {
		rows.before[j] = beyond;
		rows.here[j] = beyond;
		rows.last[j] = j < beyond ? (unsigned)j : beyond;
	}
	for (size_t i = 1; i <= a.len; i++) {
		size_t from = i > limit ? i - limit : 1;
		size_t to = i + limit < b.len ? i + limit : b.len;
		rows.here[from - 1] = from == 1 && i < beyond ? (unsigned)i : beyond;
		unsigned smallest = distance_row(&rows, a, b, i, from, to);
		if (to < b.len) {
			rows.here[to + 1] = beyond;
		}
		if (smallest > limit && rows.here[from - 1] > limit) {
			return beyond;
		}
		rows = (struct distance_rows){rows.last, rows.here, rows.before};
	}
	return rows.last[b.len] < beyond ? rows.last[b.len] : beyond;
}

lk_str lk_str_dup(struct lk_arena *arena, lk_str s)
{
	return lk_str_n(lk_arena_strndup(arena, s.ptr, s.len), s.len);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

lk_str lk_str_shorten(struct lk_arena *arena, lk_str s, size_t max)
{
	static const char gap[] = "\xe2\x80\xa6";
	if (s.len <= max) {
		return s;
	}
	size_t kept = max - strlen(gap);
	size_t head = kept - kept / 2;
	size_t tail = s.len - kept / 2;
	while (head > 0 && is_continuation(s.ptr[head])) {
		head--;
	}
	while (tail < s.len && is_continuation(s.ptr[tail])) {
		tail++;
	}
	return lk_str_printf(arena, LK_STR_FMT "%s" LK_STR_FMT,
		LK_STR_ARG(lk_str_slice(s, 0, head)), gap, LK_STR_ARG(lk_str_skip(s, tail)));
}

lk_str lk_str_lower(struct lk_arena *arena, lk_str s)
{
	char *copy = lk_arena_strndup(arena, s.ptr, s.len);
	for (size_t i = 0; i < s.len; i++) {
		copy[i] = lk_lower(copy[i]);
	}
	return lk_str_n(copy, s.len);
}

lk_str lk_str_single_spaced(struct lk_arena *arena, lk_str s)
{
	s = lk_str_trim(s);
	char *copy = lk_arena_calloc(arena, s.len + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = lk_is_space(s.ptr[i]) ? ' ' : s.ptr[i];
		if (c != ' ' || copy[len - 1] != ' ') {
			copy[len++] = c;
		}
	}
	return lk_str_n(copy, len);
}

lk_str lk_str_concat(struct lk_arena *arena, const lk_str *parts, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		len += parts[i].len;
	}
	char *text = lk_arena_calloc(arena, len + 1, 1);
	char *at = text;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len > 0) {
			memcpy(at, parts[i].ptr, parts[i].len);
			at += parts[i].len;
		}
	}
	return lk_str_n(text, len);
}

lk_str lk_str_printf(struct lk_arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = lk_arena_vprintf(arena, fmt, args);
	va_end(args);
	return lk_str_of(text);
}
