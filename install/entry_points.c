/*
 * Entry point scripts.
 */
#include "install/entry_points.h"

#include "install/shebang.h"

lk_str lk_entry_point_target(const struct lk_entry_point *entry_point,
	const struct lk_python *python, struct lk_arena *arena)
{
	return lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT "%s", LK_STR_ARG(python->scripts),
		LK_STR_ARG(entry_point->command), python->windows ? "-script.py" : "");
}

void lk_entry_point_script(const struct lk_entry_point *entry_point, const struct lk_python *python,
	lk_str prefix, lk_str subdir, struct lk_buf *out)
{
	lk_str function = entry_point->function;
	lk_str first = lk_str_slice(function, 0, lk_str_find_char(function, '.'));
	struct lk_buf LK_CLEANUP(lk_buf_done) exe = LK_BUF_INIT(SIZE_MAX / 2);
	lk_buf_put(&exe, prefix);
	lk_buf_putc(&exe, '/');
	lk_buf_put(&exe, python->program);
	lk_shebang_write(out, lk_buf_view(&exe), lk_str_n(NULL, 0), subdir);
	lk_buf_appendf(out,
		"\nimport sys\n"
		"\n"
		"from " LK_STR_FMT " import " LK_STR_FMT "\n"
		"\n"
		"if __name__ == \"__main__\":\n"
		"    for ending in (\"-script.py\", \"-script.pyw\", \".exe\"):\n"
		"        if sys.argv[0].endswith(ending):\n"
		"            sys.argv[0] = sys.argv[0][: -len(ending)]\n"
		"            break\n"
		"    sys.exit(" LK_STR_FMT "())\n",
		LK_STR_ARG(entry_point->module), LK_STR_ARG(first), LK_STR_ARG(function));
}
