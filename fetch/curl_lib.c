/*
 * libcurl's functions, found by name.
 */
#include "fetch/curl_lib_priv.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

static int fail(const char *why, struct lk_error *err)
{
	lk_fail(err, LK_E_NETWORK, "cannot load " LIBRARY ", which transfers need: %s", why);
	lk_error_hint(err,
		"install libcurl, version 7.85 or newer (Debian and Ubuntu: libcurl4, others: "
		"libcurl)");
	return err->code;
}

int lk_curl_start(struct lk_curl *curl, struct lk_error *err)
{
	struct lk_curl found;
	const struct {
		const char *name;
		void *function; /* where its address goes */
	} functions[] = {
#define NAMED(name) {"curl_" #name, &found.name},
		LK_CURL_FUNCTIONS(NAMED)
#undef NAMED
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		return fail(dlerror(), err);
	}
	for (size_t i = 0; i < LK_COUNTOF(functions); i++) {
		void *address = dlsym(library, functions[i].name);
		if (!address) {
			return fail("it is too old", err);
		}
		memcpy(functions[i].function, &address, sizeof(address)); /* as POSIX has it */
	}
	if (found.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return lk_fail(err, LK_E_BUG, "the transfer library does not start");
	}
	*curl = found;
	return 0;
}

void lk_curl_stop(const struct lk_curl *curl)
{
	curl->global_cleanup();
}
