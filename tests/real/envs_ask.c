/*
 * From environments to problems, and the rules by which an environment proves what its data leave
 * out.
 */
#include "tests/real/envs_ask.h"

#include <stdlib.h>

/* The targets that an environment may prove, where it needs what its data do not state. */
static const struct amendment {
	const char *name, *text, *reason;
} amendments[] = {
	{"__archspec", "__archspec=1=x86_64",
		"locked for a microarchitecture, when clients still called plain x86_64 one"},
	{"__cuda", "__cuda=13.0",
		"locked with packages for CUDA, which the requirements gathered do not state"},
};

void envs_note(const struct asking *ask, lk_str label, const char *kind, const char *text)
{
	if (ask->list) {
		(void)fprintf(ask->list, "%s: " LK_STR_FMT ": %s\n", kind, LK_STR_ARG(label), text);
	}
}

const struct lk_record *envs_find_name(
	const struct lk_record *const *records, size_t n, lk_str name)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq(records[i]->name, name)) {
			return records[i];
		}
	}
	return NULL;
}

static void add_virtual(struct lk_strs *texts, struct env *env, const char *name, const char *key)
{
	const struct lk_json *table = lk_json_get(env->root, "system_requirements");
	lk_str version = lk_json_string(lk_json_get(table, key));

	if (lk_str_starts(version, LK_STR("glibc "))) {
		version = lk_str_skip(version, strlen("glibc "));
	}
	if (version.len > 0) {
		lk_vec_push(texts,
			lk_str_printf(&env->arena, "%s=" LK_STR_FMT, name, LK_STR_ARG(version)));
	}
}

/* The target as the lockfile states it, else as the manifest does; __osx means nothing on linux. */
static void stated_target(struct env *env, struct lk_strs *texts)
{
	lk_str platform = env_member(env, "platform");
	size_t n;
	lk_str *stated = env_strings(env, "virtual_packages", &n);

	for (size_t i = 0; i < n; i++) {
		lk_vec_push(texts, stated[i]);
	}
	if (n == 0) {
		add_virtual(texts, env, "__cuda", "cuda");
		if (lk_str_starts(platform, LK_STR("linux"))) {
			add_virtual(texts, env, "__linux", "linux");
			add_virtual(texts, env, "__glibc", "libc");
		} else if (lk_str_starts(platform, LK_STR("osx"))) {
			add_virtual(texts, env, "__osx", "macos");
		}
	}
}

/* Does the environment hold for the target TEXTS? err: why not. */
static int holds_for(const struct env *env, struct real_solve *solve, const struct lk_strs *texts,
	struct lk_error *err)
{
	int rc;

	solve->virtuals = texts->items;
	solve->n_virtuals = texts->len;
	rc = real_task(solve, err);
	return rc < 0 ? rc : lk_recheck(env->records, env->n_records, &solve->task, err);
}

/* Adds what the environment proves of its target. It holds for any target, so it ends. */
static int prove_target(struct asking *ask, const struct listed *listed, const struct env *env,
	struct real_solve *solve, struct lk_strs *texts, struct lk_error *err)
{
	int rc = holds_for(env, solve, texts, err);

	for (size_t i = 0; rc == LK_E_UNSAT && i < sizeof(amendments) / sizeof(amendments[0]);
		i++) {
		if (lk_str_find(lk_str_of(err->message), lk_str_of(amendments[i].name)) !=
			SIZE_MAX) {
			char LK_AUTO_FREE *text =
				lk_asprintf("%s: %s", err->message, amendments[i].reason);

			envs_note(ask, listed->label, "target", text);
			ask->amended++;
			lk_vec_push(texts, lk_str_of(amendments[i].text));
			rc = holds_for(env, solve, texts, err);
		}
	}
	return rc;
}

/* Do the specs leave CHANNEL to NAME? */
static bool channel_allowed(
	const struct lk_task *task, lk_str name, const struct lk_channel *channel)
{
	for (size_t i = 0; i < task->n_specs; i++) {
		if (lk_str_eq(task->specs[i]->name, name) &&
			!lk_matchspec_channel_matches(
				task->specs[i], channel->name, channel->url, task->alias)) {
			return false;
		}
	}
	return true;
}

/* The channel before RECORD's own that has its name too; NULL: none. */
static const struct lk_channel *hiding_channel(
	struct asking *ask, const struct real_solve *solve, const struct lk_record *record)
{
	lk_str subdirs[] = {lk_str_of(solve->platform), LK_STR("noarch")};
	const struct lk_task *task = &solve->task;
	struct lk_error err = LK_ERROR_INIT;

	for (size_t i = 0; i < task->n_channels; i++) {
		if (lk_str_eq(task->channels[i].name, record->channel)) {
			return NULL;
		}
		for (size_t k = 0; channel_allowed(task, record->name, &task->channels[i]) && k < 2;
			k++) {
			struct real_index *index = real_open(
				&ask->envs.channels, task->channels[i].name, subdirs[k], &err);
			const struct lk_records *found;

			if (real_records(index, record->name, &found, &err) == 0 &&
				found->len > 0) {
				return &task->channels[i];
			}
		}
	}
	return NULL;
}

