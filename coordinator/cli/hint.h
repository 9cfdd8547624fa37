/*
 * hint.h - hints of SQL functions, said in the words of the command line.
 *
 * The database tells a psql user "select fleet.resume(17);"; who typed
 * `drydock` is told "drydock resume 17".  What has no command stays as it is.
 */
#ifndef DRYDOCK_HINT_H
#define DRYDOCK_HINT_H

/* NULL gives NULL; free() it */
char *hint_translate(const char *hint);

#endif
