/*
 * Link scripts of cached packages, found by name.
 */
#include "store/link_scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "conda/package.h"
#include "store/archive.h"
#include "store/cache_priv.h"

#define LIST_MAX ((size_t)256 << 20) /* bytes of info/paths.json */
#define JSON_MAX_DEPTH 32

/* The script paths of one package. */
struct scripts {
	struct lk_arena arena;
	lk_str paths[LK_LINK_SCRIPTS];
	struct lk_map map;
};

static void scripts_init(struct scripts *scripts, lk_str name)
{
	*scripts = (struct scripts){0};
	for (uint32_t i = 0; i < LK_LINK_SCRIPTS; i++) {
		scripts->paths[i] = lk_package_script_path(name, i, &scripts->arena);
		lk_map_add(&scripts->map, scripts->paths[i], i);
	}
}

static void scripts_done(struct scripts *scripts)
{
	lk_map_done(&scripts->map);
	lk_arena_done(&scripts->arena);
}

/* LK_E_NOT_FOUND when there is no tree, or it is a stranger's. */
static int look_at_tree(const struct lk_layer *layer, const char *name,
	const struct scripts *scripts, bool *ret_has, struct lk_error *err)
{
	int fd LK_AUTO_CLOSE = -1;
	struct stat st;
	if (layer->trees < 0) {
		return lk_fail(err, LK_E_NOT_FOUND, "the cache has no trees");
	}
	int rc = lk_fs_open_beneath(layer->trees, name, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (rc < 0) {
		return rc;
	}
	if (fstat(fd, &st) != 0 || (st.st_uid != 0 && st.st_uid != geteuid())) {
		return lk_fail(err, LK_E_NOT_FOUND, "the tree is somebody else's");
	}
	*ret_has = false;
	for (size_t i = 0; i < LK_LINK_SCRIPTS; i++) {
		*ret_has = *ret_has ||
			fstatat(fd, scripts->paths[i].ptr, &st, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return 0;
}

/* Is there a tree of RECORD to look at, and what does it say? */
static bool look_at_trees(const struct lk_cache *cache, const struct lk_record *record,
	const struct scripts *scripts, bool *ret_has)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	lk_cache_tree_name(record, &name);
	int rc = LK_E_NOT_FOUND;
	for (size_t i = 0; i < cache->n_layers && rc < 0; i++) {
		rc = look_at_tree(
			&cache->layers[i], lk_buf_cstr(&name), scripts, ret_has, &ignored);
	}
	return rc == 0;
}

static bool json_has(const struct lk_json *root, const struct scripts *scripts)
{
	const struct lk_json *paths = lk_json_get(root, "paths");
	bool has = false;
	for (size_t i = 0; i < lk_json_size(paths); i++) {
		lk_str path = lk_json_string(lk_json_get(lk_json_at(paths, i), "_path"));
		has = has || lk_map_get(&scripts->map, path) != LK_MAP_NONE;
	}
	return has;
}

static bool lines_have(lk_str text, const struct scripts *scripts)
{
	lk_str line;
	bool has = false;
	while (lk_str_split(&text, '\n', &line)) {
		has = has || lk_map_get(&scripts->map, lk_str_trim(line)) != LK_MAP_NONE;
	}
	return has;
}

/* The text of MEMBER of RECORD's archive. */
static int read_member(const struct lk_cache *cache, const struct lk_record *record,
	const char *member, struct lk_buf *ret, struct lk_error *err)
{
	struct lk_blob blob;
	int rc = lk_cache_open_archive(cache, record, &blob, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_archive LK_CLEANUP(lk_archive_free_p) *archive = NULL;
	char LK_AUTO_FREE *name = lk_strndup(record->fn.ptr, record->fn.len);
	rc = lk_archive_open(&blob, name, lk_archive_kind_of(record->fn, NULL), &archive, err);
	return rc < 0 ? rc : lk_archive_find(archive, member, ret, err);
}

static int look_at_archive(const struct lk_cache *cache, const struct lk_record *record,
	const struct scripts *scripts, bool *ret_has, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LIST_MAX);
	struct lk_error first = LK_ERROR_INIT;
	int rc = read_member(cache, record, "info/paths.json", &text, &first);
	if (rc == 0) {
		struct lk_json_doc *doc;
		rc = lk_json_parse(
			lk_buf_view(&text), "info/paths.json", JSON_MAX_DEPTH, &doc, err);
		if (rc == 0) {
			*ret_has = json_has(lk_json_root(doc), scripts);
			lk_json_doc_free(doc);
		}
		return rc == 0 ? 0 : LK_E_INTEGRITY;
	}
	if (rc != LK_E_INTEGRITY) {
		*err = first;
		return rc;
	}
	/* Old archives have a plain list only. */
	lk_buf_clear(&text);
	rc = read_member(cache, record, "info/files", &text, err);
	*ret_has = rc == 0 && lines_have(lk_buf_view(&text), scripts);
	return rc;
}

int lk_cache_has_link_scripts(const struct lk_cache *cache, const struct lk_record *record,
	bool *ret_has, struct lk_error *err)
{
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	struct scripts scripts;
	scripts_init(&scripts, record->name);
	if (!look_at_trees(cache, record, &scripts, ret_has)) {
		rc = look_at_archive(cache, record, &scripts, ret_has, err);
	}
	scripts_done(&scripts);
	return rc;
}
