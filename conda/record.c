/*
 * What a record's file name, identifiers and lists say.
 */
#include "conda/record.h"

#define NAME_MAX_LEN 64

bool lk_str_list_eq(const struct lk_str_list *a, const struct lk_str_list *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		same = lk_str_eq(a->items[i], b->items[i]);
	}
	return same;
}

enum lk_archive_kind lk_archive_kind_of(lk_str fn, lk_str *ret_dist)
{
	static const struct {
		const char *extension;
		enum lk_archive_kind kind;
	} table[] = {
		{".conda", LK_ARCHIVE_CONDA},
		{".tar.bz2", LK_ARCHIVE_TAR_BZ2},
		{".whl", LK_ARCHIVE_WHEEL},
	};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		lk_str extension = lk_str_of(table[i].extension);
		if (fn.len > extension.len && lk_str_ends(fn, extension)) {
			if (ret_dist) {
				*ret_dist = lk_str_slice(fn, 0, fn.len - extension.len);
			}
			return table[i].kind;
		}
	}
	if (ret_dist) {
		*ret_dist = fn;
	}
	return LK_ARCHIVE_UNKNOWN;
}

bool lk_archive_is_installable(enum lk_archive_kind kind)
{
	return kind == LK_ARCHIVE_CONDA || kind == LK_ARCHIVE_TAR_BZ2;
}

lk_str lk_record_channel_url(const struct lk_record *record)
{
	size_t tail = record->subdir.len + record->fn.len + 2;
	return record->url.len > tail ? lk_str_slice(record->url, 0, record->url.len - tail)
				      : record->url;
}

struct lk_record lk_record_complete(const struct lk_record *locked, const struct lk_record *told)
{
	struct lk_record record = *locked;
	record.build_number = told->build_number;
	if (told->noarch != LK_NOARCH_NO) {
		record.noarch = told->noarch;
	}
	if (told->python_site_packages_path.len > 0) {
		record.python_site_packages_path = told->python_site_packages_path;
	}
	if (record.license.len == 0) {
		record.license = told->license;
	}
	record.license_family = told->license_family;
	record.timestamp = told->timestamp;
	record.track_features = told->track_features;
	return record;
}

uint64_t lk_record_time(const struct lk_record *record)
{
	return record->indexed_timestamp ? record->indexed_timestamp : record->timestamp;
}

bool lk_dist_split(lk_str dist, lk_str *ret_name, lk_str *ret_version, lk_str *ret_build)
{
	size_t last = lk_str_rfind_char(dist, '-');
	if (last == SIZE_MAX) {
		return false;
	}
	lk_str head = lk_str_slice(dist, 0, last);
	size_t middle = lk_str_rfind_char(head, '-');
	if (middle == SIZE_MAX) {
		return false;
	}
	lk_str name = lk_str_slice(head, 0, middle);
	lk_str version = lk_str_skip(head, middle + 1);
	lk_str build = lk_str_skip(dist, last + 1);
	if (name.len == 0 || version.len == 0 || build.len == 0) {
		return false;
	}
	*ret_name = name;
	*ret_version = version;
	*ret_build = build;
	return true;
}

static bool is_separator(char c)
{
	return c == '_' || c == '.' || c == '-';
}

/* Lower-case letters, digits and single separators. */
static bool is_name_text(lk_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (is_separator(c)) {
			if (i > 0 && is_separator(name.ptr[i - 1])) {
				return false;
			}
		} else if (!lk_is_digit(c) && !(c >= 'a' && c <= 'z')) {
			return false;
		}
	}
	return name.len > 0 && name.ptr[0] != '.' && name.ptr[0] != '-';
}

bool lk_name_is_valid(lk_str name)
{
	return name.len <= NAME_MAX_LEN && is_name_text(name);
}

bool lk_name_is_virtual(lk_str name)
{
	return name.len <= NAME_MAX_LEN && lk_str_starts(name, LK_STR("__")) &&
		is_name_text(lk_str_skip(name, 2)) && name.ptr[2] != '_';
}

bool lk_build_is_valid(lk_str build)
{
	for (size_t i = 0; i < build.len; i++) {
		char c = build.ptr[i];
		if (!lk_is_alnum(c) && c != '_' && c != '.' && c != '+') {
			return false;
		}
	}
	return build.len > 0 && build.len <= NAME_MAX_LEN;
}
