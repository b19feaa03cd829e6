/*
 * What a payload says of itself, from its first bytes.
 *
 * Cubins are ELF files of machine 190 whose e_flags hold the architecture: in the low byte, and
 * since ABI version 8 (CUDA 13, and Blackwell before it) in the next one (LLVM, BinaryFormat/ELF.h:
 * EF_CUDA_SM, EF_CUDA_SM_MASK; seen in cubins of sm_75 to sm_121). Variants are not in them. LZ4
 * payloads are one block of the LZ4 block format without a frame (lz4_Block_format.md).
 */
#include "audit/fatbin.h"

#include "audit/le_priv.h"
#include "base/stream.h"

/* Enough for an ELF header, and for PTX to come to its .target. */
#define HEAD ((size_t)4 << 10)
/* What must be read for that: a zstd block has at most 128 KiB. */
#define STORED_MAX ((size_t)256 << 10)
#define WINDOW_MAX ((uint64_t)128 << 20)
#define ELF_HEADER 52 /* as far as e_flags */
#define EM_CUDA 190
#define ABI_WITH_SM_ABOVE 8

struct bytes {
	const unsigned char *at, *end;
};

/* A length that goes on while its bytes are 255; false at the end of the input. */
static bool more_length(struct bytes *in, size_t *length)
{
	unsigned char byte;
	do {
		if (in->at == in->end) {
			return false;
		}
		byte = *in->at++;
		*length += byte;
	} while (byte == 255);
	return true;
}

/* Copies from OFFSET before LEN, as far as there is room; the copy may read what it writes. */
static size_t copy_match(unsigned char *out, size_t len, size_t cap, size_t offset, size_t match)
{
	while (match-- > 0 && len < cap) {
		out[len] = out[len - offset];
		len++;
	}
	return len;
}

/* The first bytes of an LZ4 block, at most CAP; how many there are before the input ends or is
 * wrong. */
static size_t unpack_lz4(struct bytes in, unsigned char *out, size_t cap)
{
	size_t len = 0;
	while (in.at < in.end && len < cap) {
		unsigned token = *in.at++;
		size_t literals = token >> 4;
		size_t match = (token & 15) + 4;
		if (literals == 15 && !more_length(&in, &literals)) {
			break;
		}
		size_t there = (size_t)(in.end - in.at);
		size_t take = literals < there ? literals : there;
		take = take < cap - len ? take : cap - len;
		memcpy(out + len, in.at, take);
		len += take;
		if (take < literals || there - literals < 2) {
			break;
		}
		in.at += literals;
		size_t offset = lk_le16(in.at);
		in.at += 2;
		if (match == 15 + 4 && !more_length(&in, &match)) {
			break;
		}
		if (offset == 0 || offset > len) {
			break;
		}
		len = copy_match(out, len, cap, offset, match);
	}
	return len;
}

/* Bytes of memory that a zstd frame asks for (RFC 8878, 3.1.1.1); UINT64_MAX for none. */
static uint64_t zstd_window(struct bytes in)
{
	static const unsigned char id_bytes[] = {0, 1, 2, 4};
	if (in.end - in.at < 18) {
		return UINT64_MAX;
	}
	unsigned descriptor = in.at[4];
	if (!(descriptor & 0x20)) { /* not in a single segment */
		uint64_t base = (uint64_t)1 << (10 + (in.at[5] >> 3));
		return base + base / 8 * (in.at[5] & 7);
	}
	const unsigned char *size = in.at + 5 + id_bytes[descriptor & 3];
	switch (descriptor >> 6) {
	case 0:
		return *size;
	case 1:
		return lk_le16(size) + 256U;
	case 2:
		return lk_le32(size);
	default:
		return lk_le64(size);
	}
}

static size_t unpack_zstd(struct bytes in, unsigned char *out, size_t cap)
{
	struct lk_error ignored = LK_ERROR_INIT;
	size_t len = 0;
	if (zstd_window(in) > WINDOW_MAX) {
		return 0;
	}
	struct lk_stream *LK_CLEANUP(lk_stream_free_p) stream = lk_stream_decode(
		lk_stream_from_memory(in.at, (size_t)(in.end - in.at), "payload"), LK_CODEC_ZSTD);
	while (len < cap) {
		ssize_t got = lk_stream_read(stream, out + len, cap - len, &ignored);
		if (got <= 0) {
			break;
		}
		len += (size_t)got;
	}
	return len;
}

/* 0 when it is no cubin. */
static unsigned sm_of_cubin(const unsigned char *head, size_t len)
{
	static const unsigned char elf64[] = {0x7f, 'E', 'L', 'F', 2, 1};
	if (len < ELF_HEADER || memcmp(head, elf64, sizeof(elf64)) != 0 ||
		lk_le16(head + 18) != EM_CUDA) {
		return 0;
	}
	uint32_t flags = lk_le32(head + 48);
	return head[8] >= ABI_WITH_SM_ABOVE ? flags >> 8 & 0xff : flags & 0xff;
}

unsigned lk_fatbin_sm_of_cubin(struct lk_bytes *bytes)
{
	unsigned char head[ELF_HEADER];
	return lk_bytes_read(bytes, 0, head, sizeof(head)) ? sm_of_cubin(head, sizeof(head)) : 0;
}

/* The word behind ".target" at the start of a line. */
static void look_at_ptx(const unsigned char *head, size_t len, struct lk_fatbin_inside *ret)
{
	lk_str rest = lk_str_n((const char *)head, len);
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		line = lk_str_trim(line);
		if (!lk_str_starts(line, LK_STR(".target"))) {
			continue;
		}
		lk_str word = lk_str_trim(lk_str_skip(line, LK_STR(".target").len));
		lk_str part = word;
		struct lk_gpu_code code;
		(void)lk_str_split(&word, ',', &part);
		if (lk_gpu_code_parse(lk_str_trim(part), &code) && code.form == LK_GPU_SASS) {
			ret->sm = code.sm;
			ret->variant = code.variant;
		}
		return;
	}
}

int lk_fatbin_look_inside(const struct lk_fatbin_section *section,
	const struct lk_fatbin_entry *entry, struct lk_fatbin_inside *ret, struct lk_error *err)
{
	bool sass = entry->code.form == LK_GPU_SASS;
	*ret = (struct lk_fatbin_inside){0};
	if (entry->grouped || entry->obfuscated || (!sass && entry->code.form != LK_GPU_PTX)) {
		return 0;
	}
	ret->known = true;
	size_t stored = entry->stored < STORED_MAX ? (size_t)entry->stored : STORED_MAX;
	unsigned char *LK_AUTO_FREE payload = lk_calloc(stored + 1, 1);
	unsigned char *LK_AUTO_FREE head = lk_calloc(HEAD, 1);
	if (!lk_bytes_read(section->bytes, section->at + entry->offset, payload, stored)) {
		return lk_fail_errno(err, LK_E_FS, section->bytes->failed, "cannot read it");
	}
	struct bytes in = {payload, payload + stored};
	size_t len = stored < HEAD ? stored : HEAD;
	switch (entry->packing) {
	case LK_FATBIN_LZ4:
		len = unpack_lz4(in, head, HEAD);
		break;
	case LK_FATBIN_ZSTD:
		len = unpack_zstd(in, head, HEAD);
		break;
	case LK_FATBIN_PLAIN:
		memcpy(head, payload, len);
		break;
	}
	if (sass) {
		ret->sm = sm_of_cubin(head, len);
	} else {
		look_at_ptx(head, len, ret);
	}
	return 0;
}
