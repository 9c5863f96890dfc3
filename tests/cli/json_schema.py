"""The part of JSON Schema (2020-12) that the schemas in docs/ use. Any other keyword is an error: it would not be checked."""

import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "properties", "required", "additionalProperties",
         "items", "minItems", "maxItems", "enum", "const", "anyOf", "minimum", "pattern"}


def has_type(value, name):
    if name in ("integer", "number"):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (name == "number" or float(value).is_integer())
    return isinstance(value, TYPES[name])


def faults(value, schema, root=None, path="$"):
    """Every place where `value` is not what `schema` says, as sentences."""
    root = root or schema
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return faults(value, target, root, path)
    found = [f"the schema has an unknown keyword '{key}'" for key in schema if key not in KNOWN]
    if "anyOf" in schema and all(faults(value, option, root, path) for option in schema["anyOf"]):
        found.append(f"{path} fits none of its alternatives: {faults(value, schema['anyOf'][0], root, path)}")
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(has_type(value, name) for name in names):
        return found + [f"{path} is {value!r}, not {' or '.join(names)}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{path} is {value!r}, not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path} is {value!r}, not one of {schema['enum']}")
    if isinstance(value, (int, float)) and value < schema.get("minimum", value):
        found.append(f"{path} is {value}, below {schema['minimum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{path} is {value!r}, not {schema['pattern']}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{path} has {len(value)} entries")
        for i, entry in enumerate(value):
            found += faults(entry, schema.get("items", {}), root, f"{path}[{i}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{path} lacks '{key}'" for key in schema.get("required", []) if key not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{path} has '{key}', which is unknown" for key in value if key not in properties]
        for key, part in properties.items():
            if key in value:
                found += faults(value[key], part, root, f"{path}.{key}")
    return found
