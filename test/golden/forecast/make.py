"""Golden values for exponential smoothing, ARIMA, DBSCAN and k-means.

    /usr/bin/python3 test/golden/forecast/make.py > test/golden/forecast/golden.json

Debian's python3-statsmodels and python3-sklearn; their versions stand in the file.
"""
import json
import warnings

import numpy
import scipy
import sklearn
import statsmodels
from sklearn.cluster import DBSCAN, KMeans
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.filterwarnings("ignore")
random = numpy.random.RandomState(7)


def series(n, season, trend, noise, multiplies):
    t = numpy.arange(n)
    wave = numpy.sin(2 * numpy.pi * t / season) + 0.5 * numpy.cos(4 * numpy.pi * t / season)
    level = 100 + trend * t + numpy.cumsum(random.normal(size=n)) * noise
    y = level * (1 + 0.2 * wave) if multiplies else level + 20 * wave
    return y + random.normal(size=n) * 2


def smoothing(name, y, season, **form):
    model = ETSModel(y, seasonal_periods=season if form.get("seasonal") else None, **form)
    fit = model.fit(disp=False, maxiter=2000)
    return {
        "name": name,
        "form": {key: value for key, value in form.items()},
        "season": season,
        "y": list(y),
        "params": dict(zip(model.param_names, fit.params)),
        "level": fit.initial_level,
        "trend": fit.initial_trend if form.get("trend") else 0,
        "seasons": list(fit.initial_seasonal) if form.get("seasonal") else [],
        "sse": float(fit.sse),
        "llf": float(fit.llf),
        "aicc": float(fit.aicc),
        "forecast": list(fit.forecast(season)),
    }


def arma(n, phi, theta, d=0):
    e = random.normal(size=n + 100)
    w = numpy.zeros(n + 100)
    for t in range(2, n + 100):
        w[t] = sum(p * w[t - 1 - i] for i, p in enumerate(phi)) + e[t] + sum(q * e[t - 1 - i] for i, q in enumerate(theta))
    y = w[100:]
    for _ in range(d):
        y = numpy.cumsum(y)
    return y + 50


def arima(name, y, order, seasonal=(0, 0, 0, 0)):
    has_mean = order[1] + seasonal[1] == 0
    fit = SARIMAX(y, order=order, seasonal_order=seasonal, trend="c" if has_mean else "n").fit(disp=False, maxiter=500)
    return {
        "name": name,
        "y": list(y),
        "order": order,
        "seasonal": seasonal,
        "params": dict(zip(fit.param_names, fit.params)),
        "forecast": list(fit.forecast(24)),
        "se": list(fit.get_forecast(24).se_mean),
    }


additive = series(240, 12, 0.3, 0.5, False)
multiplicative = series(240, 12, 0.5, 0.5, True)
smoothings = [
    smoothing("level", series(200, 12, 0, 1, False) * 0 + numpy.cumsum(random.normal(size=200)) + 80, 1, error="add"),
    smoothing("damped, additive season", additive, 12, error="add", trend="add", damped_trend=True, seasonal="add"),
    smoothing("no trend, additive season", additive, 12, error="add", seasonal="add"),
    smoothing("multiplicative season and error", multiplicative, 12, error="mul", trend="add", seasonal="mul"),
]
season = series(300, 12, 0.2, 1.0, False)
arimas = [
    arima("(1,0,1)", arma(600, [0.7], [0.4]), (1, 0, 1)),
    arima("(2,0,0)", arma(600, [0.5, 0.3], []), (2, 0, 0)),
    arima("(0,1,1)", arma(500, [], [-0.5], 1), (0, 1, 1)),
    arima("(1,1,1)(0,1,1)12", season, (1, 1, 1), (0, 1, 1, 12)),
]

blobs = numpy.vstack([random.normal(size=(60, 2)) * 0.3 + centre for centre in [(0, 0), (4, 4), (0, 5)]] + [random.uniform(-3, 8, size=(25, 2))])
kmeans = KMeans(n_clusters=3, n_init=20, random_state=0).fit(blobs)
print(
    json.dumps(
        {
            "versions": {
                "numpy": numpy.__version__,
                "scipy": scipy.__version__,
                "statsmodels": statsmodels.__version__,
                "sklearn": sklearn.__version__,
            },
            "smoothing": smoothings,
            "arima": arimas,
            "blobs": blobs.flatten().tolist(),
            "dbscan": [
                {"radius": radius, "minNeighbours": least, "labels": DBSCAN(eps=radius, min_samples=least).fit(blobs).labels_.tolist()}
                for radius, least in [(0.5, 5), (0.3, 4), (1.0, 10)]
            ],
            "kmeans": {"inertia": float(kmeans.inertia_), "centres": kmeans.cluster_centers_.tolist(), "labels": kmeans.labels_.tolist()},
        },
        default=float,
    )
)
