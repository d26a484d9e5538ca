"""The last layers of picture networks whose trunks stay as they are: ridge logistic regression on kept features."""

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit
from torch import nn

from ecgcore.types import FloatArray
from trainer.stages.head_features import HeadFeatures, Trunks

RIDGE = 1000.0
"""Penalty on the squared weights of standardised features. On the gridded Khan pages of four folds, each judged by the
other folds, with trunks that had seen drawn pages alone: AUROC 0.852 of the beats and 0.846 of the page (0.837 and
0.812 at ten times as much, 0.847 and 0.854 at a tenth); as the trunks came 0.80 to 0.83 and 0.72 to 0.80."""


def fit_last_layers(trunks: Trunks, learnt: HeadFeatures) -> None:
    """Fit the last layer of the page network, and that of the beat network on the mean of a page's beats, in place.

    The mean of the beats' logits is the logit of their mean features, so that every beat has its share of the page's.

    Args:
        trunks: networks that have seen none of the pages.
        learnt: features of labelled pages, every one with a beat; both labels count as much.
    """
    of_beats = torch.stack([beats.mean(dim=0) for beats in learnt.f_beats])
    _fit(trunks.global_.fc, learnt.f_global.double().numpy(), learnt.labels)
    _fit(trunks.local.fc, of_beats.double().numpy(), learnt.labels)


def _fit(layer: nn.Linear, features: FloatArray, labels: FloatArray) -> None:
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread < 1e-6 * spread.max()] = np.inf  # what never changes tells nothing
    x = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    weights = np.where(labels == 1, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    free = np.r_[np.ones(features.shape[1]), 0.0]

    def loss_and_slope(w: FloatArray) -> tuple[float, FloatArray]:
        z = x @ w
        loss = weights @ (np.logaddexp(0, z) - labels * z) + 0.5 * RIDGE * (free * w) @ w
        return float(loss), x.T @ (weights * (expit(z) - labels)) + RIDGE * free * w

    w = minimize(loss_and_slope, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(w[:-1] / spread)[None])
        layer.bias.fill_(float(w[-1] - (w[:-1] * mean / spread).sum()))
