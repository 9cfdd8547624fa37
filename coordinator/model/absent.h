/* absent.h - is a silent member of a group gone, as the others tell it? */
#ifndef ABSENT_H
#define ABSENT_H

#include <stddef.h>

#include "tri.h"

/*
 * ready: are all others ready, by readings taken since it fell silent?
 * up[i]: does the i-th of them list it as up; UNKNOWN: it gave no whole answer.
 *
 * TRUE is a proof: another member may be told what this one was told.  So all
 * others have to say so, and each must be ready itself: one that is cut off
 * from the rest lists nobody.  One that lists it is enough for FALSE.
 */
enum tri absent_by_others(enum tri ready, const enum tri *up, size_t n);
/*
 * The other half: before each change every member is listed as up by some
 * other one, so that one who is not there afterwards was known by its address
 * before.  up[i]: does the i-th of the others list it?  Nobody else: TRUE.
 */
enum tri listed_by_others(const enum tri *up, size_t n);

#endif
