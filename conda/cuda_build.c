/*
 * CUDA builds by their records.
 */
#include "conda/cuda_build.h"

bool lk_text_says_cuda(lk_str build)
{
	return lk_str_find(build, LK_STR("cuda")) != SIZE_MAX ||
		lk_str_find(build, LK_STR("gpu")) != SIZE_MAX;
}

static bool says_cpu(lk_str build)
{
	return lk_str_find(build, LK_STR("cpu")) != SIZE_MAX;
}

/* The next word of a spec, white space around it dropped. */
static lk_str take_word(lk_str *rest)
{
	size_t from = 0;
	while (from < rest->len && lk_is_space(rest->ptr[from])) {
		from++;
	}
	size_t to = from;
	while (to < rest->len && !lk_is_space(rest->ptr[to])) {
		to++;
	}
	lk_str word = lk_str_slice(*rest, from, to);
	*rest = lk_str_skip(*rest, to);
	return word;
}

/* What nothing but CUDA programs need. */
static bool is_runtime(lk_str name)
{
	static const char *const names[] = {"__cuda", "cuda-version", "cudatoolkit", "cuda-cudart",
		"cuda-runtime", "cuda-libraries", "pytorch-cuda", "cudnn"};
	for (size_t i = 0; i < LK_COUNTOF(names) && name.len > 0; i++) {
		if (names[i][0] == name.ptr[0] && lk_str_is(name, names[i])) {
			return true;
		}
	}
	return false;
}

bool lk_record_is_cuda(const struct lk_record *record)
{
	if (says_cpu(record->build)) {
		return false;
	}
	if (lk_text_says_cuda(record->build)) {
		return true;
	}
	for (size_t i = 0; i < record->depends.n; i++) {
		lk_str rest = record->depends.items[i];
		lk_str name = take_word(&rest);
		(void)take_word(&rest); /* version */
		if (is_runtime(name) || lk_text_says_cuda(take_word(&rest))) {
			return true;
		}
	}
	return false;
}
