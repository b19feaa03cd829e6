/*
 * The only look at the machine: the virtual packages that this host offers.
 */
#include "conda/host.h"

#include <sys/utsname.h>

#include "conda/subdir.h"

lk_str lk_host_kernel_version(lk_str release)
{
	size_t numbers = 0;
	size_t end = 0;
	for (size_t i = 0; numbers < 4 && i < release.len && lk_is_digit(release.ptr[i]); i++) {
		while (i < release.len && lk_is_digit(release.ptr[i])) {
			i++;
		}
		numbers++;
		end = i;
		if (i == release.len || release.ptr[i] != '.') {
			break;
		}
	}
	return numbers >= 2 ? lk_str_slice(release, 0, end) : LK_STR("");
}

/* The level of x86-64 that this processor reaches, as archspec names it; else the plain name. */
static lk_str microarch(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	bool v2 = __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.2") &&
		__builtin_cpu_supports("popcnt");
	bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
	bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl");
	return v4    ? LK_STR("x86_64_v4")
		: v3 ? LK_STR("x86_64_v3")
		: v2 ? LK_STR("x86_64_v2")
		     : LK_STR("x86_64");
#else
	return lk_subdir_arch(lk_str_of(lk_subdir_native()));
#endif
}

struct detected {
	lk_str linux_, glibc, archspec;
};

static struct detected look(struct lk_arena *arena)
{
	struct detected host = {.archspec = microarch()};
#ifdef __linux__
	struct utsname names;
	if (uname(&names) == 0) {
		host.linux_ = lk_str_dup(arena, lk_host_kernel_version(lk_str_of(names.release)));
	}
	host.glibc = lk_host_glibc(arena);
#endif
	return host;
}

/* What the override says, or what was found; an empty override takes the package away. */
static lk_str chosen(const char *override, lk_str found)
{
	return override ? lk_str_trim(lk_str_of(override)) : found;
}

int lk_host_virtuals(const struct lk_host_overrides *overrides, const struct lk_driver *driver,
	struct lk_arena *arena, struct lk_virtuals *ret, struct lk_error *err)
{
	lk_str subdir = lk_str_of(lk_subdir_native());
	bool is_linux = lk_str_is(lk_subdir_os(subdir), "linux");
	struct detected host = look(arena);
	lk_str none = LK_STR("0");
	lk_str cuda = chosen(overrides->cuda, driver ? driver->cuda : LK_STR(""));
	lk_str arch = driver ? driver->arch : LK_STR("");
	lk_str archspec = chosen(overrides->archspec, host.archspec);
	bool generic = lk_str_eq(archspec, lk_subdir_arch(subdir));
	lk_str archspec_version = archspec.len == 0 ? archspec
		: generic                           ? LK_STR("0")
						    : LK_STR("1");
	const struct lk_virtual rows[] = {
		{LK_STR("__unix"), none, none},
		{LK_STR("__linux"), is_linux ? chosen(overrides->linux_, host.linux_) : LK_STR(""),
			none},
		{LK_STR("__glibc"), is_linux ? chosen(overrides->glibc, host.glibc) : LK_STR(""),
			none},
		{LK_STR("__osx"), is_linux ? LK_STR("") : chosen(overrides->osx, LK_STR("")), none},
		{LK_STR("__cuda"), cuda, none},
		{LK_STR("__cuda_arch"),
			cuda.len > 0 ? chosen(overrides->cuda_arch, arch) : LK_STR(""), none},
		{LK_STR("__archspec"), archspec_version, archspec},
	};
	lk_vec_clear(ret);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		int rc = lk_virtuals_set(
			ret, rows[i].name, rows[i].version, rows[i].build, arena, err);
		if (rc < 0) {
			return lk_wrap(err, "what this host offers");
		}
	}
	return 0;
}
