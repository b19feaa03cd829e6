/*
 * .condarc files read and merged.
 */
#include "conda/config.h"

#include "base/fs.h"
#include "base/yaml.h"
#include "conda/channel.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_DEPTH 16

struct reader {
	struct lk_config *config;
	const struct lk_yaml_doc *doc;
	struct lk_error *err;
};

enum setting_kind {
	SETTING_LIST,
	SETTING_BOOL,
	SETTING_ALIAS,
	SETTING_CUSTOM,
	SETTING_PRIORITY,
	SETTING_SSL,
	SETTING_TTL,
	SETTING_NUMBER,
};

#define MEMBER(name) offsetof(struct lk_config, name)

static const struct setting {
	const char *key;
	enum setting_kind kind;
	size_t offset;
} settings[] = {
	{"channels", SETTING_LIST, MEMBER(channels)},
	{"default_channels", SETTING_LIST, MEMBER(default_channels)},
	{"channel_alias", SETTING_ALIAS, 0},
	{"custom_channels", SETTING_CUSTOM, 0},
	{"channel_priority", SETTING_PRIORITY, 0},
	{"pkgs_dirs", SETTING_LIST, MEMBER(pkgs_dirs)},
	{"envs_dirs", SETTING_LIST, MEMBER(envs_dirs)},
	{"pinned_packages", SETTING_LIST, MEMBER(pinned_packages)},
	{"ssl_verify", SETTING_SSL, 0},
	{"add_anaconda_token", SETTING_BOOL, MEMBER(add_anaconda_token)},
	{"add_binstar_token", SETTING_BOOL, MEMBER(add_anaconda_token)},
	{"offline", SETTING_BOOL, MEMBER(offline)},
	{"local_repodata_ttl", SETTING_TTL, 0},
	{"repodata_fns", SETTING_LIST, MEMBER(repodata_fns)},
	{"repodata_use_shards", SETTING_BOOL, MEMBER(repodata_use_shards)},
	{"repodata_use_zst", SETTING_BOOL, MEMBER(repodata_use_zst)},
	{"channel_relations_max_depth", SETTING_NUMBER, MEMBER(channel_relations_max_depth)},
};

static lk_str keep(const struct reader *r, lk_str text)
{
	return lk_str_dup(&r->config->arena, lk_str_trim(text));
}

static bool contains(const struct lk_str_list *list, size_t n, lk_str text)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq(list->items[i], text)) {
			return true;
		}
	}
	return false;
}

/* Puts the node's strings (a list, or one alone) before what LIST holds; each stays once. */
static int read_list(const struct reader *r, const struct lk_yaml *node, struct lk_str_list *list)
{
	bool alone = node->kind == LK_YAML_SCALAR;
	if (!alone && node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(r->doc, node, r->err, "'" LK_STR_FMT "' must be a list",
			LK_STR_ARG(node->key));
	}
	size_t most = list->n + (alone ? 1 : node->n_children);
	lk_str *items = lk_arena_calloc(&r->config->arena, most + 1, sizeof(*items));
	struct lk_str_list merged = {items, 0};
	for (const struct lk_yaml *item = alone ? node : node->first; item;
		item = alone ? NULL : item->next) {
		if (item->kind != LK_YAML_SCALAR) {
			return lk_yaml_fail(r->doc, item, r->err, "expected plain text");
		}
		if (!contains(&merged, merged.n, lk_str_trim(item->text))) {
			items[merged.n++] = keep(r, item->text);
		}
	}
	for (size_t i = 0; i < list->n; i++) {
		if (!contains(&merged, merged.n, list->items[i])) {
			items[merged.n++] = list->items[i];
		}
	}
	*list = merged;
	return 0;
}

/* 1, 0, or -1 for text that is no boolean. */
static int bool_of(lk_str text)
{
	static const char *const words[][2] = {
		{"false", "true"},
		{"no", "yes"},
		{"off", "on"},
		{"0", "1"},
	};
	for (size_t i = 0; i < LK_COUNTOF(words); i++) {
		for (int value = 0; value < 2; value++) {
			if (lk_str_eq_nocase(text, lk_str_of(words[i][value]))) {
				return value;
			}
		}
	}
	return -1;
}

