/* expr_parse.c - words and operators, and a descent of three levels. */
#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "expr_private.h"
#include "pattern.h"
#include "reading.h"

enum token {
	TOKEN_END,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OP,
	TOKEN_WORD,   /* text as it stands */
	TOKEN_QUOTED, /* text without its quotes */
};

struct parser {
	const char *text;
	enum expr_mode mode;
	size_t at; /* behind the token */
	size_t terms;
	unsigned int depth;
	/* the token */
	enum token token;
	size_t off;
	enum expr_op op;
	struct buf word;
	/* the error */
	size_t bad;
	struct err *err;
};

static int fail(struct parser *p, size_t off, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int
fail(struct parser *p, size_t off, const char *fmt, ...)
{
	va_list ap;

	p->bad = off;
	va_start(ap, fmt);
	(void)err_vset(p->err, ERR_USAGE, fmt, ap);
	va_end(ap);
	return -1;
}

const char *
expr_op_text(enum expr_op op)
{
	static const char *const texts[] = {
#define X(name, text, sentence) [EXPR_##name] = text,
		EXPR_OPS(X)
#undef X
	};

	return texts[op];
}

static int
quoted_read(struct parser *p)
{
	size_t at = p->off + 1;

	for (; p->text[at] != '"'; at++) {
		if (p->text[at] == '\0')
			return fail(p, p->off, "a \" without its end");
		/* Other backslashes stand for themselves: a\.b */
		if (p->text[at] == '\\' &&
		    (p->text[at + 1] == '"' || p->text[at + 1] == '\\'))
			at++;
		(void)buf_addc(&p->word, p->text[at]);
	}
	p->at = at + 1;
	p->token = TOKEN_QUOTED;
	if (p->text[p->at] != '\0' &&
	    strchr(" \t\n)=!<>~", p->text[p->at]) == NULL)
		return fail(p, p->at, "a blank is missing behind the quote");
	return 0;
}

static int
word_read(struct parser *p)
{
	size_t at = p->off, n;

	while (p->text[at] != '\0') {
		if (strncmp(p->text + at, "${", 2) == 0) {
			n = strcspn(p->text + at, "}");
			if (p->text[at + n] == '\0')
				return fail(p, at, "a ${ without its }");
			(void)buf_add(&p->word, p->text + at, n + 1);
			at += n + 1;
			continue;
		}
		if (strchr(" \t\n()\"'=!<>~&|", p->text[at]) != NULL)
			break;
		(void)buf_addc(&p->word, p->text[at++]);
	}
	if (p->text[at] == '"')
		return fail(p, at, "a quote in the middle of a word");
	if (p->text[at] == '\'')
		return fail(p, at, "write \"…\", not '…'");
	p->at = at;
	p->token = TOKEN_WORD;
	return 0;
}

static int
op_read(struct parser *p)
{
	const char *s = p->text + p->off;

	for (int op = EXPR_EQ; op <= EXPR_MATCH; op++) {
		size_t n = strlen(expr_op_text((enum expr_op)op));

		if (strncmp(s, expr_op_text((enum expr_op)op), n) != 0)
			continue;
		p->token = TOKEN_OP;
		p->op = (enum expr_op)op;
		p->at = p->off + n;
		return 0;
	}
	if (*s == '=')
		return fail(p, p->off, "write == to compare");
	if (*s == '!')
		return fail(p, p->off, "there is no \"not\": use != or !~");
	if (*s == '&')
		return fail(p, p->off, "write \"and\"");
	if (*s == '|')
		return fail(p, p->off, "write \"or\"");
	return fail(p, p->off, "write \"…\", not '…'");
}

static int
token_next(struct parser *p)
{
	p->at += strspn(p->text + p->at, " \t\n");
	p->off = p->at;
	buf_clear(&p->word);
	switch (p->text[p->at]) {
	case '\0':
		p->token = TOKEN_END;
		return 0;
	case '(':
	case ')':
		p->token = p->text[p->at++] == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
		return 0;
	case '"':
		return quoted_read(p);
	case '=':
	case '!':
	case '<':
	case '>':
	case '~':
	case '&':
	case '|':
	case '\'':
		return op_read(p);
	default:
		return word_read(p);
	}
}

static bool
is_word(const struct parser *p, const char *word)
{
	return p->token == TOKEN_WORD && strcmp(buf_str(&p->word), word) == 0;
}

static bool
probe_name_valid(const char *name, size_t n)
{
	return n > 0 && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= n;
}

static int
column_take(struct parser *p, struct expr *term, const char *name)
{
	char norm[READING_NAME_MAX + 1];

	if (reading_name(name, norm) < 0 || strchr(norm, '.') != NULL)
		return fail(p, p->off, "\"%.60s\" is not a column", name);
	term->column = x_strdup(norm);
	return 0;
}

static int
field_take(struct parser *p, struct expr *term, const char *word)
{
	const char *dot = strchr(word, '.');

	if (p->mode == EXPR_COLUMNS) {
		if (dot != NULL)
			return fail(p, p->off,
				    "a column's name is wanted "
				    "here, without the probe: %.60s",
				    dot + 1);
		return column_take(p, term, word);
	}
	if (strcmp(word, "not") == 0)
		return fail(p, p->off, "there is no \"not\": use != or !~");
	if (dot == NULL)
		return fail(p, p->off,
			    "\"%.60s\" is not a field: write "
			    "PROBE.COLUMN, such as service.vhosts",
			    word);
	if (!probe_name_valid(word, (size_t)(dot - word)))
		return fail(p, p->off, "\"%.60s\" is not a field", word);
	term->probe = x_strndup(word, (size_t)(dot - word));
	return column_take(p, term, dot + 1);
}

/* Names inside a quoted text with escapes are told at its quote. */
static int
value_take(struct parser *p, struct template **tpl_r)
{
	size_t bad;
	struct err err;

	if (template_parse(buf_str(&p->word), tpl_r, &bad, &err) == 0)
		return 0;
	return fail(p, p->off + (p->token == TOKEN_WORD ? bad : 0), "%s",
		    err.text);
}

static int
left_read(struct parser *p, struct expr *term)
{
	const char *word = buf_str(&p->word);
	bool has_name = strstr(word, "${") != NULL;

	term->off = term->left_off = p->off;
	if (p->token == TOKEN_END)
		return fail(p, p->off,
			    p->off == 0 ? "an expression is wanted"
					: "it ends too early");
	if (p->token == TOKEN_OP)
		return fail(p, p->off, "a field is missing before \"%s\"",
			    expr_op_text(p->op));
	if (p->token == TOKEN_CLOSE)
		return fail(p, p->off, "a \")\" too many");
	if (p->token == TOKEN_WORD && !has_name)
		return field_take(p, term, word);
	if (p->token == TOKEN_WORD && word[0] != '$')
		return fail(p, p->off, "a field's name has no ${} in it");
	return value_take(p, &term->left);
}

static int
pattern_check(struct parser *p, const struct expr *term)
{
	struct buf pattern;
	struct err err;
	regex_t re;
	int rc;

	if ((term->op != EXPR_MATCH && term->op != EXPR_NOMATCH) ||
	    !template_is_plain(term->right))
		return 0;
	buf_init(&pattern, EXPR_BYTES_MAX);
	for (size_t i = 0; i < term->right->n; i++)
		(void)buf_adds(&pattern, term->right->part[i].text);
	rc = pattern_compile(&re, buf_str(&pattern), &err);
	buf_free(&pattern);
	if (rc < 0)
		return fail(p, term->right_off,
			    "the pattern is not a POSIX ERE: %s", err.text);
	regfree(&re);
	return 0;
}

static int
right_read(struct parser *p, struct expr *term)
{
	term->right_off = p->off;
	if (p->token != TOKEN_WORD && p->token != TOKEN_QUOTED)
		return fail(p, p->off, "a value is missing behind \"%s\"",
			    expr_op_text(term->op));
	if (is_word(p, "and") || is_word(p, "or"))
		return fail(p, p->off, "a value is missing before \"%s\"",
			    buf_str(&p->word));
	if (value_take(p, &term->right) < 0 || pattern_check(p, term) < 0)
		return -1;
	/* What is filled in may be text on the left and open on the right. */
	if (term->left != NULL && template_is_plain(term->left) &&
	    template_is_plain(term->right))
		return fail(p, term->left_off,
			    "the left side is a field, the "
			    "text stands on the right");
	return token_next(p);
}

static int
term_read(struct parser *p, struct expr **expr_r)
{
	struct expr *term = x_new(struct expr);

	*expr_r = term;
	term->kind = EXPR_TERM;
	if (++p->terms > EXPR_TERMS_MAX)
		return fail(p, p->off, "more than %d comparisons",
			    EXPR_TERMS_MAX);
	if (left_read(p, term) < 0 || token_next(p) < 0)
		return -1;
	if (p->token != TOKEN_OP)
		return fail(p, p->off,
			    "one of == != < <= > >= ~ !~ is wanted here");
	term->op = p->op;
	if (token_next(p) < 0)
		return -1;
	return right_read(p, term);
}

static int
level_read(struct parser *p, enum expr_kind kind, struct expr **expr_r);

/* What was decided when planned, in a canonical text. */
static int
decided_read(struct parser *p, struct expr **expr_r)
{
	*expr_r = x_new(struct expr);
	(*expr_r)->kind = is_word(p, "true") ? EXPR_TRUE : EXPR_FALSE;
	return token_next(p);
}

static int
one_read(struct parser *p, struct expr **expr_r)
{
	size_t off = p->off;

	*expr_r = NULL;
	if (is_word(p, "true") || is_word(p, "false"))
		return decided_read(p, expr_r);
	if (p->token != TOKEN_OPEN)
		return term_read(p, expr_r);
	if (++p->depth > EXPR_DEPTH_MAX)
		return fail(p, p->off, "more than %d \"(\" deep",
			    EXPR_DEPTH_MAX);
	if (token_next(p) < 0 || level_read(p, EXPR_OR, expr_r) < 0)
		return -1;
	p->depth--;
	if (p->token != TOKEN_CLOSE)
		return fail(p, off, "a \"(\" without its \")\"");
	return token_next(p);
}

/* "a and (b and c)" is "a and b and c": one way to write each. */
static void
args_add(struct expr *expr, struct expr *arg)
{
	bool same = arg->kind == expr->kind;
	size_t n = same ? arg->n : 1;

	expr->arg = x_realloc(expr->arg, expr->n + n, sizeof(*expr->arg));
	for (size_t i = 0; i < n; i++)
		expr->arg[expr->n++] = same ? arg->arg[i] : arg;
	if (same) {
		arg->n = 0;
		expr_free(&arg);
	}
}

/* kind EXPR_OR: ands joined by "or"; EXPR_AND: ones joined by "and". */
static int
level_read(struct parser *p, enum expr_kind kind, struct expr **expr_r)
{
	const char *joint = kind == EXPR_OR ? "or" : "and";
	struct expr *arg, *all;
	int ret;

	for (all = NULL;;) {
		ret = kind == EXPR_OR ? level_read(p, EXPR_AND, &arg)
				      : one_read(p, &arg);
		if (all == NULL) {
			all = arg;
		} else if (arg != NULL) {
			if (all->n == 0 || all->kind != kind) {
				struct expr *first = all;

				all = x_new(struct expr);
				all->kind = kind;
				args_add(all, first);
			}
			args_add(all, arg);
		}
		*expr_r = all;
		if (ret < 0)
			return -1;
		if (!is_word(p, joint))
			return 0;
		if (token_next(p) < 0)
			return -1;
	}
}

static int
all_read(struct parser *p, struct expr **expr_r)
{
	if (strlen(p->text) > EXPR_BYTES_MAX)
		return fail(p, 0, "longer than %d bytes", EXPR_BYTES_MAX);
	if (token_next(p) < 0 || level_read(p, EXPR_OR, expr_r) < 0)
		return -1;
	if (p->token == TOKEN_END)
		return 0;
	if (p->token == TOKEN_CLOSE)
		return fail(p, p->off, "a \")\" too many");
	return fail(p, p->off,
		    "\"and\" or \"or\" is wanted here (a text with "
		    "blanks needs quotes)");
}

int
expr_parse(const char *text, enum expr_mode mode, struct expr **expr_r,
	   size_t *off_r, struct err *err)
{
	struct parser p = { .text = text, .mode = mode, .err = err };
	struct expr *expr = NULL;
	int ret;

	buf_init(&p.word, EXPR_BYTES_MAX + 1);
	ret = all_read(&p, &expr);
	buf_free(&p.word);
	if (ret < 0)
		expr_free(&expr);
	if (off_r != NULL)
		*off_r = p.bad;
	*expr_r = expr;
	assert(ret < 0 || expr != NULL);
	return ret;
}
