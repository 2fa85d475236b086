"""Two questions to the API server in which "not found" is an answer and no error."""

from __future__ import annotations

from sandbox.control_plane.api_client import ApiClient, ApiError

_NOT_FOUND = 404


def exists(client: ApiClient, path: str) -> bool:
    """Whether there is an object.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    try:
        client.get(path)
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    return True


def delete(client: ApiClient, path: str) -> None:
    """Delete an object, if it is still there.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    try:
        client.request("DELETE", path)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
