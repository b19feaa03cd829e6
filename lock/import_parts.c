/*
 * The pieces that all lock files have: texts, hashes, specs, addresses, channels, platforms.
 */
#include "lock/import_priv.h"

#include "conda/subdir.h"

int lk_import_text(const struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	lk_str *ret, struct lk_error *err)
{
	const struct lk_yaml *member = lk_yaml_get(node, key);
	*ret = (lk_str){0};
	if (!member || member->kind == LK_YAML_NULL) {
		return 0;
	}
	if (member->kind != LK_YAML_SCALAR || lk_str_has_control(lk_str_trim(member->text))) {
		return lk_yaml_fail(&f->doc, member, err, "'%s' must be one line of text", key);
	}
	*ret = lk_str_trim(member->text);
	return 0;
}

int lk_import_needed(const struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	lk_str *ret, struct lk_error *err)
{
	int rc = lk_import_text(f, node, key, ret, err);
	if (rc == 0 && ret->len == 0) {
		rc = lk_yaml_fail(&f->doc, node, err, "the entry has no '%s'", key);
	}
	return rc;
}

static int spec_of(struct lk_import_file *f, const struct lk_yaml *item, bool mapping, lk_str *ret,
	struct lk_error *err)
{
	bool fine = item->kind == LK_YAML_SCALAR || (mapping && item->kind == LK_YAML_NULL);
	lk_str constraint = lk_str_trim(item->kind == LK_YAML_SCALAR ? item->text : (lk_str){0});
	if (!fine || lk_str_has_control(item->key) || lk_str_has_control(constraint)) {
		return lk_yaml_fail(&f->doc, item, err, "a dependency must be one line of text");
	}
	*ret = !mapping               ? constraint
		: constraint.len == 0 ? item->key
				      : lk_str_printf(&f->arena, LK_STR_FMT " " LK_STR_FMT,
						LK_STR_ARG(item->key), LK_STR_ARG(constraint));
	return 0;
}

int lk_import_specs(struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	struct lk_str_list *ret, struct lk_error *err)
{
	const struct lk_yaml *list = lk_yaml_get(node, key);
	*ret = (struct lk_str_list){0};
	if (!list || list->kind == LK_YAML_NULL) {
		return 0;
	}
	if (list->kind == LK_YAML_SCALAR) {
		return lk_yaml_fail(&f->doc, list, err, "'%s' must be a list or a mapping", key);
	}
	lk_str *items = lk_arena_calloc(&f->arena, list->n_children, sizeof(*items));
	size_t n = 0;
	for (const struct lk_yaml *item = list->first; item; item = item->next) {
		int rc = spec_of(f, item, list->kind == LK_YAML_MAPPING, &items[n++], err);
		if (rc < 0) {
			return rc;
		}
	}
	*ret = (struct lk_str_list){items, n};
	return 0;
}

static int read_hex(const struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	unsigned char *out, size_t len, bool *ret_has, struct lk_error *err)
{
	lk_str text;
	int rc = lk_import_text(f, node, key, &text, err);
	*ret_has = rc == 0 && text.len > 0;
	if (*ret_has && !lk_unhex(text, out, len)) {
		rc = lk_yaml_fail(&f->doc, lk_yaml_get(node, key), err,
			"'%s' must be %zu hexadecimal digits", key, 2 * len);
	}
	return rc;
}

int lk_import_hashes(const struct lk_import_file *f, const struct lk_yaml *node,
	struct lk_record *record, struct lk_error *err)
{
	int rc = read_hex(
		f, node, "sha256", record->sha256.bytes, LK_SHA256_LEN, &record->has_sha256, err);
	if (rc == 0) {
		rc = read_hex(f, node, "md5", record->md5.bytes, LK_MD5_LEN, &record->has_md5, err);
	}
	return rc;
}

