/*
 * Symbol versions: those of the environment's libraries, which either define them or do not, and
 * the C library's, which the target has up to its own.
 */
#include <stdlib.h>

#include "audit/host_library.h"
#include "audit/judge_priv.h"
#include "audit/symver.h"

static bool defines(const struct lk_elf *elf, lk_str version)
{
	return bsearch(&version, elf->versions_defined, elf->n_versions_defined, sizeof(lk_str),
		       lk_str_cmp_qsort) != NULL;
}

/* The highest version of VERSION's family that ELF defines; empty. */
static lk_str newest(const struct lk_elf *elf, lk_str version)
{
	lk_str family;
	lk_str number;
	lk_str best = LK_STR("");
	lk_str best_number = LK_STR("");
	if (!lk_symver_split(version, &family, &number)) {
		return best;
	}
	for (size_t i = 0; i < elf->n_versions_defined; i++) {
		lk_str other;
		if (lk_symver_split(elf->versions_defined[i], &other, &number) &&
			lk_str_eq(other, family) &&
			(best.len == 0 || lk_symver_cmp(number, best_number) > 0)) {
			best = elf->versions_defined[i];
			best_number = number;
		}
	}
	return best;
}

static void judge_need(
	const struct lk_judge *j, uint32_t file, const struct lk_elf_need *need, uint32_t provider)
{
	const struct lk_elf *elf = j->survey->files.items[provider].seen.elf;
	if (!elf || !elf->has_versions || need->weak || defines(elf, need->version)) {
		return;
	}
	lk_str best = newest(elf, need->version);
	struct lk_flaw flaw = lk_flaw_of(LK_FLAW_FINDING, LK_FLAW_VERSION, file, need->version);
	lk_flaws_add(j->flaws, &flaw,
		"needs " LK_STR_FMT " of " LK_STR_FMT ", which " LK_STR_FMT
		" does not have%s" LK_STR_FMT,
		LK_STR_ARG(need->version), LK_STR_ARG(need->file),
		LK_STR_ARG(lk_judge_name(j, provider)), best.len > 0 ? ": it has up to " : "",
		LK_STR_ARG(best));
}

/* What FILE needs of PROVIDER, its NAME among the needed ones. */
static void judge_provider(const struct lk_judge *j, uint32_t file, lk_str name, uint32_t provider)
{
	const struct lk_elf *elf = j->survey->files.items[file].seen.elf;
	for (size_t i = 0; i < elf->n_versions_needed; i++) {
		if (lk_str_eq(elf->versions_needed[i].file, name)) {
			judge_need(j, file, &elf->versions_needed[i], provider);
		}
	}
}

/* ---- the C library ---- */

/* Is the C library that FILE would be loaded with the host's? */
static bool is_host_c(const struct lk_links *links, uint32_t file, lk_str name)
{
	const struct lk_elf *elf = links->survey->files.items[file].seen.elf;
	if (lk_host_library_of(name) != LK_HOST_C) {
		return false;
	}
	for (size_t i = 0; i < elf->n_needed; i++) {
		if (lk_str_eq(elf->needed[i], name)) {
			return lk_links_of(links, file, i)->state != LK_LINK_FOUND;
		}
	}
	return true;
}

/* The newest glibc that FILE needs, and the version that says so; empty. */
static lk_str newest_glibc(const struct lk_links *links, uint32_t file, lk_str *ret_version)
{
	const struct lk_elf *elf = links->survey->files.items[file].seen.elf;
	lk_str best = LK_STR("");
	for (size_t i = 0; i < elf->n_versions_needed; i++) {
		const struct lk_elf_need *need = &elf->versions_needed[i];
		lk_str number = lk_symver_glibc(need->version);
		if (number.len > 0 && !need->weak &&
			(best.len == 0 || lk_symver_cmp(number, best) > 0) &&
			is_host_c(links, file, need->file)) {
			best = number;
			*ret_version = need->version;
		}
	}
	return best;
}

