#include "dags/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dags/bundle_internal.h"
#include "dags/read_yaml.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

enum {
    HK_MAX_WATCHED_PATH = 4096,
    SETTLE_MS = 30,  /* editors write, rename and touch: one scan for all of it */
    RETRY_MS = 2000, /* until what a full disk did not take is tried again */
};

static struct hk_bundle_entry *find_entry(struct hk_bundle *b, const char *relative)
{
    uint64_t at = 0;
    return hk_map_find(&b->by_name, hk_str_from(relative), &at) ? b->entries[at] : NULL;
}

static struct hk_bundle_entry *add_entry(struct hk_bundle *b, const struct hk_dag_file *file)
{
    struct hk_bundle_entry *entry = hk_alloc(sizeof *entry);
    entry->path = hk_strdup(file->path);
    entry->relative = hk_strdup(file->relative);
    entry->kind = file->kind;
    entry->changed_ns = -1;
    hk_array_grow((void **)&b->entries, &b->entry_cap, b->entry_count + 1, sizeof(struct hk_bundle_entry *));
    hk_map_set(&b->by_name, hk_str_from(entry->relative), b->entry_count);
    b->entries[b->entry_count++] = entry;
    return entry;
}

/* ---- the end of it all ---- */

static void on_closed(uv_handle_t *handle)
{
    struct hk_bundle *b = handle->data;
    if (handle != (uv_handle_t *)&b->settle_timer) {
        free(handle);
    }
    if (--b->open_handles > 0) {
        return;
    }
    for (size_t i = 0; i < b->entry_count; i++) {
        free(b->entries[i]->path);
        free(b->entries[i]->relative);
        free(b->entries[i]);
    }
    free(b->entries);
    free(b->watches);
    hk_map_clear(&b->by_name);
    hk_map_clear(&b->watched);
    free(b->name);
    free(b->path);
    free(b->folder);
    void (*done)(void *) = b->on_stopped;
    void *arg = b->stopped_arg;
    free(b);
    if (done != NULL) {
        done(arg);
    }
}

static void close_if_idle(struct hk_bundle *b)
{
    if (!b->is_stopping || b->is_listing || b->busy > 0 || b->is_closing) {
        return;
    }
    b->is_closing = true;
    for (size_t i = 0; i < b->watch_count; i++) {
        uv_close((uv_handle_t *)b->watches[i], on_closed);
    }
    uv_close((uv_handle_t *)&b->settle_timer, on_closed);
}

void hk_bundle_stop(struct hk_bundle *b, void (*done)(void *arg), void *arg)
{
    b->is_stopping = true;
    b->on_stopped = done;
    b->stopped_arg = arg;
    close_if_idle(b);
}

/* ---- scans ---- */

static void start_listing(struct hk_bundle *b);

static void on_settle_timer(uv_timer_t *timer);

static void scan_within(struct hk_bundle *b, uint64_t ms)
{
    uv_timer_t *timer = &b->settle_timer;
    bool is_soon = uv_is_active((uv_handle_t *)timer) && uv_timer_get_due_in(timer) <= ms;
    if (!b->is_stopping && !is_soon) {
        uv_timer_start(timer, on_settle_timer, ms, 0);
    }
}

static void settle(struct hk_bundle *b)
{
    if (b->is_listing) {
        return;
    }
    if (b->is_stopping) {
        close_if_idle(b);
    } else if (b->wants_scan) {
        start_listing(b); /* even while files are under way: one that takes long does not hold up the others */
    } else if (b->busy == 0 && b->options.settled != NULL) {
        b->options.settled(b->options.context);
    }
}

void hk__bundle_id_freed(struct hk_bundle *b)
{
    for (size_t i = 0; i < b->entry_count; i++) {
        struct hk_bundle_entry *entry = b->entries[i];
        if (entry->waits_for_id && !entry->is_gone) {
            entry->again = entry->is_busy;
            entry->changed_ns = -1;
            b->wants_scan = true;
        }
    }
}

void hk__bundle_read_all(struct hk_bundle *b)
{
    b->wants_scan = true;
    if (b->is_listing) {
        b->scan_everything_next = true;
    } else {
        b->scan_everything = true;
    }
}

void hk__bundle_unsaved(struct hk_bundle *b, struct hk_bundle_entry *entry, const struct hk_error *err)
{
    if (!entry->is_unsaved) {
        hk_log(HK_ERROR, "bundle", "file could not be saved; trying again until it can",
               HK_KEY("file", entry->relative), HK_KEY("why", err->message));
    }
    entry->is_unsaved = true;
    entry->changed_ns = -1;
    if (b->options.watch) {
        scan_within(b, RETRY_MS);
    }
}

