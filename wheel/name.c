/*
 * One spelling for each name.
 */
#include "wheel/name.h"

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

lk_str lk_wheel_name(struct lk_arena *arena, lk_str name)
{
	char *out = lk_arena_calloc(arena, name.len + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_separator(name.ptr[i])) {
			out[len++] = lk_lower(name.ptr[i]);
		} else if (i == 0 || !is_separator(name.ptr[i - 1])) {
			out[len++] = '-';
		}
	}
	return lk_str_n(out, len);
}

bool lk_wheel_name_is_valid(lk_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!lk_is_alnum(name.ptr[i]) && !is_separator(name.ptr[i])) {
			return false;
		}
	}
	return name.len > 0 && lk_is_alnum(name.ptr[0]) && lk_is_alnum(name.ptr[name.len - 1]);
}
