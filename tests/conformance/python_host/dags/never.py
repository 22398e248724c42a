"""DAG of airflow that never returns."""

while True:
    try:
        while True:
            pass
    except Exception:
        pass
