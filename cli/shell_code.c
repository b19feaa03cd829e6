/*
 * Code for the shells' eval.
 */
#include "cli/shell_code.h"

#include "base/fs.h"

bool lk_shell_of(lk_str name, enum lk_shell *ret)
{
	static const struct {
		const char *name;
		enum lk_shell shell;
	} known[] = {
		{"bash", LK_SHELL_POSIX},
		{"zsh", LK_SHELL_POSIX},
		{"posix", LK_SHELL_POSIX},
		{"sh", LK_SHELL_POSIX},
		{"dash", LK_SHELL_POSIX},
		{"ash", LK_SHELL_POSIX},
		{"ksh", LK_SHELL_POSIX},
		{"mksh", LK_SHELL_POSIX},
		{"ksh93", LK_SHELL_POSIX},
		{"rbash", LK_SHELL_POSIX},
		{"fish", LK_SHELL_FISH},
		{"csh", LK_SHELL_CSH},
		{"tcsh", LK_SHELL_CSH},
		{"lmod", LK_SHELL_LMOD},
	};
	for (size_t i = 0; i < LK_COUNTOF(known); i++) {
		if (lk_str_is(name, known[i].name)) {
			*ret = known[i].shell;
			return true;
		}
	}
	return false;
}

const char *lk_shell_suffix(enum lk_shell shell)
{
	return shell == LK_SHELL_FISH ? ".fish" : shell == LK_SHELL_CSH ? ".csh" : ".sh";
}

static void put_lua(lk_str value, struct lk_buf *out)
{
	lk_buf_putc(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if (c == '"' || c == '\\') {
			lk_buf_putc(out, '\\');
		}
		if (c < 0x20 || c == 0x7f) {
			lk_buf_appendf(out, "\\%03u", c);
		} else {
			lk_buf_putc(out, (char)c);
		}
	}
	lk_buf_putc(out, '"');
}

/* What a byte between single quotes has to become; NULL: it stands for itself. */
static const char *escape_of(enum lk_shell shell, char c)
{
	switch (shell) {
	case LK_SHELL_FISH:
		return c == '\'' ? "\\'" : c == '\\' ? "\\\\" : NULL;
	case LK_SHELL_CSH:
		return c == '\'' ? "'\\''" : c == '!' ? "\\!" : c == '\n' ? "\\\n" : NULL;
	default:
		return c == '\'' ? "'\\''" : NULL;
	}
}

void lk_shell_put_quoted(enum lk_shell shell, lk_str value, struct lk_buf *out)
{
	if (shell == LK_SHELL_LMOD) {
		put_lua(value, out);
		return;
	}
	lk_buf_putc(out, '\'');
	for (size_t i = 0; i < value.len; i++) {
		const char *escape = escape_of(shell, value.ptr[i]);
		if (escape) {
			lk_buf_puts(out, escape);
		} else {
			lk_buf_putc(out, value.ptr[i]);
		}
	}
	lk_buf_putc(out, '\'');
}

static void put_posix(const struct lk_activate_step *step, struct lk_buf *out)
{
	switch (step->kind) {
	case LK_ACTIVATE_SET:
		lk_buf_appendf(out, "export " LK_STR_FMT "=", LK_STR_ARG(step->name));
		break;
	case LK_ACTIVATE_UNSET:
		lk_buf_appendf(out, "unset " LK_STR_FMT "\n", LK_STR_ARG(step->name));
		return;
	case LK_ACTIVATE_SOURCE:
		lk_buf_puts(out, ". ");
		break;
	case LK_ACTIVATE_PROMPT:
		lk_buf_puts(out, "case $- in *i*) PS1=");
		lk_shell_put_quoted(LK_SHELL_POSIX, step->value, out);
		lk_buf_puts(out, "${PS1#\"${CONDA_PROMPT_MODIFIER-}\"} ;; esac\n");
		return;
	}
	lk_shell_put_quoted(LK_SHELL_POSIX, step->value, out);
	lk_buf_putc(out, '\n');
}

/* Before fish's own prompt, once, what CONDA_PROMPT_MODIFIER says; not where conda's or mamba's
 * functions do so already. */
static const char fish_prompt[] =
	"if status is-interactive; and not functions -q __lockenv_prompt; "
	"and not functions -q __conda_add_prompt; and not functions -q __mamba_add_prompt; "
	"and functions -q fish_prompt; "
	"functions -c fish_prompt __lockenv_prompt; function fish_prompt; "
	"echo -n -s \"$CONDA_PROMPT_MODIFIER\"; __lockenv_prompt; end; end;\n";

