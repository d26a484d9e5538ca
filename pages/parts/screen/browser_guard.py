"""What only the browser knows or can ask: files too large to be sent, and whether a reload may lose results."""

import streamlit as st

from pages.parts.common.browser.messages import DROP, Drop, checked

# The browser's own question, shown only after the user has clicked or typed something. The listener outlives this
# component, because a reload on another page of the app loses the results just as well.
_ASK_BEFORE_LEAVING = """
export default function ({ data }) {
  window.ecgResultsUnsaved = data.unsaved;
  if (window.ecgAsksBeforeLeaving) return;
  window.ecgAsksBeforeLeaving = true;
  window.addEventListener("beforeunload", (event) => {
    if (window.ecgResultsUnsaved) event.preventDefault();
  });
}
"""

# The drop zone keeps files over the limit to itself; their names are read where they arrive. They are told a second
# later: a run that starts while Streamlit's drop zone asks for its addresses drops the answer, and the other files of
# the same drop would never be sent (seen with streamlit 1.67).
_TOO_LARGE = """
export default function ({ data, setTriggerValue }) {
  const watch = new AbortController();
  const zone = "[data-testid=stFileUploaderDropzone]";
  const tell = (event, files) => {
    if (!event.target.closest?.(zone)) return;
    const names = [...files].filter((file) => file.size > data.limit).map((file) => file.name);
    const drop = { names, alone: names.length === files.length };
    if (names.length) setTimeout(() => setTriggerValue("drop", drop), 1000);
  };
  document.addEventListener("change", (event) => tell(event, event.target.files ?? []),
    { capture: true, signal: watch.signal });
  document.addEventListener("drop", (event) => tell(event, event.dataTransfer?.files ?? []),
    { capture: true, signal: watch.signal });
  return () => watch.abort();
}
"""

_guard = st.components.v2.component("ask_before_leaving", js=_ASK_BEFORE_LEAVING)
_watch = st.components.v2.component("files_too_large", js=_TOO_LARGE)


def ask_before_leaving(*, unsaved: bool) -> None:
    """Let the browser ask before a reload or a closed tab, as long as something would be lost."""
    _guard(key="ask-before-leaving", data={"unsaved": unsaved}, height=1)


def too_large(limit_bytes: int) -> tuple[list[str], bool]:
    """The files of the newest drop that are larger than the drop zone takes.

    Returns:
        Their names, none where nothing is new; and whether nothing else was dropped with them.
    """
    reply = _watch(key="files-too-large", data={"limit": limit_bytes}, on_drop_change=lambda: None, height=1)
    received = reply.get("drop")
    drop = (checked(DROP, received) if received else None) or Drop()
    return drop.names, drop.alone
