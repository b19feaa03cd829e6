/*
 * Dates without the C library's calendar, so that no time zone and no locale has a say.
 */
#include "cli/instant.h"

#include <stdlib.h>
#include <time.h>

#define MAX_SECONDS 253402300799u /* the end of the year 9999 */
#define SECONDS_A_DAY 86400

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; MONTH 1..12. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int64_t y = year - 1;
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
	return days + before[month - 1] + (leap && month > 2) + day - 1;
}

static unsigned days_in(int64_t year, unsigned month)
{
	if (month == 12) {
		return 31;
	}
	return (unsigned)(days_of(year, month + 1, 1) - days_of(year, month, 1));
}

/* N decimal digits at AT, advanced. */
static bool take_number(lk_str text, size_t *at, size_t n, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++, (*at)++) {
		if (*at >= text.len || !lk_is_digit(text.ptr[*at])) {
			return false;
		}
		*ret = *ret * 10 + (unsigned)(text.ptr[*at] - '0');
	}
	return true;
}

static bool take_char(lk_str text, size_t *at, const char *any_of)
{
	if (*at < text.len && strchr(any_of, text.ptr[*at])) {
		(*at)++;
		return true;
	}
	return false;
}

static bool take_date(lk_str text, size_t *at, int64_t *ret_days)
{
	unsigned year;
	unsigned month;
	unsigned day;
	if (!take_number(text, at, 4, &year) || !take_char(text, at, "-") ||
		!take_number(text, at, 2, &month) || !take_char(text, at, "-") ||
		!take_number(text, at, 2, &day)) {
		return false;
	}
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) {
		return false;
	}
	*ret_days = days_of(year, month, day);
	return true;
}

static bool take_time(lk_str text, size_t *at, int64_t *ret_seconds)
{
	unsigned hour;
	unsigned minute;
	unsigned second;
	if (!take_number(text, at, 2, &hour) || !take_char(text, at, ":") ||
		!take_number(text, at, 2, &minute) || !take_char(text, at, ":") ||
		!take_number(text, at, 2, &second)) {
		return false;
	}
	*ret_seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
	return hour < 24 && minute < 60 && second < 60;
}

static bool take_zone(lk_str text, size_t *at, int64_t *ret_offset)
{
	unsigned hour;
	unsigned minute;
	*ret_offset = 0;
	if (take_char(text, at, "Zz")) {
		return true;
	}
	bool west = *at < text.len && text.ptr[*at] == '-';
	if (!take_char(text, at, "+-") || !take_number(text, at, 2, &hour) ||
		!take_char(text, at, ":") || !take_number(text, at, 2, &minute)) {
		return false;
	}
	*ret_offset = ((int64_t)hour * 60 + minute) * (west ? -60 : 60);
	return hour < 24 && minute < 60;
}

int lk_instant_parse(lk_str text, uint64_t *ret_ms, struct lk_error *err)
{
	size_t at = 0;
	int64_t days;
	int64_t seconds = SECONDS_A_DAY;
	int64_t offset = 0;
	bool good = take_date(text, &at, &days);
	if (good && at < text.len) {
		good = take_char(text, &at, "Tt ") && take_time(text, &at, &seconds) &&
			take_zone(text, &at, &offset) && at == text.len;
	}
	int64_t total = good ? days * SECONDS_A_DAY + seconds - offset : -1;
	if (total < 0) {
		lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' is no date", LK_STR_ARG(text));
		lk_error_hint(err,
			"write 2026-01-31 (to the end of that day, UTC) or "
			"2026-01-31T12:00:00Z");
		return LK_E_USAGE;
	}
	*ret_ms = (uint64_t)total * 1000;
	return 0;
}

lk_str lk_instant_text(uint64_t ms, struct lk_arena *arena)
{
	int64_t seconds = (int64_t)(ms / 1000);
	int64_t days = seconds / SECONDS_A_DAY;
	unsigned rest = (unsigned)(seconds % SECONDS_A_DAY);
	int64_t year = 1970 + days / 366;
	while (days_of(year + 1, 1, 1) <= days) {
		year++;
	}
	unsigned month = 1;
	while (month < 12 && days_of(year, month + 1, 1) <= days) {
		month++;
	}
	unsigned day = (unsigned)(days - days_of(year, month, 1)) + 1;
	return lk_str_printf(arena, "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)year, month, day,
		rest / 3600, rest / 60 % 60, rest % 60);
}

int lk_instant_source_date(bool *ret_given, uint64_t *ret_seconds, struct lk_error *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds = 0;
	*ret_given = text && *text;
	if (!*ret_given) {
		return 0;
	}
	if (!lk_str_to_u64(lk_str_of(text), &seconds) || seconds > MAX_SECONDS) {
		lk_fail(err, LK_E_USAGE, "SOURCE_DATE_EPOCH is no second since 1970: '%s'", text);
		lk_error_hint(err, "set it to what 'date +%%s' prints, or unset it");
		return LK_E_USAGE;
	}
	*ret_seconds = seconds;
	return 0;
}

int lk_instant_now(uint64_t *ret_seconds, struct lk_error *err)
{
	bool given = false;
	int rc = lk_instant_source_date(&given, ret_seconds, err);
	if (rc == 0 && !given) {
		*ret_seconds = (uint64_t)time(NULL);
	}
	return rc;
}
