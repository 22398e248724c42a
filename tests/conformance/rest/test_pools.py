"""Pools, through the client."""

from airflow_client.client.models.pool_body import PoolBody
from airflow_client.client.models.pool_patch_body import PoolPatchBody
from client_server import Server, TAG, equal, refused, test


@test
def pools(s: Server):
    name = f"conf_{TAG}"
    made = s.pools.post_pool(PoolBody(name=name, slots=5, description="d"))
    equal((made.name, made.slots, made.open_slots, made.occupied_slots, made.include_deferred), (name, 5, 5, 0, False))
    equal(s.pools.get_pool(name).description, "d")
    equal(s.pools.patch_pool(name, PoolPatchBody(pool=name, slots=7, include_deferred=True)).slots, 7)
    assert {"default_pool", name} <= {p.name for p in s.pools.get_pools().pools}
    equal([p.name for p in s.pools.get_pools(pool_name_pattern=name).pools], [name])
    equal(s.pools.patch_pool("default_pool", PoolPatchBody(slots=64), update_mask=["slots"]).slots, 64)
    s.pools.patch_pool("default_pool", PoolPatchBody(slots=128), update_mask=["slots"])
    refused(400, "Default Pool can't be deleted", s.pools.delete_pool, "default_pool")
    refused(400, "Only slots and included_deferred can be modified on Default Pool", s.pools.patch_pool, "default_pool",
            PoolPatchBody(slots=1))
    refused(404, "The Pool with name: `nope` was not found", s.pools.get_pool, "nope")
    equal(s.raw("POST", "/api/v2/pools", {"name": name, "slots": 1})[0], 409)
    equal(s.raw("POST", "/api/v2/pools", {"name": "x", "slots": -2})[0], 422)
    s.pools.delete_pool(name)
    refused(404, f"The Pool with name: `{name}` was not found", s.pools.delete_pool, name)
