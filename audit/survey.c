/*
 * The files of an environment as a value, and the way that a path takes through them.
 */
#include "audit/survey.h"

#include <stdlib.h>

#define MAX_LINKS 40 /* on the way to one file: as Linux */
#define MAX_PATH_BYTES ((size_t)4096)

void lk_survey_init(struct lk_survey *ret, lk_str prefix)
{
	*ret = (struct lk_survey){0};
	ret->prefix = lk_str_dup(&ret->arena, lk_str_trim_end(prefix, '/'));
}

void lk_survey_done(struct lk_survey *survey)
{
	lk_map_done(&survey->by_path);
	lk_vec_done(&survey->packages);
	lk_vec_done(&survey->files);
	lk_arena_done(&survey->arena);
}

uint32_t lk_survey_add_package(struct lk_survey *survey, lk_str name, lk_str dist)
{
	lk_vec_push(&survey->packages,
		(struct lk_survey_package){
			lk_str_dup(&survey->arena, name), lk_str_dup(&survey->arena, dist)});
	return (uint32_t)survey->packages.len - 1;
}

struct lk_survey_file *lk_survey_add(
	struct lk_survey *survey, lk_str path, enum lk_survey_type type, uint32_t package)
{
	lk_vec_push(&survey->files,
		(struct lk_survey_file){.path = lk_str_dup(&survey->arena, path),
			.type = type,
			.package = package});
	return &survey->files.items[survey->files.len - 1];
}

/* ---- settling ---- */

static int file_order(const void *a, const void *b)
{
	const struct lk_survey_file *left = a;
	const struct lk_survey_file *right = b;
	return lk_str_cmp(left->path, right->path);
}

/* Of files that lie at one path the one that was added last stays. */
static void index_files(struct lk_survey *survey)
{
	size_t kept = 0;
	for (size_t i = 0; i < survey->files.len; i++) {
		const struct lk_survey_file *file = &survey->files.items[i];
		uint32_t at = lk_map_add(&survey->by_path, file->path, (uint32_t)kept);
		survey->files.items[at] = *file;
		kept += at == kept;
	}
	survey->files.len = kept;
}

static void add_folders(struct lk_survey *survey)
{
	size_t n = survey->files.len;
	lk_vec_push(&survey->files,
		(struct lk_survey_file){
			.path = LK_STR(""), .type = LK_SURVEY_FOLDER, .package = LK_SURVEY_NONE});
	for (size_t i = 0; i < n; i++) {
		lk_str path = survey->files.items[i].path;
		size_t slash;
		while ((slash = lk_str_rfind_char(path, '/')) != SIZE_MAX) {
			path = lk_str_slice(path, 0, slash);
			if (lk_map_get(&survey->by_path, path) != LK_MAP_NONE) {
				break;
			}
			lk_map_set(&survey->by_path, path, (uint32_t)survey->files.len);
			lk_vec_push(&survey->files,
				(struct lk_survey_file){.path = path,
					.type = LK_SURVEY_FOLDER,
					.package = LK_SURVEY_NONE});
		}
	}
}

void lk_survey_settle(struct lk_survey *survey)
{
	index_files(survey);
	add_folders(survey);
	qsort(survey->files.items, survey->files.len, sizeof(*survey->files.items), file_order);
	for (size_t i = 0; i < survey->files.len; i++) {
		lk_map_set(&survey->by_path, survey->files.items[i].path, (uint32_t)i);
	}
}

/* ---- a file's content ---- */

/* Mach-O, either byte order and width, and the header of several in one file. Java's class files
 * begin as the latter: their next four bytes are a version, not a small count. */
static bool is_macho(const unsigned char *head)
{
	static const unsigned char magics[][4] = {
		{0xfe, 0xed, 0xfa, 0xce},
		{0xfe, 0xed, 0xfa, 0xcf},
		{0xce, 0xfa, 0xed, 0xfe},
		{0xcf, 0xfa, 0xed, 0xfe},
	};
	static const unsigned char fat[4] = {0xca, 0xfe, 0xba, 0xbe};
	for (size_t i = 0; i < LK_COUNTOF(magics); i++) {
		if (memcmp(head, magics[i], 4) == 0) {
			return true;
		}
	}
	return memcmp(head, fat, 4) == 0 && head[4] == 0 && head[5] == 0 && head[6] == 0 &&
		head[7] > 0 && head[7] < 20;
}

/* A DOS header that points to the one of Windows. */
static bool is_pe(struct lk_bytes *bytes, const unsigned char *head)
{
	unsigned char at[4];
	unsigned char magic[4];
	if (head[0] != 'M' || head[1] != 'Z' || !lk_bytes_read(bytes, 60, at, sizeof(at))) {
		return false;
	}
	uint64_t offset =
		at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
	return lk_bytes_read(bytes, offset, magic, sizeof(magic)) &&
		memcmp(magic, "PE\0", sizeof(magic)) == 0;
}

