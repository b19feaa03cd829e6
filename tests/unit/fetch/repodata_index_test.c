/*
 * The index beside cached repodata: used, found damaged, made anew, done without.
 */
#include "fetch/repodata_file_priv.h"

#include <limits.h>

#include "tests/unit/fetch/repodata_world.h"

static char *index_path(const struct world *world)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena arena = {0};
	struct lk_strs names = {0};
	char *found = NULL;
	char *folder = lk_asprintf("%s/repodata", world->cache_path);
	assert_int_equal(lk_fs_list(AT_FDCWD, folder, &arena, &names, &err), 0);
	for (size_t i = 0; i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".index"))) {
			assert_null(found);
			found = lk_asprintf("%s/%s", folder, names.items[i].ptr);
		}
	}
	lk_vec_done(&names);
	lk_arena_done(&arena);
	lk_free(folder);
	return found;
}

/* A shell command with the cache as its working folder. */
static void in_cache(const struct world *world, const char *command)
{
	char *text = lk_asprintf("cd %s && %s", world->cache_path, command);
	assert_int_equal(system(text), 0); /* NOLINT: fixed commands */
	lk_free(text);
}

static ino_t inode(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* With one subdir only, the noarch of a channel without platforms. */
static struct lk_channel one_subdir(struct world *world)
{
	put_zst(world->www, "one/noarch/repodata.json.zst", RECORD("b", "1"));
	return served(world, "ok/one");
}

/* Whoever may enter the cache may read all of it and write none, whatever the umask. */
static void test_modes(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	mode_t old = umask(077);
	assert_fetch(world, &channel, "- 1 ");
	umask(old);
	in_cache(world, "test -z \"$(find repodata -type f ! -perm 644)\"");
}

/* What was served is not even looked at when there is an index of it. */
static void test_used_alone(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	ino_t before = inode(path);
	in_cache(world,
		"for f in repodata/*.zst; do touch -r $f s; printf XXXXXXXX | "
		"dd of=$f bs=1 seek=4 conv=notrunc 2>/dev/null; touch -r s $f; rm s; done");
	assert_fetch(world, &channel, "- 1 ");
	world->options.offline = true;
	assert_fetch(world, &channel, "- 1 ");
	assert_int_equal(inode(path), before);
	assert_int_equal(world->warnings, 0);
	assert_int_equal(world->notes.len, 0);
	lk_free(path);
}

static void test_follows_a_new_download(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	in_cache(world, "cp repodata/*.index old");
	put_zst(world->www, "one/noarch/repodata.json.zst", RECORD("b", "2"));
	assert_fetch(world, &channel, "- 2 ");
	/* The index of the earlier download comes back: it is not believed. */
	in_cache(world, "for f in repodata/*.index; do cp old $f; done; rm old");
	assert_fetch(world, &channel, "- 2 ");
	world->options.offline = true;
	assert_fetch(world, &channel, "- 2 ");
	lk_free(path);
}

static void flip(const char *path, off_t at)
{
	char byte;
	int fd LK_AUTO_CLOSE = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (char)(byte ^ 0x20);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Every byte that is used: the answer stays right, and the next index is sound. */
static void test_every_flipped_byte(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	struct stat st;
	size_t healed = 0;
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	world->options.offline = true;
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		if (at == 512) { /* the head is shorter; up to the text there is nothing */
			at = LK_INDEX_TEXT_AT;
		}
		in_cache(world, "cp repodata/*.index good");
		flip(path, at);
		ino_t before = inode(path);
		lk_buf_clear(&world->notes);
		assert_fetch(world, &channel, "- 1 ");
		if (inode(path) != before) {
			healed++;
			ino_t sound = inode(path);
			lk_buf_clear(&world->notes);
			assert_fetch(world, &channel, "- 1 ");
			assert_int_equal(world->notes.len, 0);
			assert_int_equal(inode(path), sound);
		} else {
			in_cache(world, "for f in repodata/*.index; do cp good $f; done");
		}
	}
	/* All but the text around the record, and padding. */
	assert_true(healed > 300);
	assert_int_equal(world->warnings, 0);
	lk_free(path);
}

/* Neither the index nor what was served is whole: nothing is believed, and the next run gets it. */
static void test_both_damaged(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	world->options.offline = true;
	in_cache(world,
		"for f in repodata/*.zst; do touch -r $f s; printf XXXXXXXX | "
		"dd of=$f bs=1 seek=4 conv=notrunc 2>/dev/null; touch -r s $f; rm s; done");
	assert_fetch(world, &channel, "- 1 ");
	flip(path, LK_INDEX_TEXT_AT + 60); /* of the record */
	assert_fails(world, &channel, LK_E_NETWORK, "");
	world->options.offline = false;
	assert_fetch(world, &channel, "- 1 ");
	lk_free(path);
}

static void test_cut(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	struct stat st;
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	world->options.offline = true;
	assert_int_equal(stat(path, &st), 0);
	const off_t lengths[] = {
		0, 1, 100, LK_INDEX_TEXT_AT, LK_INDEX_TEXT_AT + 30, st.st_size / 2, st.st_size - 1};
	for (size_t i = 0; i < LK_COUNTOF(lengths); i++) {
		assert_int_equal(truncate(path, lengths[i]), 0);
		assert_fetch(world, &channel, "- 1 ");
		struct stat again;
		assert_int_equal(stat(path, &again), 0);
		assert_int_equal(again.st_size, st.st_size);
	}
	lk_free(path);
}

/* Whatever stands where a file is looked for: nobody waits for it, and the file takes its place. */
static void test_no_files(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	static const char *const commands[] = {
		"for f in repodata/*.index; do rm $f && mkfifo $f; done",
		"for f in repodata/*.index; do ln -sf /dev/zero $f; done",
		"for f in repodata/*.index; do : >$f && truncate -s 10G $f; done",
		"rm repodata/*.index; for f in repodata/*.zst; do rm $f && mkfifo $f; done",
		"rm repodata/*.index; for f in repodata/*.zst; do rm $f; done",
	};
	assert_fetch(world, &channel, "- 1 ");
	for (size_t i = 0; i < LK_COUNTOF(commands); i++) {
		in_cache(world, commands[i]);
		assert_fetch(world, &channel, "- 1 ");
		in_cache(world, "test -z \"$(find repodata ! -type f ! -type d)\"");
		char *path = index_path(world);
		assert_non_null(path);
		lk_free(path);
	}
	assert_int_equal(world->warnings, 0);
}

/* A cache that cannot be written is read all the same. */
static void test_without_disk(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = one_subdir(world);
	assert_fetch(world, &channel, "- 1 ");
	world->options.offline = true;
	in_cache(world, "rm repodata/*.index && rm -r tmp && touch tmp");
	assert_fetch(world, &channel, "- 1 ");
	assert_null(index_path(world));
	in_cache(world, "rm tmp && mkdir tmp");
	struct lk_error err = LK_ERROR_INIT;
	lk_cache_free(world->cache);
	assert_int_equal(lk_cache_open(world->cache_path, true, &world->cache, &err), 0);
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	assert_non_null(path);
	lk_free(path);
}

/* A folder's index knows the file by its times; one that has just changed gets none. */
static void test_folder_changes(void **state)
{
	struct world *world = *state;
	put_text(world->www, "local/noarch/repodata.json", RECORD("b", "1"));
	struct lk_channel channel = folder(world, "local");
	world->options.now = time(NULL);
	assert_fetch(world, &channel, "- 1 ");
	assert_null(index_path(world));
	world->options.now += 10;
	assert_fetch(world, &channel, "- 1 ");
	char *path = index_path(world);
	ino_t before = inode(path);
	assert_fetch(world, &channel, "- 1 ");
	assert_int_equal(inode(path), before);
	put_text(world->www, "local/noarch/repodata.json", RECORD("b", "2"));
	assert_fetch(world, &channel, "- 2 ");
	assert_int_not_equal(inode(path), before);
	/* Another text of the same length, in the same file, with the old time put back. */
	static const char third[] = RECORD("b", "3");
	struct lk_error err = LK_ERROR_INIT;
	struct stat st;
	char *file = lk_asprintf("%s/local/noarch/repodata.json", world->www);
	int fd LK_AUTO_CLOSE = open(file, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(lk_fs_write_at(fd, third, strlen(third), 0, "file", &err), 0);
	assert_int_equal(
		futimens(fd, (const struct timespec[]){{.tv_nsec = UTIME_OMIT}, st.st_mtim}), 0);
	assert_fetch(world, &channel, "- 3 ");
	lk_free(file);
	lk_free(path);
}

/* A descriptor that cannot be had is not a file that is not there. */
static void test_no_descriptor(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_repodata_file *file = NULL;
	const struct lk_repodata_place place = {
		.origin = {.channel_url = LK_STR("http://localhost/c"), .file = "repodata.json"},
		.fd = INT_MAX,
		.dirfd = lk_cache_dirfd(world->cache),
		.index_name = "i",
	};
	assert_int_equal(lk_repodata_file_new(NULL, &place, &file, &err), LK_E_FS);
	assert_null(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_modes),
		CASE(test_used_alone),
		CASE(test_follows_a_new_download),
		CASE(test_every_flipped_byte),
		CASE(test_both_damaged),
		CASE(test_cut),
		CASE(test_no_files),
		CASE(test_without_disk),
		CASE(test_folder_changes),
		CASE(test_no_descriptor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
