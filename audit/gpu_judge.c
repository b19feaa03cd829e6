/*
 * Which libraries fail on which GPU, and which CUDA runtime on which driver.
 */
#include "audit/gpu_judge.h"

#include "base/cuda_version.h"

/* A library with less than this part of its package's device code is there by the way. */
#define SMALL_PART 64

/* What one package has, its files taken together. */
struct whole {
	struct lk_gpu_codes codes;
	uint64_t bytes;
	uint32_t n_libraries;
	uint32_t first; /* file with device code */
};

struct judging {
	const struct lk_survey *survey;
	const struct lk_gpu_target *target;
	struct lk_flaws *flaws;
	struct whole *wholes; /* beside the packages, and one for files of none */
	size_t n;
};

static struct whole *whole_of(const struct judging *j, const struct lk_survey_file *file)
{
	return &j->wholes[file->package < j->n - 1 ? file->package : j->n - 1];
}

static void gather(struct judging *j)
{
	j->n = j->survey->packages.len + 1;
	j->wholes = lk_calloc(j->n, sizeof(*j->wholes));
	for (size_t i = 0; i < j->survey->files.len; i++) {
		const struct lk_survey_file *file = &j->survey->files.items[i];
		const struct lk_device_code *device = file->seen.device;
		if (!device) {
			continue;
		}
		struct whole *whole = whole_of(j, file);
		if (whole->bytes == 0) {
			whole->first = (uint32_t)i;
		}
		lk_gpu_codes_add_all(&whole->codes, &device->codes);
		whole->bytes += device->bytes;
		whole->n_libraries += !device->alone;
	}
}

static void judging_done(struct judging *j)
{
	for (size_t i = 0; i < j->n; i++) {
		lk_gpu_codes_done(&j->wholes[i].codes);
	}
	lk_free(j->wholes);
}

/* "sm_75 sm_80, no PTX" */
static void put_has(const struct lk_gpu_codes *codes, struct lk_buf *out)
{
	bool ptx = false;
	for (size_t i = 0; i < codes->len; i++) {
		ptx = ptx || codes->items[i].form == LK_GPU_PTX;
	}
	lk_gpu_put_codes(codes, out);
	lk_buf_puts(out, ptx ? "" : ", no PTX");
}

static void add(struct judging *j, uint32_t file, enum lk_flaw_level level, const char *text)
{
	struct lk_flaw flaw = {
		.level = level,
		.kind = LK_FLAW_GPU,
		.file = file,
		.what = j->target->name,
		.target = j->target->node,
	};
	lk_flaws_add(j->flaws, &flaw, "%s", text);
}

static void add_missing(struct judging *j, uint32_t file, enum lk_flaw_level level,
	const struct lk_gpu_codes *codes)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(16384);
	lk_buf_puts(&text, "has no code for ");
	lk_buf_put(&text, j->target->name);
	if (codes->len > 0) {
		lk_buf_puts(&text, " (has ");
		put_has(codes, &text);
		lk_buf_putc(&text, ')');
	}
	add(j, file, level, lk_buf_cstr(&text));
}

static void put_version(int version, struct lk_buf *out)
{
	lk_buf_appendf(out, "%d.%d", LK_CUDA_MAJOR(version), LK_CUDA_MINOR(version));
}

/* PTX of ISA is compiled by drivers for that ISA's CUDA and newer ones. */
static void add_jit(struct judging *j, uint32_t file, unsigned isa)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1024);
	enum lk_flaw_level level = j->target->cuda == 0 ? LK_FLAW_HINT : LK_FLAW_NOTE;
	int needed = lk_gpu_cuda_of_isa(isa);
	lk_buf_puts(&text, "runs on ");
	lk_buf_put(&text, j->target->name);
	lk_buf_puts(&text, " only as PTX that the driver compiles");
	if (needed > 0) {
		lk_buf_puts(&text, ": that takes a driver for CUDA ");
		put_version(needed, &text);
		lk_buf_puts(&text, " or newer");
	}
	if (j->target->cuda != 0 && j->target->cuda < needed) {
		level = LK_FLAW_FINDING;
		lk_buf_puts(&text, ", and there is ");
		put_version(j->target->cuda, &text);
	}
	add(j, file, level, lk_buf_cstr(&text));
}

static void judge_library(struct judging *j, uint32_t index, const struct lk_device_code *device,
	const struct whole *whole)
{
	unsigned isa;
	enum lk_gpu_way way = lk_gpu_codes_serve(&device->codes, j->target->sm, &isa);
	bool by_the_way = device->bytes < whole->bytes / SMALL_PART &&
		lk_gpu_codes_serve(&whole->codes, j->target->sm, NULL) != LK_GPU_NOT;
	if (way == LK_GPU_BY_JIT) {
		add_jit(j, index, isa);
	} else if (way == LK_GPU_NOT) {
		add_missing(j, index, by_the_way ? LK_FLAW_NOTE : LK_FLAW_FINDING, &device->codes);
	}
}

