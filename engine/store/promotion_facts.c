#include "engine/store/promotion_facts.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/registry/model_source.h"
#include "engine/store/maker_store.h"
#include "engine/store/version_source.h"
#include "engine/tracking/lineage.h"

static const char RUN_KEY[] = "SELECT run_key FROM ml_run WHERE run_uuid = ?1";
static const char RUN_OF_VERSION[] = "SELECT r.run_key FROM model_version v JOIN ml_run r ON r.run_uuid = v.run_id "
                                     "WHERE v.model_key = ?1 AND v.version = ?2";
static const char METRIC[] = "SELECT value, is_nan FROM ml_latest_metric WHERE run_key = ?1 AND key = ?2";
static const char PARAM[] = "SELECT value FROM ml_param WHERE run_key = ?1 AND key = ?2";
static const char RUN_TAG[] = "SELECT value FROM ml_run_tag WHERE run_key = ?1 AND key = ?2";
static const char VERSION_TAG[] = "SELECT value FROM model_version_tag WHERE version_key = ?1 AND key = ?2";
static const char ALIAS_HOLDER[] = "SELECT version FROM model_alias WHERE model_key = ?1 AND alias = ?2";
static const char STAGE_HOLDER[] =
    "SELECT version FROM model_version WHERE model_key = ?1 AND stage = ?2 ORDER BY version DESC LIMIT 1";
static const char DAG_RUN[] = "SELECT state, conf FROM dag_run WHERE dag_id = ?1 AND run_id = ?2";
static const char MAKERS_STATE[] = "SELECT state FROM dag_run WHERE run_key = ?1";
static const char LOGGED_MODEL_KEY[] = "SELECT model_key FROM logged_model WHERE model_id = ?1";
static const char DAG[] = "SELECT is_paused, has_import_errors FROM dag WHERE dag_id = ?1 AND is_stale = 0";
static const char IS_GONE[] =
    "SELECT is_gone FROM promotion_wait WHERE request_key = ?1 AND dag_id = ?2 AND run_id = ?3";

struct gathering {
    struct hk_db *db;
    const struct hk_facts_wanted *wanted;
    struct hk_arena *arena;
    struct hk_error *err;
    struct hk_promotion_facts *out;
    int64_t run_key;          /* of the version's run; -1: it has none that is known */
    int64_t champion_run_key; /* likewise */
    /* Room for one of each a rule; out's lists are these. */
    struct hk_fact_number *numbers;
    size_t number_room;
    struct hk_fact_text *texts;
    struct hk_fact_validation *validations;
    struct hk_fact_zone *zones;
};

bool hk_store_target_holder(struct hk_db *db, int64_t model_key, const struct hk_target *target, int64_t *version,
                            struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, target->kind == HK_TARGET_ALIAS ? ALIAS_HOLDER : STAGE_HOLDER);
    *version = 0;
    hk_bind_int(q, 1, model_key);
    hk_bind_text(q, 2, target->name);
    return hk_run_for_int(q, version, err);
}

bool hk_policies_ask_files(const struct hk_policy_list *policies, bool *asks_checksums)
{
    bool asks = false;
    *asks_checksums = false;
    for (size_t i = 0; i < policies->count; i++) {
        for (size_t k = 0; k < policies->items[i]->rule_count; k++) {
            enum hk_rule_kind kind = policies->items[i]->rules[k].kind;
            asks = asks || kind == HK_RULE_SIGNATURE || kind == HK_RULE_INPUT_EXAMPLE || kind == HK_RULE_CHECKSUM;
            *asks_checksums = *asks_checksums || kind == HK_RULE_CHECKSUM;
        }
    }
    return asks;
}

/* One text by a key and a name; *out stays NULL when there is none. */
static bool find_text(struct gathering *g, const char *sql, int64_t key, const char *name, const char **out)
{
    struct hk_stmt *q = hk_db_query(g->db, sql);
    bool ok = true;
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, name);
    while (hk_step(q, &ok, g->err)) {
        *out = hk_arena_strdup(g->arena, hk_column_text(q, 0));
    }
    return ok;
}

/* ---- numbers ---- */

