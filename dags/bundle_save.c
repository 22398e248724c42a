/* What was read goes into the database, in one transaction, and then on to the scheduler; or the import error does. */
#include <stdlib.h>
#include <string.h>

#include "dags/bundle_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/policy_store.h"

static bool on_old_dag(void *arg, const struct hk_dag_row *row)
{
    struct reading *r = arg;
    hk_array_grow((void **)&r->gone, &r->gone_cap, r->gone_count + 1, sizeof(char *));
    r->gone[r->gone_count++] = hk_strdup(row->dag_id);
    return true;
}

static void drop_gone(struct reading *r, const char *dag_id)
{
    for (size_t i = 0; i < r->gone_count; i++) {
        if (strcmp(r->gone[i], dag_id) == 0) {
            free(r->gone[i]);
            r->gone[i] = r->gone[--r->gone_count];
            return;
        }
    }
}

static bool save_dag(struct hk_db *db, struct reading *r, struct read_dag *dag, struct hk_error *err)
{
    struct hk_dag_save save = {.graph = dag->graph,
                               .document = hk_buf_str(&dag->document),
                               .digest = dag->digest,
                               .source = hk_buf_str(&r->content),
                               .source_digest = r->source_digest,
                               .version_id = dag->version_id,
                               .timetable_description = dag->description,
                               .is_periodic = dag->is_periodic,
                               .starts_paused = r->bundle->options.starts_paused,
                               .parsed_us = r->parsed_us,
                               .parse_seconds = (double)(r->parsed_us - r->started_us) / (double)HK_SECOND_US};
    return hk_store_dag_save(db, &save, &dag->saved, err);
}

/* Of a file that is gone none are left. */
static bool save_policies(struct hk_db *db, struct reading *r, struct hk_error *err)
{
    if (!r->is_policies || r->is_unchanged) {
        return true;
    }
    struct hk_policy_save *saves = hk_arena_array(&r->arena, r->policies.count + 1, sizeof *saves);
    for (size_t i = 0; i < r->policies.count; i++) {
        saves[i] = (struct hk_policy_save){.policy = &r->policies.items[i].policy,
                                           .document_json = r->policies.items[i].document,
                                           .bundle = r->bundle->name,
                                           .file = r->entry->relative,
                                           .now_us = r->parsed_us};
    }
    return hk_store_policies_of_file(db, saves, r->policies.count, r->bundle->name, r->entry->relative, r->parsed_us,
                                     err);
}

static bool save_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    const char *bundle = r->bundle->name;
    const char *relative = r->entry->relative;
    r->gone_count = 0;
    if (!hk_store_file_dags(db, bundle, relative, on_old_dag, r, err)) {
        return false;
    }
    for (size_t i = 0; i < r->dag_count; i++) {
        r->dags[i].is_elsewhere = false;
        if (!save_dag(db, r, &r->dags[i], err)) {
            r->dags[i].is_elsewhere = r->is_loader && err->code == HK_CONFLICT;
            if (!r->dags[i].is_elsewhere) {
                return false;
            }
        }
        drop_gone(r, r->dags[i].graph->dag_id);
    }
    for (size_t i = 0; i < r->gone_count; i++) {
        if (!hk_store_dag_set_stale(db, r->gone[i], true, err)) {
            return false;
        }
    }
    return save_policies(db, r, err) &&
           hk_store_import_error_set(db, bundle, relative, (struct hk_str){NULL, 0}, r->parsed_us, err) &&
           hk_store_file_set(db, bundle, relative, r->digest, r->parsed_us, err);
}

static bool problem_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    return hk_store_import_error_set(db, r->bundle->name, r->entry->relative, hk_buf_str(&r->problem), r->parsed_us,
                                     err) &&
           hk_store_file_forget(db, r->bundle->name, r->entry->relative, err);
}

static void problem_done(void *arg, const struct hk_error *err)
{
    struct reading *r = arg;
    r->entry->is_unsaved = r->entry->is_unsaved && err != NULL;
    if (err != NULL) {
        hk__bundle_unsaved(r->bundle, r->entry, err);
    }
    hk__reading_finish(r);
}

static void report_problem(struct reading *r)
{
    struct hk_bundle *b = r->bundle;
    hk_log(HK_WARN, "bundle", "file has an error", HK_KEY("file", r->entry->relative), HK_KEY("why", r->problem.data));
    if (b->options.problem != NULL) {
        b->options.problem(b->options.context, r->entry->relative, r->problem.data);
    }
    struct hk_write write = {problem_run, problem_done, r, false};
    hk_store_submit(b->options.store, &write);
}

/* Whether files that import this one may have changed with it. A new file at the very start tells nobody anything. */
static bool speaks_for_others(const struct reading *r)
{
    if (r->entry->is_gone) {
        return r->entry->kind == HK_DAG_FILE_PYTHON && r->gone_count == 0;
    }
    return r->is_helper && !r->is_unchanged && !r->even_unchanged && !(r->is_first_scan && r->is_new);
}

static void save_done(void *arg, const struct hk_error *err)
{
    struct reading *r = arg;
    struct hk_bundle *b = r->bundle;
    r->entry->waits_for_id = err != NULL && err->code == HK_CONFLICT;
    if (err != NULL && (err->code == HK_CONFLICT || err->code == HK_INVALID)) {
        hk__reading_set_problem(r, err->message);
        report_problem(r);
        return;
    }
    if (err != NULL) {
        hk__bundle_unsaved(b, r->entry, err);
        hk__reading_finish(r);
        return;
    }
    for (size_t i = 0; i < r->dag_count; i++) {
        struct hk_bundle_dag dag = {r->dags[i].graph, &r->dags[i].saved};
        if (!r->dags[i].is_elsewhere) {
            b->options.dag(b->options.context, &dag);
        }
    }
    for (size_t i = 0; i < r->gone_count; i++) {
        b->options.gone(b->options.context, r->gone[i]);
    }
    if (r->gone_count > 0) {
        hk__bundle_id_freed(b);
    }
    r->entry->is_unsaved = false;
    if (speaks_for_others(r)) {
        hk__bundle_read_all(b);
    }
    hk__reading_finish(r);
}

static void submit(struct reading *r)
{
    for (size_t i = 0; i < r->dag_count; i++) {
        hk_uuid7(r->bundle->options.rand, r->parsed_us, r->dags[i].version_id);
    }
    struct hk_write write = {save_run, save_done, r, false};
    hk_store_submit(r->bundle->options.store, &write);
}

void hk__reading_save(struct reading *r)
{
    if (r->problem.len > 0) {
        report_problem(r);
    } else {
        submit(r);
    }
}

/* ---- files that are gone ---- */

static bool forget_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    return save_run(db, r, err) && hk_store_file_forget(db, r->bundle->name, r->entry->relative, err);
}

void hk__bundle_forget(struct hk_bundle *b, struct hk_bundle_entry *entry)
{
    struct reading *r = hk__reading_new(b, entry);
    struct hk_write write = {forget_run, save_done, r, false};
    hk_store_submit(b->options.store, &write);
}
