/* call_words.c - outcomes and misfits in words. */
#include "call.h"

#define X(name, word, sentence) { word, sentence },
static const char *const outcomes[][2] = { CALL_OUTCOMES(X) };
#undef X
#define X(name, word, sentence) sentence,
static const char *const misfits[] = { CALL_MISFITS(X) };
#undef X

const char *
call_outcome_word(enum call_outcome outcome)
{
	return outcomes[outcome][0];
}

const char *
call_misfit_sentence(enum call_misfit misfit)
{
	return misfits[misfit];
}
