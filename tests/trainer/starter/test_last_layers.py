import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.support.tiny import tiny_networks
from trainer.stages.head_features import HeadFeatures, Trunks
from trainer.starter.last_layers import RIDGE, fit_last_layers


def features(trunks: Trunks, count: int) -> HeadFeatures:
    """Labels that one feature of the page, and one of the beats, tell with some noise; one feature never changes."""
    rng = np.random.default_rng(0)
    labels = (rng.random(count) < 0.3).astype(np.float64)
    f_global = torch.from_numpy(rng.normal(size=(count, trunks.global_.config.feature_dim))).float()
    f_global[:, 0] += torch.as_tensor(2 * labels).float()
    f_global[:, 1] = 3.0
    f_beats = [
        torch.from_numpy(rng.normal(size=(n, trunks.local.config.feature_dim))).float()
        for n in rng.integers(1, 9, count)
    ]
    f_beats = [f + torch.eye(f.shape[1])[2] * 2 * label for f, label in zip(f_beats, labels, strict=True)]
    return HeadFeatures(f_global, f_beats, labels)


def test_the_last_layers_are_those_of_a_known_library() -> None:
    nets = tiny_networks()
    trunks = Trunks(nets.global_, nets.local)
    learnt = features(trunks, 300)
    fit_last_layers(trunks, learnt)
    of_beats = torch.stack([f.mean(dim=0) for f in learnt.f_beats])
    for layer, seen in ((nets.global_.fc, learnt.f_global), (nets.local.fc, of_beats)):
        scaler = StandardScaler()
        x = scaler.fit_transform(seen.double().numpy())
        reference = LogisticRegression(C=1 / RIDGE, class_weight="balanced", tol=1e-8, max_iter=1000).fit(
            x, learnt.labels
        )
        logits = layer(seen).detach().numpy()[:, 0]
        assert np.allclose(logits, reference.decision_function(x), atol=1e-3)
        assert np.corrcoef(logits, learnt.labels)[0, 1] > 0.3
