/*
 * Does a lock hold together, and does a host meet it? Judged by our own matcher over a small world:
 * the packages of one platform and a set of virtual packages.
 */
#include "lock/lockfile.h"

#include "lock/lock_rules_priv.h"
#include "lock/lock_world_priv.h"

/* What the world has under SPEC's name: "the lock has numpy 1.26.4 py312_0". */
static void put_instead(
	struct lk_lock_world *w, const struct lk_matchspec *spec, struct lk_buf *out)
{
	const struct lk_record *record = lk_lock_find_package(w->platform, spec->name);
	const struct lk_virtual *virtual = lk_virtuals_find(w->virtuals, spec->name);
	if (record) {
		lk_buf_appendf(out, "the lock has " LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
			LK_STR_ARG(record->name), LK_STR_ARG(record->version),
			LK_STR_ARG(record->build));
	} else if (virtual) {
		lk_buf_appendf(out, "the lock is solved with " LK_STR_FMT " " LK_STR_FMT,
			LK_STR_ARG(virtual->name), LK_STR_ARG(virtual->version));
	} else if (lk_lock_spec_is_virtual(spec->name)) {
		lk_buf_appendf(
			out, "the lock is solved without " LK_STR_FMT, LK_STR_ARG(spec->name));
	} else {
		lk_buf_puts(out, "no such package is in the lock");
	}
}

enum demand {
	DEMAND_MET,  /* something must match */
	DEMAND_KEPT, /* what is there must match */
};

/* Who hears of faults, and what those at hand are about. */
struct judge {
	struct lk_lock_world world;
	lk_lock_fault_fn *fn;
	void *ctx;
	enum lk_lock_fault_kind kind;
	lk_str package;
	const char *verb;      /* "depends on" */
	struct lk_map held[2]; /* for each demand: texts of channels that were found to hold */
};

static bool has_name(const struct lk_lock_world *w, const struct lk_matchspec *spec)
{
	return lk_lock_find_package(w->platform, spec->name) ||
		lk_virtuals_find(w->virtuals, spec->name);
}

static void judge(struct judge *j, enum demand demand, lk_str text, enum lk_spec_origin origin)
{
	struct lk_lock_world *w = &j->world;
	/* What is plainly met is also kept: no virtual package has the name of one that is locked.
	 */
	if (origin == LK_SPEC_REPODATA &&
		(lk_lock_world_plainly_met(w, text) ||
			lk_map_get(&j->held[demand], text) != LK_MAP_NONE)) {
		return;
	}
	struct lk_error why = LK_ERROR_INIT;
	struct lk_lock_fault fault = {.kind = j->kind, .package = j->package};
	const struct lk_matchspec *spec = lk_lock_world_spec(w, text, origin, &why);
	if (spec &&
		(!lk_lock_world_is_live(w, spec) ||
			(demand == DEMAND_MET ? lk_lock_world_is_met(w, spec)
					      : lk_lock_world_is_kept(w, spec)))) {
		if (origin == LK_SPEC_REPODATA) {
			lk_map_add(&j->held[demand], text, 0);
		}
		return;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(4096);
	lk_buf_appendf(&line, "%s '" LK_STR_FMT "'", j->verb, LK_STR_ARG(text));
	if (!spec) {
		lk_buf_appendf(&line, ", which is no valid spec: %s", why.message);
	} else {
		lk_buf_puts(&line, ", but ");
		put_instead(w, spec, &line);
		if (fault.kind == LK_LOCK_FAULT_MISSING && has_name(w, spec)) {
			fault.kind = LK_LOCK_FAULT_UNMET;
		}
	}
	fault.text = lk_buf_cstr(&line);
	j->fn(j->ctx, &fault);
}

static void judge_all(struct judge *j, enum demand demand, const struct lk_str_list *specs,
	enum lk_spec_origin origin)
{
	for (size_t i = 0; i < specs->n; i++) {
		judge(j, demand, specs->items[i], origin);
	}
}

void lk_lock_each_fault(const struct lk_lock_platform *platform, lk_lock_fault_fn *fn, void *ctx)
{
	struct judge j = {
		.fn = fn, .ctx = ctx, .kind = LK_LOCK_FAULT_SPEC, .verb = "the specs ask for"};
	lk_lock_world_init(&j.world, platform, &platform->solved_with);
	judge_all(&j, DEMAND_MET, &platform->specs, LK_SPEC_USER);
	j.kind = LK_LOCK_FAULT_PIN;
	j.verb = "a pin allows only";
	judge_all(&j, DEMAND_KEPT, &platform->pins, LK_SPEC_USER);
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		j.package = record->name;
		j.kind = LK_LOCK_FAULT_MISSING;
		j.verb = "depends on";
		judge_all(&j, DEMAND_MET, &record->depends, LK_SPEC_REPODATA);
		j.kind = LK_LOCK_FAULT_CONSTRAINT;
		j.verb = "allows only";
		judge_all(&j, DEMAND_KEPT, &record->constrains, LK_SPEC_REPODATA);
	}
	lk_map_done(&j.held[DEMAND_MET]);
	lk_map_done(&j.held[DEMAND_KEPT]);
	lk_lock_world_done(&j.world);
}

