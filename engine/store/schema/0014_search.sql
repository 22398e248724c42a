-- What searches for runs begin with, when few runs match or the page is ordered by a metric. Values of params and tags
-- may be long: the index has their beginning (ml_search_runs.c knows its length).
CREATE INDEX ml_param_by_value ON ml_param(key, substr(value, 1, 60));
CREATE INDEX ml_run_tag_by_value ON ml_run_tag(key, substr(value, 1, 60));
CREATE INDEX ml_latest_metric_by_value ON ml_latest_metric(key, is_nan, value);
