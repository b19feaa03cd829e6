/*
 * Flaws: their list and their names.
 */
#include "audit/flaw.h"

const char *lk_flaw_kind_name(enum lk_flaw_kind kind)
{
	static const char *const names[LK_FLAW_KINDS] = {
		[LK_FLAW_BROKEN] = "broken",
		[LK_FLAW_MACHINE] = "machine",
		[LK_FLAW_MISSING] = "missing",
		[LK_FLAW_VERSION] = "version",
		[LK_FLAW_GLIBC] = "glibc",
		[LK_FLAW_INTERPRETER] = "interpreter",
		[LK_FLAW_GPU] = "gpu",
		[LK_FLAW_CUDA] = "cuda",
		[LK_FLAW_ISA] = "isa",
		[LK_FLAW_STACK] = "stack",
		[LK_FLAW_TEXTREL] = "textrel",
		[LK_FLAW_PATH] = "path",
		[LK_FLAW_HOST] = "host",
		[LK_FLAW_FOREIGN] = "foreign",
	};
	return names[kind];
}

const char *lk_flaw_level_name(enum lk_flaw_level level)
{
	static const char *const names[] = {
		[LK_FLAW_NOTE] = "note",
		[LK_FLAW_HINT] = "hint",
		[LK_FLAW_FINDING] = "finding",
	};
	return names[level];
}

void lk_flaws_add(struct lk_flaws *flaws, const struct lk_flaw *flaw, const char *fmt, ...)
{
	struct lk_flaw added = *flaw;
	va_list args;
	va_start(args, fmt);
	added.text = lk_str_of(lk_arena_vprintf(&flaws->arena, fmt, args));
	va_end(args);
	lk_vec_push(&flaws->list, added);
}

void lk_flaws_done(struct lk_flaws *flaws)
{
	lk_vec_done(&flaws->list);
	lk_arena_done(&flaws->arena);
}
