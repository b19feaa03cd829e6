/*
 * lk_fetch_packages: archives from servers and folders into the cache, or nothing at all.
 */
#include "fetch/fetch.h"

#include "store/partial.h"
#include "tests/unit/fetch/fetch_support.h"

#define N_FILES 24 /* more than blocks between the receiving and the writing thread */
#define BODY_LEN (3u << 20)

struct world {
	struct scratch scratch;
	struct server server;
	struct lk_cache *cache;
	struct lk_arena arena;
	struct lk_report report;
	struct lk_fetch_options options;
	struct lk_channel channel;
	struct lk_record records[N_FILES];
	char cache_path[128];
	char www[128];
	unsigned warnings;
	struct lk_progress last;
	unsigned stop_after; /* progress reports; 0: never */
	unsigned reports;
};

static void count_warning(void *ctx, const char *message)
{
	(void)message;
	((struct world *)ctx)->warnings++;
}

static void keep_progress(void *ctx, const struct lk_progress *progress)
{
	struct world *world = ctx;
	assert_true(progress->done <= progress->total);
	world->last = *progress;
	world->reports++;
}

static bool asked_to_stop(void *ctx)
{
	const struct world *world = ctx;
	return world->stop_after > 0 && world->reports >= world->stop_after;
}

static int setup(void **state)
{
	struct lk_error err = LK_ERROR_INIT;
	struct world *world = lk_calloc(1, sizeof(*world));
	scratch_init(&world->scratch);
	snprintf(world->www, sizeof(world->www), "%s/www", world->scratch.path);
	snprintf(world->cache_path, sizeof(world->cache_path), "%s/cache", world->scratch.path);
	unsigned char *body = lk_calloc(1, BODY_LEN);
	for (unsigned i = 0; i < N_FILES; i++) {
		size_t len = i == 0 ? BODY_LEN : 1000 * i;
		fill(body, len, i);
		struct lk_record *record = &world->records[i];
		*record = (struct lk_record){
			.name = LK_STR("p"),
			.channel = LK_STR("chan"),
			.subdir = LK_STR("noarch"),
			.fn = lk_str_printf(&world->arena, "p-%u-0.conda", i),
			.has_sha256 = true,
			.has_size = true,
			.sha256 = lk_sha256_of(body, len),
			.size = len,
		};
		char name[64];
		snprintf(name, sizeof(name), "chan/noarch/p-%u-0.conda", i);
		put_file(world->www, name, body, len);
	}
	lk_free(body);
	fault_server_start(&world->server, world->www);
	assert_int_equal(lk_cache_open(world->cache_path, true, &world->cache, &err), 0);
	world->report = (struct lk_report){.ctx = world,
		.warn = count_warning,
		.stop = asked_to_stop,
		.progress = keep_progress};
	world->options = (struct lk_fetch_options){.retries = 2, .backoff_ms = 5, .jobs = 4};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	lk_cache_free(world->cache);
	server_stop(&world->server);
	scratch_done(&world->scratch);
	lk_arena_done(&world->arena);
	lk_free(world);
	return 0;
}

/* The records' addresses: under FAULT of the server. */
static void serve_from(struct world *world, const char *fault)
{
	struct lk_error err = LK_ERROR_INIT;
	lk_str reference = lk_str_printf(
		&world->arena, "http://127.0.0.1:%d/%s/chan", world->server.port, fault);
	assert_int_equal(lk_channel_resolve(reference, LK_STR(LK_CHANNEL_ALIAS), &world->arena,
				 &world->channel, &err),
		0);
	for (unsigned i = 0; i < N_FILES; i++) {
		world->records[i].url =
			lk_str_printf(&world->arena, LK_STR_FMT "/noarch/" LK_STR_FMT,
				LK_STR_ARG(world->channel.url), LK_STR_ARG(world->records[i].fn));
	}
}

static int fetch(struct world *world, size_t n, struct lk_fetch_stats *stats, struct lk_error *err)
{
	struct lk_fetch *handle = NULL;
	handle = lk_fetch_new(world->cache, &world->options, &world->report);
	int rc = lk_fetch_packages(handle, &world->channel, 1, world->records, n, stats, err);
	lk_fetch_free(handle);
	return rc;
}

