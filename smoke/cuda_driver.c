/*
 * libcuda.so.1: open it, bind it, name its errors.
 */
#include "smoke/cuda_driver.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#define SONAME "libcuda.so.1"

struct symbol {
	const char *name;
	void **slot;
};

/* NULL, or the first name that the library lacks. */
static const char *bind_all(void *library, const struct symbol *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*symbols[i].slot = dlsym(library, symbols[i].name);
		if (!*symbols[i].slot) {
			return symbols[i].name;
		}
	}
	return NULL;
}

static const char *bind_devices(struct lk_cuda_driver *d)
{
	const struct symbol symbols[] = {
		{"cuInit", (void **)&d->init},
		{"cuGetErrorName", (void **)&d->error_name},
		{"cuGetErrorString", (void **)&d->error_string},
		{"cuDriverGetVersion", (void **)&d->version},
		{"cuDeviceGetCount", (void **)&d->device_count},
		{"cuDeviceGet", (void **)&d->device},
		{"cuDeviceGetName", (void **)&d->device_name},
		{"cuDeviceTotalMem_v2", (void **)&d->device_memory},
		{"cuDeviceGetAttribute", (void **)&d->device_attribute},
	};
	return bind_all(d->library, symbols, LK_COUNTOF(symbols));
}

static const char *bind_memory(struct lk_cuda_driver *d)
{
	const struct symbol symbols[] = {
		{"cuDevicePrimaryCtxRetain", (void **)&d->context_retain},
		{"cuCtxSetCurrent", (void **)&d->context_set},
		{"cuCtxSynchronize", (void **)&d->synchronize},
		{"cuMemGetInfo_v2", (void **)&d->memory_info},
		{"cuMemAlloc_v2", (void **)&d->alloc},
		{"cuMemFree_v2", (void **)&d->free},
		{"cuMemcpyHtoD_v2", (void **)&d->to_device},
		{"cuMemcpyDtoH_v2", (void **)&d->to_host},
		{"cuMemsetD32_v2", (void **)&d->fill32},
		{"cuPointerGetAttribute", (void **)&d->pointer_attribute},
	};
	return bind_all(d->library, symbols, LK_COUNTOF(symbols));
}

static const char *bind_execution(struct lk_cuda_driver *d)
{
	const struct symbol symbols[] = {
		{"cuModuleLoadDataEx", (void **)&d->module_load},
		{"cuModuleGetFunction", (void **)&d->module_function},
		{"cuLaunchKernel", (void **)&d->launch},
		{"cuEventCreate", (void **)&d->event_new},
		{"cuEventDestroy_v2", (void **)&d->event_free},
		{"cuEventRecord", (void **)&d->event_record},
		{"cuEventQuery", (void **)&d->event_query},
		{"cuEventElapsedTime", (void **)&d->event_elapsed},
	};
	return bind_all(d->library, symbols, LK_COUNTOF(symbols));
}

/* Since CUDA 9.2; the second form, since 11.4, tells the parts of a partitioned device (MIG) apart.
 */
static void bind_uuid(struct lk_cuda_driver *d)
{
	void *symbol = dlsym(d->library, "cuDeviceGetUuid_v2");
	if (!symbol) {
		symbol = dlsym(d->library, "cuDeviceGetUuid");
	}
	*(void **)&d->device_uuid = symbol;
}

/* The driver's own folder holds further libraries of the driver that it may load; the file there is
 * called libcuda.so.535.104.05. */
static void locate(struct lk_cuda_driver *d)
{
	struct link_map *map = NULL;
	if (dlinfo(d->library, RTLD_DI_LINKMAP, &map) != 0 || !realpath(map->l_name, d->folder)) {
		d->folder[0] = '\0';
		return;
	}
	char *slash = strrchr(d->folder, '/');
	lk_str name = lk_str_of(slash + 1);
	if (lk_str_starts(name, LK_STR("libcuda.so.")) && !lk_str_is(name, SONAME)) {
		snprintf(d->file_version, sizeof(d->file_version), "%s",
			name.ptr + strlen("libcuda.so."));
	}
	*slash = '\0';
}