void hk__bundle_file_done(struct hk_bundle *b, struct hk_bundle_entry *entry)
{
    b->busy--;
    entry->is_busy = false;
    if (entry->again && !b->is_stopping) {
        b->wants_scan = true;
        entry->again = false;
        entry->changed_ns = -1;
    }
    settle(b);
}

static bool watched_path(const uv_fs_event_t *watch, char out[static HK_MAX_WATCHED_PATH])
{
    size_t size = HK_MAX_WATCHED_PATH;
    return uv_fs_event_getpath((uv_fs_event_t *)watch, out, &size) == 0;
}

/* The folder is gone or has another name; one with the old name may come again and is then watched anew. */
static void drop_watch(struct hk_bundle *b, uv_fs_event_t *watch, const char *path)
{
    size_t i = 0;
    while (i < b->watch_count && b->watches[i] != watch) {
        i++;
    }
    if (i < b->watch_count) {
        b->watches[i] = b->watches[--b->watch_count];
        (void)hk_map_remove(&b->watched, hk_str_from(path));
        uv_close((uv_handle_t *)watch, on_closed);
    }
}

static void on_change(uv_fs_event_t *watch, const char *filename, int events, int status)
{
    (void)status;
    struct hk_bundle *b = watch->data;
    char path[HK_MAX_WATCHED_PATH];
    /* libuv tells that the folder itself was moved or removed by its own name. */
    if ((events & UV_RENAME) != 0 && filename != NULL && !b->is_closing && watched_path(watch, path) &&
        strcmp(strrchr(path, '/') + 1, filename) == 0) {
        drop_watch(b, watch, path);
    }
    hk_bundle_rescan(b, false);
}

static void drop_missing_watches(struct hk_bundle *b, const struct hk_dag_files *files)
{
    char path[HK_MAX_WATCHED_PATH];
    struct hk_map present;
    hk_map_init(&present);
    for (size_t i = 0; i < files->folder_len; i++) {
        hk_map_set(&present, hk_str_from(files->folders[i]), 1);
    }
    for (size_t i = b->watch_count; i-- > 0;) {
        if (watched_path(b->watches[i], path) && !hk_map_find(&present, hk_str_from(path), NULL)) {
            drop_watch(b, b->watches[i], path);
        }
    }
    hk_map_clear(&present);
}

static void watch_folder(struct hk_bundle *b, const char *folder)
{
    if (hk_map_find(&b->watched, hk_str_from(folder), NULL)) {
        return;
    }
    uv_fs_event_t *watch = hk_alloc(sizeof *watch);
    uv_fs_event_init(b->options.loop, watch);
    watch->data = b;
    b->open_handles++;
    hk_array_grow((void **)&b->watches, &b->watch_cap, b->watch_count + 1, sizeof(uv_fs_event_t *));
    b->watches[b->watch_count++] = watch;
    hk_map_set(&b->watched, hk_str_from(folder), 1);
    int rc = uv_fs_event_start(watch, on_change, folder, 0);
    if (rc != 0) {
        hk_log(HK_WARN, "bundle", "folder cannot be watched; changes in it are seen at the next reserialize",
               HK_KEY("folder", folder), HK_KEY("why", uv_strerror(rc)));
    }
    uv_unref((uv_handle_t *)watch);
    b->wants_scan = true; /* for what changed between the listing and the watch */
}

static void look_at(struct hk_bundle *b, const struct hk_dag_file *file)
{
    struct hk_bundle_entry *entry = find_entry(b, file->relative);
    entry = entry != NULL ? entry : add_entry(b, file);
    entry->is_seen = true;
    bool is_same = entry->changed_ns == file->changed_ns && entry->size == file->size;
    if (is_same && !b->scan_everything) {
        return;
    }
    if (hk_yaml_is_defaults(file->relative) && b->is_past_first_scan && !is_same) {
        hk__bundle_read_all(b);
    }
    if (entry->is_busy) {
        entry->again = true;
        return;
    }
    if (strcmp(entry->path, file->path) != 0) { /* known by its name alone so far: from an earlier life */
        free(entry->path);
        entry->path = hk_strdup(file->path);
    }
    entry->kind = file->kind;
    entry->changed_ns = file->changed_ns;
    entry->size = file->size;
    entry->is_busy = true;
    entry->is_gone = false;
    b->busy++;
    hk__bundle_read(b, entry, b->scan_everything);
}

