/*
 * Every version, dependency and constraint of the real channel data, and every spec that people
 * wrote for the real environments: all of them parse, versions are in one order, and the canonical
 * form of each spec means the same for every real record of its name. Skipped where the data is not
 * at hand.
 */
#include <fcntl.h>
#include <fts.h>
#include <unistd.h>

#include "base/json.h"
#include "base/map.h"
#include "base/stream.h"
#include "conda/matchspec.h"
#include "tests/unit/conda/vectors.h"

struct candidate {
	const struct lk_version *version;
	lk_str build;
};

struct name {
	lk_str text;
	struct candidate *items;
	size_t len, cap;
};

struct parsed_version {
	const struct lk_version *version; /* NULL: it does not parse */
};

/* Distinct texts in the order they were met. */
struct texts {
	struct lk_map map;
	struct lk_strs list;
	size_t seen; /* with repetitions */
};

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	struct texts specs, user_specs, versions, dists;
	struct lk_map names_map;
	struct names LK_VEC_OF(struct name) names;
	struct parsed_versions LK_VEC_OF(struct parsed_version) parsed;
	size_t n_files, n_records;
	size_t n_failures;
};

static bool add_text(struct fixture *f, struct texts *texts, lk_str text)
{
	texts->seen++;
	if (lk_map_get(&texts->map, text) != LK_MAP_NONE) {
		return false;
	}
	lk_str copy = lk_str_dup(&f->arena, text);
	lk_map_add(&texts->map, copy, (uint32_t)texts->list.len);
	lk_vec_push(&texts->list, copy);
	return true;
}

static void texts_done(struct texts *texts)
{
	lk_map_done(&texts->map);
	lk_vec_done(&texts->list);
}

static void tell_failure(struct fixture *f, lk_str text)
{
	f->n_failures++;
	print_message("'" LK_STR_FMT "': %s\n", LK_STR_ARG(text), f->err.message);
}

static void read_zst(const char *path, struct lk_buf *buf)
{
	struct lk_error err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct lk_stream *LK_CLEANUP(lk_stream_free_p) stream =
		lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	if (lk_stream_read_all(stream, buf, &err) < 0) {
		fail_msg("%s: %s", path, err.message);
	}
}

static void add_strings(struct fixture *f, struct texts *texts, const struct lk_json *array)
{
	for (size_t i = 0; i < lk_json_size(array); i++) {
		add_text(f, texts, lk_json_string(lk_json_at(array, i)));
	}
}

static const struct lk_version *parse_version(struct fixture *f, lk_str text)
{
	add_text(f, &f->versions, text);
	uint32_t index = lk_map_get(&f->versions.map, text);
	if (index == f->parsed.len) {
		const struct lk_version *version = NULL;
		if (lk_version_parse(text, &f->arena, &version, &f->err) < 0) {
			tell_failure(f, text);
		}
		lk_vec_push(&f->parsed, (struct parsed_version){version});
	}
	return f->parsed.items[index].version;
}

static void add_candidate(struct fixture *f, lk_str name, lk_str version, lk_str build)
{
	lk_str dist = lk_str_printf(&f->arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT,
		LK_STR_ARG(name), LK_STR_ARG(version), LK_STR_ARG(build));
	const struct lk_version *parsed = parse_version(f, version);
	if (!add_text(f, &f->dists, dist) || !parsed) {
		return;
	}
	uint32_t index = lk_map_get(&f->names_map, name);
	if (index == LK_MAP_NONE) {
		index = (uint32_t)f->names.len;
		struct name entry = {.text = lk_str_dup(&f->arena, name)};
		lk_map_add(&f->names_map, entry.text, index);
		lk_vec_push(&f->names, entry);
	}
	struct name *entry = &f->names.items[index];
	lk_vec_push(entry, (struct candidate){parsed, lk_str_dup(&f->arena, build)});
}

static int add_record(void *ctx, lk_str key, const struct lk_json *record)
{
	struct fixture *f = ctx;
	(void)key;
	f->n_records++;
	add_strings(f, &f->specs, lk_json_get(record, "depends"));
	add_strings(f, &f->specs, lk_json_get(record, "constrains"));
	add_candidate(f, lk_json_string(lk_json_get(record, "name")),
		lk_json_string(lk_json_get(record, "version")),
		lk_json_string(lk_json_get(record, "build")));
	return 0;
}

