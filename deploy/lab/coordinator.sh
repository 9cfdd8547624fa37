# coordinator.sh - env, inventory, agents and drydockd of the lab.
# shellcheck shell=bash

coordinator_up() { :; }
coordinator_stop() { :; }
coordinator_print() { :; }
