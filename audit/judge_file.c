/*
 * What a file alone tells: whole or not, for which machine, what it asks of the one it runs on.
 */
#include <elf.h>

#include "audit/judge_priv.h"
#include "audit/search_path.h"
#include "audit/symver.h"

static const struct lk_survey_file *at(const struct lk_judge *j, uint32_t file)
{
	return &j->survey->files.items[file];
}

/* ---- the machine ---- */

/* Code for GPUs and for the kernel comes as ELF files too. */
static bool is_device_code(const struct lk_elf *elf)
{
	return elf->machine == EM_CUDA || elf->machine == EM_AMDGPU || elf->machine == EM_BPF;
}

/* Does the folder of FILE also hold a file of the same package for the right machine? Such a
 * package serves several machines and takes the right one itself. */
static bool has_twin(const struct lk_judge *j, uint32_t file)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) key = LK_BUF_INIT(8192);
	lk_str path = at(j, file)->path;
	size_t slash = lk_str_rfind_char(path, '/');
	lk_str folder = lk_str_slice(path, 0, slash == SIZE_MAX ? 0 : slash);
	if (lk_str_is(folder, "bin") || lk_str_is(folder, "lib") || folder.len == 0) {
		return false;
	}
	lk_shelf_key(j->survey, file, &key);
	return lk_map_get(&j->shelf.folders, lk_buf_view(&key)) != LK_MAP_NONE;
}

