/*
 * What the linker knows before it loads anything.
 */
#include "audit/links_priv.h"

static uint32_t name_of(struct lk_loading *l, lk_str name)
{
	return lk_map_add(&l->ret->names, name, l->ret->names.len);
}

static const struct lk_elf *elf_of(const struct lk_survey *survey, size_t file)
{
	return survey->files.items[file].seen.elf;
}

void lk_loading_init(struct lk_loading *l)
{
	const struct lk_survey *survey = l->survey;
	struct lk_links *ret = l->ret;
	size_t n = survey->files.len;
	uint32_t total = 0;
	ret->first = lk_arena_calloc(&ret->arena, n, sizeof(*ret->first));
	ret->ways = lk_arena_calloc(&ret->arena, n, sizeof(*ret->ways));
	l->own_names = lk_arena_calloc(&ret->arena, n, sizeof(*l->own_names));
	l->search = lk_arena_calloc(&ret->arena, n, sizeof(*l->search));
	l->object_of_file = lk_arena_calloc(&ret->arena, n, sizeof(*l->object_of_file));
	for (size_t i = 0; i < n; i++) {
		const struct lk_elf *elf = elf_of(survey, i);
		ret->first[i] = total;
		total += elf ? (uint32_t)elf->n_needed : 0;
		l->own_names[i] =
			elf && elf->soname.len > 0 ? name_of(l, elf->soname) : LK_SURVEY_NONE;
	}
	ret->links = lk_arena_calloc(&ret->arena, total, sizeof(*ret->links));
	l->needed_names = lk_arena_calloc(&ret->arena, total, sizeof(*l->needed_names));
	for (size_t i = 0; i < n; i++) {
		const struct lk_elf *elf = elf_of(survey, i);
		for (size_t k = 0; elf && k < elf->n_needed; k++) {
			uint32_t at = ret->first[i] + (uint32_t)k;
			l->needed_names[at] = name_of(l, elf->needed[k]);
			ret->links[at] = (struct lk_link){LK_LINK_UNTRIED, LK_SURVEY_NONE,
				LK_SURVEY_NONE, LK_SURVEY_NONE, false};
		}
	}
	l->is_needed = lk_arena_calloc(&ret->arena, ret->names.len, sizeof(*l->is_needed));
	for (uint32_t i = 0; i < total; i++) {
		l->is_needed[l->needed_names[i]] = true;
	}
	l->file_of_name = lk_arena_calloc(&ret->arena, ret->names.len, sizeof(*l->file_of_name));
	ret->loaded_by = lk_arena_calloc(&ret->arena, ret->names.len, sizeof(*ret->loaded_by));
	for (uint32_t i = 0; i < ret->names.len; i++) {
		l->file_of_name[i] = LK_SURVEY_NONE;
		ret->loaded_by[i] = LK_SURVEY_NONE;
	}
}

void lk_loading_done(struct lk_loading *l)
{
	for (size_t i = 0; i < l->survey->files.len; i++) {
		lk_vec_done(&l->search[i].folders);
	}
	lk_vec_done(&l->names_set);
	lk_vec_done(&l->objects);
}

const struct lk_u32s *lk_loading_folders(struct lk_loading *l, uint32_t object)
{
	const struct lk_object *o = &l->objects.items[object];
	struct lk_search_list *list = &l->search[o->file];
	if (!list->known || list->origin != o->origin) {
		const struct lk_survey_file *file = &l->survey->files.items[o->file];
		const struct lk_elf *elf = file->seen.elf;
		lk_vec_clear(&list->folders);
		lk_search_folders(l->survey, elf->has_runpath ? elf->runpath : elf->rpath,
			l->survey->files.items[o->origin].path, file->placeholder,
			l->ret->machine->platform, &list->folders);
		list->known = true;
		list->origin = o->origin;
	}
	return &list->folders;
}

lk_str lk_loading_folder_of(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	return slash == SIZE_MAX ? LK_STR("") : lk_str_slice(path, 0, slash > 0 ? slash : 1);
}

uint32_t lk_loading_home(const struct lk_loading *l, uint32_t file)
{
	lk_str folder = lk_loading_folder_of(l->survey->files.items[file].path);
	return lk_map_get(&l->survey->by_path, folder);
}

/* Cross compilers keep their target's root in a folder of this name. */
bool lk_links_is_sysroot(lk_str path)
{
	return lk_str_find(path, LK_STR("/sysroot/")) != SIZE_MAX ||
		lk_str_starts(path, LK_STR("sysroot/"));
}

static bool is_loadable(const struct lk_loading *l, uint32_t index)
{
	const struct lk_survey_file *file = &l->survey->files.items[index];
	const struct lk_elf *elf = file->seen.elf;
	return elf && !elf->is_debug && elf->has_dynamic &&
		lk_machine_takes(l->ret->machine, elf) && !lk_links_is_sysroot(file->path);
}

bool lk_loading_is_program(const struct lk_loading *l, uint32_t file)
{
	const struct lk_elf *elf = elf_of(l->survey, file);
	return is_loadable(l, file) &&
		(elf->type == LK_ELF_EXECUTABLE ||
			(elf->type == LK_ELF_SHARED &&
				(elf->is_pie || (elf->interp.len > 0 && elf->soname.len == 0))));
}

bool lk_loading_is_library(const struct lk_loading *l, uint32_t file)
{
	return is_loadable(l, file) && elf_of(l->survey, file)->type == LK_ELF_SHARED &&
		!lk_loading_is_program(l, file);
}

/* lib/python3.12/lib-dynload/x.so, lib/python3.12/site-packages/…/_x.so. Libraries that lie there
 * too begin with "lib" or have a version behind. */
bool lk_loading_is_module(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	if (slash == SIZE_MAX) {
		return false;
	}
	lk_str name = lk_str_skip(path, slash + 1);
	if (!lk_str_ends(name, LK_STR(".so"))) {
		return false;
	}
	if (lk_str_find(name, LK_STR(".cpython-")) != SIZE_MAX ||
		lk_str_ends(name, LK_STR(".abi3.so")) ||
		lk_str_find(name, LK_STR(".pypy")) != SIZE_MAX) {
		return true;
	}
	bool inside = lk_str_find(path, LK_STR("/site-packages/")) != SIZE_MAX ||
		lk_str_find(path, LK_STR("/lib-dynload/")) != SIZE_MAX ||
		lk_str_find(path, LK_STR("/dist-packages/")) != SIZE_MAX;
	return inside && !lk_str_starts(name, LK_STR("lib"));
}

uint32_t lk_loading_python(const struct lk_loading *l)
{
	static const char *const names[] = {"bin/python", "bin/python3", "bin/pypy", "bin/pypy3"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		uint32_t file = lk_survey_resolve(l->survey, lk_str_of(names[i]));
		if (file != LK_SURVEY_NONE && lk_loading_is_program(l, file)) {
			return file;
		}
	}
	return LK_SURVEY_NONE;
}
