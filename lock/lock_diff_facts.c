/*
 * What a diff says of the facts of two packages.
 */
#include "conda/version.h"
#include "lock/lock_diff_facts_priv.h"
#include "lock/lock_facts.h"

/* Is there a GPU that FROM has code for, by its number, and TO has none? */
static bool loses_a_gpu(const struct lk_record *from, const struct lk_record *to)
{
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) old = lk_facts_gpu(&from->facts);
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) new = lk_facts_gpu(&to->facts);
	for (size_t i = 0; i < old.len; i++) {
		if (old.items[i].form != LK_GPU_LTO &&
			lk_gpu_codes_serve(&new, old.items[i].sm, NULL) == LK_GPU_NOT) {
			return true;
		}
	}
	return false;
}

static bool is_newer(lk_str old, lk_str new)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *a;
	const struct lk_version *b;
	return old.len > 0 && new.len > 0 && lk_version_parse(old, &arena, &a, &ignored) == 0 &&
		lk_version_parse(new, &arena, &b, &ignored) == 0 && lk_version_cmp(a, b) < 0;
}

unsigned lk_diff_facts_kinds(const struct lk_record *from, const struct lk_record *to)
{
	bool had = lk_facts_are_there(&from->facts);
	bool has = lk_facts_are_there(&to->facts);
	if (lk_facts_eq(&from->facts, &to->facts)) {
		return 0;
	}
	if (!had || !has) {
		/* of another archive nobody has looked for them yet */
		return lk_sha256_eq(&from->sha256, &to->sha256) ? 1u << LK_CHANGE_FACTS : 0;
	}
	unsigned kinds = loses_a_gpu(from, to) ? 1u << LK_CHANGE_GPU : 0;
	kinds |= is_newer(from->facts.glibc, to->facts.glibc) ? 1u << LK_CHANGE_GLIBC : 0;
	return kinds ? kinds : 1u << LK_CHANGE_FACTS;
}

static bool has_code(const struct lk_gpu_codes *codes, const struct lk_gpu_code *code)
{
	for (size_t i = 0; i < codes->len; i++) {
		const struct lk_gpu_code *other = &codes->items[i];
		if (other->form == code->form && other->sm == code->sm &&
			other->variant == code->variant) {
			return true;
		}
	}
	return false;
}

void lk_diff_put_missing_codes(
	const struct lk_record *of, const struct lk_record *in, struct lk_buf *out)
{
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) codes = lk_facts_gpu(&of->facts);
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) other = lk_facts_gpu(&in->facts);
	const char *before = "";
	for (size_t i = 0; i < codes.len; i++) {
		if (!has_code(&other, &codes.items[i])) {
			lk_buf_puts(out, before);
			lk_gpu_put_code(&codes.items[i], out);
			before = " ";
		}
	}
}

bool lk_diff_tells_facts(const struct lk_package_change *change)
{
	return change->from && change->to &&
		(lk_package_has(change, LK_CHANGE_GPU) || lk_package_has(change, LK_CHANGE_GLIBC) ||
			lk_package_has(change, LK_CHANGE_FACTS));
}
