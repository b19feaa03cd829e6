/*
 * The host's NVIDIA driver: does it load, which CUDA version has it, which devices are there?
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smoke/level.h"

/* cuda.h: CUDA_ERROR_NO_DEVICE, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR. */
#define NO_DEVICE 100
#define CAPABILITY_MAJOR 75
#define CAPABILITY_MINOR 76

struct driver {
	int (*init)(unsigned flags);
	int (*version)(int *ret);
	int (*count)(int *ret);
	int (*device)(int *ret, int ordinal);
	int (*name)(char *ret, int len, int device);
	int (*attribute)(int *ret, int attribute, int device);
};

static bool bind(void *library, struct driver *ret)
{
	const struct {
		const char *name;
		void **slot;
	} symbols[] = {
		{"cuInit", (void **)&ret->init},
		{"cuDriverGetVersion", (void **)&ret->version},
		{"cuDeviceGetCount", (void **)&ret->count},
		{"cuDeviceGet", (void **)&ret->device},
		{"cuDeviceGetName", (void **)&ret->name},
		{"cuDeviceGetAttribute", (void **)&ret->attribute},
	};
	for (size_t i = 0; i < LK_COUNTOF(symbols); i++) {
		*symbols[i].slot = dlsym(library, symbols[i].name);
		if (!*symbols[i].slot) {
			return false;
		}
	}
	return true;
}

/* The driver's own folder holds further libraries of the driver that it may load. */
static void find_driver_folder(void *library, struct lk_level_report *report)
{
	struct link_map *map = NULL;
	char *folder = report->driver_folder;
	char *slash = NULL;
	if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && realpath(map->l_name, folder)) {
		slash = strrchr(folder, '/');
	}
	*(slash ? slash : folder) = '\0';
}

static void describe(const struct driver *d, int version, int count, struct lk_level_report *report)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	lk_buf_appendf(&text, "CUDA %d.%d, %d device%s", version / 1000, version % 1000 / 10, count,
		count == 1 ? "" : "s");
	for (int i = 0; i < count; i++) {
		int device = 0;
		int major = 0;
		int minor = 0;
		char name[128] = "";
		if (d->device(&device, i) != 0 || d->name(name, sizeof(name), device) != 0 ||
			d->attribute(&major, CAPABILITY_MAJOR, device) != 0 ||
			d->attribute(&minor, CAPABILITY_MINOR, device) != 0) {
			lk_level_say(report, LK_SMOKE_FAILED, "device %d does not answer", i);
			return;
		}
		lk_buf_appendf(&text, "%s %s (%d.%d)", i ? "," : ":", name, major, minor);
	}
	lk_level_say(report, LK_SMOKE_PASSED, "%s", lk_buf_cstr(&text));
}

/* A driver that is there and does not load is broken, not absent. */
static void say_why_not_loaded(const char *error, struct lk_level_report *report)
{
	if (lk_str_starts(
		    lk_str_of(error), LK_STR("libcuda.so.1: cannot open shared object file"))) {
		lk_level_say(report, LK_SMOKE_ABSENT, "no GPU driver on this host (libcuda.so.1)");
	} else {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot load the driver: %s", error);
	}
}

void lk_level_driver(const struct lk_level_context *context, struct lk_level_report *report)
{
	(void)context;
	void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		say_why_not_loaded(dlerror(), report);
		return;
	}
	find_driver_folder(library, report);
	struct driver d;
	int version = 0;
	int count = 0;
	if (!bind(library, &d)) {
		lk_level_say(
			report, LK_SMOKE_FAILED, "libcuda.so.1 lacks a function of the driver API");
		return;
	}
	int rc = d.init(0);
	if (rc == NO_DEVICE) {
		lk_level_say(report, LK_SMOKE_ABSENT, "the driver finds no device");
	} else if (rc != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "cuInit fails with error %d", rc);
	} else if (d.version(&version) != 0 || d.count(&count) != 0) {
		lk_level_say(
			report, LK_SMOKE_FAILED, "the driver does not tell its version or devices");
	} else {
		describe(&d, version, count, report);
	}
}
