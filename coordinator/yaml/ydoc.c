/*
 * ydoc.c - libyaml's events into a tree.
 *
 * Events and not yaml_parser_load(): the loader takes half a minute for 100 kB
 * of "[", here the depth is counted while the events come.
 */
#include "ydoc.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "alloc.h"
#include "utf8.h"
#include "yhint.h"

struct reader {
	yaml_parser_t parser;
	struct diags *d;
	struct ydoc *doc;
	unsigned int nodes;
	/* Byte offsets are wanted, libyaml counts characters. */
	size_t line_off;
	unsigned int line;
};

static struct mark
mark_of(const yaml_mark_t *m)
{
	return (struct mark){
		.line = (unsigned int)m->line + 1,
		.col = (unsigned int)m->column + 1,
	};
}

/* Bytes of the first `chars` characters at text, within its line. */
static size_t
chars_bytes(const char *text, size_t len, unsigned int chars)
{
	size_t at = 0;
	uint32_t code;

	for (; chars > 0 && at < len && text[at] != '\n'; chars--) {
		size_t n = utf8_next(text + at, len - at, &code);

		at += n == 0 ? 1 : n;
	}
	return at;
}

static unsigned int
bytes_chars(const char *text, size_t bytes)
{
	unsigned int n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Marks come in the order of the file: go on from the last line. */
static size_t
mark_off(struct reader *r, struct mark at)
{
	const char *source = r->doc->source, *nl;

	if (at.line < r->line) {
		r->line = 1;
		r->line_off = 0;
	}
	while (r->line < at.line) {
		nl = memchr(source + r->line_off, '\n',
			    r->doc->len - r->line_off);
		if (nl == NULL)
			break;
		r->line_off = (size_t)(nl - source) + 1;
		r->line++;
	}
	return r->line_off + chars_bytes(source + r->line_off,
					 r->doc->len - r->line_off, at.col - 1);
}

struct mark
ynode_mark(const struct ydoc *doc, const struct ynode *node, size_t off)
{
	const char *p = doc->source + node->off;
	size_t left = doc->len - node->off;
	struct mark at = node->at;

	if (node->kind != YNODE_SCALAR || off > strlen(node->text))
		return at;
	if (!node->plain && left > 0 && (*p == '"' || *p == '\'')) {
		p++;
		left--;
		at.col++;
	}
	if (off > left || memcmp(p, node->text, off) != 0 ||
	    memchr(p, '\n', off) != NULL)
		return node->at;
	at.col += bytes_chars(p, off);
	return at;
}

static void
ynode_free(struct ynode *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n; i++) {
		ynode_free(node->item[i]);
		if (node->key != NULL)
			ynode_free(node->key[i]);
	}
	free(node->item);
	free(node->key);
	free(node->text);
	free(node);
}

void
ydoc_free(struct ydoc **doc)
{
	if (*doc == NULL)
		return;
	ynode_free((*doc)->root);
	free((*doc)->source);
	x_free(doc);
}

static int
parser_failed(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct mark at = mark_of(&p->problem_mark);
	const char *problem = p->problem == NULL ? "not YAML" : p->problem;
	const char *hint, *nl;
	size_t off = mark_off(r, at), len;

	/* The place where it noticed may be the line after the cause. */
	if (p->context != NULL && p->context_mark.line + 1 < at.line &&
	    (at.col == 1 || off >= r->doc->len)) {
		at = mark_of(&p->context_mark);
		(void)mark_off(r, at);
	}
	nl = memchr(r->doc->source + r->line_off, '\n',
		    r->doc->len - r->line_off);
	len = nl == NULL ? r->doc->len - r->line_off
			 : (size_t)(nl - r->doc->source) - r->line_off;
	diag_error(r->d, at, 1, "%s%s%s", p->context == NULL ? "" : p->context,
		   p->context == NULL ? "" : ": ", problem);
	hint = yhint(problem, r->doc->source + r->line_off, len);
	if (hint != NULL)
		diag_hint(r->d, "%s", hint);
	return -1;
}

static int
event_next(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return 0;
	return parser_failed(r);
}

static int
refuse(struct reader *r, const yaml_event_t *ev, const char *message,
       const char *hint)
{
	diag_error(r->d, mark_of(&ev->start_mark), 1, "%s", message);
	if (hint != NULL)
		diag_hint(r->d, "%s", hint);
	return -1;
}

