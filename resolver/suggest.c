/*
 * What would have a solution: small changes, each tried by solving.
 *
 * From the least to the most intrusive: a name spelt right, a target that has what was missed, a
 * channel named, a later date, a spec loosened, a pin or a spec dropped. Few are tried.
 */
#include "resolver/task.h"

#include <stdlib.h>

#define MAX_TRIES 16
#define MAX_LEVELS 64

struct suggester {
	const struct lk_task *task;
	const struct lk_report *report;
	struct lk_solution *solution; /* told of, with room for the suggestions */
	struct lk_suggestion *found;
	size_t n_found;
	unsigned tries;
};

static bool is_full(const struct suggester *s)
{
	return s->n_found == LK_MAX_SUGGESTIONS || s->tries == MAX_TRIES ||
		lk_report_stop(s->report);
}

/* Has CHANGED a solution? The version of NAME (may be empty) in it into *RET_VERSION. */
static bool works(
	struct suggester *s, const struct lk_task *changed, lk_str name, lk_str *ret_version)
{
	struct lk_task task = *changed;
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct lk_error err = LK_ERROR_INIT;

	if (s->tries == MAX_TRIES) {
		return false;
	}
	s->tries++;
	task.no_reasons = true;
	if (lk_solve(&task, s->report, &solution, &err) < 0 ||
		lk_check_cuda(&task, &solution, &err) < 0) {
		return false;
	}
	for (size_t i = 0; i < solution.n_records; i++) {
		if (lk_str_eq(solution.records[i]->name, name)) {
			*ret_version =
				lk_str_dup(&s->solution->arena, solution.records[i]->version);
		}
	}
	return true;
}

static void add(struct suggester *s, struct lk_suggestion suggestion)
{
	if (s->n_found < LK_MAX_SUGGESTIONS) {
		s->found[s->n_found++] = suggestion;
	}
}

/* --- specs --- */

/* The task's specs with INDEX replaced, or left out (INSTEAD NULL). Owned by the arena. */
static void replace_spec(struct suggester *s, struct lk_task *changed, size_t index,
	const struct lk_matchspec *instead)
{
	const struct lk_matchspec **specs = lk_arena_calloc(
		&s->solution->arena, s->task->n_specs, sizeof(const struct lk_matchspec *));
	size_t n = 0;

	for (size_t i = 0; i < s->task->n_specs; i++) {
		if (i != index) {
			specs[n++] = s->task->specs[i];
		} else if (instead) {
			specs[n++] = instead;
		}
	}
	*changed = *s->task;
	changed->specs = specs;
	changed->n_specs = n;
}

/* Tries TEXT in place of spec INDEX. */
static bool try_spec(struct suggester *s, size_t index, lk_str text)
{
	struct lk_suggestion suggestion = {.kind = LK_SUGGEST_SPEC, .index = index, .text = text};
	const struct lk_matchspec *spec;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_task changed;

	if (lk_str_eq(text, s->task->specs[index]->text) ||
		lk_matchspec_parse(text, LK_SPEC_USER, &s->solution->arena, &spec, &err) < 0) {
		return false;
	}
	replace_spec(s, &changed, index, spec);
	if (!works(s, &changed, spec->name, &suggestion.version)) {
		return false;
	}
	add(s, suggestion);
	return true;
}

/* Another name in place of the one that the spec starts with. */
static void suggest_near(struct suggester *s, const struct lk_culprit *culprit)
{
	const struct lk_matchspec *spec = s->task->specs[culprit->index];
	lk_str near[LK_MAX_NEAR];
	size_t n = 0;

	if (culprit->is_alone && !lk_reach_find(s->task->reach, spec->name) &&
		spec->text.len >= spec->name.len &&
		lk_str_eq_nocase(lk_str_slice(spec->text, 0, spec->name.len), spec->name)) {
		n = lk_near_names(spec->name, s->task->known_names, s->task->n_known_names, near);
	}
	for (size_t i = 0; i < n && !is_full(s); i++) {
		(void)try_spec(s, culprit->index,
			lk_str_printf(&s->solution->arena, LK_STR_FMT LK_STR_FMT,
				LK_STR_ARG(near[i]),
				LK_STR_ARG(lk_str_skip(spec->text, spec->name.len))));
	}
}

