import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import DataError
from ecgcore.lead_layout import LAYOUTS, Layout
from tests.support.waveform_pages import CONFIG, leads_mv, page
from trainer.data.page import PreparedPage
from trainer.recipes import WaveformStage
from trainer.stages.context import StageContext
from trainer.stages.inference import waveform_logits
from trainer.stages.lead_augment import augment_leads
from trainer.stages.waveform import train_waveform, trainable_pages
from trainer.starter.public_datasets import Record
from trainer.starter.waveform import as_printed, pretrain_waveform

STAGE = WaveformStage(epochs=6, steps_per_epoch=8, batch=8, lr=3e-3, fs_hz=50.0, width=4, kernel=3)


def context() -> StageContext:
    return StageContext(None, "waveform", torch.device("cpu"))


def test_it_learns_what_the_signal_shows() -> None:
    pages = [page(n % 2, n) for n in range(16)]
    net = train_waveform(pages, STAGE, context())
    new = [page(n % 2, 100 + n) for n in range(8)]
    logits = waveform_logits(net, new)
    assert min(logits[1::2]) > max(logits[0::2])


def test_a_page_whose_leads_were_not_read_gets_no_answer() -> None:
    net = train_waveform([page(n % 2, n) for n in range(4)], WaveformStage(**{**vars(STAGE), "epochs": 0}), context())
    unread = PreparedPage("x", "", "x", 1, np.zeros((8, 8), np.uint8), None, "x")
    logits = waveform_logits(net, [page(1, 1), unread])
    assert np.isfinite(logits).tolist() == [True, False]


def test_a_layout_that_one_class_prints_teaches_nothing() -> None:
    pages = [page(n % 2, n) for n in range(4)] + [page(1, 9, columns=2), page(None, 10)]
    assert trainable_pages(pages) == [0, 1, 2, 3]
    assert trainable_pages([page(0, 1), page(1, 2, columns=2)]) == []
    with pytest.raises(DataError):
        train_waveform([page(0, 1), page(1, 2, columns=2)], STAGE, context())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50)
def test_varied_leads_invent_nothing(seed: int) -> None:
    layout = LAYOUTS[seed % len(LAYOUTS)]
    leads = as_printed(leads_mv(0, seed).astype(np.float32)[:, ::5] * 0 + 1, CONFIG, layout, ())
    if leads is None:
        return
    before = leads.copy()
    varied = augment_leads(leads, CONFIG.fs_hz, np.random.default_rng(seed))
    assert np.array_equal(leads, before), "the page itself stays as it is"
    assert varied.shape == leads.shape
    assert set(np.unique(varied[12:])) <= {0.0, 1.0}
    assert not varied[:12][varied[12:] == 0].any()
    assert not varied[12:][~leads[12:].any(axis=1)].any(), "a lead that was not read is not read afterwards"
    assert np.isfinite(varied).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_record_is_cut_as_pages_print_it(layout: Layout) -> None:
    strips = tuple(range(1, 1 + layout.strips))
    leads = as_printed(np.random.default_rng(0).normal(size=(12, 500)).astype(np.float32), CONFIG, layout, strips)
    assert leads is not None
    share = leads[12:].mean(axis=1)
    expected = [1 if lead in strips else 1 / layout.columns for lead in range(12)]
    np.testing.assert_allclose(share, expected, atol=0.002)
    if layout.columns == 4:
        assert np.flatnonzero(leads[12 + 6])[0] in (0, 250), "V1 begins the third column, or is a strip"


def test_first_lessons_from_signals() -> None:
    def record(number: int) -> Record:
        label = number % 2
        signals = np.nan_to_num(leads_mv(label, number, 1).astype(np.float64))
        statements = frozenset({"NORM"} if not label else {"MI", "AFIB"})
        return Record(f"r:{number}", f"r:{number}", label, signals, 250.0, statements=statements)

    records = [record(n) for n in range(80)]
    net = pretrain_waveform(records, STAGE, context(), val=[record(n) for n in range(200, 208)])
    logits = waveform_logits(net, [page(n % 2, 100 + n) for n in range(8)])
    assert min(logits[1::2]) > max(logits[0::2])
