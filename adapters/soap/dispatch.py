"""spyne's part: which operation a proven document belongs to, and the call of its service method.

spyne is handed the proven tree and gives back finished bytes; it never parses and never serialises
(its own input stage resolves ``href``, ignores ``mustUnderstand`` and lets exceptions escape).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from adapters.soap.contract import Operation, ServiceContract
from adapters.soap.spyne_shim import load_spyne

load_spyne()

from spyne import Application, MethodContext, ServiceBase, rpc  # noqa: E402
from spyne.model.primitive import AnyXml  # noqa: E402
from spyne.protocol.soap import Soap11, Soap12  # noqa: E402
from spyne.server import ServerBase  # noqa: E402

# What has no operation of its own still goes the common way, so that its refusal is typed and journaled.
_UNDECLARED = "ohneOperation"


class DispatchError(Exception):
    """spyne ended a call with a fault of its own: a programming error, never a refusal."""


@dataclass(slots=True)
class Call:
    """One proven request on its way through spyne.

    `element` is the root of the proven document, `request` the Clark name the contract has for it, whatever
    version of the standard it is written in; `process` the core's way for it, called by the service
    method with the operation (None if the contract declares none for this root); `finish` turns what
    `process` returned into the Body's child as bytes.
    """

    element: etree._Element
    request: str
    process: Callable[[Operation | None], Any]
    finish: Callable[[Any, Operation | None], bytes]
    failure: Exception | None = None


class _ProvenTree:
    """Mixed into spyne's SOAP protocols: the proven tree in, our finished bytes out."""

    def set_app(self, app: Any) -> None:
        super().set_app(app)  # type: ignore[misc]
        if app is None:  # spyne's constructor calls it once without an application
            return
        methods = list(app.interface.method_id_map.values())
        self._by_request = {m.udd.operation.request: m for m in methods if m.udd.operation is not None}
        (self._undeclared,) = [m for m in methods if m.udd.operation is None]

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002
        ctx.in_document = ctx.udc.element

    def decompose_incoming_envelope(self, ctx: Any, message: str = "request") -> None:  # noqa: ARG002
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.udc.request

    def generate_method_contexts(self, ctx: Any) -> list[Any]:
        # One method per root element: the context at hand serves, no copy of it is needed.
        ctx.descriptor = self._by_request.get(ctx.method_request_string, self._undeclared)
        return [ctx]

    def deserialize(self, ctx: Any, message: str) -> None:  # noqa: ARG002
        ctx.in_object = ctx.in_body_doc

    def serialize(self, ctx: Any, message: str) -> None:  # noqa: ARG002
        if ctx.udc.failure is not None:
            raise ctx.udc.failure
        if ctx.out_error is not None:
            raise DispatchError(str(ctx.out_error.faultcode)) from ctx.out_error
        ctx.out_document = ctx.udc.finish(ctx.out_object[0], ctx.descriptor.udd.operation)

    def create_out_string(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002
        ctx.out_string = [ctx.out_document]


class _Proven11(_ProvenTree, Soap11):  # type: ignore[misc]
    pass


class _Proven12(_ProvenTree, Soap12):  # type: ignore[misc]
    pass


class _DoorServer(ServerBase):  # type: ignore[misc]
    transport = "urn:inge-gateway:transport:asgi"


class Dispatcher:
    """The contract's operations as spyne services, one application per SOAP version."""

    def __init__(self, contract: ServiceContract) -> None:
        service = _service(contract)
        self._servers: Mapping[str, Any] = {
            "1.1": _DoorServer(_application(contract, service, _Proven11)),
            "1.2": _DoorServer(_application(contract, service, _Proven12)),
        }

    def dispatch(self, soap_version: str, call: Call) -> bytes:
        """Find the operation of a proven document, call it, return the Body's child as bytes.

        `soap_version` is "1.1" or "1.2". What `call.process` or `call.finish` raises comes through as it is;
        DispatchError is raised when spyne itself fails.
        """
        server = self._servers[soap_version]
        initial = MethodContext(server, MethodContext.SERVER)
        initial.udc = call
        context = server.generate_contexts(initial)[0]
        if context.in_error is not None:
            raise DispatchError(str(context.in_error.faultcode)) from context.in_error
        server.get_in_object(context)
        server.get_out_object(context)
        server.get_out_string(context)
        finished: bytes = context.out_string[0]
        return finished


@cache
def dispatcher_of(contract: ServiceContract) -> Dispatcher:
    """Return the one dispatcher of a contract: spyne keeps every application it has seen."""
    return Dispatcher(contract)


def _service(contract: ServiceContract) -> Any:
    methods = {operation.name: _method(operation.name, operation) for operation in contract.operations}
    methods[_UNDECLARED] = _method(_UNDECLARED, None)
    return type("InGeDienst", (ServiceBase,), methods)


def _method(name: str, operation: Operation | None) -> Any:
    def call(ctx: Any, _document: Any) -> Any:
        try:
            return ctx.udc.process(operation)
        except Exception as error:  # noqa: BLE001 - raised again by `serialize`
            # spyne would log its text and trace, which may name a person.
            ctx.udc.failure = error
            return None

    call.__name__ = name
    return rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=name,
        _out_message_name=f"{name}Antwort",
        _udd={"operation": operation},
    )(call)


def _application(contract: ServiceContract, service: Any, protocol: Any) -> Any:
    return Application([service], contract.target_namespace, in_protocol=protocol(), out_protocol=protocol())
