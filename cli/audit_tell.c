/*
 * What an audit found, for people and as JSON.
 */
#include "cli/audited.h"

#include "audit/host_library.h"
#include "audit/symver.h"

#define SHOWN_CAUSES 20 /* without -v: a screen, with what stands below them */

static const struct lk_survey_file *file_of(const struct lk_audited *a, const struct lk_flaw *flaw)
{
	return &a->survey.files.items[flaw->file];
}

static lk_str dist_of(const struct lk_audited *a, uint32_t package)
{
	return package == LK_SURVEY_NONE ? LK_STR("files of no package")
					 : a->survey.packages.items[package].dist;
}

/* Is it the same thing, about another file of the same package? The list is sorted so that such
 * stand together. */
static bool is_same_cause(
	const struct lk_audited *a, const struct lk_flaw *left, const struct lk_flaw *right)
{
	return left->level == right->level && left->kind == right->kind &&
		left->ignored == right->ignored && lk_str_eq(left->what, right->what) &&
		file_of(a, left)->package == file_of(a, right)->package;
}

/* ---- for people ---- */

struct telling {
	struct lk_app *app;
	const struct lk_audited *audited;
	size_t n_causes; /* that were told, or would have been */
	bool begun;
	uint32_t package; /* that the last line was about */
};

/* One line, about N files of which FLAW's is the first. */
static void tell_cause(struct telling *t, const struct lk_flaw *flaw, size_t n)
{
	struct lk_app *app = t->app;
	uint32_t package = file_of(t->audited, flaw)->package;
	if (++t->n_causes > SHOWN_CAUSES && app->common.verbose == 0) {
		return;
	}
	if (!t->begun || package != t->package) {
		lk_app_text(app, dist_of(t->audited, package), 0);
		lk_buf_puts(&app->out, ":\n");
		t->begun = true;
		t->package = package;
	}
	lk_buf_puts(&app->out, flaw->level == LK_FLAW_HINT ? "  hint: " : "  ");
	lk_app_text(app, file_of(t->audited, flaw)->path, 0);
	if (n > 1) {
		lk_buf_appendf(&app->out, " (and %zu more)", n - 1);
	}
	lk_buf_putc(&app->out, ' ');
	lk_app_text(app, flaw->text, 0);
	lk_buf_putc(&app->out, '\n');
}

/* The flaws of LEVEL, each cause once. */
static void tell_level(struct telling *t, enum lk_flaw_level level)
{
	const struct lk_audited *a = t->audited;
	for (size_t i = 0; i < a->flaws.list.len;) {
		const struct lk_flaw *flaw = &a->flaws.list.items[i];
		size_t n = 1;
		while (i + n < a->flaws.list.len &&
			is_same_cause(a, flaw, &a->flaws.list.items[i + n])) {
			n++;
		}
		if (flaw->level == level && !flaw->ignored) {
			tell_cause(t, flaw, n);
		}
		i += n;
	}
}

/* A library of the host, and how many files need it. */
struct host_library {
	lk_str name;
	size_t n;
};
struct host_libraries LK_VEC_OF(struct host_library);

/* Few: those that a host may be asked for stand in a list. */
static struct host_library *library_of(struct host_libraries *libraries, lk_str name)
{
	for (size_t i = 0; i < libraries->len; i++) {
		if (lk_str_eq(libraries->items[i].name, name)) {
			return &libraries->items[i];
		}
	}
	lk_vec_push(libraries, (struct host_library){.name = name});
	return &libraries->items[libraries->len - 1];
}

static void count_host_libraries(const struct lk_audited *a, struct host_libraries *ret)
{
	for (size_t i = 0; i < a->flaws.list.len; i++) {
		const struct lk_flaw *flaw = &a->flaws.list.items[i];
		if (flaw->kind == LK_FLAW_HOST) {
			library_of(ret, flaw->what)->n++;
		}
	}
}

/* "from the host: libGL.so.1 (3 files), libcuda.so.1 (1); the C library" */
static void tell_host(struct lk_app *app, const struct lk_audited *a)
{
	struct host_libraries libraries = {0};
	size_t n = 0;
	bool has_c = false;
	count_host_libraries(a, &libraries);
	for (size_t i = 0; i < libraries.len; i++) {
		const struct host_library *library = &libraries.items[i];
		if (lk_host_library_of(library->name) == LK_HOST_C) {
			has_c = true;
			continue;
		}
		lk_buf_puts(&app->out, n++ == 0 ? "from the host: " : ", ");
		lk_app_text(app, library->name, 0);
		lk_buf_appendf(&app->out, " (%zu)", library->n);
	}
	if (n > 0) {
		lk_buf_puts(&app->out, has_c ? ", the C library\n" : "\n");
	}
	lk_vec_done(&libraries);
}

