"""Which cluster a target means, and how it logs in: never what happens to be current."""

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube.config.models import UserExec

from opsdecl.targets.cluster.connecting import connect
from opsdecl.targets.cluster.credentials import login_of, trust_of
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kubeconfig import find_server
from opsdecl.targets.cluster.login import Pass
from opsdecl.targets.cluster.plugins import PluginLogin, ask
from opsdecl.targets.cluster.settings import ClusterSettings


def kubeconfig(folder: Path, name: str = "config", *contexts: str, user: Any = None) -> Path:
    data = {
        "current-context": contexts[0] if contexts else "",
        "contexts": [{"name": c, "context": {"cluster": "c", "user": "u"}} for c in contexts],
        "clusters": [{"name": "c", "cluster": {"server": f"https://{name}.example:6443"}}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
    }
    path = folder / name
    path.write_text(yaml.safe_dump(data))
    return path


def code_of(settings: ClusterSettings) -> tuple[str, str, str]:
    with pytest.raises(ClusterError) as caught:
        find_server(settings)
    found = caught.value.diagnostics[0]
    return found.code.id, found.message, found.hint


def test_a_target_without_a_context_is_refused_although_one_is_current(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "config", "prod", "dev")
    code, _, hint = code_of(ClusterSettings(None, kubeconfig=str(path)))
    assert (code, hint) == ("OD602", "set `context` to one of: dev, prod")


def test_a_context_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "config", "prod-eu", "dev")
    code, said, hint = code_of(ClusterSettings("prod-ue", kubeconfig=str(path)))
    assert code == "OD602"
    assert "prod-ue" in said
    assert "prod-eu" in hint


def test_the_named_context_is_taken_from_any_of_several_files(tmp_path: Path) -> None:
    files = [kubeconfig(tmp_path, "one", "a"), kubeconfig(tmp_path, "two", "b")]
    found = find_server(ClusterSettings("b", kubeconfig=":".join(map(str, files))))
    assert found.address == "https://two.example:6443"


@pytest.mark.parametrize("text", ["{", "contexts: 3", "clusters: []", "[]"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    code, said, _ = code_of(ClusterSettings("prod", kubeconfig=str(path)))
    assert code == "OD603"
    assert str(path) in said


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "config", "prod", user={"client-certificate": "gone.crt", "client-key": "gone.key"})
    with pytest.raises(ClusterError) as caught:
        connect(find_server(ClusterSettings("prod", kubeconfig=str(path))), 1)
    assert caught.value.diagnostics[0].code.id == "OD603"


def plugin(folder: Path, body: str, version: str = "v1") -> UserExec:
    script = folder / "plugin.py"
    script.write_text(body)
    name = f"client.authentication.k8s.io/{version}"
    return UserExec(apiVersion=name, command=sys.executable, args=[str(script)])


def answering(status: Any) -> str:
    """A plugin's program."""
    return f"print({json.dumps(json.dumps({'status': status}))})"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_login_plugin_is_told_its_version_and_gives_the_token(tmp_path: Path, version: str) -> None:
    body = (
        "import json, os\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "assert info['spec'] == {'interactive': False}\n"
        "print(json.dumps({'status': {'token': info['apiVersion']}}))\n"
    )
    given = asyncio.run(ask(plugin(tmp_path, body, version)))
    assert given == Pass(f"Bearer client.authentication.k8s.io/{version}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import sys\nsys.exit('please log in')", "please log in"),
        ("import sys\nsys.exit(3)", "exit 3"),
        ("print('hello')", "holds no credentials"),
        (answering({}), "holds neither a token nor a certificate"),
        (answering({"clientCertificateData": "c"}), "a certificate without a key"),
        (answering({"clientCertificateData": "c", "clientKeyData": "k"}), "its certificate cannot be used"),
    ],
)
def test_a_login_plugin_that_fails_says_why(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ClusterError) as caught:
        asyncio.run(PluginLogin(plugin(tmp_path, body), ssl.create_default_context()).present())
    found = caught.value.diagnostics[0]
    assert found.code.id == "OD604"
    assert said in found.message


def test_a_proxy_of_a_kind_that_is_not_spoken_is_refused(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "config", "prod")
    data = yaml.safe_load(path.read_text())
    data["clusters"][0]["cluster"]["proxy-url"] = "socks4://127.0.0.1:1080"
    path.write_text(yaml.safe_dump(data))
    code, said, _ = code_of(ClusterSettings("prod", kubeconfig=str(path)))
    assert code == "OD603"
    assert "`socks4`" in said


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "ana", "password": "p:w"}, "Basic YW5hOnA6dw=="),
        ({"client-certificate": "a.crt", "username": None}, ""),
    ],
)
def test_what_a_kubeconfig_says_of_us_is_what_the_server_hears(tmp_path: Path, user: Any, header: str) -> None:
    server = find_server(ClusterSettings("prod", kubeconfig=str(kubeconfig(tmp_path, "config", "prod", user=user))))
    assert asyncio.run(login_of(server, ssl.create_default_context()).present()) == Pass(header)


def test_a_token_file_is_read_again_where_the_server_refuses_what_it_held(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "config", "prod", user={"tokenFile": "token"})
    server = find_server(ClusterSettings("prod", kubeconfig=str(path)))
    login = login_of(server, trust_of(server))
    file = tmp_path / "token"
    file.write_text("old\n")

    async def shown(refused: Pass | None = None) -> str:
        return (await login.present(refused)).authorization

    assert asyncio.run(shown()) == "Bearer old"
    file.write_text("new\n")
    assert asyncio.run(shown()) == "Bearer old"
    assert asyncio.run(shown(Pass("Bearer old"))) == "Bearer new"
    file.unlink()
    with pytest.raises(ClusterError) as caught:
        asyncio.run(shown(Pass("Bearer new")))
    assert caught.value.diagnostics[0].code.id == "OD603"


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ({"auth-provider": {"name": "gcp"}}, {}),
        ({}, {"server": "prod.example:6443"}),
        ({}, {"certificate-authority-data": "bm9uZQ=="}),
        ({"client-certificate-data": "bm9uZQ=="}, {}),
    ],
)
def test_what_cannot_be_used_of_a_kubeconfig_is_said(tmp_path: Path, user: Any, cluster: Any) -> None:
    path = kubeconfig(tmp_path, "config", "prod", user=user)
    data = yaml.safe_load(path.read_text())
    data["users"][0]["user"] = user
    data["clusters"][0]["cluster"] |= cluster
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(ClusterError) as caught:
        connect(find_server(ClusterSettings("prod", kubeconfig=str(path))), 1)
    assert caught.value.diagnostics[0].code.id == "OD603"