static struct ynode *
ynode_new(struct reader *r, enum ynode_kind kind, const yaml_event_t *ev)
{
	struct ynode *node = x_new(struct ynode);

	node->kind = kind;
	node->at = mark_of(&ev->start_mark);
	node->off = mark_off(r, node->at);
	node->width = 1;
	if (ev->end_mark.line == ev->start_mark.line)
		node->width = (unsigned int)(ev->end_mark.column -
					     ev->start_mark.column);
	return node;
}

static void
ynode_add(struct ynode *node, struct ynode *key, struct ynode *item)
{
	/* Room grows by doubling: n is a power of two when it is full. */
	if ((node->n & (node->n - 1)) == 0) {
		size_t size = node->n == 0 ? 1 : node->n * 2;

		node->item = x_realloc(node->item, size, sizeof(*node->item));
		if (node->kind == YNODE_MAP)
			node->key =
				x_realloc(node->key, size, sizeof(*node->key));
	}
	node->item[node->n] = item;
	if (node->kind == YNODE_MAP)
		node->key[node->n] = key;
	node->n++;
}

static bool
text_is_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' &&
		    text[i] != '\t')
			return false;
	return true;
}

static int
scalar_read(struct reader *r, const yaml_event_t *ev, struct ynode **node_r)
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	struct ynode *node;

	if (ev->data.scalar.anchor != NULL)
		return refuse(r, ev, "anchors (&name) are not used here", NULL);
	if (ev->data.scalar.tag != NULL)
		return refuse(r, ev, "tags (!name) are not used here",
			      "put quotes around a text that begins with !");
	if (!text_is_clean(value, len))
		return refuse(r, ev, "a control character in a text", NULL);
	node = ynode_new(r, YNODE_SCALAR, ev);
	node->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = x_strndup(value, len);
	*node_r = node;
	return 0;
}

static int node_read(struct reader *r, yaml_event_t *ev, unsigned int depth,
		     struct ynode **node_r);

/* The next node, or NULL in *node_r when `end` came instead. */
static int
child_read(struct reader *r, yaml_event_type_t end, unsigned int depth,
	   struct ynode **node_r)
{
	yaml_event_t ev;
	int ret = 0;

	*node_r = NULL;
	if (event_next(r, &ev) < 0)
		return -1;
	if (ev.type != end)
		ret = node_read(r, &ev, depth, node_r);
	yaml_event_delete(&ev);
	return ret;
}

static int
list_read(struct reader *r, const yaml_event_t *ev, unsigned int depth,
	  struct ynode **node_r)
{
	struct ynode *item;

	if (ev->data.sequence_start.anchor != NULL)
		return refuse(r, ev, "anchors (&name) are not used here", NULL);
	if (ev->data.sequence_start.tag != NULL)
		return refuse(r, ev, "tags (!name) are not used here", NULL);
	*node_r = ynode_new(r, YNODE_LIST, ev);
	for (;;) {
		if (child_read(r, YAML_SEQUENCE_END_EVENT, depth + 1, &item) <
		    0)
			return -1;
		if (item == NULL)
			return 0;
		ynode_add(*node_r, NULL, item);
	}
}

static int
key_check(struct reader *r, const struct ynode *map, const struct ynode *key)
{
	if (key->kind != YNODE_SCALAR) {
		diag_error(r->d, key->at, key->width, "a key must be a word");
		diag_hint(r->d, "there is no {{ }} here: write \"${vars.x}\", "
				"with the quotes");
		return -1;
	}
	if (map->n >= YDOC_KEYS_MAX) {
		diag_error(r->d, key->at, key->width, "more than %d keys",
			   YDOC_KEYS_MAX);
		return -1;
	}
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->key[i]->text, key->text) != 0)
			continue;
		/* Told, and read on: the first one counts. */
		diag_error(r->d, key->at, key->width,
			   "\"%s\" stands here twice", key->text);
		diag_hint(r->d, "the first is in line %u",
			  map->key[i]->at.line);
	}
	return 0;
}

static int
map_read(struct reader *r, const yaml_event_t *ev, unsigned int depth,
	 struct ynode **node_r)
{
	struct ynode *key, *item;

	if (ev->data.mapping_start.anchor != NULL)
		return refuse(r, ev, "anchors (&name) are not used here", NULL);
	if (ev->data.mapping_start.tag != NULL)
		return refuse(r, ev, "tags (!name) are not used here", NULL);
	*node_r = ynode_new(r, YNODE_MAP, ev);
	for (;;) {
		if (child_read(r, YAML_MAPPING_END_EVENT, depth + 1, &key) < 0)
			return -1;
		if (key == NULL)
			return 0;
		if (key_check(r, *node_r, key) < 0 ||
		    child_read(r, YAML_NO_EVENT, depth + 1, &item) < 0) {
			ynode_free(key);
			return -1;
		}
		ynode_add(*node_r, key, item);
	}
}

