#include "engine/tracking/inflate.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { CHUNK_BYTES = 32 * 1024, ZLIB_FRAME = 15, GZIP_FRAME = 15 + 16, NO_FRAME = -15 }; /* windowBits */

/* Z_STREAM_END: all of it was read; Z_BUF_ERROR: it ends too early; Z_MEM_ERROR: `out` is full. */
static int read_stream(z_stream *z, struct hk_buf *out)
{
    char chunk[CHUNK_BYTES];
    int status = Z_OK;
    while (status == Z_OK) {
        z->next_out = (Bytef *)chunk;
        z->avail_out = CHUNK_BYTES;
        status = inflate(z, Z_NO_FLUSH);
        hk_buf_add(out, chunk, CHUNK_BYTES - z->avail_out);
        if (out->is_full) {
            return Z_MEM_ERROR;
        }
    }
    return status;
}

static int read_all(struct hk_str bytes, int frame, struct hk_buf *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.len};
    int status = inflateInit2(&z, frame);
    while (status == Z_OK) {
        status = read_stream(&z, out);
        if (status == Z_STREAM_END && z.avail_in > 0) {
            status = frame == GZIP_FRAME ? inflateReset(&z) : Z_DATA_ERROR; /* the next one; or what nobody asked for */
        }
    }
    (void)inflateEnd(&z);
    return status;
}

static bool is_encoding(struct hk_str encoding, const char *name)
{
    return encoding.len == strlen(name) && strncasecmp(encoding.data, name, encoding.len) == 0;
}

bool hk_inflate(struct hk_str encoding, struct hk_str bytes, struct hk_buf *out, struct hk_error *err)
{
    bool is_gzip = is_encoding(encoding, "gzip");
    if (!is_gzip && !is_encoding(encoding, "deflate")) {
        return hk_error_set(err, HK_INVALID,
                            "Unsupported Content-Encoding: %.*s. Send the spans with gzip or deflate, or as they are.",
                            (int)(encoding.len < 60 ? encoding.len : 60), encoding.data);
    }
    int status = bytes.len > UINT_MAX ? Z_DATA_ERROR : read_all(bytes, is_gzip ? GZIP_FRAME : ZLIB_FRAME, out);
    if (!is_gzip && status == Z_DATA_ERROR) {
        hk_buf_reset(out);
        status = read_all(bytes, NO_FRAME, out);
    }
    if (status == Z_MEM_ERROR) {
        return hk_error_set(err, HK_LIMIT,
                            "The spans are more than %zu bytes once they are decompressed; send fewer in one request.",
                            out->max);
    }
    return status == Z_STREAM_END ||
           hk_error_set(err, HK_INVALID, "Failed to decompress %s payload%s", is_gzip ? "gzip" : "deflate",
                        status == Z_BUF_ERROR ? ": it ends too early." : ".");
}
