"""Which bundle answers: decided by a person, for a bundle that is sound and was compared, with a way back."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from annotations.model import StoreError
from annotations.runs.training_runs import RunSettings, add_run, move_run, run_of
from annotations.store import Store
from ecgcore.bundle.folder import load_bundle
from ecgcore.bundle.manifest import starter_folder
from ecgcore.errors import BundleError, EcgError
from tests.support.tiny import save_tiny_bundle
from tests.support.training_store import use_tiny_bundle
from trainer import registry
from trainer.registry import OVERRIDE, active, bundle, bundles, bundles_folder
from trainer.registry.activation import UnconfirmedError, activate, history, reject, rollback, rollback_target
from trainer.registry.bundle_file import NAMES, export_bundle, import_bundle
from trainer.registry.comparisons import comparison_of
from trainer.runs.files import COMPARISON, run_folder

STARTER = str(json.loads((starter_folder() / "bundle.json").read_text())["version"])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    return store


def add_candidate(store: Store, version: str, *, compared_with: str | None = STARTER, verdict: str = "better") -> int:
    """The bundle of a finished run, as a training leaves it; returns the run's number."""
    save_tiny_bundle(bundles_folder(store.folder) / version, version=version)
    settings = RunSettings("tiny", device="cpu")
    run = add_run(store, settings, kind="retrain", person="Ada", parent_version=STARTER, candidate_version=version)
    move_run(store, run.id, "candidate")
    folder = run_folder(store.folder, run.id)
    folder.mkdir(parents=True)
    if compared_with is not None:
        report = {"verdict": verdict, "candidate": version, "active": compared_with}
        (folder / COMPARISON).write_text(json.dumps(report))
    return run.id


def standings(store: Store) -> dict[str, str]:
    """What each bundle is at present."""
    return {facts.version: facts.status for facts in bundles(store)}


def answering(store: Store) -> str:
    """The version that answers, as an app that asks at each rerun finds it."""
    return load_bundle(active(store).folder, "cpu").version


def test_the_starter_answers_where_nothing_was_decided(store: Store, tmp_path: Path) -> None:
    assert active(None).folder == active(store).folder == starter_folder()
    (only,) = bundles(store)
    assert (only.version, only.origin, only.is_active, only.run_id) == (STARTER, "starter", True, None)
    assert rollback_target(store) is None
    with pytest.raises(StoreError, match="no earlier model"):
        rollback(store, "Ada")


def test_there_and_back_again(store: Store) -> None:
    first, second = add_candidate(store, "first"), add_candidate(store, "second", compared_with="first")
    before = active(store)
    activate(store, "first", "Ada", "better on ours")
    assert answering(store) == "first"
    assert active(store) != before
    activate(store, "second", "Ben", "better still")
    assert [run_of(store, n).state for n in (first, second)] == ["candidate", "active"]
    assert rollback_target(store) == "first"
    rollback(store, "Ada", "refers too much")
    assert answering(store) == "first"
    assert [run_of(store, n).state for n in (first, second)] == ["active", "candidate"]
    assert standings(store) == {"first": "in use", "second": "earlier in use", STARTER: "earlier in use"}
    assert "refers too much" in run_of(store, second).message
    assert rollback_target(store) == STARTER
    rollback(store, "Ada")
    assert answering(store) == STARTER
    activate(store, "second", "Ben", "once more", is_confirmed=True)
    assert [facts.version for facts in bundles(store) if facts.is_active] == ["second"]
    told = [(d.person, d.version, d.previous_version, d.is_rollback) for d in history(store)]
    assert told == [
        ("Ben", "second", STARTER, False),
        ("Ada", STARTER, "first", True),
        ("Ada", "first", "second", True),
        ("Ben", "second", "first", False),
        ("Ada", "first", STARTER, False),
    ]


