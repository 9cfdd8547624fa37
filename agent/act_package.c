/* act_package.c */
#include "act.h"
int
act_package(struct act *a, struct err *err)
{
	(void)a;
	return err_set(err, ERR_FAILED, "this agent cannot do package yet");
}
