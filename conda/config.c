/*
 * .condarc files read and merged.
 */
#include "conda/config.h"

#include "base/fs.h"
#include "base/yaml.h"
#include "conda/channel.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_DEPTH 16
#define SECONDS_MAX ((uint64_t)24 * 60 * 60)

struct reader {
	struct lk_config *config;
	const char *const *environment; /* NULL: none */
	const struct lk_yaml_doc *doc;
	struct lk_error *err;
};

enum setting_kind {
	SETTING_LIST,
	SETTING_BOOL,
	SETTING_TEXT,
	SETTING_ALIAS,
	SETTING_TEXT_MAP, /* names to text */
	SETTING_LIST_MAP, /* names to lists */
	SETTING_PRIORITY,
	SETTING_SSL,
	SETTING_TTL,
	SETTING_NUMBER,
	SETTING_SECONDS,
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
	{"custom_channels", SETTING_TEXT_MAP, MEMBER(custom_channels)},
	{"custom_multichannels", SETTING_LIST_MAP, MEMBER(custom_multichannels)},
	{"migrated_channel_aliases", SETTING_LIST, MEMBER(migrated_channel_aliases)},
	{"allowlist_channels", SETTING_LIST, MEMBER(allowlist_channels)},
	{"whitelist_channels", SETTING_LIST, MEMBER(allowlist_channels)},
	{"denylist_channels", SETTING_LIST, MEMBER(denylist_channels)},
	{"mirrored_channels", SETTING_LIST_MAP, MEMBER(mirrored_channels)},
	{"channel_priority", SETTING_PRIORITY, 0},
	{"pkgs_dirs", SETTING_LIST, MEMBER(pkgs_dirs)},
	{"envs_dirs", SETTING_LIST, MEMBER(envs_dirs)},
	{"pinned_packages", SETTING_LIST, MEMBER(pinned_packages)},
	{"ssl_verify", SETTING_SSL, 0},
	{"verify_ssl", SETTING_SSL, 0},
	{"client_ssl_cert", SETTING_TEXT, MEMBER(client_ssl_cert)},
	{"client_cert", SETTING_TEXT, MEMBER(client_ssl_cert)},
	{"client_ssl_cert_key", SETTING_TEXT, MEMBER(client_ssl_cert_key)},
	{"client_cert_key", SETTING_TEXT, MEMBER(client_ssl_cert_key)},
	{"proxy_servers", SETTING_TEXT_MAP, MEMBER(proxy_servers)},
	{"remote_connect_timeout_secs", SETTING_SECONDS, MEMBER(remote_connect_timeout_ms)},
	{"remote_read_timeout_secs", SETTING_SECONDS, MEMBER(remote_read_timeout_ms)},
	{"remote_backoff_factor", SETTING_SECONDS, MEMBER(remote_backoff_ms)},
	{"remote_max_retries", SETTING_NUMBER, MEMBER(remote_max_retries)},
	{"fetch_threads", SETTING_NUMBER, MEMBER(fetch_threads)},
	{"download_threads", SETTING_NUMBER, MEMBER(fetch_threads)},
	{"add_anaconda_token", SETTING_BOOL, MEMBER(add_anaconda_token)},
	{"add_binstar_token", SETTING_BOOL, MEMBER(add_anaconda_token)},
	{"register_envs", SETTING_BOOL, MEMBER(register_envs)},
	{"offline", SETTING_BOOL, MEMBER(offline)},
	{"local_repodata_ttl", SETTING_TTL, 0},
	{"repodata_fns", SETTING_LIST, MEMBER(repodata_fns)},
	{"repodata_use_shards", SETTING_BOOL, MEMBER(repodata_use_shards)},
	{"repodata_use_zst", SETTING_BOOL, MEMBER(repodata_use_zst)},
	{"channel_relations_max_depth", SETTING_NUMBER, MEMBER(channel_relations_max_depth)},
};

/* The value of the variable NAME; NULL when it is not set. */
static const char *variable(const char *const *environment, lk_str name)
{
	for (; environment && *environment; environment++) {
		lk_str value = lk_str_of(*environment);
		lk_str other;
		(void)lk_str_split(&value, '=', &other);
		if (value.ptr && lk_str_eq(other, name)) {
			return value.ptr;
		}
	}
	return NULL;
}