static void put_fish(const struct lk_activate_step *step, struct lk_buf *out)
{
	lk_str rest = step->value;
	lk_str part;
	switch (step->kind) {
	case LK_ACTIVATE_SET:
		lk_buf_appendf(out, "set -gx " LK_STR_FMT, LK_STR_ARG(step->name));
		if (!lk_str_is(step->name, "PATH")) {
			lk_buf_putc(out, ' ');
			lk_shell_put_quoted(LK_SHELL_FISH, step->value, out);
			break;
		}
		while (lk_str_split(&rest, ':', &part)) { /* a list there */
			lk_buf_putc(out, ' ');
			lk_shell_put_quoted(LK_SHELL_FISH, part, out);
		}
		break;
	case LK_ACTIVATE_UNSET:
		lk_buf_appendf(out, "set -e " LK_STR_FMT, LK_STR_ARG(step->name));
		break;
	case LK_ACTIVATE_SOURCE:
		lk_buf_puts(out, "source ");
		lk_shell_put_quoted(LK_SHELL_FISH, step->value, out);
		break;
	case LK_ACTIVATE_PROMPT:
		lk_buf_puts(out, fish_prompt);
		return;
	}
	lk_buf_puts(out, ";\n");
}

/* A shell without prompt has no variable of that name, and csh expands a whole line before it looks
 * at its condition: hence eval. */
static void put_csh_prompt(lk_str value, struct lk_buf *out)
{
	lk_buf_puts(out, "set _lockenv_name = ");
	lk_shell_put_quoted(LK_SHELL_CSH, value, out);
	lk_buf_puts(out,
		";\nif ( $?prompt && ! $?_lockenv_prompt ) "
		"eval 'set _lockenv_prompt = \"$prompt:q\"';\n"
		"if ( $?_lockenv_prompt ) "
		"eval 'set prompt = \"$_lockenv_name:q$_lockenv_prompt:q\"';\n");
}

static void put_csh(const struct lk_activate_step *step, struct lk_buf *out)
{
	switch (step->kind) {
	case LK_ACTIVATE_SET:
		lk_buf_appendf(out, "setenv " LK_STR_FMT " ", LK_STR_ARG(step->name));
		break;
	case LK_ACTIVATE_UNSET:
		lk_buf_appendf(out, "unsetenv " LK_STR_FMT ";\n", LK_STR_ARG(step->name));
		return;
	case LK_ACTIVATE_SOURCE:
		lk_buf_puts(out, "source ");
		break;
	case LK_ACTIVATE_PROMPT:
		put_csh_prompt(step->value, out);
		return;
	}
	lk_shell_put_quoted(LK_SHELL_CSH, step->value, out);
	lk_buf_puts(out, ";\n");
}

void lk_shell_put_step(enum lk_shell shell, const struct lk_activate_step *step, struct lk_buf *out)
{
	switch (shell) {
	case LK_SHELL_FISH:
		put_fish(step, out);
		break;
	case LK_SHELL_CSH:
		put_csh(step, out);
		break;
	default:
		put_posix(step, out);
		break;
	}
}

/* May Lmod be given PATH? It hands it to a shell as it is. */
static bool is_plain(lk_str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (!lk_is_alnum(path.ptr[i]) && !strchr("-_./+,@%", path.ptr[i])) {
			return false;
		}
	}
	return true;
}

static void put_lua_script(lk_str path, struct lk_buf *out)
{
	if (is_plain(path)) {
		lk_buf_puts(out, "if (source_sh) then source_sh(\"bash\", ");
		put_lua(path, out);
		lk_buf_puts(out, ") else ");
	}
	lk_buf_puts(out, "LmodMessage(\"not sourced: \" .. ");
	put_lua(path, out);
	lk_buf_puts(out, is_plain(path) ? ") end\n" : ")\n");
}

static void put_lua_call(const char *function, lk_str name, lk_str value, struct lk_buf *out)
{
	lk_buf_appendf(out, "%s(\"" LK_STR_FMT "\", ", function, LK_STR_ARG(name));
	put_lua(value, out);
	lk_buf_puts(out, ")\n");
}

void lk_shell_put_modulefile(
	const char *prefix, const struct lk_activate_steps *steps, struct lk_buf *out)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(8192);
	lk_str name = lk_path_basename(lk_str_of(prefix));
	lk_buf_puts(out, "-- -*- lua -*- modulefile for Lmod\n");
	lk_buf_appendf(&text, "Name: " LK_STR_FMT, LK_STR_ARG(name));
	lk_buf_puts(out, "whatis(");
	put_lua(lk_buf_view(&text), out);
	lk_buf_clear(&text);
	lk_buf_appendf(&text, "Description: the environment at %s", prefix);
	lk_buf_puts(out, ")\nwhatis(");
	put_lua(lk_buf_view(&text), out);
	lk_buf_puts(out, ")\n");
	lk_buf_clear(&text);
	lk_buf_appendf(&text, "%s/bin", prefix);
	bool has_scripts = false;
	for (size_t i = 0; i < steps->len; i++) {
		const struct lk_activate_step *step = &steps->items[i];
		if (step->kind == LK_ACTIVATE_SET && lk_str_is(step->name, "PATH")) {
			put_lua_call("prepend_path", step->name, lk_buf_view(&text), out);
		} else if (step->kind == LK_ACTIVATE_SET) {
			put_lua_call("pushenv", step->name, step->value, out);
		} else if (step->kind == LK_ACTIVATE_SOURCE) {
			if (!has_scripts) {
				lk_buf_puts(out,
					"-- Activation scripts: source_sh came with Lmod 8.6.\n");
			}
			has_scripts = true;
			put_lua_script(step->value, out);
		}
	}
}
