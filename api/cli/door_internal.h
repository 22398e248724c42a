/* The handlers of the private door (door.h). Only door*.c include this. */
#ifndef HK_CLI_DOOR_INTERNAL_H
#define HK_CLI_DOOR_INTERNAL_H

#include "api/cli/door.h"

void hk__door_variables(const struct hk_request *req, struct hk_response *res); /* all, or the one in the path */
void hk__door_connections(const struct hk_request *req, struct hk_response *res);
void hk__door_users(const struct hk_request *req, struct hk_response *res);
void hk__door_user_create(const struct hk_request *req, struct hk_response *res);
void hk__door_user_change(const struct hk_request *req, struct hk_response *res);
void hk__door_user_delete(const struct hk_request *req, struct hk_response *res);

#endif
