/*
 * The independent re-check: our matcher over the records, no solver, no index, nothing shared with
 * how the answer was found.
 *
 * Extras are followed from whoever asks: a group that a spec or a true dependency turns on is
 * checked like the record's own depends.
 */
#include "resolver/task.h"

#include "base/map.h"

struct group {
	size_t record;
	lk_str name;
};

struct check {
	struct lk_arena arena;
	const struct lk_record *const *records;
	size_t n_records;
	const struct lk_version **versions; /* beside the records */
	struct lk_map by_name;
	const struct lk_task *task;
	struct {
		struct group *items;
		size_t len, cap;
	} groups; /* active extras */
	struct lk_error *err;
};

static bool accepts(const struct check *check, const struct lk_matchspec *spec, size_t index)
{
	const struct lk_record *record = check->records[index];

	if (!lk_matchspec_matches(spec, record, check->versions[index])) {
		return false;
	}
	if (spec->channel.len == 0) {
		return true;
	}
	for (size_t i = 0; i < check->task->n_channels; i++) {
		const struct lk_channel *channel = &check->task->channels[i];

		if (lk_str_eq(channel->name, record->channel)) {
			return lk_matchspec_channel_matches(
				spec, channel->name, channel->url, check->task->alias);
		}
	}
	return false;
}

/* The record that SPEC is about, or n_records. */
static size_t find(const struct check *check, const struct lk_matchspec *spec)
{
	uint32_t index;

	if (spec->name_kind == LK_PATTERN_EXACT) {
		index = lk_map_get(&check->by_name, spec->name);
		return index == LK_MAP_NONE ? check->n_records : index;
	}
	for (size_t i = 0; i < check->n_records; i++) {
		if (accepts(check, spec, i)) {
			return i;
		}
	}
	return check->n_records;
}

static bool virtual_is_met(const struct check *check, const struct lk_matchspec *spec)
{
	const struct lk_virtuals *virtuals = check->task->virtuals;

	return !virtuals ||
		lk_matchspec_matches_virtual(spec, lk_virtuals_find(virtuals, spec->name));
}

static bool leaf_holds(void *ctx, const struct lk_matchspec *leaf)
{
	const struct check *check = ctx;
	size_t index;

	if (lk_name_is_virtual(leaf->name)) {
		return virtual_is_met(check, leaf);
	}
	index = find(check, leaf);
	return index < check->n_records && accepts(check, leaf, index);
}

/* WHO asks: "the specs" or a record's name, version and build. */
static int fault(struct check *check, lk_str who, const char *asks, lk_str text, size_t index)
{
	if (index == check->n_records) {
		return lk_fail(check->err, LK_E_UNSAT,
			LK_STR_FMT " %s '" LK_STR_FMT "', which is not there", LK_STR_ARG(who),
			asks, LK_STR_ARG(text));
	}
	return lk_fail(check->err, LK_E_UNSAT,
		LK_STR_FMT " %s '" LK_STR_FMT "', but " LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT
			   " is there",
		LK_STR_ARG(who), asks, LK_STR_ARG(text), LK_STR_ARG(check->records[index]->name),
		LK_STR_ARG(check->records[index]->version),
		LK_STR_ARG(check->records[index]->build));
}

static void turn_on(struct check *check, size_t record, lk_str group)
{
	for (size_t i = 0; i < check->groups.len; i++) {
		if (check->groups.items[i].record == record &&
			lk_str_eq(check->groups.items[i].name, group)) {
			return;
		}
	}
	lk_vec_push(&check->groups,
		(struct group){.record = record, .name = lk_str_dup(&check->arena, group)});
}

static int check_need(struct check *check, lk_str who, const struct lk_matchspec *spec)
{
	size_t index;

	if (spec->when && !lk_condition_eval(spec->when, leaf_holds, check)) {
		return 0;
	}
	if (lk_name_is_virtual(spec->name)) {
		return virtual_is_met(check, spec)
			? 0
			: fault(check, who, "needs", spec->text, check->n_records);
	}
	index = find(check, spec);
	if (index == check->n_records || !accepts(check, spec, index)) {
		return fault(check, who, "needs", spec->text, index);
	}
	for (size_t i = 0; i < spec->extras.n; i++) {
		turn_on(check, index, spec->extras.items[i]);
	}
	return 0;
}