/* The name of CHANNEL where that alone leads to it, else its URL. */
static lk_str channel_text(struct suggester *s, const struct lk_channel *channel)
{
	lk_str full = lk_str_printf(&s->solution->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(s->task->alias), LK_STR_ARG(channel->name));

	return lk_str_eq(full, channel->url) ? channel->name : channel->url;
}

/* A channel that has the name but that priority, or the spec itself, leaves out. */
static void suggest_channel(struct suggester *s, const struct lk_culprit *culprit)
{
	const struct lk_task *task = s->task;
	const struct lk_matchspec *spec = task->specs[culprit->index];
	const struct lk_reached *reached = lk_reach_find(task->reach, spec->name);
	size_t colons = lk_str_find(spec->text, LK_STR("::"));

	if (spec->channel.len > 0 && colons != SIZE_MAX && reached) {
		(void)try_spec(s, culprit->index, lk_str_skip(spec->text, colons + 2));
		return;
	}
	for (size_t c = 0; reached && spec->channel.len == 0 && c < task->n_channels; c++) {
		bool has = false;
		bool first = true;

		for (size_t i = 0; i < reached->n; i++) {
			has = has || reached->channels[i] == c;
			first = first && reached->channels[i] >= c;
		}
		if (has && (!first || task->channel_priority != LK_PRIORITY_STRICT) &&
			try_spec(s, culprit->index,
				lk_str_printf(&s->solution->arena, LK_STR_FMT "::" LK_STR_FMT,
					LK_STR_ARG(channel_text(s, &task->channels[c])),
					LK_STR_ARG(spec->text)))) {
			return;
		}
	}
}

/* Tries spec INDEX as SPEC, a changed copy of it, says. */
static bool try_changed(struct suggester *s, size_t index, const struct lk_matchspec *spec)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SPEC_MAX_LEN);

	lk_matchspec_canonical(spec, &text);
	return try_spec(s, index, lk_str_dup(&s->solution->arena, lk_buf_view(&text)));
}

/* The spec without its build, without its version, by its name alone. One that asks for CUDA goes
 * on doing so. */
static void suggest_looser(struct suggester *s, const struct lk_culprit *culprit)
{
	const struct lk_matchspec *spec = s->task->specs[culprit->index];
	bool has_version = spec->version && !lk_version_spec_is_any(spec->version);
	bool keep_build = lk_spec_asks_cuda(spec);
	struct lk_matchspec no_build = *spec;
	struct lk_matchspec no_version = *spec;

	no_build.build = NULL;
	no_build.build_text = (lk_str){0};
	no_version.version = NULL;
	no_version.version_text = (lk_str){0};
	if (!lk_reach_find(s->task->reach, spec->name) ||
		(spec->build && has_version && !keep_build &&
			try_changed(s, culprit->index, &no_build)) ||
		(spec->build && has_version && try_changed(s, culprit->index, &no_version)) ||
		(keep_build && spec->build)) {
		return;
	}
	(void)try_spec(s, culprit->index, spec->name);
}

static void suggest_drop(struct suggester *s, const struct lk_culprit *culprit)
{
	struct lk_task changed;
	lk_str none;

	if (s->task->n_specs > 1) {
		replace_spec(s, &changed, culprit->index, NULL);
		if (works(s, &changed, (lk_str){0}, &none)) {
			add(s,
				(struct lk_suggestion){
					.kind = LK_SUGGEST_DROP, .index = culprit->index});
		}
	}
}

static void suggest_unpin(struct suggester *s, const struct lk_culprit *culprit)
{
	const struct lk_matchspec **pins = lk_arena_calloc(
		&s->solution->arena, s->task->n_pins, sizeof(const struct lk_matchspec *));
	struct lk_task changed = *s->task;
	size_t n = 0;
	lk_str none;

	if (lk_task_demands(s->task, culprit->index)) {
		return;
	}
	for (size_t i = 0; i < s->task->n_pins; i++) {
		if (i != culprit->index) {
			pins[n++] = s->task->pins[i];
		}
	}
	changed.pins = pins;
	changed.n_pins = n;
	if (works(s, &changed, (lk_str){0}, &none)) {
		add(s, (struct lk_suggestion){.kind = LK_SUGGEST_UNPIN, .index = culprit->index});
	}
}

/* --- the target --- */

/* A version or microarchitecture that records ask of the missed virtual package. */
struct level {
	lk_str text; /* "VERSION" or "VERSION=BUILD" */
	const struct lk_version *version;
};
struct levels {
	struct level items[MAX_LEVELS];
	size_t n;
};

