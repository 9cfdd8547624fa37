/* call_words.c - outcomes and misfits in words. */
#include "call.h"

#define X(name, word, sentence) { word, sentence },
static const char *const outcomes[][2] = { CALL_OUTCOMES(X) };
static const char *const misfits[][2] = { CALL_MISFITS(X) };
#undef X

const char *
call_outcome_word(enum call_outcome outcome)
{
	return outcomes[outcome][0];
}

const char *
call_misfit_word(enum call_misfit misfit)
{
	return misfits[misfit][0];
}

const char *
call_misfit_sentence(enum call_misfit misfit)
{
	return misfits[misfit][1];
}
