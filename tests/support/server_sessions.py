"""The sessions of a server, for tests of what ends with them."""

from types import SimpleNamespace


class Sessions:
    """A stand-in for Streamlit's server: which sessions there are, and which of them a browser shows."""

    def __init__(self) -> None:
        self.there, self.connected = {"one", "other"}, {"other"}
        self._session_mgr = self

    def list_sessions(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(session=SimpleNamespace(id=name)) for name in sorted(self.there)]

    def is_active_session(self, name: str) -> bool:
        return name in self.connected

    def get_session_info(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(session=SimpleNamespace(id=name))

    def close_session(self, name: str) -> None:
        self.there.remove(name)
