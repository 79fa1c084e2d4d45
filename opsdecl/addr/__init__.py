"""Addresses, object keys, field paths, digests: parse and print."""

from opsdecl.addr.digest import canonical_json, digest_of, digest_of_bytes, digest_of_texts, git_blob_digest
from opsdecl.addr.runs import ON_CHANGE, is_run, run_role
from opsdecl.addr.types import MAIN, Address, ObjectKey, Release, SpecAddress, format_path, parse_path

__all__ = [
    "MAIN",
    "ON_CHANGE",
    "Address",
    "ObjectKey",
    "Release",
    "SpecAddress",
    "canonical_json",
    "digest_of",
    "digest_of_bytes",
    "digest_of_texts",
    "format_path",
    "git_blob_digest",
    "is_run",
    "parse_path",
    "run_role",
]
