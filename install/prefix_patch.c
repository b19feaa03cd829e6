/*
 * Placeholder replacement in text and binary files.
 */
#include "install/prefix_patch.h"

#include "conda/subdir.h"
#include "install/shebang.h"

#define MAX_PREFIX_BYTES 4096 /* PATH_MAX: no prefix or placeholder is longer */

/* Appends BYTES with every OLD replaced by NEW; returns how many there were. */
static size_t replace_all(lk_str bytes, lk_str old, lk_str new, struct lk_buf *out)
{
	size_t count = 0;
	for (size_t at; (at = lk_str_find(bytes, old)) != SIZE_MAX; count++) {
		lk_buf_append(out, bytes.ptr, at);
		lk_buf_put(out, new);
		bytes = lk_str_skip(bytes, at + old.len);
	}
	lk_buf_put(out, bytes);
	return count;
}

/* The first line, when it starts a program below the placeholder: program and arguments are
 * replaced apart, so that a new prefix with spaces does not change where the program's name ends.
 */
static size_t patch_shebang(const struct lk_prefix_patch *patch, lk_str *rest, struct lk_buf *out)
{
	lk_str line = lk_str_slice(*rest, 0, lk_str_find_char(*rest, '\n'));
	if (!lk_str_starts(line, LK_STR("#!"))) {
		return 0;
	}
	size_t start = 2;
	while (start < line.len && (line.ptr[start] == ' ' || line.ptr[start] == '\t')) {
		start++;
	}
	if (!lk_str_starts(lk_str_skip(line, start), patch->placeholder)) {
		return 0;
	}
	/* The placeholder itself may hold spaces. */
	size_t end = start + patch->placeholder.len;
	while (end < line.len && !lk_is_space(line.ptr[end])) {
		end++;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) exe = LK_BUF_INIT(out->max);
	struct lk_buf LK_CLEANUP(lk_buf_done) args = LK_BUF_INIT(out->max);
	size_t count = replace_all(
		lk_str_slice(line, start, end), patch->placeholder, patch->prefix, &exe);
	count += replace_all(lk_str_skip(line, end), patch->placeholder, patch->prefix, &args);
	size_t blanks = start - 2;
	if (lk_shebang_fits(lk_buf_view(&exe), lk_buf_view(&args), patch->subdir) &&
		2 + blanks + exe.len + args.len <= lk_shebang_max(patch->subdir)) {
		lk_buf_put(out, lk_str_slice(line, 0, start));
		lk_buf_put(out, lk_buf_view(&exe));
		lk_buf_put(out, lk_buf_view(&args));
	} else {
		lk_shebang_write(out, lk_buf_view(&exe), lk_buf_view(&args), patch->subdir);
	}
	out->overflow = out->overflow || exe.overflow || args.overflow;
	*rest = lk_str_skip(*rest, line.len);
	return count;
}

/* One code point off the front of *TEXT; false at bytes that are no UTF-8. */
static bool next_code_point(lk_str *text, uint32_t *ret)
{
	unsigned char lead = (unsigned char)text->ptr[0];
	size_t len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || text->len < len) {
		return false;
	}
	uint32_t value = len == 1 ? lead : lead & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)text->ptr[i];
		if ((next & 0xc0) != 0x80) {
			return false;
		}
		value = value << 6 | (next & 0x3fU);
	}
	*text = lk_str_skip(*text, len);
	*ret = value;
	return value <= 0x10ffff;
}

/* One unit of WIDTH bytes. */
static void put_unit(struct lk_buf *out, uint32_t unit, unsigned width, bool big_endian)
{
	for (unsigned i = 0; i < width; i++) {
		unsigned shift = 8 * (big_endian ? width - 1 - i : i);
		lk_buf_putc(out, (char)(unit >> shift & 0xff));
	}
}

/* UTF-8 TEXT as UTF-16 (WIDTH 2) or UTF-32 (WIDTH 4); false where it is no UTF-8. */
static bool encode(lk_str text, unsigned width, bool big_endian, struct lk_buf *out)
{
	while (text.len > 0) {
		uint32_t point;
		if (!next_code_point(&text, &point)) {
			return false;
		}
		if (width == 2 && point > 0xffff) {
			put_unit(out, 0xd800 + ((point - 0x10000) >> 10), 2, big_endian);
			point = 0xdc00 + ((point - 0x10000) & 0x3ff);
		}
		put_unit(out, point, width, big_endian);
	}
	return true;
}

/* The wide encodings, one after the other over what is in OUT from FROM on. */
static size_t patch_wide(const struct lk_prefix_patch *patch, size_t from, struct lk_buf *out)
{
	static const struct {
		unsigned width;
		bool big_endian;
	} encodings[] = {{2, false}, {2, true}, {4, false}, {4, true}};
	size_t count = 0;
	for (size_t i = 0; i < LK_COUNTOF(encodings); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) old = LK_BUF_INIT(4UL * MAX_PREFIX_BYTES);
		struct lk_buf LK_CLEANUP(lk_buf_done) new = LK_BUF_INIT(4UL * MAX_PREFIX_BYTES);
		lk_str done = lk_str_skip(lk_buf_view(out), from);
		if (!encode(patch->placeholder, encodings[i].width, encodings[i].big_endian,
			    &old) ||
			!encode(patch->prefix, encodings[i].width, encodings[i].big_endian, &new) ||
			lk_str_find(done, lk_buf_view(&old)) == SIZE_MAX) {
			continue;
		}
		struct lk_buf LK_CLEANUP(lk_buf_done) patched = LK_BUF_INIT(out->max);
		count += replace_all(done, lk_buf_view(&old), lk_buf_view(&new), &patched);
		out->len = from;
		lk_buf_put(out, lk_buf_view(&patched));
		out->overflow = out->overflow || patched.overflow;
	}
	return count;
}

