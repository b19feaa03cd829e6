/*
 * The host's NVIDIA driver: does it work, what has it, and is it new enough for the environment and
 * for what the lock asks for?
 */
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cuda_version.h"
#include "smoke/gpu.h"

/* The kernel module tells its version in this file. */
#define MODULE_FILE "/proc/driver/nvidia/version"
#define COMPAT_FOLDER "cuda-compat"

/* What the host and the environment have, and where the latter comes from. */
struct versions {
	int driver;      /* CUDA version of the driver */
	char module[64]; /* "535.104.05"; "" when unknown */
	int runtime;     /* CUDA version of the environment; 0: none found */
	char runtime_of[64];
};

static void read_module_version(struct versions *v)
{
	char text[1024];
	FILE *file = fopen(MODULE_FILE, "re");
	if (file) {
		size_t len = fread(text, 1, sizeof(text), file);
		fclose(file);
		snprintf(v->module, sizeof(v->module), LK_STR_FMT,
			LK_STR_ARG(lk_cuda_kernel_module_version(lk_str_n(text, len))));
	}
}

/* One device by one line of facts. */
static bool describe(const struct lk_gpu *gpu, int ordinal, struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &gpu->driver;
	int device = 0;
	int major = 0;
	int minor = 0;
	size_t memory = 0;
	char name[128] = "";
	unsigned char uuid[16];
	char what[64];
	char key[32];
	snprintf(what, sizeof(what), "device %d does not answer", ordinal);
	if (!lk_gpu_ok(gpu, d->device(&device, ordinal), what, report) ||
		!lk_gpu_ok(gpu, d->device_name(name, sizeof(name), device), what, report) ||
		!lk_gpu_ok(gpu, d->device_memory(&memory, device), what, report) ||
		!lk_gpu_ok(gpu, d->device_attribute(&major, LK_CUDA_CAPABILITY_MAJOR, device), what,
			report) ||
		!lk_gpu_ok(gpu, d->device_attribute(&minor, LK_CUDA_CAPABILITY_MINOR, device), what,
			report)) {
		return false;
	}
	snprintf(key, sizeof(key), "device-%d-name", ordinal);
	lk_level_fact(report, key, "%s", name);
	snprintf(key, sizeof(key), "device-%d-capability", ordinal);
	lk_level_fact(report, key, "%d.%d", major, minor);
	snprintf(key, sizeof(key), "device-%d-memory", ordinal);
	lk_level_fact(report, key, "%zu MiB", memory >> 20);
	if (d->device_uuid && d->device_uuid(uuid, device) == 0) {
		char text[37];
		char *at = text;
		for (size_t i = 0; i < sizeof(uuid); i++) {
			bool dash = i == 4 || i == 6 || i == 8 || i == 10;
			at += snprintf(at, 4, "%s%02x", dash ? "-" : "", uuid[i]);
		}
		snprintf(key, sizeof(key), "device-%d-uuid", ordinal);
		lk_level_fact(report, key, "GPU-%s", text);
	}
	return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return lk_str_cmp(lk_str_of((*a)->d_name), lk_str_of((*b)->d_name));
}

/* The package cuda-version by its record conda-meta/cuda-version-12.4-h3060b56_3.json. */
static void read_cuda_version_package(const char *prefix, struct versions *v)
{
	char *LK_AUTO_FREE folder = lk_asprintf("%s/conda-meta", prefix);
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, NULL, by_name);
	for (int i = 0; i < n; i++) {
		lk_str name = lk_str_of(entries[i]->d_name);
		lk_str stem = LK_STR("cuda-version-");
		if (v->runtime == 0 && lk_str_starts(name, stem) &&
			lk_cuda_version_read(lk_str_skip(name, stem.len), &v->runtime)) {
			snprintf(v->runtime_of, sizeof(v->runtime_of), "package cuda-version");
		}
		free(entries[i]); /* scandir's own allocation */
	}
	free((void *)entries);
}

/* The CUDA runtime by its own word, which needs no driver. False when it does not load. */
static bool ask_runtime(const char *prefix, struct versions *v, struct lk_level_report *report)
{
	static const char *const stems[] = {"libcudart.so.", "libcudart-"};
	void *library = lk_level_open_library(prefix, stems, LK_COUNTOF(stems), NULL, report);
	if (!library) {
		return report->status == LK_SMOKE_ABSENT;
	}
	int (*version)(int *ret);
	*(void **)&version = dlsym(library, "cudaRuntimeGetVersion");
	int found = 0;
	if (version && version(&found) == 0 && found > 0) {
		lk_level_fact(
			report, "cudart", "%d.%d", LK_CUDA_MAJOR(found), LK_CUDA_MINOR(found));
		if (found > v->runtime) {
			v->runtime = found;
			snprintf(v->runtime_of, sizeof(v->runtime_of), "%s", "libcudart");
		}
	}
	return true;
}

/* cuda-compat brings a newer libcuda.so.1 for data-centre GPUs on older kernel modules; it works
 * only where LD_LIBRARY_PATH leads to it. */
