/*
 * The machines that conda platforms stand for.
 */
#include <elf.h>

#include "audit/links.h"

static const struct lk_machine machines[] = {
	{true, false, EM_X86_64, LK_STR("x86_64"), LK_STR("linux-64"),
		LK_STR("/lib64/ld-linux-x86-64.so.2"), "x86-64"},
	{false, false, EM_386, LK_STR("i686"), LK_STR("linux-32"), LK_STR("/lib/ld-linux.so.2"),
		"x86 (32 bits)"},
	{true, false, EM_AARCH64, LK_STR("aarch64"), LK_STR("linux-aarch64"),
		LK_STR("/lib/ld-linux-aarch64.so.1"), "AArch64"},
	{true, false, EM_PPC64, LK_STR("power8"), LK_STR("linux-ppc64le"),
		LK_STR("/lib64/ld64.so.2"), "PowerPC64 (little-endian)"},
	{true, true, EM_PPC64, LK_STR("ppc64"), LK_STR("linux-ppc64"), LK_STR("/lib64/ld64.so.1"),
		"PowerPC64"},
	{true, true, EM_S390, LK_STR("z900"), LK_STR("linux-s390x"), LK_STR("/lib/ld64.so.1"),
		"S/390"},
	{false, false, EM_ARM, LK_STR("v7l"), LK_STR("linux-armv7l"),
		LK_STR("/lib/ld-linux-armhf.so.3"), "ARM (32 bits)"},
	{false, false, EM_ARM, LK_STR("v6l"), LK_STR("linux-armv6l"),
		LK_STR("/lib/ld-linux-armhf.so.3"), "ARM (32 bits)"},
	{true, false, EM_RISCV, LK_STR("riscv64"), LK_STR("linux-riscv64"),
		LK_STR("/lib/ld-linux-riscv64-lp64d.so.1"), "RISC-V"},
	{false, false, EM_RISCV, LK_STR("riscv32"), LK_STR("linux-riscv32"),
		LK_STR("/lib/ld-linux-riscv32-ilp32d.so.1"), "RISC-V (32 bits)"},
};

const struct lk_machine *lk_machine_of(lk_str subdir)
{
	for (size_t i = 0; i < LK_COUNTOF(machines); i++) {
		if (lk_str_eq(machines[i].subdir, subdir)) {
			return &machines[i];
		}
	}
	return NULL;
}

bool lk_machine_takes(const struct lk_machine *machine, const struct lk_elf *elf)
{
	return elf->machine == machine->machine && elf->is_64 == machine->is_64 &&
		elf->big_endian == machine->big_endian;
}