static void assert_fetch(struct world *world, size_t n, size_t downloaded, size_t present)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch_stats stats = {0};
	int rc = fetch(world, n, &stats, &err);
	if (rc != 0) {
		print_error("%s\n", err.message);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(stats.downloaded, downloaded);
	assert_int_equal(stats.present, present);
	for (size_t i = 0; i < n; i++) {
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		struct lk_sha256 sha256;
		assert_int_equal(
			lk_cache_open_archive(world->cache, &world->records[i], &blob, &err), 0);
		assert_int_equal(lk_blob_sha256(&blob, "f", &sha256, &err), 0);
		assert_true(lk_sha256_eq(&sha256, &world->records[i].sha256));
	}
}

static void assert_fetch_one(struct world *world, size_t index)
{
	struct lk_record first = world->records[0];
	world->records[0] = world->records[index];
	assert_fetch(world, 1, 1, 0);
	world->records[0] = first;
}

/* As if the process that wrote the partial had stopped in order. */
static void rename_as_free(const struct world *world, const char *name)
{
	char free_name[256];
	int tmp = lk_cache_tmp_fd(world->cache);
	size_t stem = strlen("partial,") + 64;
	snprintf(free_name, sizeof(free_name), "%.*s,free%s", (int)stem, name,
		name + strlen(name) - strlen("-xxxxxx"));
	assert_int_equal(renameat(tmp, name, tmp, free_name), 0);
}

static size_t count_part(const struct world *world, const char *part)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", world->cache_path, part);
	return count_files(path);
}

static void empty_part(const struct world *world, const char *part)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -f %s/%s/*", world->cache_path, part);
	assert_int_equal(system(command), 0); /* NOLINT: fixed command */
}

static void assert_fails_leaving(
	struct world *world, size_t n, int code, const char *message, size_t partials)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch_stats stats = {0};
	assert_int_equal(fetch(world, n, &stats, &err), code);
	if (!strstr(err.message, message)) {
		print_error("%s\n", err.message);
	}
	assert_non_null(strstr(err.message, message));
	assert_int_equal(count_part(world, "tmp"), partials);
	assert_true(err.hint[0] != '\0' || code == LK_E_INTERRUPTED);
}

static void assert_fails(struct world *world, size_t n, int code, const char *message)
{
	assert_fails_leaving(world, n, code, message, 0);
}

static void test_all(void **state)
{
	struct world *world = *state;
	serve_from(world, "ok");
	assert_fetch(world, 5, 5, 0);
	assert_fetch(world, N_FILES, N_FILES - 5, 5);
	assert_fetch(world, N_FILES, 0, N_FILES);
	assert_int_equal(count_part(world, "tmp"), 0);
}

static void test_progress(void **state)
{
	struct world *world = *state;
	serve_from(world, "break-once");
	assert_fetch(world, N_FILES, N_FILES, 0);
	uint64_t all = 0;
	for (size_t i = 0; i < N_FILES; i++) {
		all += world->records[i].size;
	}
	assert_int_equal(world->last.done, N_FILES);
	assert_int_equal(world->last.total, N_FILES);
	assert_int_equal(world->last.bytes, all);
	assert_int_equal(world->last.bytes_all, all);
}

/* The same package on two platforms is fetched once. */
static void test_duplicates(void **state)
{
	struct world *world = *state;
	serve_from(world, "ok");
	world->records[3] = world->records[1];
	assert_fetch(world, 4, 3, 0);
}

static void test_folder(void **state)
{
	struct world *world = *state;
	world->options.offline = true;
	for (unsigned i = 0; i < N_FILES; i++) {
		world->records[i].url =
			lk_str_printf(&world->arena, "file://%s/chan/noarch/" LK_STR_FMT,
				world->www, LK_STR_ARG(world->records[i].fn));
	}
	assert_fetch(world, N_FILES, N_FILES, 0);
	assert_fetch(world, N_FILES, 0, N_FILES);
}