static enum lk_cuda_presence check_bound(const char *missing, char *why, size_t why_len)
{
	if (missing) {
		snprintf(why, why_len, SONAME " lacks a function of the driver API: %s", missing);
	}
	return missing ? LK_CUDA_BROKEN : LK_CUDA_OPEN;
}

enum lk_cuda_presence lk_cuda_driver_look(struct lk_cuda_driver *ret, char *why, size_t why_len)
{
	*ret = (struct lk_cuda_driver){0};
	void *library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		const char *error = dlerror();
		/* A driver that is there and does not load is broken, not absent. */
		if (lk_str_starts(
			    lk_str_of(error), LK_STR(SONAME ": cannot open shared object file"))) {
			snprintf(why, why_len, "no GPU driver on this host (" SONAME ")");
			return LK_CUDA_ABSENT;
		}
		snprintf(why, why_len, "cannot load the driver: %s", error ? error : SONAME);
		return LK_CUDA_BROKEN;
	}
	ret->library = library;
	locate(ret);
	bind_uuid(ret);
	return check_bound(bind_devices(ret), why, why_len);
}

enum lk_cuda_presence lk_cuda_driver_open(struct lk_cuda_driver *ret, char *why, size_t why_len)
{
	enum lk_cuda_presence presence = lk_cuda_driver_look(ret, why, why_len);
	if (presence != LK_CUDA_OPEN) {
		return presence;
	}
	const char *missing = bind_memory(ret);
	return check_bound(missing ? missing : bind_execution(ret), why, why_len);
}

/* What the driver's words do not say; NULL for most. */
static const char *advice(int error)
{
	switch (error) {
	case LK_CUDA_STUB_LIBRARY:
		return "this is the toolkit's stub for linking, not a driver";
	case LK_CUDA_UNSUPPORTED_PTX_VERSION:
		return "the code was made by a newer CUDA than this driver's";
	case LK_CUDA_SYSTEM_NOT_READY:
		return "on NVSwitch machines nvidia-fabricmanager must run";
	case LK_CUDA_SYSTEM_DRIVER_MISMATCH:
		return "the kernel module and libcuda are of different versions; after an upgrade "
		       "of the driver reload the module or restart";
	case LK_CUDA_COMPAT_NOT_SUPPORTED:
		return "cuda-compat works on data-centre GPUs only";
	default:
		return NULL;
	}
}

void lk_cuda_error_text(const struct lk_cuda_driver *driver, int error, char *ret, size_t ret_len)
{
	const char *name = NULL;
	const char *string = NULL;
	const char *more = advice(error);
	if (driver->error_name(error, &name) != 0 || !name) {
		snprintf(ret, ret_len, "error %d", error);
		return;
	}
	if (driver->error_string(error, &string) != 0 || !string) {
		string = "no description";
	}
	snprintf(ret, ret_len, "%s (%d): %s%s%s", name, error, string, more ? "; " : "",
		more ? more : "");
}

/* "535.104.05": digits, and at least one dot between them. */
static bool is_version(lk_str word)
{
	size_t dots = 0;
	for (size_t i = 0; i < word.len; i++) {
		if (!lk_is_digit(word.ptr[i]) && word.ptr[i] != '.') {
			return false;
		}
		dots += word.ptr[i] == '.';
	}
	return dots > 0 && lk_is_digit(word.ptr[0]) && lk_is_digit(word.ptr[word.len - 1]);
}

lk_str lk_cuda_kernel_module_version(lk_str text)
{
	lk_str line;
	lk_str word;
	if (!lk_str_split(&text, '\n', &line)) {
		return LK_STR("");
	}
	while (lk_str_split(&line, ' ', &word)) {
		if (word.len > 0 && is_version(word)) {
			return word;
		}
	}
	return LK_STR("");
}
