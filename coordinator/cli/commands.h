/*
 * commands.h - the functions that the rows of tree.c name.
 */
#ifndef DRYDOCK_COMMANDS_H
#define DRYDOCK_COMMANDS_H

#include "command.h"

command_fn run_init, run_import, run_export;
command_fn run_fleet_list, run_fleet_show, run_coordinator_list;
command_fn run_backend_list, run_backend_show, run_host_list, run_host_show;
command_fn run_host_pin;
command_fn run_procedure_lint, run_procedure_add, run_procedure_list;
command_fn run_procedure_show, run_procedure_allow;
command_fn run_procedure_diff;
command_fn run_check, run_plan, run_start, run_cancel;
command_fn run_schedule_list, run_schedule_add, run_schedule_cancel;
command_fn run_window_list, run_window_add, run_window_remove;
command_fn run_window_next;
command_fn run_status, run_watch, run_wait, run_log, run_history;
command_fn run_pause, run_resume, run_approve, run_retry, run_abort;
command_fn run_override;
command_fn run_restore, run_skip, run_settle, run_include, run_exclude;
command_fn run_hook_list, run_hook_test;
command_fn run_doctor;
command_fn run_help, run_completion;

#endif
