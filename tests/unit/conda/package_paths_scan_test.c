/*
 * The quick reader of paths.json: what it takes reads as by the other one; what it does not know it
 * leaves alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/package_priv.h"

#define HASH "00000000000000000000000000000000000000000000000000000000000000ab"

struct fixture {
	struct lk_package package;
	struct lk_package_paths paths;
	struct lk_error err;
	struct lk_package_reader reader;
};

static void start(struct fixture *f)
{
	*f = (struct fixture){.err = LK_ERROR_INIT};
	f->reader = (struct lk_package_reader){"a-1-0.conda", &f->package, &f->err};
}

static void stop(struct fixture *f)
{
	lk_vec_done(&f->paths);
	lk_arena_done(&f->package.arena);
}

static void the_usual_text_is_taken(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	assert_true(lk_package_scan_paths(&f.reader,
		LK_STR("\n{ \"paths\": [\n"
		       "{\"_path\": \"bin/a\\u00e9\", \"file_mode\": \"binary\", \"no_link\": "
		       "true, "
		       "\"path_type\": \"hardlink\", \"prefix_placeholder\": \"/opt/p\", "
		       "\"sha256\": \"" HASH "\", \"size_in_bytes\": 12 },\n"
		       "{\"size_in_bytes\":null,\"path_type\":\"softlink\",\"_path\":\"bin/b\","
		       "\"sha256\":null},"
		       "{\"_path\":\"d\",\"path_type\":\"directory\",\"no_link\":false}"
		       "],\n\"paths_version\": 1 }\n"),
		&f.paths));
	assert_int_equal(f.paths.len, 3);
	const struct lk_package_path *first = f.paths.items;
	if (first == NULL) {
		fail_msg("no paths");
		return;
	}
	assert_true(lk_str_is(first->path, "bin/a\xc3\xa9"));
	assert_int_equal(first->prefix_mode, LK_PREFIX_BINARY);
	assert_true(lk_str_is(first->placeholder, "/opt/p") && first->no_link);
	assert_true(first->has_sha256 && first->sha256.bytes[31] == 0xab);
	assert_true(first->has_size && first->size == 12);
	assert_int_equal(f.paths.items[1].type, LK_PATH_SOFTLINK);
	assert_false(f.paths.items[1].has_sha256 || f.paths.items[1].has_size);
	assert_int_equal(f.paths.items[2].type, LK_PATH_DIRECTORY);
	stop(&f);
}

#define FILE_A "{\"_path\":\"a\",\"path_type\":\"hardlink\""

static void other_texts_are_left_alone(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"paths\":{}}",
		"{\"paths\":[" FILE_A "}]} x",
		"{\"paths\":[" FILE_A "}],}",
		"{\"paths\":[" FILE_A "}]",
		"{\"paths\":[" FILE_A "}],\"paths\":[]}",
		"{\"paths\":[" FILE_A "}],\"paths_version\":2}",
		"{\"paths\":[" FILE_A "}],\"paths_version\":1.0}",
		"{\"paths\":[" FILE_A "}],\"other\":1}",
		"{\"paths\":[" FILE_A ",\"_path\":\"b\"}]}",
		"{\"paths\":[" FILE_A ",\"other\":1}]}",
		"{\"paths\":[" FILE_A ",\"no_link\":1}]}",
		"{\"paths\":[" FILE_A ",\"sha256\":\"12\"}]}",
		"{\"paths\":[" FILE_A ",\"sha256\":12}]}",
		"{\"paths\":[" FILE_A ",\"size_in_bytes\":-1}]}",
		"{\"paths\":[" FILE_A ",\"size_in_bytes\":1e2}]}",
		"{\"paths\":[" FILE_A ",\"size_in_bytes\":9223372036854775808}]}",
		"{\"paths\":[" FILE_A ",\"size_in_bytes\":\"1\"}]}",
		"{\"paths\":[" FILE_A ",\"prefix_placeholder\":\"/\"}]}",
		"{\"paths\":[{\"_path\":\"../a\",\"path_type\":\"hardlink\"}]}",
		"{\"paths\":[{\"_path\":\"a\\u0000\",\"path_type\":\"hardlink\"}]}",
		"{\"paths\":[{\"_path\":\"a\xff\",\"path_type\":\"hardlink\"}]}",
		"{\"paths\":[{\"_path\":null,\"path_type\":\"hardlink\"}]}",
		"{\"paths\":[{\"path_type\":\"hardlink\"}]}",
		"{\"paths\":[7]}",
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct fixture f;
		start(&f);
		if (lk_package_scan_paths(&f.reader, lk_str_of(texts[i]), &f.paths)) {
			fail_msg("taken: %s", texts[i]);
		}
		assert_int_equal(f.paths.len, 0);
		assert_int_equal(f.err.code, LK_OK);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_text_is_taken),
		cmocka_unit_test(other_texts_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