static bool has_compat(const char *prefix)
{
	char *LK_AUTO_FREE file = lk_asprintf("%s/" COMPAT_FOLDER "/libcuda.so.1", prefix);
	return access(file, F_OK) == 0;
}

static void say_too_old(
	const char *prefix, const struct versions *v, struct lk_level_report *report)
{
	int major = LK_CUDA_MAJOR(v->runtime);
	const char *oldest = lk_cuda_oldest_driver(major);
	lk_level_say(report, LK_SMOKE_FAILED,
		"driver too old: the environment's CUDA %d.%d (%s) needs a driver of CUDA "
		"%d.%d%s%s%s "
		"or newer, this one has CUDA %d.%d%s%s%s%s",
		major, LK_CUDA_MINOR(v->runtime), v->runtime_of, major,
		oldest ? 0 : LK_CUDA_MINOR(v->runtime), oldest ? " (" : "", oldest ? oldest : "",
		oldest ? ")" : "", LK_CUDA_MAJOR(v->driver), LK_CUDA_MINOR(v->driver),
		v->module[0] ? " (" : "", v->module, v->module[0] ? ")" : "",
		has_compat(prefix) ? "; on a data-centre GPU LD_LIBRARY_PATH=PREFIX/" COMPAT_FOLDER
				     " may help"
				   : "");
}

/* The environment's runtime against the driver. */
static bool judge_runtime(const char *prefix, struct versions *v, struct lk_level_report *report)
{
	read_cuda_version_package(prefix, v);
	if (v->runtime > 0) {
		lk_level_fact(report, "cuda-version", "%d.%d", LK_CUDA_MAJOR(v->runtime),
			LK_CUDA_MINOR(v->runtime));
	}
	if (!ask_runtime(prefix, v, report)) {
		return false;
	}
	switch (lk_cuda_match(v->driver, v->runtime)) {
	case LK_CUDA_RUNS:
		break;
	case LK_CUDA_RUNS_SAME_MAJOR:
		lk_level_fact(report, "compatibility",
			"minor version: CUDA %d.%d on a driver of %d.%d runs machine code for this "
			"device, not PTX",
			LK_CUDA_MAJOR(v->runtime), LK_CUDA_MINOR(v->runtime),
			LK_CUDA_MAJOR(v->driver), LK_CUDA_MINOR(v->driver));
		break;
	case LK_CUDA_TOO_OLD:
		say_too_old(prefix, v, report);
		return false;
	}
	return true;
}

/* What the lock asks for, as conda compares it: the driver's CUDA version, no compatibility. */
static bool judge_need(const char *needs, int driver, struct lk_level_report *report)
{
	bool within = false;
	if (!needs || !*needs) {
		return true;
	}
	lk_level_fact(report, "needs-cuda", "%s", needs);
	if (!lk_cuda_within(lk_str_of(needs), driver, &within)) {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot read what the lock needs: __cuda %s",
			needs);
		return false;
	}
	if (!within) {
		lk_level_say(report, LK_SMOKE_FAILED,
			"the lock needs __cuda %s, the driver has CUDA %d.%d", needs,
			LK_CUDA_MAJOR(driver), LK_CUDA_MINOR(driver));
	}
	return within;
}

static void tell_driver(const struct lk_gpu *gpu, const struct lk_level_context *context,
	struct versions *v, struct lk_level_report *report)
{
	v->driver = gpu->cuda;
	read_module_version(v);
	lk_level_fact(report, "cuda", "%d.%d", LK_CUDA_MAJOR(gpu->cuda), LK_CUDA_MINOR(gpu->cuda));
	if (v->module[0]) {
		lk_level_fact(report, "driver", "%s", v->module);
	}
	if (gpu->driver.file_version[0]) {
		lk_level_fact(report, "libcuda", "%s", gpu->driver.file_version);
	}
	char *LK_AUTO_FREE compat =
		lk_asprintf("%s/" COMPAT_FOLDER, context->prefix ? context->prefix : "");
	char resolved[PATH_MAX];
	if (context->prefix && realpath(compat, resolved) &&
		strcmp(resolved, gpu->driver.folder) == 0) {
		lk_level_fact(report, "compatibility",
			"forward: libcuda of the environment's cuda-compat");
	}
	lk_level_fact(report, "devices", "%d", gpu->count);
}

void lk_level_driver(const struct lk_level_context *context, struct lk_level_report *report)
{
	struct lk_gpu gpu;
	struct versions v = {0};
	if (!lk_gpu_open_driver(&gpu, report)) {
		return;
	}
	tell_driver(&gpu, context, &v, report);
	for (int i = 0; i < gpu.count; i++) {
		if (!describe(&gpu, i, report)) {
			return;
		}
	}
	if (!judge_need(context->needs_cuda, gpu.cuda, report) ||
		(context->prefix && !judge_runtime(context->prefix, &v, report))) {
		return;
	}
	lk_level_say(report, LK_SMOKE_PASSED, "CUDA %d.%d%s%s, %d device%s",
		LK_CUDA_MAJOR(v.driver), LK_CUDA_MINOR(v.driver), v.module[0] ? ", driver " : "",
		v.module, gpu.count, gpu.count == 1 ? "" : "s");
}
