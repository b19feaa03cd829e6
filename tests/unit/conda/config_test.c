/*
 * Conda's settings: kinds of values, merging of files, what channel names stand for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conda/config.h"

struct fixture {
	struct lk_error err;
	struct lk_config config;
	char folder[64];
	char paths[3][128];
	lk_str files[3];
	size_t n_files;
	const char *const *environment;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	snprintf(f->folder, sizeof(f->folder), "/tmp/condarc-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

static void remove_files(struct fixture *f)
{
	while (f->n_files > 0) {
		unlink(f->paths[--f->n_files]);
	}
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_config_done(&f->config);
	remove_files(f);
	rmdir(f->folder);
	lk_free(f);
	return 0;
}

static void add_file(struct fixture *f, const char *text)
{
	char *path = f->paths[f->n_files];
	snprintf(path, sizeof(f->paths[0]), "%s/%zu", f->folder, f->n_files);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	f->files[f->n_files++] = lk_str_of(path);
}

static void must_read(struct fixture *f)
{
	lk_config_done(&f->config);
	if (lk_config_read(f->files, f->n_files, f->environment, &f->config, &f->err) < 0) {
		fail_msg("%u:%u: %s", f->err.line, f->err.column, f->err.message);
	}
}

static const struct lk_config *config_of(struct fixture *f, const char *text)
{
	remove_files(f);
	add_file(f, text);
	must_read(f);
	return &f->config;
}

static void check_list(struct lk_str_list list, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list.n; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT, i ? "|" : "", LK_STR_ARG(list.items[i]));
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void without_files_there_are_defaults(void **state)
{
	struct fixture *f = *state;
	f->files[0] = LK_STR("/nowhere/condarc");
	f->n_files = 1;
	must_read(f);
	assert_int_equal(f->config.channels.n, 0);
	assert_int_equal(f->config.default_channels.n, 2);
	assert_true(lk_str_is(f->config.channel_alias, "https://conda.anaconda.org"));
	assert_int_equal(f->config.channel_priority.len, 0);
	assert_true(f->config.ssl_verify);
	assert_false(f->config.offline);
	assert_int_equal(f->config.local_repodata_ttl, 1);
	assert_int_equal(f->config.repodata_fns.n, 0);
	assert_true(f->config.repodata_use_shards && f->config.repodata_use_zst);
	assert_int_equal(f->config.channel_relations_max_depth, 0);
	f->n_files = 0;
}

static void every_key_is_read(void **state)
{
	const struct lk_config *c = config_of(*state,
		"channels:\n  - conda-forge\n  - nvidia\n  - conda-forge\n"
		"default_channels: [https://h/main]\n"
		"channel_alias: https://mirror.example/conda/\n"
		"custom_channels:\n  nvidia: https://n.example/x\n"
		"channel_priority: strict\n"
		"pkgs_dirs: [/pkgs]\n"
		"envs_dirs: /envs\n"
		"pinned_packages: ['numpy 1.26.*']\n"
		"ssl_verify: /etc/ca.pem\n"
		"offline: yes\n"
		"local_repodata_ttl: 3600\n"
		"repodata_fns: [current_repodata.json, repodata.json]\n"
		"repodata_use_shards: false\n"
		"repodata_use_zst: no\n"
		"channel_relations_max_depth: 3\n"
		"auto_activate_base: false\n");
	check_list(c->channels, "conda-forge|nvidia");
	check_list(c->default_channels, "https://h/main");
	assert_true(lk_str_is(c->channel_alias, "https://mirror.example/conda"));
	assert_int_equal(c->custom_channels.n, 1);
	assert_true(lk_str_is(c->custom_channels.items[0].text, "https://n.example/x"));
	assert_true(lk_str_is(c->channel_priority, "strict"));
	check_list(c->pkgs_dirs, "/pkgs");
	check_list(c->envs_dirs, "/envs");
	check_list(c->pinned_packages, "numpy 1.26.*");
	assert_true(c->ssl_verify && lk_str_is(c->ssl_ca_path, "/etc/ca.pem"));
	assert_true(c->offline);
	assert_int_equal(c->local_repodata_ttl, 3600);
	check_list(c->repodata_fns, "current_repodata.json|repodata.json");
	assert_false(c->repodata_use_shards || c->repodata_use_zst);
	assert_int_equal(c->channel_relations_max_depth, 3);
}

static void every_key_of_the_network_is_read(void **state)
{
	const struct lk_config *c = config_of(*state,
		"proxy_servers: {http: x, \"https://h\": null}\n"
		"client_ssl_cert: ~/c.pem\n"
		"client_ssl_cert_key: k.pem\n"
		"remote_connect_timeout_secs: 9.15\n"
		"remote_read_timeout_secs: 60\n"
		"remote_backoff_factor: 0.25\n"
		"remote_max_retries: 0\n"
		"fetch_threads: 3\n"
		"add_anaconda_token: no\n"
		"register_envs: no\n"
		"custom_multichannels: {many: [a, b]}\n"
		"mirrored_channels:\n  conda-forge: [https://m/1, https://m/2]\n  https://h/: "
		"https://m/3\n"
		"migrated_channel_aliases: [https://old]\n"
		"allowlist_channels: [x]\n"
		"denylist_channels: [y]\n");
	assert_int_equal(c->proxy_servers.n, 2);
	assert_true(lk_str_is(c->proxy_servers.items[0].text, "x"));
	assert_true(lk_str_is(c->proxy_servers.items[1].name, "https://h"));
	assert_true(lk_str_is(c->client_ssl_cert, "~/c.pem"));
	assert_true(lk_str_is(c->client_ssl_cert_key, "k.pem"));
	assert_int_equal(c->remote_connect_timeout_ms, 9150);
	assert_int_equal(c->remote_read_timeout_ms, 60000);
	assert_int_equal(c->remote_backoff_ms, 250);
	assert_int_equal(c->remote_max_retries, 0);
	assert_int_equal(c->fetch_threads, 3);
	assert_false(c->add_anaconda_token);
	assert_false(c->register_envs);
	check_list(c->custom_multichannels.items[0].values, "a|b");
	assert_int_equal(c->mirrored_channels.n, 2);
	check_list(c->mirrored_channels.items[0].values, "https://m/1|https://m/2");
	check_list(c->mirrored_channels.items[1].values, "https://m/3");
	check_list(c->migrated_channel_aliases, "https://old");
	check_list(c->allowlist_channels, "x");
	check_list(c->denylist_channels, "y");
}

static void variables_win(void **state)
{
	static const char *const environment[] = {
		"CONDA_CHANNELS=x, y,",
		"CONDA_SSL_VERIFY=/ca",
		"CONDA_REMOTE_MAX_RETRIES=7",
		"CONDA_OFFLINE=",
		"CONDA_offline=true",
		"CONDA_PROXY_SERVERS=nonsense",
		"CONDA_REMOTE_READ_TIMEOUT_SECS=1.5",
		"CONDA_PREFIX=/opt/conda",
		"HOST=h.example",
		"EMPTY=",
		NULL,
	};
	static const char *const bad[] = {"CONDA_REMOTE_MAX_RETRIES=many", NULL};
	struct fixture *f = *state;
	f->environment = environment;
	const struct lk_config *c = config_of(f,
		"channels: [a, y]\nssl_verify: false\nremote_max_retries: 1\n"
		"remote_read_timeout_secs: 9\n"
		"envs_dirs: ['https://$HOST/x-${HOST}${EMPTY}', '$NONE ${HOST $ $$ ${} end']\n");
	check_list(c->channels, "x|y|a");
	check_list(c->envs_dirs, "https://h.example/x-h.example|$NONE ${HOST $ $$ ${} end");
	assert_true(c->ssl_verify && lk_str_is(c->ssl_ca_path, "/ca"));
	assert_int_equal(c->remote_max_retries, 7);
	assert_int_equal(c->remote_read_timeout_ms, 1500);
	assert_false(c->offline);
	assert_int_equal(c->proxy_servers.n, 0);
	lk_config_done(&f->config);
	assert_int_equal(lk_config_read(NULL, 0, bad, &f->config, &f->err), LK_E_FORMAT);
	assert_non_null(strstr(f->err.message, "remote_max_retries"));
}

static void values_have_several_forms(void **state)
{
	struct fixture *f = *state;
	assert_false(config_of(f, "ssl_verify: False\n")->ssl_verify);
	assert_true(config_of(f, "ssl_verify: <auto>\n")->ssl_verify);
	assert_int_equal(f->config.ssl_ca_path.len, 0);
	assert_int_equal(config_of(f, "ssl_verify: truststore\n")->ssl_ca_path.len, 0);
	assert_int_equal(config_of(f, "local_repodata_ttl: false\n")->local_repodata_ttl, 0);
	assert_true(
		lk_str_is(config_of(f, "channel_priority: true\n")->channel_priority, "flexible"));
	assert_true(
		lk_str_is(config_of(f, "channel_priority: off\n")->channel_priority, "disabled"));
	assert_int_equal(config_of(f, "channels:\nssl_verify:\n")->channels.n, 0);
	assert_int_equal(config_of(f, "")->channels.n, 0);
}

static void later_files_come_first(void **state)
{
	struct fixture *f = *state;
	add_file(f,
		"channels: [a, b]\noffline: true\ncustom_channels: {x: https://1, y: https://2}\n");
	add_file(f, "channels: [c, a]\noffline: false\ncustom_channels: {x: https://3}\n");
	must_read(f);
	check_list(f->config.channels, "c|a|b");
	assert_false(f->config.offline);
	assert_int_equal(f->config.custom_channels.n, 2);
	assert_true(lk_str_is(f->config.custom_channels.items[0].text, "https://3"));
	assert_true(lk_str_is(f->config.custom_channels.items[1].name, "y"));
}

static void bad_files_have_a_position(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} rows[] = {
		{"channels: [\n", 2, 1},
		{"- x\n", 1, 1},
		{"channels:\n- {a: b}\n", 2, 3},
		{"channels: {a: b}\n", 1, 11},
		{"offline: maybe\n", 1, 10},
		{"offline: [x]\n", 1, 10},
		{"channel_alias: conda\n", 1, 16},
		{"channel_priority: lax\n", 1, 19},
		{"local_repodata_ttl: -5\n", 1, 21},
		{"channel_relations_max_depth: deep\n", 1, 30},
		{"repodata_use_shards: perhaps\n", 1, 22},
		{"custom_channels: [a]\n", 1, 18},
		{"custom_channels:\n  a: [b]\n", 2, 6},
		{"mirrored_channels:\n  a: {b: c}\n", 2, 6},
		{"proxy_servers: http://x\n", 1, 16},
		{"remote_read_timeout_secs: 1s\n", 1, 27},
		{"remote_read_timeout_secs: 86401\n", 1, 27},
		{"remote_backoff_factor: -1\n", 1, 24},
		{"client_ssl_cert: [x]\n", 1, 18},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		remove_files(f);
		add_file(f, rows[i].text);
		lk_config_done(&f->config);
		if (lk_config_read(f->files, 1, NULL, &f->config, &f->err) != LK_E_FORMAT) {
			fail_msg("'%s' was not refused", rows[i].text);
		}
		if (f->err.line != rows[i].line || f->err.column != rows[i].column) {
			fail_msg("'%s': %u:%u %s", rows[i].text, f->err.line, f->err.column,
				f->err.message);
		}
		assert_string_equal(f->err.file, f->paths[0]);
	}
}

static void channels_expand(void **state)
{
	static const struct {
		const char *reference, *expanded;
	} rows[] = {
		{"conda-forge", "conda-forge"},
		{"defaults", "https://d/1|https://d/2"},
		{"nvidia", "https://n.example/x/nvidia"},
		{"nvidia/label/cuda-12", "https://n.example/x/nvidia/label/cuda-12"},
		{"nvidiax", "nvidiax"},
		{"https://h/nvidia", "https://h/nvidia"},
		{"many", "a|https://n.example/x/nvidia"},
		{"many/x", "many/x"},
		{"https://old/a/b/", "https://conda.anaconda.org/a/b/"},
		{"https://old", "https://old"},
		{"https://older/a", "https://older/a"},
	};
	const struct lk_config *c = config_of(*state,
		"default_channels: [https://d/1, https://d/2]\n"
		"custom_channels: {nvidia: https://n.example/x}\n"
		"custom_multichannels: {many: [a, nvidia]}\n"
		"migrated_channel_aliases: [https://old/]\n");
	struct lk_arena arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_strs strs = {0};
		lk_config_expand_channel(c, lk_str_of(rows[i].reference), &arena, &strs);
		check_list((struct lk_str_list){strs.items, strs.len}, rows[i].expanded);
		lk_vec_done(&strs);
	}
	lk_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_files_there_are_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(every_key_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(every_key_of_the_network_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(variables_win, setup, teardown),
		cmocka_unit_test_setup_teardown(values_have_several_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(later_files_come_first, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files_have_a_position, setup, teardown),
		cmocka_unit_test_setup_teardown(channels_expand, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
