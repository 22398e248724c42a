from airflow.sdk import DAG
import a_module_that_is_not_there

DAG("broken")