static int check_limit(struct check *check, lk_str who, const struct lk_matchspec *spec)
{
	size_t index;

	if (spec->when && !lk_condition_eval(spec->when, leaf_holds, check)) {
		return 0;
	}
	if (lk_name_is_virtual(spec->name)) {
		return !check->task->virtuals ||
				!lk_virtuals_find(check->task->virtuals, spec->name) ||
				virtual_is_met(check, spec)
			? 0
			: lk_fail(check->err, LK_E_UNSAT,
				  LK_STR_FMT " allows only '" LK_STR_FMT "'", LK_STR_ARG(who),
				  LK_STR_ARG(spec->text));
	}
	if (spec->name_kind != LK_PATTERN_EXACT) {
		return lk_fail(check->err, LK_E_UNSAT,
			LK_STR_FMT " constrains a name pattern, '" LK_STR_FMT
				   "', which is not supported",
			LK_STR_ARG(who), LK_STR_ARG(spec->text));
	}
	index = find(check, spec);
	if (index < check->n_records && !accepts(check, spec, index)) {
		return fault(check, who, "allows only", spec->text, index);
	}
	return 0;
}

static int check_list(struct check *check, lk_str who, const struct lk_str_list *list,
	int (*one)(struct check *check, lk_str who, const struct lk_matchspec *spec))
{
	for (size_t i = 0; i < list->n; i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		const struct lk_matchspec *spec;
		int rc = lk_matchspec_parse(
			list->items[i], LK_SPEC_REPODATA, &arena, &spec, check->err);

		if (rc == 0) {
			rc = one(check, who, spec);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static lk_str describe(struct check *check, const struct lk_record *record)
{
	return lk_str_printf(&check->arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT,
		LK_STR_ARG(record->name), LK_STR_ARG(record->version), LK_STR_ARG(record->build));
}

static int load(struct check *check)
{
	check->versions =
		lk_arena_calloc(&check->arena, check->n_records, sizeof(*check->versions));
	for (size_t i = 0; i < check->n_records; i++) {
		const struct lk_record *record = check->records[i];
		int rc = lk_version_parse(
			record->version, &check->arena, &check->versions[i], check->err);

		if (rc < 0) {
			return lk_wrap(
				check->err, "the version of " LK_STR_FMT, LK_STR_ARG(record->name));
		}
		if (lk_map_add(&check->by_name, record->name, (uint32_t)i) != i) {
			return lk_fail(check->err, LK_E_UNSAT, LK_STR_FMT " is there twice",
				LK_STR_ARG(record->name));
		}
	}
	return 0;
}

static int check_group(struct check *check, const struct group *group)
{
	const struct lk_record *record = check->records[group->record];

	for (size_t k = 0; k < record->n_extra; k++) {
		int rc = 0;

		if (lk_str_eq(record->extra[k].group, group->name)) {
			rc = check_list(check, describe(check, record), &record->extra[k].depends,
				check_need);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int check_all(struct check *check)
{
	const struct lk_task *task = check->task;
	int rc = load(check);

	for (size_t i = 0; rc == 0 && i < task->n_specs; i++) {
		rc = check_need(check, LK_STR("the specs"), task->specs[i]);
	}
	for (size_t i = 0; rc == 0 && i < task->n_pins; i++) {
		rc = check_limit(check, LK_STR("the pins"), task->pins[i]);
	}
	for (size_t i = 0; rc == 0 && i < check->n_records; i++) {
		lk_str who = describe(check, check->records[i]);

		rc = check_list(check, who, &check->records[i]->depends, check_need);
		if (rc == 0) {
			rc = check_list(check, who, &check->records[i]->constrains, check_limit);
		}
	}
	/* Groups may turn on more groups. */
	for (size_t i = 0; rc == 0 && i < check->groups.len; i++) {
		struct group group = check->groups.items[i];

		rc = check_group(check, &group);
	}
	return rc;
}

int lk_recheck(const struct lk_record *const *records, size_t n_records, const struct lk_task *task,
	struct lk_error *err)
{
	struct check check = {.records = records, .n_records = n_records, .task = task, .err = err};
	int rc = check_all(&check);

	lk_map_done(&check.by_name);
	lk_vec_done(&check.groups);
	lk_arena_done(&check.arena);
	return rc;
}
