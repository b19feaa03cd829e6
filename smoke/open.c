/*
 * Opening a library as a program of the environment would.
 */
#include <dlfcn.h>
#include <unistd.h>

#include "base/str.h"
#include "smoke/level.h"

#define BELOW_SITE "/site-packages/"

/* What python has loaded from PREFIX/lib before it imports such a package. */
static void open_pythons(const char *prefix)
{
	static const char *const names[] = {"libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		char *LK_AUTO_FREE path = lk_asprintf("%s/lib/%s", prefix, names[i]);
		if (access(path, R_OK) == 0) {
			(void)dlopen(path, RTLD_NOW | RTLD_LOCAL);
		}
	}
}

static void open_needs(const char *prefix, const char *const *needs)
{
	for (; needs && *needs; needs++) {
		char path[PATH_MAX];
		if (lk_level_find_library(prefix, needs, 1, 0, path, sizeof(path)) &&
			strstr(path, BELOW_SITE)) {
			(void)dlopen(path, RTLD_NOW | RTLD_LOCAL);
		}
	}
}

void *lk_level_open_library(const char *prefix, const char *const *stems, size_t n_stems,
	const char *const *needs, struct lk_level_report *report)
{
	char path[PATH_MAX];
	if (!prefix) {
		lk_level_say(report, LK_SMOKE_ABSENT, "no environment given");
		return NULL;
	}
	if (!lk_level_find_library(prefix, stems, n_stems, 0, path, sizeof(path))) {
		lk_level_say(report, LK_SMOKE_ABSENT, "%s is not in the environment", stems[0]);
		return NULL;
	}
	if (strstr(path, BELOW_SITE)) {
		open_pythons(prefix);
		open_needs(prefix, needs);
	}
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot load: %s", dlerror());
	}
	return library;
}