/* Below a folder that is called as a cross compiler's target is, "aarch64-conda-linux-gnu". */
static bool is_for_cross(lk_str path)
{
	lk_str name;
	while (lk_str_split(&path, '/', &name)) {
		if (path.ptr != NULL && lk_str_find(name, LK_STR("-linux-")) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

static void judge_machine(const struct lk_judge *j, uint32_t file)
{
	const struct lk_survey_file *f = at(j, file);
	const struct lk_elf *elf = f->seen.elf;
	lk_str what = lk_elf_machine_name(elf, j->arena);
	bool aside = has_twin(j, file) || is_for_cross(f->path);
	struct lk_flaw flaw =
		lk_flaw_of(aside ? LK_FLAW_HINT : LK_FLAW_FINDING, LK_FLAW_MACHINE, file, what);
	lk_flaws_add(j->flaws, &flaw, "is for " LK_STR_FMT ", not for " LK_STR_FMT " (%s)",
		LK_STR_ARG(what), LK_STR_ARG(j->links->machine->subdir), j->links->machine->names);
}

/* ---- how it is loaded ---- */

static void judge_interp(const struct lk_judge *j, uint32_t file)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_survey_file *f = at(j, file);
	lk_str interp = f->seen.elf->interp;
	if (interp.len == 0 || lk_str_eq(interp, j->links->machine->interp)) {
		return;
	}
	lk_str path;
	(void)lk_search_part(
		j->survey, interp, LK_STR(""), f->placeholder, LK_STR(""), &arena, &path);
	if (lk_survey_resolve(j->survey, path) != LK_SURVEY_NONE) {
		return;
	}
	bool lsb = lk_str_find(interp, LK_STR("/ld-lsb")) != SIZE_MAX;
	bool musl = lk_str_find(interp, LK_STR("/ld-musl")) != SIZE_MAX;
	struct lk_flaw flaw =
		lk_flaw_of(lsb ? LK_FLAW_HINT : LK_FLAW_FINDING, LK_FLAW_INTERPRETER, file, interp);
	lk_flaws_add(j->flaws, &flaw, "is started by '" LK_STR_FMT "', %s", LK_STR_ARG(interp),
		lsb            ? "which a host has only with its LSB packages"
			: musl ? "musl's, which hosts with glibc do not have"
			       : "which the target does not have");
}

static void judge_stack(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = at(j, file)->seen.elf;
	bool x86 = elf->machine == EM_X86_64 || elf->machine == EM_386;
	if (elf->type != LK_ELF_SHARED || elf->is_pie || !elf->has_dynamic ||
		!(elf->exec_stack || (elf->no_stack && x86))) {
		return;
	}
	enum lk_flaw_level level = LK_FLAW_HINT;
	for (size_t i = 0; i < j->n_targets; i++) {
		lk_str glibc = j->targets[i].glibc;
		if (glibc.len > 0 && lk_symver_cmp(glibc, LK_STR("2.41")) >= 0) {
			level = LK_FLAW_FINDING;
		}
	}
	struct lk_flaw flaw = lk_flaw_of(level, LK_FLAW_STACK, file, LK_STR(""));
	lk_flaws_add(j->flaws, &flaw, "%s: dlopen of glibc 2.41 and newer refuses it",
		elf->exec_stack ? "asks for an executable stack"
				: "does not say that its stack need not be executable");
}

static void judge_level(const struct lk_judge *j, uint32_t file)
{
	const struct lk_survey_file *f = at(j, file);
	unsigned needed = lk_x86_level_of_bits(f->seen.elf->x86_isa);
	if (needed < 2 || lk_str_find(f->path, LK_STR("glibc-hwcaps/")) != SIZE_MAX) {
		return;
	}
	const struct lk_target *worst = NULL;
	bool known = false;
	for (size_t i = 0; i < j->n_targets; i++) {
		const struct lk_target *target = &j->targets[i];
		known = known || target->level > 0;
		if (target->level > 0 && target->level < needed &&
			(!worst || target->level < worst->level)) {
			worst = target;
		}
	}
	if (known && !worst) {
		return;
	}
	lk_str what = lk_str_printf(j->arena, "x86-64-v%u", needed);
	struct lk_flaw flaw =
		lk_flaw_of(worst ? LK_FLAW_FINDING : LK_FLAW_HINT, LK_FLAW_ISA, file, what);
	if (worst) {
		flaw.target = worst->name;
		lk_flaws_add(j->flaws, &flaw,
			"needs a processor of level " LK_STR_FMT "; " LK_STR_FMT " is of level %u",
			LK_STR_ARG(what),
			LK_STR_ARG(worst->name.len > 0 ? worst->name : LK_STR("the target")),
			worst->level);
		return;
	}
	lk_flaws_add(j->flaws, &flaw, "needs a processor of level " LK_STR_FMT, LK_STR_ARG(what));
}

static void judge_path(const struct lk_judge *j, uint32_t file)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_survey_file *f = at(j, file);
	const struct lk_elf *elf = f->seen.elf;
	lk_str path = elf->has_runpath ? elf->runpath : elf->rpath;
	size_t slash = lk_str_rfind_char(f->path, '/');
	lk_str home = lk_str_slice(f->path, 0, slash == SIZE_MAX ? 0 : slash);
	lk_str part;
	while (path.len > 0 && lk_str_split(&path, ':', &part)) {
		lk_str expanded;
		enum lk_part kind = lk_search_part(j->survey, part, home, f->placeholder,
			j->links->machine->platform, &arena, &expanded);
		struct lk_flaw flaw = lk_flaw_of(LK_FLAW_HINT, LK_FLAW_PATH, file, part);
		if (kind == LK_PART_OUTSIDE) {
			lk_flaws_add(j->flaws, &flaw,
				"looks for libraries in '" LK_STR_FMT "', outside the environment",
				LK_STR_ARG(part));
		} else if (kind == LK_PART_RELATIVE) {
			lk_flaws_add(j->flaws, &flaw,
				"looks for libraries in '" LK_STR_FMT
				"' below whatever folder is current",
				LK_STR_ARG(part));
		}
	}
}

static void judge_elf(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = at(j, file)->seen.elf;
	bool counts = !elf->is_debug &&
		(elf->type == LK_ELF_SHARED || elf->type == LK_ELF_EXECUTABLE) &&
		!is_device_code(elf);
	if (counts && !lk_machine_takes(j->links->machine, elf)) {
		judge_machine(j, file);
	} else if (counts) {
		judge_interp(j, file);
		judge_level(j, file);
		judge_stack(j, file);
		judge_path(j, file);
		if (elf->textrel) {
			struct lk_flaw flaw =
				lk_flaw_of(LK_FLAW_HINT, LK_FLAW_TEXTREL, file, LK_STR(""));
			lk_flaws_add(j->flaws, &flaw,
				"has its code changed when it is loaded (TEXTREL): SELinux may "
				"refuse that");
		}
	}
}

void lk_judge_file(const struct lk_judge *j, uint32_t file)
{
	const struct lk_seen *seen = &at(j, file)->seen;
	struct lk_flaw flaw = lk_flaw_of(LK_FLAW_NOTE, LK_FLAW_FOREIGN, file, LK_STR(""));
	switch (seen->content) {
	case LK_CONTENT_ELF:
		judge_elf(j, file);
		break;
	case LK_CONTENT_BROKEN:
		flaw.level = LK_FLAW_FINDING;
		flaw.kind = LK_FLAW_BROKEN;
		lk_flaws_add(j->flaws, &flaw, "is not a whole ELF file: " LK_STR_FMT,
			LK_STR_ARG(seen->why));
		break;
	case LK_CONTENT_UNREAD:
		flaw.level = LK_FLAW_FINDING;
		flaw.kind = LK_FLAW_BROKEN;
		lk_flaws_add(j->flaws, &flaw, LK_STR_FMT, LK_STR_ARG(seen->why));
		break;
	case LK_CONTENT_PE:
		flaw.what = LK_STR("Windows");
		lk_flaws_add(j->flaws, &flaw, "is for Windows (PE)");
		break;
	case LK_CONTENT_MACHO:
		flaw.what = LK_STR("macOS");
		lk_flaws_add(j->flaws, &flaw, "is for macOS (Mach-O)");
		break;
	case LK_CONTENT_OTHER:
		break;
	}
}
