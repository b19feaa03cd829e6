/*
 * Loading, as ld.so does it, of each root in turn: breadth first along what is needed.
 */
#include "audit/links.h"

#include "audit/host_library.h"
#include "audit/links_priv.h"

/* Look-ups in folders for all roots together: a real environment of 3,000 modules has some ten
 * million. */
#define MAX_STEPS 400000000u

/* ---- one process ---- */

static void add_object(struct lk_loading *l, uint32_t file, uint32_t origin, uint32_t loader)
{
	struct lk_object object = {file, origin, loader};
	lk_vec_push(&l->objects, object);
	l->object_of_file[file] = (uint32_t)l->objects.len;
	if (l->ret->ways[file] == LK_LOAD_NONE) {
		l->ret->ways[file] = LK_LOAD_NEEDED;
	}
}

/* From now on NAME is known as loaded. */
static void add_name(struct lk_loading *l, uint32_t name, uint32_t file)
{
	if (name != LK_SURVEY_NONE && l->file_of_name[name] == LK_SURVEY_NONE) {
		l->file_of_name[name] = file;
		lk_vec_push(&l->names_set, name);
		if (l->ret->loaded_by[name] == LK_SURVEY_NONE) {
			l->ret->loaded_by[name] = l->root;
		}
	}
}

/* Back to what the process had when it had N objects and M names. */
static void unload(struct lk_loading *l, size_t n, size_t m)
{
	while (l->objects.len > n) {
		l->object_of_file[l->objects.items[--l->objects.len].file] = 0;
	}
	while (l->names_set.len > m) {
		l->file_of_name[l->names_set.items[--l->names_set.len]] = LK_SURVEY_NONE;
	}
}

/* What looking for one library came to. */
struct hit {
	enum lk_link_state state;
	uint32_t file, folder, skipped;
};

/* A file of the right name: taken, passed over, or the end. */
static bool judge(struct lk_loading *l, uint32_t file, uint32_t folder, struct hit *ret)
{
	const struct lk_seen *seen = &l->survey->files.items[file].seen;
	if (seen->content == LK_CONTENT_ELF && !lk_machine_takes(l->ret->machine, seen->elf)) {
		ret->skipped = ret->skipped == LK_SURVEY_NONE ? file : ret->skipped;
		return false;
	}
	bool fits = seen->content == LK_CONTENT_ELF && seen->elf->type == LK_ELF_SHARED;
	ret->state = fits ? LK_LINK_FOUND : LK_LINK_INVALID;
	ret->file = file;
	ret->folder = folder;
	return true;
}

static bool search_folders(
	struct lk_loading *l, const struct lk_u32s *folders, lk_str name, struct hit *ret)
{
	for (size_t i = 0; i < folders->len; i++) {
		uint32_t file = lk_search_folder(l->survey, folders->items[i], name);
		l->steps++;
		if (file != LK_SURVEY_NONE && judge(l, file, folders->items[i], ret)) {
			return true;
		}
	}
	return false;
}

static const struct lk_elf *elf_of(const struct lk_loading *l, uint32_t object)
{
	return l->survey->files.items[l->objects.items[object].file].seen.elf;
}

/* DT_RPATH counts where there is no DT_RUNPATH beside it. */
static bool search_rpath(struct lk_loading *l, uint32_t object, lk_str name, struct hit *ret)
{
	const struct lk_elf *elf = elf_of(l, object);
	return elf->has_rpath && !elf->has_runpath &&
		search_folders(l, lk_loading_folders(l, object), name, ret);
}

/* The paths of OBJECT and of those that loaded it, or its own alone; then the program's. */
static bool search(struct lk_loading *l, uint32_t object, lk_str name, struct hit *ret)
{
	if (elf_of(l, object)->has_runpath) {
		return search_folders(l, lk_loading_folders(l, object), name, ret);
	}
	bool did_program = false;
	for (uint32_t at = object; at != LK_SURVEY_NONE; at = l->objects.items[at].loader) {
		if (search_rpath(l, at, name, ret)) {
			return true;
		}
		did_program = did_program || at == l->program;
	}
	return !did_program && l->program != LK_SURVEY_NONE &&
		search_rpath(l, l->program, name, ret);
}

/* A name with a '/' is a path. */
static bool open_path(struct lk_loading *l, uint32_t object, lk_str name, struct hit *ret)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_object *o = &l->objects.items[object];
	const struct lk_survey_file *file = &l->survey->files.items[o->file];
	lk_str path;
	lk_str origin = l->survey->files.items[o->origin].path;
	enum lk_part part = lk_search_part(l->survey, name, origin, file->placeholder,
		l->ret->machine->platform, &arena, &path);
	uint32_t found =
		part == LK_PART_RELATIVE ? LK_SURVEY_NONE : lk_survey_resolve(l->survey, path);
	if (found == LK_SURVEY_NONE || l->survey->files.items[found].type != LK_SURVEY_FILE) {
		return false;
	}
	uint32_t folder = lk_survey_resolve(l->survey, lk_loading_folder_of(path));
	return judge(l, found, folder == LK_SURVEY_NONE ? o->origin : folder, ret);
}

static void note(struct lk_loading *l, uint32_t file, uint32_t index, const struct hit *hit)
{
	struct lk_link *link = &l->ret->links[l->ret->first[file] + index];
	bool had = link->state == LK_LINK_FOUND || link->state == LK_LINK_INVALID;
	if (hit->state == LK_LINK_FOUND && link->state == LK_LINK_MISSING) {
		link->found_too = true;
	}
	if (had && hit->file != LK_SURVEY_NONE && hit->file != link->provider) {
		lk_vec_push(&l->ret->others, (struct lk_link_other){file, index, hit->file});
	}
	if (hit->state > link->state) {
		*link = (struct lk_link){
			hit->state, hit->file, l->root, hit->skipped, had || link->found_too};
	}
}

