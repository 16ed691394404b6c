"""Every case of our peers is a test here, or is listed as not applicable with a reason.

The names are the peers' own, behind the name of the suite they come from.  A test may
have a longer name than its case: one case may be several facts.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent

# cases by suite
PEERS = {
    "otp": """
        sup_start_normal sup_start_ignore_init sup_start_ignore_child
        sup_start_ignore_temporary_child sup_start_ignore_temporary_child_start_child
        sup_start_ignore_temporary_child_start_child_simple
        sup_start_ignore_permanent_child_start_child_simple sup_start_error_return
        sup_start_fail sup_start_child_returns_error
        sup_start_restart_child_returns_error sup_start_child_returns_error_simple
        sup_start_map sup_start_map_simple sup_start_map_faulty_specs check_no_exit
        sup_stop_infinity sup_stop_timeout sup_stop_timeout_dynamic sup_stop_brutal_kill
        sup_stop_brutal_kill_dynamic sup_stop_race non_shutdown_exit_dynamic stop_manual
        stop_manual_timeout
        child_adm child_adm_simple extra_return child_specs child_specs_map sup_flags
        restart_child_returns_error auto_hibernate
        multiple_restarts one_for_one one_for_one_escalation one_for_all
        one_for_all_escalation one_for_all_other_child_fails_restart
        simple_one_for_one simple_one_for_one_shutdown simple_one_for_one_extra
        simple_one_for_one_escalation simple_one_for_one_corruption
        simple_one_for_one_restart_ignore rest_for_one rest_for_one_escalation
        rest_for_one_other_child_fails_restart temporary_bystander
        permanent_normal permanent_shutdown permanent_abnormal transient_normal
        transient_shutdown transient_abnormal temporary_normal temporary_shutdown
        temporary_abnormal
        faulty_application_shutdown external_start_no_progress_log child_unlink tree
        nonsignificant_temporary nonsignificant_transient significant_temporary
        significant_transient significant_simple significant_escalation
        significant_upgrade_never_any significant_upgrade_never_all
        significant_upgrade_any_never significant_upgrade_any_all
        significant_upgrade_all_never significant_upgrade_all_any
        significant_upgrade_child
        count_children count_children_supervisor count_restarting_children
        which_children which_child which_children_simple get_callback_module
        do_not_save_start_parameters_for_temporary_children
        do_not_save_child_specs_for_temporary_children
        scale_many_temporary_children scale_start_stop_many_children
        scale_mass_exit_children simple_global_supervisor order_of_children
        hanging_restart_loop hanging_restart_loop_rest_for_one
        hanging_restart_loop_simple
        code_change code_change_map code_change_simple code_change_simple_map
        format_log_1 format_log_2
    """,
    "rule": """
        r01_defaults r03_unknown_options_are_refused r04_limit_of_zero
        r04_no_limit r05_duplicate_ids r06_one_template r07_dry_check
        r15_a_name_that_is_taken_elsewhere r16_restart_child_is_free
        r16_restart_child_forgives
        r20_a_group_restart_revives_its_stopped_members
        r23_requests_while_a_child_starts
        r23_requests_while_the_supervisor_starts r25_what_is_reported
        r25_reports_are_bounded r27_the_end_of_a_stranger_is_ignored
        r28_the_restart_type_is_looked_at_first
        r30_one_limit_for_all_children_of_one_supervisor
        r31_both_ends_of_the_window_belong_to_it r31_the_window_slides
        r35_what_is_free r36_over_the_limit_the_owner_decides
        r36_at_the_top_it_leaves_the_block r37_levels_multiply r38_backoff
        r38_backoff_of_a_group r39_the_original_arguments
        r40_a_halted_child_finishes_what_it_has_in_hand
        r40_a_halted_child_has_its_grace r42_a_crash_during_a_group_restart
        r43_stop_child_during_a_group_restart r43_a_stop_ends_a_child_that_waits
        r26_a_permanent_child_that_crashes_while_it_stops
        r44_a_member_that_finishes_in_a_group_restart
        r42_a_crash_while_the_supervisor_starts
        r43_stop_child_while_the_supervisor_starts
        r17_delete_child_during_a_group_restart
        r42_a_crash_in_the_instant_of_a_restart r42_storm
        r58_a_stop_ends_the_waits
        r52_a_deadline_on_a_supervisor_leaves_no_orphans
        r53_expected_exits_are_no_errors
        r56_one_slow_dynamic_child_holds_up_no_other
    """,
    "elixir_supervisor": """
        child_spec_overrides init_2 start_child_with_specs child_life_cycle
    """,
    "elixir_dynamic_supervisor": """
        max_children restarting_on_init_counted restarting_on_exit_counted
        restarting_a_child_with_extra_arguments
        child_is_restarted_with_different_values
        child_is_restarted_when_trying_again child_triggers_maximum_restarts
        child_triggers_maximum_intensity temporary_child transient_child
        permanent_child with_valid_shutdown with_invalid_shutdown
        terminates_children_with_brutal_kill terminates_children_with_infinity
        terminates_children_infinity_abnormal terminates_children_with_integer
        terminates_children_integer_abnormal terminates_children_expired_integer
        terminates_children_permanent_normal terminates_children_mixed
        terminate_child_brutal terminate_child_integer terminate_child_restarting
        shown_as_a_supervisor
    """,
    "elixir_partition_supervisor": """
        same_key_same_partition with_arguments_gets_partition
        bad_partitions_or_arguments_raise stop_is_synchronous
        resize_within_start_size zero_partitions_raises_on_lookup counts_per_type
    """,
    "elixir_task_supervisor": """
        async_linked async_nolink_owner_survives custom_shutdown max_children_raises
        callers_chain start_child_restart_option_reruns terminate_child
        await_exits_on_error_or_exit await_timeout_leaves_nothing
    """,
    "elixir_async_stream": """
        ordered_results slowest_first exits_as_values early_halt_stops_unused_tasks
        no_leaked_messages max_children_clean_stop timeout_kills_the_task
        zip_input_on_exit no_leaked_tasks invalid_shutdown_refused
    """,
    "elixir_task": """
        ignore_discards_on_time_late_and_failed await_by_non_owner_raises
        yield_many_limit yield_many_on_timeout_nil yield_many_on_timeout_kill
        yield_many_on_timeout_ignore await_many_first_failure_ends_all
        await_many_input_order shutdown_returns_a_result_that_is_there
        shutdown_brutal shutdown_of_nothing_ignored
    """,
    "elixir_registry": """
        crash_of_owner_cleans_all_keys unique_across_processes
        a_dead_owner_does_not_block_its_name via_send_whereis_register
        listeners_see_register_and_unregister links_on_register_and_unregister
        dispatch_serial_and_parallel match_select_and_count_with_guards
        update_value_only_for_unique raises_on_unknown_registry
        repeated_already_registered_does_not_grow lock_different_keys_in_parallel
        lock_same_key_exclusive lock_released_on_raise lock_released_on_holder_death
        lock_released_on_waiter_death
    """,
    "elixir_gen_server": """
        call_names_callee_and_cause call_timeout_names_callee stop_unknown
        abcast multi_call
    """,
    "pekko_supervision": """
        stop_when_unsupervised stop_by_exception_class restart_by_exception_class
        resume_by_exception_class nesting_and_flattening_in_both_orders
        unhandled_class_stops limit_0_stops_at_first limit_hit_stops
        counter_resets_after_the_window children_stopped_on_restart
        children_stopped_on_backoff
        children_stopped_a_second_time_during_unstash
        children_stopped_when_setup_throws_first
        children_stopped_when_setup_throws_later children_not_stopped_if_so_declared
        watched_children_do_not_confuse_a_restart
        failed_factory_during_restart_handled failed_factory_unhandled
        failed_factory_over_the_limit failed_factory_during_backoff
        reset_counters_of_nested_strategies stash_full_while_backing_off
        messages_survive_exception_in_unstash_restart
        messages_survive_exception_in_unstash_backoff
        stash_survives_start_exceptions strategy_replaced_by_a_new_behaviour
        strategy_replaced_by_a_new_nested_behaviour death_pact_recoverable
        logging_on_off_by_level critical_level_after_n_attempts
        adapter_function_failures_are_supervised
        already_stopped_at_setup_stays_stopped stopped_after_restart_stays_stopped
        fatal_errors_are_not_caught
    """,
    "pekko_backoff": """
        grows has_a_max resets default_reset
        on_stop_restarts_after_normal_stop forwards_to_child custom_strategy
        default_stopping_strategy manual_reset reply_while_stopped
        handler_while_stopped delay_formula_table max_retries_on_stop
        max_retries_on_failure final_stop_message other_messages_do_not_end_it
    """,
    "pekko_backoff_on_restart": """
        terminates_with_child exponential_spacing stop_by_strategy
        forwards_to_parent accepts_commands_while_child_terminates
        max_nr_of_retries_honoured within_time_range_honoured
        failures_outside_the_range
    """,
    "pekko_restart_strategy": """
        dead_after_max_within_range immortal_without_limits alive_if_spaced_out
    """,
    "pekko_supervisor": """
        kill_one_one_for_one kill_many_one_for_one kill_one_all_for_one
        kill_many_all_for_one call_kill_call temporary_not_restarted
        nested_hierarchy exception_during_restart_is_retried
        system_messages_not_lost exceptions_in_creation_supervised infinite_retries
        unlimited_with_finite_range ranges_above_int32_milliseconds
    """,
    "pekko_hierarchy": "stress",
    "gen_server": """
        start start_already_started start_error start_init_timeout start_ignore
        start_event_timeout start_event_timeout_interrupt timeout_zero
        stop1 stop2 stop3 stop4 stop5 stop6 stop7 stop8 stop9 stop10
        crash loop_start_fail
        call call_timeout call_bad_return_value
        send_request send_request_response_after_abandon send_request_duplicate
        reqids_collections cast cast_fast info undef_handle_info undef_handle_call
        undef_handle_cast continue continue_stop handle_event_timeout calling_self
        hibernate auto_hibernate enter_loop spec_init multicall abcast global_names
        call_format_status error_format_status terminate_crash_format
        crash_in_format_status format_all_status get_state replace_state
        reply_by_alias_with_payload undef_init undef_terminate undef_code_change
    """,
    "watch": """
        graceful_stop failure already_dead many_watchers current_watchers_only
        not_on_restart unhandled_death_pact idempotent conflicting_watch_with
        redefine_after_unwatch unwatch_between_signal_and_processing
        new_actor_with_same_name stashed_termination_message
    """,
    "ask": """
        dead_target no_reply non_existing late_reply failure_status responder_throws
        replies_keep_order mapping_failure_fails_asker status_replies_unwrap
    """,
    "timer": """
        single repeated replace_by_key cancel discard_tick_of_old_incarnation
        discard_after_exception_in_timer_block nested_timers kept_over_behaviour_change
        no_leak_after_stop stale_receive_timeout_after_cancel
    """,
    "receive_timeout": """
        fires reschedules off not_set not_influenced_by_marked_messages
        rearmed_on_restart
    """,
    "stash": """
        unstash_all few_at_a_time_in_order behaviour_switch_mid_unstash
        failure_mid_unstash failure_mid_unstash_under_stop
        failure_mid_unstash_under_restart failure_mid_unstash_under_backoff
        failure_mid_unstash_with_slow_stopping_child failure_mid_unstash_under_resume
        unhandled stop_mid_unstash capacity_enforced while_unstashing
        clear_while_unstashing at_most_n
    """,
    "event_stream": """
        by_type by_type_incl_subclasses unsubscribe dead_letter_subscriber_stopping
    """,
    "life_cycle": """
        hook_order failures_in_post_stop_logged pre_start_failure
        graceful_stop_children_first post_stop_of_a_deferred_setup
    """,
    "mailbox": """
        control_aware_first stable_priority bounded_with_push_timeout selector_defaults
    """,
    "kameo": """
        restart_type_permanent_normal restart_type_permanent_panic
        restart_type_permanent_killed restart_type_transient_normal
        restart_type_transient_panic restart_type_transient_killed
        restart_type_never_normal restart_type_never_panic restart_type_never_killed
        restart_limit restart_count_resets one_for_one one_for_all rest_for_one
        first_and_last_child siblings_not_notified_of_supervised_restart
        siblings_notified_of_permanent_death factory_uses_cloned_args rapid_restarts
        graceful_stop_with_supervised_children_does_not_deadlock
        messages_survive_supervised_panic_restart
        messages_survive_supervised_normal_stop_restart
        child_asks_stopping_supervisor both_of_two_asking_children
        child_asks_killed_supervisor tells_survive_restart_of_actor_with_children
        ask_during_restart on_undelivered_only_on_terminal_stop
        on_undelivered_not_when_empty on_undelivered_not_on_restart
        on_undelivered_on_budget_exhausted
        on_undelivered_after_restart_then_exhausted on_undelivered_asks_bounce
        graceful_stop_queue_processed pipe_keeps_the_actor_alive
        pipe_continuation_may_await_and_stop pipe_stopping_cancels_pending_future
        console_wait_for_cycle console_handler_activity console_restart_count
        console_dead_actor_reaped tracing_spans_do_not_nest
    """,
    "ractor": """
        stop_beats_queued_messages kill_interrupts_handler
        kill_interrupts_lifecycle_hooks kill_interrupts_supervision_work
        stop_does_not_interrupt_handler panic_in_pre_start panic_in_post_start
        panic_in_handle panic_in_post_stop panic_in_supervisor_handler
        killing_supervisor_ends_children cancelling_spawn_future_runs_cleanup
        aborting_task_runs_cleanup failed_spawn_leaves_no_name
        post_stop_done_before_wait_returns drain drain_reentrant_send
        relink_replaces_supervisor linked_spawn_on_draining_supervisor
        stop_children_and_wait_during_own_shutdown wrong_type_refused multi_call
        send_after send_interval exit_after kill_after duplicate_name unenrol
        pg_leave_on_shutdown pg_stopped_actor_not_inserted pg_monitor_notified_once
        factory_draining factory_discard_newest factory_discard_oldest
        factory_rate_limit factory_worker_death_gets_next_message
        factory_silent_retry factory_dead_mans_switch factory_resize
    """,
    "triotp": """
        late_reply_must_not_hurt_server callee_crash_must_fail_caller
        permanent_child_returning_over_the_limit cast_must_not_wait
        terminate_must_run_on_cancel child_ready_before_next_starts
    """,
    "orleans": """
        second_activation_never_runs_two_at_once
        deactivation_hook_gets_reason_and_token long_request_reported
    """,
    "pykka": """
        42_supervision_missing 46_and_231_caller_hangs_when_callee_dies
        63_on_failure_not_via_proxy 76_and_48_deadlock_by_mutual_asks
        pr23_left_over_inbox_is_failed
    """,
    "complaint": """
        01_unbounded_mailbox 02_dropped_control_messages
        03_reject_throws_into_innocent_senders 04_drops_are_dead_letters
        04_failing_hook_loses_no_message 05_ask_timeout_leaks
        06_late_replies_pollute_mailbox 07_caller_hangs_when_callee_dies
        08_messages_lost_on_restart 09_stash_dropped
        10_restart_storm 11_root_budget_kills_the_whole_node 12_one_noisy_entity
        13_crash_loop_without_a_log_line 14_throwing_constructor_left_a_zombie
        15_terminating_actor_busy_spins 16_start_failing_during_restart
        17_supervisor_in_a_restart_loop_can_be_shut_down
        18_slow_child_init_blocks_nobody 19_orphans_at_shutdown_race
        20_parent_stop_kills_children_without_cleanup
        21_unsupervised_crash_swallowed 22_deadlock_by_self_or_mutual_call
        23_stuck_actor_is_invisible 24_timer_vs_deactivation_deadlock
        25_asks_during_drain_deadlock 27_time_is_hard_to_test
        28_no_overall_shutdown_deadline
        29_group_cannot_stop_when_its_work_is_done
        30_counters_that_are_never_reset 30_counters_that_leak
        30_no_way_to_retire_a_supervised_child
        30_tasks_not_rerun_after_rest_for_one 30_duplicate_id_deadlock
        30_panic_in_stopping_hook_resurrects 30_nobody_to_report_to
    """,
}
CASES = [f"{suite}_{case}" for suite in PEERS for case in PEERS[suite].split()]


def written_tests() -> list[str]:
    """The names of the tests of peers in these rooms, without `test_`."""
    return [
        node.name.removeprefix("test_")
        for file in sorted(HERE.glob("*/test_*.py"))
        if file.parent != HERE / "sessions"
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def not_applicable() -> dict[str, str]:
    """The cases that are listed as not applicable, each with its reason."""
    text = (HERE / "NOT_APPLICABLE.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^- `(\w+)`: (.+)$", text, flags=re.MULTILINE))


def test_every_case_of_a_peer_is_a_test_or_has_a_reason() -> None:
    """A case is either tested here or listed with the reason why not; never both."""
    tests, reasons = set(written_tests()), not_applicable()

    assert [case for case in CASES if case not in tests | reasons.keys()] == []
    assert tests & reasons.keys() == set()


def test_every_reason_belongs_to_a_case() -> None:
    """The list of what does not apply names cases of our peers only, once, and why."""
    reasons = not_applicable()
    text = (HERE / "NOT_APPLICABLE.md").read_text(encoding="utf-8")

    assert reasons.keys() <= set(CASES)
    assert text.count("\n- ") == len(reasons)
    assert len(set(CASES)) == len(CASES)


def test_every_test_is_named_after_a_peer() -> None:
    """Each test's name begins with the suite that it stands for, and is used once."""
    tests = written_tests()

    assert [test for test in tests if not test.startswith(tuple(PEERS))] == []
    assert len(set(tests)) == len(tests)
