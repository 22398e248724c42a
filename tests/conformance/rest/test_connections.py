"""Connections, through the client."""

from airflow_client.client.models.connection_body import ConnectionBody
from client_server import Server, TAG, equal, refused, test


@test
def connections(s: Server):
    name = f"conf_{TAG}"
    made = s.connections.post_connection(ConnectionBody(
        connection_id=name, conn_type="http", host="h", login="l", port=80, password="pw", schema="s",
        extra='{"a": 1, "token": "t"}'))
    equal((made.connection_id, made.password, made.extra, made.port, made.var_schema),
          (name, "***", '{"a": 1, "token": "***"}', 80, "s"))
    equal(s.connections.get_connection(name).host, "h")
    patched = s.connections.patch_connection(name, ConnectionBody(connection_id=name, conn_type="http", host="h2"),
                                             update_mask=["host"])
    equal((patched.host, patched.login, patched.password), ("h2", "l", "***"))
    equal([c.connection_id for c in s.connections.get_connections(connection_id_pattern=name).connections], [name])
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": name, "conn_type": "http"})[1]["detail"]["reason"],
          "Unique constraint violation")
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": "a b", "conn_type": "http"})[1]["detail"][0]["type"],
          "string_pattern_mismatch")
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": "a", "conn_type": "x", "extra": "nope"})[0], 422)
    refused(404, "The Connection with connection_id: `nope` was not found", s.connections.get_connection, "nope")
    s.connections.delete_connection(name)
    refused(404, f"The Connection with connection_id: `{name}` was not found", s.connections.delete_connection, name)