static bool is_gathered(const struct gathering *g, const struct hk_reference *r)
{
    for (size_t i = 0; i < g->out->number_count; i++) {
        const struct hk_reference *known = &g->numbers[i].reference;
        if (known->is_champion == r->is_champion && known->is_param == r->is_param && hk_str_eq(known->key, r->key)) {
            return true;
        }
    }
    return false;
}

static struct hk_fact_number *add_number(struct gathering *g, const struct hk_reference *r)
{
    if (g->out->number_count == g->number_room) {
        size_t room = g->number_room == 0 ? 16 : g->number_room * 2;
        struct hk_fact_number *numbers = hk_arena_array(g->arena, room, sizeof *numbers);
        if (g->out->number_count > 0) {
            memcpy(numbers, g->numbers, g->out->number_count * sizeof *numbers);
        }
        g->numbers = numbers;
        g->number_room = room;
        g->out->numbers = numbers;
    }
    struct hk_fact_number *number = &g->numbers[g->out->number_count++];
    number->reference = *r;
    return number;
}

static bool gather_metric(struct gathering *g, int64_t run_key, const struct hk_reference *r)
{
    struct hk_stmt *q = hk_db_query(g->db, METRIC);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, r->key);
    while (hk_step(q, &ok, g->err)) {
        struct hk_fact_number *number = add_number(g, r);
        number->value = hk_column_double(q, 0);
        number->is_number = hk_column_int(q, 1) == 0;
    }
    return ok;
}

static bool gather_number(struct gathering *g, const struct hk_reference *r)
{
    int64_t run_key = r->is_champion ? g->champion_run_key : g->run_key;
    const char *text = NULL;
    if (run_key < 0 || is_gathered(g, r)) {
        return true;
    }
    if (!r->is_param) {
        return gather_metric(g, run_key, r);
    }
    if (!find_text(g, PARAM, run_key, hk_arena_str(g->arena, r->key).data, &text)) {
        return false;
    }
    if (text != NULL) {
        struct hk_fact_number *number = add_number(g, r);
        number->is_number = hk_str_to_double(hk_str_from(text), &number->value);
    }
    return true;
}

static bool gather_expression(struct gathering *g, const struct hk_rule *rule)
{
    const struct hk_expression *expression = NULL;
    struct hk_reference r;
    if (!hk_expression_parse(hk_str_from(rule->name), g->arena, &expression, g->err)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && hk_expression_reference(expression, i, &r); i++) {
        ok = gather_number(g, &r);
    }
    return ok;
}

static bool gather_samples(struct gathering *g, const struct hk_rule *rule)
{
    struct hk_str name = hk_str_from(rule->name);
    struct hk_reference r = {.is_param = hk_str_starts_with(name, "params.")};
    size_t skip = r.is_param ? strlen("params.") : hk_str_starts_with(name, "metrics.") ? strlen("metrics.") : 0;
    r.key = (struct hk_str){name.data + skip, name.len - skip};
    return gather_number(g, &r);
}

/* ---- texts ---- */

static bool gather_text(struct gathering *g, const struct hk_rule *rule)
{
    const char *value = NULL;
    bool is_param = rule->kind == HK_RULE_PARAM;
    if (!is_param && !find_text(g, VERSION_TAG, g->wanted->version->key, rule->name, &value)) {
        return false;
    }
    if (value == NULL && g->run_key >= 0 && !find_text(g, is_param ? PARAM : RUN_TAG, g->run_key, rule->name, &value)) {
        return false;
    }
    if (value != NULL) {
        g->texts[g->out->text_count++] = (struct hk_fact_text){is_param, rule->name, value};
    }
    return true;
}

/* ---- DAG runs ---- */

static bool find_dag_run(struct gathering *g, struct hk_fact_dag_run *run, const char **conf)
{
    struct hk_stmt *q = hk_db_query(g->db, DAG_RUN);
    bool ok = true;
    hk_bind_text(q, 1, run->dag_id);
    hk_bind_text(q, 2, run->run_id);
    while (hk_step(q, &ok, g->err)) {
        run->is_known = hk_run_state_find(hk_column_str(q, 0), &run->state);
        *conf = hk_arena_strdup(g->arena, hk_column_text(q, 1));
    }
    return ok;
}