/* The variable that TEXT, which begins with "$", names as $NAME or ${NAME}; *ret_len: how much of
 * TEXT that is, 0 when it names none. */
static lk_str variable_name(lk_str text, size_t *ret_len)
{
	bool braces = lk_str_starts(text, LK_STR("${"));
	size_t start = braces ? 2 : 1;
	size_t end = start;
	while (end < text.len && (lk_is_alnum(text.ptr[end]) || text.ptr[end] == '_')) {
		end++;
	}
	bool whole = end > start && (!braces || (end < text.len && text.ptr[end] == '}'));
	*ret_len = whole ? end + braces : 0;
	return lk_str_slice(text, start, end);
}

/* Without space around it, and variables replaced by their values, as conda does; those that are
 * not set stay as they are written. */
static lk_str keep(const struct reader *r, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(MAX_BYTES);
	lk_str rest = lk_str_trim(text);
	while (rest.len > 0) {
		size_t len = 0;
		lk_str name = rest.ptr[0] == '$' ? variable_name(rest, &len) : LK_STR("");
		const char *value = len > 0 ? variable(r->environment, name) : NULL;
		lk_buf_put(&out, value ? lk_str_of(value) : lk_str_slice(rest, 0, 1));
		rest = lk_str_skip(rest, value ? len : 1);
	}
	return lk_str_dup(&r->config->arena, lk_buf_view(&out));
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
		lk_str text = keep(r, item->text);
		if (!contains(&merged, merged.n, text)) {
			items[merged.n++] = text;
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
	lk_str alias = lk_str_trim_end(keep(r, node->text), '/');
	if (lk_str_find(alias, LK_STR("://")) == SIZE_MAX) {
		return fail_kind(r, node, "a URL");
	}
	r->config->channel_alias = lk_str_dup(&r->config->arena, alias);
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
	r->config->ssl_truststore = lk_str_is(text, "truststore") || lk_str_is(text, "<system>");
	bool is_path =
		value < 0 && text.len > 0 && !r->config->ssl_truststore && text.ptr[0] != '<';
	r->config->ssl_ca_path = is_path ? keep(r, text) : LK_STR("");
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

/* Decimal seconds, at most a day, to milliseconds. */
static int read_seconds(const struct reader *r, const struct lk_yaml *node, uint64_t *ret)
{
	lk_str fraction = lk_str_trim(node->text);
	lk_str whole;
	uint64_t seconds = 0;
	uint64_t thousandths = 0;
	(void)lk_str_split(&fraction, '.', &whole);
	bool ok = lk_str_to_u64(whole, &seconds) && seconds <= SECONDS_MAX;
	for (size_t i = 0; i < 3; i++) {
		char digit = i < fraction.len ? fraction.ptr[i] : '0';
		ok = ok && lk_is_digit(digit);
		thousandths = thousandths * 10 + (uint64_t)(digit - '0');
	}
	*ret = seconds * 1000 + thousandths;
	return ok ? 0 : fail_kind(r, node, "a number of seconds, at most a day");
}

static bool is_named(const struct lk_config_entry *items, size_t n, lk_str name)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq(items[i].name, name)) {
			return true;
		}
	}
	return false;
}

/* Adds the node's entries, texts or LISTS; one that is there already is replaced. */
static int read_map(
	const struct reader *r, const struct lk_yaml *node, bool lists, struct lk_config_map *map)
{
	if (node->kind != LK_YAML_MAPPING) {
		return fail_kind(r, node, "a mapping");
	}
	size_t most = map->n + node->n_children;
	struct lk_config_entry *items =
		lk_arena_calloc(&r->config->arena, most + 1, sizeof(*items));
	size_t n = 0;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		struct lk_config_entry *entry = &items[n++];
		entry->name = keep(r, member->key);
		if (!lists && member->kind == LK_YAML_NULL) {
			entry->text = LK_STR("");
			continue;
		}
		if (!lists && member->kind != LK_YAML_SCALAR) {
			return fail_kind(r, member, "plain text");
		}
		int rc = lists ? read_list(r, member, &entry->values) : 0;
		if (rc < 0) {
			return rc;
		}
		entry->text = lists ? LK_STR("") : keep(r, member->text);
	}
	size_t n_new = n;
	for (size_t i = 0; i < map->n; i++) {
		if (!is_named(items, n_new, map->items[i].name)) {
			items[n++] = map->items[i];
		}
	}
	*map = (struct lk_config_map){items, n};
	return 0;
}

