/*
 * Channel references, their URLs and names; joining and encoding of URLs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "conda/channel.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_arena_init(&f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static void check_text(lk_str got, const char *wanted, const char *about)
{
	if (!lk_str_is(got, wanted)) {
		fail_msg("%s: got '" LK_STR_FMT "', wanted '%s'", about, LK_STR_ARG(got), wanted);
	}
}

static void references_resolve(void **state)
{
	static const struct {
		const char *reference, *url, *name, *auth_url; /* NULL: as url */
	} rows[] = {
		{"conda-forge", "https://conda.anaconda.org/conda-forge", "conda-forge", NULL},
		{" conda-forge/ ", "https://conda.anaconda.org/conda-forge", "conda-forge", NULL},
		{"conda-forge/linux-64", "https://conda.anaconda.org/conda-forge", "conda-forge",
			NULL},
		{"conda-forge//noarch/linux-64/", "https://conda.anaconda.org/conda-forge",
			"conda-forge", NULL},
		{"nvidia/label/cuda-12.4.0", "https://conda.anaconda.org/nvidia/label/cuda-12.4.0",
			"nvidia/label/cuda-12.4.0", NULL},
		{"https://conda.anaconda.org/conda-forge/",
			"https://conda.anaconda.org/conda-forge", "conda-forge", NULL},
		{"HTTPS://Conda.Anaconda.ORG/conda-forge/noarch",
			"https://conda.anaconda.org/conda-forge", "conda-forge", NULL},
		{"https://h.example:8080/a/b//", "https://h.example:8080/a/b", "b", NULL},
		{"https://h.example", "https://h.example", "h.example", NULL},
		{"https://h.example/a/../b", "https://h.example/b", "b", NULL},
		{"https://user:pass@h.example/ch", "https://h.example/ch", "ch",
			"https://user:pass@h.example/ch"},
		{"https://h.example/t/ab-1/ch/win-64", "https://h.example/ch", "ch",
			"https://h.example/t/ab-1/ch"},
		{"https://u:p@h.example/t/tk/ch", "https://h.example/ch", "ch",
			"https://u:p@h.example/t/tk/ch"},
		{"t/secret/conda-forge", "https://conda.anaconda.org/conda-forge", "conda-forge",
			"https://conda.anaconda.org/t/secret/conda-forge"},
		{"/srv/channels/mine", "file:///srv/channels/mine", "mine", NULL},
		{"/srv/channels/mine/linux-64/", "file:///srv/channels/mine", "mine", NULL},
		{"/srv/./x/../mine", "file:///srv/mine", "mine", NULL},
		{"/srv/a b", "file:///srv/a%20b", "a%20b", NULL},
		{"file:///srv/mine/", "file:///srv/mine", "mine", NULL},
		{"file://localhost/srv/mine", "file:///srv/mine", "mine", NULL},
		{"file:///srv/a%20b", "file:///srv/a%20b", "a%20b", NULL},
		{"s3://bucket/ch", "s3://bucket/ch", "ch", NULL},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_channel channel;
		const char *about = rows[i].reference;
		if (lk_channel_resolve(lk_str_of(about), LK_STR(LK_CHANNEL_ALIAS), &f->arena,
			    &channel, &f->err) < 0) {
			fail_msg("%s: %s", about, f->err.message);
		}
		check_text(channel.url, rows[i].url, about);
		check_text(channel.name, rows[i].name, about);
		check_text(
			channel.auth_url, rows[i].auth_url ? rows[i].auth_url : rows[i].url, about);
	}
}

static void relative_paths_start_here(void **state)
{
	struct fixture *f = *state;
	char cwd[4096];
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	struct lk_channel channel;
	assert_int_equal(lk_channel_resolve(LK_STR("./ch"), LK_STR(LK_CHANNEL_ALIAS), &f->arena,
				 &channel, &f->err),
		0);
	lk_str path;
	assert_true(lk_url_to_path(channel.url, &f->arena, &path));
	check_text(path, lk_str_printf(&f->arena, "%s/ch", cwd).ptr, "./ch");
}