/* Tags that name a DAG run look like lineage to whoever has set them. */
static bool tell_of_tags(struct gathering *g)
{
    const char *dag_id = NULL;
    const char *run_id = NULL;
    if (!find_text(g, RUN_TAG, g->run_key, HK_LINEAGE_DAG_ID, &dag_id) ||
        !find_text(g, RUN_TAG, g->run_key, HK_LINEAGE_RUN_ID, &run_id)) {
        return false;
    }
    g->out->maker_trouble = hk_arena_printf(
        g->arena,
        "run '%s' was not made by a task%s: train in a task of a DAG, where the MLflow client finds a token "
        "(MLFLOW_TRACKING_TOKEN) that says which task it is",
        g->out->run_id,
        dag_id == NULL ? ""
                       : hk_arena_printf(g->arena,
                                         " (its tags name run '%s' of DAG '%s', but anybody can write tags, and what "
                                         "was made before hanok kept makers has none)",
                                         run_id != NULL ? run_id : "", dag_id));
    return true;
}

/* What a version is made of must come from where its run comes from: its logged model, if it has one, or the run's own
 * artifacts. (A source that this server reads is known to be of its owner since model-versions/create.) */
static bool check_files(struct gathering *g, const struct hk_maker *maker)
{
    const struct hk_model_version_row *version = g->wanted->version;
    struct hk_maker other;
    struct hk_version_origin origin = {0};
    int64_t model_key = 0;
    bool found = false;
    if (version->model_id == NULL) {
        if (version->run_id == NULL) {
            return true;
        }
        if (!hk_store_run_artifact_root(g->db, version->run_id, g->arena, &origin.root, g->err)) {
            return false;
        }
    } else {
        struct hk_stmt *q = hk_db_query(g->db, LOGGED_MODEL_KEY);
        hk_bind_text(q, 1, version->model_id);
        if (!hk_run_for_int(q, &model_key, g->err) ||
            !hk_store_maker_find(g->db, HK_MADE_LOGGED_MODEL, model_key, g->arena, &other, &found, g->err) ||
            !hk_store_logged_model_origin(g->db, version->model_id, g->arena, &origin, g->err)) {
            return false;
        }
        if (!found || other.run_key != maker->run_key) {
            g->out->maker_trouble = hk_arena_printf(g->arena, "logged model '%s' was not made by run '%s' of DAG '%s'",
                                                    version->model_id, maker->run_id, maker->dag_id);
            return true;
        }
    }
    struct hk_model_source source;
    const char *mistake = hk_model_source_read(g->arena, hk_str_from(version->storage_location), &source);
    if (mistake != NULL || (source.kind == HK_SOURCE_ELSEWHERE &&
                            (origin.root == NULL || !hk_model_source_is_within(g->arena, &source, origin.root)))) {
        g->out->maker_trouble = hk_arena_printf(
            g->arena, "its files are not among the artifacts of what made it, but at '%s'", version->storage_location);
    }
    return true;
}

static bool find_makers_state(struct gathering *g, int64_t run_key)
{
    struct hk_stmt *q = hk_db_query(g->db, MAKERS_STATE);
    struct hk_fact_dag_run *run = &g->out->maker;
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    while (hk_step(q, &ok, g->err)) {
        run->is_known = hk_run_state_find(hk_column_str(q, 0), &run->state);
    }
    return ok;
}

static bool gather_lineage(struct gathering *g)
{
    const struct hk_model_version_row *version = g->wanted->version;
    struct hk_maker maker;
    bool found = false;
    if (g->out->maker.dag_id != NULL || g->out->maker_trouble != NULL) {
        return true; /* another rule has asked already */
    }
    if (version->run_id != NULL && g->run_key < 0) {
        g->out->maker_trouble = hk_arena_printf(g->arena, "there is no run '%s'", version->run_id);
        return true;
    }
    if (!hk_store_maker_find(g->db, version->run_id != NULL ? HK_MADE_RUN : HK_MADE_VERSION,
                             version->run_id != NULL ? g->run_key : version->key, g->arena, &maker, &found, g->err)) {
        return false;
    }
    if (!found && version->run_id != NULL) {
        return tell_of_tags(g);
    }
    if (!found) {
        g->out->maker_trouble = "it comes from no run, and no task has registered it: register it in the task that "
                                "has trained it";
        return true;
    }
    g->out->maker = (struct hk_fact_dag_run){.dag_id = maker.dag_id, .run_id = maker.run_id};
    g->out->commit = maker.commit;
    return check_files(g, &maker) && find_makers_state(g, maker.run_key);
}

