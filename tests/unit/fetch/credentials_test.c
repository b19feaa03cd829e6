/*
 * Credentials: what each kind of file says, which entry wins, what is refused.
 */
#include "fetch/credentials.h"

#include "tests/unit/fetch/fetch_support.h"

struct fixture {
	struct lk_credentials credentials;
	struct lk_error err;
	struct scratch scratch;
	unsigned warnings;
	char warned[1024];
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	scratch_init(&f->scratch);
	lk_credentials_init(&f->credentials);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	scratch_done(&f->scratch);
	lk_credentials_done(&f->credentials);
	lk_free(f);
	return 0;
}

/* The secret that goes with URL, or "". */
static const char *secret(struct fixture *f, const char *url)
{
	const struct lk_credential *found = lk_credentials_find(&f->credentials, lk_str_of(url));
	return found ? found->secret : "";
}

static const char *user(struct fixture *f, const char *url)
{
	const struct lk_credential *found = lk_credentials_find(&f->credentials, lk_str_of(url));
	return found ? found->user : "";
}

typedef int add_fn(struct lk_credentials *credentials, lk_str text, struct lk_error *err);

static int add(struct fixture *f, add_fn *fn, const char *text)
{
	lk_credentials_begin(&f->credentials, "the file", false);
	return fn(&f->credentials, lk_str_of(text), &f->err);
}

static void test_rattler(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		add(f, lk_credentials_add_rattler,
			"{\"a.example.org\": {\"BearerToken\": \"one+/=\"},\n"
			" \"*.example.org\": {\"CondaToken\": \"two-2\"},\n"
			" \"B.example.org:8443\": {\"BasicHTTP\":\n"
			"   {\"username\": \"me\", \"password\": \"it's: se\\u00e9\"}},\n"
			" \"s3://bucket\": {\"S3Credentials\": {\"access_key_id\": \"x\"}},\n"
			" \"c.example.net\": {\"OAuth\": {\"access_token\": \"x\"}},\n"
			" \"d.example.net\": {\"Something\": 1}, \"\": {\"BearerToken\": \"x\"},\n"
			" \"*\": {\"BearerToken\": \"x\"}, \"e f\": {\"BearerToken\": \"x\"}}"),
		0);
	assert_string_equal(secret(f, "https://a.example.org/x"), "one+/=");
	assert_string_equal(secret(f, "http://A.Example.org:81"), "one+/=");
	assert_string_equal(secret(f, "https://x.a.example.org/x"), "two-2");
	assert_string_equal(secret(f, "https://example.org/x"), "two-2");
	assert_string_equal(secret(f, "https://b.example.org/x"), "two-2");
	assert_string_equal(secret(f, "https://b.example.org:8443/x"), "it's: se\xc3\xa9");
	assert_string_equal(user(f, "https://b.example.org:8443/x"), "me");
	assert_int_equal(
		lk_credentials_find(&f->credentials, LK_STR("https://c.example.net"))->kind,
		LK_CREDENTIAL_OAUTH);
	static const char *const none[] = {
		"https://badexample.org/",
		"https://a.example.org.evil.net/",
		"https://example.net/",
		"https://d.example.net/",
		"https://bucket/",
		"https://e/",
		"https://a.example.org@evil.net/",
		"https://evil.net\\@a.example.org/",
		"https://a.example.org?.evil.net/",
		"https://a.example.org#.evil.net/",
		"https:///x",
		"a.example.org",
		"",
	};
	for (size_t i = 0; i < LK_COUNTOF(none); i++) {
		if (lk_credentials_find(&f->credentials, lk_str_of(none[i]))) {
			fail_msg("%s has credentials", none[i]);
		}
	}
}

static void test_mamba(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		add(f, lk_credentials_add_mamba,
			"{\"h.example.org\": {\"type\": \"CondaToken\", \"token\": \"tk\"},\n"
			" \"h.example.org/chan\": {\"type\": \"BearerToken\", \"token\": \"bt\"},\n"
			" \"127.0.0.1:8080\": {\"type\": \"BasicHTTPAuthentication\",\n"
			"   \"user\": \"me\", \"password\": \"czNjcmV0\"},\n"
			" \"new.example.org\": {\"type\": \"New\"}}"),
		0);
	assert_string_equal(secret(f, "https://h.example.org/other"), "tk");
	assert_string_equal(secret(f, "https://h.example.org/channel"), "tk");
	assert_string_equal(secret(f, "https://h.example.org/chan/../other"), "tk");
	assert_string_equal(secret(f, "https://h.example.org/chan"), "bt");
	assert_string_equal(secret(f, "https://h.example.org/chan/noarch/x"), "bt");
	assert_string_equal(secret(f, "http://127.0.0.1:8080/x"), "s3cret");
	assert_string_equal(secret(f, "http://127.0.0.1:8081/x"), "");
	assert_string_equal(secret(f, "https://new.example.org/"), "");
}

