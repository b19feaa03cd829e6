/*
 * One lock from a request: everything between "what is asked for" and "bytes to write".
 */
#include "cli/solve_platform.h"

#include <stdlib.h>

#include "cli/instant.h"
#include "cli/solve_artifacts.h"
#include "cli/solve_elsewhere.h"
#include "cli/solve_failures.h"
#include "cli/solve_others.h"
#include "cli/solve_tell.h"
#include "lock/lock_facts.h"

struct solver {
	struct lk_app *app;
	const struct lk_solve_request *request;
	const char *file_name;            /* repodata.json, or what stands for it */
	struct lk_repodata_set *repodata; /* of the request's channels and of subdirs */
	lk_str *subdirs;                  /* the platforms, then noarch */
	size_t n_subdirs;
	struct lk_lock *lock;
	struct lk_fetch *fetch;
	lk_str *known_names; /* of all repodata, sorted, for near misses */
	size_t n_known_names;
};

static int load_repodata(struct solver *s, struct lk_error *err)
{
	const struct lk_solve_request *r = s->request;
	struct lk_arena *arena = &s->app->arena;
	s->n_subdirs = r->n_targets + 1;
	s->subdirs = lk_arena_calloc(arena, s->n_subdirs, sizeof(*s->subdirs));
	for (size_t i = 0; i < r->n_targets; i++) {
		s->subdirs[i] = r->targets[i].subdir;
	}
	s->subdirs[r->n_targets] = LK_STR("noarch");
	return lk_fetch_repodata(s->fetch, r->channels.items, r->channels.len, s->subdirs,
		s->n_subdirs, s->file_name, &s->repodata, err);
}

/* The sources of one platform: for each channel its subdir and noarch, which share a rank. */
static size_t platform_sources(const struct solver *s, size_t target, struct lk_source *ret)
{
	size_t n = 0;
	for (size_t c = 0; c < s->request->channels.len; c++) {
		ret[n++] = lk_repodata_set_source(s->repodata, c, target);
		ret[n++] = lk_repodata_set_source(s->repodata, c, s->n_subdirs - 1);
	}
	return n;
}