@pytest.mark.parametrize(
    ("version", "by", "reason", "message"),
    [
        ("first", " ", "why", "1 to 80 characters"),
        ("first", "Ada", "  ", "needs a reason"),
        ("gone", "Ada", "why", "no model gone"),
        ("uncompared", "Ada", "why", f"not compared with {STARTER}"),
        ("of-another-time", "Ada", "why", f"not compared with {STARTER}"),
        (STARTER, "Ada", "why", "in use already"),
        ("../first", "Ada", "why", "no model"),
    ],
)
def test_what_is_refused(store: Store, version: str, by: str, reason: str, message: str) -> None:
    add_candidate(store, "first")
    add_candidate(store, "uncompared", compared_with=None)
    add_candidate(store, "of-another-time", compared_with="gone")
    with pytest.raises(StoreError, match=message):
        activate(store, version, by, reason)
    assert answering(store) == STARTER
    assert not history(store)


@pytest.mark.parametrize("file", ["global.safetensors", "bundle.json"])
def test_a_damaged_bundle_never_answers(store: Store, file: str) -> None:
    add_candidate(store, "first")
    path = bundles_folder(store.folder) / "first" / file
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(EcgError, match=r"global\.safetensors was altered|no model first"):
        activate(store, "first", "Ada", "why")
    assert answering(store) == STARTER


def test_one_that_is_damaged_later_says_so_and_can_be_left(store: Store) -> None:
    add_candidate(store, "first")
    activate(store, "first", "Ada", "why")
    shutil.rmtree(bundles_folder(store.folder) / "first")
    with pytest.raises(BundleError, match=r"bundle\.json cannot be read"):
        load_bundle(active(store).folder, "cpu")
    rollback(store, "Ada")
    assert answering(store) == STARTER


def test_a_rejected_candidate_stays(store: Store) -> None:
    number = add_candidate(store, "first")
    with pytest.raises(StoreError, match="needs a reason"):
        reject(store, "first", "Ada", "")
    reject(store, "first", "Ada", "worse on children")
    assert run_of(store, number).state == "rejected"
    assert "first" in {facts.version for facts in bundles(store)}
    with pytest.raises(StoreError, match="no candidate"):
        reject(store, "first", "Ada", "again")


def test_nobody_rejected_what_was_rolled_back(store: Store) -> None:
    number = add_candidate(store, "first")
    activate(store, "first", "Ada", "better on ours")
    rollback(store, "Ada", "refers too much")
    assert standings(store)["first"] == "earlier in use"
    move_run(store, number, "rejected", of=("candidate",), message="Ada: refers too much")  # as once noted
    assert standings(store)["first"] == "earlier in use"
    reject(store, "first", "Ben", "worse on children")
    assert standings(store)["first"] == "rejected"
    with pytest.raises(StoreError, match="no candidate"):
        reject(store, "first", "Ben", "again")


def test_a_comparison_holds_for_both_bundles_whichever_is_in_use(store: Store) -> None:
    add_candidate(store, "first")
    assert standings(store) == {"first": "candidate", STARTER: "in use"}
    activate(store, "first", "Ada", "better on ours")
    starter = bundle(store, STARTER)
    assert (starter.status, starter.is_compared) == ("earlier in use", True)
    turned, told = comparison_of(store, STARTER, "first"), comparison_of(store, "first", STARTER)
    assert turned is not None and told is not None
    assert (turned.candidate, turned.active) == (STARTER, "first")
    assert (told.candidate, told.verdict) == ("first", "better")


def test_what_is_being_compared_says_so(store: Store) -> None:
    number = add_candidate(store, "first", compared_with=None)
    assert standings(store)["first"] == "not compared"
    second = add_run(
        store,
        RunSettings("tiny", device="cpu"),
        kind="compare",
        person="Ada",
        parent_version=STARTER,
        candidate_version="first",
    )
    assert standings(store)["first"] == "being compared"
    move_run(store, second.id, "failed")
    reject(store, "first", "Ada", "a later run's failure does not hide that it is a candidate")
    assert run_of(store, number).state == "rejected"


@pytest.mark.parametrize(("verdict", "needs_it"), [("unknown", True), ("same", False), ("better", False)])
def test_what_nobody_can_tell_is_activated_only_when_it_is_confirmed(
    store: Store, verdict: str, needs_it: bool
) -> None:
    add_candidate(store, "first", verdict=verdict)
    if needs_it:
        with pytest.raises(UnconfirmedError, match="inconclusive"):
            activate(store, "first", "Ada", "a feeling")
        assert answering(store) == STARTER
    activate(store, "first", "Ada", "a feeling", is_confirmed=needs_it)
    assert answering(store) == "first"


