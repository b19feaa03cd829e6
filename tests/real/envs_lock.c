/*
 * All real environments as locks, those of one lock file of theirs as its platforms. Written, read,
 * written again: the same bytes; nothing is refused or warned about; what was read equals what was
 * written, in the quick way and in libyaml's.
 *
 *     envs_lock DATA
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include "lock/lock_diff.h"
#include "tests/real/envs.h"

#define SLOWLY 20           /* every so manieth lock is read by libyaml too */
#define MARK "\xef\xbb\xbf" /* a byte order mark: with it libyaml reads */

static const char *const platforms[] = {
	"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64", "win-arm64"};

enum {
	PLATFORMS = LK_COUNTOF(platforms)
};

/* The lines of one source and environment, one a platform. */
struct group {
	lk_str lines[PLATFORMS];
};

struct program {
	struct envs envs[PLATFORMS]; /* each keeps its text; the first has the channels */
	struct lk_arena arena;
	struct lk_map names;
	struct LK_VEC_OF(struct group) groups;
	size_t environments, locks, packages, together, unhashed, failed;
};

static void on_warning(void *ctx, const char *message)
{
	struct program *p = ctx;
	printf("fault: warned about: %s\n", message);
	p->failed++;
}

static bool is_same(const struct lk_lock *a, const struct lk_lock *b)
{
	struct lk_lock_diff diff;
	lk_lock_diff_make(a, b, NULL, &diff);
	bool same = lk_lock_diff_is_empty(&diff);
	lk_lock_diff_done(&diff);
	return same;
}

/* Is TEXT LOCK, and written again the same bytes? The mark before it is no part of these. */
static bool comes_back(
	struct program *p, const struct lk_lock *lock, lk_str text, struct lk_error *err)
{
	struct lk_report report = {.ctx = p, .warn = on_warning};
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_lock read;
	lk_str wanted = lk_str_skip(text, lk_str_starts(text, LK_STR(MARK)) ? strlen(MARK) : 0);
	if (lk_lock_parse(text, "env.lock", &report, &read, err) < 0) {
		return false;
	}
	bool same = lk_lock_write(&read, &again, err) == 0 &&
		lk_str_eq(lk_buf_view(&again), wanted) &&
		(wanted.len == text.len || is_same(lock, &read));
	lk_lock_done(&read);
	return same;
}

static void check_lock(struct program *p, const struct lk_lock *lock, lk_str label)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	lk_buf_puts(&text, MARK);
	bool good = lk_lock_write(lock, &text, &err) == 0 &&
		comes_back(p, lock, lk_str_skip(lk_buf_view(&text), strlen(MARK)), &err) &&
		(p->locks % SLOWLY != 0 || comes_back(p, lock, lk_buf_view(&text), &err));
	p->locks++;
	if (!good) {
		printf("fault: " LK_STR_FMT ": %s\n", LK_STR_ARG(label), err.message);
		p->failed++;
	}
}

static void init_lock(struct env *env, struct lk_lock *ret)
{
	size_t n;
	const lk_str *names = env_strings(env, "channels", &n);
	struct lk_channel *channels = lk_arena_calloc(&env->arena, n, sizeof(*channels));
	for (size_t i = 0; i < n; i++) {
		channels[i].name = names[i];
		channels[i].url = lk_str_printf(
			&env->arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(names[i]));
	}
	lk_lock_init(ret, channels, n, LK_STR("strict"));
}

/* False where a record has no sha256. */
static bool add_env(struct env *env, struct lk_lock *lock, struct lk_error *err)
{
	struct lk_virtuals virtuals = {0};
	struct lk_lock_input input = {.subdir = env_member(env, "platform"),
		.solved_with = &virtuals,
		.records = env->records,
		.n_records = env->n_records};
	size_t n;
	input.specs.items = env_strings(env, "specs", &n);
	input.specs.n = n;
	lk_virtuals_default(input.subdir, &env->arena, &virtuals);
	int rc = lk_lock_add_platform(lock, &input, err);
	lk_vec_done(&virtuals);
	return rc == 0;
}

static bool same_channels(const struct lk_lock *a, const struct lk_lock *b)
{
	bool same = a->n_channels == b->n_channels;
	for (size_t i = 0; same && i < a->n_channels; i++) {
		same = lk_str_eq(a->channels[i].name, b->channels[i].name);
	}
	return same;
}

