import pytest

from beavervision.errors import BeaverError
from beavervision.preprocess.options import PrepareOptions


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("data.end", {"start": 0.5, "end": 0.2}),
        ("data.start", {"start": -1.0}),
        ("data.fps", {"fps": 0.0}),
        ("data.focal", {"focal": -3.0}),
        ("data.subject", {"subject": "tallest"}),
        ("data.speaker", {"speaker": "../anna"}),
        ("data.speaker=anna names one person", {"speaker": "anna", "subject": "all"}),
    ],
)
def test_a_setting_that_cannot_be_is_an_error_that_names_the_key(key, options):
    with pytest.raises(BeaverError, match=key):
        PrepareOptions("a", **options)


def test_what_is_given_is_kept():
    options = PrepareOptions("a", start=1.0, end=2.0, focal=900.0)
    assert (options.start, options.end, options.focal, options.fps) == (1.0, 2.0, 900.0, 25.0)
