/*
 * Needed libraries that are not there, or not where anything looks for them.
 */
#include "audit/host_library.h"
#include "audit/judge_priv.h"

/* What was started or opened when it failed, where that is not the file itself. */
static lk_str when(const struct lk_judge *j, uint32_t file, const struct lk_link *link)
{
	if (link->root == file || link->root == LK_SURVEY_NONE) {
		return LK_STR("");
	}
	lk_str root = j->survey->files.items[link->root].path;
	bool program = j->links->ways[link->root] == LK_LOAD_PROGRAM;
	return lk_str_printf(j->arena, ", when " LK_STR_FMT " is %s", LK_STR_ARG(root),
		program ? "started" : "loaded");
}

/* Of the same name but another version, or for another machine. */
static lk_str near_miss(const struct lk_judge *j, lk_str name, const struct lk_link *link)
{
	if (link->skipped != LK_SURVEY_NONE) {
		const struct lk_survey_file *skipped = &j->survey->files.items[link->skipped];
		return lk_str_printf(j->arena, "; " LK_STR_FMT " is for " LK_STR_FMT,
			LK_STR_ARG(lk_judge_name(j, link->skipped)),
			LK_STR_ARG(lk_elf_machine_name(skipped->seen.elf, j->arena)));
	}
	size_t at = lk_str_find(name, LK_STR(".so"));
	lk_str stem = at == SIZE_MAX ? name : lk_str_slice(name, 0, at + strlen(".so"));
	uint32_t other = lk_map_get(&j->shelf.by_stem, stem);
	if (other == LK_MAP_NONE) {
		return LK_STR("");
	}
	return lk_str_printf(
		j->arena, "; there is " LK_STR_FMT, LK_STR_ARG(lk_judge_name(j, other)));
}

/* A file that another one has loaded by the time that it is opened may need no path of its own: a
 * module whose package imports another one first, a plugin of whatever program. */
static bool may_be_loaded_before(
	const struct lk_judge *j, uint32_t file, lk_str name, const struct lk_link *link)
{
	uint32_t by = lk_links_loaded_by(j->links, name);
	enum lk_load way = link->root == LK_SURVEY_NONE ? LK_LOAD_NONE : j->links->ways[link->root];
	if (way == LK_LOAD_PLUGIN) {
		return true;
	}
	return way == LK_LOAD_MODULE && by != LK_SURVEY_NONE && by != file &&
		j->links->ways[by] == LK_LOAD_MODULE;
}

static void judge_elsewhere(const struct lk_judge *j, uint32_t file, lk_str name,
	const struct lk_link *link, uint32_t elsewhere)
{
	bool before = may_be_loaded_before(j, file, name, link);
	struct lk_flaw flaw =
		lk_flaw_of(before ? LK_FLAW_HINT : LK_FLAW_FINDING, LK_FLAW_MISSING, file, name);
	lk_flaws_add(j->flaws, &flaw,
		"needs " LK_STR_FMT ", which is at " LK_STR_FMT
		", where no search path leads%s" LK_STR_FMT,
		LK_STR_ARG(name), LK_STR_ARG(lk_judge_name(j, elsewhere)),
		before ? ": it is found only if something has loaded it before" : "",
		LK_STR_ARG(when(j, file, link)));
}

static void judge_missing(
	const struct lk_judge *j, uint32_t file, lk_str name, const struct lk_link *link)
{
	uint32_t elsewhere = lk_map_get(&j->shelf.by_name, name);
	if (elsewhere != LK_MAP_NONE) {
		judge_elsewhere(j, file, name, link, elsewhere);
		return;
	}
	struct lk_flaw flaw = lk_flaw_of(LK_FLAW_FINDING, LK_FLAW_MISSING, file, name);
	lk_flaws_add(j->flaws, &flaw,
		"needs " LK_STR_FMT ", which is nowhere in the environment" LK_STR_FMT,
		LK_STR_ARG(name), LK_STR_ARG(near_miss(j, name, link)));
}

static void judge_host(const struct lk_judge *j, uint32_t file, lk_str name)
{
	enum lk_host_library kind = lk_host_library_of(name);
	struct lk_flaw flaw = lk_flaw_of(
		kind == LK_HOST_COMPILER ? LK_FLAW_HINT : LK_FLAW_NOTE, LK_FLAW_HOST, file, name);
	if (kind == LK_HOST_COMPILER) {
		lk_flaws_add(j->flaws, &flaw,
			"needs " LK_STR_FMT
			", which is not in the environment: the host's is taken, of any age",
			LK_STR_ARG(name));
		return;
	}
	lk_flaws_add(j->flaws, &flaw, "needs " LK_STR_FMT " of %s", LK_STR_ARG(name),
		lk_host_library_what(kind));
}

void lk_judge_links(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = j->survey->files.items[file].seen.elf;
	for (size_t i = 0; i < elf->n_needed; i++) {
		const struct lk_link *link = lk_links_of(j->links, file, i);
		lk_str name = elf->needed[i];
		struct lk_flaw flaw = lk_flaw_of(LK_FLAW_FINDING, LK_FLAW_MISSING, file, name);
		switch (link->state) {
		case LK_LINK_HOST:
			judge_host(j, file, name);
			break;
		case LK_LINK_INVALID:
			lk_flaws_add(j->flaws, &flaw,
				"needs " LK_STR_FMT ", but " LK_STR_FMT " is no library",
				LK_STR_ARG(name), LK_STR_ARG(lk_judge_name(j, link->provider)));
			break;
		case LK_LINK_MISSING:
			judge_missing(j, file, name, link);
			break;
		case LK_LINK_UNTRIED:
		case LK_LINK_FOUND:
			break;
		}
	}
}