/* A root from behind a channel that has its name too proves that its spec meant its own channel:
 * rattler leaves out the records that a root's spec does not match before it looks at priority, and
 * the channel before may have had none yet that does. */
static void prove_channels(struct asking *ask, const struct listed *listed, struct env *env,
	const struct real_solve *solve, lk_str *specs)
{
	for (size_t i = 0; i < solve->n_specs; i++) {
		const struct lk_record *record =
			envs_find_name(env->records, env->n_records, solve->task.specs[i]->name);
		const struct lk_channel *hiding =
			record ? hiding_channel(ask, solve, record) : NULL;

		if (hiding) {
			char LK_AUTO_FREE *text =
				lk_asprintf("'" LK_STR_FMT "' was met by " LK_STR_FMT
					    " though " LK_STR_FMT " comes first",
					LK_STR_ARG(specs[i]), LK_STR_ARG(record->url),
					LK_STR_ARG(hiding->name));

			envs_note(ask, listed->label, "channel", text);
			ask->other_channel++;
			specs[i] = lk_str_printf(&env->arena, LK_STR_FMT "::" LK_STR_FMT,
				LK_STR_ARG(record->channel), LK_STR_ARG(specs[i]));
		}
	}
}

/* When the last of the environment's packages was made, ms since 1970. */
static uint64_t newest(const struct env *env)
{
	uint64_t when = 0;

	for (size_t i = 0; i < env->n_records; i++) {
		const struct lk_record *record = env->records[i];
		uint64_t made =
			record->indexed_timestamp ? record->indexed_timestamp : record->timestamp;

		when = made > when ? made : when;
	}
	return when;
}

static void put_strings(struct lk_jw *w, const char *key, const lk_str *texts, size_t n)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(w, texts[i]);
	}
	lk_jw_end(w);
}

static int make_problem(struct asking *ask, struct listed *listed, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) problem = LK_BUF_INIT(ENVS_TEXT_MAX);
	struct lk_strs texts = {0};
	struct real_solve solve = {0};
	struct lk_jw w;
	struct env env;
	int rc = env_parse(listed->line, &env, err);

	rc = rc < 0 ? rc : env_records(&ask->envs, &env, err);
	if (rc == 0) {
		listed->label = lk_str_dup(&ask->arena, env_label(&env));
		solve = env_solve(&env);
		stated_target(&env, &texts);
		rc = prove_target(ask, listed, &env, &solve, &texts, err);
	}
	if (rc == 0) {
		lk_str *specs = env_strings(&env, "specs", &solve.n_specs);

		prove_channels(ask, listed, &env, &solve, specs);
		lk_jw_init(&w, &problem, false);
		lk_jw_object(&w);
		put_strings(&w, "channels", solve.channels, solve.n_channels);
		put_strings(&w, "virtuals", texts.items, texts.len);
		put_strings(&w, "specs", specs, solve.n_specs);
		lk_jw_key(&w, "newest");
		lk_jw_int(&w, ask->then ? (int64_t)newest(&env) : 0);
		lk_jw_end(&w);
		listed->problem = lk_str_dup(&ask->arena, lk_buf_view(&problem));
	}
	real_solve_done(&solve);
	lk_vec_done(&texts);
	env_done(&env);
	return rc < 0 ? lk_wrap(err, LK_STR_FMT, LK_STR_ARG(listed->label)) : 0;
}

static int compare_draws(const void *left, const void *right)
{
	const struct listed *a = left;
	const struct listed *b = right;

	return a->draw < b->draw ? -1 : a->draw > b->draw;
}

static int compare_problems(const void *left, const void *right)
{
	return lk_str_cmp(
		((const struct listed *)left)->problem, ((const struct listed *)right)->problem);
}

/* The environments with specs, or as many of them as were asked for, equal problems together. */
int envs_ask(struct asking *ask, struct lk_error *err)
{
	struct listed_envs *all = &ask->all;
	uint64_t seed = PICK_SEED;
	int rc = envs_open(&ask->envs, ask->platform, err);
	struct listed listed = {0};

	while (rc == 0 && envs_next(&ask->envs, &listed.line)) {
		struct env env;

		rc = env_parse(listed.line, &env, err);
		listed.draw = pick_from(&seed, UINT32_MAX);
		if (rc == 0 && lk_json_size(lk_json_get(env.root, "specs")) > 0) {
			lk_vec_push(all, listed);
		}
		env_done(&env);
	}
	if (rc < 0 || all->len == 0) {
		return rc;
	}
	ask->with_specs = all->len;
	qsort(all->items, all->len, sizeof(*all->items), compare_draws);
	all->len = all->len < ask->sample ? all->len : (size_t)ask->sample;
	for (size_t i = 0; rc == 0 && i < all->len; i++) {
		rc = make_problem(ask, &all->items[i], err);
	}
	qsort(all->items, all->len, sizeof(*all->items), compare_problems);
	return rc;
}

void envs_ask_done(struct asking *ask)
{
	envs_done(&ask->envs);
	lk_vec_done(&ask->all);
	lk_arena_done(&ask->arena);
}
