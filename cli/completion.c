/*
 * Shell completions made from the command table.
 */
#include "cli/cmds.h"

#include <string.h>

#include "base/str.h"

static void put_words(const struct lk_cmd *cmd, struct lk_buf *out)
{
	for (size_t i = 0; i < cmd->n_options + lk_n_common_options; i++) {
		const struct lk_opt *opt = i < cmd->n_options
			? &cmd->options[i]
			: &lk_common_options[i - cmd->n_options];
		lk_buf_appendf(out, "%s--%s", i ? " " : "", opt->name);
	}
}

static void put_command_words(const struct lk_program *program, struct lk_buf *out)
{
	for (size_t i = 0; i < program->n_commands; i++) {
		if (!program->commands[i]->hidden) {
			lk_buf_appendf(out, "%s ", program->commands[i]->name);
		}
	}
	lk_buf_puts(out, "help");
}

static void put_bash(const struct lk_program *program, struct lk_buf *out)
{
	lk_buf_appendf(out, "# bash completion of %s\n_%s()\n{\n", program->name, program->name);
	lk_buf_puts(out,
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n\tCOMPREPLY=()\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='");
	put_command_words(program, out);
	lk_buf_puts(out, "'\n\telif [[ $cur == -* ]]; then\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < program->n_commands; i++) {
		if (!program->commands[i]->hidden) {
			lk_buf_appendf(out, "\t\t%s) words='", program->commands[i]->name);
			put_words(program->commands[i], out);
			lk_buf_puts(out, "' ;;\n");
		}
	}
	lk_buf_puts(out,
		"\t\tesac\n\tfi\n"
		"\tif [ -n \"$words\" ]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		"\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n");
	lk_buf_appendf(out, "complete -o filenames -F _%s %s\n", program->name, program->name);
}

/* Text between single quotes where [, ] and : are special: escaped for _arguments. */
static void put_zsh_text(struct lk_buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'') {
			lk_buf_puts(out, "'\\''");
		} else {
			if (*c == '[' || *c == ']' || *c == ':') {
				lk_buf_putc(out, '\\');
			}
			lk_buf_putc(out, *c);
		}
	}
}

static void put_zsh_option(struct lk_buf *out, const struct lk_opt *opt)
{
	lk_buf_appendf(out, " \\\n\t\t\t'*--%s[", opt->name);
	put_zsh_text(out, opt->help);
	lk_buf_putc(out, ']');
	if (opt->value && opt->kind != LK_OPT_NAMES) {
		lk_buf_appendf(out, ":%s:%s", opt->value, opt->choices ? "(" : "_files");
		for (const char *c = opt->choices; c && *c; c++) {
			lk_buf_putc(out, *c == '|' ? ' ' : *c);
		}
		lk_buf_puts(out, opt->choices ? ")" : "");
	}
	lk_buf_putc(out, '\'');
}

static void put_zsh(const struct lk_program *program, struct lk_buf *out)
{
	lk_buf_appendf(out, "#compdef %s\n_%s() {\n\tlocal -a commands\n\tcommands=(\n",
		program->name, program->name);
	for (size_t i = 0; i < program->n_commands; i++) {
		if (!program->commands[i]->hidden) {
			lk_buf_appendf(out, "\t\t'%s:", program->commands[i]->name);
			put_zsh_text(out, program->commands[i]->summary);
			lk_buf_puts(out, "'\n");
		}
	}
	lk_buf_puts(out,
		"\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n"
		"\t\treturn\n\tfi\n\tcase $words[2] in\n");
	for (size_t i = 0; i < program->n_commands; i++) {
		const struct lk_cmd *cmd = program->commands[i];
		if (cmd->hidden) {
			continue;
		}
		lk_buf_appendf(out, "\t%s)\n\t\t_arguments", cmd->name);
		for (size_t k = 0; k < cmd->n_options; k++) {
			put_zsh_option(out, &cmd->options[k]);
		}
		for (size_t k = 0; k < lk_n_common_options; k++) {
			put_zsh_option(out, &lk_common_options[k]);
		}
		lk_buf_puts(out, " \\\n\t\t\t'*:file:_files'\n\t\t;;\n");
	}
	lk_buf_appendf(out, "\tesac\n}\n_%s \"$@\"\n", program->name);
}

static void put_fish_text(struct lk_buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\') {
			lk_buf_putc(out, '\\');
		}
		lk_buf_putc(out, *c);
	}
}

static void put_fish_option(const struct lk_program *program, const char *when,
	const struct lk_opt *opt, struct lk_buf *out)
{
	lk_buf_appendf(out, "complete -c %s%s%s%s -l %s", program->name, when ? " -n '" : "",
		when ? when : "", when ? "'" : "", opt->name);
	if (opt->letter) {
		lk_buf_appendf(out, " -s %c", opt->letter);
	}
	if (opt->choices) {
		lk_buf_puts(out, " -x -a '");
		for (const char *c = opt->choices; *c; c++) {
			lk_buf_putc(out, *c == '|' ? ' ' : *c);
		}
		lk_buf_putc(out, '\'');
	} else if (opt->value && opt->kind != LK_OPT_NAMES) {
		lk_buf_puts(out, " -r");
	}
	lk_buf_puts(out, " -d '");
	put_fish_text(out, opt->help);
	lk_buf_puts(out, "'\n");
}

static void put_fish(const struct lk_program *program, struct lk_buf *out)
{
	lk_buf_appendf(out, "# fish completion of %s\n", program->name);
	for (size_t i = 0; i < program->n_commands; i++) {
		const struct lk_cmd *cmd = program->commands[i];
		if (cmd->hidden) {
			continue;
		}
		lk_buf_appendf(out, "complete -c %s -n __fish_use_subcommand -a %s -d '",
			program->name, cmd->name);
		put_fish_text(out, cmd->summary);
		lk_buf_puts(out, "'\n");
		struct lk_buf when = LK_BUF_INIT(256);
		lk_buf_appendf(&when, "__fish_seen_subcommand_from %s", cmd->name);
		for (size_t k = 0; k < cmd->n_options; k++) {
			put_fish_option(program, lk_buf_cstr(&when), &cmd->options[k], out);
		}
		lk_buf_done(&when);
	}
	for (size_t k = 0; k < lk_n_common_options; k++) {
		put_fish_option(program, NULL, &lk_common_options[k], out);
	}
}

bool lk_help_completion(const struct lk_program *program, const char *shell, struct lk_buf *out)
{
	if (strcmp(shell, "bash") == 0) {
		put_bash(program, out);
	} else if (strcmp(shell, "zsh") == 0) {
		put_zsh(program, out);
	} else if (strcmp(shell, "fish") == 0) {
		put_fish(program, out);
	} else {
		return false;
	}
	return true;
}