static int parse_specs(const struct lk_strs *texts, struct lk_arena *arena,
	const struct lk_matchspec **ret, struct lk_error *err)
{
	for (size_t i = 0; i < texts->len; i++) {
		int rc = lk_matchspec_parse(texts->items[i], LK_SPEC_USER, arena, &ret[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* A bare name holds what is locked under it as it is; other pins are specs. */
static int parse_pins(const struct lk_strs *texts, const struct lk_lock_platform *old,
	struct lk_arena *arena, const struct lk_matchspec **ret, struct lk_error *err)
{
	int rc = parse_specs(texts, arena, ret, err);
	for (size_t i = 0; rc == 0 && old && i < texts->len; i++) {
		const struct lk_record *locked = lk_lock_find_package(old, ret[i]->name);
		if (!locked || !lk_solve_is_bare(ret[i])) {
			continue;
		}
		lk_str exact = lk_str_printf(arena, LK_STR_FMT "==" LK_STR_FMT "=" LK_STR_FMT,
			LK_STR_ARG(locked->name), LK_STR_ARG(locked->version),
			LK_STR_ARG(locked->build));
		rc = lk_matchspec_parse(exact, LK_SPEC_USER, arena, &ret[i], err);
	}
	return rc;
}

/* The lock names every package by its sha256: those without one are fetched and hashed now. */
static int complete_hashes(const struct solver *s, const struct lk_record *const *records, size_t n,
	const struct lk_record **ret, struct lk_error *err)
{
	struct lk_arena *arena = &s->app->arena;
	const struct lk_record **unknown = lk_arena_calloc(arena, n, sizeof(*unknown));
	struct lk_sha256 *hashes = lk_arena_calloc(arena, n, sizeof(*hashes));
	size_t n_unknown = 0;
	for (size_t i = 0; i < n; i++) {
		if (!records[i]->has_sha256) {
			lk_note(&s->app->report, 0,
				"hashing '" LK_STR_FMT "': its channel gives no sha256",
				LK_STR_ARG(records[i]->fn));
			unknown[n_unknown++] = records[i];
		}
	}
	int rc = n_unknown == 0
		? 0
		: lk_fetch_hashes(s->fetch, s->request->channels.items, s->request->channels.len,
			  unknown, n_unknown, hashes, err);
	n_unknown = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		ret[i] = records[i];
		if (!records[i]->has_sha256) {
			struct lk_record *known = lk_arena_calloc(arena, 1, sizeof(*known));
			*known = *records[i];
			known->has_sha256 = true;
			known->sha256 = hashes[n_unknown++];
			ret[i] = known;
		}
	}
	return rc;
}

static int add_solution(const struct solver *s, const struct lk_solve_target *target,
	const struct lk_solution *solution, struct lk_error *err)
{
	const struct lk_record **records =
		lk_arena_calloc(&s->app->arena, solution->n_records, sizeof(*records));
	int rc = complete_hashes(s, solution->records, solution->n_records, records, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_lock_input input = {
		.subdir = target->subdir,
		.specs = {target->specs.items, target->specs.len},
		.pins = {target->pins.items, target->pins.len},
		.solved_with = &target->virtuals,
		.records = records,
		.extras = solution->extras,
		.n_records = solution->n_records,
	};
	return lk_lock_add_platform(s->lock, &input, err);
}

/* Does RECORD's channel list it as removed, as it does with broken builds? */
static bool is_removed(const struct solver *s, const struct lk_record *record)
{
	const struct lk_channels *channels = &s->request->channels;
	for (size_t c = 0; c < channels->len; c++) {
		for (size_t d = 0; d < s->n_subdirs; d++) {
			if (lk_str_eq(channels->items[c].name, record->channel) &&
				lk_str_eq(s->subdirs[d], record->subdir)) {
				return lk_repodata_set_is_removed(
					s->repodata, c, d, record->name, record->fn);
			}
		}
	}
	return false;
}

/* The old lock's packages of the platform in the order its own walk came to them, without those
 * that their channel has removed since. */
static int old_walk(const struct solver *s, const struct lk_lock_platform *old,
	const struct lk_record **ret, size_t *ret_n, struct lk_error *err)
{
	struct lk_arena *arena = &s->app->arena;
	const struct lk_lock *lock = &s->request->old;
	struct lk_strs texts = {0};
	for (size_t i = 0; i < old->specs.n; i++) {
		lk_vec_push(&texts, old->specs.items[i]);
	}
	const struct lk_matchspec **specs = lk_arena_calloc(arena, texts.len, sizeof(*specs));
	int rc = parse_specs(&texts, arena, specs, err);
	lk_vec_done(&texts);
	const struct lk_record **records =
		lk_arena_calloc(arena, old->n_packages, sizeof(*records));
	for (size_t i = 0; i < old->n_packages; i++) {
		records[i] = &old->packages[i];
	}
	size_t *order = lk_arena_calloc(arena, old->n_packages, sizeof(*order));
	if (rc == 0) {
		const struct lk_task task = {
			.channels = lock->channels,
			.n_channels = lock->n_channels,
			.alias = s->request->alias,
			.specs = specs,
			.n_specs = old->specs.n,
			.virtuals = &old->solved_with,
		};
		rc = lk_walk_order(records, old->n_packages, &task, order, err);
	}
	if (rc < 0) {
		return lk_wrap(err, "'%s'", s->request->output);
	}
	struct lk_record *walked = lk_arena_calloc(arena, old->n_packages, sizeof(*walked));
	*ret_n = 0;
	for (size_t i = 0; i < old->n_packages; i++) {
		const struct lk_record *record = records[order[i]];
		if (is_removed(s, record)) {
			lk_warn(&s->app->report,
				"'" LK_STR_FMT "' is locked, but channel " LK_STR_FMT
				" has removed it as broken: it is not kept",
				LK_STR_ARG(record->fn), LK_STR_ARG(record->channel));
		} else {
			walked[(*ret_n)++] = *record;
		}
	}
	*ret = walked;
	return 0;
}

/* What is reachable from the specs' names, from what the old lock holds and from MORE names. */
static int load_reach(const struct solver *s, size_t target, const struct lk_lock_platform *old,
	const struct lk_matchspec *const *specs, size_t n_specs, const struct lk_strs *more,
	struct lk_reach *reach, struct lk_error *err)
{
	struct lk_arena *arena = &s->app->arena;
	struct lk_source *sources =
		lk_arena_calloc(arena, 2 * s->request->channels.len + n_specs, sizeof(*sources));
	size_t n_sources = 0;
	int rc = lk_solve_artifact_sources(
		s->request, &s->request->targets[target], specs, sources, &n_sources, err);
	if (rc < 0) {
		return rc;
	}
	n_sources += platform_sources(s, target, sources + n_sources);
	size_t n_old = old ? old->n_packages : 0;
	lk_str *roots = lk_arena_calloc(arena, n_specs + n_old + more->len, sizeof(*roots));
	size_t n_roots = 0;
	for (size_t i = 0; i < n_specs; i++) {
		if (specs[i]->name_kind == LK_PATTERN_EXACT) {
			roots[n_roots++] = specs[i]->name;
		}
	}
	for (size_t i = 0; i < n_old; i++) {
		roots[n_roots++] = old->packages[i].name;
	}
	for (size_t i = 0; i < more->len; i++) {
		roots[n_roots++] = more->items[i];
	}
	rc = lk_reach_load(sources, n_sources, roots, n_roots, reach, err);
	if (rc == 0) {
		lk_solve_prefer_artifacts(s->request, reach);
	}
	return rc;
}

/* A name that no channel has: then all names are gathered, for near misses. */
static void gather_names(struct solver *s, const struct lk_matchspec *const *specs, size_t n_specs,
	const struct lk_reach *reach)
{
	bool all_found = true;
	for (size_t i = 0; i < n_specs; i++) {
		all_found = all_found &&
			(lk_name_is_virtual(specs[i]->name) ||
				lk_reach_find(reach, specs[i]->name) != NULL);
	}
	if (all_found || s->known_names) {
		return;
	}
	struct lk_strs names = {0};
	lk_repodata_set_names(s->repodata, &names);
	lk_solve_sort_names(&names);
	s->known_names = lk_arena_calloc(&s->app->arena, names.len, sizeof(*s->known_names));
	s->n_known_names = names.len;
	for (size_t i = 0; i < names.len; i++) {
		s->known_names[i] = names.items[i];
	}
	lk_vec_done(&names);
}

/* Why there is no answer, and what would give one: names that may have been meant can be reached.
 */
static int tell_unsat(struct solver *s, size_t index, const struct lk_lock_platform *old,
	const struct lk_task *task, struct lk_solution *solution, struct lk_error *err)
{
	struct lk_reach LK_CLEANUP(lk_reach_done) wider = {0};
	struct lk_task changed = *task;
	struct lk_error failed = LK_ERROR_INIT;
	struct lk_strs near = {0};
	for (size_t i = 0; i < task->n_specs; i++) {
		lk_str found[LK_MAX_NEAR];
		size_t n = lk_reach_find(task->reach, task->specs[i]->name)
			? 0
			: lk_near_names(
				  task->specs[i]->name, s->known_names, s->n_known_names, found);
		for (size_t k = 0; k < n; k++) {
			lk_vec_push(&near, found[k]);
		}
	}
	int rc = 0;
	if (near.len > 0) {
		rc = load_reach(s, index, old, task->specs, task->n_specs, &near, &wider, &failed);
		changed.reach = &wider;
	}
	lk_vec_done(&near);
	if (rc == 0) {
		rc = lk_suggest(&changed, &s->app->report, solution, &failed);
	}
	if (rc < 0) {
		*err = failed;
		return rc;
	}
	lk_tell_unsat(s->app, task, solution, err);
	lk_tell_elsewhere(s->app, task, solution, s->repodata, s->subdirs, s->n_subdirs);
	return LK_E_UNSAT;
}

static int run_task(struct solver *s, size_t index, const struct lk_lock_platform *old,
	const struct lk_task *task, struct lk_error *err)
{
	const struct lk_solve_target *target = &s->request->targets[index];
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	int rc = lk_solve(task, &s->app->report, &solution, err);
	lk_note(&s->app->report, 1,
		LK_STR_FMT ": %zu names and %zu records reached, %zu kept, %zu solver calls",
		LK_STR_ARG(target->subdir), solution.stats.names, solution.stats.records,
		solution.stats.kept, solution.stats.solver_calls);
	if (rc == 0) {
		rc = lk_check_cuda(task, &solution, err);
	}
	if (rc == LK_E_UNSAT) {
		return tell_unsat(s, index, old, task, &solution, err);
	}
	if (rc == 0) {
		lk_tell_answer(s->app, task, target->subdir, s->request->n_targets > 1, &solution);
	}
	return rc < 0 ? rc : add_solution(s, target, &solution, err);
}

static int solve_target(struct solver *s, size_t index, struct lk_error *err)
{
	const struct lk_solve_request *r = s->request;
	const struct lk_solve_target *target = &r->targets[index];
	struct lk_arena *arena = &s->app->arena;
	const struct lk_lock_platform *old = r->has_old && !r->explicit_list
		? lk_lock_find_platform(&r->old, target->subdir)
		: NULL;
	const struct lk_matchspec **specs =
		lk_arena_calloc(arena, target->specs.len, sizeof(*specs));
	size_t n_pins = target->pins.len + r->demands.len;
	const struct lk_matchspec **pins = lk_arena_calloc(arena, n_pins, sizeof(*pins));
	const struct lk_record *locked = NULL;
	unsigned verbose = s->app->common.verbose;
	size_t n_locked = 0;
	struct lk_reach LK_CLEANUP(lk_reach_done) reach = {0};
	int rc = parse_specs(&target->specs, arena, specs, err);
	if (rc == 0) {
		rc = parse_pins(&target->pins, old, arena, pins, err);
	}
	for (size_t i = 0; i < r->demands.len; i++) {
		pins[target->pins.len + i] = r->demands.items[i];
	}
	if (rc == 0) {
		rc = load_reach(
			s, index, old, specs, target->specs.len, &(struct lk_strs){0}, &reach, err);
		lk_repodata_set_tell(s->repodata, &s->app->report);
	}
	if (rc == 0 && old) {
		rc = old_walk(s, old, &locked, &n_locked, err);
	}
	if (rc < 0) {
		return rc;
	}
	gather_names(s, specs, target->specs.len, &reach);
	const struct lk_task task = {
		.reach = &reach,
		.channels = r->all_channels.items,
		.n_channels = r->all_channels.len,
		.alias = r->alias,
		.specs = specs,
		.n_specs = target->specs.len,
		.pins = pins,
		.n_pins = n_pins,
		.n_demands = r->demands.len,
		.virtuals = &target->virtuals,
		.channel_priority = r->priority,
		.exclude_newer = r->exclude_newer,
		.offline = lk_fetch_is_offline(s->fetch),
		.locked = locked,
		.n_locked = n_locked,
		.update = r->update.items,
		.n_update = r->update.len,
		.update_all = r->update_all,
		.known_names = s->known_names,
		.n_known_names = s->n_known_names,
		.tell_behind = verbose > 1              ? LK_BEHIND_ALL
			: verbose == 1 || r->update_all ? LK_BEHIND_ROOTS
							: LK_BEHIND_UPDATED,
	};
	return run_task(s, index, old, &task, err);
}

/* Every platform, also after one that has no answer: all of those are told. */
static int solve_all(struct solver *s, struct lk_error *err)
{
	const struct lk_solve_request *r = s->request;
	struct lk_solve_failures failures = {0};
	int rc = load_repodata(s, err);
	for (size_t i = 0; rc == 0 && i < r->n_targets; i++) {
		rc = solve_target(s, i, err);
		if (rc == LK_E_UNSAT) {
			lk_solve_failure_take(s->app, r->targets[i].subdir, err, &failures);
			rc = 0;
		} else if (rc < 0 && r->n_targets > 1) {
			rc = lk_wrap(err, LK_STR_FMT, LK_STR_ARG(r->targets[i].subdir));
		}
	}
	if (rc == 0 && failures.len > 0) {
		return lk_solve_failures_tell(s->app, &failures, r->n_targets, err);
	}
	lk_solve_failures_done(&failures);
	return rc < 0 ? rc : lk_solve_keep_others(r, s->lock, err);
}

/* A lock without platforms, with all that the request alone decides. */
static void init_lock(const struct lk_solve_request *request, struct lk_lock *ret)
{
	lk_lock_init(ret, request->channels.items, request->channels.len,
		lk_str_of(lk_priority_text(request->priority)));
	if (request->exclude_newer) {
		ret->exclude_newer = lk_instant_text(request->exclude_newer, &ret->arena);
	}
	ret->variables =
		lk_arena_calloc(&ret->arena, request->n_variables, sizeof(*ret->variables));
	ret->n_variables = request->n_variables;
	for (size_t i = 0; i < request->n_variables; i++) {
		ret->variables[i].name = lk_str_dup(&ret->arena, request->variables[i].name);
		ret->variables[i].value = lk_str_dup(&ret->arena, request->variables[i].value);
	}
}

/* Solves everything with the repodata files of that name. */
static int attempt(struct lk_app *app, const struct lk_solve_request *request,
	const char *file_name, struct lk_fetch *fetch, struct lk_lock *ret, struct lk_error *err)
{
	struct solver s = {.app = app,
		.request = request,
		.file_name = file_name,
		.lock = ret,
		.fetch = fetch};
	lk_app_forget(app);
	init_lock(request, ret);
	int rc = solve_all(&s, err);
	lk_repodata_set_free(s.repodata);
	if (rc == 0 && request->has_old) {
		lk_lock_keep_facts(ret, &request->old);
	}
	if (rc < 0) {
		lk_lock_done(ret);
	}
	return rc;
}

int lk_solve_request_run(struct lk_app *app, const struct lk_solve_request *request,
	struct lk_fetch *fetch, struct lk_lock *ret, struct lk_error *err)
{
	const struct lk_strs *names = &request->repodata_fns;
	int rc = lk_solve_check_others(request, err);
	for (size_t i = 0; rc == 0 && i < names->len; i++) {
		const char *name = names->items[i].ptr;
		rc = attempt(app, request, name, fetch, ret, err);
		if (rc < 0 && lk_fetch_renew(fetch)) {
			lk_note(&app->report, 0, "%s%s%s: asking the channel anew", err->file,
				*err->file ? ": " : "", err->message);
			lk_error_clear(err);
			rc = attempt(app, request, name, fetch, ret, err);
		}
		bool again = rc == LK_E_UNSAT || rc == LK_E_NOT_FOUND || rc == LK_E_OFFLINE;
		if (!again || i + 1 == names->len) {
			break;
		}
		lk_note(&app->report, 0, "not solved with %s (%s): trying " LK_STR_FMT, name,
			err->message, LK_STR_ARG(names->items[i + 1]));
		lk_error_clear(err);
		rc = 0;
	}
	return rc;
}
