/*
 * A lock as conda-lock.yml version 1 (CEP 37), in the order and with the fields of the program of
 * that name.
 *
 * Its content_hash is that of the packages, as the CEP has it: the program itself hashes the specs,
 * with facts of its own that no lock of ours knows.
 */
#include "lock/export_priv.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/fs.h"

struct dependency {
	lk_str name, constraint;
	size_t index; /* in `depends` */
};

struct exporter {
	struct lk_yaml_writer *yaml;
	const struct lk_report *report;
	struct lk_arena arena;
	struct LK_VEC_OF(struct dependency) dependencies; /* of the package at hand */
	size_t no_md5;
	lk_str first_without_md5;
};

/* The SHA-256 of a line "ADDRESS#SHA256" for each package, by name. */
static void put_content_hash(struct exporter *e, const struct lk_lock_platform *platform)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_sha256 sum;
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		char hex[LK_HEX_MAX];
		lk_hex(record->sha256.bytes, sizeof(record->sha256.bytes), hex);
		lk_digest_update(digest, record->url.ptr, record->url.len);
		lk_digest_update(digest, "#", 1);
		lk_digest_update(digest, hex, strlen(hex));
		lk_digest_update(digest, "\n", 1);
	}
	lk_digest_final(digest, sum.bytes);
	lk_export_hex(
		e->yaml, lk_str_dup(&e->arena, platform->subdir).ptr, sum.bytes, sizeof(sum.bytes));
}

static void put_metadata(struct exporter *e, const struct lk_lock *lock)
{
	lk_yaml_cstring(e->yaml, "metadata");
	lk_yaml_mapping(e->yaml);
	lk_yaml_cstring(e->yaml, "content_hash");
	lk_yaml_mapping(e->yaml);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		put_content_hash(e, &lock->platforms[i]);
	}
	lk_yaml_end(e->yaml);
	lk_yaml_cstring(e->yaml, "channels");
	lk_yaml_sequence(e->yaml);
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_yaml_mapping(e->yaml);
		lk_export_pair(
			e->yaml, "url", lk_export_channel_name(&lock->channels[i], &e->arena));
		lk_yaml_cstring(e->yaml, "used_env_vars");
		lk_yaml_sequence(e->yaml);
		lk_yaml_end(e->yaml);
		lk_yaml_end(e->yaml);
	}
	lk_yaml_end(e->yaml);
	lk_yaml_cstring(e->yaml, "platforms");
	lk_yaml_sequence(e->yaml);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		lk_yaml_string(e->yaml, lock->platforms[i].subdir);
	}
	lk_yaml_end(e->yaml);
	/* micromamba insists on one. */
	lk_yaml_cstring(e->yaml, "sources");
	lk_yaml_sequence(e->yaml);
	lk_str file = lk_path_basename(lock->file);
	lk_yaml_string(e->yaml, file.len > 0 ? file : LK_STR("env.lock"));
	lk_yaml_end(e->yaml);
	lk_yaml_end(e->yaml);
}

static struct dependency split_spec(lk_str spec, size_t index)
{
	size_t n = 0;
	while (n < spec.len &&
		(lk_is_alnum(spec.ptr[n]) ||
			lk_str_find_char(LK_STR("._-"), spec.ptr[n]) != SIZE_MAX)) {
		n++;
	}
	return (struct dependency){
		lk_str_slice(spec, 0, n), lk_str_trim(lk_str_skip(spec, n)), index};
}

static int by_name(const void *a, const void *b)
{
	const struct dependency *left = a;
	const struct dependency *right = b;
	int order = lk_str_cmp(left->name, right->name);
	return order != 0 ? order : (left->index < right->index ? -1 : 1);
}

static bool is_free(lk_str constraint)
{
	return constraint.len == 0 || lk_str_is(constraint, "*");
}

/* VERSION and BUILD of a constraint that has no more than these. */
static bool split_constraint(lk_str constraint, lk_str *ret_version, lk_str *ret_build)
{
	size_t space = lk_str_find_char(constraint, ' ');
	*ret_version = lk_str_slice(constraint, 0, space);
	*ret_build = lk_str_trim(lk_str_skip(constraint, space)); /* nothing when there is none */
	for (size_t i = 0; i < constraint.len; i++) {
		if (lk_str_find_char(LK_STR("[;:()"), constraint.ptr[i]) != SIZE_MAX) {
			return false;
		}
	}
	return lk_str_find_char(*ret_build, ' ') == SIZE_MAX;
}

/* A comma binds tighter than a bar. */
static lk_str as_term(struct exporter *e, lk_str version)
{
	return lk_str_find_char(version, '|') == SIZE_MAX
		? version
		: lk_str_printf(&e->arena, "(" LK_STR_FMT ")", LK_STR_ARG(version));
}

static lk_str join_versions(struct exporter *e, lk_str a, lk_str b)
{
	if (is_free(b) || lk_str_eq(a, b)) {
		return a;
	}
	if (is_free(a)) {
		return b;
	}
	return lk_str_printf(&e->arena, LK_STR_FMT "," LK_STR_FMT, LK_STR_ARG(as_term(e, a)),
		LK_STR_ARG(as_term(e, b)));
}

