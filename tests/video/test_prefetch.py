import threading
import time

import pytest

from beavervision.video.prefetch import prefetch


def test_items_arrive_in_order():
    assert list(prefetch(iter(range(100)), depth=3)) == list(range(100))


def test_nothing_is_nothing():
    assert list(prefetch([])) == []


def test_an_error_in_the_thread_is_raised_in_its_place():
    def broken():
        yield 1
        raise ValueError("second item")

    items = prefetch(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="second item"):
        next(items)


def test_no_more_than_depth_items_lie_ready():
    made = []

    def maker():
        for i in range(50):
            made.append(i)
            yield i

    items = prefetch(maker(), depth=2)
    next(items)
    time.sleep(0.3)
    assert len(made) <= 1 + 2 + 1  # taken, ready, in the thread's hand
    items.close()


def test_leaving_early_stops_a_chain_of_threads():
    before, closed = threading.active_count(), []

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    chain = prefetch(item for item in prefetch(endless()))
    next(chain)
    chain.close()
    assert closed == [True]
    assert threading.active_count() == before
