/*
 * Findings as values, and the checks that a lock alone decides.
 */
#include "lock/check_priv.h"

#include "base/workers.h"

#define WORTH_THREADS 1000 /* packages */

void lk_findings_done(struct lk_findings *findings)
{
	for (size_t i = 0; i < findings->list.len; i++) {
		lk_vec_done(&findings->list.items[i].platforms);
		lk_vec_done(&findings->list.items[i].packages);
		lk_map_done(&findings->list.items[i].known);
	}
	lk_vec_done(&findings->list);
	lk_map_done(&findings->known);
	lk_arena_done(&findings->arena);
}

static const struct {
	const char *name;
	enum lk_finding_level level;
	const char *hint;
} kinds[LK_FINDING_COUNT] = {
#define LOCK_AGAIN "lock again: lockenv solve"
	[LK_FINDING_SPEC] = {"spec-unanswered", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_PIN] = {"pin-broken", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_MISSING] = {"dependency-missing", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_UNMET] = {"dependency-unmet", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_CONSTRAINT] = {"constraint-broken", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_PLATFORMS] = {"platforms-changed", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_SPECS] = {"specs-changed", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_CHANNELS] = {"channels-changed", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_VARIABLES] = {"variables-changed", LK_LEVEL_FINDING, LOCK_AGAIN},
	[LK_FINDING_CHANNEL_DENIED] = {"channel-denied", LK_LEVEL_FINDING,
		"take the packages from a channel that the policy allows"},
	[LK_FINDING_LICENSE_DENIED] = {"license-denied", LK_LEVEL_FINDING,
		"ask for another package, or have the policy except this one"},
	[LK_FINDING_PACKAGE_DENIED] = {"package-denied", LK_LEVEL_FINDING,
		"lock another version: lockenv solve with a pin or spec that rules it out"},
	[LK_FINDING_REQUIREMENT] = {"requirement-exceeded", LK_LEVEL_FINDING,
		"solve for the weakest host: --cuda, --glibc or --virtual"},
	[LK_FINDING_INTEGRITY] = {"integrity-missing", LK_LEVEL_FINDING,
		"the channel has to give it; then lock again"},
	[LK_FINDING_PLAIN_HTTP] = {"plain-http", LK_LEVEL_WARNING, "use https where there is any"},
	[LK_FINDING_FORM] = {"not-canonical", LK_LEVEL_NOTE, "lockenv solve writes it anew"},
	[LK_FINDING_UNKNOWN] = {"unknown-field", LK_LEVEL_WARNING,
		"a newer lockenv may know it; this one does as if it were not there"},
#undef LOCK_AGAIN
};

const char *lk_finding_name(enum lk_finding_kind kind)
{
	return kinds[kind].name;
}

struct lk_finding *lk_findings_add(struct lk_findings *findings, enum lk_finding_kind kind,
	lk_str platform, lk_str package, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *message = lk_arena_vprintf(&findings->arena, fmt, args);
	va_end(args);
	lk_str key = lk_str_printf(&findings->arena, "%s %s", kinds[kind].name, message);
	uint32_t next = (uint32_t)findings->list.len;
	uint32_t at = lk_map_add(&findings->known, key, next);
	if (at == next) {
		lk_vec_push(&findings->list,
			(struct lk_finding){.kind = kind,
				.level = kinds[kind].level,
				.message = lk_str_of(message),
				.hint = lk_str_of(kinds[kind].hint)});
		findings->n_findings += kinds[kind].level == LK_LEVEL_FINDING;
	}
	struct lk_finding *finding = &findings->list.items[at];
	struct lk_strs *platforms = &finding->platforms;
	/* Platforms are checked one after the other. */
	if (platform.len > 0 &&
		(platforms->len == 0 ||
			!lk_str_eq(platforms->items[platforms->len - 1], platform))) {
		lk_vec_push(platforms, lk_str_dup(&findings->arena, platform));
	}
	if (package.len > 0 && lk_map_get(&finding->known, package) == LK_MAP_NONE) {
		lk_str name = lk_str_dup(&findings->arena, package);
		lk_map_set(&finding->known, name, 0);
		lk_vec_push(&finding->packages, name);
	}
	return finding;
}

void lk_findings_harden(struct lk_findings *findings)
{
	for (size_t i = 0; i < findings->list.len; i++) {
		findings->list.items[i].level = LK_LEVEL_FINDING;
	}
	findings->n_findings = findings->list.len;
}

struct consistency {
	struct lk_findings *findings;
	lk_str platform;
};

