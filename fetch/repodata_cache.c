/*
 * State files of cached repodata: parsed, printed, loaded and published.
 */
#include "fetch/repodata_cache.h"

#include <errno.h>
#include <stdio.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/random.h"

#define STATE_DEPTH_MAX 4
#define CONTENT_LEN 16 /* bytes */
#define NS_PER_S 1000000000
#define ABSENCE_S ((int64_t)7 * 24 * 3600)

bool lk_availability_rules_out(const struct lk_availability *form, int64_t now)
{
	return !form->there && form->checked > 0 && now >= form->checked &&
		now - form->checked < ABSENCE_S;
}

void lk_repodata_key(lk_str subdir_url, const char *file_name, char out[LK_REPODATA_KEY_LEN + 1])
{
	unsigned char md5[LK_MD5_LEN];
	struct lk_digest *digest = lk_digest_new(LK_DIGEST_MD5);
	lk_digest_update(digest, subdir_url.ptr, subdir_url.len);
	lk_digest_update(digest, "/", 1);
	if (strcmp(file_name, LK_REPODATA_JSON) != 0) {
		lk_digest_update(digest, file_name, strlen(file_name));
	}
	lk_digest_final(digest, md5);
	lk_digest_free(digest);
	lk_hex(md5, LK_REPODATA_KEY_LEN / 2, out);
}

void lk_repodata_index_name(
	lk_str subdir_url, const char *file_name, char out[LK_REPODATA_FILE_MAX])
{
	char key[LK_REPODATA_KEY_LEN + 1];
	lk_repodata_key(subdir_url, file_name, key);
	snprintf(out, LK_REPODATA_FILE_MAX, "%s.index", key);
}

const char *lk_repodata_new_content(struct lk_arena *arena)
{
	unsigned char random[CONTENT_LEN];
	char hex[2 * CONTENT_LEN + 1];
	lk_random(random, sizeof(random));
	lk_hex(random, sizeof(random), hex);
	return lk_arena_strndup(arena, hex, sizeof(hex) - 1);
}

/* A member that can stand in a header: absent is fine, control characters are not. */
static bool get_text(
	const struct lk_json *root, const char *key, struct lk_arena *arena, const char **ret)
{
	lk_str text = lk_json_string(lk_json_get(root, key));
	if (lk_str_has_control(text)) {
		return false;
	}
	*ret = lk_arena_strndup(arena, text.ptr ? text.ptr : "", text.len);
	return true;
}

static struct lk_availability get_availability(const struct lk_json *root, const char *key)
{
	const struct lk_json *object = lk_json_get(root, key);
	return (struct lk_availability){
		.there = lk_json_bool(lk_json_get(object, "value"), false),
		.checked = lk_json_int(lk_json_get(object, "last_checked"), 0),
	};
}

static void put_availability(
	struct lk_jw *w, const char *key, const struct lk_availability *availability)
{
	if (availability->checked > 0) {
		lk_jw_key(w, key);
		lk_jw_object(w);
		lk_jw_key(w, "value");
		lk_jw_bool(w, availability->there);
		lk_jw_key(w, "last_checked");
		lk_jw_int(w, availability->checked);
		lk_jw_end(w);
	}
}

