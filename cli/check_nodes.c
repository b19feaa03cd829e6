/*
 * Nodes by their profiles, and whether a lock fits them.
 */
#include "cli/checked.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "conda/profile.h"
#include "conda/subdir.h"

static int add_this(struct lk_app *app, struct lk_nodes *nodes, struct lk_error *err)
{
	struct lk_node node = {.name = "this host"};
	int rc = lk_app_host(app, NULL, false, &node.virtuals, &node.platform, err);
	lk_vec_push(&nodes->list, node);
	return rc;
}

static int add_profile(
	struct lk_app *app, struct lk_nodes *nodes, const char *path, struct lk_error *err)
{
	lk_str name = lk_path_basename(lk_str_of(path));
	lk_str end = LK_STR(".json");
	if (lk_str_ends(name, end) && name.len > end.len) {
		name = lk_str_slice(name, 0, name.len - end.len);
	}
	struct lk_profile profile;
	int rc = lk_profile_read(path, &app->arena, &profile, err);
	lk_vec_push(&nodes->list,
		(struct lk_node){.name = lk_arena_strndup(&app->arena, name.ptr, name.len),
			.path = path,
			.platform = profile.platform,
			.virtuals = profile.virtuals});
	return rc;
}

/* Every *.json of a folder, in the order of names. */
static int add_folder(
	struct lk_app *app, struct lk_nodes *nodes, const char *path, struct lk_error *err)
{
	struct lk_strs names = {0};
	lk_str folder = lk_str_trim_end(lk_str_of(path), '/');
	size_t before = nodes->list.len;
	int rc = lk_fs_list(AT_FDCWD, path, &app->arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".json"))) {
			rc = add_profile(app, nodes,
				lk_arena_printf(&app->arena, LK_STR_FMT "/" LK_STR_FMT,
					LK_STR_ARG(folder), LK_STR_ARG(names.items[i])),
				err);
		}
	}
	lk_vec_done(&names);
	if (rc == 0 && nodes->list.len == before) {
		rc = lk_fail(err, LK_E_USAGE, "there is no node profile in '%s'", path);
		lk_error_hint(err, "a profile is a file NAME.json: lockenv info --json >NAME.json");
	}
	nodes->fleet = true;
	return rc;
}

/* Two profiles of one name go by their paths. */
static void tell_apart(struct lk_nodes *nodes)
{
	struct lk_map LK_CLEANUP(lk_map_done) first = {0};
	for (size_t i = 0; i < nodes->list.len; i++) {
		struct lk_node *node = &nodes->list.items[i];
		uint32_t at = lk_map_add(&first, lk_str_of(node->name), (uint32_t)i);
		struct lk_node *other = &nodes->list.items[at];
		if (at != i) {
			node->name = node->path ? node->path : node->name;
			other->name = other->path ? other->path : other->name;
		}
	}
}

int lk_check_nodes_read(struct lk_app *app, const struct lk_check_options *options,
	struct lk_nodes *ret, struct lk_error *err)
{
	int rc = 0;
	*ret = (struct lk_nodes){
		.implied = options->hosts.len == 0, .fleet = options->hosts.len > 1};
	if (ret->implied) {
		return add_this(app, ret, err);
	}
	for (size_t i = 0; rc == 0 && i < options->hosts.len; i++) {
		const char *host = options->hosts.items[i];
		struct stat st;
		if (strcmp(host, "none") == 0) {
			rc = options->hosts.len == 1
				? 0
				: lk_fail(err, LK_E_USAGE, "'--host none' beside other hosts");
		} else if (strcmp(host, "this") == 0) {
			rc = add_this(app, ret, err);
		} else if (stat(host, &st) == 0 && S_ISDIR(st.st_mode)) {
			rc = add_folder(app, ret, host, err);
		} else {
			rc = add_profile(app, ret, host, err);
		}
	}
	if (rc == 0) {
		tell_apart(ret);
	}
	return rc;
}

void lk_check_nodes_done(struct lk_nodes *nodes)
{
	for (size_t i = 0; i < nodes->list.len; i++) {
		lk_vec_done(&nodes->list.items[i].virtuals);
	}
	lk_vec_done(&nodes->list);
}

struct judge {
	struct lk_app *app;
	struct lk_verdict *verdict;
	struct lk_buf why;
	lk_str name; /* of the first virtual package that is unmet */
};