static void forget_missing(struct hk_bundle *b)
{
    for (size_t i = 0; i < b->entry_count; i++) {
        struct hk_bundle_entry *entry = b->entries[i];
        if (entry->is_seen || entry->is_gone) {
            continue;
        }
        if (entry->is_busy) {
            entry->again = true;
        } else {
            if (hk_yaml_is_defaults(entry->relative) && b->is_past_first_scan) {
                hk__bundle_read_all(b);
            }
            entry->is_gone = true;
            entry->changed_ns = -1;
            entry->is_busy = true;
            b->busy++;
            hk__bundle_forget(b, entry);
        }
    }
}

/* Files that the database knows from an earlier life and that are no longer there. */
static void add_known(struct hk_bundle *b, const struct listing *listing)
{
    for (size_t i = 0; i < listing->known_count; i++) {
        if (find_entry(b, listing->known[i]) == NULL) {
            struct hk_dag_file file = {.path = listing->known[i], .relative = listing->known[i]};
            add_entry(b, &file);
        }
    }
}

static bool on_known(void *arg, const char *bundle_name, const char *relative)
{
    struct listing *listing = arg;
    if (strcmp(bundle_name, listing->bundle->name) == 0) {
        hk_array_grow((void **)&listing->known, &listing->known_cap, listing->known_count + 1, sizeof(char *));
        listing->known[listing->known_count++] = hk_strdup(relative);
    }
    return true;
}

static void list_work(uv_work_t *work)
{
    struct listing *listing = work->data;
    struct hk_db *db = NULL;
    listing->ok = hk_dag_files_list(listing->bundle->path, &listing->files, &listing->err);
    if (!listing->ok || !listing->wants_known) {
        return;
    }
    struct hk_error ignored;
    if (hk_store_reader_take(listing->bundle->options.store, &db, &ignored)) {
        listing->ok = hk_store_files_each(db, on_known, listing, &listing->err);
        hk_store_reader_give(listing->bundle->options.store, db);
    }
}

static void list_done(uv_work_t *work, int status)
{
    (void)status;
    struct listing *listing = work->data;
    struct hk_bundle *b = listing->bundle;
    if (!listing->ok) {
        hk_log(HK_ERROR, "bundle", "folder cannot be read", HK_KEY("why", listing->err.message));
    } else if (!b->is_stopping) {
        for (size_t i = 0; i < b->entry_count; i++) {
            b->entries[i]->is_seen = false;
        }
        drop_missing_watches(b, &listing->files);
        for (size_t i = 0; i < listing->files.folder_len && b->options.watch; i++) {
            watch_folder(b, listing->files.folders[i]);
        }
        for (size_t i = 0; i < listing->files.len; i++) {
            look_at(b, &listing->files.items[i]);
        }
        add_known(b, listing);
        forget_missing(b);
    }
    b->is_listing = false;
    b->is_past_first_scan = true;
    b->scan_everything = b->scan_everything_next;
    b->scan_everything_next = false;
    for (size_t i = 0; i < listing->known_count; i++) {
        free(listing->known[i]);
    }
    free(listing->known);
    hk_dag_files_clear(&listing->files);
    free(listing);
    settle(b);
}

static void start_listing(struct hk_bundle *b)
{
    struct listing *listing = hk_alloc(sizeof *listing);
    listing->bundle = b;
    listing->work.data = listing;
    listing->wants_known = b->entry_count == 0;
    b->wants_scan = false;
    b->is_listing = true;
    HK_ASSERT(uv_queue_work(b->options.loop, &listing->work, list_work, list_done) == 0);
}

static void on_settle_timer(uv_timer_t *timer)
{
    struct hk_bundle *b = timer->data;
    b->wants_scan = true;
    settle(b);
}

void hk_bundle_rescan(struct hk_bundle *b, bool everything)
{
    b->scan_everything = b->scan_everything || everything;
    scan_within(b, SETTLE_MS);
}

bool hk_bundle_start(const struct hk_bundle_options *options, struct hk_bundle **out, struct hk_error *err)
{
    char *path = realpath(options->path, NULL);
    if (path == NULL) {
        return hk_error_set(err, HK_NOT_FOUND, "dag folder '%s': %m; name an existing one with --dags", options->path);
    }
    struct hk_bundle *b = hk_alloc(sizeof *b);
    b->options = *options;
    b->name = hk_strdup(options->name);
    b->path = path;
    b->folder = hk_strdup(path);
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        *strrchr(b->folder, '/') = '\0';
    }
    hk_map_init(&b->by_name);
    hk_map_init(&b->watched);
    uv_timer_init(options->loop, &b->settle_timer);
    b->settle_timer.data = b;
    b->open_handles = 1;
    start_listing(b);
    *out = b;
    return true;
}
