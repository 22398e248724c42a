/* The little of XML that S3's answers are: elements with text in them, told apart by their names, no attributes that
 * matter. What does not look like it reads as nothing. Pure. */
#ifndef HK_ARTIFACTS_S3_XML_H
#define HK_ARTIFACTS_S3_XML_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/str.h"

/* The inside of the next element of that name, at any depth; *rest is what follows it. false: there is none. */
bool hk_s3_xml_next(struct hk_str *rest, const char *name, struct hk_str *inside);
/* The text of the first element of that name, with its entities resolved; empty if there is none. */
struct hk_str hk_s3_xml_text(struct hk_str xml, const char *name, struct hk_arena *arena);
void hk_s3_xml_escape(struct hk_buf *out, struct hk_str text);

#endif
