/* struct hk_zone: an IANA time zone, or a fixed offset. Answers what the wall clocks of a place show at an instant, and
 * which instant a wall clock means, with Python's rules (zoneinfo, pendulum) for the hours that a change of the clocks
 * skips or repeats: a schedule must fire when Airflow's would.
 *
 * The rules come from the operating system's zoneinfo folder (TZif, RFC 8536): the list of changes that are known,
 * then the POSIX rule in the file's footer for all years after. The files are outside input: every count and index is
 * checked. A zone is immutable once loaded, belongs to whoever loaded it, and may be read by any thread. There is no
 * cache: whoever needs many timetables in one zone keeps the zone.
 *
 *     struct hk_zone *zone;
 *     if (!hk_zone_load("Europe/Berlin", &zone, err)) ...
 *     int64_t wall_us = hk_zone_to_wall(zone, at_us);
 *     hk_zone_free(zone);
 *
 * A wall time is an int64_t, too: the microseconds since 1970-01-01T00:00:00 *on that wall*, so hk_civil_from_us
 * gives its fields.
 */
#ifndef HK_GRAPH_ZONE_H
#define HK_GRAPH_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_zone;

/* "UTC" (any case), a fixed offset "+09:00" / "-0330" / "+05:30:15", or a name of the zoneinfo folder. HK_INVALID for
 * what cannot be a zone's name, HK_NOT_FOUND for an unknown name (the sentence says when the whole folder is missing:
 * the tzdata package), HK_CORRUPT for a file that is no TZif. Reads a file: not on the loop. */
HK_MUST_USE bool hk_zone_load(const char *name, struct hk_zone **out, struct hk_error *err);

/* The same from the bytes of a TZif file. `name` is only for messages. */
HK_MUST_USE bool hk_zone_read(const char *name, struct hk_str tzif, struct hk_zone **out, struct hk_error *err);

void hk_zone_free(struct hk_zone *zone); /* NULL does nothing */

/* Seconds east of UTC at an instant. */
int32_t hk_zone_offset(const struct hk_zone *zone, int64_t at_us);

/* What the clocks on the wall show at an instant. */
int64_t hk_zone_to_wall(const struct hk_zone *zone, int64_t at_us);

/* Which instant a wall time means. A repeated wall time means its first occurrence, or its second when is_second
 * (Python's fold=1, which is what Airflow asks for in schedules). A skipped wall time is moved by the length of
 * the gap, back, or forward when is_second. */
int64_t hk_zone_to_instant(const struct hk_zone *zone, int64_t wall_us, bool is_second);

#endif
