"""The routes of the price model."""

import random
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException
from fastapi.exceptions import RequestValidationError
from pricemodel import MODEL_NAME
from pricemodel.registry import CHALLENGER, CHAMPION
from servicekit.auth import Principal, problems

from model_server.api import (
    MOST_EXPLAINED,
    FailureInfo,
    ModelInfo,
    PredictRequest,
    PredictResponse,
    TrafficInfo,
    VersionInfo,
)
from model_server.keeper import Keeper, Loaded
from model_server.predicting import InputError, Predictor
from model_server.settings import TrafficSettings
from model_server.traffic import assign

Caller = Callable[..., Any]


def model_router(
    keeper: Keeper,
    predictor: Predictor,
    caller: Caller,
    traffic: TrafficSettings,
    draw: Callable[[], float] = random.random,
) -> APIRouter:
    """The routes.

    Args:
        keeper: holds the versions in service.
        predictor: answers.
        caller: dependency that lets in who may ask.
        traffic: how inputs are shared out.
        draw: draws evenly from 0 to 1.
    """
    router = APIRouter(prefix=f"/v1/models/{MODEL_NAME}", tags=["model"])

    @router.post("/predict", summary="Predict next prices", responses=problems(400, 413, 422))
    async def predict(
        request: PredictRequest,
        _caller: Annotated[Principal, Depends(caller)],
        x_assignment_key: Annotated[
            str | None, Header(max_length=128, description="Key that A/B goes by; the symbol when absent.")
        ] = None,
    ) -> PredictResponse:
        if request.explain and len(request.inputs) > MOST_EXPLAINED:
            raise _invalid(
                ("inputs",), f"{len(request.inputs)} inputs; at most {MOST_EXPLAINED} can be explained at once"
            )
        serving = keeper.serving
        if serving.champion is None:
            raise HTTPException(503, "No version of the model is in service yet.", headers={"Retry-After": "5"})
        variants = assign(
            traffic,
            [one.symbol for one in request.inputs],
            key=x_assignment_key,
            draw=draw(),
            has_challenger=serving.challenger is not None,
        )
        try:
            return await predictor.answer(serving, request.inputs, variants, explain=request.explain)
        except InputError as error:
            raise _invalid(("inputs", error.place, *error.field.split(".")), error.reason) from error

    @router.get("", summary="Versions in service, and how inputs are shared out", responses=problems())
    async def describe(_caller: Annotated[Principal, Depends(caller)]) -> ModelInfo:
        serving = keeper.serving
        held = ((CHAMPION, serving.champion), (CHALLENGER, serving.challenger))
        return ModelInfo(
            versions=[_version(alias, loaded) for alias, loaded in held if loaded is not None],
            traffic=TrafficInfo(
                champion_percent=100 - traffic.canary_percent - traffic.ab_percent,
                canary_percent=traffic.canary_percent,
                ab_percent=traffic.ab_percent,
                shadow=traffic.shadow,
            ),
            failures=[
                FailureInfo(alias=one.alias, version=one.version, reason=one.reason, at=one.at)
                for one in keeper.failures.values()
            ],
        )

    return router


def _version(alias: str, loaded: Loaded) -> VersionInfo:
    facts = loaded.model.facts
    return VersionInfo(
        alias=alias,
        version=loaded.version,
        since=loaded.since,
        symbols=list(facts.symbols),
        trained_until=dict(facts.trained_until),
        training_data_sha256=facts.training_data_sha256,
    )


def _invalid(location: tuple[str | int, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", *location), "msg": message, "type": "value_error"}])