static bool gather_validation(struct gathering *g, const struct hk_rule *rule)
{
    const struct hk_request_row *request = g->wanted->request;
    struct hk_fact_validation *v = &g->validations[g->out->validation_count++];
    const char *conf = NULL;
    int64_t is_gone = 0;
    bool ok = true;
    struct hk_stmt *q = hk_db_query(g->db, DAG);
    hk_bind_text(q, 1, rule->name);
    v->run.dag_id = rule->name;
    while (hk_step(q, &ok, g->err)) {
        v->has_dag = true;
        v->is_paused = hk_column_int(q, 0) != 0;
        v->has_import_errors = hk_column_int(q, 1) != 0;
    }
    if (!ok || request == NULL) {
        return ok;
    }
    v->run.run_id = hk_validation_run_id(request->id, g->arena);
    q = hk_db_query(g->db, IS_GONE);
    hk_bind_int(q, 1, request->key);
    hk_bind_text(q, 2, rule->name);
    hk_bind_text(q, 3, v->run.run_id);
    if (!hk_run_for_int(q, &is_gone, g->err) || !find_dag_run(g, &v->run, &conf)) {
        return false;
    }
    v->is_gone = is_gone != 0;
    v->is_foreign = v->run.is_known && (conf == NULL || strcmp(conf, hk_validation_conf(request, g->arena)) != 0);
    return true;
}

/* ---- people and time ---- */

/* Whose run, logged model or registration it is: the one who triggered the DAG run that made it. */
static bool find_trigger(struct hk_db *db, enum hk_made what, int64_t key, struct hk_arena *arena,
                         struct hk_authors *out, struct hk_error *err)
{
    struct hk_maker maker;
    bool found = false;
    if (!hk_store_maker_find(db, what, key, arena, &maker, &found, err)) {
        return false;
    }
    if (found && maker.triggering_user != NULL) {
        out->names[out->count++] = maker.triggering_user;
    }
    return true;
}

static bool find_key(struct hk_db *db, const char *sql, const char *id, int64_t *key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    *key = 0;
    hk_bind_text(q, 1, id);
    return hk_run_for_int(q, key, err);
}

bool hk_store_authors(struct hk_db *db, const struct hk_model_version_row *version,
                      const struct hk_request_row *request, struct hk_arena *arena, struct hk_authors *out,
                      struct hk_error *err)
{
    int64_t run_key = 0;
    int64_t model_key = 0;
    *out = (struct hk_authors){0};
    if (version->author != NULL) {
        out->names[out->count++] = version->author;
    }
    if (request != NULL && request->creator != NULL) {
        out->names[out->count++] = request->creator;
    }
    return (request == NULL || find_trigger(db, HK_MADE_REQUEST, request->key, arena, out, err)) &&
           find_key(db, RUN_KEY, version->run_id, &run_key, err) &&
           find_key(db, LOGGED_MODEL_KEY, version->model_id, &model_key, err) &&
           find_trigger(db, HK_MADE_VERSION, version->key, arena, out, err) &&
           find_trigger(db, HK_MADE_RUN, run_key, arena, out, err) &&
           find_trigger(db, HK_MADE_LOGGED_MODEL, model_key, arena, out, err);
}

static bool gather_approvals(struct gathering *g)
{
    struct hk_approval *given = NULL;
    size_t count = 0;
    struct hk_authors *authors = hk_arena_alloc(g->arena, sizeof *authors);
    if (!hk_store_authors(g->db, g->wanted->version, g->wanted->request, g->arena, authors, g->err)) {
        return false;
    }
    if (g->wanted->request == NULL) {
        authors->names[authors->count++] = g->wanted->actor;
    }
    g->out->authors = authors->names;
    g->out->author_count = authors->count;
    if (g->wanted->request == NULL) {
        return true;
    }
    if (!hk_store_approvals(g->db, g->wanted->request->key, g->arena, &given, &count, g->err)) {
        return false;
    }
    struct hk_fact_approval *approvals = hk_arena_array(g->arena, count + 1, sizeof *approvals);
    for (size_t i = 0; i < count; i++) {
        approvals[i] = (struct hk_fact_approval){given[i].user, given[i].role};
    }
    g->out->approvals = approvals;
    g->out->approval_count = count;
    return true;
}

