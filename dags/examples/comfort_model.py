"""A model that has to earn its place: trained, evaluated, registered, and promoted only if the policy beside this file
(comfort.policy.yaml) lets it pass.

Will a room of the house be comfortable, judged by the weather, the floor heating and how many people are in it?

- `comfort_model` trains and registers a version, then asks for the alias `champion`. The policy wants a good score, no
  worse than the present champion's, a signature, where the model comes from, and that `comfort_check` succeeds. Since that
  has to run first, asking opens a request, which completes by itself.
- `comfort_check` is run by the gate, with the candidate as its conf.
- `comfort_forecast` runs whenever another version has become the champion, and uses it.

MLflow is the unmodified client: MLFLOW_TRACKING_URI and a token for it are in each task's environment.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from airflow.sdk import Asset, Param, dag, get_current_context, task

READINGS = Path(__file__).parent / "data" / "comfort.csv"
MODEL = "comfort"
TARGET = "comfortable"


def rooms():
    """(features, target) of rows to learn from, and of every fourth row, which is kept back."""
    import pandas

    frame = pandas.read_csv(READINGS).astype(float)
    held_out = frame.index % 4 == 3
    return [(part.drop(columns=TARGET), part[TARGET].astype(int)) for part in (frame[~held_out], frame[held_out])]


@dag(
    schedule=None,
    start_date=datetime(2026, 11, 1),
    params={"degree": Param(2, type="integer", minimum=1, maximum=5,
        description="of the polynomial: 1 is too simple, 3 too rich")},
    tags=["example", "mlflow"],
    doc_md=__doc__,
)
def comfort_model():
    @task
    def train() -> dict:
        import mlflow
        import mlflow.sklearn
        from mlflow.models import infer_signature
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        (features, target), _ = rooms()
        degree = get_current_context()["params"]["degree"]
        mlflow.set_experiment(MODEL)
        with mlflow.start_run(run_name=f"degree {degree}") as run:
            model = make_pipeline(StandardScaler(), PolynomialFeatures(degree), LogisticRegression(max_iter=3000, C=10))
            model.fit(features, target)
            mlflow.log_params({"degree": degree, "training_rows": len(features)})
            mlflow.log_input(mlflow.data.from_pandas(features.assign(**{TARGET: target}), source=str(READINGS), name="rooms"),
                "training")
            info = mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(features, model.predict(features)),
                input_example=features[:3],
                pip_requirements=["scikit-learn", "pandas"],
            )
        return {"run_id": run.info.run_id, "model_uri": info.model_uri}

    @task
    def evaluate(trained: dict) -> float:
        import mlflow
        import mlflow.sklearn
        from sklearn.metrics import f1_score, roc_auc_score

        _, (features, target) = rooms()
        model = mlflow.sklearn.load_model(trained["model_uri"])
        auc = float(roc_auc_score(target, model.predict_proba(features)[:, 1]))
        with mlflow.start_run(run_id=trained["run_id"]):
            mlflow.log_metrics({"auc": auc, "f1": float(f1_score(target, model.predict(features))), "test_rows": len(features)})
        print(f"auc {auc:.4f} on {len(features)} rows that were kept back")
        return auc

    @task
    def register(trained: dict, auc: float) -> int:
        import mlflow

        version = mlflow.register_model(f"runs:/{trained['run_id']}/model", MODEL, tags={"owner": "house", "auc": f"{auc:.4f}"})
        return int(version.version)

    @task
    def promote(version: int) -> str:
        """Asks for the alias. A version that the policy refuses fails this task, with the reasons in its log."""
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            MlflowClient().set_registered_model_alias(MODEL, "champion", str(version))
        except MlflowException as error:
            if "transition request" not in error.message:
                raise
            print(error.message)  # the request is open, and hanok completes it
            return "requested"
        return "promoted"

    trained = train()
    promote(register(trained, evaluate(trained)))


@dag(schedule=None, start_date=datetime(2026, 11, 1), tags=["example", "mlflow"])
def comfort_check():
    @task
    def check():
        """The candidate must load by its name, and know what anybody knows."""
        import mlflow.pyfunc
        import pandas

        conf = get_current_context()["dag_run"].conf
        model = mlflow.pyfunc.load_model(f"models:/{conf['model']}/{conf['version']}")
        known = pandas.DataFrame(
            [(-15.0, 18.0, 30.0, 9.0, 0.0), (8.0, 30.0, 45.0, 1.0, 2.0), (30.0, 45.0, 80.0, 0.0, 6.0)],
            columns=["outdoor_c", "ondol_c", "humidity_percent", "wind_m_s", "people"],
        )
        found = model.predict(known).tolist()
        if found != [0, 1, 0]:
            raise ValueError(f"an icy room, a mild one and a hot one: wanted [0, 1, 0], predicted {found}")

    check()


@dag(schedule=Asset("model://comfort@champion"), start_date=datetime(2026, 11, 1), catchup=False, tags=["example", "mlflow"])
def comfort_forecast():
    @task
    def forecast() -> float:
        import mlflow.pyfunc

        _, (features, _) = rooms()
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
        share = float(model.predict(features).mean())
        print(f"{share:.0%} of the rooms will be comfortable")
        return share

    forecast()


comfort_model()
comfort_check()
comfort_forecast()
