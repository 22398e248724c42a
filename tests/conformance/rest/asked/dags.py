"""dags: lists, details, patches, favourites, deletion; tags, statistics and warnings of them."""

DAGS = "/api/v2/dags"


def ids(s, query, **options):
    s.get(f"{DAGS}?{query}", pick=("dags", "dag_id"), **options)


def lists(s):
    s.get(f"{DAGS}?order_by=dag_id")
    for query in (
        "limit=2", "limit=0", "limit=1000", "limit=2&offset=1", "offset=100", "order_by=-dag_id", "limit=2&limit=3",
        "order_by=dag_display_name", "order_by=-dag_display_name&order_by=dag_id", "order_by=next_dagrun",
        "order_by=-next_dagrun", "order_by=last_run_state", "order_by=-last_run_start_date",
        "tags=ask", "tags=ask&tags=ask_a", "tags=ask&tags=ask_a&tags_match_mode=all", "tags=nope",
        "owners=ask_owner", "owners=owner&owners=somebody", "owners=nope", "dag_id_pattern=SK_MA", "dag_id_pattern=~",
        "dag_id_pattern=ask_%25y", "dag_id_pattern=main%7Cslow", "dag_id_prefix_pattern=ask_d", "dag_id_pattern=",
        "dag_id_prefix_pattern=ASK", "dag_id_prefix_pattern=ask_m%7Cask_s", "dag_display_name_pattern=slow%20one",
        "dag_display_name_prefix_pattern=slow", "exclude_stale=false", "paused=true", "paused=false",
        "has_import_errors=false", "has_import_errors=true", "last_dag_run_state=success", "last_dag_run_state=failed",
        "bundle_name=nope", "bundle_version=nope", "has_asset_schedule=true", "has_asset_schedule=false",
        "asset_dependency=nope", "is_favorite=true", "is_favorite=false", "dag_run_state=success",
        "dag_run_state=success&dag_run_state=failed", "dag_run_start_date_gte=2024-01-01T00:00:00Z",
        "dag_run_start_date_lt=2024-01-01T00:00:00Z", "unknown=1",
    ):
        ids(s, query)
    for query in (
        "limit=abc", "limit=-1", "offset=-1", "offset=x&limit=y", "order_by=nope", "order_by=--dag_id",
        "order_by=dag_id&order_by=nope", "paused=maybe", "tags_match_mode=some", "last_dag_run_state=nope",
        "exclude_stale=2", "dag_run_start_date_gte=yesterday", "has_import_errors=", "is_favorite=x", "dag_run_state=nope",
        "limit=1.5", "limit=99999999999999999999",
    ):
        s.get(f"{DAGS}?{query}")


def single(s):
    for dag_id in ("ask_main", "ask_daily", "ask_paused", "ask_slow", "nope", "%20"):
        s.get(f"{DAGS}/{dag_id}")
        s.get(f"{DAGS}/{dag_id}/details")


def patches(s):
    one = f"{DAGS}/ask_fails"
    s.patch(one, {"is_paused": True})
    s.patch(one, {"is_paused": "no"})
    s.patch(one + "?update_mask=is_paused", {"is_paused": False})
    s.patch(one + "?update_mask=tags", {"is_paused": False})
    s.patch(one + "?update_mask=is_paused&update_mask=tags", {"is_paused": False})
    for body in ({}, {"is_paused": None}, {"is_paused": "x"}, {"is_paused": True, "tags": []}, [], None, b"{", b"null"):
        s.patch(one, body)
    s.patch(f"{DAGS}/nope", {"is_paused": True})
    for query in ("", "?dag_id_pattern=ask_fai", "?dag_id_prefix_pattern=ask_fai", "?dag_id_pattern=~&limit=2&tags=ask",
                  "?dag_id_pattern=ask_fai&update_mask=tags", "?dag_id_pattern=ask_fails&paused=false"):
        s.ask("PATCH", DAGS + query, {"is_paused": True}, pick=("dags", "dag_id"))
    s.unpause("ask_main", "ask_fails", "ask_slow", "ask_daily")


def favourites(s):
    s.post(f"{DAGS}/ask_main/favorite", user="viewer")
    ids(s, "is_favorite=true", user="viewer")
    ids(s, "is_favorite=true")
    ids(s, "is_favorite=false", user="viewer")
    s.post(f"{DAGS}/ask_main/favorite", user="viewer")
    s.post(f"{DAGS}/ask_main/unfavorite")
    s.post(f"{DAGS}/ask_main/unfavorite", user="viewer")
    s.post(f"{DAGS}/ask_main/unfavorite", user="viewer")
    s.post(f"{DAGS}/nope/favorite")
    s.post(f"{DAGS}/nope/unfavorite")


def neighbours(s):
    s.run("ask_doomed", "doomed_1")
    for query in ("", "?dag_ids=ask_doomed", "?dag_ids=ask_doomed&dag_ids=ask_main", "?dag_ids=nope"):
        s.ask("GET", "/api/v2/dagStats" + query, pick=None if "doomed" in query else ("dags", "dag_id"))
    for query in ("", "?order_by=-name", "?limit=1", "?tag_name_pattern=_a", "?tag_name_prefix_pattern=ask_",
                  "?order_by=nope"):
        s.get("/api/v2/dagTags" + query)
    for query in ("", "?dag_id=nope", "?warning_type=non-existent%20pool", "?warning_type=nope", "?order_by=-timestamp",
                  "?order_by=nope"):
        s.get("/api/v2/dagWarnings" + query)


def deletion(s):
    s.trigger("ask_doomed", "doomed_2")
    s.delete(f"{DAGS}/ask_doomed", user="viewer")
    s.wait_run("ask_doomed", "doomed_2")
    s.delete(f"{DAGS}/ask_doomed")
    s.get(f"{DAGS}/ask_doomed/dagRuns/doomed_1")
    s.delete(f"{DAGS}/nope")
    s.trigger("ask_slow", "slow_delete")
    s.wait_task("ask_slow", "slow_delete", "sleeper", "running")
    s.delete(f"{DAGS}/ask_slow")
    s.quietly("PATCH", f"{DAGS}/ask_slow/dagRuns/slow_delete", {"state": "failed"})


def ask(s):
    s.unpause("ask_main", "ask_fails", "ask_slow", "ask_daily", "ask_doomed")
    s.wait_run("ask_daily", s.until(f"{DAGS}/ask_daily/dagRuns", lambda a: a["dag_runs"], "run")["dag_runs"][0]["dag_run_id"])
    s.run("ask_main", "dags_1")
    s.run("ask_fails", "dags_1")
    single(s)
    lists(s)
    patches(s)
    favourites(s)
    neighbours(s)
    deletion(s)