/* An error about a text becomes one about its place in the file. */
static int fail_there(
	const struct lk_import_file *f, const struct lk_yaml *node, struct lk_error *err)
{
	const struct lk_error told = *err;
	int rc = lk_yaml_fail(&f->doc, node, err, "%s", told.message);
	/* The line of the file may hold what the message left out. */
	lk_url_hide_credentials(err->excerpt);
	return rc;
}

static void tell_credentials(const struct lk_import_file *f, const struct lk_yaml *node)
{
	lk_warn(f->report, "%s:%u: the credentials in this address are left out", f->name,
		node->line);
}

static lk_str alias_of(const struct lk_import_file *f)
{
	return f->options->alias.len > 0 ? f->options->alias : lk_str_of(LK_CHANNEL_ALIAS);
}

int lk_import_keep_channel(struct lk_import_file *f, const struct lk_yaml *node,
	const struct lk_channel *channel, struct lk_error *err)
{
	for (size_t i = 0; i < f->channels.len; i++) {
		if (lk_str_eq(f->channels.items[i].url, channel->url)) {
			return 0;
		}
	}
	if (f->channels.len == LK_IMPORT_MAX_CHANNELS) {
		return lk_yaml_fail(
			&f->doc, node, err, "more than %d channels", LK_IMPORT_MAX_CHANNELS);
	}
	lk_vec_push(&f->channels, *channel);
	return 0;
}

int lk_import_resolve_channel(struct lk_import_file *f, const struct lk_yaml *node,
	lk_str reference, struct lk_channel *ret, struct lk_error *err)
{
	if (lk_channel_resolve(reference, alias_of(f), &f->arena, ret, err) < 0) {
		return fail_there(f, node, err);
	}
	if (!lk_str_eq(ret->url, ret->auth_url)) {
		tell_credentials(f, node);
	}
	return 0;
}

int lk_import_channel(struct lk_import_file *f, const struct lk_yaml *node, lk_str reference,
	struct lk_error *err)
{
	struct lk_channel channel;
	if (lk_str_is(reference, "defaults")) {
		/* conda's name for several; a third, msys2, is taken where a package lies in it. */
		int rc = lk_import_channel(
			f, node, LK_STR("https://repo.anaconda.com/pkgs/main"), err);
		return rc ? rc
			  : lk_import_channel(
				    f, node, LK_STR("https://repo.anaconda.com/pkgs/r"), err);
	}
	int rc = lk_import_resolve_channel(f, node, reference, &channel, err);
	return rc ? rc : lk_import_keep_channel(f, node, &channel, err);
}

/* The folder that the archive lies in, which is the subdir. */
static lk_str folder_of(lk_str url)
{
	lk_str path = lk_str_slice(url, 0, lk_str_rfind_char(url, '/'));
	size_t slash = lk_str_rfind_char(path, '/');
	return slash == SIZE_MAX ? path : lk_str_skip(path, slash + 1);
}

int lk_import_address(struct lk_import_file *f, const struct lk_yaml *node, lk_str address,
	struct lk_record *record, struct lk_error *err)
{
	size_t colon = lk_str_find(address, LK_STR("://"));
	if (colon == SIZE_MAX) {
		int rc = lk_yaml_fail(&f->doc, node, err,
			"'" LK_STR_FMT "' is a path and not the address of an archive",
			LK_STR_ARG(address));
		lk_error_hint(err,
			"put the package into a channel, or lock it by its path with lockenv "
			"solve");
		return rc;
	}
	size_t hash = lk_str_find_char(address, '#');
	struct lk_artifact artifact;
	lk_str dist;
	if (lk_artifact_resolve(lk_str_slice(address, 0, hash == SIZE_MAX ? address.len : hash),
		    alias_of(f), &f->arena, &artifact, err) < 0) {
		return fail_there(f, node, err);
	}
	if (lk_archive_kind_of(artifact.fn, &dist) == LK_ARCHIVE_UNKNOWN) {
		return lk_yaml_fail(&f->doc, node, err,
			"'" LK_STR_FMT "' is no archive that lockenv knows (.conda, .tar.bz2)",
			LK_STR_ARG(artifact.fn));
	}
	if (!lk_str_eq(artifact.url, artifact.auth_url)) {
		tell_credentials(f, node);
	}
	record->url = artifact.url;
	record->fn = artifact.fn;
	record->channel = artifact.channel.url;
	record->subdir = folder_of(artifact.url);
	(void)lk_dist_split(dist, &record->name, &record->version, &record->build);
	return 0;
}

