"""Times scikit-learn on given data: speed_sklearn.py DATA.json; prints JSON of CPU seconds, the least of some repeats.

DATA.json: {"file": float64 file, "nRows", "nCols", "nTest", "repeats"}; the file holds the matrix row-major, then labels
(0 and 1), then targets.
"""
import json
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neighbors import LocalOutlierFactor

spec = json.load(open(sys.argv[1]))
n, d, held = spec["nRows"], spec["nCols"], spec["nTest"]
raw = np.fromfile(spec["file"], dtype="<f8")
x = np.ascontiguousarray(raw[: n * d].reshape(n, d))
label = raw[n * d : n * d + n].astype(int)
target = raw[n * d + n : n * d + 2 * n].copy()
train, test = x[held:], x[:held]
out = {"version": sklearn.__version__}


def least(work):
    best, result = 1e9, None
    for _ in range(spec["repeats"]):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def both(name, model, y, predict):
    fit, fitted = least(lambda: model().fit(train, y[held:]) if y is not None else model().fit(train))
    out[name] = {"fit": fit, "predict": least(lambda: predict(fitted))[0]}
    if y is not None:
        answer = predict(fitted)
        out[name]["quality"] = float(
            np.mean((answer[:, 1] > 0.5) == (y[:held] == 1)) if answer.ndim == 2 else np.mean((answer - y[:held]) ** 2)
        )


common = {"max_iter": 100, "max_leaf_nodes": 31, "learning_rate": 0.1, "early_stopping": False, "max_bins": spec["maxBins"]}
both("forest classifier", lambda: RandomForestClassifier(100, n_jobs=1, random_state=1), label, lambda m: m.predict_proba(test))
both("forest regressor", lambda: RandomForestRegressor(100, max_features=1 / 3, min_samples_leaf=5, n_jobs=1, random_state=1), target, lambda m: m.predict(test))
both("boosting classifier", lambda: HistGradientBoostingClassifier(**common), label, lambda m: m.predict_proba(test))
both("boosting regressor", lambda: HistGradientBoostingRegressor(**common), target, lambda m: m.predict(test))
both("isolation forest", lambda: IsolationForest(n_estimators=100, n_jobs=1, random_state=1), None, lambda m: m.score_samples(test))
both("local outlier factor", lambda: LocalOutlierFactor(n_neighbors=20, novelty=True, n_jobs=1), None, lambda m: m.score_samples(test))
model = IsolationForest(n_estimators=100, n_jobs=1, random_state=1).fit(train)
out["one row"] = least(lambda: model.score_samples(test[:1]))[0]
print(json.dumps(out))