static void artifacts_resolve(void **state)
{
	static const struct {
		const char *reference, *url, *fn, *channel, *auth_url; /* NULL: as url */
	} rows[] = {
		{"https://conda.anaconda.org/conda-forge/noarch/a-1-0.conda",
			"https://conda.anaconda.org/conda-forge/noarch/a-1-0.conda", "a-1-0.conda",
			"conda-forge", NULL},
		{"HTTPS://H.example:8/x//./y/../a-1%212.0-0.tar.bz2",
			"https://h.example:8/x//a-1%212.0-0.tar.bz2", "a-1!2.0-0.tar.bz2", "x",
			NULL},
		{"http://me:pw@h.example/t/tk-1/c/linux-64/a-1-0.conda",
			"http://h.example/c/linux-64/a-1-0.conda", "a-1-0.conda", "c",
			"http://me:pw@h.example/t/tk-1/c/linux-64/a-1-0.conda"},
		{"/x/y z/a-1-0.conda", "file:///x/y%20z/a-1-0.conda", "a-1-0.conda", "y%20z", NULL},
		{"/x/./y/../c/noarch/a-1-0.conda", "file:///x/c/noarch/a-1-0.conda", "a-1-0.conda",
			"c", NULL},
		{"file:///x/y%20z/a-1-0.conda", "file:///x/y%20z/a-1-0.conda", "a-1-0.conda",
			"y%20z", NULL},
		{"file://localhost/a-1-0.conda", "file:///a-1-0.conda", "a-1-0.conda", "file:///",
			NULL},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_artifact artifact;
		struct lk_artifact again;
		if (lk_artifact_resolve(lk_str_of(rows[i].reference), LK_STR(LK_CHANNEL_ALIAS),
			    &f->arena, &artifact, &f->err) < 0) {
			fail_msg("%s: %s", rows[i].reference, f->err.message);
		}
		check_text(artifact.url, rows[i].url, rows[i].reference);
		check_text(artifact.auth_url, rows[i].auth_url ? rows[i].auth_url : rows[i].url,
			rows[i].reference);
		check_text(artifact.fn, rows[i].fn, rows[i].reference);
		check_text(artifact.channel.name, rows[i].channel, rows[i].reference);
		assert_int_equal(lk_artifact_resolve(artifact.url, LK_STR(LK_CHANNEL_ALIAS),
					 &f->arena, &again, &f->err),
			0);
		check_text(again.url, rows[i].url, "resolved again");
	}
}

static void unusable_artifacts_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"https:///a-1-0.conda",
		"https://h.example/a-1-0.conda?x=1",
		"https://h.example/c/..%2fa-1-0.conda",
		"https://h.example/c/%00a-1-0.conda",
		"https://h.example/c/a-1-0%0a.conda",
		"https://h.example/c/a-1-%1b%5b2J.conda",
		"https://h.example/c/",
		"https://h.example/t/a-1-0.conda",
		"https://h.example",
		"ftp://h.example/a-1-0.conda",
		"file://other/a-1-0.conda",
		"file:///a%00-1-0.conda",
		"/x/a\n-1-0.conda",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_artifact artifact;
		if (lk_artifact_resolve(lk_str_of(rows[i]), LK_STR(LK_CHANNEL_ALIAS), &f->arena,
			    &artifact, &f->err) != LK_E_USAGE) {
			fail_msg("'%s' was not refused", rows[i]);
		}
	}
	struct lk_artifact artifact;
	assert_int_equal(lk_artifact_resolve(LK_STR("ftp://me:pw@h/a-1-0.conda"),
				 LK_STR(LK_CHANNEL_ALIAS), &f->arena, &artifact, &f->err),
		LK_E_USAGE);
	assert_null(strstr(f->err.message, "pw"));
}

static void unusable_references_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"   ",
		"defaults",
		"~/ch",
		"C:\\ch",
		"a\\b",
		"ftp://h.example/ch",
		"https:///ch",
		"https://h.example/ch?x=1",
		"https://h.example/ch#x",
		"https://h.example/c h",
		"file://other/ch",
		"a//b",
		"a/../b",
		"conda forge",
		"conda-forge[x]",
		"a:b",
		"conda\nforge",
		"file:///a%00b",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_channel channel;
		if (lk_channel_resolve(lk_str_of(rows[i]), LK_STR(LK_CHANNEL_ALIAS), &f->arena,
			    &channel, &f->err) != LK_E_USAGE) {
			fail_msg("'%s' was not refused", rows[i]);
		}
	}
	struct lk_channel channel;
	assert_int_equal(lk_channel_resolve(LK_STR("ftp://user:hush@h.example/x"),
				 LK_STR(LK_CHANNEL_ALIAS), &f->arena, &channel, &f->err),
		LK_E_USAGE);
	assert_null(strstr(f->err.message, "hush"));
}

