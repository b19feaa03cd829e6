/*
 * Profiles of nodes, read strictly: a node that is misread is one where an environment breaks.
 */
#include "conda/profile.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/yaml.h"
#include "conda/subdir.h"

#define MAX_DEPTH 16

struct reader {
	lk_str text;
	const char *name;
	struct lk_arena *arena;
	struct lk_profile *profile;
	struct lk_error *err;
};

/* Puts the error where MEMBER of the virtual package INDEX stands (MEMBER NULL: that package; INDEX
 * SIZE_MAX: the member of the whole). The tree of JSON has no places, but JSON is YAML too; where
 * it is not quite, the error names the file alone. */
static int place(const struct reader *r, size_t index, const char *member)
{
	static const struct lk_yaml_limits limits = {LK_PROFILE_MAX_BYTES, MAX_DEPTH, 0};
	struct lk_yaml_doc doc;
	struct lk_error ignored = LK_ERROR_INIT;
	lk_error_file(r->err, r->name);
	if (lk_yaml_parse(r->text, r->name, &limits, &doc, &ignored) < 0) {
		return LK_E_FORMAT;
	}
	const struct lk_yaml *node = doc.root;
	if (index != SIZE_MAX) {
		const struct lk_yaml *list = lk_yaml_get(node, "virtual_packages");
		node = list ? list->first : NULL;
		for (size_t i = 0; node && i < index; i++) {
			node = node->next;
		}
	}
	const struct lk_yaml *at = member ? lk_yaml_get(node, member) : NULL;
	node = at ? at : node;
	if (node) {
		r->err->line = node->line;
		r->err->column = node->column;
		lk_error_excerpt_from(r->err, r->text);
	}
	lk_yaml_doc_done(&doc);
	return LK_E_FORMAT;
}

static int fail(const struct reader *r, size_t index, const char *member, const char *why)
{
	lk_fail(r->err, LK_E_FORMAT, "no node profile: %s", why);
	lk_error_hint(r->err, "make one on the node with 'lockenv info --json'");
	return place(r, index, member);
}

static int read_virtual(const struct reader *r, size_t index, const struct lk_json *one)
{
	const struct lk_json *name = lk_json_get(one, "name");
	const struct lk_json *version = lk_json_get(one, "version");
	const struct lk_json *build = lk_json_get(one, "build");
	if (lk_json_kind(one) != LK_JSON_OBJECT) {
		return fail(r, index, NULL, "a virtual package must be an object");
	}
	if (lk_json_kind(name) != LK_JSON_STRING) {
		return fail(r, index, "name", "a virtual package must have a name");
	}
	if (lk_json_kind(version) != LK_JSON_STRING || lk_json_string(version).len == 0) {
		return fail(r, index, "version", "a virtual package must have a version, as text");
	}
	if (build && lk_json_kind(build) != LK_JSON_STRING) {
		return fail(r, index, "build", "the build of a virtual package must be text");
	}
	if (lk_virtuals_find(&r->profile->virtuals, lk_json_string(name))) {
		return fail(r, index, "name", "a virtual package stands twice");
	}
	int rc = lk_virtuals_set(&r->profile->virtuals, lk_json_string(name),
		lk_json_string(version), lk_json_string(build), r->arena, r->err);
	if (rc < 0) {
		struct lk_error why = *r->err;
		return fail(r, index, NULL, why.message);
	}
	return 0;
}

static int read_document(const struct reader *r, const struct lk_json *root)
{
	const struct lk_json *platform = lk_json_get(root, "platform");
	const struct lk_json *list = lk_json_get(root, "virtual_packages");
	if (lk_json_kind(list) != LK_JSON_ARRAY) {
		return fail(r, SIZE_MAX, "virtual_packages", "it has no list 'virtual_packages'");
	}
	if (platform &&
		(lk_json_kind(platform) != LK_JSON_STRING ||
			!lk_subdir_is_valid(lk_json_string(platform)))) {
		return fail(r, SIZE_MAX, "platform", "'platform' is none such as linux-64");
	}
	r->profile->platform = lk_str_dup(r->arena, lk_json_string(platform));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < lk_json_size(list); i++) {
		rc = read_virtual(r, i, lk_json_at(list, i));
	}
	return rc;
}

int lk_profile_parse(lk_str text, const char *name, struct lk_arena *arena, struct lk_profile *ret,
	struct lk_error *err)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	*ret = (struct lk_profile){0};
	int rc = lk_json_parse(text, name, MAX_DEPTH, &doc, err);
	if (rc < 0) {
		return rc;
	}
	struct reader r = {text, name, arena, ret, err};
	return read_document(&r, lk_json_root(doc));
}

int lk_profile_read(
	const char *path, struct lk_arena *arena, struct lk_profile *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_PROFILE_MAX_BYTES);
	*ret = (struct lk_profile){0};
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_fail(err, LK_E_USAGE, "there is no node profile '%s'", path);
		lk_error_hint(err, "make one on the node with 'lockenv info --json'");
		return LK_E_USAGE;
	}
	return rc < 0 ? rc : lk_profile_parse(lk_buf_view(&text), path, arena, ret, err);
}

void lk_profile_done(struct lk_profile *profile)
{
	lk_vec_done(&profile->virtuals);
}
