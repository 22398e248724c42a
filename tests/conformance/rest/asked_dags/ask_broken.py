"""A file that cannot be imported. It mentions airflow and DAG, or safe mode would pass it over."""

raise RuntimeError("broken on purpose")
