/*
 * completion_cmd.c - drydock completion: a few lines for the shell, which ask
 * this program at each tab, so that they never grow old.
 */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "complete.h"

/* a tab is not worth more than that; SIGALRM ends us, and nothing is offered */
enum { ANSWER_WITHIN_S = 1 };

static const char bash_text[] =
	"# drydock completion bash > /etc/bash_completion.d/drydock\n"
	"_drydock() {\n"
	"	local IFS=$'\\n' cur=${COMP_WORDS[COMP_CWORD]}\n"
	"	COMPREPLY=($(drydock completion words -- \\\n"
	"		\"${COMP_WORDS[@]:1:COMP_CWORD-1}\" \"=$cur\" "
	"2>/dev/null))\n"
	"}\n"
	"complete -o default -F _drydock drydock\n";

/* from $fpath the file is the function's first call; sourced it is not */
static const char zsh_text[] =
	"#compdef drydock\n"
	"# drydock completion zsh > a folder of $fpath/_drydock\n"
	"_drydock() {\n"
	"	local -a next\n"
	"	next=(${(f)\"$(drydock completion words -- \\\n"
	"		\"${(@)words[2,CURRENT-1]}\" \"=$words[CURRENT]\" "
	"2>/dev/null)\"})\n"
	"	(( $#next )) && compadd -a next || _files\n"
	"}\n"
	"if [[ $funcstack[1] == _drydock ]]; then\n"
	"	_drydock \"$@\"\n"
	"else\n"
	"	compdef _drydock drydock\n"
	"fi\n";

/* names that begin so; no database is no offer, and no word about it */
static void
names_add(struct cli *cli, struct buf *out, const char *sql, const char *begin)
{
	struct complaint c = { 0 };
	struct rows *r = NULL;

	if ((db_alive(&cli->db) || db_open(&cli->db, NULL, &c) == 0) &&
	    db_query(&cli->db, &r, sql, 0, NULL, &c) == 0)
		for (size_t i = 0; i < rows_count(r); i++)
			if (strncmp(rows_str(r, i, "name"), begin,
				    strlen(begin)) == 0)
				(void)buf_addf(out, "%s\n",
					       rows_str(r, i, "name"));
	rows_free(&r);
	complaint_free(&c);
}

static void
words_add(struct cli *cli, struct buf *out)
{
	static const char *const queries[] = {
#define X(name, word, sql) sql,
		COMPLETE_NAMES(X)
#undef X
	};
	const char *begin = cli->words[cli->nwords - 1];
	unsigned set;

	begin += begin[0] == '=' ? 1 : 0;
	(void)alarm(ANSWER_WITHIN_S);
	set = complete_words(out, &command_root, cli->words + 1,
			     cli->nwords - 2, begin);
	for (size_t i = 0; i < COMPLETE_COUNT; i++)
		if ((set & 1U << i) != 0)
			names_add(cli, out, queries[i], begin);
}

int
run_completion(struct cli *cli)
{
	const char *what = cli_word(cli, 0);
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	if (strcmp(what, "bash") == 0) {
		(void)buf_adds(&out, bash_text);
	} else if (strcmp(what, "zsh") == 0) {
		(void)buf_adds(&out, zsh_text);
	} else if (strcmp(what, "words") == 0 && cli->nwords > 1) {
		words_add(cli, &out);
	} else {
		buf_free(&out);
		return cli_error(cli, EXIT_USAGE, NULL,
				 "drydock completion bash|zsh",
				 "there is no completion for \"%s\"", what);
	}
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}
