"""Films as jobs: ordered, made, fetched, cancelled, and there again after a restart."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time

import httpx
import pytest
from live_server import parts, quick_film, running

from beavervision.errors import AudioError
from beavervision.serving.film_job import RECORD
from beavervision.serving.film_queue import FilmQueue, QueueFullError
from beavervision.serving.tokens import TokenFile, add_token


def wait(ask, state, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := ask())["state"] == state:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{found} never became {state}")


def test_a_film_is_ordered_made_and_fetched(address):
    with httpx.Client(base_url=f"http://{address}") as client:
        answer = client.post("/v1/films?avatar=lamp", content=b"hello")
        assert answer.status_code == 202
        job = answer.json()
        done = wait(lambda: client.get(f"/v1/films/{job['id']}").json(), "done")
        assert done["progress"] == 1.0
        assert client.get(done["film"]).content == b"film of hello"
        assert job["id"] in [one["id"] for one in client.get("/v1/films").json()]
        assert client.delete(f"/v1/films/{job['id']}").status_code == 204
        assert client.get(f"/v1/films/{job['id']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v1/films?avatar=nobody", b"x", 404),
        ("/v1/films?avatar=..%2Flamp", b"x", 404),
        ("/v1/films?avatar=lamp&mode=fly", b"x", 400),
        ("/v1/films?avatar=lamp", b"", 413),
        ("/v1/films?avatar=lamp", b"x" * 100_001, 413),
        ("/v1/films", b"x", 422),
    ],
)
def test_orders_that_cannot_be_met(address, path, content, status):
    answer = httpx.post(f"http://{address}{path}", content=content)
    assert answer.status_code == status
    assert "tmp" not in answer.text


@pytest.mark.parametrize("name", ["0" * 32, "..", "%2e%2e%2f%2e%2e", "x" * 500])
def test_ids_that_are_none(address, name):
    assert httpx.get(f"http://{address}/v1/films/{name}").status_code in (404, 405)
    assert httpx.get(f"http://{address}/v1/films/{name}/film").status_code in (404, 405)


async def pieces(content: bytes):
    yield content


def order(queue, client="anna", content=b"hello"):
    return asyncio.run(queue.order(client, "lamp", "dub", pieces(content)))


def queue_in(folder, make=quick_film, most=10, keep=3600.0):
    return FilmQueue(folder, make, most, 1000, keep)


def test_the_queue_survives_a_restart_and_a_running_film_is_made_again(tmp_path):
    begun, calls = threading.Event(), []

    def endless(job, speech, out, report, stop):
        calls.append(job.id)
        report(3, 10)
        begun.set()
        while not stop():
            time.sleep(0.01)
        return False

    first = queue_in(tmp_path, endless)
    jobs = [order(first, content=bytes([65 + i])) for i in range(3)]
    first.start()
    assert begun.wait(10)
    assert first.count("running") == 1
    first.stop()
    second = queue_in(tmp_path)
    assert second.count("queued") == 3
    second.start()
    for index, job in enumerate(jobs):
        wait(lambda job=job: second.job("anna", job.id).public, "done")
        assert second.film(second.job("anna", job.id)).read_bytes() == b"film of " + bytes([65 + index])
    assert calls == [jobs[0].id]
    second.stop()


def test_a_kill_leaves_a_queue_that_is_whole(tmp_path):
    first = queue_in(tmp_path)
    kept, broken, running_one = order(first), order(first), order(first)
    (tmp_path / "films" / broken.id / RECORD).write_text('{"id": ')
    record = json.loads((tmp_path / "films" / running_one.id / RECORD).read_text())
    (tmp_path / "films" / running_one.id / RECORD).write_text(json.dumps({**record, "state": "running"}))
    (tmp_path / "uploads" / "half").mkdir()
    again = queue_in(tmp_path)
    assert {job.id for job in again.jobs("anna")} == {kept.id, running_one.id}
    assert again.count("queued") == 2
    assert not list((tmp_path / "uploads").iterdir())


def test_films_of_others_are_not_there(tmp_path):
    queue = queue_in(tmp_path)
    job = order(queue)
    assert queue.job("bob", job.id) is None
    assert queue.jobs("bob") == []


def test_waiting_and_running_films_can_be_cancelled(tmp_path):
    begun = threading.Event()

    def endless(job, speech, out, report, stop):
        begun.set()
        while not stop():
            time.sleep(0.01)
        return False

    queue = queue_in(tmp_path, endless)
    first, second = order(queue), order(queue)
    queue.start()
    assert begun.wait(10)
    queue.cancel(queue.job("anna", second.id))
    queue.cancel(queue.job("anna", first.id))
    for job in (first, second):
        assert queue.job("anna", job.id).state == "cancelled"
        wait(lambda job=job: {"state": str((tmp_path / "films" / job.id / "speech").exists())}, "False")
    queue.stop()


def test_a_film_that_fails_says_why_without_folders(tmp_path):
    def fails(job, speech, out, report, stop):
        raise AudioError(f"{speech} is silent from end to end; name a file with speech in it.")

    def breaks(job, speech, out, report, stop):
        raise ZeroDivisionError("secret")

    for make, error in ((fails, "speech is silent"), (breaks, "internal error")):
        queue = queue_in(tmp_path / make.__name__, make)
        job = order(queue)
        queue.start()
        found = wait(lambda q=queue, j=job: q.job("anna", j.id).public, "failed")
        assert error in found["error"]
        assert "/" not in found["error"]
        assert "secret" not in found["error"]
        queue.stop()


def test_the_queue_is_private_limited_and_films_expire(tmp_path):
    queue = queue_in(tmp_path / "private", most=2, keep=0.0)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    order(queue)
    order(queue)
    with pytest.raises(QueueFullError):
        order(queue)
    queue.start()
    end = time.monotonic() + 10
    while queue.jobs("anna") and time.monotonic() < end:
        with queue._changed:
            queue._changed.notify_all()
        time.sleep(0.02)
    assert not list((tmp_path / "private/films").iterdir())
    queue.stop()


def test_tokens_and_rates(tmp_path):
    token = add_token(tmp_path / "tokens.yaml", "anna")
    assert token not in (tmp_path / "tokens.yaml").read_text()
    tokens = TokenFile.read(tmp_path / "tokens.yaml")
    with running(parts(tmp_path / "private", tokens=tokens, per_minute=20)) as (address, _):
        assert httpx.get(f"http://{address}/healthz").text == "ok"
        assert httpx.get(f"http://{address}/v1/avatars").status_code == 401
        assert httpx.get(f"http://{address}/metrics").status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"http://{address}/v1/avatars", headers=headers).json()[0]["name"] == "lamp"
        answers = [httpx.get(f"http://{address}/v1/avatars", headers=headers).status_code for _ in range(30)]
        assert 429 in answers


def test_health_metrics_page_and_headers(address):
    with httpx.Client(base_url=f"http://{address}") as client:
        assert client.get("/readyz").text == "ready"
        assert "beavervision_sessions" in client.get("/metrics").text
        page = client.get("/")
        assert "microphone" in page.text
        assert page.headers["x-frame-options"] == "DENY"
        assert (
            "access-control-allow-origin"
            not in client.get("/v1/avatars", headers={"Origin": f"http://{address}"}).headers
        )
        assert client.get("/v1/avatars", headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.get("/v1/avatars", headers={"Host": "evil.example"}).status_code == 403
        assert client.get("/openapi.json").json()["info"]["title"] == "beavervision"
        assert client.post("/v1/speech", content=b"hello").status_code == 404