static void resolve_all(
	struct fixture *f, const char *const *references, size_t n, struct lk_channels *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct lk_channel channel;
		assert_int_equal(lk_channel_resolve(lk_str_of(references[i]),
					 LK_STR(LK_CHANNEL_ALIAS), &f->arena, &channel, &f->err),
			0);
		lk_vec_push(ret, channel);
	}
}

static void names_grow_until_unique(void **state)
{
	static const char *const references[] = {
		"conda-forge",
		"https://a.example/x/conda",
		"https://b.example/x/conda",
		"https://b.example/y/conda",
		"https://conda.anaconda.org/conda-forge/linux-64",
		"https://m.example/conda-forge",
		"/srv/conda",
		"https://z.example/only",
	};
	static const char *const names[] = {
		"conda-forge",
		"a.example/x/conda",
		"b.example/x/conda",
		"y/conda",
		"m.example/conda-forge",
		"srv/conda",
		"only",
	};
	struct fixture *f = *state;
	struct lk_channels channels = {0};
	resolve_all(f, references, LK_COUNTOF(references), &channels);
	lk_channels_name(&channels, LK_STR(LK_CHANNEL_ALIAS), &f->arena);
	assert_int_equal(channels.len, LK_COUNTOF(names));
	for (size_t i = 0; i < channels.len; i++) {
		check_text(channels.items[i].name, names[i], channels.items[i].url.ptr);
	}
	lk_vec_done(&channels);
}

static void names_end_growing(void **state)
{
	/* A name under the alias equals the other's host and path; the other becomes its URL. */
	static const char *const references[] = {
		"h.example/a",
		"a",
		"https://h.example/a",
	};
	struct fixture *f = *state;
	struct lk_channels channels = {0};
	resolve_all(f, references, LK_COUNTOF(references), &channels);
	lk_channels_name(&channels, LK_STR(LK_CHANNEL_ALIAS), &f->arena);
	check_text(channels.items[0].name, "h.example/a", "0");
	check_text(channels.items[1].name, "a", "1");
	check_text(channels.items[2].name, "https://h.example/a", "2");
	lk_vec_done(&channels);
}

static void urls_join(void **state)
{
	static const struct {
		const char *base, *reference, *joined;
	} rows[] = {
		{"https://h/c/linux-64", "f.conda", "https://h/c/linux-64/f.conda"},
		{"https://h/c/linux-64/", "f.conda", "https://h/c/linux-64/f.conda"},
		{"https://h/c/linux-64", "https://x/y", "https://x/y"},
		{"https://h/c/linux-64", "pk", "https://h/c/linux-64/pk"},
		{"https://h/c/linux-64", "../z/", "https://h/c/z/"},
		{"https://h/c/linux-64", "/abs", "https://h/abs"},
		{"https://h/c", "../../../x", "https://h/x"},
		{"https://h/c", "..", "https://h/"},
		{"https://h/c", "./a/./b/..", "https://h/c/a/"},
		{"https://h", "a", "https://h/a"},
		{"https://h", "../a", "https://h/a"},
		{"https://h/c", "//other/d", "https://other/d"},
		{"https://h/c", "", "https://h/c"},
		{"https://h/c", "s3://b/../k", "s3://b/k"},
		{"file:///srv/c/noarch", "f.conda", "file:///srv/c/noarch/f.conda"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str joined = lk_url_join(
			lk_str_of(rows[i].base), lk_str_of(rows[i].reference), &f->arena);
		check_text(joined, rows[i].joined, rows[i].reference);
	}
}

static void bases_stay_on_their_side(void **state)
{
	static const struct {
		const char *directory, *reference, *base; /* NULL: refused */
	} rows[] = {
		{"https://h/c/noarch", "", "https://h/c/noarch/"},
		{"https://h/c/noarch", "http://other/x", "http://other/x/"},
		{"https://h/c/noarch", "//me:pw@other/x", "https://other/x/"},
		{"https://h/c/noarch", "../../../../x", "https://h/x/"},
		{"https://h/c/noarch", "file:///x", NULL},
		{"file:///c/noarch", "https://h/x", "https://h/x/"},
		{"file:///c/noarch", "../../../x", "file:///x/"},
		{"file:///c/noarch", "file:///x", "file:///x/"},
		{"file:///c/noarch", "//other/x", NULL},
		{"file:///c/noarch", "a%00b", NULL},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str got;
		bool good = lk_url_base(lk_str_of(rows[i].directory), lk_str_of(rows[i].reference),
			&f->arena, &got);
		assert_int_equal(good, rows[i].base != NULL);
		if (good) {
			check_text(got, rows[i].base, rows[i].reference);
		}
	}
}

static void credentials_come_off(void **state)
{
	static const struct {
		const char *url, *clean;
	} rows[] = {
		{"https://u:p@h/c", "https://h/c"},
		{"https://u@h/c", "https://h/c"},
		{"https://a@b@h/c", "https://h/c"},
		{"https://h/t/tk-1/c/f.conda", "https://h/c/f.conda"},
		{"https://h/t/under_score/c", "https://h/c"},
		{"https://u:p@h/t/tk/c", "https://h/c"},
		{"https://h/t/a/t/b/c", "https://h/c"},
		{"file:///t/tk/c", "file:///t/tk/c"},
		{"https://h/x/t/y", "https://h/x/t/y"},
		{"https://h/t/", "https://h/t/"},
		{"https://h/a@b", "https://h/a@b"},
		{"conda-forge", "conda-forge"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		check_text(lk_url_without_credentials(lk_str_of(rows[i].url), &f->arena),
			rows[i].clean, rows[i].url);
	}
}

static void credentials_are_hidden_in_text(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"://", "://"},
		{"no URL of me@home", "no URL of me@home"},
		{"bad spec 'https://me:pw@h/c::x y@z': why",
			"bad spec 'https://*****@h/c::x y@z': why"},
		{"https://h/t/tk-1/t/tk-2/c", "https://h/t/****/t/****/c"},
		{"'https://h/t/tk-1' and http://a@b@c/x@y",
			"'https://h/t/****' and http://***@c/x@y"},
		{"https://h/t/", "https://h/t/"},
		{"https://h/c/t/x", "https://h/c/t/x"},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char text[128];
		assert_true(strlen(rows[i][0]) < sizeof(text));
		memcpy(text, rows[i][0], strlen(rows[i][0]) + 1);
		lk_url_hide_credentials(text);
		assert_string_equal(text, rows[i][1]);
	}
}