static size_t patch_text(const struct lk_prefix_patch *patch, lk_str bytes, struct lk_buf *out)
{
	size_t from = out->len;
	size_t count = 0;
	if (!lk_str_is(lk_subdir_os(patch->subdir), "win")) {
		count += patch_shebang(patch, &bytes, out);
	}
	count += replace_all(bytes, patch->placeholder, patch->prefix, out);
	return count + patch_wide(patch, from, out);
}

/* How many bytes at the end of BYTES may be the beginning of a placeholder. */
static size_t undecided(const struct lk_binary_patch *b, lk_str bytes, bool last)
{
	size_t tail = last ? 0 : b->patch->placeholder.len - 1;
	return tail < bytes.len ? tail : bytes.len;
}

/* Moves LEN bytes from the front of BYTES to OUT. */
static void pass(lk_str *bytes, size_t len, struct lk_buf *out)
{
	lk_buf_append(out, bytes->ptr, len);
	*bytes = lk_str_skip(*bytes, len);
}

/* To the end of the string, or of what is there of it. */
static void patch_string(struct lk_binary_patch *b, lk_str *bytes, bool last, struct lk_buf *out)
{
	lk_str old = b->patch->placeholder;
	size_t nul = lk_str_find_char(*bytes, '\0');
	bool ends = nul != SIZE_MAX || last;
	lk_str string = lk_str_slice(*bytes, 0, nul);
	size_t all = string.len;
	for (size_t at; (at = lk_str_find(string, old)) != SIZE_MAX; b->count++) {
		pass(&string, at, out);
		lk_buf_put(out, b->patch->prefix);
		string = lk_str_skip(string, old.len);
		b->pad += old.len - b->patch->prefix.len;
	}
	size_t left = ends ? 0 : undecided(b, string, last);
	pass(&string, string.len - left, out);
	*bytes = lk_str_skip(*bytes, all - left);
	for (; ends && b->pad > 0; b->pad--) {
		lk_buf_putc(out, '\0');
	}
	b->in_string = !ends;
}

int lk_binary_patch_part(struct lk_binary_patch *b, lk_str *bytes, bool last, struct lk_buf *out,
	struct lk_error *err)
{
	size_t room = b->patch->placeholder.len;
	for (;;) {
		if (b->in_string) {
			patch_string(b, bytes, last, out);
		}
		size_t at = b->in_string ? SIZE_MAX : lk_str_find(*bytes, b->patch->placeholder);
		if (at == SIZE_MAX) {
			break;
		}
		if (b->patch->prefix.len > room) {
			lk_fail(err, LK_E_INTEGRITY,
				"no room in binary file '%s' for a prefix of %zu bytes", b->file,
				b->patch->prefix.len);
			lk_error_hint(err, "choose a prefix of at most %zu bytes", room);
			return err->code;
		}
		pass(bytes, at, out);
		b->in_string = true;
	}
	if (!b->in_string) {
		pass(bytes, bytes->len - undecided(b, *bytes, last), out);
	}
	return 0;
}

int lk_prefix_patch_check(
	const struct lk_prefix_patch *patch, const char *file, struct lk_error *err)
{
	if (patch->placeholder.len == 0 || patch->placeholder.len > MAX_PREFIX_BYTES ||
		patch->prefix.len > MAX_PREFIX_BYTES ||
		lk_str_find_char(patch->placeholder, '\0') != SIZE_MAX) {
		return lk_fail(err, LK_E_INTEGRITY,
			"prefix placeholder of '%s' is empty, holds a NUL or is longer than %d "
			"bytes",
			file, MAX_PREFIX_BYTES);
	}
	return 0;
}

int lk_prefix_patch(const struct lk_prefix_patch *patch, lk_str bytes, const char *file,
	struct lk_buf *out, size_t *ret_count, struct lk_error *err)
{
	struct lk_binary_patch binary = {.patch = patch, .file = file};
	int rc = lk_prefix_patch_check(patch, file, err);
	if (rc < 0) {
		return rc;
	}
	if (patch->mode == LK_PREFIX_TEXT) {
		binary.count = patch_text(patch, bytes, out);
	} else if (!lk_str_is(lk_subdir_os(patch->subdir), "win")) {
		rc = lk_binary_patch_part(&binary, &bytes, true, out, err);
	} else {
		lk_buf_put(out, bytes);
	}
	if (rc == 0 && out->overflow) {
		rc = lk_fail(err, LK_E_INTEGRITY,
			"'%s' grows past %zu bytes when the prefix is written into it", file,
			out->max);
	}
	*ret_count = binary.count;
	return rc;
}
