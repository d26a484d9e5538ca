"""Two checkouts' answers are compared value by value, and boxes to a pixel."""

from benchmarks.page.same_answers import boxes_agree, differences


def _answer(x2: float = 20.0, **values: object) -> dict[str, object]:
    return {"status": "ok", "decision": "normal", "ink": "aa", "beats": [{"box": [10.0, 5.0, x2, 30.0]}], **values}


def test_equal_answers_differ_in_nothing() -> None:
    assert list(differences([_answer()], [_answer()])) == []


def test_a_value_that_changed_or_is_missing_is_named() -> None:
    named = dict(differences([_answer(reason=None)], [_answer(ink="ab")]))
    assert list(named) == ["ink", "reason"]
    assert "is not written" in named["reason"]


def test_boxes_may_move_by_a_pixel_and_no_more() -> None:
    assert boxes_agree(_answer(), _answer(21.0))
    assert not boxes_agree(_answer(), _answer(21.1))
    assert [name for name, _ in differences([_answer()], [_answer(21.1)])] == ["beats", "boxes"]


def test_a_picture_with_more_pages_differs() -> None:
    assert [name for name, _ in differences([_answer()], [_answer(), _answer()])] == ["pages"]


def test_a_new_key_is_no_difference() -> None:
    assert list(differences([_answer()], [_answer(strategy="grid")])) == []


def test_close_answers_differ_in_numbers_alone_and_by_little() -> None:
    def found(old: dict[str, object], new: dict[str, object]) -> list[str]:
        return [name for name, _ in differences([old], [new], is_close_enough=True)]

    assert found(_answer(p_abnormal=0.5), _answer(20.4, p_abnormal=0.504)) == []
    assert found(_answer(p_abnormal=0.5), _answer(p_abnormal=0.506)) == ["p_abnormal"]
    assert found(_answer(), _answer(20.6)) == ["beats"]
    assert found(_answer(), _answer(decision="abnormal")) == ["decision"]
    assert found(_answer(p_abnormal=0.5), _answer(p_abnormal=None)) == ["p_abnormal"]
