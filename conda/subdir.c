/*
 * Subdirs: the list that conda knows, and the facts that follow from a name.
 */
#include "conda/subdir.h"

static const char *const known[] = {
	"noarch",
	"linux-32",
	"linux-64",
	"linux-aarch64",
	"linux-armv6l",
	"linux-armv7l",
	"linux-loongarch64",
	"linux-ppc64",
	"linux-ppc64le",
	"linux-riscv32",
	"linux-riscv64",
	"linux-s390x",
	"osx-64",
	"osx-arm64",
	"win-32",
	"win-64",
	"win-arm64",
	"emscripten-wasm32",
	"freebsd-64",
	"wasi-wasm32",
	"zos-z",
};

bool lk_subdir_is_known(lk_str s)
{
	for (size_t i = 0; i < LK_COUNTOF(known); i++) {
		if (lk_str_is(s, known[i])) {
			return true;
		}
	}
	return false;
}

static bool is_lower_alnum(lk_str s, bool underscore)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool fine = lk_is_digit(c) || (c >= 'a' && c <= 'z') || (underscore && c == '_');
		if (!fine) {
			return false;
		}
	}
	return s.len > 0;
}

bool lk_subdir_is_valid(lk_str s)
{
	if (lk_str_is(s, "noarch")) {
		return true;
	}
	lk_str rest = s;
	lk_str os;
	return s.len <= 32 && lk_str_split(&rest, '-', &os) && is_lower_alnum(os, false) &&
		is_lower_alnum(rest, true);
}

const char *lk_subdir_native(void)
{
#if defined(__APPLE__) && defined(__aarch64__)
	return "osx-arm64";
#elif defined(__APPLE__)
	return "osx-64";
#elif defined(__x86_64__)
	return "linux-64";
#elif defined(__aarch64__)
	return "linux-aarch64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "linux-ppc64le";
#elif defined(__s390x__)
	return "linux-s390x";
#elif defined(__riscv) && __riscv_xlen == 64
	return "linux-riscv64";
#elif defined(__arm__)
	return "linux-armv7l";
#elif defined(__i386__)
	return "linux-32";
#else
#error "unknown platform: add its subdir here"
#endif
}

lk_str lk_subdir_os(lk_str subdir)
{
	size_t dash = lk_str_find_char(subdir, '-');
	return dash == SIZE_MAX ? LK_STR("") : lk_str_slice(subdir, 0, dash);
}

lk_str lk_subdir_arch(lk_str subdir)
{
	size_t dash = lk_str_find_char(subdir, '-');
	if (dash == SIZE_MAX) {
		return LK_STR("");
	}
	lk_str arch = lk_str_skip(subdir, dash + 1);
	if (lk_str_is(arch, "32")) {
		return LK_STR("x86");
	}
	if (lk_str_is(arch, "64")) {
		return LK_STR("x86_64");
	}
	if (lk_str_is(arch, "arm64")) {
		return LK_STR("aarch64");
	}
	return arch;
}
