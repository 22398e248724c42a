/* Any bytes as a message of the Task SDK: reading must end with a value or a sentence, and what was read can be written
 * and read again as the same. */
#include "engine/base/limits.h"
#include "workers/sdk_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_sdk_message message;
    struct hk_sdk_message again;
    struct hk_error err = {0};
    if (!hk_sdk_message_decode((struct hk_str){(const char *)data, size}, &message, &err)) {
        HK_ASSERT(message.body == NULL && err.message[0] != '\0');
        return 0;
    }
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_FRAME_BYTES);
    hk_sdk_message_encode(message.id, message.body, NULL, &out);
    HK_ASSERT(hk_sdk_message_decode(hk_buf_str(&out), &again, &err));
    HK_ASSERT(again.id == message.id);
    HK_ASSERT(message.body == NULL ? again.body == NULL : json_equal(message.body, again.body));
    hk_sdk_message_clear(&again);
    hk_sdk_message_clear(&message);
    hk_buf_clear(&out);
    return 0;
}
