//! Stripe's request format: form pairs with nested names, `a[b][c]=…`, `a[]=…`, `a[0][b]=…`.

use serde_json::{Map, Value};

/// Parses a query or a form body. Leaves are strings; `a[]` makes a list, `a[0]` an object with numbered
/// names, which [`items`] reads as a list.
#[must_use]
pub fn parse(text: &str) -> Map<String, Value> {
    let mut root = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let path = split(&name);
        insert(&mut root, &path, value.into_owned());
    }
    root
}

/// The parts of a name: `a[b][]` is `a`, `b` and the empty text.
fn split(name: &str) -> Vec<String> {
    let Some((head, rest)) = name.split_once('[') else { return vec![name.to_owned()] };
    let mut parts = vec![head.to_owned()];
    parts.extend(rest.split('[').map(|part| part.trim_end_matches(']').to_owned()));
    parts
}

fn insert(map: &mut Map<String, Value>, path: &[String], value: String) {
    let Some((head, rest)) = path.split_first() else { return };
    match rest {
        [] => {
            map.insert(head.clone(), Value::String(value));
        }
        [end] if end.is_empty() => {
            let list = map.entry(head.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(Value::String(value));
            }
        }
        [gap, inner @ ..] if gap.is_empty() => {
            let list = map.entry(head.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                push_member(list, inner, value);
            }
        }
        _ => {
            let child = map.entry(head.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(child) = child {
                insert(child, rest, value);
            }
        }
    }
}

/// `a[][b]`: a name that the last member has already begins the next member.
fn push_member(list: &mut Vec<Value>, path: &[String], value: String) {
    let begins = match (list.last(), path.first()) {
        (Some(Value::Object(last)), Some(name)) => last.contains_key(name),
        _ => true,
    };
    if begins {
        list.push(Value::Object(Map::new()));
    }
    if let Some(Value::Object(last)) = list.last_mut() {
        insert(last, path, value);
    }
}

/// The members of a list, however it was written. Not a list: nothing.
#[must_use]
pub fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => {
            let mut numbered: Vec<(usize, &Value)> =
                map.iter().filter_map(|(name, value)| Some((name.parse().ok()?, value))).collect();
            numbered.sort_by_key(|(place, _)| *place);
            numbered.into_iter().map(|(_, value)| value).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_nest() {
        let cases = [
            ("a=1&b=2", json!({"a": "1", "b": "2"})),
            ("a[b][c]=1&a[b][d]=2", json!({"a": {"b": {"c": "1", "d": "2"}}})),
            ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
            ("a[0][b]=1&a[1][b]=2", json!({"a": {"0": {"b": "1"}, "1": {"b": "2"}}})),
            ("a[][b]=1&a[][c]=2&a[][b]=3", json!({"a": [{"b": "1", "c": "2"}, {"b": "3"}]})),
            ("a%5Bb%5D=x%20y+z&c=", json!({"a": {"b": "x y z"}, "c": ""})),
        ];
        for (text, parsed) in cases {
            assert_eq!(Value::Object(parse(text)), parsed, "{text}");
        }
    }

    #[test]
    fn numbered_names_are_a_list() {
        let parsed = Value::Object(parse("a[10]=x&a[2]=y&a[0]=z"));
        assert_eq!(items(&parsed["a"]), [&json!("z"), &json!("y"), &json!("x")]);
    }
}
