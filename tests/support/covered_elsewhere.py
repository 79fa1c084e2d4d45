"""Codes that a literate case cannot show: why, and the test that does."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`test` is `path::function`, from the root of the repository."""

    reason: str
    test: str


_BYTES = "a Markdown file holds text that can be read"
_FILES = "a Markdown file holds plain files only"
_COMMAND = "it answers a command line"
_CIRCLE = "the kinds of today cannot refer to each other in a circle"
_PLAN = "it is about a saved plan"
_TARGET = "it takes a plan against a target"
_GIT = "it takes a git repository"
_DISK = "it takes a folder that is written to"
_CATALOG = "it answers `opsdecl catalog`"
_SIZING = "it answers `opsdecl size`"
_ROLLOUTS = "it takes a plan of several rollouts"
_BUG = "only a mistake in opsdecl gives it"
_SIZE = "it takes a file of a size that nobody wants to read"
_PULUMI = "only Pulumi's engine can show it"
_GATE = "it takes a plan and evidence"
_CLUSTER = "only a kubeconfig and an API server can show it"

COVERED_ELSEWHERE: Mapping[str, Elsewhere] = {
    "OD101": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_file_that_cannot_be_read_is_reported"),
    "OD102": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_links_are_reported_and_not_followed"),
    "OD103": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_pipe_is_reported_and_never_opened"),
    "OD104": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_name_that_cannot_be_shown_is_escaped"),
    "OD105": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_file_that_is_too_large_is_not_parsed"),
    "OD106": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_project_that_is_too_large_is_refused"),
    "OD107": Elsewhere(_BYTES, "tests/unit/spec_load/test_decode.py::test_other_encodings_are_named"),
    "OD108": Elsewhere(_BYTES, "tests/unit/spec_load/test_decode.py::test_invisible_characters_are_named"),
    "OD123": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_deep_nesting_is_refused"),
    "OD124": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_aliases_of_aliases_are_refused"),
    "OD125": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_very_long_value_is_refused"),
    "OD126": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_too_many_documents_are_refused"),
    "OD139": Elsewhere("the lock lies outside of `environments/`", "tests/unit/spec_load/test_load.py::test_lock"),
    "OD401": Elsewhere(
        "no two fields name objects alike today",
        "tests/unit/render/test_manifests.py::test_two_resources_with_one_key_are_an_error_that_names_both",
    ),
    "OD412": Elsewhere(
        "plain Kubernetes needs no kind without a schema",
        "tests/unit/render/test_schemas.py::test_a_kind_without_schema_is_noted_once",
    ),
    "OD301": Elsewhere(_COMMAND, "tests/endtoend/test_refusals.py::test_an_unknown_environment"),
    "OD305": Elsewhere(_CIRCLE, "tests/unit/compile/test_documents.py::test_a_circle_is_named_once_and_whole"),
    "OD501": Elsewhere(_PLAN, "tests/unit/diff/test_planfile.py::test_what_is_no_plan_is_refused"),
    "OD502": Elsewhere(_PLAN, "tests/unit/diff/test_planfile.py::test_other_format_versions_are_refused"),
    "OD503": Elsewhere(_PLAN, "tests/unit/diff/test_planfile.py::test_a_wrong_field_is_named"),
    "OD504": Elsewhere(_PLAN, "tests/unit/diff/test_planfile.py::test_hostile_size_is_refused"),
    "OD510": Elsewhere(
        _TARGET, "tests/contracts/test_target.py::test_the_slower_of_two_users_is_stale_and_writes_nothing"
    ),
    "OD511": Elsewhere(_PLAN, "tests/unit/diff/test_containment.py::test_other_specs_are_refused"),
    "OD512": Elsewhere(_PLAN, "tests/unit/diff/test_containment.py::test_another_environment_is_refused"),
    "OD513": Elsewhere(
        _TARGET, "tests/endtoend/test_what_is_wrong.py::test_drift_is_undone_only_where_somebody_saw_it"
    ),
    "OD520": Elsewhere(_TARGET, "tests/endtoend/test_refusals.py::test_more_deletions_than_the_budget"),
    "OD521": Elsewhere(_TARGET, "tests/unit/diff/test_plan.py::test_a_protected_object_is_not_deleted"),
    "OD530": Elsewhere(_CIRCLE, "tests/unit/apply/test_steps.py::test_a_circle_is_named_in_full"),
    "OD540": Elsewhere(_GIT, "tests/endtoend/test_refusals.py::test_a_base_that_does_not_compile"),
    "OD541": Elsewhere(
        _GIT,
        "tests/unit/flows/test_plan_lock.py::test_a_review_in_which_the_lock_moves_says_that_it_cannot_see_the_tools_own_changes",
    ),
    "OD550": Elsewhere(
        _GIT, "tests/endtoend/test_refusals.py::test_files_that_are_not_committed_for_a_protected_environment"
    ),
    "OD551": Elsewhere(_TARGET, "tests/endtoend/test_refusals.py::test_a_plan_with_errors_is_not_carried_out"),
    "OD600": Elsewhere(
        _CLUSTER, "tests/cluster/test_access.py::test_an_unreachable_cluster_is_an_error_and_never_empty"
    ),
    "OD602": Elsewhere(
        _CLUSTER,
        "tests/unit/targets_cluster/test_kubeconfig.py::test_a_target_without_a_context_is_refused_although_one_is_current",
    ),
    "OD603": Elsewhere(
        _CLUSTER, "tests/unit/targets_cluster/test_kubeconfig.py::test_a_certificate_that_cannot_be_read_is_named"
    ),
    "OD604": Elsewhere(_CLUSTER, "tests/cluster/test_access.py::test_credentials_that_nobody_knows_are_named"),
    "OD605": Elsewhere(
        _CLUSTER, "tests/cluster/test_access.py::test_a_right_that_is_missing_is_named_with_verb_and_resource"
    ),
    "OD606": Elsewhere(
        _CLUSTER, "tests/cluster/test_access.py::test_a_certificate_of_another_authority_is_not_trusted"
    ),
    "OD607": Elsewhere(_CLUSTER, "tests/cluster/test_access.py::test_bookkeeping_that_a_quota_refuses_is_a_finding"),
    "OD608": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_refusals.py::test_a_field_that_does_not_exist_is_refused_in_the_plan_at_its_origin",
    ),
    "OD609": Elsewhere(_CLUSTER, "tests/cluster/test_refusals.py::test_are_refused_with_the_manager_and_the_way_out"),
    "OD610": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_fault_holders.py::test_of_a_holder_that_was_frozen_past_its_time_one_write_lands_at_most",
    ),
    "OD611": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_fault_holders.py::test_of_a_holder_that_was_frozen_past_its_time_one_write_lands_at_most",
    ),
    "OD612": Elsewhere(_CLUSTER, "tests/cluster/test_access.py::test_records_that_cannot_be_read_stop_everything"),
    "OD613": Elsewhere(_CLUSTER, "tests/cluster/test_access.py::test_records_of_a_newer_version_are_left_alone"),
    "OD614": Elsewhere(_CLUSTER, "tests/cluster/test_refusals.py::test_an_object_of_another_release_is_not_taken"),
    "OD615": Elsewhere(_CLUSTER, "tests/cluster/test_access.py::test_the_namespace_of_the_records_must_exist"),
    "OD616": Elsewhere(
        _CLUSTER, "tests/cluster/test_refusals.py::test_a_kind_that_is_not_installed_is_planned_and_named"
    ),
    "OD617": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_access.py::test_a_service_account_that_may_only_read_plans_and_says_what_it_cannot_know",
    ),
    "OD618": Elsewhere(
        _CLUSTER, "tests/cluster/test_refusals.py::test_one_refusal_leaves_out_what_needs_it_and_nothing_else"
    ),
    "OD619": Elsewhere(_CLUSTER, "tests/cluster/test_refusals.py::test_an_object_of_which_nothing_is_ours_stays"),
    "OD620": Elsewhere(_CLUSTER, "tests/cluster/test_refusals.py::test_an_object_that_does_not_go_is_said_so"),
    "OD621": Elsewhere(_CLUSTER, "tests/cluster/test_refusals.py::test_a_field_that_cannot_change_is_known_before"),
    "OD630": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_adopting.py::test_a_persons_edit_goes_on_their_word_a_programs_field_only_by_its_name",
    ),
    "OD631": Elsewhere(_CLUSTER, "tests/cluster/test_adopt_command.py::test_adopt_as_a_person_runs_it"),
    "OD632": Elsewhere(_COMMAND, "tests/cluster/test_adopt_command.py::test_adopt_as_a_person_runs_it"),
    "OD341": Elsewhere(
        "only a command can name a partition that there is not",
        "tests/endtoend/test_partitions.py::test_an_unknown_partition_is_named_with_those_there_are",
    ),
    "OD623": Elsewhere(
        _CLUSTER, "tests/cluster/test_status.py::test_a_git_target_is_looked_at_where_the_environment_says"
    ),
    "OD624": Elsewhere(_CLUSTER, "tests/cluster/test_status.py::test_a_lock_is_taken_from_its_holder_only_by_force"),
    "OD625": Elsewhere(
        _CLUSTER,
        "tests/cluster/test_late_creates.py::test_a_late_create_that_nobody_wants_is_named_by_the_next_plan",
    ),
    "OD626": Elsewhere(
        _CLUSTER, "tests/cluster/test_kept_revisions.py::test_as_many_as_the_settings_say_are_kept_and_blame_knows_them"
    ),
    "OD627": Elsewhere(_CLUSTER, "tests/cluster/test_gates.py::test_what_goes_away_is_said_or_refused"),
    "OD622": Elsewhere(
        _CLUSTER, "tests/cluster/test_waiting.py::test_pods_that_fit_nowhere_are_named_at_the_line_of_their_gpus"
    ),
    "OD640": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_a_missing_git_is_told"),
    "OD642": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_folders_that_are_no_work_tree_are_told"),
    "OD643": Elsewhere(
        _GIT, "tests/unit/targets/test_git_repository.py::test_a_repository_of_somebody_else_is_not_trusted"
    ),
    "OD644": Elsewhere(
        _GIT, "tests/unit/targets/test_git_repository.py::test_an_unknown_reference_suggests_the_nearest"
    ),
    "OD645": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_options_are_no_references"),
    "OD646": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_remote_that_is_gone_is_not_empty"),
    "OD647": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_ssh_that_fails"),
    "OD648": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_refusing_hook_of_the_remote_is_quoted"),
    "OD649": Elsewhere(_GIT, "tests/endtoend/test_refusals.py::test_a_repository_that_lost_objects"),
    "OD650": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_a_shallow_clone_is_told_what_to_fetch"),
    "OD651": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_a_conflict_names_the_files"),
    "OD652": Elsewhere(_GIT, "tests/unit/targets/test_git_repository.py::test_unrelated_histories_are_told"),
    "OD653": Elsewhere(
        _GIT, "tests/unit/targets/test_git_repository.py::test_an_old_git_is_told_only_where_it_matters"
    ),
    "OD654": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_remote_that_says_nothing_is_given_up"),
    "OD655": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_branch_that_is_checked_out_is_refused"),
    "OD656": Elsewhere(
        _GIT, "tests/unit/targets/test_git_target.py::test_a_forged_commit_with_a_damaged_record_is_an_error"
    ),
    "OD657": Elsewhere(
        _GIT, "tests/unit/targets/test_git_target.py::test_a_forged_commit_with_a_damaged_record_is_an_error"
    ),
    "OD658": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_file_that_is_no_object_any_more_is_drift"),
    "OD659": Elsewhere(_GIT, "tests/contracts/test_target.py::test_a_revision_that_is_none_is_refused"),
    "OD660": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_blame_suggests_the_nearest"),
    "OD661": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_branch_that_never_rests_is_given_up"),
    "OD662": Elsewhere(_DISK, "tests/unit/targets/test_files.py::test_a_place_that_takes_no_files_is_named"),
    "OD663": Elsewhere(
        _DISK, "tests/unit/targets/test_files.py::test_a_tree_refuses_to_overwrite_and_then_writes_nothing"
    ),
    "OD664": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_an_edited_companion_is_told_and_restored"),
    "OD665": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_two_releases_in_one_folder_are_refused"),
    "OD666": Elsewhere(_GIT, "tests/unit/targets/test_git_target.py::test_a_lock_that_somebody_left_is_named"),
    "OD667": Elsewhere(
        _GIT, "tests/unit/targets/test_git_target.py::test_without_an_address_there_is_nothing_to_point_at"
    ),
    "OD670": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_missing_pulumi_is_told"),
    "OD671": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_pulumi_that_is_too_old_is_told"),
    "OD672": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_missing_provider_is_told_with_the_command"),
    "OD673": Elsewhere(
        _PULUMI, "tests/pulumi/test_failures.py::test_another_passphrase_is_refused_and_nothing_is_written"
    ),
    "OD674": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_lock_of_another_machine_is_left_alone"),
    "OD675": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_broken_state_is_told"),
    "OD676": Elsewhere(
        _PULUMI,
        "tests/pulumi/test_failures.py::test_a_provider_that_is_killed_leaves_a_state_that_the_next_apply_mends",
    ),
    "OD677": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_a_stack_that_somebody_removes_meanwhile"),
    "OD678": Elsewhere(
        _PULUMI, "tests/pulumi/test_failures.py::test_a_backend_that_is_not_there_is_never_taken_for_an_empty_one"
    ),
    "OD679": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_what_fails_stays_local_and_names_the_object"),
    "OD680": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_what_fails_stays_local_and_names_the_object"),
    "OD681": Elsewhere(_PULUMI, "tests/pulumi/test_preview.py::test_a_difference_is_said_with_both_sides"),
    "OD682": Elsewhere(
        _PULUMI,
        "tests/pulumi/test_failures.py::test_integers_that_pulumi_cannot_hold_are_refused_before_anything_is_written",
    ),
    "OD683": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_resources_of_another_program_are_never_deleted"),
    "OD684": Elsewhere(
        _PULUMI, "tests/pulumi/test_crashes.py::test_killed_with_all_its_children_apply_again_converges"
    ),
    "OD685": Elsewhere(_PULUMI, "tests/unit/pulumi/test_failures.py::test_words_of_pulumi_get_their_code"),
    "OD686": Elsewhere(_PULUMI, "tests/pulumi/test_failures.py::test_records_that_cannot_be_used_stop_everything"),
    "OD687": Elsewhere(
        _PULUMI, "tests/pulumi/test_failures.py::test_a_lock_of_a_dead_process_is_taken_away_and_that_is_said"
    ),
    "OD688": Elsewhere(_TARGET, "tests/endtoend/test_refusals.py::test_a_stack_without_a_cluster_or_a_folder"),
    "OD689": Elsewhere(_PULUMI, "tests/pulumi/test_preview.py::test_pulumi_names_the_same_actions"),
    "OD690": Elsewhere(_PULUMI, "tests/pulumi/test_eject.py::test_a_stack_in_the_middle_of_an_update_is_refused"),
    "OD691": Elsewhere(_PULUMI, "tests/pulumi/test_eject.py::test_what_was_not_applied_is_said"),
    "OD692": Elsewhere(
        _COMMAND, "tests/unit/pulumi/test_installing.py::test_without_a_network_the_cause_and_a_way_out_are_said"
    ),
    "OD694": Elsewhere(_COMMAND, "tests/unit/recognise/test_import.py::test_what_is_no_export_is_refused"),
    "OD693": Elsewhere(_PULUMI, "tests/pulumi/test_eject.py::test_the_command_writes_into_an_empty_folder_only"),
    "OD695": Elsewhere(
        _PULUMI, "tests/pulumi/test_partitions.py::test_a_partition_that_was_stopped_gives_nothing_until_it_is_whole"
    ),
    "OD697": Elsewhere(_PULUMI, "tests/pulumi/test_held.py::test_a_lock_that_was_taken_away_from_a_holder_that_lives"),
    "OD696": Elsewhere(
        _PULUMI, "tests/pulumi/test_partitions.py::test_the_stack_of_another_environment_is_no_partition"
    ),
    "OD740": Elsewhere(_CATALOG, "tests/unit/flows/test_catalog.py::test_an_unknown_name_suggests_the_nearest"),
    "OD741": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD742": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD743": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD744": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD745": Elsewhere(_CATALOG, "tests/unit/flows/test_catalog_add.py::test_a_hub_that_is_not_there_is_said"),
    "OD746": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD747": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_what_cannot_be_added_says_why_and_writes_nothing"
    ),
    "OD748": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_weights_that_differ_from_the_configuration_are_a_warning"
    ),
    "OD749": Elsewhere(
        _CATALOG, "tests/unit/flows/test_catalog_add.py::test_another_entry_is_never_overwritten_silently"
    ),
    "OD750": Elsewhere(
        _SIZING, "tests/unit/sizing/test_rules.py::test_a_configuration_that_lacks_its_shape_is_refused"
    ),
    "OD751": Elsewhere(
        _SIZING, "tests/unit/sizing/test_architectures.py::test_an_unknown_family_is_said_and_reckoned_like_llama"
    ),
    "OD752": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_the_rule_about_heads_names_sizes_that_work"),
    "OD753": Elsewhere(_SIZING, "tests/unit/sizing/test_rules.py::test_a_rule_has_its_code"),
    "OD754": Elsewhere(_SIZING, "tests/unit/sizing/test_rules.py::test_a_rule_has_its_code"),
    "OD755": Elsewhere(
        _SIZING, "tests/unit/sizing/test_sizing.py::test_expert_parallelism_lifts_the_rule_about_blocks"
    ),
    "OD756": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_formats_against_capability"),
    "OD757": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_sensible_and_hopeless_gpus"),
    "OD758": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_a_refusal_needs_the_optimistic_end_not_to_fit"),
    "OD759": Elsewhere(_SIZING, "tests/unit/sizing/test_rules.py::test_a_rule_has_its_code"),
    "OD760": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_rules_are_findings"),
    "OD761": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_rules_are_findings"),
    "OD762": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_slices_hold_what_they_hold"),
    "OD763": Elsewhere(_SIZING, "tests/unit/sizing/test_sizing.py::test_unknown_models_gpus_and_engines_are_said"),
    "OD764": Elsewhere(_SIZING, "tests/unit/sizing/test_rules.py::test_a_rule_has_its_code"),
    "OD765": Elsewhere(_SIZING, "tests/unit/sizing/test_rules.py::test_a_rule_has_its_code"),
    "OD771": Elsewhere(
        _ROLLOUTS,
        "tests/unit/flows/test_plan_fleet.py::test_rollouts_that_stop_are_an_error",
    ),
    "OD772": Elsewhere(
        _ROLLOUTS,
        "tests/unit/flows/test_plan_fleet.py::test_rollouts_that_may_stop_each_other_are_a_warning",
    ),
    "OD780": Elsewhere(
        "a note of plans and of `size --env`, not of validate",
        "tests/unit/sizing/test_rightsizing.py::test_the_cheapest_with_about_as_much_room",
    ),
    "OD497": Elsewhere(
        _COMMAND,
        "tests/unit/transparency/test_promote.py"
        "::test_documents_that_the_other_environment_lacks_are_said_before_anything_is_written",
    ),
    "OD850": Elsewhere(_COMMAND, "tests/unit/transparency/test_card.py::test_an_unknown_name_suggests_the_nearest"),
    "OD851": Elsewhere(_COMMAND, "tests/unit/transparency/test_trace.py::test_where_nothing_answered_it_is_said_why"),
    "OD852": Elsewhere(_CLUSTER, "tests/cluster/test_trace.py::test_what_answered_is_told_from_kept_revisions"),
    "OD877": Elsewhere(_COMMAND, "tests/unit/transparency/test_trace.py::test_a_composition_that_nothing_had"),
    "OD853": Elsewhere(
        _COMMAND, "tests/unit/transparency/test_promote.py::test_names_that_cannot_be_promoted_are_said"
    ),
    "OD854": Elsewhere(
        _COMMAND, "tests/unit/transparency/test_promote.py::test_a_file_that_cannot_be_edited_is_refused"
    ),
    "OD855": Elsewhere(
        _COMMAND,
        "tests/unit/transparency/test_promote.py::test_it_is_one_commit_on_a_new_branch_and_nobodys_work_is_touched",
    ),
    "OD856": Elsewhere(_GATE, "tests/unit/evidence/test_gates.py::test_without_evidence_a_gate_is_closed"),
    "OD857": Elsewhere(
        _GATE, "tests/unit/evidence/test_gates.py::test_evidence_is_stale_once_answers_come_from_something_else"
    ),
    "OD858": Elsewhere(
        _GATE, "tests/unit/evidence/test_gates.py::test_numbers_that_do_not_reach_the_threshold_keep_it_shut"
    ),
    "OD859": Elsewhere(
        _GATE, "tests/unit/evidence/test_gates.py::test_simulated_evidence_opens_only_where_the_environment_says_so"
    ),
    "OD860": Elsewhere(
        _GATE, "tests/unit/evidence/test_gates.py::test_the_version_in_use_must_have_been_measured_to_be_compared_with"
    ),
    "OD861": Elsewhere(
        _GATE, "tests/unit/evidence/test_gates.py::test_a_file_that_was_edited_counts_as_none_and_is_pointed_out"
    ),
    "OD862": Elsewhere(
        _COMMAND, "tests/unit/evidence/test_results.py::test_what_is_broken_or_of_something_else_is_refused"
    ),
    "OD863": Elsewhere(_COMMAND, "tests/unit/evidence/test_results.py::test_what_is_refused_writes_nothing"),
    "OD864": Elsewhere(_CLUSTER, "tests/cluster/test_evidence.py::test_evidence_is_collected_once_runs_are_done"),
    "OD865": Elsewhere(_CLUSTER, "tests/cluster/test_evidence.py::test_evidence_is_collected_once_runs_are_done"),
    "OD866": Elsewhere(_COMMAND, "tests/unit/evidence/test_results.py::test_names_that_there_are_not_are_told"),
    "OD867": Elsewhere(_COMMAND, "tests/unit/evidence/test_results.py::test_without_evidence_nobody_wins"),
    "OD872": Elsewhere(
        "a plan says it, by the day", "tests/unit/flows/test_propose.py::test_plans_tell_of_the_end_of_life"
    ),
    "OD873": Elsewhere(
        _COMMAND, "tests/unit/flows/test_propose.py::test_a_hub_that_is_away_is_told_and_nothing_is_written"
    ),
    "OD874": Elsewhere(_COMMAND, "tests/unit/flows/test_propose.py::test_an_unknown_name_gets_the_nearest"),
    "OD875": Elsewhere(_COMMAND, "tests/unit/flows/test_propose.py::test_an_image_without_its_version_is_left_alone"),
    "OD901": Elsewhere(_BUG, "tests/endtoend/test_refusals.py::test_an_unexpected_error"),
    "OD440": Elsewhere(_SIZE, "tests/unit/lower/test_monitor.py::test_an_object_that_is_too_large_is_refused"),
}