static void load_needed(struct lk_loading *l, uint32_t object, uint32_t index)
{
	uint32_t file = l->objects.items[object].file;
	const struct lk_elf *elf = elf_of(l, object);
	lk_str name = elf->needed[index];
	uint32_t id = l->needed_names[l->ret->first[file] + index];
	struct hit hit = {LK_LINK_MISSING, l->file_of_name[id], LK_SURVEY_NONE, LK_SURVEY_NONE};
	if (hit.file != LK_SURVEY_NONE) {
		hit.state = LK_LINK_FOUND;
		note(l, file, index, &hit);
		return;
	}
	bool found = lk_str_find_char(name, '/') == SIZE_MAX ? search(l, object, name, &hit)
							     : open_path(l, object, name, &hit);
	if (!found && lk_host_library_of(name) != LK_HOST_NOT) {
		hit.state = LK_LINK_HOST;
	}
	note(l, file, index, &hit);
	if (hit.state != LK_LINK_FOUND) {
		return;
	}
	if (l->object_of_file[hit.file] == 0) {
		add_object(l, hit.file, hit.folder, object);
	}
	add_name(l, id, hit.file);
	add_name(l, l->own_names[hit.file], hit.file);
}

/* All that the objects from FIRST on need. */
static void load_all(struct lk_loading *l, size_t first)
{
	for (size_t at = first; at < l->objects.len && !l->ret->tangled; at++) {
		const struct lk_elf *elf = elf_of(l, (uint32_t)at);
		for (uint32_t i = 0; i < elf->n_needed; i++) {
			load_needed(l, (uint32_t)at, i);
		}
		l->steps += elf->n_needed;
		l->ret->tangled = l->steps > MAX_STEPS;
	}
}

/* ---- roots ---- */

static void load_root(struct lk_loading *l, uint32_t file, enum lk_load way)
{
	size_t n = l->objects.len;
	if (l->object_of_file[file] != 0) {
		return; /* the python that is there already has it */
	}
	l->ret->ways[file] = way;
	l->root = file;
	if (way == LK_LOAD_PROGRAM) {
		l->program = (uint32_t)n;
	}
	add_object(l, file, lk_loading_home(l, file), n > 0 ? 0 : LK_SURVEY_NONE);
	add_name(l, l->own_names[file], file);
	load_all(l, n);
}

static void run_programs(struct lk_loading *l)
{
	for (uint32_t i = 0; i < l->survey->files.len; i++) {
		if (lk_loading_is_program(l, i)) {
			load_root(l, i, LK_LOAD_PROGRAM);
			unload(l, 0, 0);
		}
	}
	l->program = LK_SURVEY_NONE;
}

/* What IS_ROOT says, each opened by the process that is there: python's, or an empty one. */
static void open_each(struct lk_loading *l, enum lk_load way,
	bool (*is_root)(const struct lk_loading *, uint32_t))
{
	size_t n = l->objects.len;
	size_t m = l->names_set.len;
	for (uint32_t i = 0; i < l->survey->files.len; i++) {
		if (is_root(l, i)) {
			load_root(l, i, way);
			unload(l, n, m);
		}
	}
}

static bool is_module(const struct lk_loading *l, uint32_t file)
{
	return lk_loading_is_library(l, file) &&
		lk_loading_is_module(l->survey->files.items[file].path);
}

/* A library that nothing that was loaded so far brought in, and that no other one names. */
static bool is_top(const struct lk_loading *l, uint32_t file)
{
	if (l->ret->ways[file] != LK_LOAD_NONE || !lk_loading_is_library(l, file)) {
		return false;
	}
	uint32_t name = l->own_names[file];
	return name == LK_SURVEY_NONE || !l->is_needed[name];
}

static bool is_left(const struct lk_loading *l, uint32_t file)
{
	return l->ret->ways[file] == LK_LOAD_NONE && lk_loading_is_library(l, file);
}

void lk_links_make(
	const struct lk_survey *survey, const struct lk_machine *machine, struct lk_links *ret)
{
	struct lk_loading l = {
		.survey = survey, .ret = ret, .program = LK_SURVEY_NONE, .root = LK_SURVEY_NONE};
	*ret = (struct lk_links){.survey = survey, .machine = machine, .python = LK_SURVEY_NONE};
	lk_loading_init(&l);
	run_programs(&l);
	ret->python = lk_loading_python(&l);
	if (ret->python != LK_SURVEY_NONE) {
		load_root(&l, ret->python, LK_LOAD_PROGRAM);
	}
	open_each(&l, LK_LOAD_MODULE, is_module);
	open_each(&l, LK_LOAD_PLUGIN, is_top);
	open_each(&l, LK_LOAD_PLUGIN, is_left);
	lk_loading_done(&l);
}

void lk_links_done(struct lk_links *links)
{
	lk_map_done(&links->names);
	lk_vec_done(&links->others);
	lk_arena_done(&links->arena);
}

const struct lk_link *lk_links_of(const struct lk_links *links, uint32_t file, size_t index)
{
	return &links->links[links->first[file] + index];
}

uint32_t lk_links_loaded_by(const struct lk_links *links, lk_str name)
{
	uint32_t id = lk_map_get(&links->names, name);
	return id == LK_MAP_NONE ? LK_SURVEY_NONE : links->loaded_by[id];
}