static void add_lack(void *ctx, const struct lk_lock_unmet *unmet)
{
	struct judge *j = ctx;
	struct lk_arena *arena = &j->app->arena;
	lk_str has = LK_STR("");
	if (unmet->has) {
		bool plain = unmet->has->build.len == 0 || lk_str_is(unmet->has->build, "0");
		has = plain
			? unmet->has->version
			: lk_str_printf(arena, LK_STR_FMT "=" LK_STR_FMT,
				  LK_STR_ARG(unmet->has->version), LK_STR_ARG(unmet->has->build));
	}
	lk_vec_push(&j->verdict->lacks,
		(struct lk_lack){lk_str_dup(arena, unmet->requirement),
			lk_str_dup(arena, unmet->package), lk_str_dup(arena, has)});
	if (j->why.len == 0) {
		j->name = unmet->name;
	} else {
		lk_buf_puts(&j->why, ", ");
	}
	lk_lock_put_unmet(unmet, "it", &j->why);
}

/* This host's driver is asked only where the lock has to do with it. */
static int host_of(struct lk_app *app, const struct lk_node *node,
	const struct lk_lock_platform *platform, struct lk_virtuals *ret, struct lk_error *err)
{
	if (node->path) {
		for (size_t i = 0; i < node->virtuals.len; i++) {
			lk_vec_push(ret, node->virtuals.items[i]);
		}
		return 0;
	}
	return lk_app_host(app, NULL, lk_lock_asks_for_driver(platform), ret, NULL, err);
}

static int judge_platform(struct lk_app *app, const struct lk_lock_platform *platform,
	struct lk_verdict *verdict, struct lk_error *err)
{
	struct judge j = {app, verdict, LK_BUF_INIT((size_t)1 << 20), {NULL, 0}};
	struct lk_virtuals host = {0};
	int rc = host_of(app, verdict->node, platform, &host, err);
	if (rc == 0) {
		rc = lk_lock_each_unmet(platform, &host, add_lack, &j, err);
	}
	if (rc == 0 && verdict->lacks.len > 0) {
		struct lk_error why = LK_ERROR_INIT;
		lk_lock_hint_host(&host, j.name, &why);
		verdict->fit = LK_FIT_NO;
		verdict->why = lk_str_dup(&app->arena, lk_buf_view(&j.why));
		verdict->hint = lk_str_dup(&app->arena, lk_str_of(why.hint));
	}
	lk_buf_done(&j.why);
	lk_vec_done(&host);
	return rc;
}

static lk_str platforms_of(const struct lk_lock *lock, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i ? ", " : "",
			LK_STR_ARG(lock->platforms[i].subdir));
	}
	return lk_str_dup(arena, lk_buf_view(&names));
}

static int judge_node(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_lock *lock, struct lk_verdict *verdict, struct lk_error *err)
{
	const struct lk_node *node = verdict->node;
	lk_str wanted = lk_str_of(options->platform);
	lk_str subdir = wanted.len > 0 ? wanted : node->platform;
	if (wanted.len > 0 && node->platform.len > 0 && !lk_str_eq(wanted, node->platform)) {
		verdict->fit = LK_FIT_NOT_JUDGED;
		verdict->why =
			lk_str_printf(&app->arena, "it is " LK_STR_FMT, LK_STR_ARG(node->platform));
		return 0;
	}
	if (subdir.len == 0) {
		subdir = lock->n_platforms == 1 ? lock->platforms[0].subdir
						: lk_str_of(lk_subdir_native());
	}
	const struct lk_lock_platform *platform = lk_lock_find_platform(lock, subdir);
	verdict->platform = lk_str_dup(&app->arena, subdir);
	if (platform) {
		return judge_platform(app, platform, verdict, err);
	}
	verdict->fit = LK_FIT_NO;
	verdict->why = lk_str_printf(&app->arena,
		"the lock has no platform " LK_STR_FMT " (it has " LK_STR_FMT ")",
		LK_STR_ARG(subdir), LK_STR_ARG(platforms_of(lock, &app->arena)));
	verdict->hint = lk_str_printf(
		&app->arena, "solve again with --platform " LK_STR_FMT, LK_STR_ARG(subdir));
	return 0;
}

/* This host, unasked for, counts where the lock is for its platform. */
static bool concerns(const struct lk_nodes *nodes, const struct lk_check_options *options,
	const struct lk_lock *lock, const struct lk_node *node)
{
	lk_str wanted = lk_str_of(options->platform);
	return !nodes->implied ||
		(lk_lock_find_platform(lock, node->platform) &&
			(wanted.len == 0 || lk_str_eq(wanted, node->platform)));
}

int lk_check_nodes_judge(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_nodes *nodes, struct lk_checked *checked, struct lk_error *err)
{
	const struct lk_lock *lock = &checked->arg.lock;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < nodes->list.len; i++) {
		const struct lk_node *node = &nodes->list.items[i];
		if (concerns(nodes, options, lock, node)) {
			struct lk_verdict verdict = {.node = node, .fit = LK_FIT_YES};
			rc = judge_node(app, options, lock, &verdict, err);
			checked->n_unfit += verdict.fit == LK_FIT_NO;
			lk_vec_push(&checked->verdicts, verdict);
		}
	}
	return rc;
}
