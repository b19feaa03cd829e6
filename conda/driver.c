/*
 * What a probe says, read without trust; the kernel module's version, with a table.
 */
#include "conda/driver.h"

#include "base/fs.h"
#include "base/json.h"

#define PROBE_DEPTH 4
#define MAX_DEVICES 64
#define DRIVER_FILE "/proc/driver/nvidia/version"

/* The first driver branch that can run each CUDA version; public facts of NVIDIA's release notes.
 */
static const struct {
	unsigned branch;
	const char *cuda;
} drivers[] = {
	{384, "9.0"},
	{390, "9.1"},
	{396, "9.2"},
	{410, "10.0"},
	{418, "10.1"},
	{440, "10.2"},
	{450, "11.0"},
	{455, "11.1"},
	{460, "11.2"},
	{465, "11.3"},
	{470, "11.4"},
	{495, "11.5"},
	{510, "11.6"},
	{515, "11.7"},
	{520, "11.8"},
	{525, "12.0"},
	{530, "12.1"},
	{535, "12.2"},
	{545, "12.3"},
	{550, "12.4"},
	{555, "12.5"},
	{560, "12.6"},
	{565, "12.7"},
	{570, "12.8"},
	{575, "12.9"},
	{580, "13.0"},
};

/* The first word of digits and dots in the text; its leading number is the driver's branch. */
static bool driver_branch(lk_str text, uint64_t *ret)
{
	lk_str rest = text;
	lk_str word;
	while (lk_str_split(&rest, ' ', &word)) {
		size_t dot = lk_str_find_char(word, '.');
		if (dot != SIZE_MAX && lk_str_to_u64(lk_str_slice(word, 0, dot), ret)) {
			return true;
		}
	}
	return false;
}

lk_str lk_driver_cuda_of_text(lk_str text)
{
	uint64_t branch;
	lk_str cuda = LK_STR("");
	if (!driver_branch(text, &branch)) {
		return cuda;
	}
	for (size_t i = 0; i < LK_COUNTOF(drivers) && drivers[i].branch <= branch; i++) {
		cuda = lk_str_of(drivers[i].cuda);
	}
	return cuda;
}

void lk_driver_of_kernel(struct lk_arena *arena, struct lk_driver *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	struct lk_error ignored = LK_ERROR_INIT;
	*ret = (struct lk_driver){.reason = LK_STR("no kernel module of a GPU driver is loaded")};
	if (lk_fs_read_file(AT_FDCWD, DRIVER_FILE, &text, &ignored) < 0) {
		return;
	}
	ret->source = LK_STR(DRIVER_FILE);
	ret->cuda = lk_driver_cuda_of_text(lk_buf_view(&text));
	ret->reason = ret->cuda.len > 0
		? LK_STR("")
		: lk_str_dup(arena, LK_STR(DRIVER_FILE " names no version that is known"));
}

/* "12.4": two plain numbers, the second of any size. */
static bool read_pair(lk_str text, uint64_t ret[2])
{
	lk_str first;
	return lk_str_split(&text, '.', &first) && lk_str_to_u64(first, &ret[0]) &&
		lk_str_to_u64(text, &ret[1]) && ret[0] < 1000 && ret[1] < 1000;
}

static lk_str put_pair(const uint64_t pair[2], struct lk_arena *arena)
{
	return lk_str_printf(arena, "%u.%u", (unsigned)pair[0], (unsigned)pair[1]);
}

static int fail_probe(struct lk_error *err)
{
	return lk_fail(err, LK_E_FORMAT, "what it says of the driver makes no sense");
}

/* Devices into RET, the lowest capability too. */
static int read_devices(const struct lk_json *list, struct lk_arena *arena, struct lk_driver *ret,
	struct lk_error *err)
{
	size_t n = lk_json_size(list);
	uint64_t lowest[2] = {UINT64_MAX, 0};
	if (n > MAX_DEVICES) {
		return fail_probe(err);
	}
	struct lk_driver_device *devices = lk_arena_calloc(arena, n, sizeof(*devices));
	for (size_t i = 0; i < n; i++) {
		const struct lk_json *device = lk_json_at(list, i);
		uint64_t pair[2];
		if (!read_pair(lk_json_string(lk_json_get(device, "compute_capability")), pair)) {
			return fail_probe(err);
		}
		if (pair[0] < lowest[0] || (pair[0] == lowest[0] && pair[1] < lowest[1])) {
			memcpy(lowest, pair, sizeof(lowest));
		}
		devices[i] = (struct lk_driver_device){
			.name = lk_str_dup(arena, lk_json_string(lk_json_get(device, "name"))),
			.capability = put_pair(pair, arena),
		};
	}
	ret->devices = devices;
	ret->n_devices = n;
	ret->arch = n > 0 ? put_pair(lowest, arena) : LK_STR("");
	return 0;
}

int lk_driver_parse(
	lk_str text, struct lk_arena *arena, struct lk_driver *ret, struct lk_error *err)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	struct lk_driver driver = {0};
	uint64_t pair[2];
	int rc = lk_json_parse(text, "lockenv-smoke --probe", PROBE_DEPTH, &doc, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_json *root = lk_json_root(doc);
	lk_str cuda = lk_json_string(lk_json_get(root, "cuda"));
	driver.source = lk_str_dup(arena, lk_json_string(lk_json_get(root, "library")));
	driver.reason = lk_str_dup(arena, lk_json_string(lk_json_get(root, "reason")));
	if (cuda.len == 0) {
		rc = driver.reason.len > 0 ? 0 : fail_probe(err);
	} else if (driver.reason.len > 0 || driver.source.len == 0 || !read_pair(cuda, pair)) {
		rc = fail_probe(err);
	} else {
		driver.cuda = put_pair(pair, arena);
		rc = read_devices(lk_json_get(root, "devices"), arena, &driver, err);
	}
	if (rc == 0) {
		*ret = driver;
	}
	return rc;
}
