/* wire.c - the words that coordinator and agent share: tables of wire.h. */
#include "wire.h"

#include <string.h>

#include "words.h"

struct verb_row {
	const char *word, *request, *answer;
};

static const struct verb_row verbs[] = {
#define X(name, word, request, answer)                                         \
	[WIRE_##name] = { word, request, answer },
	WIRE_VERBS(X)
#undef X
};

static const char *const codes[] = {
	[WIRE_CODE_NONE] = "none",
#define X(name, word, text) [WIRE_##name] = word,
	WIRE_CODES(X)
#undef X
};

static const char *const states[] = {
#define X(name, word) [WIRE_##name] = word,
	WIRE_STATES(X)
#undef X
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
wire_verb_name(enum wire_verb verb)
{
	return (size_t)verb < COUNT(verbs) ? verbs[verb].word : "?";
}

const char *
wire_code_name(enum wire_code code)
{
	return (size_t)code < COUNT(codes) ? codes[code] : "?";
}

const char *
wire_state_name(enum wire_state state)
{
	return (size_t)state < COUNT(states) ? states[state] : "?";
}

int
wire_verb_find(const char *word, enum wire_verb *verb_r)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].word, word) == 0) {
			*verb_r = (enum wire_verb)i;
			return 0;
		}
	}
	return -1;
}

int
wire_code_find(const char *word, enum wire_code *code_r)
{
	for (size_t i = 1; i < COUNT(codes); i++) {
		if (strcmp(codes[i], word) == 0) {
			*code_r = (enum wire_code)i;
			return 0;
		}
	}
	return -1;
}

int
wire_state_find(const char *word, enum wire_state *state_r)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		if (strcmp(states[i], word) == 0) {
			*state_r = (enum wire_state)i;
			return 0;
		}
	}
	return -1;
}

bool
wire_verb_is_change(enum wire_verb verb)
{
	return verb == WIRE_RUN || verb == WIRE_COPY || verb == WIRE_CLEAN ||
	       verb == WIRE_PACKAGE;
}

bool
wire_request_key(enum wire_verb verb, const char *key)
{
	if ((size_t)verb >= COUNT(verbs))
		return false;
	return words_has("id verb", key) || words_has(verbs[verb].request, key) ||
	       (wire_verb_is_change(verb) && words_has(WIRE_CHANGE_KEYS, key));
}

bool
wire_answer_key(enum wire_verb verb, const char *key)
{
	if ((size_t)verb >= COUNT(verbs))
		return false;
	return words_has("id ok", key) || words_has(WIRE_REFUSAL_KEYS, key) ||
	       words_has(verbs[verb].answer, key);
}