static int cmp_level_qsort(const void *left, const void *right)
{
	const struct level *a = left;
	const struct level *b = right;
	int c = lk_version_cmp(a->version, b->version);

	return c ? c : lk_str_cmp(a->text, b->text);
}

static void add_level(struct suggester *s, struct levels *levels, lk_str version, lk_str build)
{
	struct lk_error err = LK_ERROR_INIT;
	struct level level = {.text = version};

	if (build.len > 0) {
		level.text = lk_str_printf(&s->solution->arena, LK_STR_FMT "=" LK_STR_FMT,
			LK_STR_ARG(version), LK_STR_ARG(build));
	}
	for (size_t i = 0; i < levels->n; i++) {
		if (lk_str_eq(levels->items[i].text, level.text)) {
			return;
		}
	}
	if (levels->n < MAX_LEVELS &&
		lk_version_parse(version, &s->solution->arena, &level.version, &err) == 0) {
		levels->items[levels->n++] = level;
	}
}

/* The versions in a spec's version part that are no upper bound. */
static void add_versions(struct suggester *s, struct levels *levels, lk_str text)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		bool inside = i < text.len && !strchr(",|()<>=!~* ", text.ptr[i]);
		bool below = start > 0 && text.ptr[start - 1] == '<';
		size_t end = i;

		while (end > start && text.ptr[end - 1] == '.') {
			end--;
		}
		if (!inside && end > start && !below) {
			add_level(s, levels,
				lk_str_dup(&s->solution->arena, lk_str_slice(text, start, end)),
				(lk_str){0});
		}
		start = inside ? start : i + 1;
	}
}

static void add_asked(
	struct suggester *s, struct levels *levels, lk_str name, const struct lk_str_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct lk_matchspec *spec;
		struct lk_error err = LK_ERROR_INIT;

		if (!lk_str_starts(list->items[i], name) ||
			lk_matchspec_parse(list->items[i], LK_SPEC_REPODATA, &s->solution->arena,
				&spec, &err) < 0 ||
			!lk_str_eq(spec->name, name)) {
			continue;
		}
		if (spec->build_text.len > 0 && lk_build_is_valid(spec->build_text)) {
			add_level(s, levels, LK_STR("1"), spec->build_text);
		} else if (!lk_str_is(name, "__archspec")) {
			add_versions(s, levels, spec->version_text);
		}
	}
}

/* What all reachable records ask of NAME, rising. */
static void find_levels(struct suggester *s, struct levels *levels, lk_str name)
{
	const struct lk_reach *reach = s->task->reach;

	for (size_t i = 0; i < reach->n_names; i++) {
		for (size_t k = 0; k < reach->names[i].n; k++) {
			const struct lk_record *record = &reach->names[i].records[k];

			add_asked(s, levels, name, &record->depends);
			add_asked(s, levels, name, &record->constrains);
		}
	}
	if (levels->n > 1) {
		qsort(levels->items, levels->n, sizeof(*levels->items), cmp_level_qsort);
	}
}

static bool works_at(struct suggester *s, lk_str name, lk_str level)
{
	struct lk_virtuals set = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_task changed = *s->task;
	lk_str none;
	bool good;

	for (size_t i = 0; i < s->task->virtuals->len; i++) {
		lk_vec_push(&set, s->task->virtuals->items[i]);
	}
	changed.virtuals = &set;
	good = lk_virtuals_set_text(&set,
		       lk_str_printf(&s->solution->arena, LK_STR_FMT "=" LK_STR_FMT,
			       LK_STR_ARG(name), LK_STR_ARG(level)),
		       &s->solution->arena, &err) == 0 &&
		works(s, &changed, (lk_str){0}, &none);
	lk_vec_done(&set);
	return good;
}

/* No record asks for a version: that of a spec whose own version is one of CUDA, or any. */
static void add_stated(struct suggester *s, struct levels *levels, lk_str name)
{
	const struct lk_solution *told = s->solution;

	for (size_t i = 0; i < told->n_culprits && lk_str_is(name, "__cuda"); i++) {
		const struct lk_matchspec *spec = s->task->specs[told->culprits[i].index];

		if (!told->culprits[i].is_pin &&
			(lk_str_is(spec->name, "cuda-version") ||
				lk_str_is(spec->name, "pytorch-cuda"))) {
			add_versions(s, levels, spec->version_text);
		}
	}
	if (levels->n == 0 && lk_str_is(name, "__cuda")) {
		add_level(s, levels, LK_STR("12"), (lk_str){0});
	}
}

