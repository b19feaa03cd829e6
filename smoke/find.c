/*
 * Where an environment keeps its libraries: conda packages in lib (and targets/ARCH/lib), and
 * packages that were made for pip, which conda environments often have too, in folders of their own
 * below site-packages.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/vec.h"
#include "smoke/level.h"

struct folders LK_VEC_OF(char *);

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return lk_str_cmp(lk_str_of((*a)->d_name), lk_str_of((*b)->d_name));
}

struct entries {
	struct dirent **items; /* scandir's own allocations */
	int len;
};

static struct entries list(const char *folder)
{
	struct entries all = {0};
	all.len = scandir(folder, &all.items, NULL, by_name);
	return all;
}

static void list_done(struct entries *all)
{
	for (int i = 0; i < all->len; i++) {
		free(all->items[i]);
	}
	free((void *)all->items);
}

/* FOLDER/NAME/BELOW for each NAME that starts with STEM and ends with TAIL. Links are left out:
 * lib/python3.1 is one to lib/python3.11. */
static void add_all(struct folders *into, const char *folder, const char *stem, const char *tail,
	const char *below)
{
	struct entries LK_CLEANUP(list_done) all = list(folder);
	for (int i = 0; i < all.len; i++) {
		lk_str name = lk_str_of(all.items[i]->d_name);
		if (all.items[i]->d_type != DT_LNK && name.ptr[0] != '.' &&
			lk_str_starts(name, lk_str_of(stem)) &&
			lk_str_ends(name, lk_str_of(tail))) {
			lk_vec_push(into,
				lk_asprintf(
					"%s/" LK_STR_FMT "%s", folder, LK_STR_ARG(name), below));
		}
	}
}

static void folders_done(struct folders *folders)
{
	for (size_t i = 0; i < folders->len; i++) {
		lk_free(folders->items[i]);
	}
	lk_vec_done(folders);
}

static void find_folders(const char *prefix, struct folders *ret)
{
	struct folders LK_CLEANUP(folders_done) sites = {0};
	char *LK_AUTO_FREE lib = lk_asprintf("%s/lib", prefix);
	char *LK_AUTO_FREE targets = lk_asprintf("%s/targets", prefix);
	lk_vec_push(ret, lk_strdup(lib));
	add_all(ret, targets, "", "", "/lib"); /* x86_64-linux, of the CUDA toolkit */
	add_all(&sites, lib, "python", "", "/site-packages");
	for (size_t i = 0; i < sites.len; i++) {
		char *LK_AUTO_FREE nvidia = lk_asprintf("%s/nvidia", sites.items[i]);
		lk_vec_push(ret, lk_asprintf("%s/torch/lib", sites.items[i]));
		add_all(ret, nvidia, "", "", "/lib");
		add_all(ret, sites.items[i], "", ".libs", ""); /* auditwheel's: numpy.libs */
	}
}

/* The SKIPth of the files in FOLDER that start with STEM; those before it are taken off SKIP. */
static bool find_in(const char *folder, const char *stem, size_t *skip, char *ret, size_t ret_len)
{
	struct entries LK_CLEANUP(list_done) all = list(folder);
	for (int i = 0; i < all.len; i++) {
		const char *name = all.items[i]->d_name;
		if (lk_str_starts(lk_str_of(name), lk_str_of(stem)) && (*skip)-- == 0) {
			return snprintf(ret, ret_len, "%s/%s", folder, name) < (int)ret_len;
		}
	}
	return false;
}

bool lk_level_find_library(const char *prefix, const char *const *stems, size_t n_stems,
	size_t skip, char *ret, size_t ret_len)
{
	struct folders LK_CLEANUP(folders_done) folders = {0};
	find_folders(prefix, &folders);
	for (size_t s = 0; s < n_stems; s++) {
		for (size_t f = 0; f < folders.len; f++) {
			if (find_in(folders.items[f], stems[s], &skip, ret, ret_len)) {
				return true;
			}
		}
	}
	return false;
}