/* A package whose device code lies in files of its own alone. */
static void judge_files(struct judging *j, const struct whole *whole)
{
	unsigned isa;
	enum lk_gpu_way way = lk_gpu_codes_serve(&whole->codes, j->target->sm, &isa);
	if (way == LK_GPU_BY_JIT) {
		add_jit(j, whole->first, isa);
	} else if (way == LK_GPU_NOT) {
		add_missing(j, whole->first, LK_FLAW_FINDING, &whole->codes);
	}
}

void lk_gpu_judge(
	const struct lk_survey *survey, const struct lk_gpu_target *target, struct lk_flaws *ret)
{
	struct judging LK_CLEANUP(judging_done)
		j = {.survey = survey, .target = target, .flaws = ret};
	gather(&j);
	for (size_t i = 0; i < survey->files.len; i++) {
		const struct lk_survey_file *file = &survey->files.items[i];
		const struct lk_device_code *device = file->seen.device;
		if (!device) {
			continue;
		}
		const struct whole *whole = whole_of(&j, file);
		/* what was not understood is told for itself: it cannot be said to be missing */
		if (device->codes.len > 0 && !device->alone) {
			judge_library(&j, (uint32_t)i, device, whole);
		} else if (device->codes.len > 0 && whole->n_libraries == 0 && whole->first == i) {
			judge_files(&j, whole);
		}
	}
}

void lk_gpu_judge_damage(const struct lk_survey *survey, struct lk_flaws *ret)
{
	for (size_t i = 0; i < survey->files.len; i++) {
		const struct lk_device_code *device = survey->files.items[i].seen.device;
		if (device && device->wrong.len > 0) {
			struct lk_flaw flaw = {
				.level = LK_FLAW_FINDING, .kind = LK_FLAW_GPU, .file = (uint32_t)i};
			lk_flaws_add(ret, &flaw, LK_STR_FMT, LK_STR_ARG(device->wrong));
		}
	}
}

int lk_cuda_runtime_of(lk_str path)
{
	static const char stem[] = "libcudart.so.";
	size_t slash = lk_str_rfind_char(path, '/');
	lk_str name = lk_str_skip(path, slash == SIZE_MAX ? 0 : slash + 1);
	uint64_t major;
	int version;
	if (!lk_str_starts(name, LK_STR(stem))) {
		return 0;
	}
	name = lk_str_skip(name, sizeof(stem) - 1);
	if (lk_cuda_version_read(name, &version)) {
		return version;
	}
	return name.len <= 3 && lk_str_to_u64(name, &major) ? (int)major * 1000 : 0;
}

static void judge_runtime(int runtime, int cuda, struct lk_flaw *flaw, struct lk_flaws *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1024);
	const char *oldest = lk_cuda_oldest_driver(LK_CUDA_MAJOR(runtime));
	lk_buf_puts(&text, "is the runtime of CUDA ");
	put_version(runtime, &text);
	if (lk_cuda_match(cuda, runtime) == LK_CUDA_TOO_OLD) {
		flaw->level = LK_FLAW_FINDING;
		lk_buf_puts(&text, ", which takes a driver for CUDA ");
		put_version(oldest ? LK_CUDA_MAJOR(runtime) * 1000 : runtime, &text);
		lk_buf_puts(&text, " or newer");
		if (oldest) {
			lk_buf_appendf(&text, " (%s)", oldest);
		}
	} else {
		flaw->level = LK_FLAW_NOTE;
		lk_buf_puts(&text,
			" and runs by minor-version compatibility, PTX of that CUDA does not");
	}
	lk_buf_puts(&text, "; the driver there is for ");
	put_version(cuda, &text);
	lk_flaws_add(ret, flaw, "%s", lk_buf_cstr(&text));
}

void lk_cuda_judge(const struct lk_survey *survey, lk_str node, int cuda, struct lk_flaws *ret)
{
	for (size_t i = 0; i < survey->files.len; i++) {
		const struct lk_survey_file *file = &survey->files.items[i];
		int runtime = file->type == LK_SURVEY_FILE ? lk_cuda_runtime_of(file->path) : 0;
		struct lk_flaw flaw = {.kind = LK_FLAW_CUDA,
			.file = (uint32_t)i,
			.what = LK_STR("CUDA"),
			.target = node};
		if (runtime > 0 && lk_cuda_match(cuda, runtime) != LK_CUDA_RUNS) {
			judge_runtime(runtime, cuda, &flaw, ret);
		}
	}
}
