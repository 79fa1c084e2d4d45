"""What Pulumi's commands print when they fail, and the code that it gets."""

import pytest

from opsdecl.targets.pulumi.failures import Locked, PulumiError, StackMissing, explain

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
    "lock file with `pulumi cancel`.\n  file:///state/.pulumi/locks/organization/acme/prod/1a.json: created by "
    "ci@runner-7 (pid 4711) at 2026-03-01T09:12:00Z"
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("error: no resource plugin 'pulumi-resource-kubernetes' found in the workspace at version v4.25.0", "OD672"),
        ('error: constructing secrets manager of type "passphrase": incorrect passphrase', "OD673"),
        ("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE", "OD673"),
        (LOCKED, "OD674"),
        ("error: [409] Conflict: Another update is currently in progress.", "OD674"),
        ("error: could not deserialize deployment: unexpected end of JSON input", "OD675"),
        ("error: rpc error: code = Unavailable desc = error reading from server: EOF", "OD676"),
        ("error: problem logging in: open bucket s3://acme-state: NoCredentialProviders", "OD678"),
        ("error: the moon is in the wrong phase", "OD685"),
    ],
)
def test_words_of_pulumi_get_their_code(said: str, code: str) -> None:
    found = explain(f"\n code: 255\n stdout: \n stderr: {said}", "prod", "s3://acme-state")
    assert isinstance(found, PulumiError)
    assert [finding.code.id for finding in found.diagnostics] == [code]
    assert found.diagnostics[0].hint


def test_a_lock_names_its_holder() -> None:
    found = explain(LOCKED, "prod", "")
    assert isinstance(found, Locked)
    assert found.holders == (("ci", "runner-7", 4711, "2026-03-01T09:12:00Z"),)
    assert "ci on runner-7, process 4711, since 2026-03-01T09:12:00Z" in found.diagnostics[0].message


def test_a_stack_that_is_not_there_is_told_apart() -> None:
    assert isinstance(explain("error: no stack named 'prod' found", "prod", ""), StackMissing)
