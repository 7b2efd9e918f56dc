"""Is a value as a JSON Schema says? Of the language as much as msgspec writes."""

from typing import Any, Final

KNOWN: Final = {
    *(
        "$ref",
        "anyOf",
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "items",
        "prefixItems",
        "additionalProperties",
    ),
    *("title", "description", "default", "$schema", "$defs", "minimum", "maximum", "maxItems", "minItems", "maxLength"),
}
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults_of(value: object, schema: dict[str, Any], definitions: dict[str, Any], at: str = "") -> list[str]:
    """What is wrong with the value, each with where it stands."""
    assert set(schema) <= KNOWN, f"{set(schema) - KNOWN} is not looked at here"
    if "$ref" in schema:
        return faults_of(value, definitions[schema["$ref"].rpartition("/")[2]], definitions, at)
    if "anyOf" in schema:
        tried = [faults_of(value, one, definitions, at) for one in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{at}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    if "type" in schema and not _is_of(value, schema["type"]):
        return [f"{at}: {value!r} is no {schema['type']}"]
    found = []
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{at}.{key} is missing" for key in schema.get("required", ()) if key not in value]
        rest = schema.get("additionalProperties", {})
        for key, one in value.items():
            if key not in properties and rest in (False, {}) and properties:
                found.append(f"{at}.{key} is not known")
            else:
                found += faults_of(one, properties.get(key, rest or {}), definitions, f"{at}.{key}")
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, one in enumerate(value):
            found += faults_of(one, schema["items"], definitions, f"{at}[{index}]")
    return found


def _is_of(value: object, name: str) -> bool:
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))
