/*
 * Proxies: what addresses are taken, which one leads to a URL.
 */
#include "fetch/proxy.h"

#include "tests/unit/fetch/fetch_support.h"

struct fixture {
	struct lk_proxies proxies;
	struct lk_arena arena;
	struct lk_error err;
};

static int setup(void **state)
{
	*state = lk_calloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_proxies_done(&f->proxies);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static int add(struct fixture *f, unsigned source, const char *where, const char *address)
{
	return lk_proxies_add(&f->proxies, source, lk_str_of(where), lk_str_of(address), "the test",
		&f->arena, &f->err);
}

static const char *way(const struct fixture *f, const char *url)
{
	const struct lk_proxy *proxy = lk_proxies_find(&f->proxies, lk_str_of(url));
	return proxy ? proxy->url : "none";
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address, *url, *user, *password;
	} rows[] = {
		{"http://h:3128", "http://h:3128", NULL, NULL},
		{"h:3128", "http://h:3128", NULL, NULL},
		{" HTTPS://h/ ", "https://h", NULL, NULL},
		{"socks5h://[::1]:9", "socks5h://[::1]:9", NULL, NULL},
		{"http://u:p%40%3A@h:1", "http://h:1", "u", "p@:"},
		{"http://u@h", "http://h", "u", ""},
		{"u:p@ss@h", "http://h", "u", "p@ss"},
		{"", "", NULL, NULL},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_vec_clear(&f->proxies.items);
		assert_int_equal(add(f, 0, "https", rows[i].address), 0);
		const struct lk_proxy *proxy = lk_proxies_find(&f->proxies, LK_STR("https://x/"));
		assert_string_equal(proxy->url, rows[i].url);
		assert_string_equal(
			proxy->user ? proxy->user : "-", rows[i].user ? rows[i].user : "-");
		assert_string_equal(proxy->password ? proxy->password : "-",
			rows[i].password ? rows[i].password : "-");
	}
	static const char *const bad[] = {
		"ftp://s3cret@h",
		"http://",
		"http://s3cret:x@",
		"http://s3cret:x@h:1/path",
		"http://s3cret:x@h\\:1",
		"http://s3cret:%0a@h",
		"http://s3cret h",
		"s3cret:x@h/y",
	};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		if (add(f, 0, "https", bad[i]) != LK_E_FORMAT) {
			fail_msg("%s was taken", bad[i]);
		}
		assert_null(strstr(f->err.message, "s3cret"));
		assert_non_null(strstr(f->err.message, "the test"));
	}
}

static void test_choice(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(way(f, "http://a/"), "none");
	assert_int_equal(add(f, 1, "https", "e-https"), 0);
	assert_int_equal(add(f, 1, "http", "e-http"), 0);
	assert_int_equal(add(f, 1, "all", "e-all"), 0);
	assert_string_equal(way(f, "https://a/x"), "http://e-https");
	assert_int_equal(add(f, 0, "all://b.org", "c-all-b"), 0);
	assert_int_equal(add(f, 0, "https", "c-https"), 0);
	assert_int_equal(add(f, 0, "HTTPS://A.org/", "c-https-a"), 0);
	assert_int_equal(add(f, 0, "https://direct.org", ""), 0);
	assert_string_equal(way(f, "https://x/"), "http://c-https");
	assert_string_equal(way(f, "https://a.org:8443/x"), "http://c-https-a");
	assert_string_equal(way(f, "https://sub.a.org/x"), "http://c-https");
	assert_string_equal(way(f, "https://direct.org/x"), "");
	assert_string_equal(way(f, "https://b.org/x"), "http://c-https");
	assert_string_equal(way(f, "http://b.org/x"), "http://c-all-b");
	assert_string_equal(way(f, "http://x/"), "http://e-http");
	assert_string_equal(way(f, "HTTP://X/"), "http://e-http");
	assert_string_equal(way(f, "no url"), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_choice, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
