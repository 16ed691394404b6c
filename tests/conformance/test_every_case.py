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
        13_crash_loop_without_a_log_line 14_throwing_constructor_left_a_zombie
        15_terminating_actor_busy_spins 20_parent_stop_kills_children_without_cleanup
        21_unsupervised_crash_swallowed 22_deadlock_by_self_or_mutual_call
        23_stuck_actor_is_invisible 24_timer_vs_deactivation_deadlock
        25_asks_during_drain_deadlock 27_time_is_hard_to_test
    """,
}
CASES = [f"{suite}_{case}" for suite in PEERS for case in PEERS[suite].split()]


def written_tests() -> list[str]:
    """The names of the tests in this folder, without `test_`."""
    return [
        node.name.removeprefix("test_")
        for file in sorted(HERE.glob("test_*.py"))
        if file != Path(__file__)
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