struct faults {
	const struct lk_report *report;
	struct lk_error *err;
	lk_str subdir;
	size_t n;
};

static void tell_fault(void *ctx, const struct lk_lock_fault *fault)
{
	struct faults *f = ctx;
	const char *space = fault->package.len > 0 ? " " : "";
	lk_warn(f->report, LK_STR_FMT ": " LK_STR_FMT "%s%s", LK_STR_ARG(f->subdir),
		LK_STR_ARG(fault->package), space, fault->text);
	if (f->n++ == 0) {
		lk_fail(f->err, LK_E_FINDING,
			"the lock does not hold together for " LK_STR_FMT ": " LK_STR_FMT "%s%s",
			LK_STR_ARG(f->subdir), LK_STR_ARG(fault->package), space, fault->text);
		lk_error_hint(f->err, "lock again: lockenv solve");
	}
}

int lk_lock_check_consistent(const struct lk_lock_platform *platform,
	const struct lk_report *report, struct lk_error *err)
{
	struct faults f = {.report = report, .err = err, .subdir = platform->subdir};
	lk_lock_each_fault(platform, tell_fault, &f);
	return f.n > 0 ? (int)LK_E_FINDING : 0;
}

/* For each requirement the first package whose specs say it. */
static void index_requirements(struct lk_lock_world *w, enum demand demand, struct lk_map *ret)
{
	for (size_t i = 0; i < w->platform->n_packages; i++) {
		const struct lk_record *record = &w->platform->packages[i];
		const struct lk_str_list *specs =
			demand == DEMAND_MET ? &record->depends : &record->constrains;
		for (size_t s = 0; s < specs->n; s++) {
			if (lk_lock_spec_is_virtual(specs->items[s])) {
				lk_map_add(ret, lk_str_single_spaced(&w->arena, specs->items[s]),
					(uint32_t)i);
			}
		}
	}
}

static lk_str asked_by(const struct lk_lock_world *w, const struct lk_map *index, lk_str text)
{
	uint32_t at = lk_map_get(index, text);
	return at == LK_MAP_NONE ? LK_STR("the lock") : w->platform->packages[at].name;
}

static int each_unmet_of(struct lk_lock_world *w, const struct lk_str_list *requirements,
	enum demand demand, lk_lock_unmet_fn *fn, void *ctx, struct lk_error *err)
{
	struct lk_map LK_CLEANUP(lk_map_done) index = {0};
	for (size_t i = 0; i < requirements->n; i++) {
		lk_str text = requirements->items[i];
		const struct lk_matchspec *spec =
			lk_lock_world_spec(w, text, LK_SPEC_REPODATA, err);
		if (!spec) {
			return lk_wrap(
				err, "'requires' of " LK_STR_FMT, LK_STR_ARG(w->platform->subdir));
		}
		if (!lk_lock_world_is_live(w, spec) ||
			(demand == DEMAND_MET ? lk_lock_world_is_met(w, spec)
					      : lk_lock_world_is_kept(w, spec))) {
			continue;
		}
		if (index.len == 0) {
			index_requirements(w, demand, &index);
		}
		struct lk_lock_unmet unmet = {text, asked_by(w, &index, text),
			lk_virtuals_find(w->virtuals, spec->name),
			lk_str_slice(text, 0, spec->name.len)};
		fn(ctx, &unmet);
	}
	return 0;
}

