/*
 * From what can be reached to candidates: the hard filters, and each record's needs and limits.
 *
 * In this order: a channel that a spec names, channel priority, exclude-newer, archives we cannot
 * install, versions and dependencies that do not parse, virtual packages. A record that is out is
 * remembered with its reason. Strict priority counts every record of the name, usable or not; an
 * artifact that the user asks for by its URL passes it.
 */
#include "resolver/problem_priv.h"

struct load {
	struct lk_problem *problem;
	const struct lk_task *task;
	struct lk_map version_index;
	struct {
		const struct lk_version **items;
		size_t len, cap;
	} versions;
	const struct lk_report *report;
	struct lk_map locked; /* name to task->locked, kept ones alone */
	bool *locked_seen;    /* beside task->locked */
	struct lk_needs needs;
	struct lk_u32s limits;
};

static void drop(struct load *load, const struct lk_candidate *candidate, enum lk_out_kind kind,
	lk_str detail)
{
	lk_vec_push(&load->problem->outs,
		(struct lk_out){.record = candidate->record,
			.version = candidate->version,
			.name = candidate->name,
			.channel = candidate->channel,
			.kind = kind,
			.detail = detail});
}

/* NULL when it does not parse. */
static const struct lk_version *version_of(struct load *load, lk_str text)
{
	uint32_t index = lk_map_get(&load->version_index, text);
	const struct lk_version *version = NULL;
	struct lk_error ignored;

	if (index < load->versions.len) {
		return load->versions.items[index];
	}
	if (lk_version_parse(text, &load->problem->arena, &version, &ignored) < 0) {
		version = NULL;
	}
	lk_map_set(&load->version_index, text, (uint32_t)load->versions.len);
	lk_vec_push(&load->versions, version);
	return version;
}

/* Do the user's channel::name specs and pins for NAME leave CHANNEL in? */
static bool channel_allowed(const struct lk_task *task, lk_str name, unsigned channel)
{
	const struct lk_channel *where = &task->channels[channel];

	for (size_t i = 0; i < task->n_specs + task->n_pins; i++) {
		const struct lk_matchspec *spec =
			i < task->n_specs ? task->specs[i] : task->pins[i - task->n_specs];

		if (spec->channel.len > 0 && !spec->when && spec->name_kind == LK_PATTERN_EXACT &&
			lk_str_eq(spec->name, name) &&
			!lk_matchspec_channel_matches(spec, where->name, where->url, task->alias)) {
			return false;
		}
	}
	return true;
}

/* One dependency; false and dropped when it rules the record out. */
static bool add_need(struct load *load, struct lk_candidate *candidate, lk_str text)
{
	struct lk_error ignored;
	struct lk_need need;
	uint32_t spec;

	if (lk_problem_intern(load->problem, text, &spec, &ignored) < 0) {
		drop(load, candidate, LK_OUT_UNREADABLE, text);
		return false;
	}
	candidate->needs_cuda |= load->problem->specs.items[spec].on_cuda;
	switch (lk_problem_need(load->problem, spec, &need)) {
	case LK_MEANS_RECORDS:
		lk_vec_push(&load->needs, need);
		return true;
	case LK_MEANS_MISSING:
		drop(load, candidate, LK_OUT_VIRTUAL_NEED, text);
		return false;
	case LK_MEANS_UNSUPPORTED:
		drop(load, candidate, LK_OUT_UNSUPPORTED, text);
		return false;
	default:
		return true;
	}
}

static bool add_limit(struct load *load, const struct lk_candidate *candidate, lk_str text)
{
	struct lk_error ignored;
	uint32_t spec;

	if (lk_problem_intern(load->problem, text, &spec, &ignored) < 0) {
		drop(load, candidate, LK_OUT_UNREADABLE, text);
		return false;
	}
	switch (lk_problem_limit(load->problem, spec)) {
	case LK_MEANS_RECORDS:
		lk_vec_push(&load->limits, spec);
		return true;
	case LK_MEANS_MISSING:
		drop(load, candidate, LK_OUT_VIRTUAL_LIMIT, text);
		return false;
	case LK_MEANS_UNSUPPORTED:
		drop(load, candidate, LK_OUT_UNSUPPORTED, text);
		return false;
	default:
		return true;
	}
}

/* Moves the collected needs and limits into the candidate and the candidate into the problem. */
static void keep(struct load *load, struct lk_candidate *candidate)
{
	struct lk_problem *problem = load->problem;

	candidate->n_needs = (uint32_t)load->needs.len;
	candidate->needs =
		lk_arena_calloc(&problem->arena, load->needs.len, sizeof(*candidate->needs));
	for (size_t i = 0; i < load->needs.len; i++) {
		candidate->needs[i] = load->needs.items[i];
	}
	candidate->n_limits = (uint32_t)load->limits.len;
	candidate->limits =
		lk_arena_calloc(&problem->arena, load->limits.len, sizeof(*candidate->limits));
	for (size_t i = 0; i < load->limits.len; i++) {
		candidate->limits[i] = load->limits.items[i];
	}
	lk_vec_push(&problem->candidates, *candidate);
	problem->names.items[candidate->name].n++;
}

