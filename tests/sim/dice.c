/* dice.c - splitmix64. */
#include "dice.h"

uint64_t
dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

int64_t
dice_range(struct dice *dice, int64_t from, int64_t to)
{
	return from + (int64_t)(dice_roll(dice) % (uint64_t)(to - from + 1));
}

bool
dice_chance(struct dice *dice, int percent)
{
	return dice_range(dice, 1, 100) <= percent;
}