static bool is_container(const struct setting *setting)
{
	return setting->kind == SETTING_LIST || setting->kind == SETTING_TEXT_MAP ||
		setting->kind == SETTING_LIST_MAP;
}

static int read_setting(
	const struct reader *r, const struct lk_yaml *node, const struct setting *setting)
{
	void *member = (char *)r->config + setting->offset;
	if (!is_container(setting) && node->kind != LK_YAML_SCALAR) {
		return fail_kind(r, node, "plain text");
	}
	switch (setting->kind) {
	case SETTING_LIST:
		return read_list(r, node, member);
	case SETTING_BOOL:
		return read_bool(r, node, member);
	case SETTING_ALIAS:
		return read_alias(r, node);
	case SETTING_TEXT:
		*(lk_str *)member = keep(r, node->text);
		return 0;
	case SETTING_TEXT_MAP:
	case SETTING_LIST_MAP:
		return read_map(r, node, setting->kind == SETTING_LIST_MAP, member);
	case SETTING_PRIORITY:
		return read_priority(r, node);
	case SETTING_SSL:
		return read_ssl(r, node);
	case SETTING_TTL:
		return read_ttl(r, node);
	case SETTING_NUMBER:
		return read_number(r, node, member);
	case SETTING_SECONDS:
		return read_seconds(r, node, member);
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

/* A line with a user and password in it, in whatever form, is not shown. */
static int hide_secrets(int rc, struct lk_error *err)
{
	if (rc < 0 && strchr(err->excerpt, '@')) {
		err->excerpt[0] = '\0';
	}
	return rc;
}

static int read_file(struct lk_config *config, const char *path, const char *const *environment,
	struct lk_error *err)
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
		return hide_secrets(rc, err);
	}
	struct reader r = {config, environment, &doc, err};
	rc = hide_secrets(read_document(&r), err);
	lk_yaml_doc_done(&doc);
	return rc;
}

/* The value of the variable CONDA_KEY, or NULL. */
static const char *variable_of(const char *const *environment, const char *key)
{
	lk_str prefix = LK_STR("CONDA_");
	for (; *environment; environment++) {
		lk_str value = lk_str_of(*environment);
		lk_str name;
		(void)lk_str_split(&value, '=', &name);
		lk_str rest = lk_str_skip(name, prefix.len);
		bool equal = value.ptr && lk_str_starts(name, prefix) && rest.len == strlen(key);
		for (size_t i = 0; equal && i < rest.len; i++) {
			equal = lk_lower(rest.ptr[i]) == key[i] &&
				!(rest.ptr[i] >= 'a' && rest.ptr[i] <= 'z');
		}
		if (equal) {
			return value.ptr;
		}
	}
	return NULL;
}

/* VALUE as the node that a file would have: a text, or a list with commas between its items. */
static struct lk_yaml *node_of(
	const struct setting *setting, const char *value, struct lk_arena *arena)
{
	struct lk_yaml *node = lk_arena_calloc(arena, 1, sizeof(*node));
	*node = (struct lk_yaml){
		.kind = LK_YAML_SCALAR, .text = lk_str_of(value), .key = lk_str_of(setting->key)};
	if (setting->kind != SETTING_LIST) {
		return node;
	}
	node->kind = LK_YAML_SEQUENCE;
	struct lk_yaml **end = &node->first;
	lk_str rest = node->text;
	lk_str part;
	while (lk_str_split(&rest, ',', &part)) {
		if (lk_str_trim(part).len > 0) {
			*end = lk_arena_calloc(arena, 1, sizeof(**end));
			**end = (struct lk_yaml){.kind = LK_YAML_SCALAR, .text = part};
			end = &(*end)->next;
			node->n_children++;
		}
	}
	return node;
}

