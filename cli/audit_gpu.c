/*
 * The GPUs and drivers that an environment is audited for.
 */
#include "cli/audited.h"

#include "audit/gpu_judge.h"
#include "base/cuda_version.h"

struct lk_gpu_targets LK_VEC_OF(struct lk_gpu_target);

/* One machine: its driver, and its GPU where that is known. */
struct machine {
	lk_str name; /* of a node; empty: the only one */
	int cuda;    /* 0: not known */
	lk_str arch; /* "8.6"; empty: not known */
};
struct machines LK_VEC_OF(struct machine);

static bool next_gpu(lk_str *rest, lk_str *ret)
{
	bool more = lk_str_split(rest, ',', ret);
	*ret = lk_str_trim(*ret);
	return more;
}

int lk_audit_check_gpu(const struct lk_audit_options *options, struct lk_error *err)
{
	int cuda;
	for (size_t i = 0; i < options->gpus.len; i++) {
		lk_str rest = lk_str_of(options->gpus.items[i]);
		lk_str text;
		unsigned sm;
		while (next_gpu(&rest, &text)) {
			if (!lk_gpu_parse_device(text, &sm)) {
				lk_fail(err, LK_E_USAGE, "--gpu " LK_STR_FMT ": that is no GPU",
					LK_STR_ARG(text));
				lk_error_hint(err,
					"give compute capabilities, such as --gpu 7.0,8.6 or "
					"--gpu sm_70,sm_86");
				return LK_E_USAGE;
			}
		}
	}
	if (options->cuda && !lk_cuda_version_read(lk_str_of(options->cuda), &cuda)) {
		lk_fail(err, LK_E_USAGE, "--cuda %s: that is no version", options->cuda);
		lk_error_hint(err,
			"give the newest CUDA that the targets' driver runs, such as --cuda "
			"12.4");
		return LK_E_USAGE;
	}
	return 0;
}

static struct machine machine_of(const struct lk_virtuals *virtuals, const char *name)
{
	const struct lk_virtual *cuda = lk_virtuals_find(virtuals, LK_STR("__cuda"));
	const struct lk_virtual *arch = lk_virtuals_find(virtuals, LK_STR("__cuda_arch"));
	struct machine machine = {.name = lk_str_of(name)};
	machine.arch = arch ? arch->version : LK_STR("");
	if (cuda && !lk_cuda_version_read(cuda->version, &machine.cuda)) {
		machine.cuda = 0;
	}
	return machine;
}

/* The oldest driver and the least GPU that PLATFORM lets a host have; where it asks for none, those
 * that it was solved for. */
static struct machine required(const struct lk_lock_platform *platform, struct lk_arena *arena)
{
	struct machine machine = machine_of(&platform->solved_with, NULL);
	const struct lk_str_list *lists[] = {
		&platform->requires_depends, &platform->requires_constrains};
	int cuda = 0;
	for (size_t k = 0; k < LK_COUNTOF(lists); k++) {
		for (size_t i = 0; i < lists[k]->n; i++) {
			lk_str spec = lists[k]->items[i];
			lk_str lower = lk_audit_lower_bound(spec, "__cuda", arena);
			lk_str arch = lk_audit_lower_bound(spec, "__cuda_arch", arena);
			int asked;
			if (lk_cuda_version_read(lower, &asked) && asked > cuda) {
				cuda = asked;
			}
			machine.arch = arch.len > 0 ? arch : machine.arch;
		}
	}
	machine.cuda = cuda ? cuda : machine.cuda;
	return machine;
}

static void find_machines(const struct lk_audit_options *options, const struct lk_nodes *nodes,
	const struct lk_lock_platform *platform, bool is_prefix, struct lk_arena *arena,
	struct machines *ret)
{
	for (size_t i = 0; i < nodes->list.len; i++) {
		const struct lk_node *node = &nodes->list.items[i];
		if (node->platform.len == 0 || lk_str_eq(node->platform, platform->subdir)) {
			lk_vec_push(ret, machine_of(&node->virtuals, node->name));
		}
	}
	if (nodes->list.len == 0) {
		struct machine none = {.name = LK_STR("")};
		lk_vec_push(ret, is_prefix ? none : required(platform, arena));
	}
	int cuda = 0;
	if (options->cuda && lk_cuda_version_read(lk_str_of(options->cuda), &cuda)) {
		for (size_t i = 0; i < ret->len; i++) {
			ret->items[i].cuda = cuda;
		}
	}
}

/* Unless one for the same GPU and driver is there. */
static void add_target(struct lk_gpu_targets *targets, const struct machine *machine, lk_str gpu,
	struct lk_arena *arena)
{
	struct lk_gpu_target target = {.node = machine->name, .cuda = machine->cuda};
	if (!lk_gpu_parse_device(gpu, &target.sm)) {
		return;
	}
	target.name = lk_str_printf(arena, "sm_%u", target.sm);
	for (size_t i = 0; i < targets->len; i++) {
		if (targets->items[i].sm == target.sm && targets->items[i].cuda == target.cuda) {
			return;
		}
	}
	lk_vec_push(targets, target);
}

