"""Variables, through the client."""

from airflow_client.client.models.variable_body import VariableBody
from client_server import Server, TAG, equal, refused, test


@test
def variables(s: Server):
    key = f"conf_{TAG}"
    made = s.variables.post_variable(VariableBody(key=key, value="v1", description="d"))
    equal((made.key, made.value, made.description, made.is_encrypted), (key, "v1", "d", True))
    equal(s.variables.get_variable(key).value, "v1")
    equal(s.variables.patch_variable(key, VariableBody(key=key, value="v2", description="d")).value, "v2")
    masked = s.variables.patch_variable(key, VariableBody(key=key, value="v3", description="e"), update_mask=["description"])
    equal((masked.value, masked.description), ("v2", "e"))
    equal(s.variables.patch_variable(key, VariableBody(key=key, value={"a": 1, "password": "x"})).value,
          '{"a": 1, "password": "***"}')
    equal([v.key for v in s.variables.get_variables(variable_key_pattern=key).variables], [key])
    s.variables.post_variable(VariableBody(key=f"{key}_api_key", value="hidden"))
    equal(s.variables.get_variable(f"{key}_api_key").value, "***")
    equal([v.key for v in s.variables.get_variables(variable_key_prefix_pattern=key, order_by=["-key"]).variables],
          [f"{key}_api_key", key])
    refused(409, f"The Variable with key: `{key}` already exists", s.variables.post_variable,
            VariableBody(key=key, value="x"))
    refused(404, "The Variable with key: `nope` was not found", s.variables.get_variable, "nope")
    refused(404, "The Variable with key: `nope` was not found", s.variables.delete_variable, "nope")
    refused(400, "Invalid body, key from request body doesn't match uri parameter", s.variables.patch_variable, key,
            VariableBody(key="other", value="x"))
    bulk = {"actions": [
        {"action": "create", "entities": [{"key": f"{key}_b", "value": "1"}]},
        {"action": "update", "entities": [{"key": f"{key}_b", "value": "2"}, {"key": "nope", "value": "3"}],
         "action_on_non_existence": "skip"},
        {"action": "delete", "entities": [f"{key}_b", key, f"{key}_api_key"]}]}
    status, answer, _ = s.raw("PATCH", "/api/v2/variables", bulk)
    equal((status, answer), (200, {"create": {"success": [f"{key}_b"], "errors": []},
                                   "update": {"success": [f"{key}_b"], "errors": []},
                                   "delete": {"success": [f"{key}_b", key, f"{key}_api_key"], "errors": []}}))
    equal(s.variables.get_variables(variable_key_pattern=key).total_entries, 0)