static int read_variables(
	struct lk_config *config, const char *const *environment, struct lk_error *err)
{
	for (size_t i = 0; environment && i < LK_COUNTOF(settings); i++) {
		const char *value = variable_of(environment, settings[i].key);
		if (!value || !*value || settings[i].kind == SETTING_TEXT_MAP ||
			settings[i].kind == SETTING_LIST_MAP) {
			continue;
		}
		const struct lk_yaml_doc doc = {.name = LK_STR("the environment's CONDA_*")};
		struct reader r = {config, NULL, &doc, err};
		int rc = read_setting(
			&r, node_of(&settings[i], value, &config->arena), &settings[i]);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* What conda's "defaults" stands for unless a file says otherwise. */
static const lk_str default_channels[] = {
	{"https://repo.anaconda.com/pkgs/main", sizeof("https://repo.anaconda.com/pkgs/main") - 1},
	{"https://repo.anaconda.com/pkgs/r", sizeof("https://repo.anaconda.com/pkgs/r") - 1},
};

int lk_config_read(const lk_str *paths, size_t n_paths, const char *const *environment,
	struct lk_config *ret, struct lk_error *err)
{
	struct lk_config config = {.ssl_verify = true,
		.add_anaconda_token = true,
		.register_envs = true,
		.repodata_use_shards = true,
		.repodata_use_zst = true,
		.local_repodata_ttl = 1,
		.remote_connect_timeout_ms = LK_CONFIG_UNSET,
		.remote_read_timeout_ms = LK_CONFIG_UNSET,
		.remote_backoff_ms = LK_CONFIG_UNSET,
		.remote_max_retries = LK_CONFIG_UNSET,
		.fetch_threads = LK_CONFIG_UNSET,
		.channel_alias = LK_STR(LK_CHANNEL_ALIAS)};
	lk_arena_init(&config.arena);
	int rc = 0;
	for (size_t i = 0; i < n_paths && rc == 0; i++) {
		rc = read_file(&config, lk_str_dup(&config.arena, paths[i]).ptr, environment, err);
	}
	rc = rc < 0 ? rc : read_variables(&config, environment, err);
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

/* Is REFERENCE the NAME, or does it go on after it with a slash? */
static bool is_below(lk_str reference, lk_str name)
{
	return lk_str_starts(reference, name) &&
		(reference.len == name.len || reference.ptr[name.len] == '/');
}

/* The custom URL of "NAME" or "NAME/rest", or an empty view. */
static lk_str custom_url(const struct lk_config *config, lk_str reference, struct lk_arena *arena)
{
	for (size_t i = 0; i < config->custom_channels.n; i++) {
		const struct lk_config_entry *custom = &config->custom_channels.items[i];
		if (is_below(reference, custom->name)) {
			return lk_url_join(custom->text, reference, arena);
		}
	}
	return LK_STR("");
}

/* A URL under an alias of old, under the one of now; or an empty view. */
static lk_str migrated_url(const struct lk_config *config, lk_str reference, struct lk_arena *arena)
{
	for (size_t i = 0; i < config->migrated_channel_aliases.n; i++) {
		lk_str old = lk_str_trim_end(config->migrated_channel_aliases.items[i], '/');
		if (old.len > 0 && reference.len > old.len + 1 && is_below(reference, old)) {
			return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT,
				LK_STR_ARG(config->channel_alias),
				LK_STR_ARG(lk_str_skip(reference, old.len)));
		}
	}
	return LK_STR("");
}

static void expand_one(const struct lk_config *config, lk_str reference, struct lk_arena *arena,
	struct lk_strs *ret)
{
	lk_str url = custom_url(config, reference, arena);
	url = url.len > 0 ? url : migrated_url(config, reference, arena);
	lk_vec_push(ret, url.len > 0 ? url : lk_str_dup(arena, reference));
}

void lk_config_expand_channel(const struct lk_config *config, lk_str reference,
	struct lk_arena *arena, struct lk_strs *ret)
{
	const struct lk_str_list *list =
		lk_str_is(reference, "defaults") ? &config->default_channels : NULL;
	for (size_t i = 0; i < config->custom_multichannels.n; i++) {
		const struct lk_config_entry *entry = &config->custom_multichannels.items[i];
		if (lk_str_eq(entry->name, reference)) {
			list = &entry->values;
		}
	}
	for (size_t i = 0; list && i < list->n; i++) {
		expand_one(config, list->items[i], arena, ret);
	}
	if (!list) {
		expand_one(config, reference, arena, ret);
	}
}