/* The lowest level of the missed virtual package with which there is a solution: more is mostly no
 * worse, so a search by halves finds it. */
static void suggest_virtual(struct suggester *s)
{
	lk_str name = s->solution->missed;
	struct levels levels = {0};
	size_t low = 0;
	size_t high;

	if (name.len == 0) {
		return;
	}
	find_levels(s, &levels, name);
	if (levels.n == 0) {
		add_stated(s, &levels, name);
	}
	high = levels.n;
	if (high == 0 || !works_at(s, name, levels.items[--high].text)) {
		return;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (works_at(s, name, levels.items[middle].text)) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	add(s,
		(struct lk_suggestion){.kind = LK_SUGGEST_VIRTUAL,
			.text = lk_str_printf(&s->solution->arena, LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(name), LK_STR_ARG(levels.items[high].text))});
}

/* --- policy --- */

/* The earliest later date that lets in a record that a culprit matches, if that is enough. */
static void suggest_newer(struct suggester *s)
{
	struct lk_task changed = *s->task;
	const struct lk_solution *told = s->solution;
	uint64_t best = UINT64_MAX;
	lk_str none;

	if (s->task->exclude_newer == 0) {
		return;
	}
	for (size_t i = 0; i < told->n_culprits; i++) {
		const struct lk_matchspec *spec =
			told->culprits[i].is_pin ? NULL : s->task->specs[told->culprits[i].index];
		const struct lk_reached *reached =
			spec ? lk_reach_find(s->task->reach, spec->name) : NULL;

		for (size_t k = 0; reached && k < reached->n; k++) {
			const struct lk_record *record = &reached->records[k];
			const struct lk_version *version;
			struct lk_error err = LK_ERROR_INIT;

			if (lk_record_time(record) > s->task->exclude_newer &&
				lk_record_time(record) < best &&
				lk_version_parse(record->version, &s->solution->arena, &version,
					&err) == 0 &&
				lk_matchspec_matches(spec, record, version)) {
				best = lk_record_time(record);
			}
		}
	}
	if (best == UINT64_MAX) {
		return;
	}
	/* To the whole second, as it is written. */
	changed.exclude_newer = (best + 999) / 1000 * 1000;
	if (works(s, &changed, (lk_str){0}, &none)) {
		add(s,
			(struct lk_suggestion){
				.kind = LK_SUGGEST_NEWER, .instant = changed.exclude_newer});
	}
}

static void suggest_flexible(struct suggester *s)
{
	struct lk_task changed = *s->task;
	lk_str none;

	if (s->task->n_channels > 1 && s->task->channel_priority == LK_PRIORITY_STRICT) {
		changed.channel_priority = LK_PRIORITY_FLEXIBLE;
		if (works(s, &changed, (lk_str){0}, &none)) {
			add(s, (struct lk_suggestion){.kind = LK_SUGGEST_FLEXIBLE});
		}
	}
}

/* ONE for each culprit that is a spec, as long as there is room. */
static void for_specs(struct suggester *s,
	void (*one)(struct suggester *s, const struct lk_culprit *culprit), bool pins)
{
	for (size_t i = 0; i < s->solution->n_culprits && !is_full(s); i++) {
		if (s->solution->culprits[i].is_pin == pins) {
			one(s, &s->solution->culprits[i]);
		}
	}
}

int lk_suggest(const struct lk_task *task, const struct lk_report *report,
	struct lk_solution *solution, struct lk_error *err)
{
	struct suggester s = {.task = task, .report = report, .solution = solution};

	s.found = lk_arena_calloc(&solution->arena, LK_MAX_SUGGESTIONS, sizeof(*s.found));
	for_specs(&s, suggest_near, false);
	if (s.n_found == 0) {
		suggest_virtual(&s);
	}
	if (s.n_found == 0) {
		for_specs(&s, suggest_channel, false);
		suggest_newer(&s);
	}
	if (s.n_found == 0) {
		for_specs(&s, suggest_looser, false);
		for_specs(&s, suggest_unpin, true);
	}
	if (s.n_found == 0) {
		suggest_flexible(&s);
		for_specs(&s, suggest_drop, false);
	}
	solution->suggestions = s.found;
	solution->n_suggestions = s.n_found;
	return lk_report_stop(report) ? lk_fail(err, LK_E_INTERRUPTED, "interrupted while solving")
				      : 0;
}
