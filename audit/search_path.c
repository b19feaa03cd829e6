/*
 * Search paths: their parts expanded and looked up.
 */
#include "audit/search_path.h"

#define MAX_PATH_BYTES ((size_t)4096)

/* The length of the token NAME, with or without braces, behind a '$' at the start of TEXT; 0. */
static size_t token(lk_str text, const char *name)
{
	size_t len = strlen(name);
	lk_str bare = lk_str_slice(text, 1, 1 + len);
	if (lk_str_is(bare, name)) {
		return 1 + len;
	}
	lk_str inner = lk_str_slice(text, 2, 2 + len);
	if (text.len > len + 2 && text.ptr[1] == '{' && text.ptr[len + 2] == '}' &&
		lk_str_is(inner, name)) {
		return len + 3;
	}
	return 0;
}

/* The token at the start of TEXT, and what stands for it. */
static size_t expand_token(lk_str text, const lk_str *values, lk_str *ret)
{
	static const char *const names[] = {"ORIGIN", "LIB", "PLATFORM"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		size_t len = token(text, names[i]);
		if (len > 0) {
			*ret = values[i];
			return len;
		}
	}
	*ret = lk_str_slice(text, 0, 1);
	return 1;
}

static void expand(const struct lk_survey *survey, lk_str part, lk_str origin, lk_str placeholder,
	lk_str platform, struct lk_buf *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) folder = LK_BUF_INIT(2 * MAX_PATH_BYTES);
	lk_buf_put(&folder, survey->prefix);
	if (origin.len > 0) {
		lk_buf_putc(&folder, '/');
		lk_buf_put(&folder, origin);
	}
	const lk_str values[] = {lk_buf_view(&folder), LK_STR("lib64"), platform};
	if (placeholder.len > 0 && lk_str_starts(part, placeholder) &&
		(part.len == placeholder.len || part.ptr[placeholder.len] == '/')) {
		lk_buf_put(ret, survey->prefix);
		part = lk_str_skip(part, placeholder.len);
	}
	while (part.len > 0) {
		size_t dollar = lk_str_find_char(part, '$');
		dollar = dollar < part.len ? dollar : part.len;
		lk_str value = LK_STR("");
		lk_buf_put(ret, lk_str_slice(part, 0, dollar));
		part = lk_str_skip(part, dollar);
		if (part.len > 0) {
			part = lk_str_skip(part, expand_token(part, values, &value));
			lk_buf_put(ret, value);
		}
	}
}

/* Without "." and "..", as if there were no links. */
static lk_str tidied(lk_str path, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(2 * MAX_PATH_BYTES);
	lk_str name;
	while (lk_str_split(&path, '/', &name)) {
		if (lk_str_is(name, "..")) {
			size_t slash = lk_str_rfind_char(lk_buf_view(&out), '/');
			lk_buf_truncate(&out, slash == SIZE_MAX ? 0 : slash);
		} else if (name.len > 0 && !lk_str_is(name, ".")) {
			lk_buf_putc(&out, '/');
			lk_buf_put(&out, name);
		}
	}
	return out.len > 0 ? lk_str_dup(arena, lk_buf_view(&out)) : LK_STR("/");
}

enum lk_part lk_search_part(const struct lk_survey *survey, lk_str part, lk_str origin,
	lk_str placeholder, lk_str platform, struct lk_arena *arena, lk_str *ret_path)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(2 * MAX_PATH_BYTES);
	expand(survey, part, origin, placeholder, platform, &path);
	lk_str text = lk_buf_view(&path);
	if (text.len == 0 || text.ptr[0] != '/') {
		*ret_path = lk_str_dup(arena, text);
		return LK_PART_RELATIVE;
	}
	*ret_path = lk_str_dup(arena, text);
	lk_str plain = tidied(text, arena);
	lk_str prefix = survey->prefix;
	bool inside = lk_str_starts(plain, prefix) &&
		(plain.len == prefix.len || plain.ptr[prefix.len] == '/');
	return inside ? LK_PART_INSIDE : LK_PART_OUTSIDE;
}

void lk_search_folders(const struct lk_survey *survey, lk_str path, lk_str origin,
	lk_str placeholder, lk_str platform, struct lk_u32s *ret)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str part;
	while (lk_str_split(&path, ':', &part)) {
		lk_str folder;
		enum lk_part kind = lk_search_part(
			survey, part, origin, placeholder, platform, &arena, &folder);
		uint32_t index = kind == LK_PART_RELATIVE ? LK_SURVEY_NONE
							  : lk_survey_resolve(survey, folder);
		if (index != LK_SURVEY_NONE &&
			survey->files.items[index].type == LK_SURVEY_FOLDER) {
			lk_vec_push(ret, index);
		}
	}
}

uint32_t lk_search_folder(const struct lk_survey *survey, uint32_t folder, lk_str name)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(2 * MAX_PATH_BYTES);
	lk_str at = survey->files.items[folder].path;
	if (at.len > 0) {
		lk_buf_put(&path, at);
		lk_buf_putc(&path, '/');
	}
	lk_buf_put(&path, name);
	uint32_t index = lk_map_get(&survey->by_path, lk_buf_view(&path));
	if (index != LK_MAP_NONE && survey->files.items[index].type == LK_SURVEY_LINK) {
		index = lk_survey_resolve(survey, lk_buf_view(&path));
	}
	if (index == LK_MAP_NONE || survey->files.items[index].type != LK_SURVEY_FILE) {
		return LK_SURVEY_NONE;
	}
	return index;
}
