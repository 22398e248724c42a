/* TZif (RFC 8536) into a struct hk_zone. Every length is checked before it is used. */
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/graph/zone_internal.h"

enum { HEADER_BYTES = 44, MAX_CHANGES = 100000, MAX_OFFSET_S = 26 * 3600 };

struct reader {
    const unsigned char *p;
    size_t left;
};

static bool take(struct reader *r, size_t len, const unsigned char **out)
{
    if (r->left < len) {
        return false;
    }
    *out = r->p;
    r->p += len;
    r->left -= len;
    return true;
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_time(const unsigned char *p, size_t size)
{
    if (size == 4) {
        return (int32_t)be32(p);
    }
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct header {
    int version;
    size_t utc_count, std_count, leap_count, change_count, type_count, char_count;
};

static bool read_header(struct reader *r, struct header *h)
{
    const unsigned char *p = NULL;
    if (!take(r, HEADER_BYTES, &p) || memcmp(p, "TZif", 4) != 0) {
        return false;
    }
    h->version = p[4] == 0 ? 1 : p[4] - '0';
    h->utc_count = be32(p + 20);
    h->std_count = be32(p + 24);
    h->leap_count = be32(p + 28);
    h->change_count = be32(p + 32);
    h->type_count = be32(p + 36);
    h->char_count = be32(p + 40);
    return h->change_count <= MAX_CHANGES && h->type_count >= 1 && h->type_count <= 256 &&
           h->leap_count <= MAX_CHANGES && h->char_count <= MAX_CHANGES && h->utc_count <= 256 && h->std_count <= 256;
}

static size_t body_bytes(const struct header *h, size_t time_size)
{
    return h->change_count * (time_size + 1) + h->type_count * 6 + h->char_count + h->leap_count * (time_size + 4) +
           h->std_count + h->utc_count;
}

/* Offsets before the first change and where, on the wall, each change lies. */
static void fill_walls(struct hk_zone *zone, int32_t first_type_s)
{
    int32_t before = first_type_s;
    for (size_t i = 0; i < zone->count; i++) {
        int32_t after = zone->offset_s[i];
        zone->wall_s[0][i] = zone->at_s[i] + (before > after ? before : after);
        zone->wall_s[1][i] = zone->at_s[i] + (before > after ? after : before);
        before = after;
    }
}

static bool read_changes(struct hk_zone *zone, const struct header *h, const unsigned char *p, size_t time_size)
{
    const unsigned char *indexes = p + h->change_count * time_size;
    const unsigned char *types = indexes + h->change_count;
    int32_t first_type_s = (int32_t)be32(types);
    zone->count = h->change_count;
    zone->at_s = hk_alloc_array(zone->count + 1, sizeof *zone->at_s);
    zone->wall_s[0] = hk_alloc_array(zone->count + 1, sizeof *zone->wall_s[0]);
    zone->wall_s[1] = hk_alloc_array(zone->count + 1, sizeof *zone->wall_s[1]);
    zone->offset_s = hk_alloc_array(zone->count + 1, sizeof *zone->offset_s);
    for (size_t i = 0; i < h->type_count; i++) {
        int32_t offset = (int32_t)be32(types + i * 6);
        if (offset < -MAX_OFFSET_S || offset > MAX_OFFSET_S) {
            return false;
        }
    }
    for (size_t i = 0; i < zone->count; i++) {
        zone->at_s[i] = be_time(p + i * time_size, time_size);
        bool is_ordered = i == 0 || zone->at_s[i] > zone->at_s[i - 1];
        bool is_sane = zone->at_s[i] > INT64_MIN / 4 && zone->at_s[i] < INT64_MAX / 4;
        if (!is_ordered || !is_sane || indexes[i] >= h->type_count) {
            return false;
        }
        zone->offset_s[i] = (int32_t)be32(types + (size_t)indexes[i] * 6);
    }
    size_t standard = 0; /* the first type that is no daylight saving time tells what was before all changes */
    while (standard < h->type_count && types[standard * 6 + 4] != 0) {
        standard++;
    }
    if (standard < h->type_count) {
        zone->before_s = (int32_t)be32(types + standard * 6);
    } else {
        zone->before_s = zone->count > 0 ? zone->offset_s[0] : first_type_s;
    }
    zone->after_s = zone->count > 0 ? zone->offset_s[zone->count - 1] : (int32_t)be32(types + (h->type_count - 1) * 6);
    fill_walls(zone, first_type_s);
    return true;
}

static bool read_footer(struct hk_zone *zone, struct reader *r)
{
    if (r->left < 2 || r->p[0] != '\n') {
        return false;
    }
    const unsigned char *end = memchr(r->p + 1, '\n', r->left - 1);
    if (end == NULL) {
        return false;
    }
    struct hk_str text = {(const char *)r->p + 1, (size_t)(end - r->p) - 1};
    return text.len == 0 || hk__zone_rule_parse(text, &zone->rule);
}

static bool read_all(struct hk_zone *zone, struct hk_str tzif)
{
    struct reader r = {(const unsigned char *)tzif.data, tzif.len};
    struct header h = {0};
    const unsigned char *body = NULL;
    size_t time_size = 4;
    if (!read_header(&r, &h)) {
        return false;
    }
    if (h.version >= 2) { /* the first block is for readers of before 2005 */
        if (!take(&r, body_bytes(&h, 4), &body) || !read_header(&r, &h)) {
            return false;
        }
        time_size = 8;
    }
    if (!take(&r, body_bytes(&h, time_size), &body) || !read_changes(zone, &h, body, time_size)) {
        return false;
    }
    return h.version < 2 || read_footer(zone, &r);
}

bool hk_zone_read(const char *name, struct hk_str tzif, struct hk_zone **out, struct hk_error *err)
{
    struct hk_zone *zone = hk_alloc(sizeof *zone);
    if (!read_all(zone, tzif)) {
        hk_zone_free(zone);
        return hk_error_set(err, HK_CORRUPT,
                            "the data of time zone '%.100s' is damaged: it is no TZif file; reinstall the package "
                            "tzdata",
                            name);
    }
    *out = zone;
    return true;
}
