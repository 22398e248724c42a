/* struct hk_str: text to read, by value. It points into memory that somebody else owns and need not
 * be NUL-terminated; data may be NULL when len is 0. "%.*s" with HK_STR_ARG prints one. Any thread. */
#ifndef HK_BASE_STR_H
#define HK_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hk_str {
    const char *data;
    size_t len;
};

#define HK_STR(literal) ((struct hk_str){(literal), sizeof(literal) - 1})
#define HK_STR_ARG(s) (int)(s).len, (s).data != NULL ? (s).data : ""

struct hk_str hk_str_from(const char *c_string); /* NULL gives the empty string */
bool hk_str_eq(struct hk_str a, struct hk_str b);
bool hk_str_is(struct hk_str a, const char *c_string);
bool hk_str_starts_with(struct hk_str s, const char *prefix);
bool hk_str_ends_with(struct hk_str s, const char *suffix);
struct hk_str hk_str_trim(struct hk_str s); /* without ASCII white space at the ends */

/* Splits off what stands before the first `sep` into *head and leaves the rest in *rest. false when
 * *rest is used up. An empty *rest yields nothing. */
bool hk_str_next(struct hk_str *rest, char sep, struct hk_str *head);

/* The whole of s as a decimal number; false on anything else, including overflow. */
bool hk_str_to_i64(struct hk_str s, int64_t *out);
bool hk_str_to_double(struct hk_str s, double *out); /* finite numbers only */

/* NUL-terminated copy into out; false (and an empty out) when it does not fit. */
bool hk_str_copy(char *out, size_t out_size, struct hk_str s);

/* Whether s is valid UTF-8 (no surrogates, no over-long forms). */
bool hk_str_is_utf8(struct hk_str s);

uint64_t hk_str_hash(struct hk_str s); /* FNV-1a; not for hostile keys in the open */

#endif
