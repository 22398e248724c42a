-- Which models are prompts is told by a tag of their versions; searches for versions leave them out.
CREATE INDEX model_version_tag_by_value ON model_version_tag(key, substr(value, 1, 60));
