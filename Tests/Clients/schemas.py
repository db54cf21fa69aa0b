"""Reads the printed schemas with somebody else's validator, and the example files with somebody else's YAML."""

import json
import pathlib
import subprocess

import jsonschema
import yaml

EXAMPLE = pathlib.Path(__file__).parent.parent / "ConfigurationTests" / "Fixtures" / "example"


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: `off` is text, and only `true` and `false` are truths."""


CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def validator(binaries, kind):
    schema = json.loads(subprocess.check_output([binaries / "tidegate", "schema", kind]))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(binaries, kind, text):
    """What the schema has against a file, with its values read plain and all as text."""
    schema = validator(binaries, kind)
    documents = [yaml.load(text, loader) for loader in (CoreLoader, yaml.BaseLoader)]
    return [f"{error.json_path}: {error.message}" for document in documents for error in schema.iter_errors(document)]


def example_files():
    """Kind and path of each file of the example."""
    return [("config", EXAMPLE / "tidegate.yaml"), *(("policy", path) for path in (EXAMPLE / "policy").glob("*.yaml"))]
