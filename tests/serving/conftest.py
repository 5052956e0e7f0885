"""One real server for the tests of a file."""

import pytest

pytest.importorskip("fastapi", reason="needs the extra [serve]")
pytest.importorskip("uvicorn", reason="needs the extra [serve]")
pytest.importorskip("websockets", reason="needs the extra [serve]")

from live_server import LampLibrary, parts, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    library = LampLibrary(("lamp", "me"))
    with running(parts(tmp_path_factory.mktemp("serve") / "private", library=library)) as found:
        yield found


@pytest.fixture(scope="module")
def address(server):
    return server[0]
