/*
 * Removing a large tree with several workers: folders with few others above them are found first,
 * and emptied side by side; what is left then is little.
 */
#include <unistd.h>

#include "base/fs_priv.h"
#include "base/workers.h"

#define MANY_PARTS 64 /* that are enough for the workers to end about together */
#define MAX_LISTED 32 /* folders that are read for that, and kept open */

struct part {
	int parent; /* an open folder */
	const char *name;
};

struct split {
	struct lk_arena arena;
	struct LK_VEC_OF(struct part) parts;
	int listed[MAX_LISTED];
	size_t n_listed;
};

/* Adds the folders in NAME, which stays open then. False: there are none, or it cannot be read. */
static bool split_folder(struct split *split, int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
	int fd = lk_fs_openat(parent, name, flags, 0);
	DIR *LK_CLEANUP(lk_closedir_p) dir = fd < 0 ? NULL : lk_fs_opendir(fd, ".");
	size_t before = split->parts.len;
	struct dirent *entry;
	while (dir && (entry = lk_fs_readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR) {
			lk_str copy = lk_str_dup(&split->arena, lk_str_of(entry->d_name));
			lk_vec_push(&split->parts, ((struct part){fd, copy.ptr}));
		}
	}
	if (split->parts.len == before) {
		lk_close_p(&fd);
		return false;
	}
	split->listed[split->n_listed++] = fd;
	return true;
}

static int remove_part(void *ctx, size_t index, struct lk_error *err)
{
	const struct split *split = ctx;
	const struct part *part = &split->parts.items[index];
	return part->name ? lk_fs_remove_tree(part->parent, part->name, err) : 0;
}

int lk_fs_remove_tree_with(unsigned jobs, int dirfd, const char *path, struct lk_error *err)
{
	struct split split = {.n_listed = 0};
	unsigned workers = jobs ? jobs : lk_workers_default();
	if (workers > 1 && split_folder(&split, dirfd, path)) {
		for (size_t i = 0; i < split.parts.len && split.parts.len - i < MANY_PARTS &&
			split.n_listed < MAX_LISTED;
			i++) {
			struct part *part = &split.parts.items[i];
			if (split_folder(&split, part->parent, part->name)) {
				split.parts.items[i].name = NULL;
			}
		}
		struct lk_error ignored = LK_ERROR_INIT; /* told below, where it stands again */
		(void)!lk_workers_run(workers, split.parts.len, remove_part, &split, &ignored);
	}
	while (split.n_listed > 0) {
		close(split.listed[--split.n_listed]);
	}
	lk_vec_done(&split.parts);
	lk_arena_done(&split.arena);
	return lk_fs_remove_tree(dirfd, path, err);
}
