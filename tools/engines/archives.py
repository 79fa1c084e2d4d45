"""Published packages: fetched through pip's own session, read without unpacking, nothing of them imported."""

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Archive:
    """A source distribution or a wheel. `files` are the Python files of the package by path (`vllm/config.py`)."""

    package: str
    version: str
    name: str
    sha256: str
    released: str
    files: Mapping[str, bytes]

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(self.files)

    def text(self, path: str) -> str:
        return self.files[path].decode()


def read_archive(path: Path, package: str, version: str) -> Archive:
    """`released` is the day on which the archive's own metadata was written, so that it needs no index."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    read = _read_wheel if path.suffix == ".whl" else _read_source
    files, written = read(path, package)
    return Archive(package, version, path.name, digest, f"{written:%Y-%m-%d}", files)


def _read_source(path: Path, package: str) -> tuple[dict[str, bytes], datetime]:
    files: dict[str, bytes] = {}
    written = datetime.fromtimestamp(0, UTC)
    with tarfile.open(path) as archive:
        for member in archive:
            inside = member.name.partition("/")[2].removeprefix("python/")
            if inside == "PKG-INFO":
                written = datetime.fromtimestamp(member.mtime, UTC)
            if inside.startswith(f"{package}/") and inside.endswith(".py") and (data := archive.extractfile(member)):
                files[inside] = data.read()
    return files, written


def _read_wheel(path: Path, package: str) -> tuple[dict[str, bytes], datetime]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(f"{package}/") and name.endswith(".py")]
        files = {name: archive.read(name) for name in names}
        metadata = next(item for item in archive.infolist() if item.filename.endswith(".dist-info/METADATA"))
        return files, datetime(*metadata.date_time, tzinfo=UTC)


def fetch(package: str, versions: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Version -> file in `folder`; what is there already is not fetched again.

    The index, proxies and certificates are those that pip is configured with. Source distributions come first: they
    are far smaller than wheels, and not every release has one.
    """
    known = {version: found for version in versions if (found := _there(package, version, folder))}
    missing = [version for version in versions if version not in known]
    return known | (_download(package, missing, folder) if missing else {})


def _there(package: str, version: str, folder: Path) -> Path | None:
    found = sorted([*folder.glob(f"{package}-{version}.tar.gz"), *folder.glob(f"{package}-{version}-*.whl")])
    return found[0] if found else None


def _download(package: str, versions: list[str], folder: Path) -> dict[str, Path]:
    from pip._internal.commands import create_command

    command: Any = create_command("index")
    options, _ = command.parse_args(["versions", package])
    paths: dict[str, Path] = {}
    with command.main_context():
        session = command._build_session(options)
        finder = command._build_package_finder(options, session, ignore_requires_python=True)
        candidates = finder.find_all_candidates(package)
        for version in versions:
            links = [candidate.link for candidate in candidates if str(candidate.version) == version]
            link = min(links, key=lambda link: (not link.filename.endswith(".tar.gz"), link.filename))
            paths[version] = folder / link.filename
            _store(paths[version], session.get(link.url).content, link.hash)
    return paths


def _store(path: Path, data: bytes, expected: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ValueError(f"{path.name} has sha256 {found}, the index says {expected}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