static int fail_kind(const struct reader *r, const struct lk_yaml *node, const char *wanted)
{
	return lk_yaml_fail(
		r->doc, node, r->err, "'" LK_STR_FMT "' must be %s", LK_STR_ARG(node->key), wanted);
}

static int read_bool(const struct reader *r, const struct lk_yaml *node, bool *ret)
{
	int value = bool_of(node->text);
	if (value < 0) {
		return fail_kind(r, node, "true or false");
	}
	*ret = value;
	return 0;
}

static int read_alias(const struct reader *r, const struct lk_yaml *node)
{
	lk_str alias = lk_str_trim_end(lk_str_trim(node->text), '/');
	if (lk_str_find(alias, LK_STR("://")) == SIZE_MAX) {
		return fail_kind(r, node, "a URL");
	}
	r->config->channel_alias = keep(r, alias);
	return 0;
}

static int read_priority(const struct reader *r, const struct lk_yaml *node)
{
	lk_str text = lk_str_trim(node->text);
	int value = bool_of(text);
	if (value >= 0) {
		r->config->channel_priority = value ? LK_STR("flexible") : LK_STR("disabled");
		return 0;
	}
	if (!lk_str_is(text, "strict") && !lk_str_is(text, "flexible") &&
		!lk_str_is(text, "disabled")) {
		return fail_kind(r, node, "strict, flexible or disabled");
	}
	r->config->channel_priority = keep(r, text);
	return 0;
}

static int read_ssl(const struct reader *r, const struct lk_yaml *node)
{
	lk_str text = lk_str_trim(node->text);
	int value = bool_of(text);
	r->config->ssl_verify = value != 0;
	bool is_path =
		value < 0 && text.len > 0 && !lk_str_is(text, "truststore") && text.ptr[0] != '<';
	r->config->ssl_ca_file = is_path ? keep(r, text) : LK_STR("");
	return 0;
}

static int read_ttl(const struct reader *r, const struct lk_yaml *node)
{
	lk_str text = lk_str_trim(node->text);
	int value = bool_of(text);
	if (value >= 0) {
		r->config->local_repodata_ttl = (uint64_t)value;
		return 0;
	}
	return lk_str_to_u64(text, &r->config->local_repodata_ttl)
		? 0
		: fail_kind(r, node, "a number of seconds");
}

static int read_number(const struct reader *r, const struct lk_yaml *node, uint64_t *ret)
{
	return lk_str_to_u64(lk_str_trim(node->text), ret) ? 0 : fail_kind(r, node, "a number");
}

/* Adds the node's entries; one that is there already is replaced. */
static int read_custom(const struct reader *r, const struct lk_yaml *node)
{
	struct lk_config *config = r->config;
	if (node->kind != LK_YAML_MAPPING) {
		return fail_kind(r, node, "a mapping of names to URLs");
	}
	size_t most = config->n_custom_channels + node->n_children;
	struct lk_config_mapping *items = lk_arena_calloc(&config->arena, most + 1, sizeof(*items));
	size_t n = 0;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		if (member->kind != LK_YAML_SCALAR) {
			return fail_kind(r, member, "a URL");
		}
		items[n++] =
			(struct lk_config_mapping){keep(r, member->key), keep(r, member->text)};
	}
	for (size_t i = 0; i < config->n_custom_channels; i++) {
		const struct lk_config_mapping *old = &config->custom_channels[i];
		bool replaced = false;
		for (size_t k = 0; k < node->n_children && !replaced; k++) {
			replaced = lk_str_eq(items[k].name, old->name);
		}
		if (!replaced) {
			items[n++] = *old;
		}
	}
	config->custom_channels = items;
	config->n_custom_channels = n;
	return 0;
}

static int read_setting(
	const struct reader *r, const struct lk_yaml *node, const struct setting *setting)
{
	void *member = (char *)r->config + setting->offset;
	bool container = setting->kind == SETTING_LIST || setting->kind == SETTING_CUSTOM;
	if (!container && node->kind != LK_YAML_SCALAR) {
		return fail_kind(r, node, "plain text");
	}
	switch (setting->kind) {
	case SETTING_LIST:
		return read_list(r, node, member);
	case SETTING_BOOL:
		return read_bool(r, node, member);
	case SETTING_ALIAS:
		return read_alias(r, node);
	case SETTING_CUSTOM:
		return read_custom(r, node);
	case SETTING_PRIORITY:
		return read_priority(r, node);
	case SETTING_SSL:
		return read_ssl(r, node);
	case SETTING_TTL:
		return read_ttl(r, node);
	case SETTING_NUMBER:
		return read_number(r, node, member);
	}
	return 0;
}

