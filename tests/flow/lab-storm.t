#!/bin/bash
# lab-storm.t - one rollout while processes are killed at random.  The seed is
# another each time, and told; it chooses what is killed and when, not what that
# meets, so the same once more is alike and not the same.
exec "$(dirname "$0")/../storm/run" 1