static void test_folder_faults(void **state)
{
	struct world *world = *state;
	serve_from(world, "missing");
	for (unsigned i = 1; i < N_FILES; i++) {
		world->records[i].url =
			lk_str_printf(&world->arena, "file://%s/%s/noarch/" LK_STR_FMT, world->www,
				i == 2 ? "gone" : "chan", LK_STR_ARG(world->records[i].fn));
	}
	world->records[1].sha256.bytes[0] ^= 1;
	/* The first in order counts, wherever it comes from. */
	assert_fails(world, N_FILES, LK_E_NETWORK, "HTTP 404");
	serve_from(world, "ok");
	world->records[2].url = lk_str_printf(&world->arena, "file://%s/gone/noarch/" LK_STR_FMT,
		world->www, LK_STR_ARG(world->records[2].fn));
	assert_fails(world, N_FILES, LK_E_INTEGRITY, "sha256");
	world->records[1].sha256.bytes[0] ^= 1;
	assert_fails(world, N_FILES, LK_E_NETWORK, "channel 'chan' has no '");
}

static void test_faults(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *fault;
		int code;
		const char *message;
		size_t partials; /* of the larger file, that are worth to be kept */
	} rows[] = {
		{"corrupt", LK_E_INTEGRITY, "sha256", 0},
		{"longer", LK_E_INTEGRITY, "larger than the", 0},
		{"shorter", LK_E_INTEGRITY, "size is ", 0},
		{"says-shorter", LK_E_INTEGRITY, "size is ", 0},
		{"truncate", LK_E_NETWORK, "bytes remaining", 1},
		{"hang-up", LK_E_NETWORK, "mpty reply", 0},
		{"missing", LK_E_NETWORK, "HTTP 404", 0},
		{"statuses/500", LK_E_NETWORK, "HTTP 500", 0},
		{"always-304", LK_E_NETWORK, "HTTP 304", 0},
		{"auth", LK_E_NETWORK, "access denied", 0},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		serve_from(world, rows[i].fault);
		assert_fails_leaving(world, 2, rows[i].code, rows[i].message, rows[i].partials);
		assert_int_equal(count_part(world, "archives"), 0);
		empty_part(world, "tmp");
	}
	static const char *const good[] = {"break-once", "break-then-change", "break-then-no-range",
		"break-then-wrong-range", "damage-then-break", "redirect", "flaky"};
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		serve_from(world, good[i]);
		assert_fetch(world, 2, 2, 0);
		empty_part(world, "archives");
	}
}

/* How often does the server remember having been asked TEXT? */
static size_t count_asked(const struct world *world, const char *text)
{
	char command[256];
	char answer[16] = "";
	snprintf(command, sizeof(command), "curl -s http://127.0.0.1:%d/log | grep -c -e '%s'",
		world->server.port, text);
	FILE *pipe = popen(command, "r"); /* NOLINT: fixed command */
	assert_non_null(pipe);
	assert_non_null(fgets(answer, sizeof(answer), pipe));
	pclose(pipe);
	return strtoul(answer, NULL, 10);
}

/* What a run has got is where the next one begins. */
static void test_goes_on(void **state)
{
	struct world *world = *state;
	serve_from(world, "truncate");
	assert_fails_leaving(world, 1, LK_E_NETWORK, "bytes remaining", 1);
	serve_from(world, "ok");
	assert_fetch(world, 1, 1, 0);
	assert_int_equal(count_part(world, "tmp"), 0);
	assert_int_equal(count_asked(world, "^/ok/.*range=bytes=1572864- "), 1);
	assert_int_equal(count_asked(world, "^/ok/"), 1);

	/* All of it had come: nobody is asked. */
	struct lk_error err = LK_ERROR_INIT;
	struct lk_partials *partials = NULL;
	struct lk_cache_incoming incoming;
	unsigned char body[5000];
	fill(body, sizeof(body), 5);
	assert_int_equal(lk_partials_read(world->cache, &partials, &err), 0);
	assert_int_equal(lk_partial_begin(partials, &world->records[5], &incoming, &err), 0);
	assert_int_equal(lk_fs_write_all(incoming.fd, body, sizeof(body), "f", &err), 0);
	close(incoming.fd);
	rename_as_free(world, incoming.name);
	assert_fetch_one(world, 5);
	assert_int_equal(count_asked(world, "p-5-0"), 0);

	/* Other bytes than they should be: fetched anew at once, whatever the retries. */
	world->options.no_retries = true;
	assert_int_equal(lk_partial_begin(partials, &world->records[6], &incoming, &err), 0);
	assert_int_equal(lk_fs_write_all(incoming.fd, body, sizeof(body), "f", &err), 0);
	close(incoming.fd);
	rename_as_free(world, incoming.name);
	assert_fetch_one(world, 6);
	assert_int_equal(count_asked(world, "p-6-0.conda range=bytes=5000-"), 1);
	assert_int_equal(count_asked(world, "p-6-0.conda range= "), 1);
	lk_partials_free(partials);
	assert_int_equal(count_part(world, "tmp"), 0);
}

