/*
 * Every file in turn.
 */
#include "audit/judge.h"

#include "audit/judge_priv.h"

/* Without what follows ".so". */
static lk_str stem_of(lk_str name)
{
	size_t at = lk_str_find(name, LK_STR(".so"));
	return at == SIZE_MAX ? LK_STR("") : lk_str_slice(name, 0, at + strlen(".so"));
}

void lk_shelf_key(const struct lk_survey *survey, uint32_t file, struct lk_buf *out)
{
	lk_str path = survey->files.items[file].path;
	size_t slash = lk_str_rfind_char(path, '/');
	lk_buf_appendf(out, "%lu ", (unsigned long)survey->files.items[file].package);
	lk_buf_put(out, lk_str_slice(path, 0, slash == SIZE_MAX ? 0 : slash + 1));
}

static void put_folder(struct lk_judge *j, uint32_t file)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) key = LK_BUF_INIT(8192);
	lk_shelf_key(j->survey, file, &key);
	if (lk_map_get(&j->shelf.folders, lk_buf_view(&key)) == LK_MAP_NONE) {
		lk_map_add(&j->shelf.folders, lk_str_dup(j->arena, lk_buf_view(&key)), file);
	}
}

/* Files of the right machine, and links to such. */
static void fill_shelf(struct lk_judge *j)
{
	const struct lk_survey *survey = j->survey;
	for (uint32_t i = 0; i < survey->files.len; i++) {
		lk_str path = survey->files.items[i].path;
		if (lk_judge_is_loadable(j, i)) {
			put_folder(j, i);
		}
		size_t slash = lk_str_rfind_char(path, '/');
		lk_str name = slash == SIZE_MAX ? path : lk_str_skip(path, slash + 1);
		lk_str stem = stem_of(name);
		if (stem.len == 0 || lk_links_is_sysroot(path)) {
			continue;
		}
		uint32_t file = survey->files.items[i].type == LK_SURVEY_LINK
			? lk_survey_resolve(survey, path)
			: i;
		if (file != LK_SURVEY_NONE && lk_judge_is_loadable(j, file)) {
			lk_map_add(&j->shelf.by_name, name, i);
			lk_map_add(&j->shelf.by_stem, stem, i);
		}
	}
}

bool lk_judge_is_loadable(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = j->survey->files.items[file].seen.elf;
	return elf && !elf->is_debug &&
		(elf->type == LK_ELF_SHARED || elf->type == LK_ELF_EXECUTABLE) &&
		lk_machine_takes(j->links->machine, elf);
}

lk_str lk_judge_name(const struct lk_judge *j, uint32_t file)
{
	const struct lk_survey_file *f = &j->survey->files.items[file];
	if (f->package == LK_SURVEY_NONE) {
		return f->path;
	}
	return lk_str_printf(j->arena, LK_STR_FMT " (" LK_STR_FMT ")", LK_STR_ARG(f->path),
		LK_STR_ARG(j->survey->packages.items[f->package].dist));
}

void lk_judge(const struct lk_survey *survey, const struct lk_links *links,
	const struct lk_target *targets, size_t n_targets, struct lk_flaws *ret)
{
	struct lk_judge j = {.survey = survey,
		.links = links,
		.targets = targets,
		.n_targets = n_targets,
		.flaws = ret,
		.arena = &ret->arena};
	fill_shelf(&j);
	for (uint32_t i = 0; i < survey->files.len; i++) {
		if (survey->files.items[i].type != LK_SURVEY_FILE ||
			lk_links_is_sysroot(survey->files.items[i].path)) {
			continue;
		}
		lk_judge_file(&j, i);
		if (lk_judge_is_loadable(&j, i)) {
			lk_judge_links(&j, i);
			lk_judge_versions(&j, i);
		}
	}
	lk_judge_other_providers(&j);
	lk_map_done(&j.shelf.by_name);
	lk_map_done(&j.shelf.by_stem);
	lk_map_done(&j.shelf.folders);
}
