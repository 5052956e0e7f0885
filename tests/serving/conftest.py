"""One real server for the tests of a file."""

import pytest

pytest.importorskip("fastapi", reason="needs the extra [serve]")
pytest.importorskip("uvicorn", reason="needs the extra [serve]")
pytest.importorskip("websockets", reason="needs the extra [serve]")

from live_server import parts, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(parts(tmp_path_factory.mktemp("serve") / "private")) as found:
        yield found


@pytest.fixture(scope="module")
def address(server):
    return server[0]
