/*
 * First lines of scripts that the kernel can run.
 */
#include "install/shebang.h"

#include "base/fs.h"
#include "conda/subdir.h"

size_t lk_shebang_max(lk_str subdir)
{
	return lk_str_is(lk_subdir_os(subdir), "osx") ? 512 : 127;
}

bool lk_shebang_fits(lk_str exe, lk_str args, lk_str subdir)
{
	for (size_t i = 0; i < exe.len; i++) {
		if (lk_is_space(exe.ptr[i])) {
			return false;
		}
	}
	return 2 + exe.len + args.len <= lk_shebang_max(subdir);
}

/* "python", "python3" or "python3.12": then a string literal can hide the sh line. */
static bool is_python(lk_str name)
{
	if (!lk_str_starts(name, LK_STR("python"))) {
		return false;
	}
	lk_str version = lk_str_skip(name, strlen("python"));
	size_t dots = 0;
	for (size_t i = 0; i < version.len; i++) {
		bool inner_dot = version.ptr[i] == '.' && i > 0 && i + 1 < version.len;
		dots += inner_dot;
		if (!inner_dot && !lk_is_digit(version.ptr[i])) {
			return false;
		}
	}
	return dots <= 1;
}

/* TEXT as it stands between double quotes of sh. */
static void put_quoted(struct lk_buf *out, lk_str text)
{
	lk_buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (lk_str_find_char(LK_STR("\"\\$`"), text.ptr[i]) != SIZE_MAX) {
			lk_buf_putc(out, '\\');
		}
		lk_buf_putc(out, text.ptr[i]);
	}
	lk_buf_putc(out, '"');
}

void lk_shebang_write(struct lk_buf *out, lk_str exe, lk_str args, lk_str subdir)
{
	lk_str name = lk_path_basename(exe);
	lk_str options = lk_str_trim(args);
	if (lk_shebang_fits(exe, args, subdir)) {
		lk_buf_puts(out, "#!");
		lk_buf_put(out, exe);
		lk_buf_put(out, args);
	} else if (is_python(name)) {
		lk_buf_puts(out, "#!/bin/sh\n'''exec' ");
		put_quoted(out, exe);
		if (options.len > 0) {
			lk_buf_putc(out, ' ');
			lk_buf_put(out, options);
		}
		lk_buf_puts(out, " \"$0\" \"$@\" #'''");
	} else {
		lk_buf_puts(out, "#!/usr/bin/env ");
		lk_buf_put(out, name);
		if (options.len > 0) {
			lk_buf_putc(out, ' ');
			lk_buf_put(out, options);
		}
	}
}