/* Those before the failure are kept, and the message has what was expected and what came. */
static void test_first_failure(void **state)
{
	struct world *world = *state;
	serve_from(world, "ok");
	world->records[7].sha256.bytes[0] ^= 1;
	world->records[9].url = LK_STR("http://127.0.0.1:1/p-9-0.conda");
	assert_fails(world, N_FILES, LK_E_INTEGRITY, "sha256 is ");
	for (size_t i = 0; i < 7; i++) {
		assert_true(lk_cache_has_archive(world->cache, &world->records[i]));
	}
	assert_false(lk_cache_has_archive(world->cache, &world->records[7]));
	world->records[0].has_sha256 = false;
	assert_fails(world, N_FILES, LK_E_INTEGRITY, "has no sha256");
}

/* The record as a channel without sha256 has it: is it hashed, and kept under that hash? */
static void assert_hashed(struct world *world, struct lk_record record)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch *handle = NULL;
	struct lk_sha256 sha256 = {{0}};
	record.has_sha256 = false;
	handle = lk_fetch_new(world->cache, &world->options, &world->report);
	const struct lk_record *one = &record;
	int rc = lk_fetch_hashes(handle, &world->channel, 1, &one, 1, &sha256, &err);
	lk_fetch_free(handle);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
	assert_true(lk_sha256_eq(&sha256, &record.sha256));
	record.has_sha256 = true;
	assert_true(lk_cache_has_archive(world->cache, &record));
}

static void assert_not_hashed(
	struct world *world, struct lk_record record, int code, const char *message)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch *handle = NULL;
	struct lk_sha256 sha256;
	record.has_sha256 = false;
	handle = lk_fetch_new(world->cache, &world->options, &world->report);
	const struct lk_record *one = &record;
	int rc = lk_fetch_hashes(handle, &world->channel, 1, &one, 1, &sha256, &err);
	assert_int_equal(rc, code);
	lk_fetch_free(handle);
	assert_non_null(strstr(err.message, message));
	assert_true(err.hint[0] != '\0');
	assert_int_equal(count_part(world, "tmp"), 0);
	assert_int_equal(count_part(world, "archives"), 0);
}

static void set_md5(struct lk_record *record, const void *bytes, size_t len)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_MD5);
	lk_digest_update(digest, bytes, len);
	lk_digest_final(digest, record->md5.bytes);
	record->has_md5 = true;
}

static void test_hash(void **state)
{
	struct world *world = *state;
	unsigned char body[3000];
	lk_str folder =
		lk_str_printf(&world->arena, "file://%s/chan/noarch/p-3-0.conda", world->www);
	fill(body, sizeof(body), 3);
	serve_from(world, "ok");
	struct lk_record record = world->records[3];
	set_md5(&record, body, sizeof(body));
	struct lk_record wrong = record;
	wrong.md5.bytes[0] ^= 1;
	assert_not_hashed(world, wrong, LK_E_INTEGRITY, "md5 is not");
	wrong.url = folder;
	assert_not_hashed(world, wrong, LK_E_INTEGRITY, "md5 is not");
	wrong = record;
	wrong.size--;
	assert_not_hashed(world, wrong, LK_E_INTEGRITY, "larger than the 2999 bytes");
	wrong.url = folder;
	assert_not_hashed(world, wrong, LK_E_INTEGRITY, "size is 3000 bytes");
	wrong.url = lk_str_printf(&world->arena, "file://%s/chan/noarch", world->www);
	assert_not_hashed(world, wrong, LK_E_FS, "is not a file");
	wrong.url = lk_str_printf(&world->arena, "file://%s/gone.conda", world->www);
	assert_not_hashed(world, wrong, LK_E_NETWORK, "has no '");
	serve_from(world, "missing");
	wrong.url = world->records[3].url;
	assert_not_hashed(world, wrong, LK_E_NETWORK, "HTTP 404");
	world->options.offline = true;
	assert_not_hashed(world, record, LK_E_OFFLINE, "nothing tells the sha256");

	record.url = folder;
	assert_hashed(world, record);
	world->options.offline = false;
	serve_from(world, "break-once");
	assert_hashed(world, world->records[0]);
}

