"""The operations of health checks and metrics in the OpenAPI document."""

from openapi_pydantic.v3.v3_1 import MediaType, Operation, PathItem, Response, Schema

from inkdigits.api import schemas
from inkdigits.api.openapi_parts import headers, problem, responses

HEALTH = "health"


def health_paths() -> dict[str, PathItem]:
    """Describe the operations by path."""
    return {
        "/healthz": PathItem(
            get=Operation(
                operationId="getLiveness",
                tags=[HEALTH],
                summary="Check whether the service is alive",
                responses=responses(schemas.Health),
            )
        ),
        "/readyz": PathItem(
            get=Operation(
                operationId="getReadiness",
                tags=[HEALTH],
                summary="Check whether the service accepts requests",
                responses=responses(schemas.Health)
                | {"503": problem(503, "The service is shutting down.")},
            )
        ),
        "/metrics": PathItem(
            get=Operation(
                operationId="getMetrics",
                tags=[HEALTH],
                summary="Get metrics for Prometheus",
                responses={
                    "200": Response(
                        description="OK",
                        headers=headers(),
                        content={"text/plain": MediaType(media_type_schema=Schema(type="string"))},
                    )
                },
            )
        ),
    }