int lk_lock_each_unmet(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
	lk_lock_unmet_fn *fn, void *ctx, struct lk_error *err)
{
	struct lk_lock_world LK_CLEANUP(lk_lock_world_done) w;
	lk_lock_world_init(&w, platform, host);
	int rc = each_unmet_of(&w, &platform->requires_depends, DEMAND_MET, fn, ctx, err);
	return rc < 0
		? rc
		: each_unmet_of(&w, &platform->requires_constrains, DEMAND_KEPT, fn, ctx, err);
}

void lk_lock_hint_host(const struct lk_virtuals *host, lk_str name, struct lk_error *err)
{
	const struct lk_virtual *has = lk_virtuals_find(host, name);
	const char *option = lk_str_is(name, "__cuda") ? "--cuda"
		: lk_str_is(name, "__glibc") && has    ? "--glibc"
						       : NULL;
	if (!option) {
		lk_error_hint(err,
			"use a host that has it; to install for another host than this "
			"one, describe it with --host FILE");
		return;
	}
	lk_str version = has ? has->version : LK_STR("none");
	lk_error_hint(err,
		"use a host that has it, or lock for this one with 'lockenv solve %s " LK_STR_FMT
		"'; to install for another host, describe it with --host FILE",
		option, LK_STR_ARG(version));
}

struct unmet {
	struct lk_buf text;
	size_t n;
	lk_str name; /* of the first */
};

/* What no message can show any more is left out. */
static void put_unmet(void *ctx, const struct lk_lock_unmet *unmet)
{
	struct unmet *all = ctx;
	if (all->n++ == 0) {
		all->name = unmet->name;
	} else if (all->text.len >= sizeof(((struct lk_error *)0)->message)) {
		return;
	} else {
		lk_buf_puts(&all->text, ", ");
	}
	lk_lock_put_unmet(unmet, "this host", &all->text);
}

void lk_lock_put_unmet(const struct lk_lock_unmet *unmet, const char *who, struct lk_buf *out)
{
	const struct lk_virtual *has = unmet->has;
	lk_buf_appendf(out, LK_STR_FMT " (asked for by " LK_STR_FMT "; %s has ",
		LK_STR_ARG(unmet->requirement), LK_STR_ARG(unmet->package), who);
	if (!has) {
		lk_buf_puts(out, "none)");
	} else if (has->build.len == 0 || lk_str_is(has->build, "0")) {
		lk_buf_appendf(out, LK_STR_FMT ")", LK_STR_ARG(has->version));
	} else {
		lk_buf_appendf(out, LK_STR_FMT "=" LK_STR_FMT ")", LK_STR_ARG(has->version),
			LK_STR_ARG(has->build));
	}
}

static bool any_has(const struct lk_str_list *specs, lk_str text)
{
	for (size_t i = 0; i < specs->n; i++) {
		if (lk_str_find(specs->items[i], text) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

bool lk_lock_asks_for_driver(const struct lk_lock_platform *platform)
{
	lk_str cuda = LK_STR("__cuda"); /* also in a condition of another one */
	return any_has(&platform->requires_depends, cuda) ||
		any_has(&platform->requires_constrains, cuda);
}

int lk_lock_check_host(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
	struct lk_error *err)
{
	struct unmet unmet = {.text = LK_BUF_INIT(1 << 20)};
	int rc = lk_lock_each_unmet(platform, host, put_unmet, &unmet, err);
	if (rc == 0 && unmet.n > 0) {
		rc = lk_fail(err, LK_E_HOST, "this host does not meet what the lock requires: %s",
			lk_buf_cstr(&unmet.text));
		lk_lock_hint_host(host, unmet.name, err);
	}
	lk_buf_done(&unmet.text);
	return rc;
}
