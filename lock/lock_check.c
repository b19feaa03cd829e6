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

struct findings {
	const struct lk_report *report;
	struct lk_error *err;
	lk_str subdir;
	size_t n;
};

static void add_finding(struct findings *f, const char *text)
{
	lk_warn(f->report, LK_STR_FMT ": %s", LK_STR_ARG(f->subdir), text);
	if (f->n++ == 0) {
		lk_fail(f->err, LK_E_FINDING,
			"the lock does not hold together for " LK_STR_FMT ": %s",
			LK_STR_ARG(f->subdir), text);
		lk_error_hint(f->err, "lock again: lockenv solve");
	}
}

enum demand {
	DEMAND_MET,  /* something must match */
	DEMAND_KEPT, /* what is there must match */
};

/* OWNER and VERB begin the sentence: "numpy" "depends on", or "" "the spec". */
static void judge(struct lk_lock_world *w, struct findings *f, enum demand demand, lk_str text,
	enum lk_spec_origin origin, lk_str owner, const char *verb)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(4096);
	lk_buf_appendf(&line, LK_STR_FMT "%s%s '" LK_STR_FMT "'", LK_STR_ARG(owner),
		owner.len > 0 ? " " : "", verb, LK_STR_ARG(text));
	struct lk_error why = LK_ERROR_INIT;
	const struct lk_matchspec *spec = lk_lock_world_spec(w, text, origin, &why);
	if (!spec) {
		lk_buf_appendf(&line, ", which is no valid spec: %s", why.message);
	} else if (!lk_lock_world_is_live(w, spec) ||
		(demand == DEMAND_MET ? lk_lock_world_is_met(w, spec)
				      : lk_lock_world_is_kept(w, spec))) {
		return;
	} else {
		lk_buf_puts(&line, ", but ");
		put_instead(w, spec, &line);
	}
	add_finding(f, lk_buf_cstr(&line));
}

int lk_lock_check_consistent(const struct lk_lock_platform *platform,
	const struct lk_report *report, struct lk_error *err)
{
	struct lk_lock_world LK_CLEANUP(lk_lock_world_done) w;
	lk_lock_world_init(&w, platform, &platform->solved_with);
	struct findings f = {.report = report, .err = err, .subdir = platform->subdir};
	for (size_t i = 0; i < platform->specs.n; i++) {
		judge(&w, &f, DEMAND_MET, platform->specs.items[i], LK_SPEC_USER, LK_STR(""),
			"the specs ask for");
	}
	for (size_t i = 0; i < platform->pins.n; i++) {
		judge(&w, &f, DEMAND_KEPT, platform->pins.items[i], LK_SPEC_USER, LK_STR(""),
			"a pin allows only");
	}
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		for (size_t d = 0; d < record->depends.n; d++) {
			judge(&w, &f, DEMAND_MET, record->depends.items[d], LK_SPEC_REPODATA,
				record->name, "depends on");
		}
		for (size_t c = 0; c < record->constrains.n; c++) {
			judge(&w, &f, DEMAND_KEPT, record->constrains.items[c], LK_SPEC_REPODATA,
				record->name, "allows only");
		}
	}
	return f.n > 0 ? (int)LK_E_FINDING : 0;
}

/* The first package whose specs say REQUIREMENT. */
static lk_str asked_by(struct lk_lock_world *w, lk_str requirement, enum demand demand)
{
	for (size_t i = 0; i < w->platform->n_packages; i++) {
		const struct lk_record *record = &w->platform->packages[i];
		const struct lk_str_list *specs =
			demand == DEMAND_MET ? &record->depends : &record->constrains;
		for (size_t s = 0; s < specs->n; s++) {
			if (lk_lock_spec_is_virtual(specs->items[s]) &&
				lk_str_eq(lk_lock_requirement(specs->items[s], &w->arena),
					requirement)) {
				return record->name;
			}
		}
	}
	return LK_STR("the lock");
}

struct unmet {
	struct lk_buf text;
	size_t n;
	lk_str name; /* of the first */
};

/* What no message can show any more is left out: each search for who asks goes through all
 * packages. */
static void put_unmet(struct lk_lock_world *w, struct unmet *unmet, const struct lk_matchspec *spec,
	lk_str requirement, enum demand demand)
{
	if (unmet->text.len >= sizeof(((struct lk_error *)0)->message)) {
		return;
	}
	const struct lk_virtual *has = lk_virtuals_find(w->virtuals, spec->name);
	lk_buf_appendf(&unmet->text,
		"%s" LK_STR_FMT " (asked for by " LK_STR_FMT "; this host has ",
		unmet->n == 0 ? "" : ", ", LK_STR_ARG(requirement),
		LK_STR_ARG(asked_by(w, requirement, demand)));
	if (!has) {
		lk_buf_puts(&unmet->text, "none)");
	} else if (has->build.len == 0 || lk_str_is(has->build, "0")) {
		lk_buf_appendf(&unmet->text, LK_STR_FMT ")", LK_STR_ARG(has->version));
	} else {
		lk_buf_appendf(&unmet->text, LK_STR_FMT "=" LK_STR_FMT ")",
			LK_STR_ARG(has->version), LK_STR_ARG(has->build));
	}
	if (unmet->n++ == 0) {
		unmet->name = spec->name;
	}
}

static int compare_with_host(struct lk_lock_world *w, struct unmet *unmet,
	const struct lk_str_list *requirements, enum demand demand, struct lk_error *err)
{
	for (size_t i = 0; i < requirements->n; i++) {
		lk_str text = requirements->items[i];
		const struct lk_matchspec *spec =
			lk_lock_world_spec(w, text, LK_SPEC_REPODATA, err);
		if (!spec) {
			return lk_wrap(
				err, "'requires' of " LK_STR_FMT, LK_STR_ARG(w->platform->subdir));
		}
		bool met = !lk_lock_world_is_live(w, spec) ||
			(demand == DEMAND_MET ? lk_lock_world_is_met(w, spec)
					      : lk_lock_world_is_kept(w, spec));
		if (!met) {
			put_unmet(w, unmet, spec, text, demand);
		}
	}
	return 0;
}

/* What to do about an unmet NAME: first of all, how to lock for a host such as this one. */
static void hint_for_host(const struct lk_virtuals *host, lk_str name, struct lk_error *err)
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

int lk_lock_check_host(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
	struct lk_error *err)
{
	struct lk_lock_world LK_CLEANUP(lk_lock_world_done) w;
	lk_lock_world_init(&w, platform, host);
	struct unmet unmet = {.text = LK_BUF_INIT(1 << 20)};
	int rc = compare_with_host(&w, &unmet, &platform->requires_depends, DEMAND_MET, err);
	if (rc == 0) {
		rc = compare_with_host(
			&w, &unmet, &platform->requires_constrains, DEMAND_KEPT, err);
	}
	if (rc == 0 && unmet.n > 0) {
		rc = lk_fail(err, LK_E_HOST, "this host does not meet what the lock requires: %s",
			lk_buf_cstr(&unmet.text));
		hint_for_host(host, unmet.name, err);
	}
	lk_buf_done(&unmet.text);
	return rc;
}
