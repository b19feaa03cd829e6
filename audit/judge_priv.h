/*
 * The parts of the judgement.
 */
#ifndef LK_AUDIT_JUDGE_PRIV_H
#define LK_AUDIT_JUDGE_PRIV_H

#include "audit/judge.h"

/* What lies where, by the name alone. */
struct lk_shelf {
	struct lk_map by_name; /* "libfoo.so.3" */
	struct lk_map by_stem; /* "libfoo.so" */
	struct lk_map folders; /* with files that can be loaded: see lk_shelf_key */
};

/* "7 lib/foo/": FILE's package and folder; appended to OUT. */
void lk_shelf_key(const struct lk_survey *survey, uint32_t file, struct lk_buf *out);

struct lk_judge {
	const struct lk_survey *survey;
	const struct lk_links *links;
	const struct lk_target *targets;
	size_t n_targets;
	struct lk_flaws *flaws;
	struct lk_arena *arena; /* of the flaws: for texts that they borrow */
	struct lk_shelf shelf;
};

/* A flaw of FILE; the text is added by the caller. */
static inline struct lk_flaw lk_flaw_of(
	enum lk_flaw_level level, enum lk_flaw_kind kind, uint32_t file, lk_str what)
{
	return (struct lk_flaw){.level = level, .kind = kind, .file = file, .what = what};
}

/* Is it a file of the target's machine that can be loaded or started? */
bool lk_judge_is_loadable(const struct lk_judge *j, uint32_t file);
/* "lib/libz.so.1 (zlib-1.3.1-0)"; owned by the flaws' arena. */
lk_str lk_judge_name(const struct lk_judge *j, uint32_t file);

/* judge_file.c: what a file alone tells. */
void lk_judge_file(const struct lk_judge *j, uint32_t file);
/* judge_links.c: libraries that are not found. */
void lk_judge_links(const struct lk_judge *j, uint32_t file);
/* judge_versions.c: symbol versions that are not defined. */
void lk_judge_versions(const struct lk_judge *j, uint32_t file);
void lk_judge_other_providers(const struct lk_judge *j);

#endif
