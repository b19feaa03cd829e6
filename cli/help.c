/*
 * Help texts made from the command table.
 */
#include "cli/cmds.h"

#include <string.h>

#include "base/str.h"

#define HELP_COLUMN 30
#define TEXT_WIDTH 80u

static void put_option(const struct lk_opt *opt, struct lk_buf *out)
{
	size_t start = out->len;
	if (opt->letter) {
		lk_buf_appendf(out, "  -%c, --%s", opt->letter, opt->name);
	} else {
		lk_buf_appendf(out, "      --%s", opt->name);
	}
	if (opt->value) {
		lk_buf_appendf(out, opt->kind == LK_OPT_NAMES ? "[=%s]" : " %s", opt->value);
	}
	size_t width = out->len - start;
	if (width + 2 > HELP_COLUMN) {
		lk_buf_putc(out, '\n');
		width = 0;
	}
	lk_buf_appendf(out, "%*s%s\n", (int)(HELP_COLUMN - width), "", opt->help);
}

static void put_usage(
	const struct lk_program *program, const struct lk_cmd *cmd, struct lk_buf *out)
{
	lk_buf_puts(out, program->name);
	if (program->only != cmd) {
		lk_buf_appendf(out, " %s", cmd->name);
	}
	if (cmd->n_options > 0) {
		lk_buf_puts(out, " [OPTION]...");
	}
	if (cmd->arguments[0]) {
		lk_buf_appendf(out, " %s", cmd->arguments);
	}
}

/* Words in lines of at most TEXT_WIDTH columns; a newline stays one. */
static void put_wrapped(lk_str text, struct lk_buf *out)
{
	lk_str line;
	while (text.len > 0 && lk_str_split(&text, '\n', &line)) {
		lk_str word;
		size_t width = 0;
		while (line.len > 0 && lk_str_split(&line, ' ', &word)) {
			bool fits = width + 1 + word.len <= TEXT_WIDTH;
			lk_buf_puts(out, width == 0 ? "" : fits ? " " : "\n");
			width = (width > 0 && fits ? width + 1 : 0) + word.len;
			lk_buf_put(out, word);
		}
		lk_buf_putc(out, '\n');
	}
}

void lk_help_command(const struct lk_program *program, const struct lk_cmd *cmd, struct lk_buf *out)
{
	lk_buf_puts(out, "Usage: ");
	put_usage(program, cmd, out);
	lk_buf_appendf(out, "\n\n%s\n", cmd->summary);
	if (program->only == cmd) { /* travels without its manual */
		lk_buf_putc(out, '\n');
		put_wrapped(lk_str_of(cmd->description), out);
	}
	if (cmd->n_options > 0) {
		lk_buf_puts(out, "\nOptions:\n");
		for (size_t i = 0; i < cmd->n_options; i++) {
			put_option(&cmd->options[i], out);
		}
	}
	if (program->only == cmd && program->n_commands > 1) {
		lk_buf_puts(out, "\nOther commands:\n");
		for (size_t i = 0; i < program->n_commands; i++) {
			const struct lk_cmd *other = program->commands[i];
			if (other != cmd) {
				lk_buf_appendf(out, "  %-10s %s\n", other->name, other->summary);
			}
		}
	}
	lk_buf_puts(out, "\nCommon options:\n");
	for (size_t i = 0; i < lk_n_common_options; i++) {
		put_option(&lk_common_options[i], out);
	}
	lk_buf_puts(out, "\nExamples:\n");
	for (size_t i = 0; i < LK_COUNTOF(cmd->examples); i++) {
		lk_buf_appendf(out, "  %s\n", cmd->examples[i]);
	}
}

void lk_help_program(const struct lk_program *program, struct lk_buf *out)
{
	lk_buf_appendf(out, "Usage: %s COMMAND [OPTION]... [ARGUMENT]...\n\n%s\n\nCommands:\n",
		program->name, program->summary);
	for (size_t i = 0; i < program->n_commands; i++) {
		const struct lk_cmd *cmd = program->commands[i];
		if (!cmd->hidden) {
			lk_buf_appendf(out, "  %-10s %s\n", cmd->name, cmd->summary);
		}
	}
	lk_buf_appendf(out,
		"\n'%s help COMMAND' or '%s COMMAND --help' tells the options of a command.\n",
		program->name, program->name);
}

/* Roff text: backslashes, dashes and leading dots and quotes must not be read as requests. */
static void put_roff(struct lk_buf *out, const char *text)
{
	bool line_start = true;
	for (const char *c = text; *c; c++) {
		if (line_start && (*c == '.' || *c == '\'')) {
			lk_buf_puts(out, "\\&");
		}
		if (*c == '\\') {
			lk_buf_puts(out, "\\e");
		} else if (*c == '-') {
			lk_buf_puts(out, "\\-");
		} else {
			lk_buf_putc(out, *c);
		}
		line_start = *c == '\n';
	}
}

static void put_roff_option(struct lk_buf *out, const struct lk_opt *opt)
{
	lk_buf_puts(out, ".TP\n");
	if (opt->letter) {
		lk_buf_appendf(out, "\\fB\\-%c\\fR, ", opt->letter);
	}
	lk_buf_puts(out, "\\fB\\-\\-");
	put_roff(out, opt->name);
	lk_buf_puts(out, "\\fR");
	if (opt->value) {
		bool optional = opt->kind == LK_OPT_NAMES;
		lk_buf_puts(out, optional ? "[=\\fI" : " \\fI");
		put_roff(out, opt->value);
		lk_buf_puts(out, optional ? "\\fR]" : "\\fR");
	}
	lk_buf_putc(out, '\n');
	put_roff(out, opt->help);
	if (opt->choices) {
		lk_buf_puts(out, " (");
		put_roff(out, opt->choices);
		lk_buf_putc(out, ')');
	}
	lk_buf_putc(out, '\n');
}

