/*
 * Opening the driver and a device.
 */
#include "smoke/gpu.h"

#include <dlfcn.h>
#include <stdio.h>

bool lk_gpu_ok(
	const struct lk_gpu *gpu, int error, const char *what, struct lk_level_report *report)
{
	if (error == 0) {
		return true;
	}
	char text[512];
	lk_cuda_error_text(&gpu->driver, error, text, sizeof(text));
	lk_level_say(report, LK_SMOKE_FAILED, "%s: %s", what, text);
	return false;
}

bool lk_gpu_open_driver(struct lk_gpu *ret, struct lk_level_report *report)
{
	*ret = (struct lk_gpu){0};
	struct lk_cuda_driver *d = &ret->driver;
	char why[1024];
	enum lk_cuda_presence presence = lk_cuda_driver_open(d, why, sizeof(why));
	snprintf(report->driver_folder, sizeof(report->driver_folder), "%s", d->folder);
	if (presence != LK_CUDA_OPEN) {
		lk_level_say(report, presence == LK_CUDA_ABSENT ? LK_SMOKE_ABSENT : LK_SMOKE_FAILED,
			"%s", why);
		return false;
	}
	int error = d->init(0);
	if (error == LK_CUDA_NO_DEVICE) {
		lk_level_say(report, LK_SMOKE_ABSENT, "the driver finds no device");
		return false;
	}
	if (!lk_gpu_ok(ret, error, "cuInit", report) ||
		!lk_gpu_ok(ret, d->version(&ret->cuda), "cuDriverGetVersion", report) ||
		!lk_gpu_ok(ret, d->device_count(&ret->count), "cuDeviceGetCount", report)) {
		return false;
	}
	if (ret->count <= 0) {
		lk_level_say(report, LK_SMOKE_ABSENT, "the driver finds no device");
		return false;
	}
	return true;
}

bool lk_gpu_open_device(struct lk_gpu *gpu, int ordinal, struct lk_level_report *report)
{
	struct lk_cuda_driver *d = &gpu->driver;
	int device = 0;
	if (ordinal < 0 || ordinal >= gpu->count) {
		lk_level_say(report, LK_SMOKE_FAILED, "there is no device %d: the driver finds %d",
			ordinal, gpu->count);
		return false;
	}
	gpu->ordinal = ordinal;
	if (!lk_gpu_ok(gpu, d->device(&device, ordinal), "cuDeviceGet", report) ||
		!lk_gpu_ok(gpu, d->device_name(gpu->name, sizeof(gpu->name), device),
			"cuDeviceGetName", report) ||
		!lk_gpu_ok(gpu, d->device_attribute(&gpu->major, LK_CUDA_CAPABILITY_MAJOR, device),
			"cuDeviceGetAttribute", report) ||
		!lk_gpu_ok(gpu, d->device_attribute(&gpu->minor, LK_CUDA_CAPABILITY_MINOR, device),
			"cuDeviceGetAttribute", report) ||
		!lk_gpu_ok(gpu,
			d->device_attribute(&gpu->multiprocessors, LK_CUDA_MULTIPROCESSORS, device),
			"cuDeviceGetAttribute", report)) {
		return false;
	}
	lk_level_fact(report, "device", "%s, compute capability %d.%d", gpu->name, gpu->major,
		gpu->minor);
	return lk_gpu_ok(gpu, d->context_retain(&gpu->context, device), "cuDevicePrimaryCtxRetain",
		       report) &&
		lk_gpu_ok(gpu, d->context_set(gpu->context), "cuCtxSetCurrent", report);
}

const char *lk_gpu_bind(void *library, const struct lk_gpu_symbol *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*symbols[i].slot = dlsym(library, symbols[i].name);
		if (!*symbols[i].slot && !symbols[i].optional) {
			return symbols[i].name;
		}
	}
	return NULL;
}
