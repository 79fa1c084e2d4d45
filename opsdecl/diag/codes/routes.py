"""OD38x: requests from outside, and the models that they reach."""

from opsdecl.diag.types import Code, Severity

SHARES_DO_NOT_ADD_UP = Code(
    "OD380",
    "Shares that do not make 100",
    "The weights of a Route's backends are shares of its requests in percent. Where they make more or less than 100, "
    "or one of several has none, what a reviewer reads is not what happens: a gateway divides by whatever the sum "
    "is.\n\n"
    "Give each backend a weight, so that all of them make 100.",
    "backends:\n  - {llm: chat, weight: 90}\n  - {llm: chat-next, weight: 20}",
)
ROUTE_CLAIMED_TWICE = Code(
    "OD381",
    "Two Routes for the same requests",
    "Both take requests of the same host name and path at the same listener, or rewrite the same model name of the "
    "same pool. A gateway lets the older object win, so which model answers depends on the order in which they were "
    "made.\n\n"
    "Put the backends of both into one Route, or give one of them another host name or path.",
    "kind: Route\nspec: {hostnames: [chat.example.com], …}   # in two documents",
)
GATEWAY_NOT_DECLARED = Code(
    "OD382",
    "A Gateway of which nothing is known",
    "The Gateway is an object that others keep. Nothing in these files says that it exists, which listeners it has, "
    "or where its requests come from, so none of that was checked. Where the Gateway or the listener is missing, or "
    "lets this namespace not in, the cluster takes the Route and sends it no request.\n\n"
    "Declare it in `gateways` of the Environment, with its namespace and listeners.",
    "gateways:\n  public: {namespace: gateways, listeners: [https]}",
    Severity.NOTE,
)
LISTENER_UNKNOWN = Code(
    "OD383",
    "A listener that the Gateway does not have",
    "`gateways` of the Environment lists the listeners of this Gateway, or says in which namespace it is, and the "
    "Route names something else. The cluster would take the Route and send it no request.\n\n"
    "Use a listener of the Gateway, or add it to `gateways`.",
    "gateway: {name: public, listener: htps}",
)
BACKEND_ELSEWHERE = Code(
    "OD384",
    "A model in another namespace than its Route",
    "A Route reaches Services of its own namespace. To one of another namespace it needs a ReferenceGrant there, "
    "which opsdecl does not make, and pools of the inference extension are never reached from elsewhere.\n\n"
    "Set metadata.namespace of the Route to that of its models.",
    "kind: Route\nmetadata: {name: chat, namespace: edge}\nspec: {backends: [{llm: chat}]}   # chat is in assist",
)
ADAPTER_NOT_LOADED = Code(
    "OD385",
    "An adapter that the model does not load",
    "The Route sends requests to an adapter by its name, and the language model does not list it among its "
    "`adapters`, so the engine would answer that there is no such model.\n\n"
    "Add the adapter to the model, or remove the backend.",
    "backends:\n  - {llm: chat, adapter: contracts, weight: 10}   # LLM.chat has no adapters",
)

CODES: tuple[Code, ...] = (
    SHARES_DO_NOT_ADD_UP,
    ROUTE_CLAIMED_TWICE,
    GATEWAY_NOT_DECLARED,
    LISTENER_UNKNOWN,
    BACKEND_ELSEWHERE,
    ADAPTER_NOT_LOADED,
)