/* "highest: GLIBC_2.17 (lib/libz.so.1.3.1), GLIBCXX_3.4.30 (...)" */
static void tell_highest(struct lk_app *app, const struct lk_audited *a)
{
	static const char *const families[] = {"GLIBC", "GLIBCXX", "CXXABI"};
	size_t n = 0;
	for (size_t k = 0; k < LK_COUNTOF(families); k++) {
		const struct lk_highest *best = NULL;
		for (size_t i = 0; i < a->highest.len; i++) {
			const struct lk_highest *one = &a->highest.items[i];
			if (lk_str_is(one->family, families[k]) &&
				(!best || lk_symver_cmp(one->version, best->version) > 0)) {
				best = one;
			}
		}
		if (best) {
			lk_buf_puts(&app->out, n++ == 0 ? "highest: " : ", ");
			lk_buf_appendf(&app->out, "%s_", families[k]);
			lk_app_text(app, best->version, 0);
			lk_buf_puts(&app->out, " (");
			lk_app_text(app, a->survey.files.items[best->file].path, 0);
			lk_buf_putc(&app->out, ')');
		}
	}
	lk_buf_puts(&app->out, n > 0 ? "\n" : "");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void lk_audit_tell(struct lk_app *app, const struct lk_audited *a)
{
	struct telling t = {.app = app, .audited = a, .package = LK_SURVEY_NONE};
	tell_level(&t, LK_FLAW_FINDING);
	tell_level(&t, LK_FLAW_HINT);
	if (t.n_causes > SHOWN_CAUSES && app->common.verbose == 0) {
		lk_buf_appendf(
			&app->out, "... and %zu more (-v tells them)\n", t.n_causes - SHOWN_CAUSES);
	}
	tell_host(app, a);
	tell_highest(app, a);
	lk_audit_tell_gpu(app, a);
	struct lk_buf LK_CLEANUP(lk_buf_done) ignored = LK_BUF_INIT(64);
	if (a->n_ignored > 0) {
		lk_buf_appendf(&ignored, ", %zu ignored", a->n_ignored);
	}
	lk_note(&app->report, 0,
		"%s (" LK_STR_FMT "): %zu ELF file%s in %zu package%s: %zu finding%s, "
		"%zu hint%s%s",
		a->shown, LK_STR_ARG(a->subdir), a->n_elf, plural(a->n_elf), a->survey.packages.len,
		plural(a->survey.packages.len), a->n_findings, plural(a->n_findings), a->n_hints,
		plural(a->n_hints), lk_buf_cstr(&ignored));
	if (a->links.tangled) {
		lk_warn(&app->report, "%s: the libraries are too tangled: not all was looked at",
			a->shown);
	}
}

/* ---- JSON ---- */

static void put_package(const struct lk_audited *a, uint32_t package, struct lk_jw *w)
{
	lk_jw_key(w, "package");
	if (package == LK_SURVEY_NONE) {
		lk_jw_null(w);
	} else {
		lk_jw_string(w, a->survey.packages.items[package].dist);
	}
}

static void put_targets(const struct lk_audited *a, struct lk_jw *w)
{
	lk_jw_key(w, "targets");
	lk_jw_array(w);
	for (size_t i = 0; i < a->targets.len; i++) {
		const struct lk_target *target = &a->targets.items[i];
		lk_jw_object(w);
		lk_jw_opt_string(w, "name", target->name);
		lk_jw_opt_string(w, "glibc", target->glibc);
		if (target->level > 0) {
			lk_jw_key_uint(w, "x86_64_level", target->level);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_flaws(const struct lk_audited *a, struct lk_jw *w)
{
	lk_jw_key(w, "findings");
	lk_jw_array(w);
	for (size_t i = 0; i < a->flaws.list.len; i++) {
		const struct lk_flaw *flaw = &a->flaws.list.items[i];
		if (flaw->kind == LK_FLAW_HOST && flaw->level == LK_FLAW_NOTE) {
			continue; /* in "host" */
		}
		lk_jw_object(w);
		lk_jw_key_string(w, "level", lk_str_of(lk_flaw_level_name(flaw->level)));
		lk_jw_key_string(w, "kind", lk_str_of(lk_flaw_kind_name(flaw->kind)));
		put_package(a, file_of(a, flaw)->package, w);
		lk_jw_key_string(w, "path", file_of(a, flaw)->path);
		lk_jw_opt_string(w, "what", flaw->what);
		lk_jw_key_string(w, "text", flaw->text);
		lk_jw_opt_string(w, "target", flaw->target);
		if (flaw->ignored) {
			lk_jw_key(w, "ignored");
			lk_jw_bool(w, true);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_host(const struct lk_audited *a, struct lk_jw *w)
{
	struct host_libraries libraries = {0};
	count_host_libraries(a, &libraries);
	lk_jw_key(w, "host");
	lk_jw_array(w);
	for (size_t i = 0; i < libraries.len; i++) {
		const struct host_library *library = &libraries.items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "library", library->name);
		lk_jw_key_string(w, "part",
			lk_str_of(lk_host_library_what(lk_host_library_of(library->name))));
		lk_jw_key_uint(w, "files", library->n);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_vec_done(&libraries);
}

static void put_highest(const struct lk_audited *a, struct lk_jw *w)
{
	lk_jw_key(w, "highest");
	lk_jw_array(w);
	for (size_t i = 0; i < a->highest.len; i++) {
		const struct lk_highest *one = &a->highest.items[i];
		lk_jw_object(w);
		put_package(a, one->package, w);
		lk_jw_key_string(w, "family", one->family);
		lk_jw_key_string(w, "version", one->version);
		lk_jw_key_string(w, "path", a->survey.files.items[one->file].path);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

void lk_audit_put_json(const struct lk_audited *a, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key_string(w, a->is_prefix ? "prefix" : "lock", lk_str_of(a->shown));
	lk_jw_key_string(w, "platform", a->subdir);
	lk_jw_key_uint(w, "packages", a->survey.packages.len);
	lk_jw_key_uint(w, "files", a->survey.files.len);
	lk_jw_key_uint(w, "elf_files", a->n_elf);
	put_targets(a, w);
	put_flaws(a, w);
	put_host(a, w);
	put_highest(a, w);
	lk_audit_put_gpu(a, w);
	lk_jw_key(w, "complete");
	lk_jw_bool(w, !a->links.tangled);
	lk_jw_key(w, "ok");
	lk_jw_bool(w, a->n_findings == 0);
	lk_jw_end(w);
}
