"""Which tests show which row of FAULTS C.2 and B, as far as a request is concerned; each named test exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

C2: dict[str, list[str]] = {
    "connect refused, DNS, unreachable": [
        "test_faults::test_names_the_host_when_nothing_listens",
        "test_faults::test_names_a_host_that_is_not_known",
        "test_proxies::test_p5_a_proxy_that_cannot_be_used_is_named_without_its_password",
        "test_proxies::test_a_change_that_a_proxy_did_not_pass_on_was_not_made",
    ],
    "TLS verify failure": [
        "test_tls::test_a_bad_certificate_is_refused_at_once_and_says_what_is_bad",
        "test_tls::test_no_variable_switches_verification_off",
        "test_tls::test_a_handshake_that_takes_for_ever_ends",
        "test_tls::test_a_handshake_that_breaks_is_tried_again",
    ],
    "connection closed before status line, RST": [
        "test_faults::test_asks_again_after_a_fault_that_may_pass",
        "test_faults::test_never_sends_a_change_twice_unless_nothing_can_have_happened",
        "test_reconcile::test_a_change_that_was_carried_out_is_a_success_although_its_answer_was_lost",
        "test_reconcile::test_a_record_that_was_deleted_is_a_success_although_the_answer_was_lost",
        "test_reconcile::test_a_record_that_someone_else_changed_meanwhile_is_called_unknown",
        "test_reconcile::test_a_change_without_a_version_is_never_sent_twice",
    ],
    "read timeout before headers": ["test_faults::test_a_request_ends_by_its_deadline"],
    "read timeout, RST, short length or bad chunk in the body": [
        "test_faults::test_asks_again_after_a_fault_that_may_pass",
        "test_faults::test_gives_up_with_one_exact_error",
        "test_odata::test_a_broken_page_is_asked_for_again_as_a_whole",
        "test_odata::test_a_page_that_fails_yields_nothing_of_itself",
        "test_reconcile::test_a_change_that_was_confirmed_before_the_answer_broke_says_so",
    ],
    "gzip truncated, no-length truncated": [
        "test_faults::test_asks_again_after_a_fault_that_may_pass",
        "test_answers::test_a_download_that_may_be_cut_is_told",
    ],
    "invalid JSON, HTML login page, empty 200": [
        "test_retry::test_parse_errors_of_pages_count_as_a_failed_attempt",
        "test_odata::test_what_is_no_page_is_an_error_and_not_zero_rows",
    ],
    "`value` missing, `error` in 200": [
        "test_odata::test_what_is_no_page_is_an_error_and_not_zero_rows",
        "test_vendor_codes::test_an_error_inside_a_200_is_explained_too",
    ],
    "400, 404, 410": ["test_every_status::test_g17_every_status_has_its_class_its_cause_and_its_attempts"],
    "401": [
        "test_oauth::test_g16_eight_threads_with_an_expired_token_make_one_token_request",
        "test_oauth::test_a_change_refused_with_401_is_sent_again_with_a_new_token",
        "test_breaker_calls::test_a_refusal_is_no_failure",
    ],
    "403": [
        "test_every_status::test_g17_every_status_has_its_class_its_cause_and_its_attempts",
        "test_csrf::test_a_change_fetches_the_token_that_it_lacks",
        "test_csrf::test_a_plain_403_and_a_refused_read_fetch_nothing",
    ],
    "408, 500, 502, 503, 504": [
        "test_every_status::test_g17_every_status_has_its_class_its_cause_and_its_attempts",
        "test_retry::test_waits_longer_each_time_within_the_jitter",
    ],
    "429": [
        "test_every_status::test_waits_as_long_as_the_service_asks_in_every_spelling",
        "test_every_status::test_what_is_no_retry_after_is_as_if_nothing_was_said",
        "test_every_status::test_a_service_that_asks_for_too_long_is_given_up_at_once",
        "test_retry::test_backs_off_from_five_seconds_when_throttled_without_a_word",
        "test_pauses::test_a_throttled_origin_pauses_for_all_threads",
        "test_retry::test_waits_at_least_as_long_as_the_service_asked",
        "test_breaker_calls::test_a_refusal_is_no_failure",
    ],
    "409, 412": [
        "test_every_status::test_g17_every_status_has_its_class_its_cause_and_its_attempts",
        "test_reconcile::test_a_conflict_without_a_lost_answer_is_a_plain_conflict",
    ],
    "413": ["test_every_status::test_g17_every_status_has_its_class_its_cause_and_its_attempts"],
    "202 never done, failed, Location missing, loops": [
        "test_operations::test_ends_by_its_deadline_and_names_the_operation",
        "test_operations::test_a_failure_told_with_200_is_an_error",
        "test_operations::test_an_accepted_change_without_a_place_to_ask_is_an_error",
        "test_long_operations::test_addresses_that_alternate_for_ever_end_by_the_deadline",
        "test_long_operations::test_addresses_that_send_to_each_other_end_at_once",
        "test_long_operations::test_every_error_on_the_way_keeps_the_operation",
        "test_long_operations::test_goes_on_from_the_operation_of_an_error",
    ],
    "nextLink loop": [
        "test_odata::test_links_in_a_circle_are_an_error",
        "test_odata::test_a_hundred_empty_pages_are_an_error",
    ],
    "rows duplicate or missing": [
        "test_completeness::test_a_count_that_does_not_match_is_an_error",
        "test_completeness::test_a_record_that_comes_twice_is_an_error",
    ],
    "NaN, Infinity, hostile numbers": ["test_faults::test_asks_again_after_a_fault_that_may_pass"],
    "clock skew": ["test_every_status::test_waits_as_long_as_the_service_asks_in_every_spelling"],
    "retry storm": ["test_retry::test_an_outage_is_not_answered_with_a_storm"],
    "retry and breaker": ["test_breaker_calls::test_counts_calls_and_not_their_retries"],
}

B: dict[str, list[str]] = {
    "B1 another origin": [
        "test_origin_matrix::test_p5_nothing_that_points_elsewhere_is_followed",
        "test_origin_matrix::test_a_cookie_is_not_carried_elsewhere",
        "test_origin_matrix::test_an_origin_that_is_trusted_by_name_is_asked_with_the_credential",
        "test_origin_matrix::test_trust_is_for_one_scheme_host_and_port",
        "test_origin::test_compares_scheme_host_and_port",
        "test_faults::test_follows_a_redirect_only_where_nothing_can_change",
        "test_csrf::test_the_token_of_one_origin_is_not_fetched_for_another",
        "test_oauth::test_the_secret_goes_to_no_other_authority",
    ],
    "B2 plain http": [
        "test_origin::test_p5_plain_http_carries_no_credential",
        "test_origin::test_p5_trust_does_not_make_plain_http_safe",
        "test_proxies::test_p5_this_machine_is_never_asked_through_a_proxy",
    ],
    "B3 netrc, proxies": [
        "test_origin::test_netrc_never_replaces_a_token",
        "test_proxies::test_https_goes_through_a_tunnel_in_which_the_proxy_sees_nothing",
        "test_proxies::test_no_proxy_is_respected",
        "test_proxies::test_a_proxy_that_refuses_is_named_with_a_way_out",
        "test_tls::test_a_private_authority_comes_by_setting_or_environment",
    ],
    "B4 addresses from data": [
        "test_origin::test_a_relative_address_cannot_climb_out",
        "test_origin::test_a_link_local_address_is_refused",
    ],
    "B13 secrets": [
        "test_vendor_codes::test_p5_a_service_that_repeats_the_secret_does_not_leak_it",
        "test_long_operations::test_p5_the_signature_of_an_operation_is_kept_and_never_shown",
        "test_proxies::test_p5_the_password_of_a_proxy_is_in_no_line_of_the_log",
        "test_csrf::test_p5_the_token_is_a_secret",
    ],
    "B15 header injection": [
        "test_answers::test_a_header_that_cannot_be_sent_is_named_and_not_shown",
        "test_answers::test_a_name_that_no_header_has_is_refused",
        "test_answers::test_a_line_break_in_an_address_stays_in_it",
    ],
    "B17 log injection": [
        "test_answers::test_foreign_text_cannot_write_to_the_terminal",
        "test_vendor_codes::test_codes_and_ids_are_foreign_text_too",
    ],
    "B18 bombs": [
        "test_faults::test_refuses_a_body_that_is_too_large_at_once",
        "test_faults::test_refuses_a_gzip_bomb_below_the_size_limit",
        "test_faults::test_a_body_behind_a_redirect_is_bounded",
        "test_faults::test_the_deadline_holds_on_the_real_clock",
    ],
    "B19 TLS": [
        "test_tls::test_no_key_of_the_configuration_switches_verification_off",
        "test_tls::test_a_bad_certificate_is_refused_at_once_and_says_what_is_bad",
    ],
    "B20 hostile JSON": ["test_faults::test_asks_again_after_a_fault_that_may_pass"],
}


@pytest.mark.parametrize("row", [*C2, *B])
def test_each_row_is_shown_by_tests_that_exist(row: str) -> None:
    for named in {**C2, **B}[row]:
        module, _, function = named.partition("::")
        tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, named
