/* act_clean.c */
#include "act.h"
int
act_clean(struct act *a, struct err *err)
{
	(void)a;
	return err_set(err, ERR_FAILED, "this agent cannot do clean yet");
}