static void paths_are_encoded_and_decoded(void **state)
{
	struct fixture *f = *state;
	check_text(lk_url_encode_path(LK_STR("a-1!2.0+b_0.conda"), &f->arena), "a-1!2.0+b_0.conda",
		"kept");
	check_text(lk_url_encode_path(LK_STR("a b%?#[\xc3\xa9"), &f->arena),
		"a%20b%25%3F%23%5B%C3%A9", "encoded");
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;
		bool kept = lk_is_alnum(byte) || (c > 0 && strchr("-._~!$&'()*+,;=:@/", byte));
		lk_str encoded = lk_url_encode_path(lk_str_n(&byte, 1), &f->arena);
		assert_int_equal(encoded.len, kept ? 1 : 3);
		assert_int_equal(encoded.ptr[0], kept ? byte : '%');
	}
	lk_str path;
	assert_true(lk_url_to_path(LK_STR("file:///a%20b/%C3%A9%zz"), &f->arena, &path));
	check_text(path, "/a b/\xc3\xa9%zz", "decoded");
	assert_false(lk_url_to_path(LK_STR("https://h/a"), &f->arena, &path));
	assert_false(lk_url_to_path(LK_STR("file://h/a"), &f->arena, &path));
	assert_false(lk_url_to_path(LK_STR("file:///a%00"), &f->arena, &path));
	assert_false(lk_url_to_path(LK_STR("file://"), &f->arena, &path));
	assert_false(lk_url_to_path(LK_STR("/a"), &f->arena, &path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(references_resolve, setup, teardown),
		cmocka_unit_test_setup_teardown(relative_paths_start_here, setup, teardown),
		cmocka_unit_test_setup_teardown(artifacts_resolve, setup, teardown),
		cmocka_unit_test_setup_teardown(unusable_artifacts_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(unusable_references_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(names_grow_until_unique, setup, teardown),
		cmocka_unit_test_setup_teardown(names_end_growing, setup, teardown),
		cmocka_unit_test_setup_teardown(urls_join, setup, teardown),
		cmocka_unit_test_setup_teardown(bases_stay_on_their_side, setup, teardown),
		cmocka_unit_test_setup_teardown(credentials_come_off, setup, teardown),
		cmocka_unit_test(credentials_are_hidden_in_text),
		cmocka_unit_test_setup_teardown(paths_are_encoded_and_decoded, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
