/*
 * Device code against devices.
 */
#include "base/gpu_code.h"

/* Jetson and Drive; the Programming Guide excepts them from binary compatibility. (11.0, Thor, has
 * a major version of its own.) */
static bool is_tegra(unsigned sm)
{
	return sm == 53 || sm == 62 || sm == 72 || sm == 87;
}

static int compare(const struct lk_gpu_code *a, const struct lk_gpu_code *b)
{
	if (a->form != b->form) {
		return a->form < b->form ? -1 : 1;
	}
	if (a->sm != b->sm) {
		return a->sm < b->sm ? -1 : 1;
	}
	return a->variant - b->variant;
}

void lk_gpu_codes_add(struct lk_gpu_codes *codes, const struct lk_gpu_code *code)
{
	if (code->form == LK_GPU_OTHER) {
		return;
	}
	size_t at = codes->len;
	while (at > 0 && compare(&codes->items[at - 1], code) > 0) {
		at--;
	}
	if (at > 0 && compare(&codes->items[at - 1], code) == 0) {
		struct lk_gpu_code *there = &codes->items[at - 1];
		there->isa = code->isa > there->isa ? code->isa : there->isa;
		return;
	}
	lk_vec_push(codes, *code);
	memmove(codes->items + at + 1, codes->items + at,
		(codes->len - 1 - at) * sizeof(*codes->items));
	codes->items[at] = *code;
}

void lk_gpu_codes_add_all(struct lk_gpu_codes *codes, const struct lk_gpu_codes *more)
{
	for (size_t i = 0; i < more->len; i++) {
		lk_gpu_codes_add(codes, &more->items[i]);
	}
}

bool lk_gpu_codes_eq(const struct lk_gpu_codes *a, const struct lk_gpu_codes *b)
{
	if (a->len != b->len) {
		return false;
	}
	for (size_t i = 0; i < a->len; i++) {
		if (compare(&a->items[i], &b->items[i]) != 0) {
			return false;
		}
	}
	return true;
}

void lk_gpu_codes_done(struct lk_gpu_codes *codes)
{
	lk_vec_done(codes);
}

static const struct {
	enum lk_gpu_form form;
	lk_str prefix;
} forms[] = {
	{LK_GPU_SASS, {"sm_", 3}},
	{LK_GPU_PTX, {"compute_", 8}},
	{LK_GPU_LTO, {"lto_", 4}},
};

/* "90" or "90a" */
static bool parse_number(lk_str text, unsigned *ret_sm, char *ret_variant)
{
	uint64_t number;
	char last = text.len > 0 ? text.ptr[text.len - 1] : 0;
	bool has_variant = last == 'a' || last == 'f';
	lk_str digits = lk_str_slice(text, 0, text.len - (has_variant ? 1 : 0));
	if (digits.len < 2 || digits.len > 3 || digits.ptr[0] == '0' ||
		!lk_str_to_u64(digits, &number)) {
		return false;
	}
	*ret_sm = (unsigned)number;
	*ret_variant = has_variant ? last : 0;
	return true;
}

bool lk_gpu_code_parse(lk_str text, struct lk_gpu_code *ret)
{
	for (size_t i = 0; i < LK_COUNTOF(forms); i++) {
		struct lk_gpu_code code = {.form = forms[i].form};
		if (lk_str_starts(text, forms[i].prefix) &&
			parse_number(
				lk_str_skip(text, forms[i].prefix.len), &code.sm, &code.variant)) {
			*ret = code;
			return true;
		}
	}
	return false;
}

void lk_gpu_put_code(const struct lk_gpu_code *code, struct lk_buf *out)
{
	for (size_t i = 0; i < LK_COUNTOF(forms); i++) {
		if (forms[i].form == code->form) {
			lk_buf_put(out, forms[i].prefix);
			lk_buf_appendf(out, "%u", code->sm);
			lk_buf_append(out, &code->variant, code->variant != 0);
		}
	}
}

