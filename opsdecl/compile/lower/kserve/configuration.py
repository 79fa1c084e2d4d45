"""What KServe looks for before it makes groups of pods, in the Environment's name."""

from collections.abc import Iterable, Mapping

from opsdecl.addr import MAIN, Address, ObjectKey, SpecAddress
from opsdecl.compile.lower.labels import environment_labels
from opsdecl.compile.lower.resources import token_of
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.rollout import nodes_of
from opsdecl.compile.types import CompiledDocument, Resource

API_VERSION, KIND = "serving.kserve.io/v1alpha2", "LLMInferenceServiceConfig"
NAME = "kserve-config-llm-worker-pipeline-parallel"
"""What 0.20 puts below the pods of a replica over nodes, and does not ship; it looks in the model's namespace first. It
says nothing, so that pods are as they are rendered."""


def joins_nodes(environment: CompiledDocument) -> bool:
    """Whether KServe is to make groups, which LeaderWorkerSet has to be there for."""
    platform = environment.model.spec.platform
    return bool(platform.serving == "kserve" and platform.multi_node != "none")


def spans_nodes(document: CompiledDocument) -> bool:
    spec = document.effective["spec"]
    return document.address.kind == "LLM" and nodes_of(spec.get("accelerator")) > 1 and not spec.get(PREFILL)


def grouped_in(environment: CompiledDocument, documents: Mapping[SpecAddress, CompiledDocument]) -> tuple[str, ...]:
    """Namespaces of models whose replicas KServe spreads over nodes, sorted."""
    spanning = (d for d in documents.values() if spans_nodes(d)) if joins_nodes(environment) else ()
    return tuple(sorted({str(document.effective["metadata"]["namespace"]) for document in spanning}))


def configurations(environment: CompiledDocument, project: str, namespaces: Iterable[str]) -> tuple[Resource, ...]:
    labels = environment_labels(environment, project)
    return tuple(
        Resource(
            address=configuration_of(environment.address.name, namespace),
            token=token_of(API_VERSION, KIND),
            key=ObjectKey(API_VERSION, KIND, namespace, NAME),
            inputs={"metadata": {"labels": labels}},
        )
        for namespace in namespaces
    )


def configuration_of(environment: str, namespace: str) -> Address:
    return Address(SpecAddress("Environment", environment), MAIN, f"serving-config.{namespace}")
