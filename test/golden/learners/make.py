"""Makes outliers-trees-linear.json: what scikit-learn says on small made data. Run with Debian's python3-sklearn:

    /usr/bin/python3 test/golden/learners/make.py > test/golden/learners/outliers-trees-linear.json
"""
import json

import numpy as np
import sklearn
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(26)
SEEDS = range(20)
n, d, held = 200, 3, 60
x = np.round(random.normal(size=(n + held, d)), 4)
x[n - 10 : n] *= 4
x[-10:] *= 4
y = np.round(x[:, 0] * 2 + np.sin(2 * x[:, 1]) + 0.3 * random.normal(size=n + held), 4)
label = (y + 0.5 * random.normal(size=n + held) > 0).astype(int)
train, test = x[:n], x[n:]
known, classes = y[:n], label[:n]
with_gaps = x.copy()
with_gaps[random.random(size=x.shape) < 0.1] = np.nan


def mean_over_seeds(model, *targets, answer):
    return np.mean([answer(model(seed).fit(*targets)) for seed in SEEDS], axis=0).tolist()


boosting = {"max_iter": 30, "max_leaf_nodes": 8, "learning_rate": 0.1, "early_stopping": False, "max_bins": 255}
lof = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(train)
scaler = StandardScaler().fit(train)
is_far = np.repeat([0, 1], [held - 10, 10])
forest_scores = mean_over_seeds(lambda seed: IsolationForest(n_estimators=100, random_state=seed), train, answer=lambda m: -m.score_samples(test))
out = {
    "versions": {"sklearn": sklearn.__version__, "numpy": np.__version__},
    "nTrain": n,
    "nTest": held,
    "nCols": d,
    "x": x.ravel().tolist(),
    "withGaps": [None if np.isnan(v) else float(v) for v in with_gaps.ravel()],
    "y": y.tolist(),
    "label": label.tolist(),
    "isFar": is_far.tolist(),
    "isolationForest": forest_scores,
    "isolationForestAuroc": roc_auc_score(is_far, forest_scores),
    "isolationForestAveragePrecision": average_precision_score(is_far, forest_scores),
    "lof": (-lof.score_samples(test)).tolist(),
    "lofTraining": (-lof.negative_outlier_factor_).tolist(),
    "neighbourDistances": NearestNeighbors(n_neighbors=5).fit(train).kneighbors(test)[0].ravel().tolist(),
    "forestClassifier": mean_over_seeds(
        lambda seed: RandomForestClassifier(100, min_samples_leaf=3, random_state=seed), train, classes, answer=lambda m: m.predict_proba(test)[:, 1]
    ),
    "forestRegressor": mean_over_seeds(
        lambda seed: RandomForestRegressor(100, max_features=1.0, min_samples_leaf=5, random_state=seed), train, known, answer=lambda m: m.predict(test)
    ),
    "boostingRegressor": HistGradientBoostingRegressor(**boosting).fit(train, known).predict(test).tolist(),
    "boostingAbsolute": HistGradientBoostingRegressor(loss="absolute_error", **boosting).fit(train, known).predict(test).tolist(),
    "boostingQuantile": HistGradientBoostingRegressor(loss="quantile", quantile=0.8, **boosting).fit(train, known).predict(test).tolist(),
    "boostingWithGaps": HistGradientBoostingRegressor(**boosting).fit(with_gaps[:n], known).predict(with_gaps[n:]).tolist(),
    "boostingClassifier": HistGradientBoostingClassifier(**boosting).fit(train, classes).predict_proba(test)[:, 1].tolist(),
    "ridge": Ridge(alpha=2.0).fit(scaler.transform(train), known).predict(scaler.transform(test)).tolist(),
    "logistic": LogisticRegression(C=0.5, tol=1e-10, max_iter=1000)
    .fit(scaler.transform(train), classes)
    .predict_proba(scaler.transform(test))[:, 1]
    .tolist(),
}
print(json.dumps(out))
