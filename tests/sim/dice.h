/* dice.h - numbers that follow from a seed, and from nothing else. */
#ifndef DICE_H
#define DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

uint64_t dice_roll(struct dice *dice);
/* from <= number <= to */
int64_t dice_range(struct dice *dice, int64_t from, int64_t to);
/* Of a hundred, so often. */
bool dice_chance(struct dice *dice, int percent);

#endif