static void read_repodata(struct fixture *f, const char *path)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)1 << 30);
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	read_zst(path, &text);
	if (lk_json_parse(lk_buf_view(&text), path, 16, &doc, &f->err) < 0) {
		fail_msg("%s: %s", path, f->err.message);
	}
	const struct lk_json *root = lk_json_root(doc);
	f->n_files++;
	lk_json_each(lk_json_get(root, "packages"), add_record, f);
	lk_json_each(lk_json_get(root, "packages.conda"), add_record, f);
}

/* A line of the environments is JSON; only its "specs" are of interest. */
static void read_environments(struct fixture *f, const char *path)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)1 << 30);
	read_zst(path, &text);
	lk_str rest = lk_buf_view(&text);
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		size_t at = lk_str_find(line, LK_STR("\"specs\": ["));
		if (at == SIZE_MAX) {
			continue;
		}
		lk_str array = lk_str_skip(line, at + strlen("\"specs\": "));
		size_t end = lk_str_find(array, LK_STR("\"]"));
		if (end == SIZE_MAX) {
			continue; /* an empty list */
		}
		struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
		assert_int_equal(
			lk_json_parse(lk_str_slice(array, 0, end + 2), path, 16, &doc, &f->err), 0);
		add_strings(f, &f->user_specs, lk_json_root(doc));
	}
	f->n_files++;
}

/* Calls READ for each file below FOLDER of the shared data whose name ends in SUFFIX. */
static void for_each_file(struct fixture *f, const char *folder, const char *suffix,
	void (*read)(struct fixture *f, const char *path))
{
	char *paths[] = {lk_asprintf("%s/%s", LK_SHARED_DATA, folder), NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	assert_non_null(walk);
	FTSENT *entry;
	while ((entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_F &&
			lk_str_ends(lk_str_of(entry->fts_name), lk_str_of(suffix))) {
			read(f, entry->fts_path);
		}
	}
	fts_close(walk);
	lk_free(paths[0]);
}

static int read_all(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*state = f;
	if (access(LK_SHARED_DATA "/channels", R_OK) != 0) {
		return 0;
	}
	for_each_file(f, "channels", "repodata.json.zst", read_repodata);
	for_each_file(f, "envs", ".jsonl.zst", read_environments);
	return 0;
}

static int free_all(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->names.len; i++) {
		lk_vec_done(&f->names.items[i]);
	}
	texts_done(&f->specs);
	texts_done(&f->user_specs);
	texts_done(&f->versions);
	texts_done(&f->dists);
	lk_map_done(&f->names_map);
	lk_vec_done(&f->names);
	lk_vec_done(&f->parsed);
	lk_arena_done(&f->arena);
	return 0;
}

static void skip_without_data(const struct fixture *f)
{
	if (f->n_files == 0) {
		print_message("no channel data at %s\n", LK_SHARED_DATA);
		skip();
	}
}

static void every_version_parses(void **state)
{
	struct fixture *f = *state;
	skip_without_data(f);
	print_message("%zu files, %zu records, %zu distinct versions\n", f->n_files, f->n_records,
		f->versions.list.len);
	assert_int_equal(f->n_failures, 0);
	assert_in_range(f->n_records, 100000, SIZE_MAX);
}

static int cmp_parsed(const void *a, const void *b)
{
	return lk_version_cmp(((const struct parsed_version *)a)->version,
		((const struct parsed_version *)b)->version);
}

static int sign_of(ptrdiff_t n)
{
	return (n > 0) - (n < 0);
}

/* Sorted once, pairs must agree with their places, equality with sharing one: that is antisymmetry
 * and transitivity. Neighbours all, others in steps that reach every distance. */