static void find_targets(const struct lk_audit_options *options, const struct machines *machines,
	struct lk_arena *arena, struct lk_gpu_targets *ret)
{
	for (size_t i = 0; i < machines->len; i++) {
		for (size_t k = 0; k < options->gpus.len; k++) {
			lk_str rest = lk_str_of(options->gpus.items[k]);
			lk_str text;
			while (next_gpu(&rest, &text)) {
				add_target(ret, &machines->items[i], text, arena);
			}
		}
		if (options->gpus.len == 0) {
			add_target(ret, &machines->items[i], machines->items[i].arch, arena);
		}
	}
}

void lk_audit_judge_gpu(const struct lk_audit_options *options, const struct lk_nodes *nodes,
	const struct lk_lock_platform *platform, struct lk_audited *a)
{
	struct machines machines = {0};
	struct lk_gpu_targets targets = {0};
	struct lk_arena *arena = &a->survey.arena;
	find_machines(options, nodes, platform, a->is_prefix, arena, &machines);
	find_targets(options, &machines, arena, &targets);
	lk_gpu_judge_damage(&a->survey, &a->flaws);
	for (size_t i = 0; i < targets.len; i++) {
		lk_gpu_judge(&a->survey, &targets.items[i], &a->flaws);
	}
	for (size_t i = 0; i < machines.len; i++) {
		const struct machine *machine = &machines.items[i];
		bool told = false;
		for (size_t k = 0; k < i; k++) {
			told = told || machines.items[k].cuda == machine->cuda;
		}
		if (machine->cuda > 0 && !told) {
			lk_cuda_judge(&a->survey, machine->name, machine->cuda, &a->flaws);
		}
	}
	lk_vec_done(&machines);
	lk_vec_done(&targets);
}

/* ---- the device code that there is ---- */

/* The codes of the packages, one set each, and one for files of none at the end. */
static struct lk_gpu_codes *codes_by_package(const struct lk_audited *a)
{
	size_t n = a->survey.packages.len;
	struct lk_gpu_codes *codes = lk_calloc(n + 1, sizeof(*codes));
	for (size_t i = 0; i < a->survey.files.len; i++) {
		const struct lk_survey_file *file = &a->survey.files.items[i];
		if (file->seen.device) {
			size_t at = file->package < n ? file->package : n;
			lk_gpu_codes_add_all(&codes[at], &file->seen.device->codes);
		}
	}
	return codes;
}

static void free_codes(const struct lk_audited *a, struct lk_gpu_codes *codes)
{
	for (size_t i = 0; i <= a->survey.packages.len; i++) {
		lk_gpu_codes_done(&codes[i]);
	}
	lk_free(codes);
}

void lk_audit_tell_gpu(struct lk_app *app, const struct lk_audited *a)
{
	struct lk_gpu_codes *codes = codes_by_package(a);
	size_t n = a->survey.packages.len;
	for (size_t i = 0; i <= n; i++) {
		if (codes[i].len > 0) {
			lk_buf_puts(&app->out, "code for GPUs: ");
			lk_app_text(app,
				i < n ? a->survey.packages.items[i].dist
				      : LK_STR("files of no package"),
				0);
			lk_buf_puts(&app->out, ": ");
			lk_gpu_put_codes(&codes[i], &app->out);
			lk_buf_putc(&app->out, '\n');
		}
	}
	free_codes(a, codes);
}

static void put_codes(const struct lk_gpu_codes *codes, struct lk_jw *w)
{
	lk_jw_key(w, "gpu");
	lk_jw_array(w);
	for (size_t i = 0; i < codes->len; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(64);
		lk_gpu_put_code(&codes->items[i], &name);
		lk_jw_string(w, lk_buf_view(&name));
	}
	lk_jw_end(w);
}

void lk_audit_put_gpu(const struct lk_audited *a, struct lk_jw *w)
{
	lk_jw_key(w, "device_code");
	lk_jw_array(w);
	for (size_t i = 0; i < a->survey.files.len; i++) {
		const struct lk_survey_file *file = &a->survey.files.items[i];
		const struct lk_device_code *device = file->seen.device;
		if (!device) {
			continue;
		}
		lk_jw_object(w);
		lk_jw_key(w, "package");
		if (file->package == LK_SURVEY_NONE) {
			lk_jw_null(w);
		} else {
			lk_jw_string(w, a->survey.packages.items[file->package].dist);
		}
		lk_jw_key_string(w, "path", file->path);
		put_codes(&device->codes, w);
		lk_jw_key_uint(w, "entries", device->entries);
		lk_jw_key_uint(w, "bytes", device->bytes);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}
