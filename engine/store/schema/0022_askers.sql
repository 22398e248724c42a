-- Which task has asked for a promotion (0019_makers.sql); NULL: a person. Who triggered its DAG run does not approve.
ALTER TABLE promotion_request ADD COLUMN maker_key INTEGER REFERENCES maker(maker_key);
