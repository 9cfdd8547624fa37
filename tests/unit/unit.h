/* unit.h - what every cmocka test file begins with. */
#ifndef DRYDOCK_UNIT_H
#define DRYDOCK_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