static int read_document(const struct reader *r)
{
	const struct lk_yaml *root = r->doc->root;
	if (root->kind == LK_YAML_NULL) {
		return 0;
	}
	if (root->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(r->doc, root, r->err, "settings must be a mapping");
	}
	for (const struct lk_yaml *member = root->first; member; member = member->next) {
		for (size_t i = 0; i < LK_COUNTOF(settings); i++) {
			if (member->kind == LK_YAML_NULL ||
				!lk_str_is(member->key, settings[i].key)) {
				continue;
			}
			int rc = read_setting(r, member, &settings[i]);
			if (rc < 0) {
				return rc;
			}
		}
	}
	return 0;
}

static int read_file(struct lk_config *config, const char *path, struct lk_error *err)
{
	static const struct lk_yaml_limits limits = {MAX_BYTES, MAX_DEPTH, 0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	if (rc < 0) {
		return rc == LK_E_NOT_FOUND ? 0 : rc;
	}
	struct lk_yaml_doc doc;
	rc = lk_yaml_parse(lk_buf_view(&text), path, &limits, &doc, err);
	if (rc < 0) {
		return rc;
	}
	struct reader r = {config, &doc, err};
	rc = read_document(&r);
	lk_yaml_doc_done(&doc);
	return rc;
}

/* What conda's "defaults" stands for unless a file says otherwise. */
static const lk_str default_channels[] = {
	{"https://repo.anaconda.com/pkgs/main", sizeof("https://repo.anaconda.com/pkgs/main") - 1},
	{"https://repo.anaconda.com/pkgs/r", sizeof("https://repo.anaconda.com/pkgs/r") - 1},
};

int lk_config_read(const lk_str *paths, size_t n_paths, struct lk_config *ret, struct lk_error *err)
{
	struct lk_config config = {.ssl_verify = true,
		.add_anaconda_token = true,
		.repodata_use_shards = true,
		.repodata_use_zst = true,
		.local_repodata_ttl = 1,
		.channel_alias = LK_STR(LK_CHANNEL_ALIAS)};
	lk_arena_init(&config.arena);
	int rc = 0;
	for (size_t i = 0; i < n_paths && rc == 0; i++) {
		rc = read_file(&config, lk_str_dup(&config.arena, paths[i]).ptr, err);
	}
	if (rc < 0) {
		lk_config_done(&config);
		return rc;
	}
	if (config.default_channels.n == 0) {
		config.default_channels =
			(struct lk_str_list){default_channels, LK_COUNTOF(default_channels)};
	}
	*ret = config;
	return 0;
}

void lk_config_done(struct lk_config *config)
{
	lk_arena_done(&config->arena);
	*config = (struct lk_config){0};
}

/* The custom URL of "NAME" or "NAME/rest", or an empty view. */
static lk_str custom_url(const struct lk_config *config, lk_str reference, struct lk_arena *arena)
{
	for (size_t i = 0; i < config->n_custom_channels; i++) {
		const struct lk_config_mapping *custom = &config->custom_channels[i];
		bool whole = lk_str_eq(reference, custom->name);
		bool below = lk_str_starts(reference, custom->name) &&
			reference.len > custom->name.len && reference.ptr[custom->name.len] == '/';
		if (whole || below) {
			return lk_url_join(custom->url, reference, arena);
		}
	}
	return LK_STR("");
}

void lk_config_expand_channel(const struct lk_config *config, lk_str reference,
	struct lk_arena *arena, struct lk_strs *ret)
{
	if (lk_str_is(reference, "defaults")) {
		for (size_t i = 0; i < config->default_channels.n; i++) {
			lk_vec_push(ret, config->default_channels.items[i]);
		}
		return;
	}
	lk_str url = custom_url(config, reference, arena);
	lk_vec_push(ret, url.len > 0 ? url : lk_str_dup(arena, reference));
}
