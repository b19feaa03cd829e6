/*
 * Amounts: a decimal number, then a unit.
 */
#include "cli/amount.h"

#define MAX_DIGITS 18

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},
	{"B", 1},
	{"K", UINT64_C(1000)},
	{"M", UINT64_C(1000) * 1000},
	{"G", UINT64_C(1000) * 1000 * 1000},
	{"T", UINT64_C(1000) * 1000 * 1000 * 1000},
	{"KB", UINT64_C(1000)},
	{"MB", UINT64_C(1000) * 1000},
	{"GB", UINT64_C(1000) * 1000 * 1000},
	{"TB", UINT64_C(1000) * 1000 * 1000 * 1000},
	{"KI", UINT64_C(1) << 10},
	{"MI", UINT64_C(1) << 20},
	{"GI", UINT64_C(1) << 30},
	{"TI", UINT64_C(1) << 40},
	{"KIB", UINT64_C(1) << 10},
	{"MIB", UINT64_C(1) << 20},
	{"GIB", UINT64_C(1) << 30},
	{"TIB", UINT64_C(1) << 40},
};

static const struct unit age_units[] = {
	{"s", 1},
	{"m", 60},
	{"h", UINT64_C(60) * 60},
	{"d", UINT64_C(24) * 60 * 60},
	{"w", UINT64_C(7) * 24 * 60 * 60},
};

/* Digits, perhaps a point and more digits, spaces, a unit of UNITS; rounded down. */
static bool parse(lk_str text, const struct unit *units, size_t n_units, uint64_t *ret)
{
	uint64_t number = 0;
	uint64_t divisor = 1;
	size_t digits = 0;
	size_t at = 0;
	bool point = false;
	for (; at < text.len && (lk_is_digit(text.ptr[at]) || (text.ptr[at] == '.' && !point));
		at++) {
		if (text.ptr[at] == '.') {
			point = true;
			continue;
		}
		number = number * 10 + (uint64_t)(text.ptr[at] - '0');
		divisor *= point ? 10 : 1;
		if (++digits > MAX_DIGITS) {
			return false;
		}
	}
	lk_str unit = lk_str_trim(lk_str_skip(text, at));
	for (size_t i = 0; i < n_units; i++) {
		if (lk_str_eq_nocase(unit, lk_str_of(units[i].name))) {
			long double value = (long double)number * (long double)units[i].factor /
				(long double)divisor;
			bool fits = value < (long double)(UINT64_MAX / 2);
			*ret = fits ? (uint64_t)value : 0;
			return digits > 0 && fits;
		}
	}
	return false;
}

int lk_size_parse(lk_str text, uint64_t *ret_bytes, struct lk_error *err)
{
	if (parse(text, size_units, LK_COUNTOF(size_units), ret_bytes)) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' is no size", LK_STR_ARG(text));
	lk_error_hint(err, "write it like 50G, 1.5T or 700MiB");
	return err->code;
}

int lk_age_parse(lk_str text, uint64_t *ret_seconds, struct lk_error *err)
{
	if (parse(text, age_units, LK_COUNTOF(age_units), ret_seconds)) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' is no age", LK_STR_ARG(text));
	lk_error_hint(err, "write it like 30d, 12h or 2w");
	return err->code;
}
