-- Webhooks of the registry, and what is still to be delivered to them. A delivery is written in the transaction that
-- makes its event true, and goes when the receiver has taken it or has refused it for good.
CREATE TABLE webhook (
    webhook_key INTEGER PRIMARY KEY,
    webhook_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,          -- may be empty
    url TEXT NOT NULL,
    secret TEXT,                        -- sealed (secret.h); NULL: deliveries are not signed
    is_active INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_subscription (
    webhook_key INTEGER NOT NULL REFERENCES webhook(webhook_key) ON DELETE CASCADE,
    entity TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (entity, action, webhook_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_subscription_by_webhook ON webhook_subscription(webhook_key, entity, action);

CREATE TABLE webhook_delivery (
    delivery_key INTEGER PRIMARY KEY,
    webhook_key INTEGER NOT NULL REFERENCES webhook(webhook_key) ON DELETE CASCADE,
    delivery_id TEXT NOT NULL,          -- the same for every try, so that a receiver can tell
    entity TEXT NOT NULL,
    action TEXT NOT NULL,
    data TEXT NOT NULL,                 -- JSON object
    happened_us INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_delivery_by_due ON webhook_delivery(due_us, delivery_key);
CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery(webhook_key);