static bool newer_than_allowed(const struct lk_task *task, const struct lk_record *record)
{
	return task->exclude_newer && lk_record_time(record) > task->exclude_newer;
}

/* A lock names every package by its sha256. */
static bool cannot_be_hashed(const struct lk_task *task, const struct lk_record *record)
{
	return task->offline && !record->has_sha256 && !lk_str_starts(record->url, LK_STR("file:"));
}

/* Does a spec of the user name this very artifact? */
static bool asked_by_url(const struct lk_task *task, const struct lk_record *record)
{
	for (size_t i = 0; i < task->n_specs; i++) {
		const struct lk_matchspec *spec = task->specs[i];

		if (spec->url.len > 0 && !spec->when && lk_str_eq(spec->url, record->url)) {
			return true;
		}
	}
	return false;
}

/* FIRST_CHANNEL: the best channel that has the name. */
static void consider(struct load *load, struct lk_candidate *candidate, unsigned first_channel)
{
	const struct lk_record *record = candidate->record;
	const struct lk_task *task = load->task;
	enum lk_archive_kind archive = lk_archive_kind_of(record->fn, NULL);

	lk_vec_clear(&load->needs);
	lk_vec_clear(&load->limits);
	candidate->version = version_of(load, record->version);
	if (!channel_allowed(task, record->name, candidate->channel)) {
		drop(load, candidate, LK_OUT_CHANNEL, task->channels[candidate->channel].name);
		return;
	}
	if (task->channel_priority == LK_PRIORITY_STRICT && candidate->channel > first_channel &&
		!asked_by_url(task, record)) {
		drop(load, candidate, LK_OUT_PRIORITY, task->channels[first_channel].name);
		return;
	}
	if (newer_than_allowed(task, record) && !asked_by_url(task, record)) {
		drop(load, candidate, LK_OUT_NEWER, (lk_str){0});
		return;
	}
	if (cannot_be_hashed(task, record)) {
		drop(load, candidate, LK_OUT_UNHASHED, (lk_str){0});
		return;
	}
	if (archive != LK_ARCHIVE_CONDA && archive != LK_ARCHIVE_TAR_BZ2) {
		drop(load, candidate, LK_OUT_UNSUPPORTED, record->fn);
		return;
	}
	if (!candidate->version) {
		drop(load, candidate, LK_OUT_UNREADABLE, record->version);
		return;
	}
	for (size_t i = 0; i < record->depends.n; i++) {
		if (!add_need(load, candidate, record->depends.items[i])) {
			return;
		}
	}
	for (size_t i = 0; i < record->constrains.n; i++) {
		if (!add_limit(load, candidate, record->constrains.items[i])) {
			return;
		}
	}
	keep(load, candidate);
}

/* Is RECORD, as the channel has it now, the artifact that the lock holds? Notes that it was seen.
 */
static bool is_locked(struct load *load, const struct lk_record *record)
{
	uint32_t index = lk_map_get(&load->locked, record->name);
	const struct lk_record *locked;

	if (index == LK_MAP_NONE || !lk_str_eq(load->task->locked[index].url, record->url) ||
		cannot_be_hashed(load->task, record)) { /* the lock's own record can */
		return false;
	}
	load->locked_seen[index] = true;
	locked = &load->task->locked[index];
	if (!locked->has_sha256 || !record->has_sha256 ||
		lk_sha256_eq(&locked->sha256, &record->sha256)) {
		return true;
	}
	lk_warn(load->report,
		"'" LK_STR_FMT "' is locked, but channel " LK_STR_FMT
		" has other bytes under that name now: it is not kept",
		LK_STR_ARG(record->fn), LK_STR_ARG(record->channel));
	return false;
}

/* A locked record of NAME that no channel has any more stays: the lock knows it. */
static void consider_vanished(struct load *load, uint32_t name, unsigned first_channel)
{
	const struct lk_task *task = load->task;
	uint32_t index = lk_map_get(&load->locked, load->problem->names.items[name].text);
	struct lk_candidate candidate = {.name = name, .base = LK_NO_INDEX, .locked = true};

	if (index == LK_MAP_NONE || load->locked_seen[index]) {
		return;
	}
	candidate.record = &task->locked[index];
	while (candidate.channel < task->n_channels &&
		!lk_str_eq(task->channels[candidate.channel].name, candidate.record->channel)) {
		candidate.channel++;
	}
	if (candidate.channel < task->n_channels) {
		consider(load, &candidate, first_channel);
	}
}

/* The .conda archives of REACHED that may be used as far as date and hash go, by their URLs without
 * extension. */
static void find_condas(
	const struct lk_task *task, const struct lk_reached *reached, struct lk_map *condas)
{
	for (size_t i = 0; reached->has_doubles && i < reached->n; i++) {
		const struct lk_record *record = &reached->records[i];
		lk_str dist;

		if (lk_archive_kind_of(record->url, &dist) == LK_ARCHIVE_CONDA &&
			!newer_than_allowed(task, record) && !cannot_be_hashed(task, record)) {
			lk_map_set(condas, dist, (uint32_t)i);
		}
	}
}

