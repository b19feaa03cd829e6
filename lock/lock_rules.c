/*
 * The rules that reader and writer of a lock share, and the two texts that are derived, not stored.
 */
#include "lock/lock_rules_priv.h"

#include "base/fs.h"
#include "base/gpu_code.h"
#include "conda/channel.h"
#include "conda/subdir.h"

/* Bytes of a list of GPU architectures: there are some fifty names. */
#define MAX_GPU ((size_t)4096)

const char *lk_lock_wrong_text(lk_str text)
{
	return lk_str_has_control(text) ? "holds a control character" : NULL;
}

/* A part of a file name: visible ASCII that names nothing but itself. */
static const char *wrong_word(lk_str text)
{
	if (text.len == 0) {
		return "is empty";
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '\\') {
			return "holds a character that does not belong there";
		}
	}
	return lk_path_is_component(text) ? NULL : "is not a safe part of a file name";
}

const char *lk_lock_wrong_name(lk_str text)
{
	const char *wrong = wrong_word(text);
	if (wrong) {
		return wrong;
	}
	return lk_str_starts(text, LK_STR("__")) ? "names a virtual package" : NULL;
}

const char *lk_lock_wrong_version(lk_str text)
{
	return wrong_word(text);
}

const char *lk_lock_wrong_build(lk_str text)
{
	return text.len == 0 ? NULL : wrong_word(text);
}

const char *lk_lock_wrong_file(lk_str text)
{
	const char *wrong = wrong_word(text);
	if (wrong) {
		return wrong;
	}
	return lk_archive_kind_of(text, NULL) == LK_ARCHIVE_UNKNOWN
		? "is not an archive that lockenv knows (.conda, .tar.bz2, .whl)"
		: NULL;
}

const char *lk_lock_wrong_channel_name(lk_str text)
{
	if (!lk_path_is_contained(text)) {
		return "is not a channel name";
	}
	lk_str rest = text;
	lk_str part;
	while (lk_str_split(&rest, '/', &part)) {
		const char *wrong = wrong_word(part);
		if (wrong) {
			return wrong;
		}
	}
	return NULL;
}

const char *lk_lock_wrong_url(lk_str text)
{
	size_t scheme = lk_str_find(text, LK_STR("://"));
	if (scheme == SIZE_MAX || scheme == 0) {
		return "is not a URL";
	}
	for (size_t i = 0; i < scheme; i++) {
		if (!lk_is_alnum(text.ptr[i])) {
			return "is not a URL";
		}
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] == 0x7f) {
			return "holds a character that does not belong there";
		}
	}
	return text.ptr[text.len - 1] == '/' ? "ends in a slash" : NULL;
}

const char *lk_lock_wrong_platform(lk_str text)
{
	if (lk_str_is(text, "noarch")) {
		return "is no platform: noarch packages stand under the platforms that use them";
	}
	return lk_subdir_is_valid(text) ? NULL : "is not a platform such as linux-64";
}

const char *lk_lock_wrong_priority(lk_str text)
{
	bool known = lk_str_is(text, "strict") || lk_str_is(text, "flexible") ||
		lk_str_is(text, "disabled");
	return known ? NULL : "is not one of strict, flexible, disabled";
}

const char *lk_lock_wrong_instant(lk_str text)
{
	static const char shape[] = "0000-00-00T00:00:00Z";
	bool right = text.len == sizeof(shape) - 1;
	for (size_t i = 0; right && i < text.len; i++) {
		right = shape[i] == '0' ? lk_is_digit(text.ptr[i]) : text.ptr[i] == shape[i];
	}
	return right ? NULL : "is not an instant such as 2026-01-31T00:00:00Z";
}

const char *lk_lock_wrong_virtual_name(lk_str text)
{
	return lk_name_is_virtual(text) ? NULL : "is not a virtual package such as __glibc";
}

const char *lk_lock_wrong_glibc(lk_str text)
{
	bool right = text.len > 0 && text.len <= 16;
	unsigned dots = 0;
	for (size_t i = 0; right && i < text.len; i++) {
		bool dot = text.ptr[i] == '.';
		dots += dot;
		right = lk_is_digit(text.ptr[i]) ||
			(dot && i > 0 && i + 1 < text.len && text.ptr[i - 1] != '.');
	}
	return right && dots > 0 && dots < 3 ? NULL : "is not a version such as 2.28";
}

const char *lk_lock_wrong_gpu(lk_str text)
{
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) codes = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) canonical = LK_BUF_INIT(MAX_GPU);
	lk_str rest = text;
	lk_str word;
	if (text.len > MAX_GPU) {
		return "is too long";
	}
	while (lk_str_split(&rest, ' ', &word)) {
		struct lk_gpu_code code;
		if (!lk_gpu_code_parse(word, &code)) {
			return "is not a list of architectures such as 'sm_80 sm_90 compute_90'";
		}
		lk_gpu_codes_add(&codes, &code);
	}
	lk_gpu_put_codes(&codes, &canonical);
	return lk_str_eq(lk_buf_view(&canonical), text) ? NULL
							: "is out of order, or has one twice";
}

/* The URL around the "://" at COLON: from its scheme to white space or a closing quote. */
static lk_str url_around(lk_str text, size_t colon)
{
	size_t from = colon;
	while (from > 0 && lk_is_alnum(text.ptr[from - 1])) {
		from--;
	}
	size_t to = colon;
	while (to < text.len && !lk_is_space(text.ptr[to]) && text.ptr[to] != '"' &&
		text.ptr[to] != '\'') {
		to++;
	}
	return lk_str_slice(text, from, to);
}

bool lk_lock_holds_credentials(lk_str text)
{
	size_t at = lk_str_find_char(text, ':');
	if (at == SIZE_MAX) {
		return false;
	}
	for (;;) {
		size_t next = lk_str_find(lk_str_skip(text, at), LK_STR("://"));
		if (next == SIZE_MAX) {
			return false;
		}
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		lk_str url = url_around(text, at + next);
		if (!lk_str_eq(url, lk_url_without_credentials(url, &arena))) {
			return true;
		}
		at += next + 3;
	}
}

/* Does *REST begin with PART and a dash? They are skipped then. */
static bool skip_part(lk_str *rest, lk_str part)
{
	if (!lk_str_starts(*rest, part)) {
		return false;
	}
	*rest = lk_str_skip(*rest, part.len);
	bool dash = lk_str_starts(*rest, LK_STR("-"));
	*rest = lk_str_skip(*rest, dash);
	return dash;
}

bool lk_lock_file_follows(const struct lk_record *record)
{
	lk_str dist;
	enum lk_archive_kind kind = lk_archive_kind_of(record->fn, &dist);
	if (kind != LK_ARCHIVE_CONDA && kind != LK_ARCHIVE_TAR_BZ2) {
		return true;
	}
	return skip_part(&dist, record->name) && skip_part(&dist, record->version) &&
		lk_str_eq(dist, record->build);
}

lk_str lk_lock_derived_url(
	lk_str channel_url, const struct lk_record *record, struct lk_arena *arena)
{
	const lk_str parts[] = {channel_url, LK_STR("/"), record->subdir, LK_STR("/"),
		lk_url_encode_path(record->fn, arena)};
	return lk_str_concat(arena, parts, LK_COUNTOF(parts));
}

bool lk_lock_spec_is_virtual(lk_str spec)
{
	size_t at = 0;
	while (at < spec.len && lk_is_space(spec.ptr[at])) {
		at++;
	}
	return spec.len - at >= 2 && spec.ptr[at] == '_' && spec.ptr[at + 1] == '_';
}
