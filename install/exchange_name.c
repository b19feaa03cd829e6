/*
 * Exchanging names.
 */
#include "install/exchange_name.h"

#include <errno.h>

#include "base/fs.h"

/* Of a name in one of the directories. */
struct place {
	int fd;
	const char *name;
	uint64_t inode; /* 0: nothing is there */
};

struct places {
	struct place here, there, aside;
};

static void look_at(struct place *place)
{
	struct stat status;
	bool is_there = fstatat(place->fd, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	place->inode = is_there ? (uint64_t)status.st_ino : 0;
}

static struct places look(const struct lk_exchange_dirs *dirs, lk_str name)
{
	struct places p = {
		{dirs->here_fd, name.ptr, 0},
		{dirs->there_fd, dirs->there ? dirs->there : name.ptr, 0},
		{dirs->aside_fd, dirs->aside ? dirs->aside : name.ptr, 0},
	};
	look_at(&p.here);
	look_at(&p.there);
	look_at(&p.aside);
	return p;
}

bool lk_exchange_plan(const struct lk_exchange_dirs *dirs, lk_str name, struct lk_exchange *ret)
{
	struct places p = look(dirs, name);
	*ret = (struct lk_exchange){.name = name, .inode = p.there.inode};
	ret->kind = p.there.inode == 0 ? LK_EXCHANGE_OUT
		: p.here.inode == 0    ? LK_EXCHANGE_IN
				       : LK_EXCHANGE_BOTH;
	return p.here.inode != 0 || p.there.inode != 0;
}

/* Nothing may be at TO. */
static int move(const struct place *from, const struct place *to, struct lk_error *err)
{
	bool exists = false;
	int rc = lk_fs_rename_noreplace(from->fd, from->name, to->fd, to->name, &exists, err);
	if (rc == 0 && exists) {
		rc = lk_fail(err, LK_E_FS, "something else made '%s' meanwhile", to->name);
	}
	return rc;
}

/* By way of ASIDE. What is aside when this fails is put back, by us or by the next run. */
static int three_renames(const struct places *p, struct lk_error *err)
{
	struct lk_error ignored = LK_ERROR_INIT;
	int rc = move(&p->here, &p->aside, err);
	if (rc < 0) {
		return rc;
	}
	rc = move(&p->there, &p->here, err);
	if (rc < 0) {
		(void)!move(&p->aside, &p->here, &ignored);
		return rc;
	}
	return move(&p->aside, &p->there, err);
}

static int exchange(const struct places *p, struct lk_error *err)
{
	int rc = lk_fs_exchange(p->here.fd, p->here.name, p->there.fd, p->there.name, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = three_renames(p, err);
	}
	return rc;
}

/* A run died amid three renames: WANT_NEW says which of the two belongs here. */
static int settle(const struct places *p, uint64_t inode, bool want_new, struct lk_error *err)
{
	if (p->here.inode != 0 && p->there.inode != 0) {
		lk_fail(err, LK_E_FS, "something else was made in the place of '%s'", p->here.name);
		lk_error_hint(err, "move it away: what was there is kept, and then comes back");
		return err->code;
	}
	if (p->here.inode != 0) {
		return move(&p->aside, &p->there, err);
	}
	if (p->there.inode == 0 || (p->aside.inode == inode) == want_new) {
		return move(&p->aside, &p->here, err);
	}
	int rc = move(&p->there, &p->here, err);
	return rc < 0 ? rc : move(&p->aside, &p->there, err);
}

static int exchange_both(
	const struct places *p, uint64_t inode, bool want_new, struct lk_error *err)
{
	if (p->here.inode == 0 || p->there.inode == 0) {
		/* What comes came, and what went is gone; else there is just one to be here. */
		return p->here.inode == 0 && p->there.inode != 0 ? move(&p->there, &p->here, err)
								 : 0;
	}
	if (p->here.inode == p->there.inode) {
		return 0;
	}
	if (p->here.inode != inode && p->there.inode != inode) {
		lk_fail(err, LK_E_FS, "cannot tell whether '%s' was exchanged", p->here.name);
		lk_error_hint(err,
			"its two forms have other inode numbers than noted; move the "
			"right one into place by hand");
		return err->code;
	}
	return (p->here.inode == inode) == want_new ? 0 : exchange(p, err);
}

int lk_exchange(const struct lk_exchange_dirs *dirs, const struct lk_exchange *x, bool back,
	struct lk_error *err)
{
	struct places p = look(dirs, x->name);
	if (p.aside.inode != 0) {
		int rc = settle(&p, x->inode, !back, err);
		if (rc < 0) {
			return rc;
		}
		p = look(dirs, x->name);
	}
	if (x->kind == LK_EXCHANGE_BOTH) {
		return exchange_both(&p, x->inode, !back, err);
	}
	if ((x->kind == LK_EXCHANGE_IN) == back) {
		/* Out. What somebody else made in the place of what came stays. */
		bool ours = x->inode == 0 || p.here.inode == x->inode;
		return p.here.inode != 0 && p.there.inode == 0 && ours
			? move(&p.here, &p.there, err)
			: 0;
	}
	return p.there.inode != 0 ? move(&p.there, &p.here, err) : 0;
}
