/*
 * Bundles as tar: headers, padding and offsets.
 */
#include "store/bundle_layout.h"

#include <inttypes.h>
#include <stdio.h>

/* POSIX.1-2017, pax: "ustar Interchange Format". */
struct ustar {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char chksum[8];
	char typeflag;
	char linkname[100];
	char magic[6], version[2];
	char uname[32], gname[32];
	char devmajor[8], devminor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct ustar) == LK_BUNDLE_BLOCK, "a header is one block");

#define USTAR_MAX_SIZE UINT64_C(077777777777)
#define PAX_NAME "pax-header"

/* VALUE in octal digits up to the NUL at the field's end. */
static void put_octal(char *field, size_t len, uint64_t value)
{
	for (size_t i = len - 1; i-- > 0; value >>= 3) {
		field[i] = (char)('0' + (value & 7));
	}
}

static void put_ustar(
	lk_str name, uint64_t size, unsigned mode, char type, unsigned char *ret_block)
{
	struct ustar header = {.typeflag = type, .magic = "ustar", .version = {'0', '0'}};
	if (name.len > 0) {
		memcpy(header.name, name.ptr,
			name.len < sizeof(header.name) ? name.len : sizeof(header.name));
	}
	put_octal(header.mode, sizeof(header.mode), mode);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), size);
	put_octal(header.mtime, sizeof(header.mtime), 0);
	if (type == '0') {
		put_octal(header.devmajor, sizeof(header.devmajor), 0);
		put_octal(header.devminor, sizeof(header.devminor), 0);
	}
	/* The sum counts its own field as blanks; it has six digits, a NUL and a blank. */
	memset(header.chksum, ' ', sizeof(header.chksum));
	unsigned sum = 0;
	memcpy(ret_block, &header, sizeof(header));
	for (size_t i = 0; i < sizeof(header); i++) {
		sum += ret_block[i];
	}
	put_octal(header.chksum, sizeof(header.chksum) - 1, sum);
	header.chksum[sizeof(header.chksum) - 2] = '\0';
	memcpy(ret_block, &header, sizeof(header));
}

static size_t digits_of(size_t value)
{
	size_t digits = 1;
	while (value >= 10) {
		value /= 10;
		digits++;
	}
	return digits;
}

/* "LEN KEY=VALUE\n", where LEN counts itself too. */
static void put_record(const char *key, lk_str value, struct lk_buf *out)
{
	size_t rest = strlen(" =\n") + strlen(key) + value.len;
	size_t len = rest + digits_of(rest);
	len = rest + digits_of(len);
	lk_buf_appendf(out, "%zu %s=", len, key);
	lk_buf_put(out, value);
	lk_buf_putc(out, '\n');
}

static bool is_ascii(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

void lk_bundle_header_make(
	lk_str path, uint64_t size, bool executable, struct lk_bundle_header *ret)
{
	*ret = (struct lk_bundle_header){.len = 0};
	struct lk_buf LK_CLEANUP(lk_buf_done) records = LK_BUF_INIT(LK_BUNDLE_BLOCK);
	if (path.len > sizeof(((struct ustar *)NULL)->name) || !is_ascii(path)) {
		put_record("path", path, &records);
	}
	uint64_t told = size;
	if (size > USTAR_MAX_SIZE) {
		char digits[24];
		int len = snprintf(digits, sizeof(digits), "%" PRIu64, size);
		put_record("size", lk_str_n(digits, (size_t)len), &records);
		told = 0;
	}
	if (records.len > 0) {
		put_ustar(LK_STR(PAX_NAME), records.len, 0644, 'x', ret->bytes);
		memcpy(ret->bytes + LK_BUNDLE_BLOCK, records.ptr, records.len);
		ret->len = 2 * LK_BUNDLE_BLOCK;
	}
	put_ustar(path, told, executable ? 0755 : 0644, '0', ret->bytes + ret->len);
	ret->len += LK_BUNDLE_BLOCK;
}

void lk_bundle_header_of_manifest(size_t manifest_size, struct lk_bundle_header *ret)
{
	lk_bundle_header_make(LK_STR("MANIFEST"), manifest_size, false, ret);
}

void lk_bundle_header_of(const struct lk_manifest_entry *entry, struct lk_bundle_header *ret)
{
	lk_bundle_header_make(entry->path, entry->size, lk_manifest_is_program(entry), ret);
}

size_t lk_bundle_padding(uint64_t size)
{
	return (size_t)(-size % LK_BUNDLE_BLOCK);
}

void lk_bundle_layout_init(
	struct lk_bundle_layout *ret, const struct lk_manifest *manifest, size_t manifest_size)
{
	struct lk_bundle_header header;
	lk_bundle_header_of_manifest(manifest_size, &header);
	uint64_t at = header.len + manifest_size + lk_bundle_padding(manifest_size);
	uint64_t *offsets = lk_calloc(manifest->n_entries + 1, sizeof(*offsets));
	for (size_t i = 0; i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		offsets[i] = at;
		if (!entry->absent) {
			lk_bundle_header_of(entry, &header);
			at += header.len + entry->size + lk_bundle_padding(entry->size);
		}
	}
	offsets[manifest->n_entries] = at;
	*ret = (struct lk_bundle_layout){offsets, at + LK_BUNDLE_END};
}

void lk_bundle_layout_done(struct lk_bundle_layout *layout)
{
	lk_free(layout->offsets);
	*layout = (struct lk_bundle_layout){0};
}
