"""A card -> the `modelCard` of CycloneDX, as plain data in the order that its XML schema demands."""

from typing import Any

from opsdecl.transparency.types import Measurement, ModelCard, Statements, Training, Weights


def model_card(card: ModelCard) -> dict[str, Any]:
    """Of a document: what is declared of it, and the shape of its weights."""
    said, weights = card.statements, card.composition.weights
    parameters = {"task": said.task, **_shape(weights), "datasets": [_dataset(data) for data in said.training_data]}
    if said.task == "text-generation":
        parameters |= {"inputs": [{"format": "string"}], "outputs": [{"format": "string"}]}
    return _known(
        {
            "modelParameters": _known(parameters),
            "quantitativeAnalysis": _known({"performanceMetrics": [_metric(each) for each in said.evaluations]}),
            "considerations": _considerations(said),
            "properties": [{"name": "opsdecl:riskClass", "value": said.risk_class}] if said.risk_class else [],
        }
    )


def weights_card(weights: Weights | None) -> dict[str, Any]:
    """Of weights that somebody else made: their shape is all that is known."""
    return _known({"modelParameters": _known(_shape(weights))})


def _shape(weights: Weights | None) -> dict[str, str]:
    return {"modelArchitecture": weights.architecture} if weights is not None else {}


def _dataset(data: Training) -> dict[str, Any]:
    personal = data.personal_data if data.personal_data != "none" else ""
    told = " ".join(part for part in (data.description, f"Licence: {data.license}." if data.license else "") if part)
    return _known(
        {
            "type": "dataset",
            "name": data.name,
            "contents": {"url": data.uri} if data.uri else {},
            "sensitiveData": [f"personal data: {personal}"] if personal else [],
            "description": told,
        }
    )


def _metric(each: Measurement) -> dict[str, str]:
    part = f"{each.dataset}, {each.split}" if each.split else each.dataset
    return {"type": each.metric, "value": str(each.value), "slice": part}


def _considerations(said: Statements) -> dict[str, Any]:
    outside = f"Out of scope: {said.out_of_scope}" if said.out_of_scope else ""
    ethical = [_known({"name": e.risk, "mitigationStrategy": e.mitigation}) for e in said.ethical_considerations]
    return _known(
        {
            "users": list(said.users),
            "useCases": [said.intended_use] if said.intended_use else [],
            "technicalLimitations": [text for text in (said.limitations, outside) if text],
            "ethicalConsiderations": ethical,
        }
    )


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
