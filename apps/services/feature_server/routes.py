"""The API: features of one symbol, or of many at once."""

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute
from featurestore import VIEW
from featurestore.rows import SYMBOL, TENANT
from servicekit.auth import ALL_TENANTS, Principal, problems

from feature_server.answers import FeatureAnswer, FeatureRequest, SymbolFeatures
from feature_server.store import Found, Store, StoreUnavailable

_PLAIN = re.compile(SYMBOL.removesuffix("$"))

AskedTenant = Annotated[
    str | None, Query(pattern=TENANT, description="Whose features; the caller's own tenant when absent.")
]


class Json(Response):
    """An answer that is JSON already: checking it field by field would take longer than reading the store."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def _plainly(plain: Callable[[Request], Awaitable[Response | None]]) -> type[APIRoute]:
    """A kind of route whose GET asks ``plain`` first, and is answered the usual way where that has no answer.

    Nearly every request is for one symbol and says nothing more. To find its parameters in the usual way, and to check
    them, would take longer than reading the store.
    """

    class PlainRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            usual = super().get_route_handler()
            if "GET" not in (self.methods or ()):
                return usual

            async def answer(request: Request) -> Response:
                return await plain(request) or await usual(request)

            return answer

    return PlainRoute


def features_router(store: Store, caller: Callable[..., Any]) -> APIRouter:
    """The routes; ``caller`` is the dependency that lets in who may read."""

    async def plain(request: Request) -> Response | None:
        symbol = request.path_params["symbol"]
        if request.scope["query_string"] or not _PLAIN.fullmatch(symbol):
            return None
        return await one(symbol, await caller(request))

    router = APIRouter(prefix="/v1", tags=["features"], route_class=_plainly(plain))

    @router.get(
        "/features/{symbol}",
        summary="Features of one symbol",
        response_model=SymbolFeatures,
        responses=problems(404, 422),
    )
    async def one(
        symbol: Annotated[str, Path(pattern=SYMBOL, description="The symbol.", examples=["WTI"])],
        principal: Annotated[Principal, Depends(caller)],
        tenant: AskedTenant = None,
    ) -> Response:
        found = await _read(store, tenant_of(principal, tenant), [symbol])
        if not found:
            raise HTTPException(404, f"There are no features of {symbol}.")
        return Json({"view": VIEW, **_freshness(found[0]), "features": found[0].row.values})

    @router.post(
        "/features",
        summary="Features of many symbols",
        response_model=FeatureAnswer,
        responses=problems(400, 413, 422),
    )
    async def many(
        request: FeatureRequest,
        principal: Annotated[Principal, Depends(caller)],
        tenant: AskedTenant = None,
    ) -> Response:
        symbols = list(dict.fromkeys(request.symbols))
        return Json(answer(symbols, await _read(store, tenant_of(principal, tenant), symbols)))

    return router


def tenant_of(principal: Principal, asked: str | None) -> str:
    """Whose features a caller reads.

    Raises:
        HTTPException: 403 where they are another's; 422 where the caller has several tenants and names none.
    """
    if asked is not None:
        if not principal.may_see(asked):
            raise HTTPException(403, f"The token is not for the tenant {asked}.")
        return asked
    if principal.sees_all_tenants:
        return ALL_TENANTS
    if len(principal.tenants) == 1:
        return next(iter(principal.tenants))
    if not principal.tenants:
        raise HTTPException(403, "The token is for no tenant.")
    raise HTTPException(422, f"Name one of your tenants ({', '.join(sorted(principal.tenants))}) as `tenant`.")


def answer(symbols: list[str], found: list[Found]) -> dict[str, Any]:
    """The answer to a request of many; the rows are all of the same features."""
    names = list(found[0].row.values) if found else []
    rows = [{**_freshness(one), "values": [one.row.values[name] for name in names]} for one in found]
    there = {one.symbol for one in found}
    missing = [symbol for symbol in symbols if symbol not in there]
    return {"view": VIEW, "names": names, "rows": rows, "missing": missing}


def _freshness(found: Found) -> dict[str, Any]:
    return {
        "symbol": found.symbol,
        "day": found.row.day,
        "as_of": found.row.as_of,
        "age_seconds": found.age_seconds,
        "stale": found.stale,
    }


async def _read(store: Store, tenant: str, symbols: list[str]) -> list[Found]:
    try:
        return await store.read(tenant, symbols)
    except StoreUnavailable as error:
        raise HTTPException(
            503, f"The features cannot be read right now: {error}.", headers={"Retry-After": "1"}
        ) from error
    except ValueError as error:
        # A token may carry any text as its tenant.
        raise HTTPException(403, f"The token's tenant cannot have features: {error}.") from error