def test_the_environment_overrides_and_is_shown(
    store: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tiny_bundle(store, "ours")
    monkeypatch.setenv(OVERRIDE, str(tiny_bundle))
    assert active(store).origin == "environment"
    assert answering(store) == "tiny-1"
    first = bundles(store)[0]
    assert (first.version, first.origin, first.is_active) == ("tiny-1", "environment", True)
    assert not any(facts.is_active for facts in bundles(store)[1:])
    assert registry.present_version(store) == "ours"


def test_out_and_in_as_one_file(store: Store, tmp_path: Path) -> None:
    add_candidate(store, "first")
    file = tmp_path / "first.zip"
    export_bundle(store, "first", file)
    with pytest.raises(StoreError, match="exists already"):
        export_bundle(store, "first", file)
    with pytest.raises(StoreError, match="Model first is here already"):
        import_bundle(store, file)
    elsewhere = Store(tmp_path / "elsewhere")
    with file.open("rb") as upload:
        facts = import_bundle(elsewhere, upload)
    assert (facts.version, facts.origin, facts.is_compared) == ("first", "imported", False)
    assert load_bundle(facts.folder, "cpu").version == "first"
    with pytest.raises(StoreError, match="not compared"):
        activate(elsewhere, "first", "Ada", "why")


def packed(folder: Path, **changes: bytes) -> io.BytesIO:
    """A bundle's folder as a file, some of its parts exchanged or added."""
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (content | {key.replace("__", "/"): value for key, value in changes.items()}).items():
            archive.writestr(name, data)
    stream.seek(0)
    return stream


def manifest_with(folder: Path, **changes: object) -> bytes:
    return json.dumps(json.loads((folder / "bundle.json").read_text()) | changes).encode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"..__evil.py": b"x"}, "exactly the files"),
        ({"notes.txt": b"x"}, "exactly the files"),
        ({"local.safetensors": b"x"}, "was altered"),
        ({"bundle.json": b"{"}, "no valid JSON"),
        ({"bundle.json": "version"}, "cannot name a model"),
        ({"bundle.json": "seen"}, "seen: Input should be a valid array"),
        ({"bundle.json": "weights"}, "weights.local.file: String should match"),
    ],
)
def test_other_files_are_no_bundles(
    store: Store, tiny_bundle: Path, changes: dict[str, bytes | str], message: str
) -> None:
    bad = {"version": "../../evil", "seen": None, "weights": {"local": {"file": "../x", "sha256": ""}}}
    content = {
        name: manifest_with(tiny_bundle, **{value: bad[value]}) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    before = sorted(path for path in store.folder.rglob("*") if "ecg.db" not in path.name)
    with pytest.raises(EcgError, match=message):
        import_bundle(store, packed(tiny_bundle, **content))
    after = sorted(path for path in store.folder.rglob("*") if "ecg.db" not in path.name)
    assert [path for path in after if path != bundles_folder(store.folder)] == before
    assert [facts.version for facts in bundles(store)] == [STARTER]


def test_no_archive_and_a_bomb_are_refused(store: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="not a model file"):
        import_bundle(store, io.BytesIO(b"PK\x03\x04 nothing"))
    monkeypatch.setattr("trainer.registry.bundle_file.MOST_BYTES", 1_000_000)
    with pytest.raises(StoreError, match="larger than"):
        import_bundle(store, packed(tiny_bundle, **{"fusion.safetensors": b"\0" * 2_000_000}))
    assert {path.name for path in tiny_bundle.iterdir()} == NAMES
    assert not list(bundles_folder(store.folder).iterdir())


def test_half_a_bundle_is_no_bundle(store: Store) -> None:
    """What a killed training or import leaves behind is neither listed nor in the way."""
    root = bundles_folder(store.folder)
    save_tiny_bundle(root / "new.partial", version="new")
    save_tiny_bundle(root / "moved", version="other name")
    (root / "empty").mkdir()
    assert [facts.version for facts in bundles(store)] == [STARTER]