static int
kind_read(struct reader *r, const yaml_event_t *ev, unsigned int depth,
	  struct ynode **node_r)
{
	if (ev->type == YAML_SCALAR_EVENT)
		return scalar_read(r, ev, node_r);
	if (ev->type == YAML_SEQUENCE_START_EVENT)
		return list_read(r, ev, depth, node_r);
	if (ev->type == YAML_MAPPING_START_EVENT)
		return map_read(r, ev, depth, node_r);
	if (ev->type == YAML_ALIAS_EVENT)
		return refuse(r, ev, "aliases (*name) are not used here",
			      "put quotes around a text that begins with *");
	return refuse(r, ev, "nothing stands here", NULL);
}

static int
node_read(struct reader *r, yaml_event_t *ev, unsigned int depth,
	  struct ynode **node_r)
{
	*node_r = NULL;
	if (depth > YDOC_DEPTH_MAX)
		return refuse(r, ev, "nested too deeply (32 levels)", NULL);
	if (r->nodes++ >= YDOC_NODES_MAX)
		return refuse(r, ev, "too many entries (100000)", NULL);
	if (kind_read(r, ev, depth, node_r) == 0)
		return 0;
	ynode_free(*node_r);
	*node_r = NULL;
	return -1;
}

/* The text ends with a NUL. */
static bool
char_refused(uint32_t code, const char *behind)
{
	if (code == '\r')
		return *behind != '\n';
	if (code < ' ')
		return code != '\n' && code != '\t';
	return (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
	       code == 0x2029 || code == 0xfeff;
}

/* What libyaml would let pass, or report without a place. */
static int
source_check(struct reader *r)
{
	const char *text = r->doc->source;
	struct mark at = { .line = 1, .col = 1 };
	size_t len = r->doc->len, n;
	uint32_t code;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		diag_error(r->d, at, 1,
			   "the file begins with a byte order mark");
		diag_hint(r->d, "save it as UTF-8 without a mark");
		return -1;
	}
	for (size_t i = 0; i < len; i += n, at.col++) {
		n = utf8_next(text + i, len - i, &code);
		if (n == 0) {
			diag_error(r->d, at, 1, "byte %zu is not UTF-8", i + 1);
			return -1;
		}
		if (char_refused(code, text + i + 1)) {
			diag_error(r->d, at, 1,
				   "a control character at byte %zu", i + 1);
			return -1;
		}
		if (code == '\n')
			at = (struct mark){ .line = at.line + 1, .col = 0 };
	}
	return 0;
}

static int
event_expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t ev;
	int ret = 0;

	if (event_next(r, &ev) < 0)
		return -1;
	if (ev.type != type)
		ret = refuse(r, &ev, otherwise, NULL);
	yaml_event_delete(&ev);
	return ret;
}

static int
stream_read(struct reader *r)
{
	if (event_expect(r, YAML_STREAM_START_EVENT, "not YAML") < 0 ||
	    event_expect(r, YAML_DOCUMENT_START_EVENT, "the file is empty") < 0)
		return -1;
	if (child_read(r, YAML_NO_EVENT, 1, &r->doc->root) < 0 ||
	    event_expect(r, YAML_DOCUMENT_END_EVENT, "not YAML") < 0)
		return -1;
	return event_expect(r, YAML_STREAM_END_EVENT,
			    "a second document begins here: one file, one "
			    "document");
}

int
ydoc_parse(const char *text, size_t len, struct diags *d, struct ydoc **doc_r)
{
	struct reader r = { .d = d, .line = 1 };
	int ret = -1;

	*doc_r = NULL;
	if (len > YDOC_BYTES_MAX) {
		diag_error(d, (struct mark){ 0 }, 0,
			   "the file has %zu bytes, 1 MiB is allowed", len);
		return -1;
	}
	r.doc = x_new(struct ydoc);
	r.doc->source = x_strndup(text, 0);
	r.doc->source = x_realloc(r.doc->source, len + 1, 1);
	memcpy(r.doc->source, text, len);
	r.doc->source[len] = '\0';
	r.doc->len = len;
	diags_source(d, r.doc->source, len);
	if (source_check(&r) == 0) {
		if (!yaml_parser_initialize(&r.parser))
			abort();
		yaml_parser_set_input_string(
			&r.parser, (const unsigned char *)r.doc->source, len);
		yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
		ret = stream_read(&r);
		yaml_parser_delete(&r.parser);
	}
	*doc_r = r.doc;
	assert(ret < 0 || r.doc->root != NULL);
	return ret;
}
