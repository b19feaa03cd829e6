/*
 * ELF headers, as far as they tell for which machine a program is and whether it needs a loader.
 */
#include "store/installer.h"

#include <elf.h>

#define MAX_SEGMENTS 64u

struct machine {
	const char *subdir;
	unsigned char class, data;
	unsigned short machine;
};

static const struct machine machines[] = {
	{"linux-32", ELFCLASS32, ELFDATA2LSB, EM_386},
	{"linux-64", ELFCLASS64, ELFDATA2LSB, EM_X86_64},
	{"linux-aarch64", ELFCLASS64, ELFDATA2LSB, EM_AARCH64},
	{"linux-armv7l", ELFCLASS32, ELFDATA2LSB, EM_ARM},
	{"linux-ppc64le", ELFCLASS64, ELFDATA2LSB, EM_PPC64},
	{"linux-riscv64", ELFCLASS64, ELFDATA2LSB, EM_RISCV},
	{"linux-s390x", ELFCLASS64, ELFDATA2MSB, EM_S390},
};

static const struct machine *find(lk_str subdir)
{
	for (size_t i = 0; i < LK_COUNTOF(machines); i++) {
		if (lk_str_is(subdir, machines[i].subdir)) {
			return &machines[i];
		}
	}
	return NULL;
}

bool lk_installer_is_known(lk_str subdir)
{
	return find(subdir) != NULL;
}

/* LEN bytes of BYTES as a number in the byte order of M. */
static uint64_t number(const struct machine *m, const unsigned char *bytes, size_t len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++) {
		size_t at = m->data == ELFDATA2LSB ? len - 1 - i : i;
		value = value << 8 | bytes[at];
	}
	return value;
}

#define FIELD(m, bytes, type, member)                                                              \
	number((m), (bytes) + offsetof(type, member), sizeof(((type *)NULL)->member))

static int read_at(const struct lk_blob *blob, uint64_t at, unsigned char *out, size_t len,
	const char *name, struct lk_error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = lk_blob_read_at(blob, at + done, out + done, len - done, name, err);
		if (got == 0) {
			return lk_fail(err, LK_E_USAGE, "'%s' is no program", name);
		}
		if (got < 0) {
			return (int)got;
		}
		done += (size_t)got;
	}
	return 0;
}

struct headers {
	uint64_t at, entry_size, n;
};

static int read_header(const struct lk_blob *blob, const struct machine *m, const char *name,
	struct headers *ret, struct lk_error *err)
{
	unsigned char bytes[sizeof(Elf64_Ehdr)] = {0};
	bool is_64 = m->class == ELFCLASS64;
	int rc =
		read_at(blob, 0, bytes, is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), name, err);
	if (rc < 0) {
		return rc;
	}
	if (memcmp(bytes, ELFMAG, SELFMAG) != 0) {
		return lk_fail(err, LK_E_USAGE, "'%s' is no program", name);
	}
	uint64_t type = FIELD(m, bytes, Elf64_Ehdr, e_type);
	if (bytes[EI_CLASS] != m->class || bytes[EI_DATA] != m->data ||
		FIELD(m, bytes, Elf64_Ehdr, e_machine) != m->machine ||
		(type != ET_EXEC && type != ET_DYN)) {
		return lk_fail(err, LK_E_USAGE, "'%s' is no program for %s", name, m->subdir);
	}
	*ret = is_64 ? (struct headers){FIELD(m, bytes, Elf64_Ehdr, e_phoff),
			       FIELD(m, bytes, Elf64_Ehdr, e_phentsize),
			       FIELD(m, bytes, Elf64_Ehdr, e_phnum)}
		     : (struct headers){FIELD(m, bytes, Elf32_Ehdr, e_phoff),
			       FIELD(m, bytes, Elf32_Ehdr, e_phentsize),
			       FIELD(m, bytes, Elf32_Ehdr, e_phnum)};
	bool sound = ret->n > 0 && ret->n <= MAX_SEGMENTS && ret->at < blob->size &&
		ret->entry_size == (is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	return sound ? 0 : lk_fail(err, LK_E_USAGE, "'%s' is no sound program", name);
}

int lk_installer_check(const struct lk_blob *blob, const char *name, lk_str subdir, bool alone,
	struct lk_error *err)
{
	const struct machine *m = find(subdir);
	if (!m) {
		return lk_fail(err, LK_E_USAGE, "there is no lockenv-install for " LK_STR_FMT,
			LK_STR_ARG(subdir));
	}
	struct headers headers = {0};
	int rc = read_header(blob, m, name, &headers, err);
	for (uint64_t i = 0; rc == 0 && alone && i < headers.n; i++) {
		unsigned char type[sizeof(uint32_t)]; /* p_type, the first in both classes */
		rc = read_at(
			blob, headers.at + i * headers.entry_size, type, sizeof(type), name, err);
		if (rc == 0 && number(m, type, sizeof(type)) == PT_INTERP) {
			rc = lk_fail(err, LK_E_USAGE,
				"'%s' is not linked statically: it would need this system's "
				"libraries",
				name);
		}
	}
	return rc;
}