static void test_netrc(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, lk_credentials_add_netrc,
				 "# a comment\n"
				 "machine a.example.org login me password #s3cret # mine\n"
				 "machine b.example.org\n\tpassword \"with \\\"space\" account x\n"
				 "macdef init\ncd /x\nmachine not.one\n\n"
				 "machine c.example.org login nobody\n"
				 "machine a.example.org login other password other\n"
				 "default login anonymous password me@"),
		0);
	assert_string_equal(secret(f, "https://a.example.org/"), "#s3cret");
	assert_string_equal(user(f, "https://a.example.org/"), "me");
	assert_string_equal(secret(f, "https://b.example.org/"), "with \"space");
	assert_string_equal(user(f, "https://b.example.org/"), "");
	assert_string_equal(secret(f, "https://c.example.org/"), "me@");
	assert_string_equal(secret(f, "https://not.one/"), "me@");
}

static void test_anaconda(void **state)
{
	struct fixture *f = *state;
	lk_credentials_begin(&f->credentials, "tokens", false);
	static const char *const names[] = {
		"https%3A%2F%2Fapi.anaconda.org.token",
		"https%3A%2F%2Frepo.example.org%3A8443%2Fapi.token",
		"nonsense.token",
		"other.txt",
	};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		assert_int_equal(lk_credentials_add_anaconda(&f->credentials, lk_str_of(names[i]),
					 i == 0 ? LK_STR("one\n") : LK_STR("two"), &f->err),
			0);
	}
	assert_string_equal(secret(f, "https://conda.anaconda.org/private/noarch"), "one");
	assert_string_equal(secret(f, "https://api.anaconda.org/x"), "one");
	assert_string_equal(secret(f, "https://repo.example.org:8443/conda/x"), "two");
	assert_string_equal(secret(f, "https://repo.example.org:8443/other/x"), "");
	assert_string_equal(secret(f, "https://repo.example.org/conda/x"), "");
	assert_string_equal(secret(f, "http://conda.anaconda.org/x"), "");
	assert_string_equal(secret(f, "https://conda.anaconda.org.evil.net/x"), "");
	assert_string_equal(secret(f, "https://conda.anaconda.org:8443/x"), "");
}

static int environment(struct fixture *f, const char *const *variables, size_t n)
{
	lk_credentials_begin(&f->credentials, "the environment", false);
	return lk_credentials_add_environment(&f->credentials, variables, n, &f->err);
}

static void test_environment(void **state)
{
	struct fixture *f = *state;
	static const char *const variables[] = {
		"PATH=/bin",
		"LOCKENV_PASSWORD_B_EXAMPLE_ORG=p=w",
		"LOCKENV_USERNAME_B_EXAMPLE_ORG=me",
		"LOCKENV_USERNAME_C_EXAMPLE_ORG=alone",
		"LOCKENV_TOKEN_MY__HOST_EXAMPLE_ORG=bt",
		"LOCKENV_TOKEN_127_0_0_1_PORT_8080=local",
		"LOCKENV_TOKEN_SEA_PORT_EXAMPLE_ORG=sea",
		"LOCKENV_CONDA_TOKEN_D_EXAMPLE_ORG=tk",
		"LOCKENV_TOKEN_",
	};
	assert_int_equal(environment(f, variables, LK_COUNTOF(variables)), 0);
	assert_string_equal(secret(f, "https://b.example.org/"), "p=w");
	assert_string_equal(user(f, "https://b.example.org/"), "me");
	assert_string_equal(user(f, "https://c.example.org/"), "alone");
	assert_string_equal(secret(f, "https://my-host.example.org/"), "bt");
	assert_string_equal(secret(f, "https://my.host.example.org/"), "");
	assert_string_equal(secret(f, "https://my_host.example.org/"), "");
	assert_string_equal(secret(f, "http://127.0.0.1:8080/"), "local");
	assert_string_equal(secret(f, "http://127.0.0.1:80/"), "");
	assert_string_equal(secret(f, "http://sea.port.example.org/"), "sea");
	assert_string_equal(secret(f, "https://d.example.org/"), "tk");
	static const char *const bad[] = {
		"LOCKENV_TOKEN_=x",
		"LOCKENV_TOKEN__X=x",
		"LOCKENV_TOKEN_X_=x",
		"LOCKENV_TOKEN_A___B=x",
		"LOCKENV_TOKEN_A*=x",
		"LOCKENV_TOKEN_A_ORG=x\ny: z",
		"LOCKENV_TOKEN_A_ORG=",
	};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		size_t had = f->credentials.items.len;
		assert_int_equal(environment(f, &bad[i], 1), LK_E_FORMAT);
		assert_int_equal(f->credentials.items.len, had);
		assert_null(strstr(f->err.message, "=x"));
	}
}

