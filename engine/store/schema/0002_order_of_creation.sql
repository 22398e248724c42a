-- Lists are in the order of creation, as in Airflow, whose rows have numbers.
ALTER TABLE variable ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connection ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pool ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