static void test_offline(void **state)
{
	struct world *world = *state;
	serve_from(world, "ok");
	assert_fetch(world, 3, 3, 0);
	world->options.offline = true;
	assert_fetch(world, 3, 0, 3);
	assert_fails(world, 4, LK_E_OFFLINE, "offline, and 'p-3-0.conda' is not in the cache");
	assert_int_equal(world->warnings, 1);
	assert_fails(world, 6, LK_E_OFFLINE, "offline, and 'p-3-0.conda' and 2 more are not");
	assert_int_equal(world->warnings, 4);
}

static void test_credentials(void **state)
{
	struct world *world = *state;
	serve_from(world, "auth");
	world->channel.auth_url = lk_str_printf(
		&world->arena, "http://user:s3cret@127.0.0.1:%d/auth/chan", world->server.port);
	assert_fetch(world, 3, 3, 0);
	/* Not for what merely begins like the channel. */
	world->channel.url = lk_str_slice(world->channel.url, 0, world->channel.url.len - 1);
	assert_fails(world, 4, LK_E_NETWORK, "access denied");
	/* In a lock they have no business; still they are not shown. */
	world->records[3].url = lk_str_printf(
		&world->arena, "http://us:pass@127.0.0.1:%d/t/tok/auth/chan/p", world->server.port);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch_stats stats;
	assert_int_equal(fetch(world, 4, &stats, &err), LK_E_NETWORK);
	assert_null(strstr(err.message, "pass"));
	assert_null(strstr(err.message, "tok"));
}

/* Many break off, each at a server of its own, so that the others go on: these do. */
static void test_many_break(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch_stats stats;
	serve_from(world, "truncate");
	for (unsigned i = 1; i < N_FILES; i++) {
		world->records[i].url = lk_str_printf(&world->arena,
			"http://127.0.0.1:%0*d/%s/chan/noarch/" LK_STR_FMT, (int)i + 5,
			world->server.port, i == 1 ? "ok" : "truncate",
			LK_STR_ARG(world->records[i].fn));
	}
	world->options.jobs = 1;
	world->options.retries = 0;
	alarm(60); /* a test that waits for ever fails */
	assert_int_equal(fetch(world, N_FILES, &stats, &err), LK_E_NETWORK);
	alarm(0);
	assert_int_equal(count_part(world, "archives"), 1);
}

static void test_interrupted(void **state)
{
	struct world *world = *state;
	serve_from(world, "stall");
	world->stop_after = 1;
	assert_fails(world, N_FILES, LK_E_INTERRUPTED, "interrupted");
	assert_int_equal(count_part(world, "archives"), 0);
}

static void test_nginx(void **state)
{
	if (!have_program("nginx") || !have_program("openssl")) {
		skip();
	}
	struct world *world = *state;
	struct server nginx = {0};
	nginx_start(&nginx, &world->scratch);
	char ca[160];
	snprintf(ca, sizeof(ca), "%s/cert.pem", world->scratch.path);
	world->options.tls.ca_file = ca;
	for (unsigned i = 0; i < N_FILES; i++) {
		world->records[i].url = lk_str_printf(&world->arena,
			"%s://127.0.0.1:%d/chan/noarch/" LK_STR_FMT, i % 2 ? "https" : "http",
			i % 2 ? nginx.other_port : nginx.port, LK_STR_ARG(world->records[i].fn));
	}
	assert_fetch(world, N_FILES, N_FILES, 0);
	server_stop(&nginx);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all),
		CASE(test_progress),
		CASE(test_duplicates),
		CASE(test_folder),
		CASE(test_folder_faults),
		CASE(test_faults),
		CASE(test_goes_on),
		CASE(test_first_failure),
		CASE(test_hash),
		CASE(test_offline),
		CASE(test_credentials),
		CASE(test_many_break),
		CASE(test_interrupted),
		CASE(test_nginx),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