static void test_urls(void **state)
{
	static const char *const urls[] = {
		"https://me:p%40w@a.example.org/chan/",
		"https://b.example.org:8443/t/tk-1/chan",
		"https://c.example.org/chan",
		"conda-forge",
	};
	struct fixture *f = *state;
	lk_credentials_begin(&f->credentials, "the configuration", false);
	for (size_t i = 0; i < LK_COUNTOF(urls); i++) {
		assert_int_equal(
			lk_credentials_add_url(&f->credentials, lk_str_of(urls[i]), &f->err), 0);
	}
	assert_int_equal(f->credentials.items.len, 2);
	assert_string_equal(user(f, "https://a.example.org/chan/noarch/x"), "me");
	assert_string_equal(secret(f, "https://a.example.org/chan/noarch/x"), "p@w");
	assert_string_equal(secret(f, "https://a.example.org/other"), "");
	assert_string_equal(secret(f, "https://a.example.org:8443/chan/x"), "");
	assert_string_equal(secret(f, "http://a.example.org/chan/x"), "");
	assert_string_equal(secret(f, "https://b.example.org:8443/chan/x"), "tk-1");
	assert_int_equal(lk_credentials_add_url(
				 &f->credentials, LK_STR("https://u:%0aX-Evil:%201@h/"), &f->err),
		LK_E_FORMAT);
}

