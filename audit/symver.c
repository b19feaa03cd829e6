/*
 * Names of symbol versions and of processors. The latter as archspec has them (microarchitectures
 * of the x86-64 psABI's levels by their features).
 */
#include "audit/symver.h"

static bool is_numbers(lk_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!lk_is_digit(s.ptr[i]) && s.ptr[i] != '.') {
			return false;
		}
	}
	return s.len > 0 && lk_is_digit(s.ptr[0]);
}

bool lk_symver_split(lk_str version, lk_str *ret_family, lk_str *ret_number)
{
	size_t at = lk_str_rfind_char(version, '_');
	if (at == SIZE_MAX || !is_numbers(lk_str_skip(version, at + 1))) {
		return false;
	}
	*ret_family = lk_str_slice(version, 0, at);
	*ret_number = lk_str_skip(version, at + 1);
	return true;
}

/* The digits before the next point, without zeros in front. */
static lk_str next_number(lk_str *rest)
{
	lk_str part = LK_STR("");
	if (!lk_str_split(rest, '.', &part)) {
		return LK_STR("");
	}
	while (part.len > 0 && part.ptr[0] == '0') {
		part = lk_str_skip(part, 1);
	}
	return part;
}

int lk_symver_cmp(lk_str a, lk_str b)
{
	while (a.ptr != NULL || b.ptr != NULL) {
		lk_str left = next_number(&a);
		lk_str right = next_number(&b);
		if (left.len != right.len) {
			return left.len < right.len ? -1 : 1;
		}
		int order = lk_str_cmp(left, right);
		if (order != 0) {
			return order;
		}
	}
	return 0;
}

lk_str lk_symver_glibc(lk_str version)
{
	lk_str family;
	lk_str number;
	if (lk_str_is(version, "GLIBC_ABI_DT_RELR")) {
		return LK_STR("2.36");
	}
	if (lk_symver_split(version, &family, &number) && lk_str_is(family, "GLIBC")) {
		return number;
	}
	return LK_STR("");
}

static const struct {
	lk_str name;
	unsigned level;
} processors[] = {
	{LK_STR("x86_64"), 1},
	{LK_STR("nocona"), 1},
	{LK_STR("core2"), 1},
	{LK_STR("k10"), 1},
	{LK_STR("x86_64_v2"), 2},
	{LK_STR("nehalem"), 2},
	{LK_STR("westmere"), 2},
	{LK_STR("sandybridge"), 2},
	{LK_STR("ivybridge"), 2},
	{LK_STR("bulldozer"), 2},
	{LK_STR("piledriver"), 2},
	{LK_STR("steamroller"), 2},
	{LK_STR("x86_64_v3"), 3},
	{LK_STR("haswell"), 3},
	{LK_STR("broadwell"), 3},
	{LK_STR("skylake"), 3},
	{LK_STR("excavator"), 3},
	{LK_STR("zen"), 3},
	{LK_STR("zen2"), 3},
	{LK_STR("zen3"), 3},
	{LK_STR("x86_64_v4"), 4},
	{LK_STR("skylake_avx512"), 4},
	{LK_STR("cannonlake"), 4},
	{LK_STR("cascadelake"), 4},
	{LK_STR("icelake"), 4},
	{LK_STR("sapphirerapids"), 4},
	{LK_STR("graniterapids"), 4},
	{LK_STR("zen4"), 4},
	{LK_STR("zen5"), 4},
};

unsigned lk_x86_level(lk_str name)
{
	for (size_t i = 0; i < LK_COUNTOF(processors); i++) {
		if (lk_str_eq(processors[i].name, name)) {
			return processors[i].level;
		}
	}
	return 0;
}

unsigned lk_x86_level_in(lk_str text)
{
	unsigned lowest = 0;
	size_t from = 0;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && (lk_is_alnum(text.ptr[i]) || text.ptr[i] == '_')) {
			continue;
		}
		unsigned level = lk_x86_level(lk_str_slice(text, from, i));
		lowest = level > 0 && (lowest == 0 || level < lowest) ? level : lowest;
		from = i + 1;
	}
	return lowest;
}

unsigned lk_x86_level_of_bits(uint32_t bits)
{
	for (unsigned level = 4; level > 0; level--) {
		if (bits & 1u << (level - 1)) {
			return level;
		}
	}
	return 0;
}