static void gather_zone(struct gathering *g, const struct hk_rule *rule)
{
    struct hk_zone *zone = NULL;
    struct hk_error ignored; /* one that is gone since the policy was read: the rule fails */
    if (hk_zone_load(rule->name, &zone, &ignored)) {
        g->zones[g->out->zone_count++] = (struct hk_fact_zone){rule->name, zone};
    }
}

static bool gather_rule(struct gathering *g, const struct hk_rule *rule)
{
    switch (rule->kind) {
    case HK_RULE_METRIC:
        return gather_expression(g, rule);
    case HK_RULE_SAMPLES:
        return gather_samples(g, rule);
    case HK_RULE_TAG:
    case HK_RULE_PARAM:
        return gather_text(g, rule);
    case HK_RULE_LINEAGE:
        return gather_lineage(g);
    case HK_RULE_VALIDATION:
        return gather_validation(g, rule);
    case HK_RULE_WINDOW:
        gather_zone(g, rule);
        return true;
    default:
        return true;
    }
}

static bool find_runs(struct gathering *g)
{
    const struct hk_model_version_row *version = g->wanted->version;
    struct hk_stmt *q = NULL;
    g->run_key = -1;
    g->champion_run_key = -1;
    if (version->run_id != NULL) {
        q = hk_db_query(g->db, RUN_KEY);
        hk_bind_text(q, 1, version->run_id);
        if (!hk_run_for_int(q, &g->run_key, g->err)) {
            return false;
        }
    }
    if (!hk_store_target_holder(g->db, version->model_key, &g->wanted->target, &g->out->champion_version, g->err)) {
        return false;
    }
    q = hk_db_query(g->db, RUN_OF_VERSION);
    hk_bind_int(q, 1, version->model_key);
    hk_bind_int(q, 2, g->out->champion_version);
    return g->out->champion_version == 0 || hk_run_for_int(q, &g->champion_run_key, g->err);
}

static void make_room(struct gathering *g)
{
    size_t rules = 1;
    for (size_t i = 0; i < g->wanted->policies->count; i++) {
        rules += g->wanted->policies->items[i]->rule_count;
    }
    g->texts = hk_arena_array(g->arena, rules, sizeof *g->texts);
    g->validations = hk_arena_array(g->arena, rules, sizeof *g->validations);
    g->zones = hk_arena_array(g->arena, rules, sizeof *g->zones);
    g->out->texts = g->texts;
    g->out->validations = g->validations;
    g->out->zones = g->zones;
}

bool hk_promotion_facts_gather(struct hk_db *db, const struct hk_facts_wanted *wanted, struct hk_arena *arena,
                               struct hk_promotion_facts *out, struct hk_error *err)
{
    const struct hk_model_version_row *version = wanted->version;
    struct gathering g = {.db = db, .wanted = wanted, .arena = arena, .err = err, .out = out};
    *out = (struct hk_promotion_facts){.now_us = wanted->now_us,
                                       .model = version->model,
                                       .version = version->version,
                                       .created_us = version->created_ms * HK_MS_US,
                                       .run_id = version->run_id};
    if (wanted->artifacts != NULL) {
        out->has_signature = wanted->artifacts->has_signature;
        out->has_input_example = wanted->artifacts->has_input_example;
        out->is_unchanged = wanted->artifacts->is_unchanged;
        out->artifact_trouble = wanted->artifacts->trouble;
        out->content_trouble = wanted->artifacts->content_trouble;
    }
    make_room(&g);
    bool ok = find_runs(&g) && gather_approvals(&g);
    for (size_t i = 0; ok && i < wanted->policies->count; i++) {
        for (size_t k = 0; ok && k < wanted->policies->items[i]->rule_count; k++) {
            ok = gather_rule(&g, &wanted->policies->items[i]->rules[k]);
        }
    }
    if (!ok) {
        hk_promotion_facts_clear(out);
    }
    return ok;
}

void hk_promotion_facts_clear(struct hk_promotion_facts *facts)
{
    for (size_t i = 0; i < facts->zone_count; i++) {
        hk_zone_free((struct hk_zone *)(uintptr_t)(const void *)facts->zones[i].zone);
    }
    facts->zone_count = 0;
}
