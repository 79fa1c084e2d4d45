"""A cache may forget, never lie and never fail."""

import json
import multiprocessing
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from opsdecl.targets.cache import FileCache


def cache(root: Path, **more: Any) -> FileCache:
    return FileCache(root, "parse", **more)


def file_of(root: Path) -> Path:
    (found,) = (root / ".opsdecl" / "cache").glob("*.sqlite")
    return found


def test_what_was_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    entries = {"a": "1", "b": '{"ü": [1, 2]}', "c": "", "d": "long" * 5000}
    cache(tmp_path).put_many(entries)
    again = cache(tmp_path)
    assert again.get_many([*entries, "none"]) == entries
    assert (again.get("b"), again.get("none")) == (entries["b"], None)
    again.put("a", "2")
    assert cache(tmp_path).get("a") == "2"
    assert (tmp_path / ".opsdecl" / ".gitignore").exists()


def test_versions_do_not_read_each_other(tmp_path: Path) -> None:
    cache(tmp_path, version="1").put("a", "1")
    assert cache(tmp_path, version="2").get("a") is None


def test_versions_that_nobody_uses_leave(tmp_path: Path) -> None:
    for number in range(6):
        one = cache(tmp_path, version=str(number))
        one.put("a", str(number))
        one.close()
        os.utime(
            max((tmp_path / ".opsdecl" / "cache").glob("*.sqlite"), key=lambda p: p.stat().st_mtime_ns), (number,) * 2
        )
    assert len(list((tmp_path / ".opsdecl" / "cache").glob("*.sqlite"))) == 3
    assert [cache(tmp_path, version=str(number)).get("a") for number in (5, 4)] == ["5", "4"]


def test_a_thousand_entries_come_quickly(tmp_path: Path) -> None:
    entries = {f"{n:040x}": json.dumps({"number": n, "list": list(range(200))}) for n in range(1000)}
    cache(tmp_path).put_many(entries)
    times = []
    for _ in range(5):
        fresh = cache(tmp_path)
        start = time.process_time()
        found = fresh.get_many(entries)
        times.append(time.process_time() - start)
        assert found == entries
    assert min(times) < 0.03


@pytest.mark.parametrize("damage", ["cut", "zeros", "text", "header"])
def test_a_damaged_file_is_forgotten_and_made_again(tmp_path: Path, damage: str) -> None:
    first = cache(tmp_path)
    first.put_many({f"k{n}": "x" * 500 for n in range(500)})
    first.close()
    path = file_of(tmp_path)
    data = path.read_bytes()
    damaged = {
        "cut": data[: len(data) // 3],
        "zeros": data[:4096] + bytes(len(data) - 4096),
        "text": b"no database",
        "header": b"\0" * 100 + data[100:],
    }[damage]
    path.write_bytes(damaged)
    second = cache(tmp_path)
    found = second.get_many(f"k{n}" for n in range(500))
    assert set(found.values()) <= {"x" * 500}
    cache(tmp_path).put("new", "1")
    third = cache(tmp_path)
    third.put("new", "2")
    assert cache(tmp_path).get("new") == "2"


def test_a_flipped_bit_is_not_served(tmp_path: Path) -> None:
    first = cache(tmp_path)
    first.put("key", "needle" * 20)
    first.close()
    path = file_of(tmp_path)
    data = path.read_bytes()
    assert b"needle" in data
    path.write_bytes(data.replace(b"needleneedle", b"needleNEEDLE", 1))
    assert cache(tmp_path).get("key") is None


def test_entries_that_came_with_a_clone_are_not_served(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for folder in (theirs, ours):
        (folder / ".git").mkdir(parents=True)
    first = cache(theirs)
    first.put("digest", "poison")
    first.close()
    shutil.copytree(theirs / ".opsdecl", ours / ".opsdecl")
    assert cache(ours).get("digest") is None
    cache(ours).put("digest", "ours")
    assert cache(ours).get("digest") == "ours"
    assert cache(theirs).get("digest") == "poison"


def test_links_out_of_the_project_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for number, link in enumerate((".opsdecl", ".opsdecl/cache")):
        root = tmp_path / f"root{number}"
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(outside)
        cache(root).put("a", "1")
        assert cache(root).get("a") is None
    assert list(outside.iterdir()) == []


def test_an_entry_under_another_key_is_not_served(tmp_path: Path) -> None:
    first = cache(tmp_path)
    first.put("strict", "deny")
    first.close()
    with sqlite3.connect(file_of(tmp_path)) as db:
        db.execute("UPDATE entry SET key = 'lax'")
    db.close()
    assert cache(tmp_path).get("lax") is None


def test_it_stays_within_its_limit(tmp_path: Path) -> None:
    limit = 400_000
    small = cache(tmp_path, limit=limit)
    for turn in range(20):
        small.put_many({f"{turn}-{n}": os.urandom(250).hex() for n in range(200)})
    small.close()
    assert file_of(tmp_path).stat().st_size < 3 * limit
    assert len(cache(tmp_path, limit=limit).get_many(f"19-{n}" for n in range(200))) > 100
    assert cache(tmp_path, limit=limit).get("0-0") is None


def test_a_place_that_takes_no_files_is_a_cache_of_nothing(tmp_path: Path) -> None:
    (tmp_path / ".opsdecl").write_text("a file")
    nowhere = cache(tmp_path)
    nowhere.put("a", "1")
    assert nowhere.get("a") is None


def _put_and_get(root: Path, number: int) -> None:
    own = cache(root)
    for turn in range(30):
        own.put_many({f"{number}-{turn}-{n}": f"{n}" for n in range(20)})
        assert set(own.get_many(f"{number}-{turn}-{n}" for n in range(20)).values()) <= {str(n) for n in range(20)}
    os._exit(0 if own.get(f"{number}-29-7") == "7" else 1)


def test_processes_share_it(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_put_and_get, args=(tmp_path, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