/* Does RECORD give way to the .conda of the same distribution? */
static bool is_double(const struct lk_map *condas, const struct lk_record *record)
{
	lk_str dist;

	return condas->len > 0 && lk_archive_kind_of(record->url, &dist) == LK_ARCHIVE_TAR_BZ2 &&
		lk_map_get(condas, dist) != LK_MAP_NONE;
}

/* REACHED without records: a name that only the lock has. */
static void load_name(struct load *load, const struct lk_reached *reached)
{
	struct lk_problem *problem = load->problem;
	uint32_t name = lk_problem_add_name(problem, reached->name);
	unsigned first_channel = UINT32_MAX;
	struct lk_map condas = {0};

	problem->names.items[name].first = (uint32_t)problem->candidates.len;
	for (size_t i = 0; i < reached->n; i++) {
		if (reached->channels[i] < first_channel &&
			channel_allowed(load->task, reached->name, reached->channels[i])) {
			first_channel = reached->channels[i];
		}
	}
	find_condas(load->task, reached, &condas);
	for (size_t i = 0; i < reached->n; i++) {
		struct lk_candidate candidate = {.record = &reached->records[i],
			.name = name,
			.base = LK_NO_INDEX,
			.channel = reached->channels[i],
			.locked = is_locked(load, &reached->records[i])};

		if (candidate.locked || !is_double(&condas, candidate.record)) {
			consider(load, &candidate, first_channel);
		}
	}
	lk_map_done(&condas);
	consider_vanished(load, name, first_channel);
}

/* The user's specs are the root's needs, the pins its limits. */
static int load_roots(struct lk_problem *problem, struct lk_error *err)
{
	const struct lk_task *task = problem->task;
	struct lk_candidate *root = &problem->candidates.items[LK_ROOT];

	root->needs = lk_arena_calloc(&problem->arena, task->n_specs, sizeof(*root->needs));
	for (size_t i = 0; i < task->n_specs; i++) {
		uint32_t spec = lk_problem_add_spec(problem, task->specs[i]);
		enum lk_meaning meaning =
			lk_problem_need(problem, spec, &root->needs[root->n_needs]);

		if (meaning == LK_MEANS_UNSUPPORTED) {
			return lk_fail(err, LK_E_USAGE,
				"'" LK_STR_FMT "' cannot be asked for: a spec needs one exact name",
				LK_STR_ARG(task->specs[i]->text));
		}
		/* A virtual package that is missing stays a need that nothing meets. */
		root->n_needs += meaning != LK_MEANS_NOTHING;
	}
	root->limits = lk_arena_calloc(&problem->arena, task->n_pins, sizeof(*root->limits));
	for (size_t i = 0; i < task->n_pins; i++) {
		uint32_t spec = lk_problem_add_spec(problem, task->pins[i]);
		enum lk_meaning meaning = lk_problem_limit(problem, spec);

		if (meaning == LK_MEANS_UNSUPPORTED || meaning == LK_MEANS_MISSING) {
			return lk_fail(err, LK_E_USAGE,
				"the pin '" LK_STR_FMT "' cannot be kept: %s",
				LK_STR_ARG(task->pins[i]->text),
				meaning == LK_MEANS_MISSING
					? "the target's virtual package is not like that"
					: "a pin needs one exact name and no condition");
		}
		if (meaning == LK_MEANS_RECORDS) {
			root->limits[root->n_limits++] = spec;
		}
	}
	return 0;
}

int lk_candidates_load(
	struct lk_problem *problem, const struct lk_report *report, struct lk_error *err)
{
	const struct lk_task *task = problem->task;
	struct load load = {.problem = problem, .task = task, .report = report};
	int rc = 0;

	load.locked_seen = lk_calloc(task->n_locked, sizeof(*load.locked_seen));
	for (size_t i = 0; i < task->n_locked; i++) {
		if (lk_task_keeps(task, task->locked[i].name)) {
			lk_map_set(&load.locked, task->locked[i].name, (uint32_t)i);
		}
	}
	for (size_t i = 0; rc == 0 && i < task->reach->n_names; i++) {
		load_name(&load, &task->reach->names[i]);
		if (lk_report_stop(report)) {
			rc = lk_fail(err, LK_E_INTERRUPTED, "interrupted while solving");
		}
	}
	for (size_t i = 0; rc == 0 && i < task->n_locked; i++) {
		if (lk_map_get(&load.locked, task->locked[i].name) == i &&
			lk_problem_name(problem, task->locked[i].name) == LK_NO_INDEX) {
			load_name(&load, &(struct lk_reached){.name = task->locked[i].name});
		}
	}
	if (rc == 0) {
		rc = load_roots(problem, err);
	}
	lk_free(load.locked_seen);
	lk_map_done(&load.locked);
	lk_map_done(&load.version_index);
	lk_vec_done(&load.versions);
	lk_vec_done(&load.needs);
	lk_vec_done(&load.limits);
	return rc;
}