static void judge_glibc(const struct lk_judge *j, uint32_t file)
{
	lk_str version;
	lk_str number = newest_glibc(j->links, file, &version);
	const struct lk_target *worst = NULL;
	size_t n = 0;
	for (size_t i = 0; number.len > 0 && i < j->n_targets; i++) {
		const struct lk_target *target = &j->targets[i];
		if (target->glibc.len > 0 && lk_symver_cmp(number, target->glibc) > 0) {
			n++;
			worst = !worst || lk_symver_cmp(target->glibc, worst->glibc) < 0 ? target
											 : worst;
		}
	}
	if (!worst) {
		return;
	}
	struct lk_flaw flaw = lk_flaw_of(LK_FLAW_FINDING, LK_FLAW_GLIBC, file, version);
	flaw.target = worst->name;
	lk_str more =
		n == 1 ? LK_STR("") : lk_str_printf(j->arena, " (and %zu more are too old)", n - 1);
	lk_flaws_add(j->flaws, &flaw,
		"needs " LK_STR_FMT "; " LK_STR_FMT " has glibc " LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(version),
		LK_STR_ARG(worst->name.len > 0 ? worst->name : LK_STR("the target")),
		LK_STR_ARG(worst->glibc), LK_STR_ARG(more));
}

static void judge_private(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = j->survey->files.items[file].seen.elf;
	for (size_t i = 0; i < elf->n_versions_needed; i++) {
		const struct lk_elf_need *need = &elf->versions_needed[i];
		if (lk_str_is(need->version, "GLIBC_PRIVATE") && !need->weak &&
			is_host_c(j->links, file, need->file)) {
			struct lk_flaw flaw =
				lk_flaw_of(LK_FLAW_HINT, LK_FLAW_GLIBC, file, need->version);
			lk_flaws_add(j->flaws, &flaw,
				"needs GLIBC_PRIVATE of " LK_STR_FMT
				": it runs with the very glibc it was built with",
				LK_STR_ARG(need->file));
			return;
		}
	}
}

void lk_judge_versions(const struct lk_judge *j, uint32_t file)
{
	const struct lk_elf *elf = j->survey->files.items[file].seen.elf;
	for (size_t i = 0; elf->n_versions_needed > 0 && i < elf->n_needed; i++) {
		const struct lk_link *link = lk_links_of(j->links, file, i);
		if (link->state == LK_LINK_FOUND) {
			judge_provider(j, file, elf->needed[i], link->provider);
		}
	}
	judge_glibc(j, file);
	judge_private(j, file);
}

void lk_judge_other_providers(const struct lk_judge *j)
{
	for (size_t i = 0; i < j->links->others.len; i++) {
		const struct lk_link_other *other = &j->links->others.items[i];
		const struct lk_elf *elf = j->survey->files.items[other->file].seen.elf;
		judge_provider(j, other->file, elf->needed[other->index], other->provider);
	}
}

/* ---- the highest ---- */

static void take_highest(
	struct lk_highest *best, const struct lk_links *links, uint32_t file, lk_str family)
{
	const struct lk_elf *elf = links->survey->files.items[file].seen.elf;
	bool glibc = lk_str_is(family, "GLIBC");
	for (size_t i = 0; i < elf->n_versions_needed; i++) {
		const struct lk_elf_need *need = &elf->versions_needed[i];
		lk_str name = family;
		lk_str number = lk_symver_glibc(need->version);
		bool counts = glibc
			? number.len > 0 && is_host_c(links, file, need->file)
			: lk_symver_split(need->version, &name, &number) && lk_str_eq(name, family);
		if (counts && !need->weak &&
			(best->version.len == 0 || lk_symver_cmp(number, best->version) > 0)) {
			best->version = number;
			best->file = file;
		}
	}
}

void lk_judge_highest(
	const struct lk_survey *survey, const struct lk_links *links, struct lk_highests *ret)
{
	static const lk_str families[] = {LK_STR("GLIBC"), LK_STR("GLIBCXX"), LK_STR("CXXABI")};
	size_t n = survey->packages.len + 1;
	struct lk_highest *best LK_AUTO_FREE = lk_calloc(n * LK_COUNTOF(families), sizeof(*best));
	const struct lk_judge j = {.survey = survey, .links = links};
	for (uint32_t i = 0; i < survey->files.len; i++) {
		if (!lk_judge_is_loadable(&j, i) ||
			lk_links_is_sysroot(survey->files.items[i].path)) {
			continue;
		}
		uint32_t package = survey->files.items[i].package;
		size_t slot = package == LK_SURVEY_NONE ? n - 1 : package;
		for (size_t k = 0; k < LK_COUNTOF(families); k++) {
			take_highest(&best[slot * LK_COUNTOF(families) + k], links, i, families[k]);
		}
	}
	for (size_t i = 0; i < n * LK_COUNTOF(families); i++) {
		if (best[i].version.len > 0) {
			size_t slot = i / LK_COUNTOF(families);
			best[i].package = slot == n - 1 ? LK_SURVEY_NONE : (uint32_t)slot;
			best[i].family = families[i % LK_COUNTOF(families)];
			lk_vec_push(ret, best[i]);
		}
	}
}