void lk_gpu_put_codes(const struct lk_gpu_codes *codes, struct lk_buf *out)
{
	for (size_t i = 0; i < codes->len; i++) {
		lk_buf_puts(out, i > 0 ? " " : "");
		lk_gpu_put_code(&codes->items[i], out);
	}
}

bool lk_gpu_parse_device(lk_str text, unsigned *ret_sm)
{
	struct lk_gpu_code code;
	char variant;
	if (lk_gpu_code_parse(text, &code)) {
		*ret_sm = code.sm;
		return code.form != LK_GPU_LTO;
	}
	size_t dot = lk_str_find_char(text, '.');
	if (dot == SIZE_MAX) {
		return parse_number(text, ret_sm, &variant);
	}
	/* "12.1": one digit after the point, and what parse_number has of the two together */
	char joined[8];
	if (dot == 0 || text.len < dot + 2 || text.len > sizeof(joined) ||
		!lk_is_digit(text.ptr[dot + 1])) {
		return false;
	}
	memcpy(joined, text.ptr, dot);
	memcpy(joined + dot, text.ptr + dot + 1, text.len - dot - 1);
	size_t digits = text.len - 1;
	if (lk_is_digit(text.ptr[text.len - 1]) ? text.len != dot + 2 : text.len != dot + 3) {
		return false;
	}
	return parse_number(lk_str_n(joined, digits), ret_sm, &variant);
}

static bool binary_serves(const struct lk_gpu_code *code, unsigned sm)
{
	if (code->sm == sm) {
		return true;
	}
	return code->variant != 'a' && code->sm / 10 == sm / 10 && code->sm < sm &&
		!is_tegra(code->sm) && !is_tegra(sm);
}

static bool ptx_serves(const struct lk_gpu_code *code, unsigned sm)
{
	switch (code->variant) {
	case 'a':
		return code->sm == sm;
	case 'f':
		return code->sm <= sm && code->sm / 10 == sm / 10;
	default:
		return code->sm <= sm;
	}
}

enum lk_gpu_way lk_gpu_code_serves(const struct lk_gpu_code *code, unsigned sm)
{
	switch (code->form) {
	case LK_GPU_SASS:
		return binary_serves(code, sm) ? LK_GPU_BY_BINARY : LK_GPU_NOT;
	case LK_GPU_PTX:
		return ptx_serves(code, sm) ? LK_GPU_BY_JIT : LK_GPU_NOT;
	default:
		return LK_GPU_NOT;
	}
}

enum lk_gpu_way lk_gpu_codes_serve(const struct lk_gpu_codes *codes, unsigned sm, unsigned *ret_isa)
{
	enum lk_gpu_way best = LK_GPU_NOT;
	unsigned isa = 0;
	for (size_t i = 0; i < codes->len; i++) {
		const struct lk_gpu_code *code = &codes->items[i];
		enum lk_gpu_way way = lk_gpu_code_serves(code, sm);
		best = way > best ? way : best;
		if (way == LK_GPU_BY_JIT && (isa == 0 || code->isa < isa)) {
			isa = code->isa;
		}
	}
	if (ret_isa) {
		*ret_isa = best == LK_GPU_BY_JIT ? isa : 0;
	}
	return best;
}

#define CUDA(major, minor) ((int)(major)*1000 + (int)(minor)*10)

int lk_gpu_cuda_of_isa(unsigned isa)
{
	static const struct {
		unsigned isa;
		int cuda;
	} odd[] = {
		{60, CUDA(9, 0)},
		{61, CUDA(9, 1)},
		{62, CUDA(9, 2)},
		{63, CUDA(10, 0)},
		{64, CUDA(10, 1)},
		{65, CUDA(10, 2)},
		{86, CUDA(12, 7)},
		{87, CUDA(12, 8)},
		{88, CUDA(12, 9)},
	};
	for (size_t i = 0; i < LK_COUNTOF(odd); i++) {
		if (odd[i].isa == isa) {
			return odd[i].cuda;
		}
	}
	/* 7.4: 11.4, 8.5: 12.5, 9.0: 13.0 */
	return isa < 60 ? 0 : CUDA(isa / 10 + 4, isa % 10);
}
