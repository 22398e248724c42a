"""A chain over assets, as Airflow's own documentation writes it."""

from airflow.sdk import DAG, Asset, AssetAll, AssetAny, task

table = Asset("s3://bucket/table", extra={"owner": "data"})
never = Asset("never://comes")
champion = Asset("model://fraud@champion")

with DAG("maker", schedule=None):

    @task(outlets=[table])
    def make(*, outlet_events):
        outlet_events[table].extra = {"rows": 7}

    make()

with DAG("user", schedule=AssetAny(AssetAll(table), never)):

    @task
    def use(*, triggering_asset_events, dag_run):
        (events,) = triggering_asset_events.values()
        return [dag_run.run_type.value, dag_run.logical_date, dict(events[0].extra), events[0].source_dag_id,
                events[0].source_task_id, events[0].source_run_id]

    use()

with DAG("waits_for_both", schedule=[table, never]):

    @task
    def nothing():
        pass

    nothing()

with DAG("on_promotion", schedule=champion):

    @task
    def deploy(*, triggering_asset_events):
        (events,) = triggering_asset_events.values()
        return dict(events[-1].extra)

    deploy()

with DAG("waits_for_promotion", schedule=None):
    from hanok_sensors import ModelPromotedSensor

    @task
    def told(event):
        return event["version"]

    told(ModelPromotedSensor(task_id="wait", model="fraud", alias="champion", timeout=3600).output)
