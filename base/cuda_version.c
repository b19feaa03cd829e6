/*
 * Comparing CUDA versions.
 */
#include "base/cuda_version.h"

enum lk_cuda_match lk_cuda_match(int driver, int runtime)
{
	if (driver >= runtime) {
		return LK_CUDA_RUNS;
	}
	bool same_major = LK_CUDA_MAJOR(driver) == LK_CUDA_MAJOR(runtime);
	return same_major && LK_CUDA_MAJOR(runtime) >= 11 ? LK_CUDA_RUNS_SAME_MAJOR
							  : LK_CUDA_TOO_OLD;
}

const char *lk_cuda_oldest_driver(int major)
{
	static const struct {
		int major;
		const char *driver;
	} oldest[] = {{11, "450.80.02"}, {12, "525.60.13"}, {13, "580.65.06"}};
	for (size_t i = 0; i < LK_COUNTOF(oldest); i++) {
		if (oldest[i].major == major) {
			return oldest[i].driver;
		}
	}
	return NULL;
}

/* Reads the digits at the start of *REST; false when there are none. No version has four. */
static bool take_number(lk_str *rest, int *ret)
{
	size_t len = 0;
	uint64_t value;
	while (len < rest->len && lk_is_digit(rest->ptr[len])) {
		len++;
	}
	if (len > 3 || !lk_str_to_u64(lk_str_slice(*rest, 0, len), &value)) {
		return false;
	}
	*ret = (int)value;
	*rest = lk_str_skip(*rest, len);
	return true;
}

bool lk_cuda_version_read(lk_str text, int *ret)
{
	int major;
	int minor;
	if (!take_number(&text, &major) || !lk_str_starts(text, LK_STR("."))) {
		return false;
	}
	text = lk_str_skip(text, 1);
	if (!take_number(&text, &minor) || minor > 99) {
		return false;
	}
	*ret = 1000 * major + 10 * minor;
	return true;
}

enum op {
	AT_LEAST,
	AT_MOST,
	ABOVE,
	BELOW,
	EQUAL,
	NOT_EQUAL,
	STARTS,
	COMPATIBLE
};

static enum op take_op(lk_str *rest)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {{">=", AT_LEAST}, {"<=", AT_MOST}, {"==", EQUAL}, {"!=", NOT_EQUAL},
		{"~=", COMPATIBLE}, {">", ABOVE}, {"<", BELOW}, {"=", STARTS}};
	for (size_t i = 0; i < LK_COUNTOF(ops); i++) {
		if (lk_str_starts(*rest, lk_str_of(ops[i].text))) {
			*rest = lk_str_trim(lk_str_skip(*rest, strlen(ops[i].text)));
			return ops[i].op;
		}
	}
	return EQUAL;
}

/* "12", "12.4", "12.4.0", "12.*", "12.4.*", "12*"; *RET_STAR tells of a star. What comes after the
 * second number must be zeros. *RET_MINOR is -1 when there is one number alone. */
static bool take_version(lk_str text, int *ret_major, int *ret_minor, bool *ret_star)
{
	*ret_minor = -1;
	*ret_star = lk_str_ends(text, LK_STR("*"));
	if (*ret_star) {
		text = lk_str_slice(text, 0, text.len - 1);
		text = lk_str_ends(text, LK_STR(".")) ? lk_str_slice(text, 0, text.len - 1) : text;
	}
	if (!take_number(&text, ret_major)) {
		return false;
	}
	for (int part = 1; text.len > 0; part++) {
		int number;
		bool dot = text.ptr[0] == '.';
		text = lk_str_skip(text, 1);
		if (!dot || !take_number(&text, &number) || number > 99 ||
			(part > 1 && number != 0)) {
			return false;
		}
		*ret_minor = part == 1 ? number : *ret_minor;
	}
	return true;
}

static bool holds(enum op op, int version, int major, int minor)
{
	int wanted = 1000 * major + 10 * (minor < 0 ? 0 : minor);
	bool prefix = minor < 0 ? LK_CUDA_MAJOR(version) == major : version == wanted;
	switch (op) {
	case AT_LEAST:
		return version >= wanted;
	case AT_MOST:
		return version <= wanted;
	case ABOVE:
		return version > wanted;
	case BELOW:
		return version < wanted;
	case EQUAL:
		return version == wanted;
	case NOT_EQUAL:
		return version != wanted;
	case STARTS:
		return prefix;
	case COMPATIBLE:
		return version >= wanted && LK_CUDA_MAJOR(version) == major;
	}
	return false;
}

static bool clause_holds(lk_str clause, int version, bool *ret)
{
	clause = lk_str_trim(clause);
	if (clause.len == 0 || lk_str_is(clause, "*")) {
		*ret = true;
		return true;
	}
	int major;
	int minor;
	bool star;
	enum op op = take_op(&clause);
	if (!take_version(clause, &major, &minor, &star)) {
		return false;
	}
	if (star && op == NOT_EQUAL) {
		*ret = !holds(STARTS, version, major, minor);
	} else {
		*ret = holds(star && op == EQUAL ? STARTS : op, version, major, minor);
	}
	return true;
}

bool lk_cuda_within(lk_str spec, int version, bool *ret)
{
	bool any = spec.len == 0;
	lk_str alternative;
	while (lk_str_split(&spec, '|', &alternative)) {
		bool all = true;
		lk_str clause;
		while (lk_str_split(&alternative, ',', &clause)) {
			bool one;
			if (!clause_holds(clause, version, &one)) {
				return false;
			}
			all = all && one;
		}
		any = any || all;
	}
	*ret = any;
	return true;
}
