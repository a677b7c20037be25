"""AUROC of scikit-learn's detectors on given splits: adbench_sklearn.py FOLDER SPLITS.json; prints JSON by set.

SPLITS.json: {"<set>": [[test rows of seed 0], ...]}; the rest of the rows is for training.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

folder, splits = sys.argv[1], json.load(open(sys.argv[2]))
out = {"version": sklearn.__version__, "isolationForest": {}, "lof": {}}
for name, tests in splits.items():
    data = np.load(f"{folder}/{name}.npz", allow_pickle=False)
    x, y = data["X"].astype(float), data["y"]
    forest, lof = [], []
    for seed, test in enumerate(tests):
        mask = np.zeros(len(y), bool)
        mask[test] = True
        scaler = StandardScaler().fit(x[~mask])
        train, held = scaler.transform(x[~mask]), scaler.transform(x[mask])
        model = IsolationForest(random_state=seed).fit(train)
        forest.append(roc_auc_score(y[mask], -model.score_samples(held)))
        model = LocalOutlierFactor(novelty=True).fit(train)
        lof.append(roc_auc_score(y[mask], -model.score_samples(held)))
    out["isolationForest"][name] = float(np.mean(forest))
    out["lof"][name] = float(np.mean(lof))
print(json.dumps(out))
