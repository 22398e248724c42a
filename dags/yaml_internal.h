/* What the files behind yaml_node.h share. */
#ifndef HK_DAGS_YAML_INTERNAL_H
#define HK_DAGS_YAML_INTERNAL_H

#include "dags/yaml_node.h"

/* Gives a plain scalar its YAML 1.1 meaning, from node->text. HK_INVALID for a date that no calendar has. */
HK_MUST_USE bool hk__yaml_resolve(struct hk_yaml_node *node, struct hk_error *err);

/* The meaning that a tag asks for ("tag:yaml.org,2002:int"); HK_INVALID when the text is no such thing. */
HK_MUST_USE bool hk__yaml_resolve_as(struct hk_yaml_node *node, const char *tag, struct hk_error *err);

/* What two keys have in common if they are the same to a mapping: kind and text, so that 1 and "1" differ. */
void hk__yaml_key_name(const struct hk_yaml_node *key, struct hk_buf *out);

/* "<name>:<line>: " in front of err's message. */
bool hk__yaml_at(struct hk_error *err, const char *name, uint32_t line);

#endif
