/* act_copy.c */
#include "act.h"
int
act_copy(struct act *a, struct err *err)
{
	(void)a;
	return err_set(err, ERR_FAILED, "this agent cannot do copy yet");
}