/* Adds the environment to GROUP where its channels are the same, else it is a lock of its own. */
static int take_env(struct program *p, lk_str line, struct lk_lock *group, struct lk_error *err)
{
	struct env env;
	struct lk_lock lock;
	struct lk_error why = LK_ERROR_INIT;
	int rc = env_parse(line, &env, err);
	if (rc == 0) {
		rc = env_records(&p->envs[0], &env, err);
	}
	if (rc < 0) {
		env_done(&env);
		return rc;
	}
	init_lock(&env, &lock);
	if (group->n_platforms == 0) {
		lk_lock_done(group);
		init_lock(&env, group);
	}
	bool fits = same_channels(group, &lock);
	p->environments++;
	p->packages += env.n_records;
	if (!add_env(&env, fits ? group : &lock, &why)) {
		p->unhashed++;
	} else if (!fits) {
		check_lock(p, &lock, env_label(&env));
	}
	lk_lock_done(&lock);
	env_done(&env);
	return 0;
}

static int check_group(struct program *p, const struct group *group, struct lk_error *err)
{
	struct lk_lock lock = {0};
	int rc = 0;
	lk_str label = {NULL, 0};
	for (size_t i = 0; rc == 0 && i < PLATFORMS; i++) {
		if (group->lines[i].len > 0) {
			label = group->lines[i];
			rc = take_env(p, label, &lock, err);
		}
	}
	if (rc == 0 && lock.n_platforms > 0) {
		check_lock(p, &lock, lk_str_slice(label, 0, 200));
		p->together += lock.n_platforms > 1;
	}
	lk_lock_done(&lock);
	return rc;
}

static int add_line(struct program *p, size_t platform, lk_str line, struct lk_error *err)
{
	struct env env;
	int rc = env_parse(line, &env, err);
	if (rc < 0) {
		return rc;
	}
	lk_str source = env_member(&env, "source");
	lk_str name = env_member(&env, "environment");
	uint32_t fresh = (uint32_t)p->groups.len;
	lk_str key = lk_str_printf(
		&p->arena, LK_STR_FMT " " LK_STR_FMT, LK_STR_ARG(source), LK_STR_ARG(name));
	uint32_t index = lk_map_add(&p->names, key, fresh);
	if (index == fresh) {
		lk_vec_push(&p->groups, (struct group){0});
	}
	p->groups.items[index].lines[platform] = line;
	env_done(&env);
	return 0;
}

static int read_lines(struct program *p, const char *data, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < PLATFORMS; i++) {
		lk_str line;
		rc = i == 0 ? 0 : envs_init(&p->envs[i], data);
		rc = rc != 0 ? rc : envs_open(&p->envs[i], platforms[i], err);
		while (rc == 0 && envs_next(&p->envs[i], &line)) {
			rc = add_line(p, i, line, err);
		}
	}
	return rc;
}

static int check_all(struct program *p, const char *data, struct lk_error *err)
{
	double start = real_now_ms();
	int rc = read_lines(p, data, err);
	for (size_t i = 0; rc == 0 && i < p->groups.len; i++) {
		rc = check_group(p, &p->groups.items[i], err);
	}
	printf("%zu environments, %zu without a sha256; %zu locks of %zu packages, %zu of several "
	       "platforms; %zu failed, %.1f s\n",
		p->environments, p->unhashed, p->locks, p->packages, p->together, p->failed,
		(real_now_ms() - start) / 1e3);
	return rc < 0 ? rc : p->failed > 0 || p->locks == 0;
}

int main(int argc, char **argv)
{
	struct program p = {0};
	struct lk_error err = LK_ERROR_INIT;
	if (argc != 2) {
		(void)fputs("usage: envs_lock DATA\n", stderr);
		return 2;
	}
	int rc = envs_init(&p.envs[0], argv[1]);
	if (rc == 0) {
		rc = check_all(&p, argv[1], &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "envs_lock: %s\n", err.message);
	}
	for (size_t i = 0; i < PLATFORMS; i++) {
		envs_done(&p.envs[i]);
	}
	lk_map_done(&p.names);
	lk_vec_done(&p.groups);
	lk_arena_done(&p.arena);
	return rc < 0 ? 2 : rc;
}
