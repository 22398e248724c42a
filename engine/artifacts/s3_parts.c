/* Objects that are brought in parts: by us, because they are large, or by a client at addresses we signed. */
#include "engine/artifacts/s3_internal.h"
#include "engine/artifacts/s3_xml.h"

bool hk__s3_begin_parts(struct hk__s3 *s3, struct hk_str key, struct hk_arena *arena, struct hk_str *upload_id,
                        struct hk_error *err)
{
    const struct hk_s3_parameter uploads = {"uploads", {0}};
    struct hk__s3_call call = hk__s3_call_new("POST", key);
    call.parameters = &uploads;
    call.parameter_count = 1;
    call.headers[0] = "Content-Type: application/octet-stream"; /* of the object; curl would say it is a form */
    bool ok = hk__s3_ask(s3, &call, "begun", arena, err);
    if (ok) {
        *upload_id = hk_s3_xml_text(hk_buf_str(&call.text), "UploadId", arena);
        ok = upload_id->len > 0 || hk_error_set(err, HK_INTERNAL, "The object store of %s gave no upload id.", s3->uri);
    }
    hk_buf_clear(&call.text);
    return ok;
}

bool hk__s3_end_parts(struct hk__s3 *s3, struct hk_str key, struct hk_str upload_id,
                      const struct hk_artifact_part *parts, size_t count, struct hk_arena *arena, struct hk_error *err)
{
    const struct hk_s3_parameter id = {"uploadId", upload_id};
    struct hk_buf body;
    hk_buf_init(&body, HK_S3_MAX_TEXT);
    hk_buf_add_text(&body, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < count; i++) {
        hk_buf_printf(&body, "<Part><PartNumber>%lld</PartNumber><ETag>", (long long)parts[i].number);
        hk_s3_xml_escape(&body, parts[i].etag);
        hk_buf_add_text(&body, "</ETag></Part>");
    }
    hk_buf_add_text(&body, "</CompleteMultipartUpload>");
    struct hk__s3_call call = hk__s3_call_new("POST", key);
    call.parameters = &id;
    call.parameter_count = 1;
    call.headers[0] = "Content-Type: application/xml";
    call.body = hk_buf_str(&body);
    bool ok = hk__s3_ask(s3, &call, "completed", arena, err);
    struct hk_str rest = hk_buf_str(&call.text);
    struct hk_str inside;
    if (ok && hk_s3_xml_next(&rest, "Error", &inside)) { /* which comes with a status of 200 */
        call.status = 500;
        ok = hk__s3_refused(s3, &call, "completed", arena, err);
    }
    hk_buf_clear(&call.text);
    hk_buf_clear(&body);
    return ok;
}

bool hk__s3_abort_parts(struct hk__s3 *s3, struct hk_str key, struct hk_str upload_id, struct hk_arena *arena,
                        struct hk_error *err)
{
    const struct hk_s3_parameter id = {"uploadId", upload_id};
    struct hk__s3_call call = hk__s3_call_new("DELETE", key);
    call.parameters = &id;
    call.parameter_count = 1;
    bool ok = hk__s3_ask(s3, &call, "given up", arena, err);
    hk_buf_clear(&call.text);
    return ok;
}

static bool send_part(struct hk__s3 *s3, struct hk_str key, struct hk_str upload_id, const struct hk_upload *upload,
                      uint64_t offset, struct hk_artifact_part *part, struct hk_arena *arena, struct hk_error *err)
{
    const struct hk_s3_parameter parameters[] = {
        {"partNumber", hk_str_from(hk_arena_printf(arena, "%lld", (long long)part->number))}, {"uploadId", upload_id}};
    uint64_t left = upload->size - offset;
    struct hk__s3_call call = hk__s3_call_new("PUT", key);
    call.parameters = parameters;
    call.parameter_count = 2;
    call.fd = upload->fd;
    call.offset = offset;
    call.size = left < (uint64_t)HK_S3_PART_BYTES ? left : (uint64_t)HK_S3_PART_BYTES;
    bool ok = hk__s3_ask(s3, &call, "brought there", arena, err);
    part->etag = hk_str_from(hk_arena_printf(arena, "\"%s\"", call.etag));
    hk_buf_clear(&call.text);
    return ok;
}

bool hk__s3_send_in_parts(struct hk__s3 *s3, struct hk_str key, const struct hk_upload *upload, struct hk_arena *arena,
                          struct hk_error *err)
{
    struct hk_str upload_id;
    size_t count = (size_t)((upload->size + (uint64_t)HK_S3_PART_BYTES - 1) / (uint64_t)HK_S3_PART_BYTES);
    struct hk_artifact_part *parts = hk_arena_array(arena, count, sizeof *parts);
    if (!hk__s3_begin_parts(s3, key, arena, &upload_id, err)) {
        return false;
    }
    bool ok = count <= HK_MAX_ARTIFACT_PARTS ||
              hk_error_set(err, HK_LIMIT, "'%s' is larger than %d parts of %llu bytes.", upload->path,
                           HK_MAX_ARTIFACT_PARTS, (unsigned long long)HK_S3_PART_BYTES);
    for (size_t i = 0; ok && i < count; i++) {
        parts[i].number = (int64_t)i + 1;
        ok = send_part(s3, key, upload_id, upload, i * (uint64_t)HK_S3_PART_BYTES, &parts[i], arena, err);
    }
    ok = ok && hk__s3_end_parts(s3, key, upload_id, parts, count, arena, err);
    if (!ok) {
        struct hk_error ignored;
        (void)hk__s3_abort_parts(s3, key, upload_id, arena, &ignored);
    }
    return ok;
}