bool lk_import_wants(
	struct lk_import_file *f, const struct lk_yaml *names, lk_str name, lk_str subdir)
{
	const struct lk_str_list *wanted = &f->options->platforms;
	for (size_t i = 0; i < wanted->n; i++) {
		bool by_subdir = lk_str_eq(wanted->items[i], subdir) &&
			!lk_yaml_get(names, lk_str_dup(&f->arena, subdir).ptr);
		if (lk_str_eq(wanted->items[i], name) || by_subdir) {
			return true;
		}
	}
	return wanted->n == 0;
}

int lk_import_add_platform(struct lk_import_file *f, const struct lk_yaml *node, lk_str name,
	lk_str subdir, struct lk_import_platform **ret, struct lk_error *err)
{
	if (!lk_subdir_is_valid(subdir) || lk_str_is(subdir, "noarch")) {
		return lk_yaml_fail(&f->doc, node, err,
			"'" LK_STR_FMT "' is not a platform such as linux-64", LK_STR_ARG(subdir));
	}
	for (size_t i = 0; i < f->platforms.len; i++) {
		if (lk_str_eq(f->platforms.items[i].subdir, subdir)) {
			int rc = lk_yaml_fail(&f->doc, node, err,
				"'" LK_STR_FMT "' and '" LK_STR_FMT "' both are " LK_STR_FMT,
				LK_STR_ARG(f->platforms.items[i].name), LK_STR_ARG(name),
				LK_STR_ARG(subdir));
			lk_error_hint(err, "a lock holds one of each: choose with --platform NAME");
			return rc;
		}
	}
	lk_vec_push(&f->platforms, (struct lk_import_platform){.name = name, .subdir = subdir});
	*ret = &f->platforms.items[f->platforms.len - 1];
	return 0;
}

int lk_import_leave_source(
	struct lk_import_file *f, const struct lk_yaml *node, lk_str what, struct lk_error *err)
{
	what = lk_url_without_credentials(what, &f->arena);
	if (!f->options->without_source) {
		int rc = lk_yaml_fail(&f->doc, node, err,
			"'" LK_STR_FMT "' is built from source: there is no archive to lock",
			LK_STR_ARG(what));
		lk_error_hint(err,
			"build it, put the archive into a channel and lock that; or lock the rest "
			"by --without-source");
		return rc;
	}
	lk_warn(f->report, "%s:%u:%u: '" LK_STR_FMT "' is built from source: it is not in the lock",
		f->name, node->line, node->column, LK_STR_ARG(what));
	return 0;
}

int lk_import_leave_to_pip(
	struct lk_import_file *f, const struct lk_yaml *node, lk_str what, struct lk_error *err)
{
	what = lk_url_without_credentials(what, &f->arena);
	if (!f->options->without_pip) {
		int rc = lk_yaml_fail(&f->doc, node, err,
			"'" LK_STR_FMT "' is for pip and cannot be locked", LK_STR_ARG(what));
		lk_url_hide_credentials(err->excerpt);
		lk_error_hint(
			err, "lock the rest by --without-pip and have pip install these after");
		return rc;
	}
	if (lk_map_add(&f->pip_index, what, (uint32_t)f->pip.len) != f->pip.len) {
		return 0; /* for another platform */
	}
	lk_warn(f->report, "%s:%u:%u: '" LK_STR_FMT "' is left to pip: it is not in the lock",
		f->name, node->line, node->column, LK_STR_ARG(what));
	lk_vec_push(&f->pip, what);
	return 0;
}