static void put_roff_command(
	const struct lk_program *program, const struct lk_cmd *cmd, struct lk_buf *out)
{
	lk_buf_puts(out, ".SS ");
	struct lk_buf usage = LK_BUF_INIT(4096);
	put_usage(program, cmd, &usage);
	put_roff(out, lk_buf_cstr(&usage));
	lk_buf_done(&usage);
	lk_buf_putc(out, '\n');
	put_roff(out, cmd->description);
	lk_buf_putc(out, '\n');
	for (size_t i = 0; i < cmd->n_options; i++) {
		put_roff_option(out, &cmd->options[i]);
	}
	lk_buf_puts(out, ".PP\nExamples:\n.PP\n.nf\n");
	for (size_t i = 0; i < LK_COUNTOF(cmd->examples); i++) {
		put_roff(out, cmd->examples[i]);
		lk_buf_putc(out, '\n');
	}
	lk_buf_puts(out, ".fi\n");
}

static const char man_tail[] =
	".SH EXIT STATUS\n"
	".TP\n0\ndone; for diff, check and verify: no difference\n"
	".TP\n1\na difference or finding, or a smoke level failed\n"
	".TP\n2\nusage or unreadable input\n"
	".TP\n3\nthe specs cannot be satisfied\n"
	".TP\n4\nnetwork or channel trouble\n"
	".TP\n5\nintegrity: hash or size mismatch, corrupt or unsafe archive\n"
	".TP\n6\noffline and something needed is not in the cache\n"
	".TP\n7\nthis host does not meet what the lock requires\n"
	".TP\n8\nfile system: no space, no permission, read\\-only\n"
	".TP\n70\na fault of lockenv itself: please report it\n"
	".TP\n77\nsmoke: no level at all could run here\n"
	".TP\n125\nrun: lockenv itself failed\n"
	".TP\n126\nrun: the command cannot be executed\n"
	".TP\n127\nrun: there is no such command; else the command's own code\n"
	".TP\n130\ninterrupted\n"
	".SH ENVIRONMENT\n"
	".TP\nLOCKENV_CACHE\nthe cache folder, when \\-\\-cache is not given\n"
	".TP\nLOCKENV_CONFIG\nthe configuration file, when \\-\\-config is not given\n"
	".TP\nLOCKENV_MIN_RATE\nbytes a second (1000): a download that brings less for "
	"remote_read_timeout_secs (60) is broken off\n"
	".TP\nLOCKENV_OFFLINE\n1: solve never uses the network\n"
	".TP\nCONDA_OVERRIDE_CUDA, CONDA_OVERRIDE_GLIBC, ...\n"
	"virtual packages as conda reads them; empty removes one\n"
	".TP\nCONDARC\na further configuration file\n"
	".TP\nCONDA_KEY\na key of .condarc, such as CONDA_SSL_VERIFY; it comes before the files\n"
	".TP\nLOCKENV_TOKEN_HOST, LOCKENV_CONDA_TOKEN_HOST, LOCKENV_USERNAME_HOST, "
	"LOCKENV_PASSWORD_HOST\n"
	"credentials for HOST, written in capitals with _ for each dot and __ for each dash\n"
	".TP\nRATTLER_AUTH_FILE, NETRC\na credentials file, as rattler and as curl have it\n"
	".TP\nhttps_proxy, http_proxy, all_proxy, no_proxy\nproxies, where .condarc has no "
	"proxy_servers\n"
	".TP\nREQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR\nwhom to trust, "
	"where ssl_verify in .condarc names nobody\n"
	".TP\nNO_COLOR, CLICOLOR_FORCE\nno colour; colour always\n"
	".SH FILES\n"
	".TP\nenv.lock\nthe lock; its format stands in docs/lockfile.md\n"
	".TP\n.condarc\nconda's settings; those that are read stand in docs/network.md and "
	"conda/config.h\n"
	".TP\n~/.rattler/credentials.json, ~/.mamba/auth/authentication.json, ~/.netrc\n"
	"credentials; docs/network.md tells which win\n"
	".TP\nenvironment.yml\nwhat is asked for (CEP 24)\n";

void lk_help_man(const struct lk_program *program, struct lk_buf *out)
{
	lk_buf_appendf(out, ".TH %s 1 \"\" \"lockenv " LOCKENV_VERSION "\"\n.SH NAME\n%s \\- ",
		program->name, program->name);
	put_roff(out, program->summary);
	lk_buf_appendf(out, "\n.SH SYNOPSIS\n\\fB%s\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... ",
		program->name);
	lk_buf_puts(out, "[\\fIARGUMENT\\fR]...\n.SH COMMANDS\n");
	for (size_t i = 0; i < program->n_commands; i++) {
		if (!program->commands[i]->hidden) {
			put_roff_command(program, program->commands[i], out);
		}
	}
	lk_buf_puts(out, ".SH COMMON OPTIONS\n");
	for (size_t i = 0; i < lk_n_common_options; i++) {
		put_roff_option(out, &lk_common_options[i]);
	}
	lk_buf_puts(out, man_tail);
}
