"""Queues of an environment, in the Environment's name: what each namespace may use of which pool, for Kueue to count.

A flavour is a pool. CPU and memory are counted over all pools, GPUs pool by pool: a GPU is of one make.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.addr import MAIN, Address, ObjectKey
from opsdecl.catalog.types import Catalog
from opsdecl.compile.lower.labels import environment_labels
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.accelerators import DEFAULT_RESOURCE
from opsdecl.compile.lower.resources import token_of
from opsdecl.compile.lower.subject import traced
from opsdecl.compile.queues import gpus_by_pool, owns_queues
from opsdecl.compile.types import CompiledDocument, Resource, Traced
from opsdecl.spec.kinds.environment import EnvironmentSpec, Pool, Quota

API_VERSION = "kueue.x-k8s.io/v1beta2"
ANY = "any"
"""Flavour of what is counted over all pools. No pool can have this name: it has no label of one."""
_POOLS = ("spec", "capacity", "pools")
_QUOTAS = ("spec", "capacity", "quotas")


def queues(environment: CompiledDocument, project: str, catalog: Catalog) -> tuple[Resource, ...]:
    """Flavours, and for each quota a queue of the cluster and one of its namespace. Nothing where the environment does
    not own what lies outside namespaces."""
    spec: EnvironmentSpec = environment.model.spec
    if not owns_queues(spec):
        return ()
    prefix = f"{project}-{environment.address.name}"
    made = [_flavor(environment, project, prefix, ANY, Pool(nodes=0))]
    made += [
        _flavor(environment, project, prefix, name, pool) for name, pool in spec.capacity.pools.items() if pool.gpu
    ]
    for namespace, quota in spec.capacity.quotas.items():
        made += _of_namespace(environment, project, prefix, namespace, quota, catalog)
    return tuple(made)


def _of_namespace(
    environment: CompiledDocument, project: str, prefix: str, namespace: str, quota: Quota, catalog: Catalog
) -> Iterator[Resource]:
    spec: EnvironmentSpec = environment.model.spec
    cluster_queue = object_name(prefix, namespace)
    named = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    groups = [*_groups(prefix, namespace, quota, spec.capacity.pools, catalog)]
    body = {"namespaceSelector": named, "resourceGroups": groups}
    flavors = tuple(_address(environment, f"flavor.{name}") for name in (ANY, *gpus_by_pool(spec, quota)))
    yield _object(environment, project, f"cluster-queue.{namespace}", "ClusterQueue", "", cluster_queue, body, flavors)
    local = {"clusterQueue": cluster_queue}
    needs = (_address(environment, f"cluster-queue.{namespace}"),)
    yield _object(environment, project, f"queue.{namespace}", "LocalQueue", namespace, quota.queue, local, needs)


def _groups(
    prefix: str, namespace: str, quota: Quota, pools: Mapping[str, Pool], catalog: Catalog
) -> Iterator[dict[str, Any]]:
    """Each flavour stands in one group, which names the same resources for all of its flavours."""
    path = (*_QUOTAS, namespace)
    counted = {"cpu": quota.cpu, "memory": quota.memory}
    amounts = {name: traced(amount.text, *path, name) for name, amount in counted.items() if amount is not None}
    if amounts:
        yield _group({object_name(prefix, ANY): amounts})
    by_resource: dict[str, dict[str, dict[str, Any]]] = {}
    for name, count in _gpus(namespace, quota, pools):
        facts = catalog.gpu(str(pools[name].gpu))
        resource = facts.resource if facts else DEFAULT_RESOURCE
        by_resource.setdefault(resource, {})[object_name(prefix, name)] = {resource: count}
    for _, flavors in sorted(by_resource.items()):
        yield _group(flavors)


def _gpus(namespace: str, quota: Quota, pools: Mapping[str, Pool]) -> Iterator[tuple[str, Traced]]:
    for name, pool in pools.items():
        if pool.gpu and name in quota.pools:
            yield name, traced(str(quota.pools[name]), *_QUOTAS, namespace, "pools", name)
        elif pool.gpu and not quota.pools:
            yield name, traced(str(quota.gpus or 0), *_QUOTAS, namespace, "gpus")


def _group(flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    covered = [*next(iter(flavors.values()))]
    return {
        "coveredResources": covered,
        "flavors": [
            {"name": name, "resources": [{"name": each, "nominalQuota": amounts[each]} for each in covered]}
            for name, amounts in flavors.items()
        ],
    }


def _flavor(environment: CompiledDocument, project: str, prefix: str, name: str, pool: Pool) -> Resource:
    path = (*_POOLS, name)
    labels = {key: traced(value, *path, "labels", key) for key, value in pool.labels.items()}
    rows = [
        Traced(
            {"key": each.key, "operator": each.operator, "value": each.value, "effect": each.effect},
            (*path, "tolerations", at),
        )
        for at, each in enumerate(pool.tolerations)
    ]
    body = {"nodeLabels": labels or None, "tolerations": rows or None}
    return _object(environment, project, f"flavor.{name}", "ResourceFlavor", "", object_name(prefix, name), body, ())


def _object(
    environment: CompiledDocument,
    project: str,
    role: str,
    kind: str,
    namespace: str,
    name: str,
    body: Mapping[str, Any],
    needs: tuple[Address, ...],
) -> Resource:
    return Resource(
        address=_address(environment, role),
        token=token_of(API_VERSION, kind),
        key=ObjectKey(API_VERSION, kind, namespace, name),
        inputs={"metadata": {"labels": environment_labels(environment, project)}, "spec": dict(body)},
        depends_on=needs,
    )


def _address(environment: CompiledDocument, role: str) -> Address:
    return Address(environment.address, MAIN, role)
