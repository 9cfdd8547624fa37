/* uuid.h - random (version 4) UUIDs, always written in lower case. */
#ifndef DRYDOCK_UUID_H
#define DRYDOCK_UUID_H

#include <stdbool.h>

#define UUID_TEXT_SIZE 37 /* 36 and the NUL */

/* A new one, from getrandom(2). */
void uuid_make(char text[UUID_TEXT_SIZE]);

/* Exactly 8-4-4-4-12 lower case hex digits, of any version. */
bool uuid_valid(const char *text);

#endif
