/*
 * Random locks of hostile values: what the writer takes the reader gives back, byte for byte and
 * value for value, in the quick way and in libyaml's; what the reader would refuse is not written.
 */
#include "lock_sample.h"

#include "lock/lock_diff.h"
#include "lock/lock_rules_priv.h"

/* What some reader of YAML takes for something else, and what breaks lines and quotes. */
static const char *const texts[] = {"", " ", "yes", "No", "on", "y", "true", "NULL", "null", "~",
	"=", "<<", "1", "-1", "+1", "1.0", ".5", "1.", "1e3", "1E-3", "1_000", "0x1", "0o7", "0b1",
	"017", "08", "12:30:45", "1:30.5", ".inf", "-.INF", ".nan", "2026-01-31",
	"2026-01-31T00:00:00Z", "2026-1-1 1:2:3", "1.2.3", "- a", "-a", "-", "--- a", "---",
	"... a", "? a", "?", ":", ": a", "a:", "a: b", "a :b", "#x", "a #x", "a#x", "&a", "*a",
	"!t", "|", ">", "%TAG", "@a", "`a", "[a]", "{a: b}", "[]", "{}", "a, b", "'", "''", "'a'",
	"a'b", "\"", "\"a\"", "a\\b", " a", "a ", "  a  ", "a  b", "numpy >=1.21,<3", "__cuda >=12",
	" __cuda  >=12 ", "__glibc", "foo[when=\"a\"]", "c::a", "\xc3\xa9", "a\xc3\xa9: b",
	"\xe2\x80\xa8", "\xc2\x85", "\xc2\xa0", "\xef\xbb\xbf", "\xf0\x9f\x90\x8d", "\xef\xbf\xbe",
	"<<<<<<< HEAD", "=======", ">>>>>>> theirs", "\xff", "a\tb", "a\nb", "a\x7f", "http://h/x",
	"http://u:p@h/x"};

/* Words that may be parts of file names. */
static const char *const words[] = {"a", "numpy", "1.0", "1e3", "0x1", "12:30", "yes", "null", "~",
	"=", "2026-01-31", "1_0", ".5", "0", "00", "*", "&a", "!", "[]", "#x", "a:", "'", "\"", "?",
	"a-b", "-", "--", ".", "..", "a/b", "\\", "\xc3\xa9", "", "py312_0", "1!2.0+b", "%41", "A"};

struct maker {
	struct lk_arena arena;
	uint64_t random;
};

static size_t below(struct maker *m, size_t n)
{
	m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(m->random >> 33) % n;
}

/* One of the texts, now and then two of them or a long one. */
static lk_str text_of(struct maker *m)
{
	const char *one = texts[below(m, LK_COUNTOF(texts))];
	const char *two = texts[below(m, LK_COUNTOF(texts))];
	switch (below(m, 8)) {
	case 0:
		return lk_str_printf(&m->arena, "%s%s", one, two);
	case 1:
		return lk_str_printf(&m->arena, "%s%0*d", one, (int)below(m, 3000), 0);
	default:
		return lk_str_of(one);
	}
}

static lk_str word_of(struct maker *m)
{
	return lk_str_of(words[below(m, below(m, 4) ? 16 : LK_COUNTOF(words))]);
}

static struct lk_str_list list_of(struct maker *m)
{
	size_t n = below(m, 3) ? 0 : below(m, 4);
	lk_str *items = lk_arena_calloc(&m->arena, n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = text_of(m);
	}
	return (struct lk_str_list){items, n};
}

static struct lk_record *record_of(struct maker *m, size_t index, const char *subdir)
{
	static const char *const extensions[] = {"conda", "tar.bz2", "whl", "zip"};
	struct lk_record *record = lk_arena_calloc(&m->arena, 1, sizeof(*record));
	lk_str name = word_of(m);
	record->name = lk_str_printf(&m->arena, "p%zu" LK_STR_FMT, index, LK_STR_ARG(name));
	record->version = word_of(m);
	record->build = word_of(m);
	record->fn = below(m, 6)
		? lk_str_printf(&m->arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT ".%s",
			  LK_STR_ARG(record->name), LK_STR_ARG(record->version),
			  LK_STR_ARG(record->build), extensions[below(m, 20) ? below(m, 2) : 3])
		: lk_str_printf(&m->arena, "%s.%s", words[below(m, LK_COUNTOF(words))],
			  extensions[below(m, 3)]);
	record->subdir = lk_str_of(below(m, 3) ? subdir : "noarch");
	record->channel = lk_str_of(below(m, 30) ? "c" : "d");
	record->url = below(m, 6) ? lk_lock_derived_url(LK_STR("https://h/c"), record, &m->arena)
				  : LK_STR("https://h/x.conda");
	record->has_sha256 = true;
	record->has_md5 = below(m, 2);
	record->has_size = below(m, 2);
	record->size = below(m, 1000);
	for (size_t i = 0; i < sizeof(record->sha256.bytes); i++) {
		record->sha256.bytes[i] = (unsigned char)(below(m, 3) ? 0x11 : below(m, 256));
	}
	record->license = below(m, 2) ? (lk_str){0} : text_of(m);
	record->depends = list_of(m);
	record->constrains = list_of(m);
	record->active_extras = list_of(m);
	return record;
}

