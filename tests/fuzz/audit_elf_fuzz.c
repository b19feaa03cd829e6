/*
 * ELF files from hostile bytes: read, looked up, then loaded on paper beside a link to them and a
 * program of the same bytes, and judged.
 */
#include <stdlib.h>

#include "audit/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_texts(const struct lk_elf *elf)
{
	require(elf->n_needed <= LK_ELF_MAX_NEEDED + 1);
	require(elf->n_versions_needed <= LK_ELF_MAX_VERSIONS);
	require(elf->n_versions_defined <= LK_ELF_MAX_VERSIONS);
	for (size_t i = 0; i < elf->n_needed; i++) {
		require(strlen(elf->needed[i].ptr) == elf->needed[i].len);
	}
	for (size_t i = 0; i + 1 < elf->n_versions_defined; i++) {
		require(lk_str_cmp(elf->versions_defined[i], elf->versions_defined[i + 1]) <= 0);
	}
}

static void judge(const struct lk_seen *seen, const struct lk_machine *machine)
{
	static const char *const paths[] = {"bin/python", "lib/libfuzz.so.1",
		"lib/python3.11/site-packages/_m.abi3.so", "lib/sub/libfuzz.so.1"};
	static const struct lk_target targets[] = {
		{{"a", 1}, {"2.17", 4}, 1},
		{{"b", 1}, {"2.41", 4}, 4},
	};
	struct lk_survey survey;
	struct lk_links links;
	struct lk_flaws flaws = {0};
	struct lk_highests highest = {0};
	lk_survey_init(&survey, LK_STR("/prefix"));
	uint32_t package = lk_survey_add_package(&survey, LK_STR("p"), LK_STR("p-1-0"));
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		struct lk_survey_file *file = lk_survey_add(&survey, lk_str_of(paths[i]),
			LK_SURVEY_FILE, i % 2 ? package : LK_SURVEY_NONE);
		file->seen = *seen;
		file->placeholder = LK_STR("/opt/build");
	}
	lk_survey_add(&survey, LK_STR("lib/link"), LK_SURVEY_LINK, package)->target =
		LK_STR("../lib/sub/../link");
	if (seen->elf && seen->elf->n_needed > 0) {
		lk_survey_add(&survey, LK_STR("lib/sub/l"), LK_SURVEY_LINK, package)->target =
			seen->elf->needed[0];
	}
	lk_survey_settle(&survey);
	lk_links_make(&survey, machine, &links);
	lk_judge(&survey, &links, targets, LK_COUNTOF(targets), &flaws);
	lk_judge_highest(&survey, &links, &highest);
	for (size_t i = 0; i < flaws.list.len; i++) {
		require(flaws.list.items[i].file < survey.files.len);
		require(flaws.list.items[i].text.len > 0);
	}
	lk_vec_done(&highest);
	lk_flaws_done(&flaws);
	lk_links_done(&links);
	lk_survey_done(&survey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	struct lk_seen seen;
	lk_bytes_of_memory(&bytes, data, size);
	require(lk_survey_look(&bytes, &arena, &seen, &err) == 0);
	if (seen.content == LK_CONTENT_BROKEN) {
		require(seen.why.len > 0);
	}
	if (seen.elf) {
		check_texts(seen.elf);
		judge(&seen, lk_machine_of(LK_STR("linux-64")));
		judge(&seen, lk_machine_of(LK_STR("linux-s390x")));
	}
	return 0;
}