static int look_into_elf(
	struct lk_bytes *bytes, struct lk_arena *arena, struct lk_seen *ret, struct lk_error *err)
{
	struct lk_elf *elf = lk_arena_calloc(arena, 1, sizeof(*elf));
	int rc = lk_elf_read(bytes, arena, elf, err);
	if (rc == LK_E_FORMAT) {
		ret->content = LK_CONTENT_BROKEN;
		ret->why = lk_str_dup(arena, lk_str_of(err->message));
		lk_error_clear(err);
		return 0;
	}
	ret->content = LK_CONTENT_ELF;
	ret->elf = elf;
	return rc;
}

int lk_survey_look(
	struct lk_bytes *bytes, struct lk_arena *arena, struct lk_seen *ret, struct lk_error *err)
{
	unsigned char head[8];
	*ret = (struct lk_seen){0};
	if (lk_elf_is(bytes)) {
		int rc = look_into_elf(bytes, arena, ret, err);
		return rc < 0 ? rc : lk_device_code_read(bytes, arena, &ret->device, err);
	}
	if (lk_bytes_read(bytes, 0, head, sizeof(head))) {
		ret->content = is_macho(head) ? LK_CONTENT_MACHO
			: is_pe(bytes, head)  ? LK_CONTENT_PE
					      : LK_CONTENT_OTHER;
	}
	return lk_device_code_read(bytes, arena, &ret->device, err);
}

/* ---- paths ---- */

struct walk {
	const struct lk_survey *survey;
	struct lk_buf at;   /* absolute, without a trailing '/' */
	struct lk_buf todo; /* what remains of the way */
	unsigned links;
};

/* Where the walk stands in the environment: "" in its folder. */
static bool is_inside(const struct walk *w, lk_str *ret)
{
	lk_str at = lk_buf_view(&w->at);
	lk_str prefix = w->survey->prefix;
	if (!lk_str_starts(at, prefix) || (at.len > prefix.len && at.ptr[prefix.len] != '/')) {
		return false;
	}
	*ret = lk_str_skip(at, at.len > prefix.len ? prefix.len + 1 : prefix.len);
	return true;
}

static bool is_above(const struct walk *w)
{
	lk_str at = lk_buf_view(&w->at);
	lk_str prefix = w->survey->prefix;
	return lk_str_starts(prefix, at) && (at.len == prefix.len || prefix.ptr[at.len] == '/');
}

/* The link's text takes the place of the component that was stepped to. */
static bool follow(struct walk *w, lk_str target)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) rest = LK_BUF_INIT(2 * MAX_PATH_BYTES);
	lk_buf_put(&rest, target);
	lk_buf_putc(&rest, '/');
	lk_buf_put(&rest, lk_buf_view(&w->todo));
	lk_buf_clear(&w->todo);
	lk_buf_put(&w->todo, lk_buf_view(&rest));
	size_t slash = lk_str_rfind_char(lk_buf_view(&w->at), '/');
	lk_buf_truncate(&w->at, target.len > 0 && target.ptr[0] == '/' ? 0 : slash);
	return ++w->links <= MAX_LINKS && !rest.overflow && !w->todo.overflow;
}

/* One component further. False when there is nothing. */
static bool step(struct walk *w, lk_str name)
{
	lk_str inside;
	if (name.len == 0 || lk_str_is(name, ".")) {
		return true;
	}
	if (lk_str_is(name, "..")) {
		size_t slash = lk_str_rfind_char(lk_buf_view(&w->at), '/');
		lk_buf_truncate(&w->at, slash == SIZE_MAX ? 0 : slash);
		return true;
	}
	lk_buf_putc(&w->at, '/');
	lk_buf_put(&w->at, name);
	if (w->at.overflow) {
		return false;
	}
	if (!is_inside(w, &inside)) {
		return is_above(w);
	}
	uint32_t index = lk_map_get(&w->survey->by_path, inside);
	if (index == LK_MAP_NONE) {
		return false;
	}
	const struct lk_survey_file *file = &w->survey->files.items[index];
	return file->type != LK_SURVEY_LINK || follow(w, file->target);
}

uint32_t lk_survey_resolve(const struct lk_survey *survey, lk_str path)
{
	struct walk w = {survey, LK_BUF_INIT(MAX_PATH_BYTES), LK_BUF_INIT(2 * MAX_PATH_BYTES), 0};
	lk_str inside;
	uint32_t found = LK_SURVEY_NONE;
	if (path.len == 0 || path.ptr[0] != '/') {
		lk_buf_put(&w.at, survey->prefix);
	}
	lk_buf_put(&w.todo, path);
	bool whole = !w.at.overflow && !w.todo.overflow;
	while (whole && w.todo.len > 0) {
		lk_str todo = lk_buf_view(&w.todo);
		size_t slash = lk_str_find_char(todo, '/');
		char *name LK_AUTO_FREE = lk_strndup(todo.ptr, slash < todo.len ? slash : todo.len);
		lk_str rest = lk_str_skip(todo, slash < todo.len ? slash + 1 : todo.len);
		memmove(w.todo.ptr, rest.ptr, rest.len);
		lk_buf_truncate(&w.todo, rest.len);
		whole = step(&w, lk_str_of(name));
	}
	if (whole && is_inside(&w, &inside)) {
		found = lk_map_get(&survey->by_path, inside);
	}
	lk_buf_done(&w.todo);
	lk_buf_done(&w.at);
	return found;
}