int lk_repodata_state_parse(lk_str text, const char *name, struct lk_arena *arena,
	struct lk_repodata_state *ret, struct lk_error *err)
{
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	int rc = lk_json_parse(text, name, STATE_DEPTH_MAX, &doc, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_json *root = lk_json_root(doc);
	int64_t size = lk_json_int(lk_json_get(root, "size"), 0);
	struct lk_repodata_state state = {
		.size = size > 0 ? (uint64_t)size : 0,
		.mtime_ns = lk_json_int(lk_json_get(root, "mtime_ns"), 0),
		.absent = lk_json_bool(lk_json_get(root, "absent"), false),
		.has_zst = get_availability(root, "has_zst"),
		.has_shards = get_availability(root, "has_shards"),
	};
	if (!get_text(root, "url", arena, &state.url) ||
		!get_text(root, "mirror", arena, &state.mirror) ||
		!get_text(root, "etag", arena, &state.etag) ||
		!get_text(root, "mod", arena, &state.modified) ||
		!get_text(root, "cache_control", arena, &state.cache_control) ||
		!get_text(root, "content", arena, &state.content) || state.url[0] == '\0') {
		return lk_fail(err, LK_E_FORMAT, "'%s' is not the state of a repodata file", name);
	}
	*ret = state;
	return 0;
}

void lk_repodata_state_print(const struct lk_repodata_state *state, struct lk_buf *out)
{
	struct lk_jw w;
	lk_jw_init(&w, out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "url", lk_str_of(state->url));
	if (strcmp(state->mirror, state->url) != 0) {
		lk_jw_opt_string(&w, "mirror", lk_str_of(state->mirror));
	}
	lk_jw_key_string(&w, "etag", lk_str_of(state->etag));
	lk_jw_key_string(&w, "mod", lk_str_of(state->modified));
	lk_jw_key_string(&w, "cache_control", lk_str_of(state->cache_control));
	lk_jw_key_uint(&w, "size", state->size);
	lk_jw_key(&w, "mtime_ns");
	lk_jw_int(&w, state->mtime_ns);
	put_availability(&w, "has_zst", &state->has_zst);
	put_availability(&w, "has_shards", &state->has_shards);
	if (state->content[0] != '\0') {
		lk_jw_key_string(&w, "content", lk_str_of(state->content));
	}
	if (state->absent) {
		lk_jw_key(&w, "absent");
		lk_jw_bool(&w, true);
	}
	lk_jw_end(&w);
	lk_buf_putc(out, '\n');
}

int64_t lk_cache_control_max_age(lk_str value)
{
	int64_t age = -1;
	lk_str rest = value;
	lk_str part;
	while (lk_str_split(&rest, ',', &part)) {
		part = lk_str_trim(part);
		lk_str name;
		lk_str argument = part;
		lk_str_split(&argument, '=', &name);
		name = lk_str_trim(name);
		uint64_t seconds;
		if (lk_str_eq_nocase(name, LK_STR("no-cache")) ||
			lk_str_eq_nocase(name, LK_STR("no-store"))) {
			return 0;
		}
		if (lk_str_eq_nocase(name, LK_STR("max-age")) &&
			lk_str_to_u64(lk_str_trim(argument), &seconds)) {
			age = seconds > INT32_MAX ? INT32_MAX : (int64_t)seconds;
		}
	}
	return age;
}

bool lk_repodata_state_is_fresh(const struct lk_repodata_state *state, int64_t ttl, int64_t now)
{
	int64_t lifetime =
		ttl == 1 ? lk_cache_control_max_age(lk_str_of(state->cache_control)) : ttl;
	int64_t since = state->mtime_ns / NS_PER_S;
	return since > 0 && now >= since && now - since < lifetime;
}

static int64_t mtime_ns_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

/* Of the data file: as FILE_URL ends. */
static void data_name(lk_str key, const char *file_url, char out[LK_REPODATA_FILE_MAX])
{
	static const char *const endings[] = {".msgpack.zst", ".json.zst"};
	const char *ending = ".json";
	for (size_t i = 0; i < LK_COUNTOF(endings); i++) {
		if (lk_str_ends(lk_str_of(file_url), lk_str_of(endings[i]))) {
			ending = endings[i];
			break;
		}
	}
	snprintf(out, LK_REPODATA_FILE_MAX, LK_STR_FMT "%s", LK_STR_ARG(key), ending);
}

static void state_name(lk_str key, char out[LK_REPODATA_FILE_MAX])
{
	snprintf(out, LK_REPODATA_FILE_MAX, LK_STR_FMT ".info.json", LK_STR_ARG(key));
}

/* Is FILE_URL a file of the directory SUBDIR_URL? */
static bool url_is_under(const char *file_url, lk_str subdir_url)
{
	lk_str url = lk_str_of(file_url);
	return lk_str_starts(url, subdir_url) && url.len > subdir_url.len &&
		url.ptr[subdir_url.len] == '/';
}

static int not_cached(lk_str subdir_url, struct lk_error *err)
{
	return lk_fail(err, LK_E_NOT_FOUND, "nothing is cached of '" LK_STR_FMT "'",
		LK_STR_ARG(subdir_url));
}

int lk_repodata_state_load(int dirfd, lk_str subdir_url, const char *file_name,
	struct lk_arena *arena, struct lk_repodata_state *ret, int *ret_fd, struct lk_error *err)
{
	char key[LK_REPODATA_KEY_LEN + 1];
	char name[LK_REPODATA_FILE_MAX];
	lk_repodata_key(subdir_url, file_name, key);
	state_name(lk_str_of(key), name);
	struct lk_buf text LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_REPODATA_STATE_MAX);
	struct lk_repodata_state state = {.url = ""};
	if (lk_fs_read_file(dirfd, name, &text, err) < 0 ||
		lk_repodata_state_parse(lk_buf_view(&text), name, arena, &state, err) < 0 ||
		!url_is_under(state.url, subdir_url)) {
		return not_cached(subdir_url, err);
	}
	if (state.absent) {
		*ret = state;
		*ret_fd = -1;
		return 0;
	}
	data_name(lk_str_of(key), state.url, name);
	struct stat st;
	int fd LK_AUTO_CLOSE = -1;
	if (lk_fs_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0 ||
		fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		return not_cached(subdir_url, err);
	}
	if ((uint64_t)st.st_size != state.size || mtime_ns_of(&st) != state.mtime_ns) {
		state.etag = "";
		state.modified = "";
		state.content = "";
		state.mtime_ns = 0;
	}
	*ret = state;
	*ret_fd = lk_fd_take(&fd);
	return 0;
}

int lk_repodata_state_store(int dirfd, lk_str subdir_url, const char *file_name,
	const struct lk_repodata_state *state, int fd, int tmp_dirfd, const char *tmp,
	struct lk_error *err)
{
	char key[LK_REPODATA_KEY_LEN + 1];
	char name[LK_REPODATA_FILE_MAX];
	lk_repodata_key(subdir_url, file_name, key);
	data_name(lk_str_of(key), state->url, name);
	struct lk_repodata_state stored = *state;
	if (!state->absent) {
		/* Looked at by descriptor: another process may be publishing under this name. */
		struct stat st;
		if ((!tmp && futimens(fd, NULL) != 0) || fstat(fd, &st) != 0) {
			return lk_fail_errno(
				err, LK_E_FS, errno, "cannot mark '%s' as current", name);
		}
		stored.size = (uint64_t)st.st_size;
		stored.mtime_ns = mtime_ns_of(&st);
	}
	int rc = tmp ? lk_fs_rename(tmp_dirfd, tmp, dirfd, name, err) : 0;
	if (rc < 0) {
		return rc;
	}
	struct lk_buf text LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_REPODATA_STATE_MAX);
	lk_repodata_state_print(&stored, &text);
	if (text.overflow) {
		return lk_fail(err, LK_E_NETWORK, "the headers of '%s' are too long", state->url);
	}
	state_name(lk_str_of(key), name);
	rc = lk_fs_write_unsynced(dirfd, name, text.ptr, text.len, err);
	if (rc == 0) {
		(void)!fchmodat(dirfd, name, 0644, 0); /* the cache may be others' too */
	}
	return rc;
}
