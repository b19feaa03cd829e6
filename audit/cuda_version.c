/*
 * CUDA versions: of drivers, runtimes and PTX.
 */
#include "audit/gpu.h"

#define VERSION(major, minor) ((major)*1000U + (minor)*10U)

/* "12" of "12.4": digits before the next point, at most 999. */
static bool take_number(lk_str *rest, unsigned *ret)
{
	lk_str part;
	uint64_t number;
	if (!lk_str_split(rest, '.', &part) || part.len > 3 || !lk_str_to_u64(part, &number)) {
		return false;
	}
	*ret = (unsigned)number;
	return true;
}

unsigned lk_cuda_version(lk_str text)
{
	unsigned major;
	unsigned minor = 0;
	lk_str rest = text;
	if (!take_number(&rest, &major) || (rest.ptr && !take_number(&rest, &minor)) ||
		minor > 99) {
		return 0;
	}
	return VERSION(major, minor);
}

void lk_cuda_put_version(unsigned version, struct lk_buf *out)
{
	lk_buf_appendf(out, "%u.%u", version / 1000, version % 1000 / 10);
}

unsigned lk_cuda_of_isa(unsigned isa)
{
	static const struct {
		unsigned isa, cuda;
	} table[] = {
		{60, VERSION(9, 0)},
		{61, VERSION(9, 1)},
		{62, VERSION(9, 2)},
		{63, VERSION(10, 0)},
		{64, VERSION(10, 1)},
		{65, VERSION(10, 2)},
		{86, VERSION(12, 7)},
		{87, VERSION(12, 8)},
		{88, VERSION(12, 9)},
	};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		if (table[i].isa == isa) {
			return table[i].cuda;
		}
	}
	if (isa < 60) {
		return 0;
	}
	return VERSION(isa / 10 + 4, isa % 10); /* 7.4: 11.4, 8.5: 12.5, 9.0: 13.0 */
}

unsigned lk_cuda_driver_floor(unsigned runtime)
{
	return runtime >= VERSION(11, 0) ? runtime / 1000 * 1000 : runtime;
}

const char *lk_cuda_driver_branch(unsigned version)
{
	switch (version / 1000) {
	case 11:
		return "r450";
	case 12:
		return "r525";
	case 13:
		return "r580";
	default:
		return NULL;
	}
}
