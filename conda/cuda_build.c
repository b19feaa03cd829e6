/*
 * CUDA builds by their records.
 */
#include "conda/cuda_build.h"

/* What a record says, the stronger word first. */
enum said {
	SAID_CPU,
	SAID_CUDA,
	SAID_RUNTIME, /* something of CUDA's is needed */
	SAID_NOTHING,
};

/* Where WORD (in lower case) begins in TEXT, from FROM on; SIZE_MAX: nowhere. */
static size_t find_nocase(lk_str text, const char *word, size_t from)
{
	size_t len = strlen(word);
	for (size_t i = from; i + len <= text.len; i++) {
		size_t n = 0;
		while (n < len && lk_lower(text.ptr[i + n]) == word[n]) {
			n++;
		}
		if (n == len) {
			return i;
		}
	}
	return SIZE_MAX;
}

static bool has(lk_str text, const char *word)
{
	return find_nocase(text, word, 0) != SIZE_MAX;
}

/* "cu111" that is no end of a longer word. */
static bool has_number(lk_str build)
{
	size_t at = find_nocase(build, "cu", 0);
	while (at != SIZE_MAX) {
		bool begins = at == 0 || !lk_is_alnum(build.ptr[at - 1]);
		if (begins && at + 2 < build.len && lk_is_digit(build.ptr[at + 2])) {
			return true;
		}
		at = find_nocase(build, "cu", at + 1);
	}
	return false;
}

bool lk_build_says_cpu(lk_str build)
{
	return has(build, "cpu") || has(build, "nocuda") || has(build, "no_cuda");
}

bool lk_build_says_cuda(lk_str build)
{
	return (has(build, "cuda") || has(build, "gpu") || has_number(build)) &&
		!has(build, "nocuda") && !has(build, "no_cuda");
}

/* The next word of a spec, which ends at a space. */
static lk_str take_word(lk_str *rest)
{
	size_t from = 0;
	while (from < rest->len && lk_is_space(rest->ptr[from])) {
		from++;
	}
	*rest = lk_str_skip(*rest, from);
	size_t len = lk_str_find_char(*rest, ' ');
	lk_str word = lk_str_slice(*rest, 0, len);
	*rest = lk_str_skip(*rest, word.len);
	return word;
}

/* What nothing but CUDA programs need. */
static bool is_runtime(lk_str name)
{
	static const char *const names[] = {"cuda-version", "cudatoolkit", "cuda-cudart",
		"cuda-runtime", "cuda-libraries", "pytorch-cuda", "cudnn"};
	for (size_t i = 0; i < LK_COUNTOF(names) && name.len > 0; i++) {
		if (names[i][0] == name.ptr[0] && lk_str_is(name, names[i])) {
			return true;
		}
	}
	return false;
}

static enum said stronger(enum said a, enum said b)
{
	return a < b ? a : b;
}

static enum said said_by_build(lk_str build)
{
	return lk_build_says_cpu(build)     ? SAID_CPU
		: lk_build_says_cuda(build) ? SAID_CUDA
					    : SAID_NOTHING;
}

static enum said said_by(const struct lk_record *record)
{
	enum said said = said_by_build(record->build);
	for (size_t i = 0; i < record->depends.n && said > SAID_CUDA; i++) {
		lk_str rest = record->depends.items[i];
		lk_str name = take_word(&rest);
		(void)take_word(&rest); /* version */
		if (lk_str_is(name, "__cuda")) {
			said = SAID_CUDA;
		} else {
			said = stronger(said, said_by_build(take_word(&rest)));
			said = stronger(said, is_runtime(name) ? SAID_RUNTIME : SAID_NOTHING);
		}
	}
	return said;
}

bool lk_cuda_flips(const struct lk_record *from, const struct lk_record *to, bool *ret_to)
{
	enum said old = said_by(from);
	enum said new = said_by(to);
	bool to_cuda = new == SAID_CUDA || (new == SAID_RUNTIME &&old == SAID_CPU);
	bool from_cuda = old == SAID_CUDA || (old == SAID_RUNTIME && new == SAID_CPU);
	*ret_to = to_cuda;
	return to_cuda != from_cuda && !(to_cuda && old == SAID_RUNTIME) &&
		!(from_cuda && new == SAID_RUNTIME);
}