/* Refused, with nothing of the secret in what is said. */
static void test_refused(void **state)
{
	static const struct {
		add_fn *fn;
		const char *text;
	} rows[] = {
		{lk_credentials_add_rattler, ""},
		{lk_credentials_add_rattler, "[]"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\"} \"s3cret\"}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": s3cret}}"},
		{lk_credentials_add_rattler, "{\"a\": \"s3cret\"}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\\nX-Evil: 1\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\\r\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\\u0000\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret x\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\\u00e9\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": [\"s3cret\"]}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"CondaToken\": \"s3cret/../..\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"CondaToken\": \"s3cret?x\"}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"CondaToken\": \"\"}}"},
		{lk_credentials_add_rattler,
			"{\"a\": {\"BasicHTTP\": {\"username\": \"x:y\", \"password\": "
			"\"s3cret\"}}}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BasicHTTP\": {\"username\": \"x\"}}}"},
		{lk_credentials_add_rattler,
			"{\"a\": {\"BasicHTTP\": {\"username\": \"x\", \"password\": "
			"\"s3cret\\n\"}}}"},
		{lk_credentials_add_rattler, "{\"a\": [[[[[[[[[\"s3cret\"]]]]]]]]]}"},
		{lk_credentials_add_rattler, "{\"a\": {\"BearerToken\": \"s3cret\xff\"}}"},
		{lk_credentials_add_mamba, "{\"a\": 1}"},
		{lk_credentials_add_mamba, "{\"a\": {\"type\": \"BearerToken\"}}"},
		{lk_credentials_add_mamba,
			"{\"a\": {\"type\": \"BasicHTTPAuthentication\", \"password\": "
			"\"s3cret!\"}}"},
		{lk_credentials_add_mamba,
			"{\"a\": {\"type\": \"BasicHTTPAuthentication\", \"password\": "
			"\"AGFiYw==\"}}"},
		{lk_credentials_add_netrc, "machine"},
		{lk_credentials_add_netrc, "machine a login"},
		{lk_credentials_add_netrc, "machine a password \"s3cret"},
		{lk_credentials_add_netrc, "machine a password \"s3cret\\\n\""},
		{lk_credentials_add_netrc, "machine a password s3cret s3cret"},
		{lk_credentials_add_netrc, "machine a login x:y password s3cret"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		int rc = add(f, rows[i].fn, rows[i].text);
		if (rc != LK_E_FORMAT || f->credentials.items.len != 0) {
			fail_msg("%s: %d", rows[i].text, rc);
		}
		assert_string_equal(f->err.file, "the file");
		assert_null(strstr(f->err.message, "s3cret"));
		assert_null(strstr(f->err.excerpt, "s3cret"));
		assert_null(strstr(f->err.hint, "s3cret"));
	}
}

/* A stronger source wins whatever a weaker one names. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, lk_credentials_add_rattler,
				 "{\"*.example.org\": {\"BearerToken\": \"first\"}}"),
		0);
	assert_int_equal(add(f, lk_credentials_add_netrc,
				 "machine a.example.org password second\n"
				 "machine a.example.net password second\n"),
		0);
	assert_int_equal(add(f, lk_credentials_add_netrc,
				 "machine a.example.net password third\n"
				 "default password third\n"),
		0);
	assert_string_equal(secret(f, "https://a.example.org/"), "first");
	assert_string_equal(secret(f, "https://a.example.net/"), "second");
	assert_string_equal(secret(f, "https://b.example.net/"), "third");
}

static void note_warning(void *ctx, const char *message)
{
	struct fixture *f = ctx;
	f->warnings++;
	snprintf(f->warned, sizeof(f->warned), "%s", message);
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	const char *dir = f->scratch.path;
	const struct lk_report report = {.ctx = f, .warn = note_warning};
	char good[128];
	char bad[128];
	char missing[128];
	char folder[128];
	snprintf(good, sizeof(good), "%s/good.json", dir);
	snprintf(bad, sizeof(bad), "%s/bad.json", dir);
	snprintf(missing, sizeof(missing), "%s/missing/x", dir);
	snprintf(folder, sizeof(folder), "%s/tokens", dir);
	put_text(dir, "good.json", "{\"a.example.org\": {\"BearerToken\": \"good\"}}");
	put_text(dir, "bad.json", "{\"a.example.org\": {\"BearerToken\": \"s3cret");
	put_text(dir, "tokens/https%3A%2F%2Fb.example.org.token", "tk-1\n");
	put_text(dir, "tokens/https%3A%2F%2Fc.example.org.token", "tk 1\n");
	put_text(dir, "tokens/else", "tk 1\n");
	assert_int_equal(chmod(good, 0600), 0);

	/* Those that nobody asked for are passed over, with a warning if they are there. */
	const struct lk_credentials_place places[] = {
		{missing, LK_CREDENTIALS_RATTLER, false},
		{missing, LK_CREDENTIALS_ANACONDA, false},
		{bad, LK_CREDENTIALS_RATTLER, false},
		{good, LK_CREDENTIALS_RATTLER, true},
		{folder, LK_CREDENTIALS_ANACONDA, false},
	};
	assert_int_equal(
		lk_credentials_read(&f->credentials, places, LK_COUNTOF(places), &report, &f->err),
		0);
	assert_int_equal(f->warnings, 2);
	assert_null(strstr(f->warned, "tk 1"));
	assert_string_equal(secret(f, "https://a.example.org/"), "good");
	assert_string_equal(secret(f, "https://b.example.org/"), "tk-1");
	assert_string_equal(secret(f, "https://c.example.org/"), "");
	const struct lk_credential *found =
		lk_credentials_find(&f->credentials, LK_STR("https://a.example.org/"));
	assert_false(f->credentials.sources.items[found->source].open);
	found = lk_credentials_find(&f->credentials, LK_STR("https://b.example.org/"));
	assert_true(f->credentials.sources.items[found->source].open);

	/* Those that were asked for must serve. */
	const struct lk_credentials_place asked[] = {
		{missing, LK_CREDENTIALS_RATTLER, true},
		{bad, LK_CREDENTIALS_NETRC, true},
		{folder, LK_CREDENTIALS_RATTLER, true},
	};
	static const int codes[] = {LK_E_USAGE, LK_E_FORMAT, LK_E_FS};
	for (size_t i = 0; i < LK_COUNTOF(asked); i++) {
		assert_int_equal(
			lk_credentials_read(&f->credentials, &asked[i], 1, &report, &f->err),
			codes[i]);
	}
	assert_int_equal(f->warnings, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rattler, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mamba, setup, teardown),
		cmocka_unit_test_setup_teardown(test_netrc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anaconda, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
