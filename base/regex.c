/*
 * PCRE2, with its memory in an arena and its work bounded.
 */
#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MAX_MATCH_KIB 4096 /* of memory for one match */

struct lk_regex {
	const pcre2_code *code;
	pcre2_match_context *limits; /* only read once it is made */
};

static void *take(size_t size, void *arena)
{
	return lk_arena_calloc(arena, 1, size);
}

static void give_back(void *ptr, void *arena)
{
	(void)ptr; /* the arena frees whole */
	(void)arena;
}

static pcre2_code *compile(
	lk_str text, bool nocase, pcre2_general_context *memory, int *ret_fault, size_t *ret_offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(memory);
	pcre2_set_max_pattern_length(context, LK_REGEX_MAX_LEN);
	pcre2_set_parens_nest_limit(context, LK_REGEX_MAX_DEPTH);
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
		PCRE2_DOLLAR_ENDONLY | (nocase ? PCRE2_CASELESS : 0);
	PCRE2_SPTR bytes = (PCRE2_SPTR)(text.ptr ? text.ptr : "");
	return pcre2_compile(bytes, text.len, options, ret_fault, ret_offset, context);
}

int lk_regex_compile(lk_str text, bool nocase, struct lk_arena *arena, const struct lk_regex **ret,
	struct lk_error *err)
{
	pcre2_general_context *memory = pcre2_general_context_create(take, give_back, arena);
	int fault;
	size_t offset = 0;
	struct lk_regex *regex = lk_arena_calloc(arena, 1, sizeof(*regex));
	regex->code = compile(text, nocase, memory, &fault, &offset);
	if (!regex->code) {
		char why[128] = "";
		pcre2_get_error_message(fault, (PCRE2_UCHAR *)why, sizeof(why));
		/* A pattern that is too long was not even looked at. */
		return lk_fail_at_offset(err, NULL, text, offset <= text.len ? offset : 0,
			"bad regular expression: %s", why);
	}
	regex->limits = pcre2_match_context_create(memory);
	pcre2_set_match_limit(regex->limits, LK_REGEX_MAX_STEPS);
	pcre2_set_heap_limit(regex->limits, MAX_MATCH_KIB);
	*ret = regex;
	return 0;
}

bool lk_regex_matches(const struct lk_regex *regex, lk_str s)
{
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	if (!found) {
		lk_mem_lost();
	}
	PCRE2_SPTR bytes = (PCRE2_SPTR)(s.ptr ? s.ptr : "");
	int rc = pcre2_match(regex->code, bytes, s.len, 0, 0, found, regex->limits);
	pcre2_match_data_free(found);
	return rc >= 0;
}