static void add_platform(struct maker *m, struct lk_lock *lock, const char *subdir)
{
	const struct lk_record *records[4];
	struct lk_virtual virtuals[2] = {
		{LK_STR("__a"), word_of(m), word_of(m)}, {LK_STR("__b"), word_of(m), word_of(m)}};
	struct lk_virtuals set = {virtuals, below(m, 3), 2};
	struct lk_lock_input input = {.subdir = lk_str_of(subdir),
		.specs = list_of(m),
		.pins = list_of(m),
		.solved_with = &set,
		.records = records,
		.n_records = below(m, 5)};
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < input.n_records; i++) {
		records[i] = record_of(m, i, subdir);
	}
	assert_int_equal(lk_lock_add_platform(lock, &input, &err), 0);
}

static void make(struct maker *m, struct lk_lock *ret)
{
	static const struct lk_channel channels[] = {
		{{"c", 1}, {"https://h/c", 11}, {"https://h/c", 11}},
		{{"c", 1}, {"https://h/d", 11}, {"https://h/d", 11}}};
	lk_lock_init(ret, channels, below(m, 20) ? 1 : 2, LK_STR("strict"));
	ret->n_variables = below(m, 3);
	ret->variables = lk_arena_calloc(&m->arena, ret->n_variables, sizeof(*ret->variables));
	for (size_t i = 0; i < ret->n_variables; i++) {
		ret->variables[i] = (struct lk_lock_variable){text_of(m), text_of(m)};
	}
	if (below(m, 2)) {
		add_platform(m, ret, "linux-64");
	}
	if (below(m, 2)) {
		add_platform(m, ret, "win-64");
	}
}

/* The lock of TEXT written again; MARK is put before the text. */
static void assert_same(const struct lk_lock *lock, const char *text, const char *mark)
{
	struct lk_buf again = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	char *marked = lk_asprintf("%s%s", mark, text);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_lock read;
	struct lk_lock_diff diff;
	if (lk_lock_parse(lk_str_of(marked), "x", NULL, &read, &err) < 0) {
		fail_msg("written, then refused: %u:%u: %s\n%s", err.line, err.column, err.message,
			text);
	}
	assert_int_equal(lk_lock_write(&read, &again, &err), 0);
	assert_string_equal(lk_buf_cstr(&again), text);
	lk_lock_diff_make(lock, &read, NULL, &diff);
	bool same = lk_lock_diff_is_empty(&diff);
	lk_lock_diff_done(&diff);
	if (!same) {
		fail_msg("read as something else:\n%s", text);
	}
	lk_lock_done(&read);
	lk_buf_done(&again);
	lk_free(marked);
}

static void test_random_locks(void **state)
{
	(void)state;
	struct maker m = {.random = 20261122};
	size_t n_written = 0;
	size_t n_refused = 0;
	for (size_t i = 0; i < 6000; i++) {
		struct lk_buf text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
		struct lk_error err = LK_ERROR_INIT;
		struct lk_lock lock;
		make(&m, &lock);
		if (lk_lock_write(&lock, &text, &err) == 0) {
			n_written++;
			assert_same(&lock, lk_buf_cstr(&text), "");
			/* A byte order mark is not for the quick way. */
			assert_same(&lock, lk_buf_cstr(&text), "\xef\xbb\xbf");
		} else {
			n_refused++;
			assert_int_equal(err.code, LK_E_FORMAT);
			assert_int_equal(text.len, 0);
		}
		lk_buf_done(&text);
		lk_lock_done(&lock);
		lk_arena_done(&m.arena);
	}
	print_message("%zu written, %zu refused\n", n_written, n_refused);
	assert_true(n_written > 2000 && n_refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_locks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