static void every_version_has_its_place(void **state)
{
	struct fixture *f = *state;
	skip_without_data(f);
	size_t n = f->parsed.len;
	struct parsed_version *sorted = lk_calloc(n, sizeof(*sorted));
	ptrdiff_t *places = lk_calloc(n, sizeof(*places));
	memcpy(sorted, f->parsed.items, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), cmp_parsed);
	for (size_t i = 1; i < n; i++) {
		places[i] =
			places[i - 1] + !lk_version_eq(sorted[i - 1].version, sorted[i].version);
	}
	size_t n_pairs = 0;
	for (size_t step = 1; step < n; step += 1 + step / 16) {
		for (size_t i = 0; i + step < n; i++, n_pairs++) {
			const struct lk_version *a = sorted[i].version;
			const struct lk_version *b = sorted[i + step].version;
			int expected = sign_of(places[i] - places[i + step]);
			if (sign_of(lk_version_cmp(a, b)) != expected ||
				sign_of(lk_version_cmp(b, a)) != -expected ||
				lk_version_eq(a, b) != (expected == 0)) {
				fail_msg("'" LK_STR_FMT "' and '" LK_STR_FMT "' break the order",
					LK_STR_ARG(lk_version_text(a)),
					LK_STR_ARG(lk_version_text(b)));
			}
		}
	}
	print_message(
		"%zu versions in %td places, %zu pairs compared\n", n, places[n - 1] + 1, n_pairs);
	lk_free(sorted);
	lk_free(places);
}

/* Does the canonical form parse to itself, and match the same records? Counts the matches. */
static size_t check_meaning(struct fixture *f, const struct lk_matchspec *spec)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) once = LK_BUF_INIT(1 << 17);
	struct lk_buf LK_CLEANUP(lk_buf_done) twice = LK_BUF_INIT(1 << 17);
	const struct lk_matchspec *again = NULL;
	lk_matchspec_canonical(spec, &once);
	if (lk_matchspec_parse(lk_buf_view(&once), LK_SPEC_REPODATA, &f->arena, &again, &f->err) <
		0) {
		fail_msg("'%s': %s", lk_buf_cstr(&once), f->err.message);
	}
	lk_matchspec_canonical(again, &twice);
	assert_string_equal(lk_buf_cstr(&once), lk_buf_cstr(&twice));
	uint32_t index = lk_map_get(&f->names_map, spec->name);
	if (index == LK_MAP_NONE) {
		return 0;
	}
	size_t n = 0;
	const struct name *name = &f->names.items[index];
	for (size_t i = 0; i < name->len; i++) {
		const struct candidate *c = &name->items[i];
		bool matches = lk_matchspec_matches_nvb(spec, name->text, c->version, c->build);
		if (lk_matchspec_matches_nvb(again, name->text, c->version, c->build) != matches) {
			fail_msg("'" LK_STR_FMT "' and '%s' differ on " LK_STR_FMT,
				LK_STR_ARG(spec->text), lk_buf_cstr(&once),
				LK_STR_ARG(lk_version_text(c->version)));
		}
		n += matches;
	}
	return n;
}

static void check_specs(
	struct fixture *f, const struct texts *specs, enum lk_spec_origin origin, const char *what)
{
	size_t matches = 0;
	size_t unmatched = 0;
	f->n_failures = 0;
	for (size_t i = 0; i < specs->list.len; i++) {
		const struct lk_matchspec *spec = NULL;
		if (lk_matchspec_parse(specs->list.items[i], origin, &f->arena, &spec, &f->err) <
			0) {
			tell_failure(f, specs->list.items[i]);
			continue;
		}
		size_t n = check_meaning(f, spec);
		matches += n;
		unmatched += n == 0;
	}
	print_message("%s: %zu strings, %zu distinct, %zu do not parse, %zu match no record, "
		      "%zu matches in all\n",
		what, specs->seen, specs->list.len, f->n_failures, unmatched, matches);
	assert_int_equal(f->n_failures, 0);
	assert_in_range(matches, specs->list.len, SIZE_MAX);
}

static void every_dependency_parses(void **state)
{
	struct fixture *f = *state;
	skip_without_data(f);
	check_specs(f, &f->specs, LK_SPEC_REPODATA, "dependencies and constraints");
}

static void every_environment_spec_parses(void **state)
{
	struct fixture *f = *state;
	skip_without_data(f);
	check_specs(f, &f->user_specs, LK_SPEC_USER, "specs of environments");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_parses),
		cmocka_unit_test(every_version_has_its_place),
		cmocka_unit_test(every_dependency_parses),
		cmocka_unit_test(every_environment_spec_parses),
	};
	return cmocka_run_group_tests(tests, read_all, free_all);
}
