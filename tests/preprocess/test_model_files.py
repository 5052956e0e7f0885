"""Model files are downloaded once, resumed, checked, and never half there; from a server of this machine."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from beavervision.errors import DependencyError, StorageError
from beavervision.preprocess.perception_networks import download as downloading
from beavervision.preprocess.perception_networks.download import download
from beavervision.preprocess.perception_networks.model_files import (
    MODEL_FILES,
    VARIABLE,
    ModelFile,
    model_folder,
)
from beavervision.preprocess.perception_networks.selection import model_path

CONTENT = bytes(range(256)) * 2000


class Host(BaseHTTPRequestHandler):
    """Serves CONTENT; its behaviour is an attribute of the server."""

    def do_GET(self):  # http.server calls it so
        self.server.asked.append(self.headers["Range"])
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if self.path == "/missing":
            self.send_error(404)
            return
        content = b"<html>sign in</html>" * 30_000 if self.path == "/page" else CONTENT
        ranges = self.path != "/whole"
        part = content[start:] if ranges else content
        self.send_response(206 if ranges else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        # A connection that breaks off: the first one sends half of what was promised.
        broken = self.path == "/breaks" and len(self.server.asked) == 1
        self.wfile.write(part[: len(part) // 2] if broken else part)

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def file_at(host, path):
    url = f"http://127.0.0.1:{host.server_address[1]}{path}"
    return ModelFile("face.task", "faces", url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def test_a_file_is_downloaded_once(host, tmp_path, capsys):
    file = file_at(host, "/model")
    path = download(file, tmp_path / "models")
    assert path.read_bytes() == CONTENT
    assert download(file, path.parent) == path
    assert host.asked == ["bytes=0-"]
    assert {p.name for p in path.parent.iterdir()} <= {"face.task", ".face.task.lock"}
    assert "face.task" in capsys.readouterr().out


def test_a_broken_connection_is_resumed_where_it_broke(host, tmp_path):
    assert download(file_at(host, "/breaks"), tmp_path).read_bytes() == CONTENT
    assert host.asked == ["bytes=0-", f"bytes={len(CONTENT) // 2}-"]


@pytest.mark.parametrize(("path", "first"), [("/model", "bytes=1000-"), ("/whole", "bytes=1000-")])
def test_an_interrupted_download_is_resumed_or_begins_again(host, tmp_path, path, first):
    (tmp_path / "face.task.part").write_bytes(CONTENT[:1000])
    assert download(file_at(host, path), tmp_path).read_bytes() == CONTENT
    assert host.asked == [first]


def test_another_file_is_refused_and_leaves_nothing(host, tmp_path):
    with pytest.raises(DependencyError, match=r"sent a file with SHA-256 \w{12}\.\. instead of .*put the right face"):
        download(file_at(host, "/page"), tmp_path)
    assert [p.name for p in tmp_path.glob("face*")] == []


def test_a_host_that_lacks_it_is_one_sentence(host, tmp_path):
    with pytest.raises(DependencyError, match=rf"HTTP 404 .*put it into .*or set {VARIABLE}") as caught:
        download(file_at(host, "/missing"), tmp_path)
    assert "\n" not in str(caught.value)


def test_no_network_is_one_sentence(tmp_path, monkeypatch):
    file = ModelFile("face.task", "faces", "http://127.0.0.1:9/model", "0" * 64, 10)
    with pytest.raises(DependencyError, match=r"face\.task \(faces, 0\.0 MB\) cannot be downloaded .*refused"):
        download(file, tmp_path)


def test_a_folder_that_cannot_be_made_is_one_sentence(host, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match=f"choose another {VARIABLE}"):
        download(file_at(host, "/model"), tmp_path / "taken")


def test_two_at_once_download_once(host, tmp_path):
    file = file_at(host, "/model")
    both = [threading.Thread(target=download, args=(file, tmp_path)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert (tmp_path / "face.task").read_bytes() == CONTENT
    assert len(host.asked) == 1


def test_the_users_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert model_folder() == tmp_path
    (tmp_path / MODEL_FILES[0].name).write_bytes(b"mine")
    monkeypatch.setattr(downloading, "_fetch", None)  # a download would fail
    assert model_path(MODEL_FILES[0]).read_bytes() == b"mine"
    monkeypatch.delenv(VARIABLE)
    assert model_folder().name == "models"


def test_every_file_is_pinned():
    assert len({file.name for file in MODEL_FILES}) == len(MODEL_FILES) == 5
    for file in MODEL_FILES:
        assert file.url.startswith("https://")
        assert file.url.endswith(f"/1/{file.name}")
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.size > 100_000
