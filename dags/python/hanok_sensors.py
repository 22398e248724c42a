"""Sensors that hanok runs itself: no process, no slot, no polling.

    from hanok_sensors import ModelPromotedSensor

    wait = ModelPromotedSensor(task_id="wait", model="fraud", alias="champion", timeout=timedelta(days=2))

waits until a version of the registered model comes to hold the alias, or to be in the stage, from the moment on that the
DAG run began; its return value (an XCom) is the event, {"model": "fraud", "version": 3, "alias": "champion", ...}. After
`timeout` (seconds or a timedelta; None: never) it has failed. In YAML:

    wait:
      operator: hanok_sensors.ModelPromotedSensor
      model: fraud
      stage: Production
      timeout: 172800

Names are plain: a template would need a process to render it. The module is found wherever hanok runs Python.
"""

import datetime

from airflow.sdk import BaseOperator

__all__ = ["ModelPromotedSensor"]


class ModelPromotedSensor(BaseOperator):
    # The serializer keeps these fields, and that is how the engine knows them.
    template_fields = ("model", "alias", "stage", "timeout")
    ui_color = "#e6f1f2"

    def __init__(self, *, model, alias=None, stage=None, timeout=None, **kwargs):
        super().__init__(**kwargs)
        if (alias is None) == (stage is None):
            raise ValueError("ModelPromotedSensor takes an alias or a stage, and not both.")
        if isinstance(timeout, datetime.timedelta):
            timeout = timeout.total_seconds()
        self.model = model
        self.alias = alias
        self.stage = stage
        self.timeout = timeout

    def execute(self, context):
        raise RuntimeError("ModelPromotedSensor is run by hanok itself; this engine does not know it.")