static void add_fault(void *ctx, const struct lk_lock_fault *fault)
{
	static const enum lk_finding_kind finding_of[] = {
		[LK_LOCK_FAULT_SPEC] = LK_FINDING_SPEC,
		[LK_LOCK_FAULT_PIN] = LK_FINDING_PIN,
		[LK_LOCK_FAULT_MISSING] = LK_FINDING_MISSING,
		[LK_LOCK_FAULT_UNMET] = LK_FINDING_UNMET,
		[LK_LOCK_FAULT_CONSTRAINT] = LK_FINDING_CONSTRAINT,
	};
	struct consistency *c = ctx;
	lk_findings_add(c->findings, finding_of[fault->kind], c->platform, fault->package, "%s",
		fault->text);
}

struct fault_counts {
	const struct lk_lock *lock;
	lk_str platform;
	size_t *faults; /* beside the platforms */
};

static void count_fault(void *ctx, const struct lk_lock_fault *fault)
{
	(void)fault;
	(*(size_t *)ctx)++;
}

static int count_faults(void *ctx, size_t index, struct lk_error *err)
{
	(void)err;
	const struct fault_counts *c = ctx;
	const struct lk_lock_platform *one = &c->lock->platforms[index];
	if (lk_check_wants(c->platform, one)) {
		lk_lock_each_fault(one, count_fault, &c->faults[index]);
	}
	return 0;
}

/* Most platforms have no fault, which several threads find out; those that have some are looked
 * through again, in their order. */
void lk_check_consistent(const struct lk_lock *lock, lk_str platform, struct lk_findings *findings)
{
	struct lk_error ignored = LK_ERROR_INIT;
	size_t *LK_AUTO_FREE faults = lk_calloc(lock->n_platforms, sizeof(*faults));
	struct fault_counts counts = {lock, platform, faults};
	size_t packages = 0;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		packages += lock->platforms[i].n_packages;
	}
	if (lk_workers_run(packages > WORTH_THREADS ? 0 : 1, lock->n_platforms, count_faults,
		    &counts, &ignored) < 0) {
		return; /* it never fails */
	}
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *one = &lock->platforms[i];
		if (faults[i] > 0) {
			struct consistency c = {findings, one->subdir};
			lk_lock_each_fault(one, add_fault, &c);
		}
	}
}

/* The number of the first line that A and B do not share. */
static unsigned first_difference(lk_str a, lk_str b)
{
	unsigned line = 1;
	for (size_t i = 0; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++) {
		line += a.ptr[i] == '\n';
	}
	return line;
}

void lk_check_form(const struct lk_lock *lock, lk_str text, struct lk_findings *findings)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) canonical = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_error err = LK_ERROR_INIT;
	lk_str none = LK_STR("");
	if (lk_lock_write(lock, &canonical, &err) < 0) {
		lk_findings_add(findings, LK_FINDING_FORM, none, none,
			"lockenv could not write it: %s", err.message);
	} else if (!lk_str_eq(lk_buf_view(&canonical), text)) {
		lk_findings_add(findings, LK_FINDING_FORM, none, none,
			"line %u does not stand as lockenv writes it",
			first_difference(text, lk_buf_view(&canonical)));
	}
}

lk_str lk_check_source(const struct lk_record *record)
{
	lk_str url = record->url;
	size_t slash = lk_str_rfind_char(url, '/');
	lk_str folder = slash == SIZE_MAX ? url : lk_str_slice(url, 0, slash);
	size_t tail = record->subdir.len + 1;
	bool in_subdir = folder.len > tail && lk_str_ends(folder, record->subdir) &&
		folder.ptr[folder.len - tail] == '/';
	return in_subdir ? lk_str_slice(folder, 0, folder.len - tail) : folder;
}

static bool is_plain(lk_str url)
{
	return lk_str_starts(url, LK_STR("http://"));
}

void lk_check_transport(const struct lk_lock *lock, lk_str platform, struct lk_findings *findings)
{
	struct lk_map LK_CLEANUP(lk_map_done) told = {0};
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_str url = lock->channels[i].url;
		if (is_plain(url) && lk_map_add(&told, url, (uint32_t)i) == i) {
			lk_findings_add(findings, LK_FINDING_PLAIN_HTTP, LK_STR(""), LK_STR(""),
				"channel " LK_STR_FMT
				" is plain http: anybody on the way can change what solve reads",
				LK_STR_ARG(url));
		}
	}
	for (size_t p = 0; p < lock->n_platforms; p++) {
		const struct lk_lock_platform *one = &lock->platforms[p];
		for (size_t i = 0; lk_check_wants(platform, one) && i < one->n_packages; i++) {
			const struct lk_record *record = &one->packages[i];
			if (is_plain(record->url) &&
				lk_map_get(&told, lk_check_source(record)) == LK_MAP_NONE) {
				lk_findings_add(findings, LK_FINDING_PLAIN_HTTP, one->subdir,
					record->name, "fetched by plain http");
			}
		}
	}
}
