#include "engine/artifacts/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/error.h"

struct hk_digest {
    EVP_MD_CTX *context;
};

struct hk_digest *hk_digest_new(void)
{
    struct hk_digest *digest = hk_alloc(sizeof *digest);
    digest->context = EVP_MD_CTX_new();
    HK_ASSERT(digest->context != NULL && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1);
    return digest;
}

void hk_digest_add(struct hk_digest *digest, const void *data, size_t size)
{
    HK_ASSERT(EVP_DigestUpdate(digest->context, data, size) == 1);
}

void hk_digest_end(struct hk_digest *digest, char out[HK_ARTIFACT_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HK_ASSERT(EVP_DigestFinal_ex(digest->context, bytes, &size) == 1 && size * 2 + 1 == HK_ARTIFACT_DIGEST_SIZE);
    for (unsigned i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

void hk_digest_free(struct hk_digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}
