"""All pages of the session as a list that fills while they are screened: every row opens its page or removes it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from ecgcore.rhythm.measures import whole_bpm
from pages.parts.common.browser.messages import CHOSEN, ROW_ID, checked, warn_ignored
from pages.parts.common.style import DECISION_COLOUR, DECISION_SHAPE
from pages.parts.common.words import counted, plain
from pages.parts.screen.batch import ORDER, urgency
from pages.parts.screen.result.page_figure import data_uri
from pages.parts.screen.screened import ScreenedPage
from pages.parts.screen.screening import session
from pages.parts.screen.screening.session import Row, opened, screening
from pages.parts.screen.screening.waiting_files import ScreeningQueue, Waiting

NOT_SCREENED_SHAPE = "✕"
REFRESH_S = 1.0
NO_ANSWER_YET = {
    "waiting": "This page is queued. Its result appears here.",
    "screening": "This page is being screened. Its result appears here.",
    "stopped": "This page was not screened, because you stopped. **Continue** above screens it.",
}
_STATE_WORDS = {"waiting": "Waiting", "screening": "Screening ...", "stopped": "Stopped"}
_HEARD = "page-list-heard"  # number of the newest press in the list that has opened a page
_HERE = Path(__file__).parent
_COLOURS = "".join(f"--{decision}: {colour};" for decision, colour in DECISION_COLOUR.items())

_page_list = st.components.v2.component(
    "page_list",
    html='<ol aria-label="Pages of this session"></ol>',
    css=f"ol {{{_COLOURS}}}\n" + (_HERE / "page_list.css").read_text(encoding="utf-8"),
    js=(_HERE / "page_list.js").read_text(encoding="utf-8"),
)

Rows = list[tuple[str, Row]]


def rows() -> Rows:
    """The session's rows with their ids: results by urgency, then what waits, in the order in which it came."""
    queue = screening()
    waiting: Rows = [(file.id, file) for file in queue.waiting()]
    done: Rows = [(item.key, item) for item in sorted(queue.items(), key=urgency)]
    return done + waiting


def show_pages() -> Row | None:
    """Show how far the screening is and, where there are several pages, their list; returns the open row."""
    listed = rows()
    is_busy = screening().is_busy
    here = opened(listed)
    st.fragment(_show, run_every=REFRESH_S if is_busy else None)(here, is_busy)
    return dict(listed).get(here or "")


def unscreened_page(row: Waiting) -> None:
    """Show an open row that has no result yet."""
    st.subheader(plain(row.name), anchor=False)
    st.info(NO_ANSWER_YET[row.state], icon=":material/hourglass_empty:")


def _show(was_open: str | None, was_busy: bool) -> None:
    listed, queue = rows(), screening()
    here = opened(listed)
    if (here, queue.is_busy) != (was_open, was_busy):  # the rest of the page depends on these two
        st.rerun()
    warn_ignored()
    _progress(queue)
    if len(listed) > 1 and here is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_counts(listed), width="stretch")
            _previous_and_next([id_ for id_, _ in listed], here)
        _list(listed, here)


def _progress(queue: ScreeningQueue) -> None:
    waiting = queue.waiting()
    stopped = sum(file.state == "stopped" for file in waiting)
    if queue.is_busy:
        done, of, left_s = queue.progress()
        now = next((f": {plain(file.name)}" for file in waiting if file.state == "screening"), "")
        left = "" if left_s is None else f" · {_duration(left_s)} left"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(done / of, text=f"Screening {min(done + 1, of)} of {of}{now}{left}", width="stretch")
            if of > 1:
                st.button("Stop", key="screening-stop", icon=":material/stop:", on_click=queue.stop)
    elif stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(f"Stopped: {counted(stopped, 'file')} not screened.", width="stretch")
            st.button("Continue", key="screening-resume", icon=":material/play_arrow:", on_click=session.resume)


def _duration(seconds: float) -> str:
    return f"about {round(seconds / 60)} min" if seconds >= 90 else f"about {max(1, round(seconds))} s"


def _counts(listed: Rows) -> str:
    outcomes = [row.outcome for _, row in listed if isinstance(row, ScreenedPage)]
    parts = [f"{DECISION_SHAPE[word]} {outcomes.count(word)} {word}" for word in ("abnormal", "refer", "normal")]
    without = sum(outcome not in DECISION_SHAPE for outcome in outcomes)
    parts.append(f"{NOT_SCREENED_SHAPE} {without} not screened")
    if len(listed) > len(outcomes):
        parts.append(f"{len(listed) - len(outcomes)} waiting")
    return f"**{counted(len(listed), 'page')}:** {' · '.join(parts)}"


def _list(listed: Rows, here: str) -> None:
    _page_list(
        key="page-list",
        data={
            "rows": [_row_data(id_, row) for id_, row in listed],
            "open": here,
            "heard": st.session_state.get(_HEARD, 0),
        },
        on_open_change=_open_clicked,
        on_remove_change=partial(_remove_clicked, listed),
    )
    st.caption(f"{ORDER} The keys ← and → open the previous and the next page.")


def _open_clicked() -> None:
    received = st.session_state["page-list"].open
    chosen = checked(CHOSEN, received, in_callback=True) if received else None
    if chosen is not None:
        st.session_state[_HEARD] = chosen.number
        session.show([chosen.id])


def _remove_clicked(listed: Rows) -> None:
    received = st.session_state["page-list"].remove
    chosen = checked(ROW_ID, received, in_callback=True) if received else None
    if chosen is not None:
        session.remove(chosen, listed)


def _previous_and_next(ids: Sequence[str], here: str) -> None:
    place = ids.index(here)
    st.caption(f"{place + 1} of {len(ids)}", width="content")
    for words, key, icon, other in (
        ("Previous", "page-previous", ":material/chevron_left:", place - 1),
        ("Next", "page-next", ":material/chevron_right:", place + 1),
    ):
        there = 0 <= other < len(ids)
        target = [ids[other]] if there else []
        st.button(words, key=key, icon=icon, disabled=not there, on_click=session.show, args=(target,))


def _row_data(id_: str, row: Row) -> dict[str, str | None]:
    """What the browser needs to draw one row; all of it is shown as plain text."""
    if isinstance(row, Waiting):
        return _texts(id_, "waiting", "", _STATE_WORDS[row.state], row.name, "", "", None)
    prediction = row.prediction
    is_ok = prediction.status == "ok"
    numbers = []
    if prediction.p_abnormal is not None:
        numbers.append(f"probability {prediction.p_abnormal:.2f}")
    if is_ok:
        numbers.append(counted(len(prediction.beats), "beat"))
    if prediction.heart_rate_bpm is not None:
        numbers.append(f"{whole_bpm(prediction.heart_rate_bpm)} bpm")
    same = f"Same picture as {row.same_as}. " if row.same_as else ""
    note = same + (prediction.reason or " ".join(prediction.faults))
    shape = DECISION_SHAPE.get(row.outcome, NOT_SCREENED_SHAPE)
    word = row.outcome.capitalize() if is_ok else "Not screened"
    thumb = None if row.shown is None else data_uri(row.shown.thumb_jpeg, "jpeg")
    return _texts(id_, row.outcome, shape, word, row.title, " · ".join(numbers), note, thumb)


def _texts(
    id_: str, tone: str, shape: str, word: str, title: str, numbers: str, note: str, thumb: str | None
) -> dict[str, str | None]:
    return {
        "id": id_,
        "tone": tone,
        "shape": shape,
        "word": word,
        "title": title,
        "numbers": numbers,
        "note": note,
        "thumb": thumb,
    }
