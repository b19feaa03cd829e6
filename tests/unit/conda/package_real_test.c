/*
 * What real archives say about themselves: the sound ones are read, the broken ones refused.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/stream.h"
#include "conda/package.h"

/* The octal number of a tar header's size field. */
static size_t tar_size(const char *header)
{
	size_t size = 0;
	for (size_t i = 124; i < 136 && header[i] >= '0' && header[i] <= '7'; i++) {
		size = size * 8 + (size_t)(header[i] - '0');
	}
	return size;
}

/* Points the texts at the info members of an unpacked tar; enough of tar for short names. */
static void find_members(lk_str tar, struct lk_package_texts *ret)
{
	const struct {
		const char *name;
		lk_str *text;
	} members[] = {
		{"info/index.json", &ret->index_json},
		{"info/paths.json", &ret->paths_json},
		{"info/link.json", &ret->link_json},
		{"info/files", &ret->files},
		{"info/has_prefix", &ret->has_prefix},
		{"info/no_link", &ret->no_link},
	};
	for (size_t at = 0; at + 512 <= tar.len && tar.ptr[at] != '\0';) {
		const char *header = tar.ptr + at;
		size_t size = tar_size(header);
		lk_str name = lk_str_n(header, strnlen(header, 100));
		name = lk_str_starts(name, LK_STR("./")) ? lk_str_skip(name, 2) : name;
		for (size_t i = 0; i < LK_COUNTOF(members); i++) {
			bool file = header[156] == '0' || header[156] == '\0';
			if (file && lk_str_is(name, members[i].name)) {
				*members[i].text =
					lk_str_slice(lk_str_skip(tar, at + 512), 0, size);
			}
		}
		at += 512 + (size + 511) / 512 * 512;
	}
}

struct census {
	size_t ok, refused;
};

static void try_archive(const char *path, struct census *census, bool sound)
{
	struct lk_error err = LK_ERROR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct lk_stream *stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_BZIP2);
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT((size_t)1 << 30);
	int rc = lk_stream_read_all(stream, &tar, &err);
	lk_stream_free(stream);
	struct lk_package_texts texts = {0};
	struct lk_package *package = NULL;
	if (rc == 0) {
		find_members(lk_buf_view(&tar), &texts);
		rc = lk_package_parse(&texts, path, &package, &err);
	}
	/* One of the real ones contradicts itself in this way. */
	bool contradicts = rc < 0 && strstr(err.message, "a softlink with 'prefix_placeholder'");
	if (sound != (rc == 0) && !contradicts) {
		fail_msg("%s: %s", path, rc < 0 ? err.message : "was not refused");
	}
	census->ok += rc == 0;
	census->refused += rc < 0;
	lk_package_free(package);
}

static void walk(const char *folder, struct census *census, bool sound)
{
	DIR *dir = opendir(folder);
	if (!dir) {
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			bool broken = strcmp(entry->d_name, "broken") == 0;
			walk(path, census, sound && !broken);
		} else if (lk_str_ends(lk_str_of(path), LK_STR(".tar.bz2"))) {
			try_archive(path, census, sound);
		}
	}
	closedir(dir);
}

static void real_archives_are_judged(void **state)
{
	struct census census = {0};
	walk(LK_SHARED_DATA "/packages", &census, true);
	if (census.ok == 0) {
		skip();
	}
	print_message("%zu archives read, %zu refused\n", census.ok, census.refused);
	assert_true(census.ok >= 122 && census.refused >= 15);
	(void)state;
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_archives_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
