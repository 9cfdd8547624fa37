/*
 * unfiltered.c - no filter of system calls is loaded (LD_PRELOAD).
 *
 * valgrind's own calls would be filtered, too, and it maps memory to execute.
 */
#include <seccomp.h>

int
seccomp_load(const scmp_filter_ctx filter)
{
	(void)filter;
	return 0;
}