/* OTHER, of the same name, into KEPT; false when one constraint cannot say both. */
static bool join(struct exporter *e, struct dependency *kept, const struct dependency *other)
{
	if (is_free(other->constraint) || lk_str_eq(kept->constraint, other->constraint)) {
		return true;
	}
	if (is_free(kept->constraint)) {
		kept->constraint = other->constraint;
		return true;
	}
	lk_str version;
	lk_str build;
	lk_str other_version;
	lk_str other_build;
	bool plain = split_constraint(kept->constraint, &version, &build) &&
		split_constraint(other->constraint, &other_version, &other_build);
	if (!plain || (build.len > 0 && other_build.len > 0 && !lk_str_eq(build, other_build))) {
		return false;
	}
	build = build.len > 0 ? build : other_build;
	version = join_versions(e, version, other_version);
	kept->constraint = build.len == 0 ? version
					  : lk_str_printf(&e->arena, LK_STR_FMT " " LK_STR_FMT,
						    LK_STR_ARG(version), LK_STR_ARG(build));
	return true;
}

static void tell_lost(struct exporter *e, const struct lk_record *record, size_t index)
{
	lk_warn(e->report,
		LK_STR_FMT " depends on '" LK_STR_FMT
			   "', which conda-lock's one constraint a name cannot say",
		LK_STR_ARG(record->name), LK_STR_ARG(record->depends.items[index]));
}

static void put_dependencies(struct exporter *e, const struct lk_record *record)
{
	lk_vec_clear(&e->dependencies);
	for (size_t i = 0; i < record->depends.n; i++) {
		struct dependency d = split_spec(lk_str_trim(record->depends.items[i]), i);
		if (d.name.len == 0 || lk_str_starts(d.constraint, LK_STR(":"))) {
			tell_lost(e, record, i);
		} else {
			lk_vec_push(&e->dependencies, d);
		}
	}
	if (e->dependencies.len > 0) {
		qsort(e->dependencies.items, e->dependencies.len, sizeof(*e->dependencies.items),
			by_name);
	}
	lk_yaml_cstring(e->yaml, "dependencies");
	lk_yaml_mapping(e->yaml);
	for (size_t i = 0; i < e->dependencies.len;) {
		struct dependency kept = e->dependencies.items[i++];
		for (; i < e->dependencies.len &&
			lk_str_eq(e->dependencies.items[i].name, kept.name);
			i++) {
			if (!join(e, &kept, &e->dependencies.items[i])) {
				tell_lost(e, record, e->dependencies.items[i].index);
			}
		}
		lk_yaml_string(e->yaml, kept.name);
		lk_yaml_string(e->yaml, kept.constraint);
	}
	lk_yaml_end(e->yaml);
}

static void put_package(struct exporter *e, const struct lk_export_entry *entry)
{
	const struct lk_record *record = entry->record;
	lk_yaml_mapping(e->yaml);
	lk_export_pair(e->yaml, "name", record->name);
	lk_export_pair(e->yaml, "version", record->version);
	lk_export_pair(e->yaml, "manager", LK_STR("conda"));
	lk_export_pair(e->yaml, "platform", entry->platform->subdir);
	put_dependencies(e, record);
	lk_export_pair(e->yaml, "url", record->url);
	lk_yaml_cstring(e->yaml, "hash");
	lk_yaml_mapping(e->yaml);
	if (record->has_md5) {
		lk_export_hex(e->yaml, "md5", record->md5.bytes, sizeof(record->md5.bytes));
	} else if (e->no_md5++ == 0) {
		e->first_without_md5 = record->name;
	}
	if (record->has_sha256) {
		lk_export_hex(
			e->yaml, "sha256", record->sha256.bytes, sizeof(record->sha256.bytes));
	}
	lk_yaml_end(e->yaml);
	if (!lk_export_name_follows(record)) {
		lk_export_pair(e->yaml, "build", record->build);
	}
	lk_export_pair(e->yaml, "category", LK_STR("main"));
	lk_yaml_cstring(e->yaml, "optional");
	lk_yaml_plain(e->yaml, "false");
	lk_yaml_end(e->yaml);
}

int lk_export_conda_lock(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	(void)options;
	lk_buf_puts(out,
		"# Written by lockenv export. Install it with: conda-lock install -n NAME FILE,\n"
		"# or, when its name ends in -lock.yml, with: micromamba create -n NAME -f FILE\n");
	struct exporter e = {.yaml = lk_yaml_writer_new(out), .report = report};
	struct lk_export_entries entries;
	lk_export_entries(lock, &entries);
	lk_yaml_mapping(e.yaml);
	lk_export_number(e.yaml, "version", 1);
	put_metadata(&e, lock);
	lk_yaml_cstring(e.yaml, "package");
	lk_yaml_sequence(e.yaml);
	for (size_t i = 0; i < entries.len; i++) {
		put_package(&e, &entries.items[i]);
	}
	lk_yaml_end(e.yaml);
	lk_yaml_end(e.yaml);
	int rc = lk_export_finish(e.yaml, err);
	if (rc == 0 && e.no_md5 > 0) {
		lk_warn(report,
			"%zu packages have no md5 in the lock, first " LK_STR_FMT
			": conda-lock refuses them, micromamba does not",
			e.no_md5, LK_STR_ARG(e.first_without_md5));
	}
	lk_vec_done(&entries);
	lk_vec_done(&e.dependencies);
	lk_arena_done(&e.arena);
	return rc;
}
